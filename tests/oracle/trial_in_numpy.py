"""A trial of gansweep in NumPy, written from docs/randomness.md: every draw and every float32 operation of it.

Nothing of the C code is called. What the page leaves to src/train/polynomials.h, the elementary functions, is restated
here; only the values of their coefficients are read from that header. Numbers are float32 throughout; vector
operations run over units, examples or parameters, never along a sum, so that each sum keeps the order of the page.
"""
import math
import pathlib
import re

import numpy as np

DATA, INIT_DISCRIMINATOR, INIT_GENERATOR, SHUFFLE, LATENT, SAMPLE = range(6)
BETA1, BETA2 = 0.9, 0.999
EXAMPLES_A_LOGARITHM = 64

# rule for the discriminator's parameters, the generator's, mean gradient, eps, eps times sqrt(1 - beta2^t)
NORMAL_WEIGHTS, NORMAL, GLOROT = "normal weights, biases 0", "normal", "Glorot-uniform weights, biases 0"
CONVENTIONS = {
    "mxnet": (NORMAL_WEIGHTS, NORMAL_WEIGHTS, True, 1e-8, False),
    "torch": (NORMAL, NORMAL, False, 1e-8, True),
    "tf": (NORMAL, GLOROT, False, 1e-7, False),
    "tf-as-documented": (NORMAL, NORMAL, False, 1e-7, False),
}

# Arithmetic ----------------------------------------------------------------------------------------------------------

f32 = np.float32


def without_subnormals(x):
    return np.where(np.abs(x) < f32(2.0**-126), f32(0), x)


def fma(a, b, c):
    """a b + c rounded once to float32. In double the product is exact; its sum is rounded to odd, so that the rounding to
    float32 that follows is as good as the first (Boldo & Melquiond 2008)."""
    product, c = np.multiply(a, b, dtype=np.float64), np.asarray(c, np.float64)
    total = product + c
    of_c = total - product
    error = (product - (total - of_c)) + (c - of_c)  # total + error is exact (Knuth's two-sum)
    even = np.asarray(total).view(np.uint64) % np.uint64(2) == 0
    inexact = np.isfinite(total) & (error != 0)
    return np.where(inexact & even, np.nextafter(total, np.copysign(np.inf, error)), total).astype(f32)


def bits(x):
    return np.ascontiguousarray(x, f32).view(np.uint32)


def smaller(a, b):
    return np.where(a < b, a, b)


def larger(a, b):
    return np.where(a > b, a, b)


# Elementary functions (src/train/polynomials.h) ------------------------------------------------------------------------

HEADER = pathlib.Path(__file__).resolve().parents[2] / "src/train/polynomials.h"


def read_constants(text):
    """The header's `#define NAME number [+ number]`, as float32 or, with suffix u, uint32."""
    constants = {}
    for name, expression in re.findall(r"^#define ((?:TANH|EXP|LOG|SINCOS|SINE|COSINE)_\w+) +([^/\n]+)", text, re.MULTILINE):
        terms = [term.strip(" ()") for term in expression.split("+")]
        if terms[0].endswith("u"):
            constants[name] = np.uint32(int(terms[0][:-1], 0))
        else:
            numbers = [float.fromhex(term[:-1]) if "0x" in term else float(term.removesuffix("f")) for term in terms]
            constants[name] = f32(sum(numbers))
    return constants


C = read_constants(HEADER.read_text())


def polynomial(x, name, tail=()):
    """Horner's rule, from the highest of the coefficients name0, name1, ... down; `tail` are those without a name."""
    powers = sorted((int(key[len(name):]) for key in C if re.fullmatch(rf"{name}\d+", key)), reverse=True)
    result, *rest = [C[f"{name}{power}"] for power in powers] + [f32(c) for c in tail]
    for c in rest:
        result = fma(result, x, c)
    return result


def tanh(x):
    x = larger(-C["TANH_CLAMP"], smaller(C["TANH_CLAMP"], x))
    y = x * x
    p = polynomial(y, "TANH_P") * x
    q = fma(fma(y + C["TANH_Q2"], y, C["TANH_Q1"]), y, C["TANH_Q0"])
    return (p + p) * q / fma(p, p, q * q)


def exp_negative(x):
    x = larger(C["EXP_CLAMP"], x)
    t = fma(x, C["EXP_LOG2_E"], C["EXP_ROUND"])
    f = fma(-(t - C["EXP_ROUND"]), C["EXP_LN_2"], x)
    return polynomial(f, "EXP_C", (1, 1)) * (bits(t) << np.uint32(23)).view(f32)


