/// The reference training, written once for float and double. The including file defines
///
///     REAL, REAL_SMALLEST (its smallest normal number), REFERENCE, REFERENCE_FROM and REFERENCE_END (the functions'
///     names), OBSERVE (their observer's type), and static functions
///     of REAL: real_fma(a, b, c), real_sqrt(x), real_tanh(x), real_exp_negative(x), real_log(x)
#include <stdlib.h>
#include <string.h>

#include "train/convention.h"
#include "train/draws.h"

enum { LOSS_CHUNK = 64, END_CHUNK = 64 };

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

/// @return whether everything had been allocated
static bool free_state(reference_state *s) {
    bool complete = true;
    for (int i = 0; i < s->allocations; i++) {
        complete = complete && s->memory[i] != NULL;
        free(s->memory[i]);
    }
    return complete;
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
    (void)free_state(&s);
    return allocated;
}

/// One law's examples and the trained nets: see REFERENCE_END.
typedef struct {
    double loss, logit, squared;
} law_sums;

/// Adds one chunk's gradient, and clears it for the next.
static void add_chunk(reference_network *net, REAL *sum) {
    for (int64_t i = 0; i < net->layers.parameter_count; i++) {
        sum[i] += net->gradient[i];
    }
    clear_gradient(net);
}

static double norm_of(const REAL *gradient, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += (double)gradient[i] * (double)gradient[i];
    }
    return sqrt(sum);
}

static void add_logit(REAL from_origin, law_sums *sums) {
    sums->logit += (double)from_origin;
    sums->squared += (double)(from_origin * from_origin);
}

/// The trained discriminator on the real rows.
static REAL end_on_real_rows(reference_state *s, int64_t n, int d, REAL *sum_D, law_sums *sums) {
    const REAL scale = (REAL)(-0.5 / (double)n);
    REAL origin = 0;
    for (int64_t start = 0; start < n; start += END_CHUNK) {
        softplus_sum loss = {0, 0, 1, 0};
        for (int64_t k = start; k < n && k < start + END_CHUNK; k++) {
            load(s->rows + k * d, s->real, d);
            const REAL logit = *forward(&s->D, s->real);
            origin = k == 0 ? logit : origin;
            add_logit(logit - origin, sums);
            s->delta[0] = scale * softplus(-logit, &loss);
            backward(&s->D, s->real, s->delta, s->before, s->D.gradient);
        }
        sums->loss += (double)softplus_total(&loss);
        add_chunk(&s->D, sum_D);
    }
    return origin;
}

/// Both trained nets on `count` samples, of which each is made from latents of its own.
static void end_on_samples(reference_state *s, const gs_settings *settings, int64_t count, REAL origin, REAL *sum_D,
                           REAL *sum_G, law_sums *sums, double *loss_G) {
    const bool minimax = settings->generator_loss == GS_MINIMAX;
    const REAL half = (REAL)(0.5 / (double)count), whole = (REAL)(-1.0 / (double)count);
    const int64_t latent = settings->latent_dim;
    for (int64_t start = 0; start < count; start += END_CHUNK) {
        softplus_sum fake = {0, 0, 1, 0}, generator = fake;
        for (int64_t k = start; k < count && k < start + END_CHUNK; k++) {
            gs_draw_normals((uint64_t)settings->seed, GS_STREAM_SAMPLE, 0, (uint64_t)(k * latent), (uint64_t)latent,
                            s->draws);
            load(s->draws, s->latent, latent);
            const REAL *sample = forward(&s->G, s->latent);
            const REAL logit = *forward(&s->D, sample);
            add_logit(logit - origin, sums);
            s->delta[0] = half * softplus(logit, &fake);
            backward(&s->D, sample, s->delta, s->before, s->D.gradient);
            s->delta[0] = whole * softplus(minimax ? logit : -logit, &generator);
            backward(&s->D, sample, s->delta, s->before, NULL);
            backward(&s->G, s->latent, s->delta, s->before, s->G.gradient);
        }
        sums->loss += (double)softplus_total(&fake);
        *loss_G += (double)(minimax ? -softplus_total(&generator) : softplus_total(&generator));
        add_chunk(&s->D, sum_D);
        add_chunk(&s->G, sum_G);
    }
}

bool REFERENCE_END(const gs_experiment *experiment, const gs_settings *settings, const REAL *D, const REAL *G,
                   gs_ending *ending) {
    const int64_t n = experiment->data.n, samples = experiment->check_samples;
    reference_state s;
    if (allocate_state(&s, experiment, settings)) {
        law_sums real = {0, 0, 0}, fake = real;
        double loss_G = 0;
        gs_draw_data(&experiment->data, (uint64_t)settings->data_seed, n, s.rows);
        copy_parameters(&s.D.layers, D, s.D.parameter);
        copy_parameters(&s.G.layers, G, s.G.parameter);
        // Adam's moments have no use here: their room takes the gradients' sums.
        const REAL origin = end_on_real_rows(&s, n, experiment->data.dimension, s.D.first_moment, &real);
        end_on_samples(&s, settings, samples, origin, s.D.first_moment, s.G.first_moment, &fake, &loss_G);
        const double mean = 0.5 * (real.logit / (double)n + fake.logit / (double)samples);
        const double variance = 0.5 * (real.squared / (double)n + fake.squared / (double)samples) - mean * mean;
        *ending = (gs_ending){.loss_D = 0.5 * (real.loss / (double)n + fake.loss / (double)samples),
                              .loss_G = loss_G / (double)samples,
                              .logit_spread = variance < 0 ? 0 : sqrt(variance),
                              .gradient_norm_D = norm_of(s.D.first_moment, s.D.layers.parameter_count),
                              .gradient_norm_G = norm_of(s.G.first_moment, s.G.layers.parameter_count)};
    }
    return free_state(&s);
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
