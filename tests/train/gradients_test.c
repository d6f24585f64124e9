/// Gradients of both updates against differences of the losses, in double, for random shapes, conventions, losses,
/// batch sizes and sizes of the parameters, from nets that hardly bend to nets whose units are saturated.
///
/// The oracle is a loss function of its own, written here from the definition: binary cross-entropy from logits by
/// log1p and exp, summed or averaged over the batch. Its central differences at two distances are extrapolated
/// (Richardson), so that they are good to about ten digits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "train/draws.h"
#include "train/reference.h"
#include "train/trainer_test.h"

enum { SUBJECTS = 60, STEPS = 3, WIDTH_MAX = 8, PARAMETERS_MAX = 512, BATCH_MAX = 12, DIMENSION_MAX = 4 };
#define TOLERANCE 1e-7 // relative to the largest component of the gradient ...
#define ROUNDING 1e-15 // ... and that of a loss of order 1, which its differences divide by their distance
#define SATURATED 0.99

/// One random trial, and what its reference training did step by step.
typedef struct {
    gs_experiment experiment;
    gs_settings settings;
    gs_layers D, G;
    double A[DIMENSION_MAX * DIMENSION_MAX], b[DIMENSION_MAX];
    double scale; ///< of the initial parameters
    int steps;
    double before_D[STEPS + 1][PARAMETERS_MAX], before_G[STEPS + 1][PARAMETERS_MAX]; ///< parameters before each step
    double gradient_D[STEPS][PARAMETERS_MAX], gradient_G[STEPS][PARAMETERS_MAX];
    double loss_D[STEPS], loss_G[STEPS];
} subject;

static int below(uint64_t *random, int count) {
    return (int)(test_mix(random) % (uint64_t)count);
}

static double uniform(uint64_t *random, double low, double high) {
    return low + (high - low) * (double)(test_mix(random) >> 11) * 0x1p-53;
}

static void random_network(uint64_t *random, gs_network *network) {
    network->hidden_count = below(random, 4);
    for (int i = 0; i < network->hidden_count; i++) {
        network->hidden[i] = 1 + below(random, WIDTH_MAX);
    }
}

static void random_subject(uint64_t *random, double scale, subject *s) {
    memset(s, 0, sizeof *s);
    gs_data_law *data = &s->experiment.data;
    data->dimension = 1 + below(random, DIMENSION_MAX);
    data->n = 4 + below(random, 20);
    data->A = s->A;
    data->b = s->b;
    for (int i = 0; i < data->dimension * data->dimension; i++) {
        s->A[i] = uniform(random, -1.5, 1.5);
    }
    for (int i = 0; i < data->dimension; i++) {
        s->b[i] = uniform(random, -2, 2);
    }
    random_network(random, &s->experiment.generator);
    random_network(random, &s->experiment.discriminator);
    const int64_t batch = 1 + below(random, BATCH_MAX);
    s->settings = (gs_settings){
        .seed = (int64_t)(test_mix(random) >> 1),
        .data_seed = (int64_t)(test_mix(random) >> 1),
        .shuffle_seed = (int64_t)(test_mix(random) >> 1),
        .lr_G = 0.02,
        .lr_D = 0.05,
        .convention = (gs_convention)below(random, GS_CONVENTION_COUNT),
        .generator_loss = (gs_generator_loss)below(random, GS_GENERATOR_LOSS_COUNT),
        .batch_size = batch < data->n ? batch : data->n,
        .latent_dim = 1 + below(random, DIMENSION_MAX),
        .epochs = 1,
    };
    gs_discriminator_layers(&s->experiment, &s->D);
    gs_generator_layers(&s->experiment, s->settings.latent_dim, &s->G);
    assert_true(s->D.parameter_count <= PARAMETERS_MAX && s->G.parameter_count <= PARAMETERS_MAX);
    s->scale = scale;
    for (int i = 0; i < s->D.parameter_count; i++) {
        s->before_D[0][i] = uniform(random, -scale, scale);
    }
    for (int i = 0; i < s->G.parameter_count; i++) {
        s->before_G[0][i] = uniform(random, -scale, scale);
    }
}

static void note(void *context, int64_t step, double loss_D, double loss_G, const double *D, const double *G,
                 const double *gradient_D, const double *gradient_G) {
    subject *s = context;
    const size_t bytes_D = (size_t)s->D.parameter_count * sizeof(double);
    const size_t bytes_G = (size_t)s->G.parameter_count * sizeof(double);
    s->loss_D[step - 1] = loss_D;
    s->loss_G[step - 1] = loss_G;
    memcpy(s->before_D[step], D, bytes_D);
    memcpy(s->before_G[step], G, bytes_G);
    memcpy(s->gradient_D[step - 1], gradient_D, bytes_D);
    memcpy(s->gradient_G[step - 1], gradient_G, bytes_G);
    s->steps = (int)step;
}

