#include "inference/pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    AT_ONCE = 32, ///< labellings: a row of values is then read from the nearest memory for all of them
    CHAINS = 4,   ///< sums that are added up beside each other, since an addition waits for the one before it
};

/// A statistic this much below that of the samples, in mean values of a pair, still counts as equal to it: sums of the
/// same numbers round differently.
static const double ROUNDING = 1e-9;

static size_t pair_count(int64_t points) {
    return (size_t)points * (size_t)(points - 1) / 2;
}

gs_pairs *gs_pairs_create(int64_t points) {
    const size_t count = (size_t)points;
    gs_pairs *pairs = calloc(1, sizeof *pairs);
    if (pairs == NULL) {
        return NULL;
    }
    *pairs = (gs_pairs){.capacity = points,
                        .values = malloc(pair_count(points) * sizeof *pairs->values),
                        .totals = malloc(count * sizeof *pairs->totals),
                        .spare = malloc(pair_count(points) * sizeof *pairs->spare),
                        .order = malloc(count * sizeof *pairs->order),
                        .members = malloc(AT_ONCE * count * sizeof *pairs->members),
                        .chosen = malloc(count)};
    if (pairs->values == NULL || pairs->totals == NULL || pairs->spare == NULL || pairs->order == NULL ||
        pairs->members == NULL || pairs->chosen == NULL) {
        gs_pairs_free(pairs);
        return NULL;
    }
    return pairs;
}

void gs_pairs_free(gs_pairs *pairs) {
    if (pairs != NULL) {
        free(pairs->values);
        free(pairs->totals);
        free(pairs->spare);
        free(pairs->order);
        free(pairs->members);
        free(pairs->chosen);
        free(pairs);
    }
}

/// Point `i` of the pooled sample.
static const double *pooled_point(const gs_samples *samples, bool x_first, int64_t i) {
    const double *first = x_first ? samples->x : samples->y, *second = x_first ? samples->y : samples->x;
    const int64_t first_count = x_first ? samples->x_count : samples->y_count;
    return i < first_count ? first + i * samples->dimension : second + (i - first_count) * samples->dimension;
}

static double distance(const double *a, const double *b, int dimension) {
    double squares = 0;
    for (int k = 0; k < dimension; k++) {
        squares += (a[k] - b[k]) * (a[k] - b[k]);
    }
    return sqrt(squares);
}

void gs_pairs_measure(gs_pairs *pairs, const gs_samples *samples) {
    const bool x_first = samples->x_count <= samples->y_count; // fewer pairs are added up
    double(*value)[GS_PAIR_FUNCTION_COUNT] = pairs->values;
    pairs->first_count = x_first ? samples->x_count : samples->y_count;
    pairs->count = samples->x_count + samples->y_count;
    for (int64_t i = 0; i < pairs->count; i++) {
        const double *point = pooled_point(samples, x_first, i);
        for (int64_t j = 0; j < i; j++) {
            (*value++)[GS_PAIR_DISTANCE] = distance(point, pooled_point(samples, x_first, j), samples->dimension);
        }
    }
}

/// What stays the same in all permutations.
static void add_up_totals(gs_pairs *pairs) {
    const double(*value)[GS_PAIR_FUNCTION_COUNT] = (const double(*)[GS_PAIR_FUNCTION_COUNT])pairs->values;
    memset(pairs->totals, 0, (size_t)pairs->count * sizeof *pairs->totals);
    for (int64_t i = 0; i < pairs->count; i++) {
        for (int64_t j = 0; j < i; j++, value++) {
            for (int function = 0; function < GS_PAIR_FUNCTION_COUNT; function++) {
                pairs->totals[i][function] += (*value)[function];
                pairs->totals[j][function] += (*value)[function];
            }
        }
    }
}

/// Adds the values of a row at the given places to both functions' sums.
static void add_places(const double (*row)[GS_PAIR_FUNCTION_COUNT], const uint16_t *places, int64_t count,
                       double sums[GS_PAIR_FUNCTION_COUNT]) {
    double chains[CHAINS][GS_PAIR_FUNCTION_COUNT] = {{0}};
    int64_t at = 0;
    for (; at + CHAINS <= count; at += CHAINS) {
        for (int chain = 0; chain < CHAINS; chain++) {
            for (int function = 0; function < GS_PAIR_FUNCTION_COUNT; function++) {
                chains[chain][function] += row[places[at + chain]][function];
            }
        }
    }
    for (; at < count; at++) {
        for (int function = 0; function < GS_PAIR_FUNCTION_COUNT; function++) {
            chains[0][function] += row[places[at]][function];
        }
    }
    for (int function = 0; function < GS_PAIR_FUNCTION_COUNT; function++) {
        sums[function] += (chains[0][function] + chains[1][function]) + (chains[2][function] + chains[3][function]);
    }
}

