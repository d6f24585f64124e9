/// The reference training against PyTorch's, for every convention and both generator losses, fed with the same initial
/// parameters, data, order and latents. The oracle is tests/oracle/trajectories_torch.bin, recorded by
/// tests/oracle/trajectories_torch.py (PyTorch 1.13.0, eager, autograd), whose head says what the file holds.
///
/// In float64 the two agree to 1e-9 for 200 steps. In float32 rounding alone drives any two programs apart (Adam
/// divides a gradient by its own size, so that a sum that nearly cancels decides a whole step); so the reference in
/// float may not be further from the double run than twice as far as PyTorch's own float32, by median and 90 % over
/// seeds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "train/reference.h"
#include "train/trainer_test.h"

#define AGREEMENT 1e-9
#define ALLOWED_RATIO 2.0

enum { STEPS = 4, DISTANCE_STEPS = 3, EXACT_SEEDS_MAX = 64, DISTANCE_SEEDS = 64, PARAMETERS_MAX = 64 };
static const int64_t steps[STEPS] = {1, 10, 100, 200};
static const int64_t distance_steps[DISTANCE_STEPS] = {1, 10, 100};

typedef struct {
    const char *name, *text;
} shape;

/// As SHAPES of trajectories_torch.py.
static const shape shapes[] = {
    {"d2l", "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}\n"
            "model: {latent_dim: 2, generator: [], discriminator: [5, 3]}\n"
            "parameters: {seed: 1, batch_size: 8}\n"},
    {"short-batch",
     "data: {law: gaussian, A: [[1, 0.3, -2], [0.1, 0.7, 0], [-0.4, 0, 1.1]], b: [0.1, -2, 1e-3], n: 37}\n"
     "model: {latent_dim: 3, generator: [4], discriminator: [6]}\n"
     "parameters: {seed: 1, batch_size: 5}\n"},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0], CASES = SHAPES * GS_CONVENTION_COUNT * GS_GENERATOR_LOSS_COUNT };

/// What PyTorch did with one shape, convention and loss.
typedef struct {
    int shape;
    gs_convention convention;
    gs_generator_loss generator_loss;
    int exact_seeds;
    double *exact; ///< [STEPS x exact_seeds x (2 + parameters)] loss_D, loss_G, D, G
    double distance[DISTANCE_STEPS][DISTANCE_SEEDS];
} recorded_case;

typedef struct {
    gs_experiment *experiment[SHAPES];
    gs_layers D[SHAPES], G[SHAPES];
    recorded_case cases[CASES];
} fixture;

static int find(const char *word, const char *const *names, int count) {
    for (int i = 0; i < count; i++) {
        if (strcmp(word, names[i]) == 0) {
            return i;
        }
    }
    fail_msg("the fixture has '%s', which nothing is called", word);
    return -1;
}

static int parameters_of(const fixture *f, int of) {
    return (int)(f->D[of].parameter_count + f->G[of].parameter_count);
}

static void read_case(FILE *file, const fixture *f, recorded_case *c) {
    char shape_name[32], convention[32], loss[32];
    int distance_seeds = 0;
    const char *const shape_names[SHAPES] = {shapes[0].name, shapes[1].name};
    assert_int_equal(
        fscanf(file, "case %31s %31s %31s %d %d", shape_name, convention, loss, &c->exact_seeds, &distance_seeds), 5);
    assert_int_equal(fgetc(file), '\n');
    assert_int_equal(distance_seeds, DISTANCE_SEEDS);
    assert_in_range(c->exact_seeds, 1, EXACT_SEEDS_MAX);
    c->shape = find(shape_name, shape_names, SHAPES);
    c->convention = (gs_convention)find(convention, gs_convention_names, GS_CONVENTION_COUNT);
    c->generator_loss = (gs_generator_loss)find(loss, gs_generator_loss_names, GS_GENERATOR_LOSS_COUNT);
    const size_t count = (size_t)STEPS * (size_t)c->exact_seeds * (size_t)(2 + parameters_of(f, c->shape));
    c->exact = calloc(count, sizeof(double));
    assert_non_null(c->exact);
    assert_int_equal(fread(c->exact, sizeof(double), count, file), count);
    assert_int_equal(fread(c->distance, sizeof(double), DISTANCE_STEPS * DISTANCE_SEEDS, file),
                     DISTANCE_STEPS * DISTANCE_SEEDS);
}

