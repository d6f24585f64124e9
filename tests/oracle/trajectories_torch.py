#!/usr/bin/python3
"""Records PyTorch's trajectories for tests/train/trajectories_test.c: float64 parameters and losses, and how far float32
runs from them.

    trajectories_torch.py --record tests/oracle/trajectories_torch.bin    about six minutes on one core
    trajectories_torch.py --check tests/oracle/trajectories_torch.bin     some of it again; 77 without PyTorch

The two networks are torch.nn modules in eager mode, trained by autograd as the notebook's update_D and update_G do (d2l.ai
17.1.3). Data, initial parameters, order and latents are gansweep's own, computed by trial_in_numpy.py. The optimizer is
torch.optim.Adam for the convention `torch`; for the others it is stated below as MXNet and TensorFlow publish theirs.

The file has, for each case in the order of CASES, one line of text and then little-endian float64 without a gap:

    case SHAPE CONVENTION GENERATOR_LOSS EXACT_SEEDS DISTANCE_SEEDS
    for each of STEPS, for each seed 1 ... EXACT_SEEDS: loss_D, loss_G (sums over the batch), parameters of D, of G
    for each of DISTANCE_STEPS, for each seed 1 ... DISTANCE_SEEDS: |w32 - w64| / |w64|, w all parameters of both networks
"""
import argparse
import pathlib
import sys

import numpy as np

try:
    import torch
except ImportError:
    print("PyTorch is not installed")
    sys.exit(77)

import trial_in_numpy as draws

STEPS = (1, 10, 100, 200)
DISTANCE_STEPS = (1, 10, 100)
SHAPES = {
    "d2l": {"A": [[1, 2], [-0.1, 0.5]], "b": [1, 2], "n": 1000, "batch_size": 8, "latent_dim": 2, "generator": [],
            "discriminator": [5, 3]},
    # every epoch ends with a batch of 2; the generator has a hidden layer
    "short-batch": {"A": [[1, 0.3, -2], [0.1, 0.7, 0], [-0.4, 0, 1.1]], "b": [0.1, -2, 1e-3], "n": 37, "batch_size": 5,
                    "latent_dim": 3, "generator": [4], "discriminator": [6]},
}
EXACT_SEEDS = {("d2l", "non-saturating"): 64, ("d2l", "minimax"): 16, ("short-batch", "non-saturating"): 8,
               ("short-batch", "minimax"): 8}
DISTANCE_SEEDS = 64
CASES = [(shape, convention, loss) for shape in SHAPES for loss in ("non-saturating", "minimax")
         for convention in draws.CONVENTIONS]
LR_D, LR_G = 0.05, 0.005
AGREEMENT = 1e-9


class PublishedAdam:
    """w -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps): eps beside the uncorrected sqrt(v), as in MXNet's
    optimizer.Adam and TensorFlow's Keras Adam."""

    def __init__(self, parameters, lr, eps, beta1=0.9, beta2=0.999):
        self.parameters, self.lr, self.eps, self.beta1, self.beta2 = list(parameters), lr, eps, beta1, beta2
        self.m = [torch.zeros_like(w) for w in self.parameters]
        self.v = [torch.zeros_like(w) for w in self.parameters]
        self.t = 0

    def zero_grad(self):
        for w in self.parameters:
            w.grad = None

    @torch.no_grad()
    def step(self):
        self.t += 1
        lr = self.lr * (1 - self.beta2**self.t) ** 0.5 / (1 - self.beta1**self.t)
        for w, m, v in zip(self.parameters, self.m, self.v):
            m.mul_(self.beta1).add_(w.grad, alpha=1 - self.beta1)
            v.mul_(self.beta2).addcmul_(w.grad, w.grad, value=1 - self.beta2)
            w.sub_(lr * m / (v.sqrt() + self.eps))


OPTIMIZERS = {
    "mxnet": lambda parameters, lr: PublishedAdam(parameters, lr, 1e-8),
    "torch": lambda parameters, lr: torch.optim.Adam(parameters, lr=lr),
    "tf": lambda parameters, lr: PublishedAdam(parameters, lr, 1e-7),
    "tf-as-documented": lambda parameters, lr: PublishedAdam(parameters, lr, 1e-7),
}
REDUCTIONS = {"mxnet": "mean", "torch": "sum", "tf": "sum", "tf-as-documented": "sum"}


def network(layers, dtype):
    """nn.Linear and nn.Tanh in turn, from drawn (weights, biases)."""
    modules = []
    for weights, biases in layers:
        linear = torch.nn.Linear(weights.shape[1], weights.shape[0], dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights))
            linear.bias.copy_(torch.from_numpy(biases))
        modules += [linear, torch.nn.Tanh()]
    return torch.nn.Sequential(*modules[:-1])


def update_D(X, Z, net_D, net_G, loss, trainer_D):
    ones, zeros = X.new_ones((len(X), 1)), X.new_zeros((len(X), 1))
    trainer_D.zero_grad()
    loss_D = (loss(net_D(X), ones) + loss(net_D(net_G(Z).detach()), zeros)) / 2
    loss_D.backward()
    trainer_D.step()
    return loss_D.item()


