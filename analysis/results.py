"""A results file as NumPy columns of its finished trials, refused with one line where it is none."""
import h5py
import numpy as np
import yaml

COLUMNS = ["configuration", "epochs", "generator_loss", "loss_D", "loss_G", "covariance_error", "covariance_ok"]
NEEDED = ["status", *COLUMNS, "provenance/resolved"]
LN_2 = float(np.log(2))
PRINTED_LOW, PRINTED_HIGH = 0.6925, 0.6935  # what "%.3f" prints as 0.693 lies strictly between these


class NotResults(Exception):
    """The file can't be drawn; the message says why."""


class Results:
    """Columns of the trials that are done; a diverged or pending one has no numbers to draw.

    trials, planned       how many are done, and how many the file was made for
    title                 the experiment's
    loss_D, loss_G        [trials x epochs] nats an example; NaN after a trial's own last epoch
    last_D, last_G        [trials] losses of a trial's own last epoch
    equilibrium_sign      [trials] of loss_G at the equilibrium: -1 for the minimax loss, whose equilibrium is -ln 2
    covariance_error      [trials] relative Frobenius
    covariance_ok         [trials] of 0 and 1
    configuration         [trials] which settings a trial has
    mean, covariance      b and A^T A of the data
    """

    def __init__(self, path):
        try:
            with h5py.File(path, "r") as file:
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
        except (OSError, yaml.YAMLError, KeyError, TypeError) as problem:
            raise NotResults(f"{path} can't be read as a results file: {problem}") from problem
        A = np.array(law["A"], dtype=float)
        self.mean, self.covariance = np.array(law["b"], dtype=float), A.T @ A
        self.path, trial = path, np.arange(self.trials)
        self.last_D, self.last_G = (loss[trial, self.epochs - 1].astype(float) for loss in (self.loss_D, self.loss_G))
        self.equilibrium_sign = np.where(self.generator_loss == 1, -1, 1)

    def prints_ln2(self):
        """[trials] whether the losses of the last epoch print 0.693 and 0.693, or -0.693 for the minimax loss_G."""
        losses = np.array([self.last_D, self.equilibrium_sign * self.last_G])
        return np.all((losses > PRINTED_LOW) & (losses < PRINTED_HIGH), axis=0)

    def samples_of(self, trial):
        """[samples x dimension] of the trained generator of one trial, read when asked for."""
        with h5py.File(self.path, "r") as file:
            return file["samples"][self.rows[trial]]


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)
