#include "report/column.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_BYTES = 1 << 20 };

const char *const gs_quantity_datasets[GS_QUANTITY_COUNT] = {
    [GS_QUANTITY_STATUS] = "status",
    [GS_QUANTITY_LOSS_D] = "loss_D",
    [GS_QUANTITY_LOSS_G] = "loss_G",
    [GS_QUANTITY_COVARIANCE_OK] = "covariance_ok",
    [GS_QUANTITY_OUTCOME] = "outcome",
    [GS_QUANTITY_COVARIANCE_ERROR] = "covariance_error",
    [GS_QUANTITY_FRECHET_DISTANCE] = "frechet_distance",
    [GS_QUANTITY_KL] = "kl_exact",
    [GS_QUANTITY_LRT_JOINT] = "lrt_joint",
    [GS_QUANTITY_END_LOSS_D] = "end_loss_D",
    [GS_QUANTITY_JSD] = "jsd",
    [GS_QUANTITY_LARGEST_REAL] = "jacobian_largest_real",
    [GS_QUANTITY_LARGEST_RATIO] = "jacobian_largest_ratio",
};

/// Rows [first, first + count) of one dataset, as in the file.
typedef struct {
    const gs_dataset *dataset; ///< NULL: the file has none
    int64_t first, count, capacity;
    unsigned char *bytes;
} gs_window;

struct gs_columns {
    const gs_results *results;
    int64_t end; ///< behind the last trial
    gs_window windows[GS_QUANTITY_COUNT];
};

gs_status gs_columns_create(const gs_results *results, gs_columns **columns, gs_error *error) {
    const gs_layout *layout = gs_results_layout(results);
    gs_columns *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a report");
    }
    created->results = results;
    const gs_trial_range part = gs_plan_part(gs_results_plan(results));
    created->end = part.first + part.count;
    for (int quantity = 0; quantity < GS_QUANTITY_COUNT; quantity++) {
        gs_window *window = &created->windows[quantity];
        const int index = gs_layout_find(layout, gs_quantity_datasets[quantity]);
        if (index < 0 && quantity >= GS_QUANTITY_JSD) {
            continue;
        }
        if (index < 0) {
            gs_columns_free(created);
            return gs_fail(error, GS_ERROR_RESULTS, "the file has no dataset %s", gs_quantity_datasets[quantity]);
        }
        window->dataset = gs_layout_dataset(layout, index);
        window->capacity = WINDOW_BYTES / window->dataset->row_bytes + 1;
        window->bytes = malloc((size_t)(window->capacity * window->dataset->row_bytes));
        if (window->bytes == NULL) {
            gs_columns_free(created);
            return gs_fail(error, GS_ERROR_RUN, "out of memory for a window of %s", gs_quantity_datasets[quantity]);
        }
    }
    *columns = created;
    return GS_OK;
}

void gs_columns_free(gs_columns *columns) {
    if (columns == NULL) {
        return;
    }
    for (int quantity = 0; quantity < GS_QUANTITY_COUNT; quantity++) {
        free(columns->windows[quantity].bytes);
    }
    free(columns);
}

static double element(const gs_dataset *dataset, const unsigned char *bytes, int64_t index) {
    double f8;
    float f4;
    switch (dataset->element) {
    case GS_F8:
        memcpy(&f8, bytes + index * (int64_t)sizeof f8, sizeof f8);
        return f8;
    case GS_F4:
        memcpy(&f4, bytes + index * (int64_t)sizeof f4, sizeof f4);
        return f4;
    default:
        assert(dataset->element == GS_U1);
        return bytes[index];
    }
}

static gs_status move_window(const gs_columns *columns, gs_window *window, int64_t first, gs_error *error) {
    const int64_t left = columns->end - first;
    window->first = first;
    window->count = left < window->capacity ? left : window->capacity;
    const gs_status status =
        gs_results_read(columns->results, window->dataset->name, first, window->count, window->bytes, error);
    if (status != GS_OK) {
        window->count = 0;
    }
    return status;
}

gs_status gs_columns_read(void *source, gs_quantity quantity, int64_t epochs, int64_t first, int64_t count,
                          double *into, gs_error *error) {
    gs_columns *columns = source;
    gs_window *window = &columns->windows[quantity];
    const bool by_epoch = quantity == GS_QUANTITY_LOSS_D || quantity == GS_QUANTITY_LOSS_G;
    const int64_t place = by_epoch ? epochs - 1 : 0;
    for (int64_t i = 0; i < count; i++) {
        if (window->dataset == NULL) {
            into[i] = NAN;
            continue;
        }
        const int64_t trial = first + i;
        if (trial < window->first || trial >= window->first + window->count) {
            const gs_status status = move_window(columns, window, trial, error);
            if (status != GS_OK) {
                return status;
            }
        }
        const unsigned char *row = window->bytes + (trial - window->first) * window->dataset->row_bytes;
        into[i] = element(window->dataset, row, place);
    }
    return GS_OK;
}
