/// Judges a discriminator that estimates the generator's density on samples that it has not seen.
#include "check/jensen_shannon_bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check/jensen_shannon.h"
#include "check/moments.h"
#include "numeric/log_exp.h"

static const double LN2 = 0x1.62e42fefa39efp-1;

/// A fitted covariance S gets this share of Sigma, or of Sigma times the largest variance if that is over 1. It bounds
/// the density of collapsed samples, whose float32 rounding it exceeds.
static const double RIDGE = 1e-12;

/// The widths that are tried: s = 2^-j, j = 0 ... WIDTH_COUNT - 1, until the likelihood falls.
enum { WIDTH_COUNT = 7, MOST_KERNELS = GS_BOUND_MAX_ROWS / 2 + 1 };

/// Kernels whose logarithm is this far below the largest don't change the sum.
static const double NEGLIGIBLE = -40;

struct gs_jensen_shannon_bound {
    const gs_truth *truth;
    gs_directions *directions; ///< of the fitted Gaussian
    double *mean;              ///< [dimension]
    double *covariance;        ///< [dimension x dimension]
    double *rows;              ///< [ROWS_PER_BLOCK x dimension]
    double *deviation;         ///< [dimension] roots of the variances
    double *point;             ///< [dimension] one sample, whitened by the fitted Gaussian
    double *centres;           ///< [MOST_KERNELS x dimension] the fitted samples, whitened
    double *gains;             ///< [GS_BOUND_MAX_ROWS] what kernels change of the loss on a real row
    double log_determinant;    ///< sum of the logarithms of the variances
    int64_t kernel_count;
    int width; ///< j of s = 2^-j
};

gs_status gs_jensen_shannon_bound_create(const gs_truth *truth, gs_jensen_shannon_bound **scratch, gs_error *error) {
    const size_t d = (size_t)truth->dimension;
    gs_jensen_shannon_bound *created = calloc(1, sizeof *created);
    double *memory = calloc((3 + ROWS_PER_BLOCK + MOST_KERNELS + d) * d + GS_BOUND_MAX_ROWS, sizeof *memory);
    if (created == NULL || memory == NULL) {
        free(memory);
        free(created);
        return gs_fail(error, GS_ERROR_RUN, "check: out of memory for samples of dimension %d", truth->dimension);
    }
    *created = (gs_jensen_shannon_bound){.truth = truth,
                                         .mean = memory,
                                         .deviation = memory + d,
                                         .point = memory + 2 * d,
                                         .rows = memory + 3 * d,
                                         .centres = memory + (3 + ROWS_PER_BLOCK) * d,
                                         .covariance = memory + (3 + ROWS_PER_BLOCK + MOST_KERNELS) * d,
                                         .gains = memory + (3 + ROWS_PER_BLOCK + MOST_KERNELS + d) * d};
    const gs_status status = gs_directions_create(truth, truth->dimension, &created->directions, error);
    if (status != GS_OK) {
        gs_jensen_shannon_bound_free(created);
        return status;
    }
    *scratch = created;
    return GS_OK;
}

void gs_jensen_shannon_bound_free(gs_jensen_shannon_bound *scratch) {
    if (scratch != NULL) {
        gs_directions_free(scratch->directions);
        free(scratch->mean);
        free(scratch);
    }
}

static bool all_finite(const float *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return false;
        }
    }
    return true;
}

/// log(1 + exp(x))
static double softplus(double x) {
    return x > 0 ? x + gs_log(1.0 + gs_exp(-x)) : gs_log(1.0 + gs_exp(x));
}

/// Whitens a sample by the fitted Gaussian into `point`.
/// @return log p + d/2 log(2 pi) of the true law, but for its determinant, which falls out of every ratio
static double whiten(const gs_jensen_shannon_bound *scratch, const float *sample, double *point) {
    const gs_directions *directions = scratch->directions;
    const int d = scratch->truth->dimension;
    double squared_length = 0;
    for (int i = 0; i < d; i++) {
        double y = 0;
        for (int j = 0; j < d; j++) {
            y += directions->transform[i * d + j] * ((double)sample[j] - scratch->truth->mean[j]);
        }
        squared_length += y * y;
        point[i] = (y - directions->shift[i]) / scratch->deviation[i];
    }
    return -0.5 * squared_length;
}

