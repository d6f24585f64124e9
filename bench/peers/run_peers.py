"""Runs every peer with each of its settings, on one core and on all, and prints the table of the README.

On all cores a peer runs with as many threads, or once on each core at the same time, whichever is faster. The final losses of all trials of a peer are
held against gansweep's by two-sample Kolmogorov-Smirnov tests: who does other work is no peer.

    run_peers.py FOLDER GANSWEEP [--short]
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from scipy.stats import ks_2samp

HERE = pathlib.Path(__file__).resolve().parent
FOLDER, GANSWEEP = pathlib.Path(sys.argv[1]).resolve(), os.path.abspath(sys.argv[2])
SHORT = "--short" in sys.argv
REPEATS = 1 if SHORT else 3
CORES = sorted(os.sched_getaffinity(0))
LEAST_P = 1e-4


def start(command, cores):
    environment = dict(os.environ, OMP_NUM_THREADS=str(len(cores)), JAX_PLATFORMS="cpu", CUDA_VISIBLE_DEVICES="")
    return subprocess.Popen(["taskset", "-c", ",".join(map(str, cores)), *command], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=environment, cwd=HERE)


def finish(process):
    out, err = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{process.args}:\n{err[-2000:]}")
    return json.loads(out.strip().splitlines()[-1])


def alone(command, cores):
    return finish(start(command, cores))


def on_each(command, cores):
    """One process a core; their rates add up."""
    found = [finish(process) for process in [start(command, [core]) for core in cores]]
    sums = [sum(rates) for rates in zip(*[one["trials_a_second"] for one in found])]
    return dict(found[0], trials_a_second=sums)


def gansweep(cores):
    """Whole runs of the program: training, checks, and the losses in a file. The rate is of the wall time of the process."""
    trials = (500 if SHORT else 10000) * len(cores)
    rates, losses = [], None
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "peers.h5")
        for _ in range(REPEATS):
            began = time.perf_counter()
            subprocess.run(["taskset", "-c", ",".join(map(str, cores)), GANSWEEP, "run", str(HERE / "gansweep.yaml"), "--quiet",
                            "--force", "-o", path, "--set", f"seed=1:{trials}"], check=True)
            rates.append(trials / (time.perf_counter() - began))
        text = subprocess.run([GANSWEEP, "report", path, "--format", "json"], capture_output=True, text=True, check=True).stdout
        version = json.loads(text).get("version", "") if text.startswith("{") else ""
        import h5py
        with h5py.File(path) as file:
            losses = {name: [float(x) for x in file[name][:4000, -1]] for name in ("loss_D", "loss_G")}
    return {"setting": f"{len(cores)} thread{'s' if len(cores) > 1 else ''}", "trials_a_second": rates, "compile_seconds": 0,
            "versions": {"gansweep": version}, **losses}


def peers():
    python, repeats = sys.executable, str(REPEATS)
    for flags in ["-O3", "-Ofast"]:
        command = [str(FOLDER / f"scalar{flags}"), "20" if SHORT else "150", repeats, "1"]
        yield f"scalar C loop, gcc {flags} -march=native", [command], [on_each]
    eager = [[python, "pytorch_eager.py", "1" if SHORT else "8", repeats, kind] for kind in ("plain", "fused")]
    yield "PyTorch, the notebook's loop", eager, [on_each]
    layouts = {"eager": [("first", 256), ("last", 1024)], "compile": [("first", 1024), ("last", 1024), ("last", 4096)]}
    for kind, tried in layouts.items():
        tried = [("first", 64), ("last", 64)] if SHORT else tried
        commands = [[python, "pytorch_vmap.py", str(models), repeats, "THREADS", kind, layout]
                    for layout, models in tried]
        yield "PyTorch, torch.func.vmap" + (", torch.compile" if kind == "compile" else ""), commands, [alone, on_each]
    settings = [("rbg", 1, 64)] if SHORT else [("rbg", 1, 16), ("rbg", 1, 32), ("rbg", 1, 64), ("rbg", 1, 256),
                                                ("threefry2x32", 1, 32), ("threefry2x32", 1, 64), ("rbg", 5, 64)]
    for name, script in [("JAX, jit(vmap(scan))", "jax_scan.py"), ("JAX, models in the last dimension", "jax_last.py")]:
        commands = [[python, script, str(models), repeats, generator, str(unroll)] for generator, unroll, models in settings]
        yield name, commands, [alone, on_each]


def measure(commands, ways, cores):
    """The fastest setting."""
    best = None
    for command in commands:
        for run in ways if len(cores) > 1 else ways[:1]:
            threads = len(cores) if run is alone else 1
            words = [str(threads) if word == "THREADS" else word for word in command]
            found = run(words, cores)
            found["setting"] += f", {len(cores)} processes" if run is on_each and len(cores) > 1 else ""
            found["median"] = statistics.median(found["trials_a_second"])
            print(f"  {os.path.basename(words[0])} {found['setting']} on {len(cores)}: {found['median']:.4g} trials/s, "
                  f"compiled in {found['compile_seconds']:.1f} s", file=sys.stderr, flush=True)
            if best is None or found["median"] > best["median"]:
                best = found
    return best


def main():
    rows, left_out = [], []
    counts = [CORES[:1], CORES] if len(CORES) > 1 else [CORES]
    ours = [gansweep(cores) for cores in counts]
    for one in ours:
        one["median"] = statistics.median(one["trials_a_second"])
    rows.append({"name": "gansweep run", "runs": ours})
    for name, commands, ways in peers():
        print(name, file=sys.stderr, flush=True)
        try:
            rows.append({"name": name, "runs": [measure(commands, ways, cores) for cores in counts]})
        except RuntimeError as failure:
            print(f"  left out: {failure}", file=sys.stderr)
            left_out.append(name)
    strange = False
    print(f"| | trials/s, 1 core | trials/s, {len(CORES)} cores | gansweep is faster | compiled in | losses agree (p of D, G) | "
          "best setting | versions |\n|---|---:|---:|---:|---:|---:|---|---|")
    for row in rows:
        one, all_cores = row["runs"][0], row["runs"][-1]
        ratios = [ours[i]["median"] / row["runs"][i]["median"] for i in range(len(row["runs"]))]
        p = [min(ks_2samp(run[name], ours[0][name]).pvalue for run in row["runs"]) for name in ("loss_D", "loss_G")]
        strange = strange or min(p) < LEAST_P
        settings = one["setting"] if one["setting"] == all_cores["setting"] else f"{one['setting']}; {all_cores['setting']}"
        print(f"| {row['name']} | {one['median']:.4g} | {all_cores['median']:.4g} | {ratios[0]:.3g} x, {ratios[-1]:.3g} x | "
              f"{one['compile_seconds']:.1f} s | {p[0]:.2g}, {p[1]:.2g} | {settings} | "
              f"{', '.join(f'{k} {v}' for k, v in one['versions'].items())} |")
        row["p"] = p
    (FOLDER / "result.json").write_text(json.dumps(rows))
    if strange:
        sys.exit("A peer's losses are not gansweep's: it does other work.")
    if left_out:
        sys.exit(f"Left out, since they failed: {', '.join(left_out)}")


main()
