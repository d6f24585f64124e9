"""The published runs against the sweep: is a published run a draw from what this program trains?

The oracle is tests/data/published_runs.csv, 135 runs that the notebook's authors published. PyTorch and TensorFlow drew
everything afresh, so their runs are samples: Fisher's exact test compares the share that prints 0.693 / 0.693, and a
permutation test of the mean absolute deviation from ln 2 and the Anderson-Darling statistic compare the printed losses with
those of experiments/published.yaml. The 75 MXNet runs are one cluster that shares data, initialisation and latents, so
they are compared as one: the rank of the cluster's median, spread and share among the 256 clusters of
experiments/published-mxnet.yaml. All p-values are corrected together (Holm 1979); one under 0.01 fails the test.

Then the test is shown to be able to fail: a sweep with a tenth of the generator's learning rate, one of 2 epochs instead of
20 and one with the saturating loss must each be rejected. What it can't do is printed too: 36 and 24 printed losses do not tell
the right one of the four conventions from another, so much alike are their losses.

    published_test.py PROGRAM SOURCE_ROOT

And `gansweep published` must say the same of both files: its counts, statistics and ranks are compared with these.

With GANSWEEP_TEST_SHORT in the environment fewer seeds are trained and the wrong sweeps are left out: enough to see the whole
way work, for builds that are slow.
"""
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings

import h5py
import numpy as np
from scipy import stats

LEVEL = 0.01
CONVENTIONS = ["mxnet", "torch", "tf", "tf-as-documented"]


def printed(losses):
    """Losses as the notebook prints them: three decimals."""
    return np.array([float("%.3f" % loss) for loss in losses])


def published_losses(root):
    runs = {}
    with open(os.path.join(root, "tests", "data", "published_runs.csv")) as file:
        for row in csv.DictReader(file):
            runs.setdefault(row["framework"], []).append((float(row["loss_D"]), float(row["loss_G"])))
    return {framework: np.array(losses) for framework, losses in runs.items()}


def sweep(program, root, name, folder, *overrides):
    results = os.path.join(folder, name + ".h5")
    command = [program, "run", os.path.join(root, "experiments", name + ".yaml"), "-o", results, "--quiet", "--force"]
    for override in overrides:
        command += ["--set", override]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with h5py.File(results, "r") as file:
        columns = {key: file[key][:] for key in ("convention", "seed", "shuffle_seed", "status")}
        for key in ("loss_D", "loss_G"):
            columns[key] = printed(file[key][:, -1])
        meanings = file["convention"].attrs["flag_meanings"]
        meanings = meanings.decode() if isinstance(meanings, bytes) else str(meanings)
        columns["convention"] = np.array(meanings.split())[columns["convention"]]
    return columns


def prints_ln2(losses):
    return (losses[:, 0] == 0.693) & (losses[:, 1] == 0.693)


def permutation_p(statistic, sample, reference, draws=4000):
    """Share of equally large subsets of the pooled runs whose statistic is at least as far from the reference's."""
    rng = np.random.default_rng(20191218)
    pooled = np.concatenate([sample, reference])
    center = statistic(reference)
    seen = abs(statistic(sample) - center)
    more = sum(abs(statistic(rng.choice(pooled, len(sample), replace=False)) - center) >= seen - 1e-12 for _ in range(draws))
    return (more + 1) / (draws + 1)


def independent_runs(published, trained):
    """p-values of runs that drew everything afresh against all trials of a convention."""
    share = prints_ln2(published), prints_ln2(trained)
    table = [[s.sum(), (~s).sum()] for s in share]
    result = {"share 0.693/0.693": stats.fisher_exact(table)[1]}
    for column, name in enumerate(("loss_D", "loss_G")):
        deviation = lambda x: np.mean(np.minimum(np.abs(x - 0.693), 0.1))
        result[name + " spread"] = permutation_p(deviation, published[:, column], trained[:, column])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the p-value is capped at 0.001 and 0.25: said by a warning
            result[name + " Anderson-Darling"] = stats.anderson_ksamp([published[:, column], trained[:, column]])[2]
    return result


