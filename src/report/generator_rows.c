#include "report/generator_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// The datasets of one layer.
typedef struct {
    const gs_dataset *weight, *bias;
} layer_datasets;

struct gs_generator_rows {
    const gs_results *results;
    int layer_count;
    layer_datasets layers[GS_MAX_HIDDEN_LAYERS + 1];
    float *row;        ///< of the widest dataset
    float *parameters; ///< of the largest generator
};

/// generator_weight, or generator_weight_2 where there are hidden layers; NULL when the file has none.
static const gs_dataset *find_dataset(const gs_layout *layout, const char *kind, int layer, int layer_count,
                                      gs_error *error) {
    char name[64];
    if (layer_count == 1) {
        (void)snprintf(name, sizeof name, "generator_%s", kind);
    } else {
        (void)snprintf(name, sizeof name, "generator_%s_%d", kind, layer + 1);
    }
    const int index = gs_layout_find(layout, name);
    if (index < 0) {
        (void)gs_fail(error, GS_ERROR_RESULTS, "the file has no dataset %s", name);
        return NULL;
    }
    return gs_layout_dataset(layout, index);
}

static gs_status find_layers(gs_generator_rows *rows, int64_t *widest, gs_error *error) {
    const gs_layout *layout = gs_results_layout(rows->results);
    for (int layer = 0; layer < rows->layer_count; layer++) {
        layer_datasets *const found = &rows->layers[layer];
        found->weight = find_dataset(layout, "weight", layer, rows->layer_count, error);
        found->bias = found->weight == NULL ? NULL : find_dataset(layout, "bias", layer, rows->layer_count, error);
        if (found->bias == NULL) {
            return GS_ERROR_RESULTS;
        }
        *widest = found->weight->row_bytes > *widest ? found->weight->row_bytes : *widest;
    }
    return GS_OK;
}

gs_status gs_generator_rows_create(const gs_results *results, gs_generator_rows **rows, gs_error *error) {
    const gs_experiment *experiment = gs_results_experiment(results);
    int64_t widest = 1;
    gs_layers largest;
    gs_generator_layers(experiment, gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM), &largest);
    gs_generator_rows *made = calloc(1, sizeof *made);
    gs_status status = made == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for a generator") : GS_OK;
    if (made != NULL) {
        made->results = results;
        made->layer_count = largest.layer_count;
        status = find_layers(made, &widest, error);
        made->row = malloc((size_t)widest);
        made->parameters = malloc((size_t)largest.parameter_count * sizeof(float));
        if (status == GS_OK && (made->row == NULL || made->parameters == NULL)) {
            status = gs_fail(error, GS_ERROR_RUN, "out of memory for a generator of %lld parameters",
                             (long long)largest.parameter_count);
        }
    }
    if (status != GS_OK) {
        gs_generator_rows_free(made);
        return status;
    }
    *rows = made;
    return GS_OK;
}

void gs_generator_rows_free(gs_generator_rows *rows) {
    if (rows != NULL) {
        free(rows->row);
        free(rows->parameters);
        free(rows);
    }
}

const float *gs_generator_rows_read(gs_generator_rows *rows, int64_t trial, const gs_settings *settings,
                                    gs_error *error) {
    gs_layers own; // rows of the file are as wide as the largest latent_dim
    gs_generator_layers(gs_results_experiment(rows->results), settings->latent_dim, &own);
    float *to = rows->parameters;
    for (int layer = 0; layer < rows->layer_count; layer++) {
        const layer_datasets *const from = &rows->layers[layer];
        const int64_t in = own.size[layer], out = own.size[layer + 1], width = from->weight->extent[2];
        if (gs_results_read(rows->results, from->weight->name, trial, 1, rows->row, error) != GS_OK) {
            return NULL;
        }
        for (int64_t unit = 0; unit < out; unit++, to += in) {
            memcpy(to, rows->row + unit * width, (size_t)in * sizeof *to);
        }
        if (gs_results_read(rows->results, from->bias->name, trial, 1, to, error) != GS_OK) {
            return NULL;
        }
        to += out;
    }
    return rows->parameters;
}
