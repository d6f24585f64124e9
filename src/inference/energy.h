/// The energy distance of two samples.
#ifndef GANSWEEP_INFERENCE_ENERGY_H
#define GANSWEEP_INFERENCE_ENERGY_H

#include "inference/pairs.h"

/// 2 mean |x_i - y_j| - mean |x_i - x_j| - mean |y_i - y_j|, means over all pairs of places, i = j included (Szekely &
/// Rizzo 2004, without their factor mn / (m + n)). Never negative but for rounding; 0 for equal samples; an
/// estimate of 2 E|X - Y| - E|X - X'| - E|Y - Y'|, which is 0 for equal laws alone.
/// @param sums  of distances
gs_pair_statistic gs_energy_distance;

#endif