static void train(subject *s) {
    double D[PARAMETERS_MAX], G[PARAMETERS_MAX], loss_D, loss_G;
    memcpy(D, s->before_D[0], sizeof D);
    memcpy(G, s->before_G[0], sizeof G);
    assert_true(gs_reference_double_from(&s->experiment, &s->settings, STEPS, &loss_D, &loss_G, D, G, note, s));
    assert_memory_equal(D, s->before_D[s->steps], (size_t)s->D.parameter_count * sizeof(double));
    assert_memory_equal(G, s->before_G[s->steps], (size_t)s->G.parameter_count * sizeof(double));
}

// The losses, from their definition -----------------------------------------------------------------------------------

/// The batch of one step.
typedef struct {
    int count;
    double real[BATCH_MAX][DIMENSION_MAX], latent[BATCH_MAX][DIMENSION_MAX];
} batch;

static batch batch_of(const subject *s, int step) {
    const int64_t n = s->experiment.data.n, d = s->experiment.data.dimension, latent_dim = s->settings.latent_dim;
    const int64_t start = step * s->settings.batch_size;
    float rows[24 * DIMENSION_MAX], Z[BATCH_MAX * DIMENSION_MAX];
    int64_t order[24];
    batch result = {.count = (int)(n - start < s->settings.batch_size ? n - start : s->settings.batch_size)};
    gs_draw_data(&s->experiment.data, (uint64_t)s->settings.data_seed, s->experiment.data.n, rows);
    gs_draw_order((uint64_t)s->settings.shuffle_seed, 0, n, order);
    gs_draw_normals((uint64_t)s->settings.seed, GS_STREAM_LATENT, 0, (uint64_t)(start * latent_dim),
                    (uint64_t)(result.count * latent_dim), Z);
    for (int k = 0; k < result.count; k++) {
        for (int j = 0; j < d; j++) {
            result.real[k][j] = (double)rows[order[start + k] * d + j];
        }
        for (int j = 0; j < latent_dim; j++) {
            result.latent[k][j] = (double)Z[k * latent_dim + j];
        }
    }
    return result;
}

/// How many hidden units were computed, and how many of them came out saturated.
typedef struct {
    long units, saturated;
} saturation;

static void evaluate(const gs_layers *layers, const double *parameters, const double *x, double *result,
                     saturation *seen) {
    double a[WIDTH_MAX + 1], next[WIDTH_MAX + 1];
    memcpy(a, x, (size_t)layers->size[0] * sizeof(double));
    for (int layer = 0; layer < layers->layer_count; layer++) {
        const int in = layers->size[layer], out = layers->size[layer + 1];
        const double *W = parameters, *biases = parameters + in * out;
        for (int i = 0; i < out; i++) {
            double sum = 0;
            for (int j = 0; j < in; j++) {
                sum += W[i * in + j] * a[j];
            }
            next[i] = sum + biases[i];
            if (layer + 1 < layers->layer_count) {
                next[i] = tanh(next[i]);
                seen->units++;
                seen->saturated += fabs(next[i]) > SATURATED;
            }
        }
        memcpy(a, next, (size_t)out * sizeof(double));
        parameters = biases + out;
    }
    memcpy(result, a, (size_t)layers->size[layers->layer_count] * sizeof(double));
}

/// -log of the probability that the logit gives to `label`, 0 or 1.
static double cross_entropy(double logit, int label) {
    const double against = label == 1 ? -logit : logit;
    return against > 0 ? against + log1p(exp(-against)) : log1p(exp(against));
}

static double D_of_fake(const subject *s, const double *D, const double *G, const double *latent, saturation *seen) {
    double fake[WIDTH_MAX + 1], logit;
    evaluate(&s->G, G, latent, fake, seen);
    evaluate(&s->D, D, fake, &logit, seen);
    return logit;
}

/// (BCE(D(real), 1) + BCE(D(fake), 0)) / 2, summed over the batch.
static double sum_D(const subject *s, const batch *of, const double *D, const double *G, saturation *seen) {
    double sum = 0;
    for (int k = 0; k < of->count; k++) {
        double logit;
        evaluate(&s->D, D, of->real[k], &logit, seen);
        sum += (cross_entropy(logit, 1) + cross_entropy(D_of_fake(s, D, G, of->latent[k], seen), 0)) / 2;
    }
    return sum;
}

/// BCE(D(fake), 1), or -BCE(D(fake), 0) for minimax, summed over the batch.
static double sum_G(const subject *s, const batch *of, const double *D, const double *G, saturation *seen) {
    double sum = 0;
    for (int k = 0; k < of->count; k++) {
        const double logit = D_of_fake(s, D, G, of->latent[k], seen);
        sum += s->settings.generator_loss == GS_MINIMAX ? -cross_entropy(logit, 0) : cross_entropy(logit, 1);
    }
    return sum;
}

// Differences ---------------------------------------------------------------------------------------------------------

