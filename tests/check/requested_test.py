"""What an experiment requests beside the check - JSD and the Jacobian's eigenvalues - recomputed from the results file alone.

The Jacobian is taken by central differences of a gradient that is written here in NumPy, on the real rows and latents of
docs/randomness.md; the divergence of an affine generator by quadrature over the plane.

    requested_test.py PROGRAM
"""
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "oracle"))
import trial_in_numpy as oracle  # noqa: E402

PROGRAM = sys.argv.pop(1)
A, b = np.array([[1, 2], [-0.1, 0.5]]), np.array([1, 2])
EXPERIMENT = """title: Requested
data: {{law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 40}}
generator_loss: [non-saturating, minimax]
model: {{latent_dim: [2, 3], generator: {generator}, discriminator: [5, 3]}}
train: {{epochs: 6}}
parameters: {{seed: {{range: [3, 5]}}, lr_D: [0.05, 1.0e+37]}}
keep: {{samples: 70}}
check: {{samples: 70, jsd: true, jacobian: true}}
"""


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Network:
    """A network in float64 whose parameters stand in one vector, layer by layer: weights row-major, then biases."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.count = sum(out * (into + 1) for into, out in zip(sizes, sizes[1:]))

    def layers(self, parameters):
        at = 0
        for into, out in zip(self.sizes, self.sizes[1:]):
            yield parameters[at:at + out * into].reshape(out, into), parameters[at + out * into:at + out * (into + 1)]
            at += out * (into + 1)

    def forward(self, parameters, x):
        tape, layers = [x], list(self.layers(parameters))
        for number, (weight, bias) in enumerate(layers):
            t = tape[-1] @ weight.T + bias
            tape.append(np.tanh(t) if number + 1 < len(layers) else t)
        return tape

    def backward(self, parameters, tape, delta):
        """The gradient in the parameters, and in the input."""
        parts, layers = [], list(self.layers(parameters))
        for number in reversed(range(len(layers))):
            parts = [(delta.T @ tape[number]).ravel(), delta.sum(axis=0)] + parts
            delta = delta @ layers[number][0]
            if number > 0:
                delta = delta * (1 - tape[number] ** 2)
        return np.concatenate(parts), delta


def field(theta, G, D, real, latents, minimax):
    """v = (-grad_G L_G, -grad_D L_D)."""
    of_G, of_D = theta[:G.count], theta[G.count:]
    tape_G = G.forward(of_G, latents)
    on_real, on_fake = D.forward(of_D, real), D.forward(of_D, tape_G[-1])
    gradient_real, _ = D.backward(of_D, on_real, -sigmoid(-on_real[-1]) / (2 * len(real)))
    gradient_fake, _ = D.backward(of_D, on_fake, sigmoid(on_fake[-1]) / (2 * len(latents)))
    through = -sigmoid(on_fake[-1] if minimax else -on_fake[-1]) / len(latents)
    gradient_G, _ = G.backward(of_G, tape_G, D.backward(of_D, on_fake, through)[1])
    return -np.concatenate([gradient_G, gradient_real + gradient_fake])


def jacobian(function, theta):
    columns = []
    for i in range(len(theta)):
        step = 1e-5 * np.eye(len(theta))[i]
        columns.append((8 * (function(theta + step) - function(theta - step)) - (function(theta + 2 * step) - function(theta - 2 * step)))
                       / 12e-5)
    return np.array(columns).T


def gaussian_divergence(mean, covariance):
    """JSD(N(b, A^T A), N(mean, covariance)) in nats: the trapezoidal rule over the plane, where the true law is round."""
    root = np.linalg.inv(np.linalg.cholesky(A.T @ A))
    mean, covariance = root @ (mean - b), root @ covariance @ root.T
    inverse, determinant = np.linalg.inv(covariance), np.linalg.det(covariance)
    factor, total = np.linalg.cholesky(covariance), 0.0
    grid = np.linspace(-9, 9, 1201)
    z = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    weight = np.exp(-0.5 * (z ** 2).sum(axis=1)) * (grid[1] - grid[0]) ** 2 / (2 * math.pi)
    for x in (z, mean + z @ factor.T):
        log_p = -0.5 * (x ** 2).sum(axis=1)
        log_q = -0.5 * np.einsum("ni,ij,nj->n", x - mean, inverse, x - mean) - 0.5 * math.log(determinant)
        ratio = log_q - log_p if x is z else log_p - log_q
        total += 0.5 * (weight * (math.log(2) - np.logaddexp(0, ratio))).sum()
    return total


class Requested(unittest.TestCase):
    def run_experiment(self, generator, *arguments):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        experiment, path = pathlib.Path(held.name, "e.yaml"), pathlib.Path(held.name, "e.h5")
        experiment.write_text(EXPERIMENT.format(generator=generator))
        run = subprocess.run([PROGRAM, "run", experiment, "-o", path, "-q", *arguments], capture_output=True, text=True, timeout=300)
        self.assertEqual(run.returncode, 0, run.stderr)
        file = h5py.File(path)
        self.addCleanup(file.close)
        return file

    def parameters(self, file, network, trial):
        names = [name for name in file if name.startswith(network + "_") and ("weight" in name or "bias" in name)]
        parts = []
        for layer in sorted({name.split("_")[2] if name.count("_") > 1 else "" for name in names}):
            suffix = "_" + layer if layer else ""
            weight = file[f"{network}_weight{suffix}"][trial].astype(float)
            weight = weight[:, ~np.isnan(weight).all(axis=0)]  # a shorter latent leaves columns open
            parts += [weight.ravel(), file[f"{network}_bias{suffix}"][trial].astype(float)]
        return np.concatenate(parts)

    def check_jacobian(self, file, hidden):
        largest_error = 0.0
        self.assertTrue((file["status"][:][file["lr_D"][:] == 0.05] == 1).all())
        for trial in np.flatnonzero(file["lr_D"][:] == 0.05):
            latent_dim = int(file["latent_dim"][trial])
            G, D = Network([latent_dim, *hidden, 2]), Network([2, 5, 3, 1])
            theta = np.concatenate([self.parameters(file, "generator", trial), self.parameters(file, "discriminator", trial)])
            real = oracle.draw_data(A, b, 40, int(file["data_seed"][trial])).astype(float)
            latents = oracle.normals(int(file["seed"][trial]), oracle.SAMPLE, 0, 0, 70 * latent_dim).reshape(70, latent_dim).astype(float)
            minimax = bool(file["generator_loss"][trial])
            values = np.linalg.eigvals(jacobian(lambda at: field(at, G, D, real, latents, minimax), theta))
            largest = values.real.max()
            largest_error = max(largest_error, abs(file["jacobian_largest_real"][trial] - largest))
            self.assertAlmostEqual(file["jacobian_largest_real"][trial], largest, delta=1e-7 + 1e-6 * abs(largest))
            self.assertAlmostEqual(file["jacobian_spectral_radius"][trial], abs(values).max(), delta=1e-7 + 1e-6 * abs(values).max())
            clear = values[abs(values) > 1e-4]  # the rest may be 0
            ratio = (abs(clear.imag) / abs(clear.real)).max()
            self.assertGreater(file["jacobian_largest_ratio"][trial], 0.999 * ratio)
        print(f"largest real part: within {largest_error:.1e} of central differences")

    def test_affine_generators(self):
        file = self.run_experiment("[]")
        self.check_jacobian(file, [])
        worst = 0.0
        for trial in np.flatnonzero(file["lr_D"][:] == 0.05):
            weight = file["generator_weight"][trial].astype(float)[:, :int(file["latent_dim"][trial])]
            expected = gaussian_divergence(file["generator_bias"][trial].astype(float), weight @ weight.T)
            covered = np.linalg.eigvalsh(weight @ weight.T)[0] > 1e-3  # flatter ones slip through the grid
            if covered:
                worst = max(worst, abs(file["jsd"][trial] - expected))
                self.assertAlmostEqual(file["jsd"][trial], expected, delta=1e-6)
            self.assertEqual(file["jsd_standard_error"][trial], 0)
            self.assertTrue(0 < file["jsd"][trial] <= math.log(2))
        print(f"JSD within {worst:.1e} of quadrature over the plane")

    def test_generators_with_hidden_layers(self):
        file = self.run_experiment("[4]")
        self.check_jacobian(file, [4])
        done = file["lr_D"][:] == 0.05
        self.assertTrue((file["jsd_standard_error"][:][done] > 0).all())
        self.assertTrue((file["jsd"][:][done] < math.log(2)).all())
        self.assertTrue((file["jsd"][:][done] > 0.05).all())  # six epochs of 40 points: nothing is learned yet

    def test_diverged_trials_have_none(self):
        file = self.run_experiment("[]")
        diverged = file["status"][:] == 2
        self.assertTrue(diverged.any())
        for name in ("jsd", "jsd_standard_error", "jacobian_largest_real", "jacobian_largest_ratio", "jacobian_spectral_radius"):
            self.assertTrue(np.isnan(file[name][:][diverged]).all(), name)
            self.assertFalse(np.isnan(file[name][:][~diverged]).any(), name)

    def test_it_is_the_same_in_every_lane(self):
        first = self.run_experiment("[4]", "--isa", "portable", "--threads", "1")
        second = self.run_experiment("[4]", "--threads", "2")
        for name in ("jsd", "jacobian_largest_real", "jacobian_largest_ratio"):
            self.assertEqual(first[name][:].tobytes(), second[name][:].tobytes(), name)

    def test_what_is_not_requested_is_not_there(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        experiment, path = pathlib.Path(held.name, "e.yaml"), pathlib.Path(held.name, "e.h5")
        experiment.write_text(EXPERIMENT.format(generator="[]").replace(", jsd: true, jacobian: true", ""))
        subprocess.run([PROGRAM, "run", experiment, "-o", path, "-q"], check=True, timeout=300)
        with h5py.File(path) as file:
            self.assertFalse([name for name in file if name.startswith(("jsd", "jacobian"))])


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    unittest.main(verbosity=2)
