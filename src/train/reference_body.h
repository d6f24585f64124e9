/// The reference training, written once for float and double. The including file defines
///
///     REAL, REAL_SMALLEST (its smallest normal number), REFERENCE and REFERENCE_FROM (the functions' names), OBSERVE
///     (their observer's type), and static functions
///     of REAL: real_fma(a, b, c), real_sqrt(x), real_tanh(x), real_exp_negative(x), real_log(x)
#include <stdlib.h>
#include <string.h>

#include "train/convention.h"
#include "train/draws.h"

enum { LOSS_CHUNK = 64 };

typedef struct {
    gs_layers layers;
    REAL *parameter, *gradient, *first_moment, *second_moment; ///< [parameter_count]
    REAL *output[GS_MAX_HIDDEN_LAYERS + 1];                    ///< one example's outputs of each layer
} reference_network;

/// Sum of softplus over examples in order: the logarithms of up to 64 examples are taken as one, of their product, and
/// have a sum of their own.
typedef struct {
    REAL sum, logarithms, product;
    int64_t examples;
} softplus_sum;

/// a_i = tanh(b_i + sum_j w_ij x_j) in hidden layers, without tanh in the last.
static const REAL *forward(reference_network *net, const REAL *x) {
    const REAL *weight = net->parameter;
    for (int layer = 0; layer < net->layers.layer_count; layer++) {
        const int in = net->layers.size[layer], out = net->layers.size[layer + 1];
        const REAL *bias = weight + (ptrdiff_t)in * out;
        for (int i = 0; i < out; i++) {
            REAL t = bias[i];
            for (int j = 0; j < in; j++) {
                t = real_fma(weight[(ptrdiff_t)i * in + j], x[j], t);
            }
            net->output[layer][i] = layer + 1 < net->layers.layer_count ? real_tanh(t) : t;
        }
        x = net->output[layer];
        weight = bias + out;
    }
    return x;
}

/// Adds one example's dL/dw_ij = delta_i x_j and dL/db_i = delta_i to a layer's part of the gradient.
static void add_layer_gradient(const REAL *input, const REAL *delta, int in, int out, REAL *gradient) {
    REAL *bias_gradient = gradient + (ptrdiff_t)in * out;
    for (int i = 0; i < out; i++) {
        bias_gradient[i] += delta[i];
        for (int j = 0; j < in; j++) {
            REAL *g = &gradient[(ptrdiff_t)i * in + j];
            *g = real_fma(delta[i], input[j], *g);
        }
    }
}

/// Takes one example's dL/dlogit (or dL/dfake) back through the network, layer by layer from the last, where
/// delta_j = (sum_i delta_i w_ij) (1 - a_j^2) takes it through a layer. Leaves dL/dx in `delta`.
/// @param gradient  of all parameters, added to; NULL when only dL/dx is wanted
static void backward(reference_network *net, const REAL *x, REAL *delta, REAL *before, REAL *gradient) {
    ptrdiff_t at = (ptrdiff_t)net->layers.parameter_count;
    for (int layer = net->layers.layer_count - 1; layer >= 0; layer--) {
        const int in = net->layers.size[layer], out = net->layers.size[layer + 1];
        const REAL *input = layer > 0 ? net->output[layer - 1] : x;
        at -= (ptrdiff_t)out * (in + 1);
        const REAL *weight = net->parameter + at;
        if (gradient != NULL) {
            add_layer_gradient(input, delta, in, out, gradient + at);
        }
        for (int j = 0; j < in; j++) {
            REAL s = delta[0] * weight[j];
            for (int i = 1; i < out; i++) {
                s = real_fma(delta[i], weight[(ptrdiff_t)i * in + j], s);
            }
            before[j] = layer > 0 ? real_fma(-(s * input[j]), input[j], s) : s;
        }
        memcpy(delta, before, (size_t)in * sizeof(REAL));
    }
}

