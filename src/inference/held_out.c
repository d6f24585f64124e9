#include "inference/held_out.h"

#include <gsl/gsl_cdf.h>

gs_samples gs_training_half(const gs_samples *samples) {
    gs_samples half = *samples;
    half.x_count /= 2;
    half.y_count /= 2;
    return half;
}

gs_samples gs_held_out_half(const gs_samples *samples) {
    const gs_samples training = gs_training_half(samples);
    return (gs_samples){.x = samples->x + training.x_count * samples->dimension,
                        .y = samples->y + training.y_count * samples->dimension,
                        .x_count = samples->x_count - training.x_count,
                        .y_count = samples->y_count - training.y_count,
                        .dimension = samples->dimension};
}

gs_sample_test gs_accuracy_test(const bool *called_y, int64_t x_count, int64_t y_count) {
    int64_t x_called_y = 0, y_called_y = 0;
    for (int64_t i = 0; i < x_count; i++) {
        x_called_y += called_y[i];
    }
    for (int64_t i = 0; i < y_count; i++) {
        y_called_y += called_y[x_count + i];
    }
    const unsigned called = (unsigned)(x_called_y + y_called_y);
    const double p = y_called_y == 0 ? 1
                                     : gsl_cdf_hypergeometric_Q((unsigned)(y_called_y - 1), (unsigned)y_count,
                                                                (unsigned)x_count, called);
    return (gs_sample_test){(double)(x_count - x_called_y + y_called_y) / (double)(x_count + y_count), p};
}
