/// Answers questions about numbers from standard input with src/inference, one line a question, for inference_test.py:
///
///     equivalence MEAN STANDARD_ERROR FREEDOM TARGET MARGIN
///     adjust COUNT P...
///     rank COUNT X... Y...
///     units COUNT SUM... TRIALS...                        mean, standard error, acceleration
///     bootstrap RESAMPLES SEED THREADS COUNT SUM... TRIALS...  the means of all resamples
///     two_sample PERMUTATIONS SEED X_COUNT X... Y_COUNT Y...  D, its p, A^2, its p
///     bca ESTIMATE ACCELERATION CONFIDENCE COUNT REPLICATE...
///
/// Numbers go in and out with all their digits.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inference/bootstrap.h"
#include "inference/equivalence.h"
#include "inference/multiple.h"
#include "inference/rank.h"
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

int main(void) {
    static const struct {
        const char *name;
        void (*answer)(void);
    } questions[] = {
        {"equivalence", answer_equivalence},
        {"adjust", answer_adjust},
        {"rank", answer_rank},
        {"units", answer_units},
        {"bootstrap", answer_bootstrap},
        {"bca", answer_bca},
        {"two_sample", answer_two_sample},
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
