/// Second derivatives of both losses, row by row.
#include "check/jacobian.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/log_exp.h"

enum { MOST_LAYERS = 2 * (GS_MAX_HIDDEN_LAYERS + 1) };

/// Layers one behind the other, the last with one unit. A parameter's number counts from the first layer's on.
typedef struct {
    int layer_count;
    int size[MOST_LAYERS + 1];
    bool bends[MOST_LAYERS];           ///< whether tanh stands behind a layer
    int64_t before[MOST_LAYERS + 1];   ///< parameters of the layers before each
    int64_t unit[MOST_LAYERS + 1];     ///< units of the layers before each
    int64_t gradient[MOST_LAYERS + 1]; ///< where the gradients of a layer's units begin
    const double *parameters;
} chain;

/// Where second derivatives by parameters a and b are summed. The two players weigh a row differently, and a belongs to
/// the player whose gradient is differentiated.
typedef struct {
    int64_t of_generator; ///< parameters that are the generator's: the first
    int64_t stride;
    double *lower; ///< [a, b <= a] weighed by the player of a
    double *cross; ///< [a - of_generator, b of the generator] weighed by the generator: the derivative by b and then a
    double *field; ///< [a] first derivatives, weighed by the player of a
} sums;

/// A row's weight in the sums of each player.
typedef struct {
    double of_generator, of_discriminator;
} weight;

struct gs_jacobian {
    double *parameters; ///< of both networks as double
    double *value;      ///< [units] outputs
    double *slope;      ///< [units] derivative of the output by the sum s that goes in: 1 without tanh
    double *delta;      ///< [units] dy/ds
    double *input;      ///< [largest layer] the row
    double *gradients;  ///< of s by all parameters up to the unit's layer, layer by layer [units x parameters]
    double *lower, *cross, *field;
};

static chain chain_of(const gs_layers *first, const gs_layers *second, const double *parameters) {
    chain made = {.layer_count = 0, .parameters = parameters};
    const gs_layers *networks[] = {first, second};
    for (int k = 0; k < 2; k++) {
        for (int i = 0; networks[k] != NULL && i < networks[k]->layer_count; i++) {
            const int layer = made.layer_count++;
            const int64_t in = networks[k]->size[i];
            const int64_t out = networks[k]->size[i + 1];
            made.size[layer] = (int)in;
            made.size[layer + 1] = (int)out;
            made.bends[layer] = i + 1 < networks[k]->layer_count;
            made.before[layer + 1] = made.before[layer] + out * (in + 1);
            made.unit[layer + 1] = made.unit[layer] + out;
            made.gradient[layer + 1] = made.gradient[layer] + out * made.before[layer + 1];
        }
    }
    return made;
}

gs_status gs_jacobian_create(const gs_layers *generator, const gs_layers *discriminator, gs_jacobian **scratch,
                             gs_error *error) {
    const int64_t parameter_count = generator->parameter_count + discriminator->parameter_count;
    if (parameter_count > GS_JACOBIAN_MAX_PARAMETERS) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "check: generator and discriminator have %lld parameters; expected at most %d for a Jacobian",
                       (long long)parameter_count, GS_JACOBIAN_MAX_PARAMETERS);
    }
    const chain largest = chain_of(generator, discriminator, NULL);
    const size_t units = (size_t)largest.unit[largest.layer_count];
    const size_t gradients = (size_t)largest.gradient[largest.layer_count];
    const size_t of_generator = (size_t)generator->parameter_count;
    const size_t of_discriminator = (size_t)discriminator->parameter_count;
    const size_t all = (size_t)parameter_count;
    size_t widest = 0;
    for (int i = 0; i <= largest.layer_count; i++) {
        widest = (size_t)largest.size[i] > widest ? (size_t)largest.size[i] : widest;
    }
    gs_jacobian *created = calloc(1, sizeof *created);
    double *memory =
        calloc(2 * all + 3 * units + widest + gradients + all * all + of_discriminator * of_generator, sizeof *memory);
    if (created == NULL || memory == NULL) {
        free(memory);
        free(created);
        return gs_fail(error, GS_ERROR_RUN, "check: out of memory for the Jacobian of %lld parameters",
                       (long long)parameter_count);
    }
    created->parameters = memory;
    created->field = created->parameters + all;
    created->value = created->field + all;
    created->slope = created->value + units;
    created->delta = created->slope + units;
    created->input = created->delta + units;
    created->gradients = created->input + widest;
    created->lower = created->gradients + gradients;
    created->cross = created->lower + all * all;
    *scratch = created;
    return GS_OK;
}

void gs_jacobian_free(gs_jacobian *scratch) {
    if (scratch != NULL) {
        free(scratch->parameters);
        free(scratch);
    }
}

static bool all_finite(const float *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return false;
        }
    }
    return true;
}

/// sum += factor values
static void add_multiple(double *restrict sum, double factor, const double *restrict values, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        sum[i] += factor * values[i];
    }
}