static int open_fixture(void **state) {
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    for (int i = 0; i < SHAPES; i++) {
        gs_error error = {{0}};
        if (gs_experiment_parse(shapes[i].text, strlen(shapes[i].text), shapes[i].name, NULL, 0, &f->experiment[i],
                                &error) != GS_OK) {
            fail_msg("%s", error.message);
        }
        gs_discriminator_layers(f->experiment[i], &f->D[i]);
        gs_generator_layers(f->experiment[i], gs_experiment_largest(f->experiment[i], GS_SETTING_LATENT_DIM), &f->G[i]);
        assert_in_range(parameters_of(f, i), 1, PARAMETERS_MAX);
    }
    FILE *file = fopen(TESTS_DIR "/oracle/trajectories_torch.bin", "rb");
    assert_non_null(file);
    for (int i = 0; i < CASES; i++) {
        read_case(file, f, &f->cases[i]);
    }
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
    *state = f;
    return 0;
}

static int close_fixture(void **state) {
    fixture *f = *state;
    for (int i = 0; i < CASES; i++) {
        free(f->cases[i].exact);
    }
    for (int i = 0; i < SHAPES; i++) {
        gs_experiment_free(f->experiment[i]);
    }
    free(f);
    return 0;
}

static gs_settings settings_of(const fixture *f, const recorded_case *c, int seed) {
    const gs_experiment *experiment = f->experiment[c->shape];
    return (gs_settings){
        .seed = seed,
        .data_seed = seed,
        .shuffle_seed = seed,
        .lr_G = 0.005,
        .lr_D = 0.05,
        .generator_loss = c->generator_loss,
        .convention = c->convention,
        .batch_size = gs_experiment_largest(experiment, GS_SETTING_BATCH_SIZE),
        .latent_dim = gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM),
        .epochs = steps[STEPS - 1], // more than are needed
    };
}

/// Our run: losses and parameters at each of `steps`, as the fixture has them.
typedef struct {
    int of_D, of_G;
    double at[STEPS][2 + PARAMETERS_MAX];
} run;

static int place_of(int64_t step) {
    for (int i = 0; i < STEPS; i++) {
        if (steps[i] == step) {
            return i;
        }
    }
    return -1;
}

static void note_double(void *context, int64_t step, double loss_D, double loss_G, const double *D, const double *G,
                        const double *gradient_D, const double *gradient_G) {
    run *r = context;
    const int place = place_of(step);
    (void)gradient_D, (void)gradient_G;
    if (place >= 0) {
        r->at[place][0] = loss_D;
        r->at[place][1] = loss_G;
        memcpy(r->at[place] + 2, D, (size_t)r->of_D * sizeof(double));
        memcpy(r->at[place] + 2 + r->of_D, G, (size_t)r->of_G * sizeof(double));
    }
}

static void note_float(void *context, int64_t step, float loss_D, float loss_G, const float *D, const float *G,
                       const float *gradient_D, const float *gradient_G) {
    run *r = context;
    double wide_D[PARAMETERS_MAX], wide_G[PARAMETERS_MAX];
    (void)gradient_D, (void)gradient_G;
    for (int i = 0; i < r->of_D; i++) {
        wide_D[i] = (double)D[i];
    }
    for (int i = 0; i < r->of_G; i++) {
        wide_G[i] = (double)G[i];
    }
    note_double(r, step, (double)loss_D, (double)loss_G, wide_D, wide_G, NULL, NULL);
}

static run empty_run(const fixture *f, const recorded_case *c) {
    return (run){.of_D = (int)f->D[c->shape].parameter_count, .of_G = (int)f->G[c->shape].parameter_count};
}

static run run_double(const fixture *f, const recorded_case *c, int seed) {
    run r = empty_run(f, c);
    const gs_settings settings = settings_of(f, c, seed);
    double D[PARAMETERS_MAX], G[PARAMETERS_MAX], losses[2][200];
    assert_true(gs_reference_double(f->experiment[c->shape], &settings, steps[STEPS - 1], losses[0], losses[1], D, G,
                                    note_double, &r));
    return r;
}

static run run_float(const fixture *f, const recorded_case *c, int seed) {
    run r = empty_run(f, c);
    const gs_settings settings = settings_of(f, c, seed);
    float D[PARAMETERS_MAX], G[PARAMETERS_MAX], losses[2][200];
    assert_true(gs_reference_float(f->experiment[c->shape], &settings, distance_steps[DISTANCE_STEPS - 1], losses[0],
                                   losses[1], D, G, note_float, &r));
    return r;
}

static double norm(const double *x, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
        sum += x[i] * x[i];
    }
    return sqrt(sum);
}

static double relative_distance(const double *x, const double *exact, int count) {
    double difference[PARAMETERS_MAX];
    for (int i = 0; i < count; i++) {
        difference[i] = x[i] - exact[i];
    }
    return norm(difference, count) / norm(exact, count);
}

