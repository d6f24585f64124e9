#include "inference/logistic.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 200, MOST_HALVINGS = 60 };
static const double SMALLEST_STEP = 1e-9; // of any coefficient

/// Row-major lower triangle, read in column-major order.
static const char STORED_TRIANGLE = 'U';

struct gs_logistic {
    int dimension;
    bool products;
    int64_t feature_count;
    double *mean, *scale;  ///< [dimension] z = (point - mean) scale
    double *z;             ///< [dimension]
    double *features;      ///< [training points x features]
    double *point;         ///< [features]
    double *coefficients;  ///< [features]
    double *trial;         ///< [features] coefficients that may be taken
    double *step;          ///< [features] gradient, then the step
    double *hessian;       ///< [features x features] lower triangle
    unsigned char *labels; ///< [training points] 1: of y
};

static int64_t with_products(int dimension) {
    return 1 + dimension + (int64_t)dimension * (dimension + 1) / 2;
}

int64_t gs_logistic_feature_count(int dimension, int64_t training_points) {
    const int64_t all = with_products(dimension);
    return all * GS_LOGISTIC_POINTS_PER_FEATURE <= training_points ? all : 1 + dimension;
}

gs_logistic *gs_logistic_create(int dimension, int64_t training_points) {
    gs_logistic *logistic = calloc(1, sizeof *logistic);
    if (logistic == NULL) {
        return NULL;
    }
    const size_t d = (size_t)dimension, points = (size_t)training_points + 1;
    const size_t count = (size_t)gs_logistic_feature_count(dimension, training_points);
    *logistic = (gs_logistic){.dimension = dimension,
                              .feature_count = (int64_t)count,
                              .products = (int64_t)count == with_products(dimension),
                              .mean = malloc(d * sizeof(double)),
                              .scale = malloc(d * sizeof(double)),
                              .z = malloc(d * sizeof(double)),
                              .features = malloc(points * count * sizeof(double)),
                              .point = malloc(count * sizeof(double)),
                              .coefficients = malloc(count * sizeof(double)),
                              .trial = malloc(count * sizeof(double)),
                              .step = malloc(count * sizeof(double)),
                              .hessian = malloc(count * count * sizeof(double)),
                              .labels = malloc(points)};
    if (logistic->mean == NULL || logistic->scale == NULL || logistic->z == NULL || logistic->features == NULL ||
        logistic->point == NULL || logistic->coefficients == NULL || logistic->trial == NULL ||
        logistic->step == NULL || logistic->hessian == NULL || logistic->labels == NULL) {
        gs_logistic_free(logistic);
        return NULL;
    }
    return logistic;
}

void gs_logistic_free(gs_logistic *logistic) {
    if (logistic != NULL) {
        free(logistic->mean);
        free(logistic->scale);
        free(logistic->z);
        free(logistic->features);
        free(logistic->point);
        free(logistic->coefficients);
        free(logistic->trial);
        free(logistic->step);
        free(logistic->hessian);
        free(logistic->labels);
        free(logistic);
    }
}

static const double *point_of(const gs_samples *samples, int64_t i) {
    return i < samples->x_count ? samples->x + i * samples->dimension
                                : samples->y + (i - samples->x_count) * samples->dimension;
}

/// Mean and standard deviation of all points of both samples.
static void find_scale(gs_logistic *logistic, const gs_samples *points) {
    const int64_t count = points->x_count + points->y_count;
    for (int k = 0; k < logistic->dimension; k++) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < count; i++) {
            sum += point_of(points, i)[k];
        }
        const double mean = sum / (double)count;
        for (int64_t i = 0; i < count; i++) {
            const double difference = point_of(points, i)[k] - mean;
            squares += difference * difference;
        }
        logistic->mean[k] = mean;
        logistic->scale[k] = squares > 0 ? 1 / sqrt(squares / (double)count) : 0;
    }
}

static void find_features(const gs_logistic *logistic, const double *point, double *features) {
    *features++ = 1;
    for (int i = 0; i < logistic->dimension; i++) {
        logistic->z[i] = (point[i] - logistic->mean[i]) * logistic->scale[i];
        *features++ = logistic->z[i];
    }
    for (int i = 0; i < logistic->dimension && logistic->products; i++) {
        for (int j = 0; j <= i; j++) {
            *features++ = logistic->z[i] * logistic->z[j];
        }
    }
}

