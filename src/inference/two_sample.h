/// Whether two samples are of one law: Kolmogorov-Smirnov and Anderson-Darling, with p-values by permutation.
///
/// Printed losses have three decimals, so many are equal. Ties make the tables of both tests conservative; permutations
/// of the pooled sample keep the level whatever the law.
#ifndef GANSWEEP_INFERENCE_TWO_SAMPLE_H
#define GANSWEEP_INFERENCE_TWO_SAMPLE_H

#include <stdint.h>

#include "gansweep/error.h"

typedef struct {
    double kolmogorov_smirnov; ///< greatest distance of the two empirical distribution functions
    double kolmogorov_smirnov_p;
    double anderson_darling; ///< A^2 with midranks (Scholz & Stephens 1987, equation 7), not standardised
    double anderson_darling_p;
} gs_two_sample;

/// @param x, y  [x_count], [y_count] at least one each; no NaN
/// @param permutations  of the pooled sample; p = (1 + number at least as extreme) / (1 + permutations)
/// @param seed  of the generator
/// @return GS_ERROR_RUN when out of memory
gs_status gs_two_sample_test(const double *x, int64_t x_count, const double *y, int64_t y_count, int64_t permutations,
                             uint64_t seed, gs_two_sample *found, gs_error *error);

#endif
