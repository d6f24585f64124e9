"""A results file as NumPy arrays of its finished trials, refused with one line where it is none."""
import h5py
import numpy as np
import yaml

LAYOUT_VERSION = 3  # of docs/file-format.md
COLUMNS = ["configuration", "epochs", "generator_loss", "covariance_error", "covariance_ok"]
NEEDED = ["status", "loss_D", "loss_G", *COLUMNS, "plots/losses", "provenance/resolved"]
SEEDS = ["seed", "data_seed", "shuffle_seed"]
SETTINGS = ["lr_D", "lr_G", "batch_size", "latent_dim", "epochs", "convention", "generator_loss"]
LN_2 = float(np.log(2))
PRINTED_LOW, PRINTED_HIGH = 0.6925, 0.6935  # what "%.3f" prints as 0.693 lies strictly between these


class NotResults(Exception):
    """The file can't be drawn; the message says why."""


class Results:
    """What is done; a diverged or pending trial has no numbers to draw. Losses, samples and parameters stay in the file
    until they are asked for.

    trials, planned       how many are done, and how many the file was made for
    title                 the experiment's
    rows                  [trials] numbers of the trials
    configuration         [trials] which settings a trial has
    epochs                [trials] that a trial was trained for
    equilibrium_sign      [trials] of loss_G at the equilibrium: -1 for the minimax loss, whose equilibrium is -ln 2
    covariance_error      [trials] relative Frobenius
    covariance_ok         [trials] of 0 and 1
    mean, covariance      b and A^T A of the data
    samples_kept          whether the file has samples
    """

    def __init__(self, path):
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
        done = file["status"][:] == 1
        self.title = text_of(file.attrs.get("title", ""))
        self.planned, self.trials = len(done), int(done.sum())
        if self.trials == 0:
            raise NotResults(f"{path}: none of {self.planned} trials is done, so there is nothing to draw")
        for name in COLUMNS:
            setattr(self, name, file[name][:][done])
        self.rows = np.flatnonzero(done)
        self.samples_kept = "samples" in file
        law = yaml.safe_load(text_of(file["provenance/resolved"][()]))["data"]
        A = np.array(law["A"], dtype=float)
        self.mean, self.covariance = np.array(law["b"], dtype=float), A.T @ A
        self.equilibrium_sign = np.where(self.generator_loss == 1, -1, 1)

    def all_of(self, name):
        """[trials x ...] a whole dataset's rows of the trials that are done."""
        whole = self.file[name][:]
        return whole if len(self.rows) == self.planned else whole[self.rows]

    def last_losses(self):
        """[2 x trials] loss_D and loss_G of a trial's own last epoch, that of minimax with its sign changed."""
        trial = np.arange(self.trials)
        last_D, last_G = (self.all_of(name)[trial, self.epochs - 1].astype(float) for name in ("loss_D", "loss_G"))
        return np.array([last_D, self.equilibrium_sign * last_G])

    def prints_ln2(self):
        """[trials] whether the losses of the last epoch print 0.693 and 0.693, or -0.693 for the minimax loss_G."""
        losses = self.last_losses()
        return np.all((losses > PRINTED_LOW) & (losses < PRINTED_HIGH), axis=0)

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

    def settings_of(self, trial, names):
        """"lr_D 0.05, batch_size 8" of one trial."""
        return ", ".join(f"{name} {self.value_of(name, self.of_trial(name, trial))}" for name in names)

    def value_of(self, name, value):
        if "flag_meanings" in self.file[name].attrs:
            return text_of(self.file[name].attrs["flag_meanings"]).split()[int(value)]
        return f"{value:.4g}"

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
