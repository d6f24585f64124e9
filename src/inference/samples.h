/// Two samples of points, and what a test of their laws says.
#ifndef GANSWEEP_INFERENCE_SAMPLES_H
#define GANSWEEP_INFERENCE_SAMPLES_H

#include <stdint.h>

/// Points are rows, and all numbers finite. Rows are independent, or at least in an order that says nothing.
typedef struct {
    const double *x, *y; ///< [x_count x dimension], [y_count x dimension], row-major
    int64_t x_count, y_count;
    int dimension;
} gs_samples;

typedef struct {
    double statistic;
    double p; ///< of "both samples are of one law"
} gs_sample_test;

#endif