def update_G(Z, net_D, net_G, loss, trainer_G, minimax):
    ones, zeros = Z.new_ones((len(Z), 1)), Z.new_zeros((len(Z), 1))
    trainer_G.zero_grad()
    fake_Y = net_D(net_G(Z))
    loss_G = -loss(fake_Y, zeros) if minimax else loss(fake_Y, ones)
    loss_G.backward()
    trainer_G.step()
    return loss_G.item()


def settings_of(shape, convention, generator_loss, seed):
    return {**SHAPES[shape], "convention": convention, "generator_loss": generator_loss, "seed": seed, "data_seed": seed,
            "shuffle_seed": seed, "lr_D": LR_D, "lr_G": LR_G}


def draw_batches(shape, seed):
    """(real rows, latents) of the first steps: the same for every convention and loss."""
    trial = draws.Trial(settings_of(shape, "mxnet", "non-saturating", seed))
    batches, epoch = [], 0
    while len(batches) < STEPS[-1]:
        batches += trial.batches(epoch)
        epoch += 1
    return batches[: STEPS[-1]]


def train(trial, batches, dtype, steps):
    """Trains from a trial's initial parameters; returns for each step in `steps` the losses and all parameters."""
    convention = trial.settings["convention"]
    net_D, net_G = network(trial.D, dtype), network(trial.G, dtype)
    loss = torch.nn.BCEWithLogitsLoss(reduction=REDUCTIONS[convention])
    trainer_D = OPTIMIZERS[convention](net_D.parameters(), LR_D)
    trainer_G = OPTIMIZERS[convention](net_G.parameters(), LR_G)
    recorded = []
    for step, (X, Z) in enumerate(batches, 1):
        X, Z = torch.from_numpy(X).to(dtype), torch.from_numpy(np.ascontiguousarray(Z)).to(dtype)
        losses = [update_D(X, Z, net_D, net_G, loss, trainer_D), update_G(Z, net_D, net_G, loss, trainer_G, trial.minimax)]
        losses = [value * len(X) if loss.reduction == "mean" else value for value in losses]
        if step in steps:
            parameters = [w.detach().numpy().reshape(-1) for net in (net_D, net_G) for w in net.parameters()]
            recorded.append(np.concatenate([losses, *parameters]).astype("<f8"))
        if step == steps[-1]:
            return recorded


def record_case(shape, convention, generator_loss, batches_of):
    exact, distances = [], []
    for seed in range(1, DISTANCE_SEEDS + 1):
        trial = draws.Trial(settings_of(shape, convention, generator_loss, seed))
        in_double = train(trial, batches_of[shape, seed], torch.float64, STEPS)
        in_single = train(trial, batches_of[shape, seed], torch.float32, DISTANCE_STEPS)
        exact.append(in_double)
        distances.append([np.linalg.norm(w32[2:] - w64[2:]) / np.linalg.norm(w64[2:]) for w32, w64 in zip(in_single, in_double)])
    exact = np.stack(exact[: EXACT_SEEDS[shape, generator_loss]], axis=1)
    distances = np.array(distances, "<f8").T
    print(f"{shape} {convention} {generator_loss}: float32 from float64 at steps {DISTANCE_STEPS}: median",
          *(f"{value:.1e}" for value in np.median(distances, axis=1)), flush=True)
    header = f"case {shape} {convention} {generator_loss} {exact.shape[1]} {DISTANCE_SEEDS}\n"
    return header.encode() + exact.tobytes() + distances.tobytes()


def record(path):
    batches_of = {(shape, seed): draw_batches(shape, seed) for shape in SHAPES for seed in range(1, DISTANCE_SEEDS + 1)}
    path.write_bytes(b"".join(record_case(*case, batches_of) for case in CASES))


def read_cases(path):
    """Yields (shape, convention, generator_loss, exact [step, seed, 2 + parameters])."""
    with path.open("rb") as file:
        while line := file.readline():
            _, shape, convention, generator_loss, seeds, distance_seeds = line.decode().split()
            trial = draws.Trial(settings_of(shape, convention, generator_loss, 1))
            width = 2 + len(draws.flat(trial.D)) + len(draws.flat(trial.G))
            exact = np.frombuffer(file.read(8 * len(STEPS) * int(seeds) * width), "<f8")
            file.read(8 * len(DISTANCE_STEPS) * int(distance_seeds))
            yield shape, convention, generator_loss, exact.reshape(len(STEPS), int(seeds), width)


def check(path):
    """The last seed of every case again. Another machine's PyTorch sums in another order, so that it agrees to rounding."""
    worst = 0
    for shape, convention, generator_loss, exact in read_cases(path):
        seed = exact.shape[1]
        trial = draws.Trial(settings_of(shape, convention, generator_loss, seed))
        again = np.array(train(trial, draw_batches(shape, seed), torch.float64, STEPS))
        difference = np.abs(again - exact[:, -1]).max(axis=1) / np.linalg.norm(exact[:, -1, 2:], axis=1)
        print(f"{shape} {convention} {generator_loss} seed {seed}: recorded and trained again differ by {difference.max():.1e}")
        worst = max(worst, difference.max())
    return worst <= AGREEMENT


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--record", type=pathlib.Path, metavar="FILE")
    what.add_argument("--check", type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.record:
        record(arguments.record)
        return 0
    return 0 if check(arguments.check) else 1


if __name__ == "__main__":
    sys.exit(main())
