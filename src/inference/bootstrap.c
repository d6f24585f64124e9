#include "inference/bootstrap.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "inference/generator.h"
#include "numeric/quantile.h"

enum {
    BLOCK_UNITS = 256,      ///< that a byte chooses from
    WORTH_SHARING = 1 << 16 ///< draws: what several threads do sooner than one
};

// ---- moments of the units ----

static double trials_of(const gs_units *units, int64_t unit) {
    return units->trials == NULL ? 1 : units->trials[unit];
}

static double sum_trials(const gs_units *units) {
    double sum = 0;
    for (int64_t i = 0; i < units->count; i++) {
        sum += trials_of(units, i);
    }
    return sum;
}

static double sum_quantity(const gs_units *units, int quantity) {
    double sum = 0;
    for (int64_t i = 0; i < units->count; i++) {
        sum += units->sums[quantity][i];
    }
    return sum;
}

double gs_units_mean(const gs_units *units, int quantity) {
    return units->count == 0 ? (double)NAN : sum_quantity(units, quantity) / sum_trials(units);
}

double gs_units_standard_error(const gs_units *units, int quantity) {
    if (units->count < 2) {
        return NAN;
    }
    const double mean = gs_units_mean(units, quantity), n = (double)units->count;
    double squares = 0;
    for (int64_t i = 0; i < units->count; i++) {
        const double residual = units->sums[quantity][i] - mean * trials_of(units, i);
        squares += residual * residual;
    }
    return sqrt(n / (n - 1) * squares) / sum_trials(units);
}

double gs_units_acceleration(const gs_units *units, int quantity) {
    const double sum = sum_quantity(units, quantity), trials = sum_trials(units);
    double mean = 0, greatest = 0, squares = 0, cubes = 0;
    for (int64_t i = 0; i < units->count; i++) {
        mean += (sum - units->sums[quantity][i]) / (trials - trials_of(units, i)) / (double)units->count;
    }
    for (int64_t i = 0; i < units->count; i++) {
        greatest = fmax(greatest, fabs(mean - (sum - units->sums[quantity][i]) / (trials - trials_of(units, i))));
    }
    for (int64_t i = 0; i < units->count; i++) { // of numbers up to 1: cubes of losses that exploded would be infinite
        const double u = (mean - (sum - units->sums[quantity][i]) / (trials - trials_of(units, i))) / greatest;
        squares += u * u;
        cubes += u * u * u;
    }
    return squares > 0 && isfinite(squares) ? cubes / (6 * squares * sqrt(squares)) : 0;
}

// ---- resamples ----

typedef struct {
    double quantity[GS_MOST_MEANS], trials;
} resample_sums;

static void add_unit(const gs_units *units, int64_t unit, resample_sums *sums) {
    for (int quantity = 0; quantity < units->mean_count; quantity++) {
        sums->quantity[quantity] += units->sums[quantity][unit];
    }
    sums->trials += trials_of(units, unit);
}

/// Adds `draws` units of [first, first + count), each with equal chances.
static void draw_from_block(const gs_units *units, int64_t first, int64_t count, unsigned draws,
                            const gsl_rng *generator, resample_sums *sums) {
    // Bytes at and above the largest multiple of `count` are thrown away: the others hit every unit equally often.
    const unsigned limit = (unsigned)(BLOCK_UNITS - BLOCK_UNITS % count);
    while (draws > 0) {
        uint32_t word = (uint32_t)gsl_rng_get(generator);
        for (int i = 0; i < 4 && draws > 0; i++, word >>= 8) {
            const unsigned byte = word & 0xff;
            if (byte < limit) {
                add_unit(units, first + byte % count, sums);
                draws--;
            }
        }
    }
}

/// How many draws fall into each block is multinomial, so one binomial after the other; within a block they are few
/// enough to be looked up near each other in memory.
static void draw_resample(const gs_units *units, const gsl_rng *generator, resample_sums *sums) {
    unsigned left = (unsigned)units->count;
    *sums = (resample_sums){{0}, 0};
    for (int64_t first = 0; first < units->count && left > 0; first += BLOCK_UNITS) {
        const int64_t rest = units->count - first;
        const int64_t count = rest < BLOCK_UNITS ? rest : BLOCK_UNITS;
        const unsigned draws = count == rest ? left : gsl_ran_binomial(generator, (double)count / (double)rest, left);
        draw_from_block(units, first, count, draws, generator, sums);
        left -= draws;
    }
}

void gs_bootstrap_means(const gs_units *units, int64_t resamples, uint64_t seed, int threads,
                        double *const replicates[GS_MOST_MEANS]) {
    const bool shared = threads > 1 && (double)resamples * (double)units->count > WORTH_SHARING;
#pragma omp parallel for num_threads(threads) schedule(static) if (shared)
    for (int64_t resample = 0; resample < resamples; resample++) {
        gs_generator_state state;
        resample_sums sums;
        const gsl_rng generator = gs_generator_begin(&state, seed, resample);
        draw_resample(units, &generator, &sums);
        for (int quantity = 0; quantity < units->mean_count; quantity++) {
            replicates[quantity][resample] = sums.quantity[quantity] / sums.trials;
        }
    }
}

// ---- BCa ----

/// Share of replicates below the estimate, those equal to it counted half; at least half a replicate on either side,
/// so that its normal quantile is finite.
static double share_below(double estimate, const double *replicates, int64_t count) {
    double below = 0;
    for (int64_t i = 0; i < count; i++) {
        below += replicates[i] < estimate ? 1 : replicates[i] == estimate ? 0.5 : 0;
    }
    return fmin(fmax(below, 0.5), (double)count - 0.5) / (double)count;
}

gs_interval gs_bca_interval(double estimate, double *replicates, int64_t count, double acceleration,
                            double confidence) {
    const double bias = gsl_cdf_ugaussian_Pinv(share_below(estimate, replicates, count));
    double ends[2];
    gs_sort(replicates, count);
    for (int end = 0; end < 2; end++) {
        const double z = bias + gsl_cdf_ugaussian_Pinv(end == 0 ? (1 - confidence) / 2 : (1 + confidence) / 2);
        ends[end] = gs_quantile(replicates, count, gsl_cdf_ugaussian_P(bias + z / (1 - acceleration * z)));
    }
    return (gs_interval){ends[0], ends[1]};
}

// ---- of any number of units ----

static gs_interval student_interval(const gs_units *units, int quantity, double confidence) {
    const double mean = gs_units_mean(units, quantity);
    const double half =
        gsl_cdf_tdist_Pinv((1 + confidence) / 2, (double)units->count - 1) * gs_units_standard_error(units, quantity);
    return (gs_interval){mean - half, mean + half};
}

gs_interval gs_units_interval(const gs_units *units, int quantity, double *replicates, int64_t count,
                              double confidence) {
    if (units->count < 2) {
        return (gs_interval){NAN, NAN};
    }
    if (units->count < GS_UNITS_FOR_BCA) {
        return student_interval(units, quantity, confidence);
    }
    return gs_bca_interval(gs_units_mean(units, quantity), replicates, count, gs_units_acceleration(units, quantity),
                           confidence);
}
