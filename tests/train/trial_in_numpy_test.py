#!/usr/bin/env python3
"""Holds the program to its documentation: tests/oracle/trial_in_numpy.py, written from docs/randomness.md alone, must give
the same bits as the plain C draws and the scalar reference after every step, and as the packed kernel at the end.

    trial_in_numpy_test.py TRAJECTORY_DUMP
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "oracle"))
import trial_in_numpy as oracle  # noqa: E402

D2L = {"law": "gaussian", "A": [[1, 2], [-0.1, 0.5]], "b": [1, 2], "n": 160}
THREE = {"law": "gaussian", "A": [[1, 0.3, -2], [0.1, 0.7, 0], [-0.4, 0, 1.1]], "b": [0.1, -2, 1e-3], "n": 37}
SMALL = {"latent_dim": 2, "generator": [], "discriminator": [5, 3]}
EVERY = {"convention": list(oracle.CONVENTIONS), "generator_loss": ["non-saturating", "minimax"]}
KEEP = {"keep": {"samples": 9}, "check": {"samples": 9}}
# name: (experiment, trials that must end as diverged)
CASES = {
    "d2l, 20 steps": (
        {**EVERY, **KEEP, "data": D2L, "model": SMALL, "train": {"epochs": 1}, "parameters": {"seed": 1, "batch_size": 8}},
        False,
    ),
    "other shapes, three seeds of their own, 2^32 and beyond, short last batch, two epochs": (
        {**EVERY, **KEEP, "data": THREE, "train": {"epochs": 2},
         "model": {"latent_dim": 3, "generator": [4], "discriminator": [6]},
         "parameters": {"seed": 2**32 + 5, "data_seed": 3, "shuffle_seed": 2**63 - 1, "batch_size": 5, "lr_D": 0.013,
                        "lr_G": 0.0031}},
        False,
    ),
    "batches beyond 64, linear discriminator": (
        {"keep": {"samples": 9}, "check": {"samples": 70}, "data": {**D2L, "n": 150}, "train": {"epochs": 2},
         "model": {"latent_dim": 1, "generator": [3, 2], "discriminator": []},
         "parameters": {"seed": 12, "batch_size": {"values": [64, 70, 128]}}},
        False,
    ),
    "n beyond 1625": (
        {**KEEP, "convention": "tf", "data": {**D2L, "n": 1701}, "model": SMALL, "train": {"epochs": 1},
         "parameters": {"seed": 4, "batch_size": 600}},
        False,
    ),
    "saturated": (
        {**KEEP, "convention": ["mxnet", "torch"], "data": {**D2L, "n": 40}, "model": SMALL, "train": {"epochs": 3},
         "parameters": {"seed": 5, "batch_size": 8, "lr_D": 3.0, "lr_G": 1.0}},
        False,
    ),
    "overflowing": (
        {**KEEP, "convention": ["mxnet", "torch"], "data": {**D2L, "n": 40}, "model": SMALL, "train": {"epochs": 4},
         "parameters": {"seed": 5, "batch_size": 40, "lr_D": 1e37, "lr_G": 1e37}},
        True,
    ),
}


def read_dump(lines):
    """The dump as one list of (name, values) for each trial."""
    trials = []
    for line in lines:
        name, *values = line.split(" ")
        if name == "trial":
            trials.append([])
        trials[-1].append((name, values))
    return trials


class Mismatch(Exception):
    pass


class Reader:
    """Takes a trial's lines one by one and holds each to what NumPy says."""

    def __init__(self, lines):
        self.lines = iter(lines)
        self.compared = 0

    def take(self, name):
        found, values = next(self.lines)
        assert found == name, f"the dump has {found} where {name} was expected"
        return values

    def compare(self, name, what, ours, canonical_nan=False):
        """Equal bits. Before an epoch has ended one NaN is as good as another."""
        theirs = np.array([int(word, 16) for word in self.take(name)], np.uint32)
        ours = oracle.bits(ours).reshape(-1)
        same = theirs == ours
        if not canonical_nan:
            same |= np.isnan(theirs.view(np.float32)) & np.isnan(ours.view(np.float32))
        if theirs.shape != ours.shape or not same.all():
            at = int(np.argmin(same))
            raise Mismatch(f"{what}: {(~same).sum()} of {same.size} differ, the first is number {at}: "
                           f"C {theirs[at]:08x} = {theirs.view(np.float32)[at]!r}, NumPy {ours[at]:08x} = "
                           f"{ours.view(np.float32)[at]!r}")
        self.compared += same.size


def read_settings(reader, experiment):
    settings = {"A": experiment["data"]["A"], "b": experiment["data"]["b"], "n": experiment["data"]["n"],
                "generator": experiment["model"]["generator"], "discriminator": experiment["model"]["discriminator"]}
    reader.take("trial")
    for name in ("convention", "generator_loss"):
        settings[name] = reader.take(name)[0]
    for name in ("seed", "data_seed", "shuffle_seed"):
        settings[name] = int(reader.take(name)[0])
    for name in ("lr_D", "lr_G"):
        settings[name] = float.fromhex(reader.take(name)[0])
    for name in ("batch_size", "latent_dim", "epochs"):
        settings[name] = int(reader.take(name)[0])
    return settings