/// Larger of two, or NaN when either is: no fmax, which would hide one.
static double worse(double a, double b) {
    return a > b || isnan(a) ? a : b;
}

static void print_case(const recorded_case *c) {
    print_message("%-11s %-16s %-14s ", shapes[c->shape].name, gs_convention_names[c->convention],
                  gs_generator_loss_names[c->generator_loss]);
}

/// Each loss relative to itself, each network's parameters relative to their norm.
static void reference_in_double_agrees_with_pytorch_for_200_steps(void **state) {
    const fixture *f = *state;
    bool agrees = true;
    print_message("largest relative distance of the double reference from PyTorch float64 (allowed %.0e)\n", AGREEMENT);
    for (int i = 0; i < CASES; i++) {
        const recorded_case *c = &f->cases[i];
        const int width = 2 + parameters_of(f, c->shape);
        double largest[STEPS] = {0};
        for (int seed = 1; seed <= c->exact_seeds; seed++) {
            const run r = run_double(f, c, seed);
            for (int at = 0; at < STEPS; at++) {
                const double *exact = c->exact + ((ptrdiff_t)at * c->exact_seeds + seed - 1) * width;
                largest[at] = worse(relative_distance(r.at[at], exact, 1), largest[at]);
                largest[at] = worse(relative_distance(r.at[at] + 1, exact + 1, 1), largest[at]);
                largest[at] = worse(relative_distance(r.at[at] + 2, exact + 2, r.of_D), largest[at]);
                largest[at] = worse(relative_distance(r.at[at] + 2 + r.of_D, exact + 2 + r.of_D, r.of_G), largest[at]);
            }
        }
        print_case(c);
        print_message("%2d seeds ", c->exact_seeds);
        for (int at = 0; at < STEPS; at++) {
            print_message(" step %d: %.1e", (int)steps[at], largest[at]);
            agrees = agrees && largest[at] <= AGREEMENT;
        }
        print_message("\n");
    }
    assert_true(agrees);
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/// Median and 90 % of `values`, which it sorts; NaN when any is, since NaN has no place in the order.
static void quantiles(double values[DISTANCE_SEEDS], double *median, double *ninety) {
    double sum = 0;
    for (int i = 0; i < DISTANCE_SEEDS; i++) {
        sum += values[i];
    }
    qsort(values, DISTANCE_SEEDS, sizeof(double), ascending);
    *median = isnan(sum) ? sum : (values[DISTANCE_SEEDS / 2 - 1] + values[DISTANCE_SEEDS / 2]) / 2;
    *ninety = isnan(sum) ? sum : values[DISTANCE_SEEDS * 9 / 10];
}

static void reference_in_float_stays_as_near_to_double_as_pytorch_does(void **state) {
    const fixture *f = *state;
    bool near = true;
    print_message("distance of float32 from float64, over %d seeds: ours / PyTorch's, median and 90 %%\n",
                  DISTANCE_SEEDS);
    for (int i = 0; i < CASES; i++) {
        const recorded_case *c = &f->cases[i];
        double ours[DISTANCE_STEPS][DISTANCE_SEEDS];
        for (int seed = 1; seed <= DISTANCE_SEEDS; seed++) {
            const run in_double = run_double(f, c, seed), in_float = run_float(f, c, seed);
            for (int at = 0; at < DISTANCE_STEPS; at++) {
                const int place = place_of(distance_steps[at]);
                ours[at][seed - 1] =
                    relative_distance(in_float.at[place] + 2, in_double.at[place] + 2, parameters_of(f, c->shape));
            }
        }
        print_case(c);
        for (int at = 0; at < DISTANCE_STEPS; at++) {
            double theirs[DISTANCE_SEEDS], median[2], ninety[2];
            memcpy(theirs, c->distance[at], sizeof theirs);
            quantiles(ours[at], &median[0], &ninety[0]);
            quantiles(theirs, &median[1], &ninety[1]);
            print_message(" step %d: %.1e/%.1e %.1e/%.1e", (int)distance_steps[at], median[0], median[1], ninety[0],
                          ninety[1]);
            near = near && median[0] <= ALLOWED_RATIO * median[1] && ninety[0] <= ALLOWED_RATIO * ninety[1];
        }
        print_message("\n");
    }
    assert_true(near);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_in_double_agrees_with_pytorch_for_200_steps),
        cmocka_unit_test(reference_in_float_stays_as_near_to_double_as_pytorch_does),
    };
    return cmocka_run_group_tests_name("trajectories", tests, open_fixture, close_fixture);
}
