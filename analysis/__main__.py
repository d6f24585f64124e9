"""python3 -m analysis FILE [-o FOLDER]: draws a results file's figures, each as PNG and SVG.

Run it in the repository's folder. Needs Debian's python3-h5py, python3-matplotlib and python3-yaml.
"""
import argparse
import os
import pathlib
import sys

try:
    from analysis import figures
    from analysis.results import NotResults, Results
except ModuleNotFoundError as missing:
    sys.exit(f"analysis: {sys.executable} has no {missing.name}; on Debian: apt install python3-h5py python3-matplotlib "
             "python3-yaml, and then /usr/bin/python3 -m analysis")


def main():
    parser = argparse.ArgumentParser(prog="python3 -m analysis", description="Draws the figures of a results file.",
                                     epilog="example: python3 -m analysis d2l.h5 -o figures")
    parser.add_argument("file", type=pathlib.Path, metavar="FILE", help="results of gansweep run")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path("figures"), metavar="FOLDER",
                        help="where the figures go (default: figures)")
    arguments = parser.parse_args()
    try:
        results = Results(arguments.file)
        if arguments.output.exists() and not arguments.output.is_dir():
            raise NotResults(f"{arguments.output} is not a folder")
        arguments.output.mkdir(parents=True, exist_ok=True)
        if results.trials < results.planned:
            print(f"{results.trials:,} of {results.planned:,} trials are done: the figures show these")
        for name, draw in figures.ALL.items():
            figure = draw(results)
            if isinstance(figure, str):
                print(f"{name}: not drawn, since {figure}")
                continue
            for kind in ("png", "svg"):
                path = arguments.output / f"{name}.{kind}"
                draft = path.with_name(f".{path.name}.tmp")
                try:
                    figure.savefig(draft, format=kind, dpi=300, metadata={"Date": None} if kind == "svg" else None)
                    os.replace(draft, path)  # a full disk leaves no half of a figure
                finally:
                    draft.unlink(missing_ok=True)
                print(path)
            figures.pyplot.close(figure)
    except (NotResults, OSError, KeyError, ValueError, IndexError) as problem:
        sys.exit(f"analysis: {problem}")
    except MemoryError:
        sys.exit(f"analysis: {arguments.file} is too large for this machine's memory")


main()