def check_draws(reader, settings, trial):
    reader.compare("data", "data", trial.rows)
    reader.compare("D", "initial parameters of D", oracle.flat(trial.D))
    reader.compare("G", "initial parameters of G", oracle.flat(trial.G))
    for epoch in range(settings["epochs"]):
        order = oracle.draw_order(settings["shuffle_seed"], epoch, settings["n"])
        if [int(row) for row in reader.take("order")] != order:
            raise Mismatch(f"order of epoch {epoch}")
        Z = oracle.draw_latents(settings["seed"], epoch, 0, settings["n"], settings["latent_dim"])
        reader.compare("latents", f"latents of epoch {epoch}", Z)


class EpochEnds:
    """What is kept of each epoch: the mean losses, and NaN from the epoch on at whose end something was not finite."""

    def __init__(self, settings, trial):
        self.settings, self.trial = settings, trial
        self.losses = [[], []]
        self.diverged = 0
        self.sums = [0.0, 0.0]

    def add(self, losses):
        self.sums = [total + float(loss) for total, loss in zip(self.sums, losses)]

    def end(self, epoch):
        means = [np.float32(total / self.settings["n"]) for total in self.sums]
        self.sums = [0.0, 0.0]
        everything = np.concatenate([means, oracle.flat(self.trial.D), oracle.flat(self.trial.G)])
        if not self.diverged and not np.isfinite(everything).all():
            self.diverged = epoch + 1
        for losses, mean in zip(self.losses, means):
            losses.append(self.kept(mean))

    def kept(self, values):
        quiet_nan = np.uint32(0x7FC00000).view(np.float32)
        return np.full_like(values, quiet_nan) if self.diverged else values


def check_trial(lines, experiment):
    reader = Reader(lines)
    settings = read_settings(reader, experiment)
    trial = oracle.Trial(settings)
    check_draws(reader, settings, trial)
    ends = EpochEnds(settings, trial)
    step = 0
    for epoch in range(settings["epochs"]):
        for real, Z in trial.batches(epoch):
            step += 1
            losses = trial.step(real, Z)
            ends.add(losses)
            reader.compare("losses", f"losses of step {step}", losses)
            reader.compare("D", f"D after step {step}", oracle.flat(trial.D))
            reader.compare("G", f"G after step {step}", oracle.flat(trial.G))
        ends.end(epoch)
    reader.compare("trained_loss_D", "loss_D by epoch", ends.losses[0], canonical_nan=True)
    reader.compare("trained_loss_G", "loss_G by epoch", ends.losses[1], canonical_nan=True)
    reader.compare("trained_D", "trained D", ends.kept(oracle.flat(trial.D)), canonical_nan=True)
    reader.compare("trained_G", "trained G", ends.kept(oracle.flat(trial.G)), canonical_nan=True)
    samples = trial.samples(experiment["check"]["samples"])
    reader.compare("samples", "samples", ends.kept(samples), canonical_nan=True)
    ending = [float.fromhex(word) for word in reader.take("ending")]
    ours = [math.nan] * 5 if ends.diverged else trial.ending(experiment["check"]["samples"])
    if repr(ending) != repr(ours):
        raise Mismatch(f"the trained nets: C {ending}, NumPy {ours}")
    if int(reader.take("diverged_epoch")[0]) != ends.diverged:
        raise Mismatch("the epoch of divergence")
    return reader.compared, step, ends.diverged


def check_case(program, name, experiment, diverges):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "experiment.yaml")
        path.write_text(json.dumps(experiment))  # JSON is YAML
        dump = subprocess.run([program, path], check=True, capture_output=True, text=True).stdout.splitlines()
    trials = read_dump(dump)
    failures = compared = steps = 0
    epochs_of_divergence = []
    for lines in trials:
        of_trial = " ".join(values[0] for _, values in lines[1:3])
        try:
            equal, trial_steps, diverged = check_trial(lines, experiment)
            if bool(diverged) != diverges:
                raise Mismatch("it " + ("diverges" if diverged else "does not diverge") + ", so the case is not what it says")
            compared, steps = compared + equal, steps + trial_steps
            epochs_of_divergence.append(diverged)
        except Mismatch as mismatch:
            print(f"FAILED {name}: {of_trial}: {mismatch}")
            failures += 1
    remark = f", diverged in epochs {epochs_of_divergence}" if diverges else ""
    print(f"{name}: {len(trials) - failures} of {len(trials)} trials, {steps} steps, {compared} floats with equal bits{remark}",
          flush=True)
    return failures + (not trials)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with np.errstate(all="ignore"):
        failures = sum(check_case(sys.argv[1], name, *case) for name, case in CASES.items())
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