/// Adds softplus(z) = max(z, 0) + log(1 + exp(-|z|)) to a sum, and returns its derivative, the sigmoid of z.
static REAL softplus(REAL z, softplus_sum *loss) {
    const REAL magnitude = z < 0 ? -z : z;
    const REAL e = real_exp_negative(-magnitude);
    loss->product *= 1 + e;
    loss->sum += 0 > z ? 0 : z;
    if (++loss->examples % LOSS_CHUNK == 0) {
        loss->logarithms += real_log(loss->product);
        loss->product = 1;
    }
    return (z > 0 ? 1 : e) / (1 + e);
}

static REAL softplus_total(const softplus_sum *loss) {
    const bool flushed = loss->examples % LOSS_CHUNK == 0;
    return loss->sum + (flushed ? loss->logarithms : loss->logarithms + real_log(loss->product));
}

/// Adam in scaled moments: see convention.h.
static void adam(reference_network *net, REAL step, REAL epsilon) {
    for (int64_t i = 0; i < net->layers.parameter_count; i++) {
        const REAL g = net->gradient[i];
        const REAL moment = real_fma((REAL)GS_BETA1, net->first_moment[i], g);
        net->first_moment[i] = moment < REAL_SMALLEST && moment > -REAL_SMALLEST ? 0 : moment;
        net->second_moment[i] = real_fma((REAL)GS_BETA2, net->second_moment[i], g * g);
        const REAL ratio = net->first_moment[i] / (real_sqrt(net->second_moment[i]) + epsilon);
        net->parameter[i] = real_fma(-step, ratio, net->parameter[i]);
    }
}

static void clear_gradient(reference_network *net) {
    memset(net->gradient, 0, (size_t)net->layers.parameter_count * sizeof(REAL));
}

/// Everything that the training of one trial needs; `memory` holds all of its arrays.
typedef struct {
    reference_network D, G;
    float *rows;
    int64_t *order;
    REAL *real, *latent, *fake, *delta, *before;
    float *draws;
    void *memory[32];
    int allocations;
} reference_state;

static void *allocate(reference_state *s, size_t count, size_t size) {
    void *memory = calloc(count > 0 ? count : 1, size);
    s->memory[s->allocations++] = memory;
    return memory;
}

static void allocate_network(reference_state *s, reference_network *net) {
    const size_t count = (size_t)net->layers.parameter_count;
    net->parameter = allocate(s, count, sizeof(REAL));
    net->gradient = allocate(s, count, sizeof(REAL));
    net->first_moment = allocate(s, count, sizeof(REAL));
    net->second_moment = allocate(s, count, sizeof(REAL));
    size_t units = 0;
    for (int i = 0; i < net->layers.layer_count; i++) {
        units += (size_t)net->layers.size[i + 1];
    }
    REAL *outputs = allocate(s, units, sizeof(REAL));
    for (int i = 0; outputs != NULL && i < net->layers.layer_count; i++) {
        net->output[i] = outputs;
        outputs += net->layers.size[i + 1];
    }
}

static bool allocate_state(reference_state *s, const gs_experiment *experiment, const gs_settings *settings) {
    const size_t d = (size_t)experiment->data.dimension, n = (size_t)experiment->data.n;
    const size_t batch = (size_t)settings->batch_size, latent = (size_t)settings->latent_dim;
    memset(s, 0, sizeof *s);
    gs_discriminator_layers(experiment, &s->D.layers);
    gs_generator_layers(experiment, settings->latent_dim, &s->G.layers);
    allocate_network(s, &s->D);
    allocate_network(s, &s->G);
    s->rows = allocate(s, n * d, sizeof(float));
    s->order = allocate(s, n, sizeof(int64_t));
    s->real = allocate(s, d, sizeof(REAL));
    s->latent = allocate(s, batch * latent, sizeof(REAL));
    s->fake = allocate(s, batch * d, sizeof(REAL));
    s->delta = allocate(s, GS_MAX_LAYER_WIDTH, sizeof(REAL));
    s->before = allocate(s, GS_MAX_LAYER_WIDTH, sizeof(REAL));
    s->draws = allocate(s, batch * latent, sizeof(float));
    for (int i = 0; i < s->allocations; i++) {
        if (s->memory[i] == NULL) {
            return false;
        }
    }
    return true;
}