/// log of the mean over the kernels of exp(-|point - a centre|^2 / (2 s^2)), a^2 = 1 - s^2.
/// @param left_out  a kernel that doesn't count, or -1
static double log_mean_kernel(const gs_jensen_shannon_bound *scratch, const double *point, int64_t left_out) {
    const int d = scratch->truth->dimension;
    const double squared_width = 1.0 / (double)(1 << 2 * scratch->width);
    const double a = sqrt(1.0 - squared_width);
    double exponents[MOST_KERNELS];
    double largest = -INFINITY;
    for (int64_t k = 0; k < scratch->kernel_count; k++) {
        const double *centre = scratch->centres + k * d;
        double squared_distance = 0;
        for (int i = 0; i < d; i++) {
            const double difference = point[i] - a * centre[i];
            squared_distance += difference * difference;
        }
        exponents[k] = k == left_out ? -INFINITY : -0.5 * squared_distance / squared_width;
        largest = exponents[k] > largest ? exponents[k] : largest;
    }
    double sum = 0;
    for (int64_t k = 0; k < scratch->kernel_count; k++) {
        if (exponents[k] - largest > NEGLIGIBLE) {
            sum += gs_exp(exponents[k] - largest);
        }
    }
    const int64_t counted = left_out < 0 ? scratch->kernel_count : scratch->kernel_count - 1;
    return largest + gs_log(sum / (double)counted);
}

/// log(((h exp(ratio)) + 1) / (h + 1)): the logarithm of q / p once p is worth one of h + 1 samples.
static double with_truth(const gs_jensen_shannon_bound *scratch, double ratio) {
    const double h = (double)scratch->kernel_count;
    return softplus(ratio + gs_log(h)) - gs_log(h + 1.0);
}

/// log q / p where q is the fitted Gaussian.
static double gaussian_ratio(const gs_jensen_shannon_bound *scratch, const double *point, double log_p) {
    double squared_length = 0;
    for (int i = 0; i < scratch->truth->dimension; i++) {
        squared_length += point[i] * point[i];
    }
    return with_truth(scratch, -0.5 * (squared_length + scratch->log_determinant) - log_p);
}

/// log q / p where q is made of kernels of the chosen width.
static double kernel_ratio(const gs_jensen_shannon_bound *scratch, const double *point, double log_p,
                           int64_t left_out) {
    if (scratch->width == 0) {
        return gaussian_ratio(scratch, point, log_p);
    }
    const double log_width = -LN2 * scratch->width;
    const double log_kernel = log_mean_kernel(scratch, point, left_out);
    return with_truth(scratch,
                      log_kernel - scratch->truth->dimension * log_width - 0.5 * scratch->log_determinant - log_p);
}

/// Sum of log q / p over the fitted samples, each under the kernels of the others.
static double leave_one_out(const gs_jensen_shannon_bound *scratch, const float *samples) {
    const int d = scratch->truth->dimension;
    double sum = 0;
    for (int64_t k = 0; k < scratch->kernel_count; k++) {
        const double log_p = whiten(scratch, samples + k * d, scratch->point);
        sum += kernel_ratio(scratch, scratch->point, log_p, k);
    }
    return sum;
}

/// The narrowest width up to which each is more likely than the one before.
static int choose_width(gs_jensen_shannon_bound *scratch, const float *samples) {
    scratch->width = 0;
    double best = leave_one_out(scratch, samples);
    for (int width = 1; width < WIDTH_COUNT; width++) {
        scratch->width = width;
        const double likelihood = leave_one_out(scratch, samples);
        if (!(likelihood > best)) {
            return width - 1;
        }
        best = likelihood;
    }
    return WIDTH_COUNT - 1;
}

/// Estimates the density of samples.
static gs_status fit(gs_jensen_shannon_bound *scratch, const float *samples, int64_t count, gs_error *error) {
    const int d = scratch->truth->dimension;
    gs_directions *directions = scratch->directions;
    gs_sample_mean(samples, count, d, scratch->mean);
    gs_sample_covariance(samples, count, d, scratch->mean, scratch->covariance, scratch->rows);
    const gs_status status = gs_directions_of_moments(directions, scratch->mean, scratch->covariance, error);
    if (status != GS_OK) {
        return status;
    }
    const double largest = directions->variance[d - 1] > 1 ? directions->variance[d - 1] : 1;
    scratch->log_determinant = 0;
    for (int i = 0; i < d; i++) {
        directions->variance[i] += RIDGE * largest;
        scratch->deviation[i] = sqrt(directions->variance[i]);
        scratch->log_determinant += gs_log(directions->variance[i]);
    }
    scratch->kernel_count = count;
    for (int64_t k = 0; k < count; k++) {
        (void)whiten(scratch, samples + k * d, scratch->centres + k * d);
    }
    scratch->width = choose_width(scratch, samples);
    return GS_OK;
}

