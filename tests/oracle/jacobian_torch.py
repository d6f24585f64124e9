#!/usr/bin/python3
"""Records PyTorch's Jacobians of the simultaneous gradient field for tests/check/jacobian_test.c, a few seconds:

    jacobian_torch.py > tests/oracle/jacobian_torch.txt

Both networks are torch.nn modules, both losses are made of torch.nn.BCEWithLogitsLoss, in float64; autograd differentiates
each player's loss by its own parameters, and every component of that by all parameters. Eigenvalues are torch.linalg's.
Parameters and rows are float32. A case of the file:

    case LATENT_DIM DIMENSION GENERATOR_HIDDEN_COUNT width ... DISCRIMINATOR_HIDDEN_COUNT width ... LOSS LATENTS REAL
    generator ..., discriminator ..., latents ..., real ..., field ..., jacobian ..., stability: largest real part, largest
    |Im| / |Re|, spectral radius
"""
import sys

import numpy as np
import torch

SEED = 20230817
# latent_dim, dimension, hidden layers of G, of D, minimax, latents, real rows, size of the parameters
CASES = [(2, 2, [], [5, 3], False, 9, 7, 0.5), (2, 2, [], [5, 3], True, 6, 8, 1.5), (3, 2, [4], [3], False, 5, 5, 1.0),
         (1, 3, [2, 3], [], True, 4, 6, 1.0), (2, 1, [], [], False, 3, 2, 1.0)]


def network(sizes, values):
    modules = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        linear = torch.nn.Linear(inputs, outputs, dtype=torch.float64)
        with torch.no_grad():
            for parameter in (linear.weight, linear.bias):
                parameter.copy_(torch.from_numpy(values[: parameter.numel()].astype(float)).reshape(parameter.shape))
                values = values[parameter.numel():]
        modules += [linear, torch.nn.Tanh()]
    assert len(values) == 0
    return torch.nn.Sequential(*modules[:-1])


def gradients(loss, net):
    """As one vector, which can be differentiated again."""
    grads = torch.autograd.grad(loss, list(net.parameters()), create_graph=True, allow_unused=True)
    return torch.cat([(g if g is not None else torch.zeros_like(w)).reshape(-1) for g, w in zip(grads, net.parameters())])


def field_and_jacobian(net_G, net_D, Z, X, minimax):
    loss = torch.nn.BCEWithLogitsLoss()
    fake = net_D(net_G(Z))
    loss_D = (loss(net_D(X), torch.ones(len(X), 1, dtype=torch.float64)) + loss(fake, torch.zeros_like(fake))) / 2
    loss_G = -loss(fake, torch.zeros_like(fake)) if minimax else loss(fake, torch.ones_like(fake))
    field = -torch.cat([gradients(loss_G, net_G), gradients(loss_D, net_D)])
    parameters = [*net_G.parameters(), *net_D.parameters()]
    rows = []
    for component in field:
        grads = torch.autograd.grad(component, parameters, retain_graph=True, allow_unused=True)
        rows.append(torch.cat([(g if g is not None else torch.zeros_like(w)).reshape(-1) for g, w in zip(grads, parameters)]))
    return field.detach(), torch.stack(rows)


def line(name, values):
    print(name, *(f"{float(v):.17g}" for v in np.ravel(values)))


def main():
    print(f"# Made by tests/oracle/jacobian_torch.py with PyTorch {torch.__version__}, Python {sys.version.split()[0]}, seed {SEED}.")
    generator = np.random.default_rng(SEED)
    for latent_dim, dimension, hidden_G, hidden_D, minimax, latents, real, size in CASES:
        sizes_G, sizes_D = [latent_dim, *hidden_G, dimension], [dimension, *hidden_D, 1]
        values_G, values_D = ((size * generator.normal(size=sum(o * (i + 1) for i, o in zip(s, s[1:])))).astype(np.float32)
                              for s in (sizes_G, sizes_D))
        Z = generator.normal(size=(latents, latent_dim)).astype(np.float32)
        X = generator.normal(size=(real, dimension)).astype(np.float32)
        field, jacobian = field_and_jacobian(network(sizes_G, values_G), network(sizes_D, values_D),
                                             torch.from_numpy(Z.astype(float)), torch.from_numpy(X.astype(float)), minimax)
        eigenvalues = torch.linalg.eigvals(jacobian)
        turning = eigenvalues[eigenvalues.imag.abs() > 1e-9]
        ratio = (turning.imag / turning.real).abs().max() if len(turning) else 0.0
        print("case", latent_dim, dimension, len(hidden_G), *hidden_G, len(hidden_D), *hidden_D,
              "minimax" if minimax else "non-saturating", latents, real)
        for name, values in (("generator", values_G), ("discriminator", values_D), ("latents", Z), ("real", X),
                             ("field", field), ("jacobian", jacobian),
                             ("stability", [eigenvalues.real.max(), ratio, eigenvalues.abs().max()])):
            line(name, values)


if __name__ == "__main__":
    main()