/// tanh(s) and its derivative, which keeps its digits where tanh is nearly 1.
static void bend(double s, double *value, double *slope) {
    const double e = gs_exp(-2.0 * fabs(s));
    const double magnitude = (1.0 - e) / (1.0 + e);
    *value = s < 0 ? -magnitude : magnitude;
    *slope = 4.0 * e / ((1.0 + e) * (1.0 + e));
}

/// Outputs and slopes of all units.
/// @return y
static double forward(const gs_jacobian *scratch, const chain *layers) {
    const double *input = scratch->input;
    for (int layer = 0; layer < layers->layer_count; layer++) {
        const int in = layers->size[layer];
        const int out = layers->size[layer + 1];
        const double *weights = layers->parameters + layers->before[layer];
        const double *biases = weights + (int64_t)in * out;
        double *value = scratch->value + layers->unit[layer];
        double *slope = scratch->slope + layers->unit[layer];
        for (int i = 0; i < out; i++) {
            double s = biases[i];
            for (int j = 0; j < in; j++) {
                s += weights[(int64_t)i * in + j] * input[j];
            }
            value[i] = s;
            slope[i] = 1;
            if (layers->bends[layer]) {
                bend(s, &value[i], &slope[i]);
            }
        }
        input = value;
    }
    return input[0];
}

/// Gradients of every unit's sum s by all parameters up to its own layer.
static void carry_gradients(const gs_jacobian *scratch, const chain *layers) {
    for (int layer = 0; layer < layers->layer_count; layer++) {
        const int in = layers->size[layer];
        const int out = layers->size[layer + 1];
        const int64_t before = layers->before[layer];
        const int64_t length = layers->before[layer + 1];
        const double *weights = layers->parameters + before;
        const bool first = layer == 0;
        const double *value = first ? scratch->input : scratch->value + layers->unit[layer - 1];
        const double *slope = first ? NULL : scratch->slope + layers->unit[layer - 1];
        const double *inner = first ? NULL : scratch->gradients + layers->gradient[layer - 1];
        for (int i = 0; i < out; i++) {
            double *gradient = scratch->gradients + layers->gradient[layer] + i * length;
            memset(gradient, 0, (size_t)length * sizeof *gradient);
            for (int j = 0; j < in; j++) {
                if (!first) {
                    add_multiple(gradient, weights[(int64_t)i * in + j] * slope[j], inner + j * before, before);
                }
                gradient[before + (int64_t)i * in + j] = value[j];
            }
            gradient[before + (int64_t)in * out + i] = 1;
        }
    }
}

/// delta = dy/ds of every unit.
static void backward(const gs_jacobian *scratch, const chain *layers) {
    const int last = layers->layer_count - 1;
    scratch->delta[layers->unit[last]] = 1;
    for (int layer = last; layer > 0; layer--) {
        const int in = layers->size[layer];
        const int out = layers->size[layer + 1];
        const double *weights = layers->parameters + layers->before[layer];
        const double *delta = scratch->delta + layers->unit[layer];
        const double *slope = scratch->slope + layers->unit[layer - 1];
        double *inner = scratch->delta + layers->unit[layer - 1];
        for (int j = 0; j < in; j++) {
            double by_output = 0;
            for (int i = 0; i < out; i++) {
                by_output += weights[(int64_t)i * in + j] * delta[i];
            }
            inner[j] = by_output * slope[j];
        }
    }
}

/// Adds weight factor u, u [length], to row a of the sums.
static void add_row(const sums *to, int64_t a, weight of_row, double factor, const double *u, int64_t length) {
    const double own = a < to->of_generator ? of_row.of_generator : of_row.of_discriminator;
    add_multiple(to->lower + a * to->stride, own * factor, u, length);
    if (a >= to->of_generator) {
        const int64_t shared = length < to->of_generator ? length : to->of_generator;
        add_multiple(to->cross + (a - to->of_generator) * to->of_generator, of_row.of_generator * factor, u, shared);
    }
}

/// Adds weight factor u u^T, u [length].
static void add_square(const sums *to, weight of_row, double factor, const double *u, int64_t length) {
    for (int64_t a = 0; a < length; a++) {
        if (u[a] != 0) { // most of what belongs to other units of the same layer
            add_row(to, a, of_row, factor * u[a], u, a + 1);
        }
    }
}

/// Adds the first and second derivatives of weight loss(y) for one row.
/// @param first, second  the players' loss'(y) and loss''(y) times the row's share in the mean
static void add_derivatives(const gs_jacobian *scratch, const chain *layers, weight first, weight second,
                            const sums *to) {
    const int last = layers->layer_count - 1;
    const double *of_y = scratch->gradients + layers->gradient[last];
    const int64_t all = layers->before[last + 1];
    add_multiple(to->field, first.of_generator, of_y, to->of_generator);
    add_multiple(to->field + to->of_generator, first.of_discriminator, of_y + to->of_generator, all - to->of_generator);
    add_square(to, second, 1, of_y, all);
    for (int layer = 0; layer < last; layer++) {
        const int64_t length = layers->before[layer + 1];
        const int units = layers->size[layer + 1];
        const int out = layers->size[layer + 2];
        const double *value = scratch->value + layers->unit[layer];
        const double *slope = scratch->slope + layers->unit[layer];
        const double *delta = scratch->delta + layers->unit[layer];
        const double *outer = scratch->delta + layers->unit[layer + 1];
        for (int j = 0; j < units; j++) {
            const double *gradient = scratch->gradients + layers->gradient[layer] + j * length;
            if (layers->bends[layer]) { // tanh'' / tanh' = -2 tanh
                add_square(to, first, -2.0 * value[j] * delta[j], gradient, length);
            }
            for (int i = 0; i < out; i++) {
                add_row(to, length + (int64_t)i * units + j, first, outer[i] * slope[j], gradient, length);
            }
        }
    }
}

