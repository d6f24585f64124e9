/// Permutation tests of statistics that are sums over pairs of points: energy distance and MMD.
///
/// Under "both samples are of one law" every way to label the pooled points as a first and a second sample is equally
/// likely. The values of all pairs are computed once, and a permutation only labels the points anew. Neither the sum
/// over all pairs nor a point's sum over all others changes then, so that of the sums over pairs within the first
/// sample, within the second and between the two only one is added up again: over the pairs within the smaller sample.
#ifndef GANSWEEP_INFERENCE_PAIRS_H
#define GANSWEEP_INFERENCE_PAIRS_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>

#include "inference/samples.h"

/// Symmetric functions of two points whose sums are permuted together.
typedef enum { GS_PAIR_DISTANCE, GS_PAIR_KERNEL, GS_PAIR_FUNCTION_COUNT } gs_pair_function;

enum { GS_MOST_PAIRED_POINTS = 2000 }; ///< of both samples: 48 MB

/// Pooled points, those of the smaller sample first. Work space of one thread.
typedef struct {
    int64_t capacity;                         ///< points
    int64_t first_count, count;               ///< of the smaller sample; of both
    double (*values)[GS_PAIR_FUNCTION_COUNT]; ///< [count (count - 1) / 2] pair (i, j), j < i, at i (i - 1) / 2 + j
    double (*totals)[GS_PAIR_FUNCTION_COUNT]; ///< [count] sum of a point's values over all others
    double *spare;                            ///< [count (count - 1) / 2]
    uint16_t *order;                          ///< [count] points in an order that permutations change
    uint16_t *members;                        ///< [labellings at once x count] points of a first sample, ascending
    unsigned char *chosen;                    ///< [count]
} gs_pairs;

/// @param points  of both samples together, 4 to GS_MOST_PAIRED_POINTS
/// @return NULL when out of memory
gs_pairs *gs_pairs_create(int64_t points);
void gs_pairs_free(gs_pairs *pairs);

/// Pools two samples, and finds the Euclidean distances of all pairs.
/// @param samples  at least 2 points each, and no more than `pairs` has room for
void gs_pairs_measure(gs_pairs *pairs, const gs_samples *samples);

/// Sums of a function over pairs of different points.
typedef struct {
    double first, second, between; ///< within the smaller sample, within the other one, one point of each
} gs_pair_sums;

/// A statistic that is the same when the samples change places; great when their laws differ.
typedef double gs_pair_statistic(const gs_pair_sums *sums, int64_t first_count, int64_t second_count);

/// Tests one statistic of each function by the same permutations.
/// @param pairs  measured, with the values of every function
/// @param permutations  p = (1 + number at least as great) / (1 + permutations)
void gs_pairs_test(gs_pairs *pairs, gs_pair_statistic *const statistics[GS_PAIR_FUNCTION_COUNT], int64_t permutations,
                   const gsl_rng *generator, gs_sample_test found[GS_PAIR_FUNCTION_COUNT]);

#endif
