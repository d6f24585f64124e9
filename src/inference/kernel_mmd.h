/// The maximum mean discrepancy of two samples with a Gaussian kernel.
#ifndef GANSWEEP_INFERENCE_KERNEL_MMD_H
#define GANSWEEP_INFERENCE_KERNEL_MMD_H

#include "inference/pairs.h"

/// Fills in k(a, b) = exp(-|a - b|^2 / (2 h^2)) of all pairs, with bandwidth h the median distance of the pooled points
/// (Gretton et al. 2012, section 8). Where more than half of all pairs are equal points h is 0, and k is 1 for these
/// and 0 for all others.
/// @param pairs  measured
/// @return h
double gs_gaussian_kernel(gs_pairs *pairs);

/// MMD^2_u, the unbiased estimate of E k(X, X') + E k(Y, Y') - 2 E k(X, Y) (Gretton et al. 2012, equation 3): means
/// over pairs of different places. 0 on average for equal laws, so it can be negative.
/// @param sums  of k
gs_pair_statistic gs_kernel_mmd;

#endif
