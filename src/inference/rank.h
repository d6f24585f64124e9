/// Whether two quantities go up and down together.
#ifndef GANSWEEP_INFERENCE_RANK_H
#define GANSWEEP_INFERENCE_RANK_H

#include <stddef.h>
#include <stdint.h>

#include "inference/bootstrap.h"

typedef struct {
    double correlation;
    gs_interval interval; ///< 95 %
} gs_rank_correlation;

/// Spearman's rank correlation, equal values with their middle rank, and its interval tanh(atanh r -+ 1.96 s) with
/// s^2 = (1 + r^2 / 2) / (n - 3) (Bonett & Wright 2000, equation 4).
/// @param work  [2 count]
/// @return NaN when one quantity is constant; an interval of NaN for fewer than 4 pairs, and of r for |r| = 1
gs_rank_correlation gs_rank_correlate(const double *x, const double *y, int64_t count, double *work);

/// The same of pairs that are not independent, but whose clusters are: they are dealt into groups of whole clusters,
/// and the interval is tanh(atanh r -+ t s), s^2 = (g - 1) / g sum (z_k - mean z)^2 by the delete-a-group jackknife,
/// z_k the atanh of the correlation without group k, t Student's with g - 1 degrees of freedom (Shao & Tu 1995, chapter
/// 5).
/// @param cluster  [count] of each pair, not negative; those that are equal modulo 31 share a group
/// @param work, orders  [2 count] each
/// @return an interval of NaN for fewer than 5 groups, or where one quantity is constant without one of them
gs_rank_correlation gs_rank_correlate_clusters(const double *x, const double *y, const int64_t *cluster, int64_t count,
                                               double *work, size_t *orders);

#endif