def cluster_statistics(losses):
    spread = lambda x: np.mean(np.minimum(np.abs(x - np.median(x)), 0.1))
    return {"share 0.693/0.693": prints_ln2(losses).mean(), "median loss_D": np.median(losses[:, 0]),
            "median loss_G": np.median(losses[:, 1]), "spread loss_D": spread(losses[:, 0]),
            "spread loss_G": spread(losses[:, 1])}


def one_cluster(published, clusters):
    """Two-sided rank p-values of one cluster's statistics among those of the trained clusters."""
    own = cluster_statistics(published)
    others = [cluster_statistics(cluster) for cluster in clusters]
    result = {}
    for name, value in own.items():
        values = np.array([other[name] for other in others])
        below, above = np.sum(values <= value + 1e-9), np.sum(values >= value - 1e-9)
        result[name] = min(1.0, 2 * (min(below, above) + 1) / (len(values) + 1))
    return result


def holm(p_values):
    names = sorted(p_values, key=p_values.get)
    corrected, largest = {}, 0.0
    for rank, name in enumerate(names):
        largest = max(largest, min(1.0, p_values[name] * (len(names) - rank)))
        corrected[name] = largest
    return corrected


def by_convention(columns):
    losses = np.stack([columns["loss_D"], columns["loss_G"]], axis=1)
    return {name: losses[columns["convention"] == name] for name in CONVENTIONS}


def against_conventions(published, conventions, of_framework):
    """p-values of the PyTorch and TensorFlow runs against the convention that is named for each."""
    return {f"{framework}: {name}": p for framework, convention in of_framework.items()
            for name, p in independent_runs(published[framework], conventions[convention]).items()}


WRONG_SWEEPS = {
    "a tenth of the generator's learning rate": ["lr_G=0.0005"],
    "2 epochs instead of 20": ["epochs=2"],
    "saturating generator loss": ["generator_loss=minimax"],
}


def asked(program, folder, name):
    """What `gansweep published` says of a sweep, by convention."""
    run = subprocess.run([program, "published", os.path.join(folder, name + ".h5"), "--format", "json"], check=True, capture_output=True,
                         text=True)
    said = json.loads(run.stdout)
    assert said["left_out"] == 0
    return {comparison["convention"]: comparison for comparison in said["comparisons"]}


def check_said(said, published, conventions, clusters):
    for name, losses in conventions.items():
        framework = name.split("-")[0]
        own = published[framework]
        for key, runs in (("published", own), ("trained", losses)):
            assert (said[name][key]["count"], said[name][key]["of"]) == (prints_ln2(runs).sum(), len(runs)), (name, key)
        assert np.isclose(said[name]["at_line"], ((losses[:, 0] == 0.694) & (losses[:, 1] == 0.692)).mean())
        assert np.isclose(said[name]["loss_D_up_to_line"], (losses[:, 0] <= 0.694).mean())
        assert np.isclose(said[name]["loss_G_up_to_line"], (losses[:, 1] <= 0.692).mean())
        for column, key in enumerate(("loss_D", "loss_G")):
            if framework == "mxnet" or clusters:
                assert said[name][key]["kolmogorov_smirnov"] is None
                continue
            ours, theirs = losses[:, column], own[:, column]
            assert np.isclose(said[name][key]["kolmogorov_smirnov"], stats.ks_2samp(theirs, ours).statistic), (name, key)
            rng = np.random.default_rng(1)
            pooled, draws = np.concatenate([theirs, ours]), []
            for _ in range(400):
                rng.shuffle(pooled)
                draws.append(stats.ks_2samp(pooled[:len(theirs)], pooled[len(theirs):], method="asymp").statistic)
            p = np.mean(np.array(draws) >= said[name][key]["kolmogorov_smirnov"] - 1e-9)
            assert abs(said[name][key]["kolmogorov_smirnov_p"] - p) < 5 * np.sqrt(0.25 / 400), (name, key, p)
    if clusters:
        expected, own = one_cluster(published["mxnet"], clusters), cluster_statistics(published["mxnet"])
        assert said["mxnet"]["clusters"] == len(clusters)
        for statistic, name in zip(said["mxnet"]["cluster"], ["share 0.693/0.693", "median loss_D", "median loss_G", "spread loss_D",
                                                              "spread loss_G"]):
            assert np.isclose(statistic["value"], own[name]) and np.isclose(statistic["p"], expected[name]), (name, statistic)