/// Mean and squared standard error of a mean.
typedef struct {
    double mean, squared_error;
} estimate;

/// Mean of the first values, and their squared deviations from it, one by one (Welford 1962).
typedef struct {
    int64_t count;
    double mean, squares;
} running;

static void add(running *values, double value) {
    values->count++;
    const double difference = value - values->mean;
    values->mean += difference / (double)values->count;
    values->squares += difference * (value - values->mean);
}

static estimate estimate_of(const running *values) {
    return (estimate){values->mean, values->squares / ((double)(values->count - 1) * (double)values->count)};
}

/// Loss of the discriminator on samples that it has not seen: log(1 + p / q).
static estimate loss_on_samples(gs_jensen_shannon_bound *scratch, const float *samples, int64_t count) {
    const int d = scratch->truth->dimension;
    running losses = {0, 0, 0};
    for (int64_t row = 0; row < count; row++) {
        const double log_p = whiten(scratch, samples + row * d, scratch->point);
        add(&losses, softplus(-kernel_ratio(scratch, scratch->point, log_p, -1)));
    }
    return estimate_of(&losses);
}

/// Loss of the fitted Gaussian on data, E log(1 + q / p). With h of the h + 1 samples
///   1 + q / p = (h + 2) / (h + 1) (1 + h / (h + 2) N(m, S) / p).
static double gaussian_loss_on_data(const gs_jensen_shannon_bound *scratch) {
    const gs_directions *directions = scratch->directions;
    const double h = (double)scratch->kernel_count;
    return gs_log((h + 2.0) / (h + 1.0)) +
           gs_mean_loss_on_data(directions->variance, directions->shift, scratch->truth->dimension, h / (h + 2.0));
}

/// Adds half of what kernels change of the Gaussian's loss on every real row.
static void add_gains(gs_jensen_shannon_bound *scratch, const float *real, int64_t real_count) {
    const int d = scratch->truth->dimension;
    if (scratch->width == 0) {
        return;
    }
    for (int64_t row = 0; row < real_count; row++) {
        const double log_p = whiten(scratch, real + row * d, scratch->point);
        const double of_kernels = softplus(kernel_ratio(scratch, scratch->point, log_p, -1));
        scratch->gains[row] += 0.5 * (of_kernels - softplus(gaussian_ratio(scratch, scratch->point, log_p)));
    }
}

gs_status gs_bound_jensen_shannon(gs_jensen_shannon_bound *scratch, const float *samples, int64_t count,
                                  const float *real, int64_t real_count, double *bound, double *standard_error,
                                  gs_error *error) {
    const int d = scratch->truth->dimension;
    *bound = NAN;
    *standard_error = NAN;
    count = count < GS_BOUND_MAX_ROWS ? count : GS_BOUND_MAX_ROWS;
    real_count = real_count < GS_BOUND_MAX_ROWS ? real_count : GS_BOUND_MAX_ROWS;
    if (count / 2 <= d || real_count < 2 || !all_finite(samples, count * d) || !all_finite(real, real_count * d)) {
        return GS_OK;
    }
    const int64_t first = count / 2;
    const struct {
        const float *fitted, *judged;
        int64_t fitted_count, judged_count;
    } halves[] = {{samples, samples + first * d, first, count - first},
                  {samples + first * d, samples, count - first, first}};
    memset(scratch->gains, 0, (size_t)real_count * sizeof *scratch->gains);
    double loss = 0;
    double squared_error = 0;
    for (int i = 0; i < 2; i++) {
        const gs_status status = fit(scratch, halves[i].fitted, halves[i].fitted_count, error);
        if (status != GS_OK) {
            return status;
        }
        const estimate on_samples = loss_on_samples(scratch, halves[i].judged, halves[i].judged_count);
        loss += 0.25 * (on_samples.mean + gaussian_loss_on_data(scratch));
        squared_error += on_samples.squared_error / 16.0;
        add_gains(scratch, real, real_count);
    }
    running gains = {0, 0, 0};
    for (int64_t row = 0; row < real_count; row++) {
        add(&gains, scratch->gains[row]);
    }
    const estimate gain = estimate_of(&gains);
    *bound = LN2 - (loss + 0.5 * gain.mean);
    *standard_error = sqrt(squared_error + 0.25 * gain.squared_error);
    return GS_OK;
}
