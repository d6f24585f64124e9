"""Adam over a tree of arrays, as both JAX peers take it."""
import jax
import jax.numpy as jnp

from peer import BETA1, BETA2, EPSILON


def no_moments(parameters):
    return jax.tree.map(jnp.zeros_like, parameters), jax.tree.map(jnp.zeros_like, parameters)


def adam(parameters, gradients, moments, rate, t):
    first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, moments[0], gradients)
    second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, moments[1], gradients)
    scale = rate * jnp.sqrt(1 - BETA2**t) / (1 - BETA1**t)
    moved = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) + EPSILON), parameters, first, second)
    return moved, (first, second)