def check_refusals(program, root, folder):
    """A sweep of something else says what is otherwise, and the table is that of the tests."""
    other = os.path.join(folder, "other.h5")
    subprocess.run([program, "run", os.path.join(root, "experiments", "published.yaml"), "-o", other, "-q", "--set", "seed=1:2", "--set",
                    "epochs=3"], check=True)
    run = subprocess.run([program, "published", other], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (3, "") and "its epochs are 3, not 20" in run.stderr and run.stderr.count("\n") == 1, run
    with open(os.path.join(root, "tests", "data", "published_runs.csv")) as file:
        expected = [(row["date"], row["loss_D"], row["loss_G"], row["repo"], row["commit"]) for row in csv.DictReader(file)]
    with open(os.path.join(root, "src", "published", "runs.c")) as file:
        table = re.findall(r'\{GS_FRAMEWORK_\w+, "([^"]+)", ([\d.]+), ([\d.]+), "([^"]+)",\s*"([^"]+)"\}', file.read())
    assert table == expected, "src/published/runs.c is not the table of tests/data"


def main():
    program, root = sys.argv[1:3]
    short = "GANSWEEP_TEST_SHORT" in os.environ
    published = published_losses(root)
    with tempfile.TemporaryDirectory() as folder:
        conventions = by_convention(sweep(program, root, "published", folder, *(["seed=1:64"] if short else [])))
        clustered = sweep(program, root, "published-mxnet", folder, *(["seed=1:16"] if short else []))
        losses = np.stack([clustered["loss_D"], clustered["loss_G"]], axis=1)
        clusters = [losses[clustered["seed"] == seed] for seed in np.unique(clustered["seed"])]
        check_said(asked(program, folder, "published"), published, conventions, None)
        check_said(asked(program, folder, "published-mxnet"), published, {"mxnet": losses}, clusters)
        check_refusals(program, root, folder)
        wrong = {name: by_convention(sweep(program, root, "published", folder, "seed=1:512", *overrides))
                 for name, overrides in WRONG_SWEEPS.items() if not short}
    assert len(clusters) == (16 if short else 256) and all(len(cluster) == 75 for cluster in clusters)

    for name in CONVENTIONS:
        print(f"{name:17s} {len(conventions[name])} trials, {100 * prints_ln2(conventions[name]).mean():.1f} % print 0.693/0.693")
    for framework, runs in sorted(published.items()):
        print(f"published {framework:7s} {len(runs)} runs, {100 * prints_ln2(runs).mean():.1f} %")

    p_values = against_conventions(published, conventions, {"torch": "torch", "tf": "tf"})
    p_values |= {f"mxnet cluster: {name}": p for name, p in one_cluster(published["mxnet"], clusters).items()}
    corrected = holm(p_values)
    for name in p_values:
        print(f"  {name:45s} p = {p_values[name]:.4f}   Holm {corrected[name]:.4f}")
    failures = [f"{name} (p = {p:.2g} after Holm)" for name, p in corrected.items() if p < LEVEL]

    for name, columns in wrong.items():
        smallest = min(holm(against_conventions(published, columns, {"torch": "torch", "tf": "tf"})).values())
        print(f"wrong on purpose, {name}: smallest p after Holm = {smallest:.2g} (must be under {LEVEL})")
        if smallest >= LEVEL:
            failures.append("not rejected: " + name)
    exchanged = against_conventions(published, conventions, {"torch": "tf", "tf": "torch"})
    print(f"torch and tf exchanged, for information: smallest p after Holm = {min(holm(exchanged).values()):.2g}")
    if failures:
        sys.exit("failed: " + "; ".join(failures))


if __name__ == "__main__":
    main()