def log(x):
    e = (bits(x) - C["LOG_TWO_THIRDS_BITS"]).view(np.int32) >> 23
    m = fma(x, (C["LOG_ONE_BITS"] - (e.view(np.uint32) << np.uint32(23))).view(f32), f32(-1))
    log_1_m = fma(polynomial(m, "LOG_C", (-0.5,)), m * m, m)
    return fma(e.astype(f32), C["LOG_LN_2"], log_1_m)


def sine_and_cosine(angle):
    """Of angle 2^-32 turns."""
    q = (angle + C["SINCOS_EIGHTH_TURN"]) >> np.uint32(30)
    f = (angle - (q << np.uint32(30))).view(np.int32).astype(f32) * f32(2**-30)
    z = f * f
    s = polynomial(z, "SINE_C") * f
    c = polynomial(z, "COSINE_C", (1,))
    odd = q % 2 == 1
    sine_sign = (q & np.uint32(2)) << np.uint32(30)
    cosine_sign = ((q + np.uint32(1)) & np.uint32(2)) << np.uint32(30)
    return (bits(np.where(odd, c, s)) ^ sine_sign).view(f32), (bits(np.where(odd, s, c)) ^ cosine_sign).view(f32)


# Random numbers ------------------------------------------------------------------------------------------------------


def philox(blocks, second, stream, seed, fourth=0):
    """Philox4x32-10: [blocks] first counter words -> [blocks, 4] random words."""
    low = np.uint64(0xFFFFFFFF)
    c = [np.asarray(blocks, np.uint64), np.asarray(second, np.uint64), np.uint64(stream), np.uint64(fourth)]
    key = [seed % 2**32, seed // 2**32]
    for _ in range(10):
        p, q = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(q >> np.uint64(32)) ^ c[1] ^ np.uint64(key[0]), q & low, (p >> np.uint64(32)) ^ c[3] ^ np.uint64(key[1]), p & low]
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return np.stack(np.broadcast_arrays(*c), axis=-1).astype(np.uint32)


def uniform(words):
    return fma((words >> np.uint32(8)).astype(f32), f32(2**-24), f32(2**-25))


