"""Many models at once in PyTorch: torch.func's vmap over grad, parameters stacked along one dimension, one Adam for the whole
stack, with and without torch.compile of the step.

Tuned: the number of models; whether they are the first dimension and layers are matrix products, or the last, which the
compiler can vectorise, and layers are written out as multiply-adds; orders are shuffled by NumPy, five times as fast as a sort
of random numbers; the data in every epoch's order is gathered once an epoch, all latents of an epoch are drawn at once, Adam is written on the stack (torch.optim.Adam on stacked tensors is the same
arithmetic with more overhead).

    pytorch_vmap.py MODELS REPEATS THREADS compile|eager first|last
"""
import sys

import numpy
import torch
import torch.nn.functional as F
from torch.func import grad_and_value, vmap

from peer import (A, B, BATCH, BETA1, BETA2, EPOCHS, EPSILON, EXAMPLES, RATE_D, RATE_G, SIZES_D, SIZES_G,
                  STANDARD_DEVIATION, STEPS, report)


LAST = sys.argv[5] == "last"
MODELS_AT = -1 if LAST else 0


def stacked(models, *sizes):
    return (*sizes, models) if LAST else (models, *sizes)


def make(models, sizes):
    parameters = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        parameters += [STANDARD_DEVIATION * torch.randn(stacked(models, outputs, inputs)), torch.zeros(stacked(models, outputs))]
    return parameters


def layer(weight, bias, x):
    if not LAST:
        return x @ weight.T + bias
    for j in range(weight.shape[1]):
        bias = bias + x[:, j, None] * weight[:, j]
    return bias


def net(parameters, x):
    for i in range(0, len(parameters), 2):
        x = layer(parameters[i], parameters[i + 1], x)
        if i + 2 < len(parameters):
            x = torch.tanh(x)
    return x


def of_all(function):
    return vmap(function, in_dims=MODELS_AT, out_dims=MODELS_AT)


def loss_D(D, X, fake):
    return (F.softplus(-net(D, X)).mean() + F.softplus(net(D, fake)).mean()) / 2


def loss_G(G, D, Z):
    return F.softplus(-net(D, net(G, Z))).mean()


def adam(parameters, gradients, first, second, rate, correction1, correction2):
    new, new_first, new_second = [], [], []
    for p, g, m, v in zip(parameters, gradients, first, second):
        m = BETA1 * m + (1 - BETA1) * g
        v = BETA2 * v + (1 - BETA2) * g * g
        new.append(p - rate * (m / correction1) / (torch.sqrt(v / correction2) + EPSILON))
        new_first.append(m)
        new_second.append(v)
    return new, new_first, new_second


def step(D, G, moments_D, moments_G, X, Z, correction1, correction2):
    fake = of_all(net)(G, Z)
    gradient_D, value_D = of_all(grad_and_value(loss_D))(D, X, fake)
    D, *moments_D = adam(D, gradient_D, *moments_D, RATE_D, correction1, correction2)
    gradient_G, value_G = of_all(grad_and_value(loss_G))(G, D, Z)
    G, *moments_G = adam(G, gradient_G, *moments_G, RATE_G, correction1, correction2)
    return D, G, moments_D, moments_G, value_D, value_G


def train_all(models, seed, one_step):
    torch.manual_seed(seed)
    orders, rows_as_drawn = numpy.random.default_rng(seed), numpy.tile(numpy.arange(EXAMPLES), (models, 1))
    data = torch.randn(models, EXAMPLES, 2) @ torch.tensor(A) + torch.tensor(B)
    D, G = make(models, SIZES_D), make(models, SIZES_G)
    moments_D = [[torch.zeros_like(p) for p in D] for _ in range(2)]
    moments_G = [[torch.zeros_like(p) for p in G] for _ in range(2)]
    by_epoch_D, by_epoch_G = [], []
    t = 0
    for _ in range(EPOCHS):
        order = torch.from_numpy(orders.permuted(rows_as_drawn, axis=1))
        rows = torch.gather(data, 1, order[:, :, None].expand(-1, -1, 2))
        rows = rows.permute(1, 2, 0).contiguous() if LAST else rows
        latents = torch.randn(STEPS, *stacked(models, BATCH, 2))
        sum_D, sum_G = torch.zeros(models), torch.zeros(models)
        for k in range(STEPS):
            t += 1
            here = slice(k * BATCH, (k + 1) * BATCH)
            X = rows[here] if LAST else rows[:, here]
            corrections = torch.tensor(1 - BETA1**t), torch.tensor(1 - BETA2**t)
            D, G, moments_D, moments_G, value_D, value_G = one_step(D, G, moments_D, moments_G, X, latents[k], *corrections)
            sum_D += value_D
            sum_G += value_G
        by_epoch_D.append(sum_D / STEPS)
        by_epoch_G.append(sum_G / STEPS)
    return torch.stack(by_epoch_D, 1).tolist(), torch.stack(by_epoch_G, 1).tolist()


def main():
    models, repeats, threads, kind = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(threads)
    one_step = torch.compile(step) if kind == "compile" else step
    report(f"{models} models in the {sys.argv[5]} dimension, {threads} thread{'s' if threads > 1 else ''}", models,
           lambda repeat: train_all(models, repeat, one_step), repeats, {"torch": torch.__version__})


main()
