/// Answers questions about numbers from standard input with src/inference, one line a question, for inference_test.py:
///
///     equivalence MEAN STANDARD_ERROR FREEDOM TARGET MARGIN
///     adjust COUNT P...
///     rank COUNT X... Y...
///     rank-clusters COUNT X... Y... CLUSTER...
///     interval COUNT SUM... TRIALS...                   fewer units than BCa needs
///     units COUNT SUM... TRIALS...                        mean, standard error, acceleration
///     bootstrap RESAMPLES SEED THREADS COUNT SUM... TRIALS...  the means of all resamples
///     two_sample PERMUTATIONS SEED X_COUNT X... Y_COUNT Y...  D, its p, A^2, its p
///     median CONFIDENCE COUNT X...                        median, its interval, the confidence that it has
///     bca ESTIMATE ACCELERATION CONFIDENCE COUNT REPLICATE...
///     factorial A B UNITS FREEDOM THREADS MEAN... RESIDUAL...  [A][B] means, [A][B][UNITS] residuals: df, sum of
///                                                         squares, the error's mean square, epsilon, F, p
///     pairs PERMUTATIONS SEED SAMPLES                     energy distance, its p, MMD^2, its p, the bandwidth
///     hotelling SAMPLES                                   T^2, its p
///     accuracy X_COUNT CALLED_Y... Y_COUNT CALLED_Y...    accuracy, its p
///     logistic SAMPLES SAMPLES                            coefficients, then what the second ones are called
///     neighbours SAMPLES SAMPLES                          the same without coefficients
///     sample_tests PERMUTATIONS SEED SAMPLES              statistic and p of each test
///
/// where SAMPLES are: DIMENSION X_COUNT X... Y_COUNT Y...
///
/// Numbers go in and out with all their digits.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inference/bootstrap.h"
#include "inference/energy.h"
#include "inference/equivalence.h"
#include "inference/factorial.h"
#include "inference/generator.h"
#include "inference/held_out.h"
#include "inference/hotelling.h"
#include "inference/kernel_mmd.h"
#include "inference/logistic.h"
#include "inference/median.h"
#include "inference/multiple.h"
#include "inference/neighbours.h"
#include "inference/rank.h"
#include "inference/sample_tests.h"
#include "inference/two_sample.h"

static double read_number(void) {
    double number;
    if (scanf("%lf", &number) != 1) {
        fprintf(stderr, "a number was expected\n");
        exit(2);
    }
    return number;
}

static double *read_numbers(int64_t count) {
    double *numbers = malloc(((size_t)count + 1) * sizeof *numbers);
    for (int64_t i = 0; i < count && numbers != NULL; i++) {
        numbers[i] = read_number();
    }
    return numbers;
}

static void print_numbers(const double *numbers, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        printf("%s%.17g", i == 0 ? "" : " ", numbers[i]);
    }
    printf("\n");
}

static void answer_equivalence(void) {
    double *given = read_numbers(5);
    const double p = gs_equivalence_p(given[0], given[1], given[2], given[3], given[4]);
    print_numbers(&p, 1);
    free(given);
}

static void answer_adjust(void) {
    const int64_t count = (int64_t)read_number();
    double *p = read_numbers(count);
    (void)gs_adjust_p(p, count);
    print_numbers(p, count);
    free(p);
}

static void answer_rank(void) {
    const int64_t count = (int64_t)read_number();
    double *x = read_numbers(count), *y = read_numbers(count), *work = malloc(2 * ((size_t)count + 1) * sizeof *work);
    const gs_rank_correlation found = gs_rank_correlate(x, y, count, work);
    print_numbers((const double[]){found.correlation, found.interval.low, found.interval.high}, 3);
    free(x);
    free(y);
    free(work);
}

static void answer_rank_clusters(void) {
    const int64_t count = (int64_t)read_number();
    double *x = read_numbers(count), *y = read_numbers(count), *given = read_numbers(count);
    double *work = malloc(2 * ((size_t)count + 1) * sizeof *work);
    size_t *orders = malloc(2 * ((size_t)count + 1) * sizeof *orders);
    int64_t *cluster = malloc(((size_t)count + 1) * sizeof *cluster);
    for (int64_t i = 0; i < count; i++) {
        cluster[i] = (int64_t)given[i];
    }
    const gs_rank_correlation found = gs_rank_correlate_clusters(x, y, cluster, count, work, orders);
    print_numbers((const double[]){found.correlation, found.interval.low, found.interval.high}, 3);
    free(x);
    free(y);
    free(given);
    free(orders);
    free(work);
    free(cluster);
}

/// The interval that a mean of few units has.
static void answer_interval(void) {
    const int64_t count = (int64_t)read_number();
    double *sums = read_numbers(count), *trials = read_numbers(count), replicates[GS_UNITS_FOR_BCA] = {0};
    const gs_units units = {.count = count, .mean_count = 1, .sums = {sums}, .trials = trials};
    const gs_interval found = gs_units_interval(&units, 0, replicates, GS_UNITS_FOR_BCA, 0.95);
    print_numbers((const double[]){found.low, found.high}, 2);
    free(sums);
    free(trials);
}

