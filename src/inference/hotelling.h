/// Hotelling's two-sample test of equal means.
#ifndef GANSWEEP_INFERENCE_HOTELLING_H
#define GANSWEEP_INFERENCE_HOTELLING_H

#include <stddef.h>

#include "inference/samples.h"

/// Doubles of work space.
size_t gs_hotelling_work(int dimension);

/// T^2 = mn / (m + n) (mean x - mean y)^T S^-1 (mean x - mean y), S the pooled covariance with divisor m + n - 2; for
/// normal laws with equal covariances (m + n - d - 1) / (d (m + n - 2)) T^2 ~ F(d, m + n - d - 1) exactly (Anderson
/// 2003, section 5.3.4). It sees means alone.
///
/// Where S is singular T^2 is +inf with p = 0, or 0 with p = 1 for equal means; both are NaN when m + n - 2 < d.
/// @param work  [gs_hotelling_work(dimension)]
gs_sample_test gs_hotelling_test(const gs_samples *samples, double *work);

#endif
