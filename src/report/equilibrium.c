#include "report/equilibrium.h"

#include <math.h>
#include <stdlib.h>

#include "gansweep/run.h"
#include "inference/bootstrap.h"
#include "inference/equivalence.h"
#include "inference/multiple.h"
#include "report/data_set.h"

enum {
    MOST_UNITS = 1 << 14,  ///< of a configuration: more draws would make no better an interval
    FEWEST_UNITS = 1 << 8, ///< of a configuration that has more trials: never taken together further
    MOST_RESAMPLES = 10000,
    FEWEST_RESAMPLES = 200,
};
static const double MOST_DRAWS = 1e9;        ///< of units, in all configurations together
static const double MOST_REPLICATES = 2.5e7; ///< of means
static const double CONFIDENCE = 0.95;
static const uint64_t SEED = 1987; ///< of the resamples; each configuration is drawn alike

struct gs_equilibrium {
    int64_t resamples, most_units;
    int threads;
    gs_seeded_trial *order; ///< [most_trials]
    double *sums[2];        ///< [most_trials] of the trials of a unit
    double *trials;         ///< [most_trials]
    double *replicates[2];
};

static double *new_numbers(int64_t count) {
    return malloc(((size_t)count + 1) * sizeof(double));
}

gs_equilibrium *gs_equilibrium_create(int64_t most_trials, int64_t all_trials, int64_t configurations) {
    gs_equilibrium *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return NULL;
    }
    const double units = fmin(MOST_UNITS, MOST_DRAWS / FEWEST_RESAMPLES / (double)configurations);
    made->most_units = (int64_t)fmax(FEWEST_UNITS, units);
    const double all_units = fmin((double)all_trials, (double)configurations * (double)made->most_units);
    const double affordable = fmin(MOST_DRAWS / (all_units + 1), MOST_REPLICATES / (double)configurations);
    made->resamples = (int64_t)fmin(MOST_RESAMPLES, fmax(FEWEST_RESAMPLES, affordable));
    const gs_run_options presets = {0};
    made->threads = gs_run_threads(&presets);
    made->order = malloc(((size_t)most_trials + 1) * sizeof *made->order);
    made->trials = new_numbers(most_trials);
    bool complete = made->order != NULL && made->trials != NULL;
    for (int loss = 0; loss < 2; loss++) {
        made->sums[loss] = new_numbers(most_trials);
        made->replicates[loss] = new_numbers(made->resamples);
        complete = complete && made->sums[loss] != NULL && made->replicates[loss] != NULL;
    }
    if (!complete) {
        gs_equilibrium_free(made);
        return NULL;
    }
    return made;
}

void gs_equilibrium_free(gs_equilibrium *equilibrium) {
    if (equilibrium != NULL) {
        free(equilibrium->order);
        free(equilibrium->trials);
        for (int loss = 0; loss < 2; loss++) {
            free(equilibrium->sums[loss]);
            free(equilibrium->replicates[loss]);
        }
        free(equilibrium);
    }
}

/// Sums over the trials of each data set; returns the number of units.
static int64_t gather_units(gs_equilibrium *equilibrium, const double *loss_D, const double *loss_G,
                            const int64_t *data_seed, int64_t count) {
    gs_seeded_trial *order = equilibrium->order;
    bool ascending = true;
    for (int64_t i = 0; i < count; i++) {
        order[i] = (gs_seeded_trial){data_seed[i], i};
        ascending = ascending && (i == 0 || gs_seeded_trial_compare(&order[i - 1], &order[i]) < 0);
    }
    if (!ascending) {
        qsort(order, (size_t)count, sizeof *order, gs_seeded_trial_compare);
    }
    int64_t units = 0;
    for (int64_t i = 0; i < count; i++) {
        if (i == 0 || order[i].data_seed != order[i - 1].data_seed) {
            equilibrium->sums[0][units] = equilibrium->sums[1][units] = equilibrium->trials[units] = 0;
            units++;
        }
        equilibrium->sums[0][units - 1] += loss_D[order[i].trial];
        equilibrium->sums[1][units - 1] += loss_G[order[i].trial];
        equilibrium->trials[units - 1]++;
    }
    return units;
}

/// Takes neighbours together until there are at most `most_units`.
static int64_t merge_units(gs_equilibrium *equilibrium, int64_t units) {
    const int64_t together = (units + equilibrium->most_units - 1) / equilibrium->most_units;
    if (together <= 1) {
        return units;
    }
    double *const numbers[] = {equilibrium->sums[0], equilibrium->sums[1], equilibrium->trials};
    const int64_t merged = (units + together - 1) / together;
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        for (int64_t i = 0; i < merged; i++) {
            double sum = 0;
            for (int64_t unit = i * together; unit < (i + 1) * together && unit < units; unit++) {
                sum += numbers[k][unit];
            }
            numbers[k][i] = sum;
        }
    }
    return merged;
}

void gs_equilibrium_judge(gs_equilibrium *equilibrium, const double *loss_D, const double *loss_G,
                          const int64_t *data_seed, int64_t count, gs_report_row *row) {
    gs_mean_interval *const losses[2] = {&row->loss_D_mean, &row->loss_G_mean};
    const double targets[2] = {M_LN2, gs_equilibrium_sign(row->settings.generator_loss) * M_LN2};
    row->units = gather_units(equilibrium, loss_D, loss_G, data_seed, count);
    const gs_units units = {.count = merge_units(equilibrium, row->units),
                            .mean_count = 2,
                            .sums = {equilibrium->sums[0], equilibrium->sums[1]},
                            .trials = equilibrium->trials};
    *losses[0] = *losses[1] = (gs_mean_interval){NAN, NAN};
    row->equivalence_p[0] = row->equivalence_p[1] = units.count < 2 ? (double)NAN : 0;
    if (units.count < 2) {
        return;
    }
    if (units.count >= GS_UNITS_FOR_BCA) {
        gs_bootstrap_means(&units, equilibrium->resamples, SEED, equilibrium->threads, equilibrium->replicates);
    }
    for (int loss = 0; loss < 2; loss++) {
        const double mean = gs_units_mean(&units, loss), error = gs_units_standard_error(&units, loss);
        const gs_interval interval =
            gs_units_interval(&units, loss, equilibrium->replicates[loss], equilibrium->resamples, CONFIDENCE);
        *losses[loss] = (gs_mean_interval){interval.low, interval.high};
        for (int margin = 0; margin < GS_MARGIN_COUNT; margin++) { // both losses: the greater p of the two
            const double p = gs_equivalence_p(mean, error, (double)units.count - 1, targets[loss], gs_margins[margin]);
            row->equivalence_p[margin] = fmax(row->equivalence_p[margin], p);
        }
    }
}

bool gs_equilibrium_adjust(gs_report_row *rows, int64_t count) {
    double *p = new_numbers(count);
    if (p == NULL) {
        return false;
    }
    bool done = true;
    for (int margin = 0; margin < GS_MARGIN_COUNT && done; margin++) {
        for (int64_t i = 0; i < count; i++) {
            p[i] = rows[i].equivalence_p[margin];
        }
        done = gs_adjust_p(p, count);
        for (int64_t i = 0; i < count; i++) {
            rows[i].equivalence_q[margin] = p[i];
        }
    }
    free(p);
    return done;
}
