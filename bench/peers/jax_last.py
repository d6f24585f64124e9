"""Many models at once in JAX without vmap: the models are the last dimension of every array, and layers are written out as
multiply-adds, so that the compiler fuses a step into loops over the models and vectorises them. The trial is a scan over epochs of
a scan over steps, as in jax_scan.py.

Tuned: the number of models; the random generator; the scan unrolled or not; orders shuffled by NumPy.

    jax_last.py MODELS REPEATS rbg|threefry2x32 UNROLL
"""
import sys

import jax
import jax.numpy as jnp
import numpy

from jax_adam import adam, no_moments
from peer import A, B, BATCH, EPOCHS, EXAMPLES, RATE_D, RATE_G, SIZES_D, SIZES_G, STANDARD_DEVIATION, STEPS, report

MODELS, REPEATS, GENERATOR, UNROLL = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])


def make(key, sizes):
    parameters = []
    for key, inputs, outputs in zip(jax.random.split(key, len(sizes) - 1), sizes, sizes[1:]):
        parameters.append((STANDARD_DEVIATION * jax.random.normal(key, (inputs, outputs, MODELS)), jnp.zeros((outputs, MODELS))))
    return parameters


def net(parameters, x):
    for layer, (weight, bias) in enumerate(parameters):
        y = bias
        for j in range(weight.shape[0]):
            y = y + x[:, j, None] * weight[j]
        x = jnp.tanh(y) if layer + 1 < len(parameters) else y
    return x


def summed(values):
    """What is differentiated, the sum over independent models, and each model's own."""
    return values.sum(), values


def loss_D(D, X, fake):
    of_real, of_fake = jax.nn.softplus(-net(D, X)), jax.nn.softplus(net(D, fake))
    return summed((of_real.mean((0, 1)) + of_fake.mean((0, 1))) / 2)


def loss_G(G, D, Z):
    return summed(jax.nn.softplus(-net(D, net(G, Z))).mean((0, 1)))


def train_all(key, orders):
    """orders: [EPOCHS x EXAMPLES x MODELS]."""
    key_data, key_D, key_G, key = jax.random.split(key, 4)
    data = jnp.einsum("nim,ij->njm", jax.random.normal(key_data, (EXAMPLES, 2, MODELS)), jnp.array(A)) + jnp.array(B)[:, None]
    D, G = make(key_D, SIZES_D), make(key_G, SIZES_G)

    def one_step(state, batch):
        D, G, moments_D, moments_G, t = state
        X, Z = batch
        t = t + 1
        (_, values_D), gradient = jax.value_and_grad(loss_D, has_aux=True)(D, X, net(G, Z))
        D, moments_D = adam(D, gradient, moments_D, RATE_D, t)
        (_, values_G), gradient = jax.value_and_grad(loss_G, has_aux=True)(G, D, Z)
        G, moments_G = adam(G, gradient, moments_G, RATE_G, t)
        return (D, G, moments_D, moments_G, t), (values_D, values_G)

    def one_epoch(state, epoch):
        key, order = epoch
        X = jnp.take_along_axis(data, order[:, None], axis=0).reshape(STEPS, BATCH, 2, MODELS)
        Z = jax.random.normal(key, (STEPS, BATCH, 2, MODELS))
        state, (values_D, values_G) = jax.lax.scan(one_step, state, (X, Z), unroll=UNROLL)
        return state, (values_D.mean(0), values_G.mean(0))

    state = (D, G, no_moments(D), no_moments(G), jnp.zeros((), jnp.float32))
    return jax.lax.scan(one_epoch, state, (jax.random.split(key, EPOCHS), orders))[1]


def main():
    compiled = jax.jit(train_all)
    rows_as_drawn = numpy.tile(numpy.arange(EXAMPLES, dtype=numpy.int32)[:, None], (EPOCHS, 1, MODELS))

    def train(repeat):
        orders = numpy.random.default_rng(repeat).permuted(rows_as_drawn, axis=1)
        D, G = jax.block_until_ready(compiled(jax.random.key(repeat, impl=GENERATOR), orders))
        return D.T.tolist(), G.T.tolist()

    report(f"{MODELS} models, {GENERATOR}, unroll {UNROLL}", MODELS, train, REPEATS,
           {"jax": jax.__version__, "jaxlib": jax.lib.__version__})


main()
