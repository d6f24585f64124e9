#include "plots/reading.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WINDOW_BYTES = 1 << 18,
    WORTH_SKIPPING = 1 << 12, ///< bytes between two rows that are not read along
};

bool gs_reading_create(gs_reading *reading, const gs_plots *plots, int64_t most) {
    gs_trials_read *trials = &reading->trials;
    const size_t count = (size_t)most, epochs = (size_t)plots->epoch_count;
    const int64_t loss_bytes = plots->largest_epochs * (int64_t)sizeof(float);
    reading->plots = plots;
    reading->window_bytes = loss_bytes > WINDOW_BYTES ? loss_bytes : WINDOW_BYTES;
    reading->window = malloc((size_t)reading->window_bytes);
    trials->trials = malloc(count * sizeof *trials->trials);
    trials->loss_D = malloc(count * epochs * sizeof *trials->loss_D);
    trials->loss_G = malloc(count * epochs * sizeof *trials->loss_G);
    trials->last_D = malloc(count * sizeof *trials->last_D);
    trials->last_G = malloc(count * sizeof *trials->last_G);
    trials->covariance_error = malloc(count * sizeof *trials->covariance_error);
    trials->frechet_distance = malloc(count * sizeof *trials->frechet_distance);
    trials->covariance_ok = malloc(count);
    return reading->window != NULL && trials->trials != NULL && trials->loss_D != NULL && trials->loss_G != NULL &&
           trials->last_D != NULL && trials->last_G != NULL && trials->covariance_error != NULL &&
           trials->frechet_distance != NULL && trials->covariance_ok != NULL;
}

void gs_reading_free(gs_reading *reading) {
    gs_trials_read *trials = &reading->trials;
    free(reading->window);
    free(trials->trials);
    free(trials->loss_D);
    free(trials->loss_G);
    free(trials->last_D);
    free(trials->last_G);
    free(trials->covariance_error);
    free(trials->frechet_distance);
    free(trials->covariance_ok);
}

/// Rows of reading->trials.trials that one read brings, from the `first`-th on.
static int64_t rows_of_window(const gs_reading *reading, int64_t first, int64_t row_bytes) {
    const int64_t *trials = reading->trials.trials;
    int64_t next = first + 1;
    while (next < reading->trials.count && (trials[next] - trials[first] + 1) * row_bytes <= reading->window_bytes &&
           (trials[next] - trials[next - 1] - 1) * row_bytes < WORTH_SKIPPING) {
        next++;
    }
    return next - first;
}

/// Takes what is needed of the row of reading->trials.trials[index].
typedef void take_row(gs_reading *reading, int64_t index, const unsigned char *row, const void *context);

/// Reads the rows of one dataset for all of reading->trials.trials.
static gs_status read_rows(gs_reading *reading, const char *dataset, int64_t row_bytes, take_row *take,
                           const void *context, gs_error *error) {
    const int64_t *trials = reading->trials.trials;
    gs_status status = GS_OK;
    for (int64_t first = 0, count; first < reading->trials.count && status == GS_OK; first += count) {
        count = rows_of_window(reading, first, row_bytes);
        status = reading->read(reading->source, dataset, trials[first], trials[first + count - 1] - trials[first] + 1,
                               reading->window, error);
        for (int64_t i = first; i < first + count && status == GS_OK; i++) {
            take(reading, i, reading->window + (trials[i] - trials[first]) * row_bytes, context);
        }
    }
    return status;
}

/// Moves a finished trial to the front, among those that were found finished before.
static void take_status(gs_reading *reading, int64_t index, const unsigned char *row, const void *context) {
    int64_t *finished = *(int64_t *const *)context;
    (void)reading;
    finished[index] = *row != 0;
}

static gs_status keep_finished(gs_reading *reading, gs_error *error) {
    gs_trials_read *trials = &reading->trials;
    if (reading->complete) {
        return GS_OK;
    }
    int64_t *finished = malloc((size_t)(trials->count > 0 ? trials->count : 1) * sizeof *finished);
    if (finished == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the plots");
    }
    const gs_status status = read_rows(reading, "status", 1, take_status, &finished, error);
    int64_t kept = 0;
    for (int64_t i = 0; i < trials->count && status == GS_OK; i++) {
        if (finished[i]) {
            trials->trials[kept++] = trials->trials[i];
        }
    }
    trials->count = kept;
    free(finished);
    return status;
}

/// Where one loss of each trial goes.
typedef struct {
    int64_t epochs; ///< of these trials
    float *shown, *last;
} loss_target;

static void take_loss(gs_reading *reading, int64_t index, const unsigned char *row, const void *context) {
    const loss_target *target = context;
    const int64_t shown = reading->plots->epoch_count;
    for (int64_t e = 0; e < shown; e++) {
        const int64_t epoch = gs_plots_epoch(reading->plots, e);
        memcpy(&target->shown[index * shown + e], row + (epoch - 1) * (int64_t)sizeof(float), sizeof(float));
    }
    memcpy(&target->last[index], row + (target->epochs - 1) * (int64_t)sizeof(float), sizeof(float));
}

static void take_real(gs_reading *reading, int64_t index, const unsigned char *row, const void *context) {
    double *const *values = context;
    (void)reading;
    memcpy(&(*values)[index], row, sizeof(double));
}

static void take_byte(gs_reading *reading, int64_t index, const unsigned char *row, const void *context) {
    (void)context;
    reading->trials.covariance_ok[index] = *row;
}

/// Reads everything of the finished ones of reading->trials.trials.
static gs_status read_finished(gs_reading *reading, int64_t epochs, gs_error *error) {
    gs_trials_read *trials = &reading->trials;
    const int64_t loss_bytes = reading->plots->largest_epochs * (int64_t)sizeof(float);
    const loss_target target_D = {epochs, trials->loss_D, trials->last_D};
    const loss_target target_G = {epochs, trials->loss_G, trials->last_G};
    gs_status status = keep_finished(reading, error);
    if (status == GS_OK) {
        status = read_rows(reading, "loss_D", loss_bytes, take_loss, &target_D, error);
    }
    if (status == GS_OK) {
        status = read_rows(reading, "loss_G", loss_bytes, take_loss, &target_G, error);
    }
    if (status == GS_OK) {
        status = read_rows(reading, "covariance_error", sizeof(double), take_real, &trials->covariance_error, error);
    }
    if (status == GS_OK) {
        status = read_rows(reading, "frechet_distance", sizeof(double), take_real, &trials->frechet_distance, error);
    }
    return status == GS_OK ? read_rows(reading, "covariance_ok", 1, take_byte, NULL, error) : status;
}

gs_status gs_reading_members(gs_reading *reading, int64_t configuration, int64_t step, int64_t epochs,
                             gs_error *error) {
    const gs_plan *plan = reading->plots->plan;
    const int64_t members = gs_plan_member_count(plan, configuration);
    reading->trials.count = 0;
    for (int64_t i = 0; i < members; i += step) {
        reading->trials.trials[reading->trials.count++] = gs_plan_member(plan, configuration, i);
    }
    return read_finished(reading, epochs, error);
}

gs_status gs_reading_trial(gs_reading *reading, int64_t trial, int64_t epochs, gs_error *error) {
    reading->trials.count = 1;
    reading->trials.trials[0] = trial;
    return read_finished(reading, epochs, error);
}

gs_status gs_reading_samples(const gs_reading *reading, int64_t trial, float *samples, gs_error *error) {
    return reading->read(reading->source, "samples", trial, 1, samples, error);
}
