/// Whether two quantities go up and down together.
#ifndef GANSWEEP_INFERENCE_RANK_H
#define GANSWEEP_INFERENCE_RANK_H

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

#endif