static gs_units read_units(void) {
    const int64_t count = (int64_t)read_number();
    double *sums = read_numbers(count), *trials = read_numbers(count);
    return (gs_units){.count = count, .mean_count = 1, .sums = {sums}, .trials = trials};
}

static void free_units(gs_units *units) {
    free((double *)units->sums[0]);
    free((double *)units->trials);
}

static void answer_units(void) {
    gs_units units = read_units();
    print_numbers((const double[]){gs_units_mean(&units, 0), gs_units_standard_error(&units, 0),
                                   gs_units_acceleration(&units, 0)},
                  3);
    free_units(&units);
}

static void answer_bootstrap(void) {
    const int64_t resamples = (int64_t)read_number();
    const uint64_t seed = (uint64_t)read_number();
    const int threads = (int)read_number();
    gs_units units = read_units();
    double *replicates = malloc((size_t)resamples * sizeof *replicates);
    gs_bootstrap_means(&units, resamples, seed, threads, (double *[GS_MOST_MEANS]){replicates});
    print_numbers(replicates, resamples);
    free(replicates);
    free_units(&units);
}

static void answer_bca(void) {
    double *given = read_numbers(4);
    const int64_t count = (int64_t)given[3];
    double *replicates = read_numbers(count);
    const gs_interval found = gs_bca_interval(given[0], replicates, count, given[1], given[2]);
    print_numbers((const double[]){found.low, found.high}, 2);
    free(given);
    free(replicates);
}

static void answer_median(void) {
    const double confidence = read_number();
    const int64_t count = (int64_t)read_number();
    double *values = read_numbers(count);
    const gs_median found = gs_median_of(values, count, confidence);
    print_numbers((const double[]){found.median, found.interval.low, found.interval.high, found.confidence}, 4);
    free(values);
}

