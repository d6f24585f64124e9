#include "inference/two_sample.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "inference/generator.h"
#include "numeric/quantile.h"

/// A statistic this much below that of the samples still counts as equal to it: sums of the same numbers round
/// differently.
static const double ROUNDING = 1e-9;

/// The pooled sample: its different values are numbered, and of each it is known how often it is there.
typedef struct {
    int64_t count, value_count;
    int64_t *members;   ///< [value_count] of the pooled sample
    int64_t *of_first;  ///< [value_count] of the sample that permutations draw
    int32_t *value;     ///< [count] number of each member's value, in an order that permutations change
    int64_t drawn;      ///< size of that sample, the smaller of the two
    double *weight;     ///< [value_count] of a value in Anderson-Darling's sum; 0: none
    double *cumulative; ///< [value_count] midrank position of a value in the pooled sample
} pooled_sample;

static void free_pooled(pooled_sample *pooled) {
    free(pooled->members);
    free(pooled->of_first);
    free(pooled->value);
    free(pooled->weight);
    free(pooled->cumulative);
}

/// Number of the value among ascending different ones.
static int32_t find_value(const double *values, int64_t count, double wanted) {
    int64_t low = 0, high = count - 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (values[middle] < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (int32_t)low;
}

/// Both statistics of the split of the pooled sample whose first part is counted in `of_first`.
static void find_statistics(const pooled_sample *pooled, double *kolmogorov_smirnov, double *anderson_darling) {
    const double n = (double)pooled->drawn, all = (double)pooled->count, m = all - n;
    double first = 0, below = 0, distance = 0, sum = 0;
    for (int64_t j = 0; j < pooled->value_count; j++) {
        const double middle = first + (double)pooled->of_first[j] / 2; // M_aj of the first sample
        const double difference = all * middle - n * pooled->cumulative[j];
        sum += pooled->weight[j] * difference * difference; // the second sample's has the other sign
        first += (double)pooled->of_first[j];
        below += (double)pooled->members[j];
        distance = fmax(distance, fabs(first / n - (below - first) / m));
    }
    *kolmogorov_smirnov = distance;
    *anderson_darling = (all - 1) / all * sum * (1 / n + 1 / m);
}

/// Weights l_j / N / (B_aj (N - B_aj) - N l_j / 4), which no permutation changes.
static void find_weights(pooled_sample *pooled) {
    const double all = (double)pooled->count;
    double below = 0;
    for (int64_t j = 0; j < pooled->value_count; j++) {
        const double members = (double)pooled->members[j];
        const double middle = below + members / 2;
        const double denominator = middle * (all - middle) - all * members / 4;
        pooled->cumulative[j] = middle;
        pooled->weight[j] = denominator > 0 ? members / all / denominator : 0; // 0: one value is all there is
        below += members;
    }
}

static gs_status pool(const double *first, int64_t first_count, const double *second, int64_t second_count,
                      pooled_sample *pooled, gs_error *error) {
    const size_t count = (size_t)(first_count + second_count);
    double *values = malloc(count * sizeof *values);
    *pooled = (pooled_sample){.count = (int64_t)count,
                              .drawn = first_count,
                              .members = calloc(count, sizeof *pooled->members),
                              .of_first = calloc(count, sizeof *pooled->of_first),
                              .value = calloc(count, sizeof *pooled->value),
                              .weight = malloc(count * sizeof *pooled->weight),
                              .cumulative = malloc(count * sizeof *pooled->cumulative)};
    if (values == NULL || pooled->members == NULL || pooled->of_first == NULL || pooled->value == NULL ||
        pooled->weight == NULL || pooled->cumulative == NULL) {
        free(values);
        return gs_fail(error, GS_ERROR_RUN, "out of memory to compare two samples");
    }
    memcpy(values, first, (size_t)first_count * sizeof *values);
    memcpy(values + first_count, second, (size_t)second_count * sizeof *values);
    gs_sort(values, pooled->count);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || values[i] != values[pooled->value_count - 1]) {
            values[pooled->value_count++] = values[i];
        }
    }
    for (int64_t i = 0; i < pooled->count; i++) {
        const double number = i < first_count ? first[i] : second[i - first_count];
        pooled->value[i] = find_value(values, pooled->value_count, number);
        pooled->members[pooled->value[i]]++;
        pooled->of_first[pooled->value[i]] += i < first_count;
    }
    free(values);
    find_weights(pooled);
    return GS_OK;
}

/// Draws the first sample anew from the pooled one, without replacement: the beginning of Fisher and Yates' shuffle,
/// which may start from any order.
static void permute(pooled_sample *pooled, const gsl_rng *generator) {
    memset(pooled->of_first, 0, (size_t)pooled->value_count * sizeof *pooled->of_first);
    for (int64_t i = 0; i < pooled->drawn; i++) {
        const int64_t other = i + (int64_t)gsl_rng_uniform_int(generator, (unsigned long)(pooled->count - i));
        const int32_t value = pooled->value[other];
        pooled->value[other] = pooled->value[i];
        pooled->value[i] = value;
        pooled->of_first[value]++;
    }
}

gs_status gs_two_sample_test(const double *x, int64_t x_count, const double *y, int64_t y_count, int64_t permutations,
                             uint64_t seed, gs_two_sample *found, gs_error *error) {
    const bool x_first = x_count <= y_count; // both statistics are symmetric, and fewer draws are made
    pooled_sample pooled;
    const gs_status status = pool(x_first ? x : y, x_first ? x_count : y_count, x_first ? y : x,
                                  x_first ? y_count : x_count, &pooled, error);
    if (status == GS_OK) {
        int64_t as_distant = 0, as_different = 0;
        find_statistics(&pooled, &found->kolmogorov_smirnov, &found->anderson_darling);
        for (int64_t permutation = 0; permutation < permutations; permutation++) {
            gs_generator_state state;
            double distance, difference;
            const gsl_rng generator = gs_generator_begin(&state, seed, permutation);
            permute(&pooled, &generator);
            find_statistics(&pooled, &distance, &difference);
            as_distant += distance >= found->kolmogorov_smirnov * (1 - ROUNDING);
            as_different += difference >= found->anderson_darling * (1 - ROUNDING);
        }
        found->kolmogorov_smirnov_p = (double)(1 + as_distant) / (double)(1 + permutations);
        found->anderson_darling_p = (double)(1 + as_different) / (double)(1 + permutations);
    }
    free_pooled(&pooled);
    return status;
}
