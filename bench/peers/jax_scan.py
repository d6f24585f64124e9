"""Many models at once in JAX: jit(vmap(one whole trial)), the trial a scan over epochs of a scan over steps.

Tuned: the number of models; orders shuffled by NumPy, which sorts nothing, and one gather an epoch, latents of an epoch drawn at once;
the generator `rbg`, which is faster on a CPU than the preset one, or `threefry2x32`, whichever the caller asks for; scan unrolled
or not.

    jax_scan.py MODELS REPEATS rbg|threefry2x32 UNROLL
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
        parameters.append((STANDARD_DEVIATION * jax.random.normal(key, (inputs, outputs)), jnp.zeros(outputs)))
    return parameters


def net(parameters, x):
    for layer, (weight, bias) in enumerate(parameters):
        x = x @ weight + bias
        if layer + 1 < len(parameters):
            x = jnp.tanh(x)
    return x


def loss_D(D, X, fake):
    return (jax.nn.softplus(-net(D, X)).mean() + jax.nn.softplus(net(D, fake)).mean()) / 2


def loss_G(G, D, Z):
    return jax.nn.softplus(-net(D, net(G, Z))).mean()


def train_one(key, orders):
    """orders: [EPOCHS x EXAMPLES]."""
    key_data, key_D, key_G, key = jax.random.split(key, 4)
    data = jax.random.normal(key_data, (EXAMPLES, 2)) @ jnp.array(A) + jnp.array(B)
    D, G = make(key_D, SIZES_D), make(key_G, SIZES_G)

    def one_step(state, batch):
        D, G, moments_D, moments_G, t = state
        X, Z = batch
        t = t + 1
        value_D, gradient = jax.value_and_grad(loss_D)(D, X, net(G, Z))
        D, moments_D = adam(D, gradient, moments_D, RATE_D, t)
        value_G, gradient = jax.value_and_grad(loss_G)(G, D, Z)
        G, moments_G = adam(G, gradient, moments_G, RATE_G, t)
        return (D, G, moments_D, moments_G, t), (value_D, value_G)

    def one_epoch(state, epoch):
        key, order = epoch
        X = data[order].reshape(STEPS, BATCH, 2)
        Z = jax.random.normal(key, (STEPS, BATCH, 2))
        state, (values_D, values_G) = jax.lax.scan(one_step, state, (X, Z), unroll=UNROLL)
        return state, (values_D.mean(), values_G.mean())

    state = (D, G, no_moments(D), no_moments(G), jnp.zeros((), jnp.float32))
    return jax.lax.scan(one_epoch, state, (jax.random.split(key, EPOCHS), orders))[1]


def main():
    train_all = jax.jit(jax.vmap(train_one))
    rows_as_drawn = numpy.tile(numpy.arange(EXAMPLES, dtype=numpy.int32), (MODELS, EPOCHS, 1))

    def train(repeat):
        keys = jax.random.split(jax.random.key(repeat, impl=GENERATOR), MODELS)
        orders = numpy.random.default_rng(repeat).permuted(rows_as_drawn, axis=2)
        D, G = jax.block_until_ready(train_all(keys, orders))
        return D.tolist(), G.tolist()

    report(f"{MODELS} models, {GENERATOR}, unroll {UNROLL}", MODELS, train, REPEATS,
           {"jax": jax.__version__, "jaxlib": jax.lib.__version__})


main()
