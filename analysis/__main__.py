"""python3 -m analysis FILE [-o FOLDER]: draws a results file's figures, each as PNG and SVG.

Run it in the repository's folder. Needs Debian's python3-h5py, python3-matplotlib and python3-yaml.
"""
import argparse
import pathlib
import sys

from analysis import figures
from analysis.results import NotResults, Results


def main():
    parser = argparse.ArgumentParser(prog="python3 -m analysis", description="Draws the figures of a results file.",
                                     epilog="example: python3 -m analysis d2l.h5 -o figures")
    parser.add_argument("file", type=pathlib.Path, metavar="FILE", help="results of gansweep run")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path("figures"), metavar="FOLDER",
                        help="where the figures go (default: figures)")
    arguments = parser.parse_args()
    try:
        results = Results(arguments.file)
        arguments.output.mkdir(parents=True, exist_ok=True)
        for name, draw in figures.ALL.items():
            figure = draw(results)
            if figure is None:
                print(f"{name}: not drawn, since the file keeps nothing to draw it from")
                continue
            for kind in ("png", "svg"):
                path = arguments.output / f"{name}.{kind}"
                figure.savefig(path, dpi=200, metadata={"Date": None} if kind == "svg" else None)
                print(path)
    except (NotResults, OSError) as problem:
        sys.exit(f"analysis: {problem}")


main()
