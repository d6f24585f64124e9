/// A classifier of two samples by nearest neighbours.
#ifndef GANSWEEP_INFERENCE_NEIGHBOURS_H
#define GANSWEEP_INFERENCE_NEIGHBOURS_H

#include <stdbool.h>

#include "inference/samples.h"

/// Neighbours that are asked: floor(sqrt(training points)) (as Lopez-Paz & Oquab 2017).
int64_t gs_neighbour_count(int64_t training_points);

/// A training point and how far it is away.
typedef struct {
    double distance; ///< squared, Euclidean
    bool of_y;
} gs_neighbour;

/// Calls each point by the sample that most of its nearest training points are of; when they are equally many, by that
/// of the nearest one. Of training points at the same distance the earlier is nearer, those of x being before those of
/// y.
/// @param nearest  [gs_neighbour_count(training points)] work space
/// @param called_y  [x_count + y_count of `points`]
void gs_neighbours_classify(const gs_samples *training, const gs_samples *points, gs_neighbour *nearest,
                            bool *called_y);

#endif