def normals(seed, stream, second, first, count):
    """Standard normals number first ... first + count - 1 of a stream."""
    blocks = np.arange(first // 4, (first + count + 3) // 4)
    words = philox(blocks, second, stream, seed)
    radius = np.sqrt(f32(-2) * log(uniform(words[:, 0::2])))
    sine, cosine = sine_and_cosine(words[:, 1::2])
    numbers = np.stack([radius * cosine, radius * sine], axis=-1).reshape(-1)
    return numbers[first % 4 : first % 4 + count]


# What is drawn -------------------------------------------------------------------------------------------------------


def draw_data(A, b, n, data_seed):
    """[n, d] real rows."""
    A, b = np.asarray(A, f32), np.asarray(b, f32)
    d = len(b)
    X = normals(data_seed, DATA, 0, 0, n * d).reshape(n, d)
    rows = np.tile(b, (n, 1))
    for k in range(d):
        rows = fma(X[:, k : k + 1], A[k], rows)
    return rows


def draw_parameters(sizes, rule, stream, seed):
    """One (weights [out, in], biases [out]) for each layer."""
    layers = []
    for layer, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        weights, count = inputs * outputs, (inputs + 1) * outputs
        if rule == GLOROT:
            words = philox(np.arange((count + 3) // 4), layer, stream, seed).reshape(-1)[:count]
            values = f32(math.sqrt(6 / (inputs + outputs))) * fma(f32(2), uniform(words), f32(-1))
        else:
            values = normals(seed, stream, layer, 0, count) * f32(0.02)
        if rule != NORMAL:
            values[weights:] = 0
        layers.append((values[:weights].reshape(outputs, inputs), values[weights:]))
    return layers


def draw_order(shuffle_seed, epoch, n):
    """Row numbers in the order in which an epoch visits them."""
    draws = 4 if n <= 1625 else 2
    groups = -(-n // draws)
    halves = philox(np.arange((groups + 1) // 2), epoch, SHUFFLE, shuffle_seed).reshape(-1, 2).tolist()
    order = [0] * n
    for i in range(n):
        if i % draws == 0:
            r = halves[i // draws][0] + 2**32 * halves[i // draws][1]
        j, r = divmod(r * (i + 1), 2**64)
        order[i] = order[j]
        order[j] = i
    return order


def draw_latents(seed, epoch, first, count, latent_dim):
    """[count, latent_dim] latents of the positions first ... first + count - 1 of an epoch."""
    return normals(seed, LATENT, epoch, first * latent_dim, count * latent_dim).reshape(count, latent_dim)


# Training ------------------------------------------------------------------------------------------------------------


def forward(layers, x):
    """Inputs of every layer, and the last layer's output: arrays [examples, units]."""
    tape = [x]
    for number, (weights, biases) in enumerate(layers):
        t = np.tile(biases, (len(x), 1))
        for j in range(weights.shape[1]):
            t = fma(weights[:, j], tape[-1][:, j : j + 1], t)
        tape.append(tanh(t) if number + 1 < len(layers) else t)
    return tape


def backward(layers, tape, delta):
    """Yields, from the last layer to the first, each layer's input and dL/dt [examples, units], then (None, dL/dx)."""
    for number in reversed(range(len(layers))):
        weights, a = layers[number][0], tape[number]
        yield a, delta
        q = delta[:, :1] * weights[0]
        for i in range(1, len(weights)):
            q = fma(delta[:, i : i + 1], weights[i], q)
        delta = fma(-(q * a), a, q) if number > 0 else q
    yield None, delta


def add_gradients(gradients, passes):
    """Adds a batch's gradients, example after example; `gradients` as the layers."""
    for number, (a, delta) in zip(reversed(range(len(gradients))), passes):
        dw, db = gradients[number]
        for k in range(len(a)):
            dw = fma(delta[k][:, None], a[k], dw)
            db = db + delta[k]
        gradients[number] = (dw, db)


def softplus(z):
    """Sum over a batch of softplus(z), and sigmoid(z) of each example."""
    e = exp_negative(-np.abs(z))
    total, logarithms, product = f32(0), f32(0), f32(1)
    for k in range(len(z)):
        total = total + (f32(0) if z[k] < 0 else z[k])
        product = product * (f32(1) + e[k])
        if (k + 1) % EXAMPLES_A_LOGARITHM == 0 or k + 1 == len(z):
            logarithms = logarithms + log(product)
            product = f32(1)
    return f32(total + logarithms), np.where(z > 0, f32(1), e) / (f32(1) + e)


class Adam:
    def __init__(self, layers, lr, eps, eps_corrected):
        self.lr, self.eps_corrected = f32(lr), eps_corrected
        self.eps = f32(eps / math.sqrt(1 - BETA2))
        self.p = self.q = 1.0
        self.m = [tuple(np.zeros_like(w) for w in layer) for layer in layers]
        self.v = [tuple(np.zeros_like(w) for w in layer) for layer in layers]

    def update(self, layers, gradients):
        self.p *= BETA1
        self.q *= BETA2
        root = math.sqrt(1 - self.q)
        step = self.lr * f32(root / (1 - self.p) * ((1 - BETA1) / math.sqrt(1 - BETA2)))
        e = self.eps * f32(root) if self.eps_corrected else self.eps
        for i, gradient in enumerate(gradients):
            self.m[i] = tuple(without_subnormals(fma(f32(BETA1), m, g)) for m, g in zip(self.m[i], gradient))
            self.v[i] = tuple(fma(f32(BETA2), v, g * g) for v, g in zip(self.v[i], gradient))
            layers[i] = tuple(fma(-step, m / (np.sqrt(v) + e), w) for w, m, v in zip(layers[i], self.m[i], self.v[i]))


def zeros_like(layers):
    return [tuple(np.zeros_like(part) for part in layer) for layer in layers]


def sum_of(layers, others):
    return [tuple(a + b for a, b in zip(*pair)) for pair in zip(layers, others)]


def norm(layers):
    total = 0.0
    for value in flat(layers):
        total += float(value) * float(value)
    return math.sqrt(total)


def flat(layers):
    """All parameters in the order of the page: layer by layer, weights row-major, then biases."""
    return np.concatenate([part.reshape(-1) for layer in layers for part in layer])


class Trial:
    """The state of one trial. `settings` is a mapping of the experiment's words: A, b, n, generator, discriminator (hidden
    layers), convention, generator_loss, seed, data_seed, shuffle_seed, lr_D, lr_G, batch_size, latent_dim."""

    def __init__(self, settings):
        self.settings = s = settings
        d = len(s["b"])
        rule_D, rule_G, self.mean, eps, eps_corrected = CONVENTIONS[s["convention"]]
        self.minimax = {"non-saturating": False, "minimax": True}[s["generator_loss"]]
        self.rows = draw_data(s["A"], s["b"], s["n"], s["data_seed"])
        self.D = draw_parameters([d, *s["discriminator"], 1], rule_D, INIT_DISCRIMINATOR, s["seed"])
        self.G = draw_parameters([s["latent_dim"], *s["generator"], d], rule_G, INIT_GENERATOR, s["seed"])
        self.adam_D = Adam(self.D, s["lr_D"], eps, eps_corrected)
        self.adam_G = Adam(self.G, s["lr_G"], eps, eps_corrected)

    def step(self, real, Z):
        """One step on a batch of real rows and latents; returns the batch's losses."""
        m = len(real)
        s = f32(1) / f32(m) if self.mean else f32(1)
        h = f32(0.5) * s
        fake = forward(self.G, Z)[-1]

        gradients, sums = zeros_like(self.D), []
        for x, sign in ((real, f32(-1)), (fake, f32(1))):
            tape = forward(self.D, x)
            total, sigmoid = softplus(sign * tape[-1][:, 0])
            add_gradients(gradients, backward(self.D, tape, (sign * h * sigmoid)[:, None]))
            sums.append(total)
        loss_D = f32(0.5) * (sums[0] + sums[1])
        self.adam_D.update(self.D, gradients)

        tape = forward(self.D, fake)
        logit = tape[-1][:, 0]
        total, sigmoid = softplus(logit if self.minimax else -logit)
        *_, (_, delta) = backward(self.D, tape, (-s * sigmoid)[:, None])
        gradients = zeros_like(self.G)
        add_gradients(gradients, backward(self.G, forward(self.G, Z), delta))
        self.adam_G.update(self.G, gradients)
        return loss_D, -total if self.minimax else total

    def batches(self, epoch):
        """(real rows, latents) of each step of an epoch."""
        s = self.settings
        order = draw_order(s["shuffle_seed"], epoch, s["n"])
        for start in range(0, s["n"], s["batch_size"]):
            chosen = order[start : start + s["batch_size"]]
            yield self.rows[chosen], draw_latents(s["seed"], epoch, start, len(chosen), s["latent_dim"])

    def train(self, epochs):
        """Yields (epoch, loss_D, loss_G) after every step: the losses of the batch."""
        for epoch in range(epochs):
            for real, Z in self.batches(epoch):
                yield (epoch, *self.step(real, Z))

    def ending(self, count):
        """What the trained nets show on all real rows and on `count` samples: end_loss_D, end_loss_G, logit_spread, and
        the norms of both gradients, in double."""
        latent_dim, n = self.settings["latent_dim"], self.settings["n"]
        Z = normals(self.settings["seed"], SAMPLE, 0, 0, count * latent_dim).reshape(count, latent_dim)
        sums_D, sums_G = zeros_like(self.D), zeros_like(self.G)
        losses, first, second, loss_G, origin = [], [], [], 0.0, None
        for real in (True, False):
            total, logits, squares, of = 0.0, 0.0, 0.0, n if real else count
            for start in range(0, of, 64):
                z = None if real else Z[start : start + 64]
                x = self.rows[start : start + 64] if real else forward(self.G, z)[-1]
                tape = forward(self.D, x)
                logit = tape[-1][:, 0]
                origin = logit[0] if origin is None else origin
                for y in logit - origin:
                    logits, squares = logits + float(y), squares + float(y * y)
                sign = f32(-1) if real else f32(1)
                loss, sigmoid = softplus(sign * logit)
                total += float(loss)
                gradients = zeros_like(self.D)
                add_gradients(gradients, backward(self.D, tape, (sign * f32(0.5 / of) * sigmoid)[:, None]))
                sums_D = sum_of(sums_D, gradients)
                if not real:
                    loss, sigmoid = softplus(logit if self.minimax else -logit)
                    loss_G += float(-loss if self.minimax else loss)
                    *_, (_, delta) = backward(self.D, tape, (f32(-1 / of) * sigmoid)[:, None])
                    gradients = zeros_like(self.G)
                    add_gradients(gradients, backward(self.G, forward(self.G, z), delta))
                    sums_G = sum_of(sums_G, gradients)
            losses.append(total / of)
            first.append(logits / of)
            second.append(squares / of)
        mean, square = 0.5 * (first[0] + first[1]), 0.5 * (second[0] + second[1])
        spread = math.sqrt(max(square - mean * mean, 0.0))
        return [0.5 * (losses[0] + losses[1]), loss_G / count, spread, norm(sums_D), norm(sums_G)]

    def samples(self, count):
        latent_dim = self.settings["latent_dim"]
        Z = normals(self.settings["seed"], SAMPLE, 0, 0, count * latent_dim).reshape(count, latent_dim)
        return forward(self.G, Z)[-1]