/// Sums over the pairs within the first samples of up to AT_ONCE labellings, row by row of the values.
static void add_up_within(const gs_pairs *pairs, int labellings, double (*within)[GS_PAIR_FUNCTION_COUNT]) {
    int64_t next[AT_ONCE] = {0}; // place of a labelling's first member that is not before the row
    const double(*row)[GS_PAIR_FUNCTION_COUNT] = (const double(*)[GS_PAIR_FUNCTION_COUNT])pairs->values;
    memset(within, 0, (size_t)labellings * sizeof *within);
    for (int64_t i = 0; i < pairs->count; row += i, i++) {
        for (int labelling = 0; labelling < labellings; labelling++) {
            const uint16_t *members = pairs->members + labelling * pairs->capacity;
            if (next[labelling] < pairs->first_count && members[next[labelling]] == i) {
                add_places(row, members, next[labelling]++, within[labelling]);
            }
        }
    }
}

/// Draws a first sample without replacement: the beginning of Fisher and Yates' shuffle, which may start from any
/// order.
static void label_anew(gs_pairs *pairs, const gsl_rng *generator, uint16_t *members) {
    memset(pairs->chosen, 0, (size_t)pairs->count);
    for (int64_t i = 0; i < pairs->first_count; i++) {
        const int64_t other = i + (int64_t)gsl_rng_uniform_int(generator, (unsigned long)(pairs->count - i));
        const uint16_t point = pairs->order[other];
        pairs->order[other] = pairs->order[i];
        pairs->order[i] = point;
        pairs->chosen[point] = 1;
    }
    for (int64_t point = 0; point < pairs->count; point++) {
        if (pairs->chosen[point]) {
            *members++ = (uint16_t)point;
        }
    }
}

/// All three sums of a labelling, of which `within` is the first.
static gs_pair_sums complete_sums(const gs_pairs *pairs, const uint16_t *members, int function, double within,
                                  double all) {
    double of_members = 0; // pairs within the sample are in it twice
    for (int64_t i = 0; i < pairs->first_count; i++) {
        of_members += pairs->totals[members[i]][function];
    }
    const double between = of_members - 2 * within;
    return (gs_pair_sums){.first = within, .second = all - within - between, .between = between};
}

/// The statistics of up to AT_ONCE labellings.
static void find_statistics(const gs_pairs *pairs, int labellings, const double all[GS_PAIR_FUNCTION_COUNT],
                            gs_pair_statistic *const statistics[GS_PAIR_FUNCTION_COUNT],
                            double (*found)[GS_PAIR_FUNCTION_COUNT]) {
    double within[AT_ONCE][GS_PAIR_FUNCTION_COUNT];
    add_up_within(pairs, labellings, within);
    for (int labelling = 0; labelling < labellings; labelling++) {
        const uint16_t *members = pairs->members + labelling * pairs->capacity;
        for (int function = 0; function < GS_PAIR_FUNCTION_COUNT; function++) {
            const gs_pair_sums sums =
                complete_sums(pairs, members, function, within[labelling][function], all[function]);
            found[labelling][function] =
                statistics[function](&sums, pairs->first_count, pairs->count - pairs->first_count);
        }
    }
}

void gs_pairs_test(gs_pairs *pairs, gs_pair_statistic *const statistics[GS_PAIR_FUNCTION_COUNT], int64_t permutations,
                   const gsl_rng *generator, gs_sample_test found[GS_PAIR_FUNCTION_COUNT]) {
    double all[GS_PAIR_FUNCTION_COUNT] = {0}, given[1][GS_PAIR_FUNCTION_COUNT], drawn[AT_ONCE][GS_PAIR_FUNCTION_COUNT];
    int64_t as_great[GS_PAIR_FUNCTION_COUNT] = {0};
    add_up_totals(pairs);
    for (int64_t i = 0; i < pairs->count; i++) {
        pairs->order[i] = pairs->members[i] = (uint16_t)i; // the labelling of the samples themselves
        for (int function = 0; function < GS_PAIR_FUNCTION_COUNT; function++) {
            all[function] += pairs->totals[i][function] / 2;
        }
    }
    find_statistics(pairs, 1, all, statistics, given);
    for (int64_t first = 0; first < permutations; first += AT_ONCE) {
        const int labellings = permutations - first < AT_ONCE ? (int)(permutations - first) : AT_ONCE;
        for (int labelling = 0; labelling < labellings; labelling++) {
            label_anew(pairs, generator, pairs->members + labelling * pairs->capacity);
        }
        find_statistics(pairs, labellings, all, statistics, drawn);
        for (int labelling = 0; labelling < labellings; labelling++) {
            for (int function = 0; function < GS_PAIR_FUNCTION_COUNT; function++) {
                const double slack = ROUNDING * all[function] / (double)pair_count(pairs->count);
                as_great[function] += drawn[labelling][function] >= given[0][function] - slack;
            }
        }
    }
    for (int function = 0; function < GS_PAIR_FUNCTION_COUNT; function++) {
        found[function].statistic = given[0][function];
        found[function].p = (double)(1 + as_great[function]) / (double)(1 + permutations);
    }
}
