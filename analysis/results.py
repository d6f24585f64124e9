"""A results file as NumPy arrays of its finished trials, refused with one line where it is none."""
import functools
import re

import h5py
import numpy as np
import yaml

LAYOUT_VERSION = 4  # of docs/file-format.md
COLUMNS = ["configuration", "epochs", "generator_loss", "covariance_error", "covariance_ok"]
NEEDED = ["status", "loss_D", "loss_G", *COLUMNS, "plots/losses", "provenance/resolved"]
SETTINGS = ["lr_D", "lr_G", "batch_size", "latent_dim", "epochs", "convention", "generator_loss"]
CHUNK = 100000  # trials whose losses are read at once
LN_2 = float(np.log(2))


class NotResults(Exception):
    """The file can't be drawn; the message says why."""


class Results:
    """What is done; a diverged or pending trial has no numbers to draw. Losses, samples and parameters stay in the file
    until they are asked for.

    trials, planned       how many are done, and how many the file was made for
    finished              how many are done or diverged
    title                 the experiment's
    rows                  [trials] their places in the file
    numbers               [trials] their numbers in the experiment, of which a shard has a part
    configuration         [trials] which settings a trial has
    epochs                [trials] that a trial was trained for
    equilibrium_sign      [trials] of loss_G at the equilibrium: -1 for the minimax loss, whose equilibrium is -ln 2
    covariance_error      [trials] relative Frobenius
    covariance_ok         [trials] of 0 and 1
    mean, covariance      b and A^T A of the data
    samples_kept          whether the file has samples
    """

    def __init__(self, path):
        if not path.is_file():
            raise NotResults(f"{path}: no such file" if not path.exists() else f"{path} is not a file")
        try:
            self.file = h5py.File(path, "r")
            self._read(path)
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as problem:
            raise NotResults(f"{path} can't be read as a results file: {problem}") from problem

    def _read(self, path):
        file = self.file
        if "provenance/layout_version" in file and file["provenance/layout_version"][()] != LAYOUT_VERSION:
            raise NotResults(f"{path} has layout version {file['provenance/layout_version'][()]}, and these figures are "
                             f"drawn from version {LAYOUT_VERSION}: use the analysis of the gansweep that made the file")
        missing = [name for name in NEEDED if name not in file]
        if missing:
            raise NotResults(f"{path} is no results file of gansweep: it has no {missing[0]}")
        status = file["status"][:]
        done = status == 1
        self.finished = int((status != 0).sum())
        self.title = text_of(file.attrs.get("title", ""))
        self.planned, self.trials = len(done), int(done.sum())
        if self.trials == 0:
            raise NotResults(f"{path}: none of {self.planned} trials is done, so there is nothing to draw")
        for name in COLUMNS:
            setattr(self, name, file[name][:][done])
        self.rows = np.flatnonzero(done)
        self.numbers = file["trial"][:][done]
        self.samples_kept = "samples" in file
        # The title stands there as it is, which need not be YAML.
        resolved = re.sub(r"(?m)^title:.*$", "", text_of(file["provenance/resolved"][()]), count=1)
        law = yaml.safe_load(resolved)["data"]
        A = np.array(law["A"], dtype=float)
        self.mean, self.covariance = np.array(law["b"], dtype=float), A.T @ A
        self.equilibrium_sign = np.where(self.generator_loss == 1, -1, 1)

    @functools.cache
    def last_losses(self):
        """[2 x trials] loss_D and loss_G of a trial's own last epoch, that of minimax with its sign changed."""
        last = np.empty((2, self.trials))
        for into, name in zip(last, ("loss_D", "loss_G")):
            for first in range(0, self.trials, CHUNK):
                rows, epochs = self.rows[first:first + CHUNK], self.epochs[first:first + CHUNK]
                chunk = self.file[name][rows[0]:rows[-1] + 1]
                into[first:first + CHUNK] = chunk[rows - rows[0], epochs - 1]
        last[1] *= self.equilibrium_sign
        return last

    def of_trial(self, name, trial):
        """One trial's row of a dataset; `trial` counts those that are done."""
        return self.file[name][self.rows[trial]]

    def law_of(self, trial):
        """Mean and covariance of what a trial's generator makes: its exact law when it is affine, else of its samples."""
        if "generator_weight" in self.file:
            weight = np.nan_to_num(self.of_trial("generator_weight", trial).astype(float))
            return self.of_trial("generator_bias", trial).astype(float), weight @ weight.T
        return self.of_trial("sample_mean", trial), self.of_trial("sample_covariance", trial)

    def best_to_worst(self):
        """[trials] by covariance error, the least first."""
        return np.argsort(self.covariance_error, kind="stable")

    def value_of(self, name, value):
        if "flag_meanings" in self.file[name].attrs:
            return text_of(self.file[name].attrs["flag_meanings"]).split()[int(value)]
        return f"{int(value)}" if self.file[name].dtype.kind in "iu" else f"{value:.4g}"

    def swept(self):
        """Settings, other than seeds, that differ between trials."""
        return [name for name in SETTINGS if name in self.file["plots/losses"]]

    def plot(self, name):
        """A group of /plots as a dictionary of arrays, with its title; None when the file has none of this name."""
        if name not in self.file["plots"]:
            return None
        group = self.file["plots"][name]
        return {key: text_of(group[key][()]) if key == "title" else group[key][:] for key in group}

    def axes_of(self, name):
        """[(name, label, values)] of a plot's axes."""
        group = self.file["plots"][name]
        return [(text_of(axis), text_of(group[text_of(axis)].attrs["long_name"]), group[text_of(axis)][:])
                for axis in group.attrs["axes"]]


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)