typedef double loss_sum(const subject *s, const batch *of, const double *D, const double *G, saturation *seen);

/// How much the layers after a parameter enlarge what happens at it, roughly: a change of the parameter, so that slopes
/// change over shorter distances, and rounding.
static double enlargement(const subject *s) {
    return (1 + s->scale) * (1 + s->scale);
}

static double distance_of(const subject *s) {
    return 1e-3 / enlargement(s);
}

/// Derivative of a loss by one parameter, which is put back.
static double derivative(loss_sum *loss, const subject *s, const batch *of, const double *D, const double *G,
                         double *w) {
    saturation ignored = {0, 0};
    const double at = *w;
    double slope[2];
    for (int i = 0; i < 2; i++) {
        const double h = distance_of(s) / (i + 1);
        *w = at + h;
        const double above = loss(s, of, D, G, &ignored);
        *w = at - h;
        const double below_it = loss(s, of, D, G, &ignored);
        slope[i] = (above - below_it) / (2 * h);
    }
    *w = at;
    return (4 * slope[1] - slope[0]) / 3;
}

/// Compares a gradient with the differences of a loss.
/// @param parameters  those of D or G that are varied
/// @param scale  1, or 1 / count for the mean over the batch
/// @return the largest error as a share of what is allowed
static double compare(loss_sum *loss, const subject *s, const batch *of, const double *D, const double *G,
                      double *parameters, int64_t count, const double *gradient, double scale) {
    double largest = 0, error = 0;
    for (int64_t i = 0; i < count; i++) {
        const double difference = fabs(derivative(loss, s, of, D, G, &parameters[i]) * scale - gradient[i]);
        error = difference > error || isnan(difference) ? difference : error;
        largest = fabs(gradient[i]) > largest ? fabs(gradient[i]) : largest;
    }
    const double at = fabs(loss(s, of, D, G, &(saturation){0, 0}));
    const double rounding = ROUNDING * enlargement(s) * (1 + at) / distance_of(s);
    return error / (TOLERANCE * largest + rounding);
}

/// Both gradients and losses of one step.
static double compare_step(subject *s, int step, saturation *seen) {
    const batch of = batch_of(s, step);
    const double scale = s->settings.convention == GS_MXNET ? 1.0 / of.count : 1.0;
    double *D = s->before_D[step], *updated_D = s->before_D[step + 1], *G = s->before_G[step];
    const double loss_D = sum_D(s, &of, D, G, seen), loss_G = sum_G(s, &of, updated_D, G, seen);
    assert_true(fabs(s->loss_D[step] - loss_D) <= 1e-12 * (1 + fabs(loss_D)));
    assert_true(fabs(s->loss_G[step] - loss_G) <= 1e-12 * (1 + fabs(loss_G)));
    const double error_D = compare(sum_D, s, &of, D, G, D, s->D.parameter_count, s->gradient_D[step], scale);
    const double error_G = compare(sum_G, s, &of, updated_D, G, G, s->G.parameter_count, s->gradient_G[step], scale);
    return error_D > error_G || isnan(error_D) ? error_D : error_G;
}

/// Random trials of one scale of their initial parameters.
/// @return share of hidden units that came out saturated
static double compare_subjects(double scale) {
    uint64_t random = 20230817;
    saturation seen = {0, 0};
    double worst = 0;
    int steps = 0, short_batches = 0;
    static subject s;
    for (int i = 0; i < SUBJECTS; i++) {
        random_subject(&random, scale, &s);
        train(&s);
        for (int step = 0; step < s.steps; step++) {
            const double error = compare_step(&s, step, &seen);
            worst = error > worst || isnan(error) ? error : worst;
            short_batches += batch_of(&s, step).count < s.settings.batch_size;
        }
        steps += s.steps;
    }
    const double share = (double)seen.saturated / (double)seen.units;
    print_message("parameters up to %g: %d trials, %d steps (%d on a short batch), %.0f %% of units beyond %g: largest "
                  "error %.2g of what is allowed\n",
                  scale, SUBJECTS, steps, short_batches, 100 * share, SATURATED, worst);
    assert_true(worst <= 1);
    assert_true(short_batches > 0);
    return share;
}

static void gradients_are_the_slopes_of_the_losses_near_the_start(void **state) {
    (void)state;
    assert_true(compare_subjects(0.05) < 0.01);
}

static void gradients_are_the_slopes_of_the_losses_when_units_bend(void **state) {
    (void)state;
    compare_subjects(1);
}

static void gradients_are_the_slopes_of_the_losses_when_units_are_saturated(void **state) {
    (void)state;
    assert_true(compare_subjects(6) > 0.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_the_slopes_of_the_losses_near_the_start),
        cmocka_unit_test(gradients_are_the_slopes_of_the_losses_when_units_bend),
        cmocka_unit_test(gradients_are_the_slopes_of_the_losses_when_units_are_saturated),
    };
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