static double log_odds(const double *features, const double *coefficients, int64_t count) {
    double sum = 0;
    for (int64_t k = 0; k < count; k++) {
        sum += features[k] * coefficients[k];
    }
    return sum;
}

/// The sum of log losses and the ridge.
static double objective(const gs_logistic *logistic, int64_t points, const double *coefficients) {
    const int64_t count = logistic->feature_count;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < points; i++) {
        const double odds = log_odds(logistic->features + i * count, coefficients, count);
        sum += fmax(odds, 0) + log1p(exp(-fabs(odds))) - (logistic->labels[i] ? odds : 0);
    }
    for (int64_t k = 0; k < count; k++) {
        squares += coefficients[k] * coefficients[k];
    }
    return sum + GS_LOGISTIC_RIDGE * squares / 2;
}

/// Newton's step -H^-1 g from the present coefficients into logistic->step.
/// @return false when it can't be found, as at the end of a double's range
static bool find_step(gs_logistic *logistic, int64_t points) {
    const int64_t count = logistic->feature_count;
    double *const H = logistic->hessian, *const step = logistic->step;
    memset(H, 0, (size_t)(count * count) * sizeof *H);
    for (int64_t k = 0; k < count; k++) {
        step[k] = -GS_LOGISTIC_RIDGE * logistic->coefficients[k];
        H[k * count + k] = GS_LOGISTIC_RIDGE;
    }
    for (int64_t i = 0; i < points; i++) {
        const double *const features = logistic->features + i * count;
        const double probability = 1 / (1 + exp(-log_odds(features, logistic->coefficients, count)));
        const double weight = probability * (1 - probability), residual = logistic->labels[i] - probability;
        for (int64_t k = 0; k < count; k++) {
            step[k] += residual * features[k];
            for (int64_t l = 0; l <= k; l++) {
                H[k * count + l] += weight * features[k] * features[l];
            }
        }
    }
    return LAPACKE_dposv_work(LAPACK_COL_MAJOR, STORED_TRIANGLE, (lapack_int)count, 1, H, (lapack_int)count, step,
                              (lapack_int)count) == 0;
}

/// Goes along the step as far as the objective sinks.
/// @return the greatest change of a coefficient; 0 where it does not sink
static double take_step(gs_logistic *logistic, int64_t points, double *reached) {
    const int64_t count = logistic->feature_count;
    double length = 1;
    for (int halving = 0; halving < MOST_HALVINGS; halving++, length /= 2) {
        double greatest = 0;
        for (int64_t k = 0; k < count; k++) {
            logistic->trial[k] = logistic->coefficients[k] + length * logistic->step[k];
            greatest = fmax(greatest, fabs(length * logistic->step[k]));
        }
        const double value = objective(logistic, points, logistic->trial);
        if (value < *reached) {
            *reached = value;
            memcpy(logistic->coefficients, logistic->trial, (size_t)count * sizeof *logistic->trial);
            return greatest;
        }
    }
    return 0;
}

const double *gs_logistic_learn(gs_logistic *logistic, const gs_samples *training) {
    const int64_t points = training->x_count + training->y_count;
    find_scale(logistic, training);
    for (int64_t i = 0; i < points; i++) {
        find_features(logistic, point_of(training, i), logistic->features + i * logistic->feature_count);
        logistic->labels[i] = i >= training->x_count;
    }
    memset(logistic->coefficients, 0, (size_t)logistic->feature_count * sizeof *logistic->coefficients);
    double reached = objective(logistic, points, logistic->coefficients), change = INFINITY;
    for (int step = 0; step < MOST_STEPS && change > SMALLEST_STEP && find_step(logistic, points); step++) {
        change = take_step(logistic, points, &reached);
    }
    return logistic->coefficients;
}

void gs_logistic_classify(gs_logistic *logistic, const gs_samples *points, bool *called_y) {
    for (int64_t i = 0; i < points->x_count + points->y_count; i++) {
        find_features(logistic, point_of(points, i), logistic->point);
        called_y[i] = log_odds(logistic->point, logistic->coefficients, logistic->feature_count) > 0;
    }
}