static void load(const float *from, REAL *to, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

/// beta1^t and beta2^t as running products in double.
typedef struct {
    double beta1_power, beta2_power;
} adam_clock;

/// One step on examples start ... start + count - 1 of the epoch's order, t the number of the step.
static void train_step(reference_state *s, const gs_experiment *experiment, const gs_settings *settings, uint32_t epoch,
                       int64_t start, int64_t count, adam_clock *clock, REAL *loss_D, REAL *loss_G) {
    const gs_convention_rule *rule = &gs_convention_rules[settings->convention];
    const int d = experiment->data.dimension;
    const int64_t latents = count * settings->latent_dim;
    const REAL scale = rule->mean_gradient ? (REAL)1 / (REAL)count : 1;
    const REAL half = (REAL)0.5 * scale;
    softplus_sum real = {0, 0, 1, 0}, fake = real, generator = real;

    clock->beta1_power *= GS_BETA1;
    clock->beta2_power *= GS_BETA2;
    const double corrected = sqrt(1.0 - clock->beta2_power);
    const REAL correction = (REAL)(corrected / (1.0 - clock->beta1_power) * ((1.0 - GS_BETA1) / sqrt(1.0 - GS_BETA2)));
    const REAL scaled = (REAL)(rule->epsilon / sqrt(1.0 - GS_BETA2));
    const REAL epsilon = rule->epsilon_bias_corrected ? scaled * (REAL)corrected : scaled;
    const REAL lr_D = (REAL)settings->lr_D, lr_G = (REAL)settings->lr_G;

    // fake = G(Z)
    gs_draw_normals((uint64_t)settings->seed, GS_STREAM_LATENT, epoch, (uint64_t)(start * settings->latent_dim),
                    (uint64_t)latents, s->draws);
    load(s->draws, s->latent, latents);
    for (int64_t k = 0; k < count; k++) {
        memcpy(s->fake + k * d, forward(&s->G, s->latent + k * settings->latent_dim), (size_t)d * sizeof(REAL));
    }

    // D: (BCE(D(real), 1) + BCE(D(fake), 0)) / 2, with dBCE/dlogit = -sigmoid(-logit) and sigmoid(logit).
    clear_gradient(&s->D);
    for (int64_t k = 0; k < count; k++) {
        load(s->rows + s->order[start + k] * d, s->real, d);
        s->delta[0] = -half * softplus(-*forward(&s->D, s->real), &real);
        backward(&s->D, s->real, s->delta, s->before, s->D.gradient);
    }
    for (int64_t k = 0; k < count; k++) {
        s->delta[0] = half * softplus(*forward(&s->D, s->fake + k * d), &fake);
        backward(&s->D, s->fake + k * d, s->delta, s->before, s->D.gradient);
    }
    *loss_D = (REAL)0.5 * (softplus_total(&real) + softplus_total(&fake));
    adam(&s->D, lr_D * correction, epsilon);

    // G: BCE(D(fake), 1) = softplus(-logit), or -BCE(D(fake), 0) = -softplus(logit).
    const bool minimax = settings->generator_loss == GS_MINIMAX;
    clear_gradient(&s->G);
    for (int64_t k = 0; k < count; k++) {
        const REAL logit = *forward(&s->D, s->fake + k * d);
        s->delta[0] = -scale * softplus(minimax ? logit : -logit, &generator);
        backward(&s->D, s->fake + k * d, s->delta, s->before, NULL);
        forward(&s->G, s->latent + k * settings->latent_dim);
        backward(&s->G, s->latent + k * settings->latent_dim, s->delta, s->before, s->G.gradient);
    }
    *loss_G = minimax ? -softplus_total(&generator) : softplus_total(&generator);
    adam(&s->G, lr_G * correction, epsilon);
}

/// Copies a network's parameters.
static void copy_parameters(const gs_layers *layers, const REAL *from, REAL *to) {
    memcpy(to, from, (size_t)layers->parameter_count * sizeof(REAL));
}

bool REFERENCE_FROM(const gs_experiment *experiment, const gs_settings *settings, int64_t steps, REAL *loss_D,
                    REAL *loss_G, REAL *D, REAL *G, OBSERVE observe, void *context) {
    const int64_t n = experiment->data.n;
    reference_state s;
    const bool allocated = allocate_state(&s, experiment, settings);
    if (allocated) {
        gs_draw_data(&experiment->data, (uint64_t)settings->data_seed, experiment->data.n, s.rows);
        copy_parameters(&s.D.layers, D, s.D.parameter);
        copy_parameters(&s.G.layers, G, s.G.parameter);
        adam_clock clock = {1.0, 1.0};
        int64_t step = 0;
        for (int64_t epoch = 0; epoch < settings->epochs && step != steps; epoch++) {
            double sum_D = 0, sum_G = 0;
            gs_draw_order((uint64_t)settings->shuffle_seed, (uint32_t)epoch, n, s.order);
            for (int64_t start = 0; start < n && step != steps; start += settings->batch_size) {
                const int64_t count = n - start < settings->batch_size ? n - start : settings->batch_size;
                REAL batch_D, batch_G;
                train_step(&s, experiment, settings, (uint32_t)epoch, start, count, &clock, &batch_D, &batch_G);
                sum_D += (double)batch_D;
                sum_G += (double)batch_G;
                step++;
                if (observe != NULL) {
                    observe(context, step, batch_D, batch_G, s.D.parameter, s.G.parameter, s.D.gradient, s.G.gradient);
                }
            }
            loss_D[epoch] = (REAL)(sum_D / (double)n);
            loss_G[epoch] = (REAL)(sum_G / (double)n);
        }
        copy_parameters(&s.D.layers, s.D.parameter, D);
        copy_parameters(&s.G.layers, s.G.parameter, G);
    }
    for (int i = 0; i < s.allocations; i++) {
        free(s.memory[i]);
    }
    return allocated;
}

/// Draws a network's initial parameters.
/// @return false when out of memory
static bool draw_parameters(const gs_layers *layers, uint64_t seed, gs_stream stream, gs_initialisation rule,
                            REAL *parameters) {
    float *draws = calloc((size_t)layers->parameter_count, sizeof(float));
    const bool drawn = draws != NULL;
    if (drawn) {
        gs_draw_parameters(seed, stream, layers, rule, draws);
        load(draws, parameters, (ptrdiff_t)layers->parameter_count);
    }
    free(draws);
    return drawn;
}

bool REFERENCE(const gs_experiment *experiment, const gs_settings *settings, int64_t steps, REAL *loss_D, REAL *loss_G,
               REAL *D, REAL *G, OBSERVE observe, void *context) {
    const gs_convention_rule *rule = &gs_convention_rules[settings->convention];
    const uint64_t seed = (uint64_t)settings->seed;
    gs_layers of_D, of_G;
    gs_discriminator_layers(experiment, &of_D);
    gs_generator_layers(experiment, settings->latent_dim, &of_G);
    return draw_parameters(&of_D, seed, GS_STREAM_INIT_DISCRIMINATOR, rule->discriminator, D) &&
           draw_parameters(&of_G, seed, GS_STREAM_INIT_GENERATOR, rule->generator, G) &&
           REFERENCE_FROM(experiment, settings, steps, loss_D, loss_G, D, G, observe, context);
}