/// 1 / (1 + exp(-y)), and its derivative.
static void logistic(double y, double *probability, double *slope) {
    const double e = gs_exp(-fabs(y));
    *probability = (y < 0 ? e : 1.0) / (1.0 + e);
    *slope = e / ((1.0 + e) * (1.0 + e));
}

static void load_row(const gs_jacobian *scratch, const float *row, int count) {
    for (int i = 0; i < count; i++) {
        scratch->input[i] = (double)row[i];
    }
}

/// Real rows: softplus(-y) / 2 for the discriminator.
static void add_real_rows(const gs_jacobian *scratch, const gs_game *game, const sums *to) {
    const int64_t g = to->of_generator;
    const chain layers = chain_of(game->discriminator_layers, NULL, scratch->parameters + g);
    const sums of_discriminator = {
        .stride = to->stride, .lower = to->lower + g * to->stride + g, .field = to->field + g};
    const double share = 0.5 / (double)game->real_count;
    for (int64_t row = 0; row < game->real_count; row++) {
        load_row(scratch, game->real + row * layers.size[0], layers.size[0]);
        double p = 0;
        double slope = 0;
        logistic(-forward(scratch, &layers), &p, &slope);
        carry_gradients(scratch, &layers);
        backward(scratch, &layers);
        add_derivatives(scratch, &layers, (weight){0, -share * p}, (weight){0, share * slope}, &of_discriminator);
    }
}

/// Latents: softplus(y) / 2 for the discriminator; softplus(-y) or -softplus(y) for the generator.
static void add_latents(const gs_jacobian *scratch, const gs_game *game, const sums *to) {
    const chain layers = chain_of(game->generator_layers, game->discriminator_layers, scratch->parameters);
    const bool minimax = game->generator_loss == GS_MINIMAX;
    const double share = 1.0 / (double)game->latent_count;
    for (int64_t row = 0; row < game->latent_count; row++) {
        load_row(scratch, game->latents + row * layers.size[0], layers.size[0]);
        double p = 0;
        double slope = 0;
        const double y = forward(scratch, &layers);
        logistic(y, &p, &slope);
        double q = 0;
        double same_slope = 0;
        logistic(-y, &q, &same_slope);
        carry_gradients(scratch, &layers);
        backward(scratch, &layers);
        const weight first = {-share * (minimax ? p : q), 0.5 * share * p};
        const weight second = {minimax ? -share * slope : share * slope, 0.5 * share * slope};
        add_derivatives(scratch, &layers, first, second, to);
    }
}

/// Signs are turned: the field is minus the gradients.
static void unfold(const sums *of, int64_t all, double *jacobian) {
    const int64_t g = of->of_generator;
    for (int64_t a = 0; a < all; a++) {
        for (int64_t b = 0; b <= a; b++) {
            const double lower = of->lower[a * of->stride + b];
            const bool crosses = a >= g && b < g;
            jacobian[a * all + b] = -lower;
            jacobian[b * all + a] = crosses ? -of->cross[(a - g) * g + b] : -lower;
        }
    }
}

static void set_nan(double *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        values[i] = NAN;
    }
}

void gs_game_jacobian(gs_jacobian *scratch, const gs_game *game, double *field, double *jacobian) {
    const int64_t g = game->generator_layers->parameter_count;
    const int64_t d = game->discriminator_layers->parameter_count;
    const int64_t all = g + d;
    if (!all_finite(game->generator, g) || !all_finite(game->discriminator, d) ||
        !all_finite(game->latents, game->latent_count * game->generator_layers->size[0]) ||
        !all_finite(game->real, game->real_count * game->discriminator_layers->size[0])) {
        set_nan(jacobian, all * all);
        if (field != NULL) {
            set_nan(field, all);
        }
        return;
    }
    for (int64_t i = 0; i < all; i++) {
        scratch->parameters[i] = (double)(i < g ? game->generator[i] : game->discriminator[i - g]);
    }
    const sums to = {
        .of_generator = g, .stride = all, .lower = scratch->lower, .cross = scratch->cross, .field = scratch->field};
    memset(to.lower, 0, (size_t)(all * all) * sizeof *to.lower);
    memset(to.cross, 0, (size_t)(d * g) * sizeof *to.cross);
    memset(to.field, 0, (size_t)all * sizeof *to.field);
    add_real_rows(scratch, game, &to);
    add_latents(scratch, game, &to);
    unfold(&to, all, jacobian);
    for (int64_t i = 0; i < all && field != NULL; i++) {
        field[i] = -to.field[i];
    }
}
