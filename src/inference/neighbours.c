#include "inference/neighbours.h"

#include <math.h>

int64_t gs_neighbour_count(int64_t training_points) {
    const int64_t count = (int64_t)sqrt((double)training_points);
    return count < 1 ? 1 : count;
}

static double squared_distance(const double *a, const double *b, int dimension) {
    double sum = 0;
    for (int k = 0; k < dimension; k++) {
        sum += (a[k] - b[k]) * (a[k] - b[k]);
    }
    return sum;
}

/// Puts a training point among the nearest so far, which ascend; it is not nearer than an equal one before it.
static void insert(gs_neighbour *nearest, int64_t *held, int64_t most, gs_neighbour candidate) {
    if (*held == most && !(candidate.distance < nearest[most - 1].distance)) {
        return;
    }
    int64_t at = *held < most ? (*held)++ : most - 1;
    for (; at > 0 && candidate.distance < nearest[at - 1].distance; at--) {
        nearest[at] = nearest[at - 1];
    }
    nearest[at] = candidate;
}

static bool vote(const gs_neighbour *nearest, int64_t count) {
    int64_t of_y = 0;
    for (int64_t i = 0; i < count; i++) {
        of_y += nearest[i].of_y;
    }
    return 2 * of_y == count ? nearest[0].of_y : 2 * of_y > count;
}

void gs_neighbours_classify(const gs_samples *training, const gs_samples *points, gs_neighbour *nearest,
                            bool *called_y) {
    const int d = training->dimension;
    const int64_t most = gs_neighbour_count(training->x_count + training->y_count);
    for (int64_t i = 0; i < points->x_count + points->y_count; i++) {
        const double *point = i < points->x_count ? points->x + i * d : points->y + (i - points->x_count) * d;
        int64_t held = 0;
        for (int64_t j = 0; j < training->x_count; j++) {
            insert(nearest, &held, most, (gs_neighbour){squared_distance(point, training->x + j * d, d), false});
        }
        for (int64_t j = 0; j < training->y_count; j++) {
            insert(nearest, &held, most, (gs_neighbour){squared_distance(point, training->y + j * d, d), true});
        }
        called_y[i] = vote(nearest, held);
    }
}
