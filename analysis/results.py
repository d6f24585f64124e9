"""A results file as NumPy columns of its finished trials, refused with one line where it is none."""
import h5py
import numpy as np
import yaml

NEEDED = ["status", "configuration", "loss_D", "loss_G", "covariance_error", "covariance_ok", "samples", "provenance/resolved"]
LN_2 = float(np.log(2))


class NotResults(Exception):
    """The file can't be drawn; the message says why."""


class Results:
    """Columns of the trials that are done; a diverged or pending one has no numbers to draw.

    trials, planned       how many are done, and how many the file was made for
    title                 the experiment's
    loss_D, loss_G        [trials x epochs] nats an example
    covariance_error      [trials] relative Frobenius
    covariance_ok         [trials] of 0 and 1
    configuration         [trials] which settings a trial has
    samples               [trials x samples x dimension] of the trained generator
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
                for name in NEEDED[1:-1]:
                    setattr(self, name, file[name][:][done])
                law = yaml.safe_load(text_of(file["provenance/resolved"][()]))["data"]
        except (OSError, yaml.YAMLError, KeyError, TypeError) as problem:
            raise NotResults(f"{path} can't be read as a results file: {problem}") from problem
        A = np.array(law["A"], dtype=float)
        self.mean, self.covariance = np.array(law["b"], dtype=float), A.T @ A

    def prints_ln2(self):
        """[trials] whether both losses of the last epoch print 0.693."""
        return np.all([np.abs(loss[:, -1] - 0.693) < 0.0005 for loss in (self.loss_D, self.loss_G)], axis=0)


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)