static void answer_two_sample(void) {
    const int64_t permutations = (int64_t)read_number();
    const uint64_t seed = (uint64_t)read_number();
    const int64_t x_count = (int64_t)read_number();
    double *x = read_numbers(x_count);
    const int64_t y_count = (int64_t)read_number();
    double *y = read_numbers(y_count);
    gs_two_sample found = {0};
    gs_error error;
    if (gs_two_sample_test(x, x_count, y, y_count, permutations, seed, &found, &error) != GS_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    print_numbers((const double[]){found.kolmogorov_smirnov, found.kolmogorov_smirnov_p, found.anderson_darling,
                                   found.anderson_darling_p},
                  4);
    free(x);
    free(y);
}

static gs_samples read_samples(void) {
    const int dimension = (int)read_number();
    const int64_t x_count = (int64_t)read_number();
    const double *x = read_numbers(x_count * dimension);
    const int64_t y_count = (int64_t)read_number();
    return (gs_samples){
        .x = x, .y = read_numbers(y_count * dimension), .x_count = x_count, .y_count = y_count, .dimension = dimension};
}

static void free_samples(gs_samples *samples) {
    free((double *)samples->x);
    free((double *)samples->y);
}

static void answer_pairs(void) {
    static gs_pair_statistic *const statistics[] = {
        [GS_PAIR_DISTANCE] = gs_energy_distance, [GS_PAIR_KERNEL] = gs_kernel_mmd};
    const int64_t permutations = (int64_t)read_number();
    const uint64_t seed = (uint64_t)read_number();
    gs_samples samples = read_samples();
    gs_pairs *pairs = gs_pairs_create(samples.x_count + samples.y_count);
    gs_generator_state state;
    gs_sample_test found[GS_PAIR_FUNCTION_COUNT];
    const gsl_rng generator = gs_generator_begin(&state, seed, 0);
    gs_pairs_measure(pairs, &samples);
    const double bandwidth = gs_gaussian_kernel(pairs);
    gs_pairs_test(pairs, statistics, permutations, &generator, found);
    print_numbers((const double[]){found[GS_PAIR_DISTANCE].statistic, found[GS_PAIR_DISTANCE].p,
                                   found[GS_PAIR_KERNEL].statistic, found[GS_PAIR_KERNEL].p, bandwidth},
                  5);
    gs_pairs_free(pairs);
    free_samples(&samples);
}

static void answer_hotelling(void) {
    gs_samples samples = read_samples();
    double *work = malloc(gs_hotelling_work(samples.dimension) * sizeof *work);
    const gs_sample_test found = gs_hotelling_test(&samples, work);
    print_numbers((const double[]){found.statistic, found.p}, 2);
    free(work);
    free_samples(&samples);
}

static void answer_accuracy(void) {
    enum { MOST = 2000 };
    bool called_y[MOST];
    int64_t counts[2], at = 0;
    for (int sample = 0; sample < 2; sample++) {
        counts[sample] = (int64_t)read_number();
        for (int64_t i = 0; i < counts[sample]; i++) {
            called_y[at++] = read_number() != 0;
        }
    }
    const gs_sample_test found = gs_accuracy_test(called_y, counts[0], counts[1]);
    print_numbers((const double[]){found.statistic, found.p}, 2);
}

static void print_called(const double *coefficients, int64_t coefficient_count, const bool *called_y, int64_t count) {
    double *numbers = malloc((size_t)(coefficient_count + count + 1) * sizeof *numbers);
    for (int64_t i = 0; i < coefficient_count; i++) {
        numbers[i] = coefficients[i];
    }
    for (int64_t i = 0; i < count; i++) {
        numbers[coefficient_count + i] = called_y[i];
    }
    print_numbers(numbers, coefficient_count + count);
    free(numbers);
}

static void answer_logistic(void) {
    gs_samples training = read_samples(), points = read_samples();
    const int64_t learned = training.x_count + training.y_count, count = points.x_count + points.y_count;
    gs_logistic *logistic = gs_logistic_create(training.dimension, learned);
    bool *called_y = malloc((size_t)count * sizeof *called_y);
    const double *coefficients = gs_logistic_learn(logistic, &training);
    gs_logistic_classify(logistic, &points, called_y);
    print_called(coefficients, gs_logistic_feature_count(training.dimension, learned), called_y, count);
    free(called_y);
    gs_logistic_free(logistic);
    free_samples(&training);
    free_samples(&points);
}

static void answer_neighbours(void) {
    gs_samples training = read_samples(), points = read_samples();
    const int64_t asked = gs_neighbour_count(training.x_count + training.y_count);
    const int64_t count = points.x_count + points.y_count;
    gs_neighbour *nearest = malloc((size_t)asked * sizeof *nearest);
    bool *called_y = malloc((size_t)count * sizeof *called_y);
    gs_neighbours_classify(&training, &points, nearest, called_y);
    print_called(NULL, 0, called_y, count);
    free(called_y);
    free(nearest);
    free_samples(&training);
    free_samples(&points);
}

static void answer_sample_tests(void) {
    const int64_t permutations = (int64_t)read_number();
    const uint64_t seed = (uint64_t)read_number();
    gs_samples samples = read_samples();
    gs_sample_tests *tests = gs_sample_tests_create(samples.x_count, samples.dimension);
    gs_generator_state state;
    gs_sample_test found[GS_SAMPLE_TEST_COUNT];
    double numbers[2 * GS_SAMPLE_TEST_COUNT];
    const gsl_rng generator = gs_generator_begin(&state, seed, 0);
    gs_sample_tests_run(tests, samples.x, samples.y, permutations, &generator, found);
    for (int i = 0; i < GS_SAMPLE_TEST_COUNT; i++) {
        numbers[2 * i] = found[i].statistic;
        numbers[2 * i + 1] = found[i].p;
    }
    print_numbers(numbers, 2 * GS_SAMPLE_TEST_COUNT);
    gs_sample_tests_free(tests);
    free_samples(&samples);
}

static void answer_factorial(void) {
    const int64_t a = (int64_t)read_number(), b = (int64_t)read_number(), units = (int64_t)read_number();
    const double freedom = read_number();
    const int threads = (int)read_number();
    double *means = read_numbers(a * b), *residuals = read_numbers(a * b * units);
    double *work = malloc((size_t)(a * b * (units + 2)) * sizeof *work);
    const gs_factorial_effect found = gs_factorial_test(means, residuals, a, b, units, freedom, threads, work);
    print_numbers((const double[]){found.degrees_of_freedom, found.sum_of_squares, found.error_mean_square,
                                   found.epsilon, found.F, found.p},
                  6);
    free(means);
    free(residuals);
    free(work);
}

int main(void) {
    static const struct {
        const char *name;
        void (*answer)(void);
    } questions[] = {
        {"equivalence", answer_equivalence},
        {"adjust", answer_adjust},
        {"rank", answer_rank},
        {"rank-clusters", answer_rank_clusters},
        {"interval", answer_interval},
        {"units", answer_units},
        {"bootstrap", answer_bootstrap},
        {"bca", answer_bca},
        {"two_sample", answer_two_sample},
        {"pairs", answer_pairs},
        {"hotelling", answer_hotelling},
        {"accuracy", answer_accuracy},
        {"logistic", answer_logistic},
        {"neighbours", answer_neighbours},
        {"sample_tests", answer_sample_tests},
        {"median", answer_median},
        {"factorial", answer_factorial},
    };
    char name[16];
    while (scanf("%15s", name) == 1) {
        size_t i = 0;
        while (i < sizeof questions / sizeof *questions && strcmp(questions[i].name, name) != 0) {
            i++;
        }
        if (i == sizeof questions / sizeof *questions) {
            fprintf(stderr, "%s is no question\n", name);
            return 2;
        }
        questions[i].answer();
    }
    return 0;
}
