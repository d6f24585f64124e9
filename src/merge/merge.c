#include "gansweep/merge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "merge/copy.h"

// ---- where the numbers come from ----

enum { ISA_BYTES = 128 };

/// The instruction sets of all files, each once: "avx2+avx512".
static void join_isas(const gs_source_files *files, char isas[ISA_BYTES]) {
    isas[0] = '\0';
    for (int64_t i = 0; i < files->count; i++) {
        const char *isa = files->list[i].isa;
        bool known = false;
        for (int64_t before = 0; before < i && !known; before++) {
            known = strcmp(files->list[before].isa, isa) == 0;
        }
        const size_t used = strlen(isas);
        if (!known && used + strlen(isa) + sizeof "+" <= ISA_BYTES) {
            (void)snprintf(isas + used, ISA_BYTES - used, "%s%s", used == 0 ? "" : "+", isa);
        }
    }
}

/// Time of training of all files; NaN when it is not known of one.
static double sum_seconds(const gs_source_files *files) {
    double seconds = 0;
    for (int64_t i = 0; i < files->count; i++) {
        seconds += files->list[i].seconds;
    }
    return seconds;
}

/// As many threads as gave the sum of the files' times the same thread-seconds.
static int mean_threads(const gs_source_files *files) {
    double thread_seconds = 0;
    for (int64_t i = 0; i < files->count; i++) {
        thread_seconds += (double)files->list[i].threads * files->list[i].seconds;
    }
    const double mean = thread_seconds / sum_seconds(files);
    return mean >= 1 ? (int)lround(mean) : (int)files->list[0].threads;
}

// ---- filling the new file ----

/// The sources of a virtual file, as gs_plots_draw reads them.
typedef struct {
    const gs_store *store;
    const gs_virtual *sources;
} virtual_rows;

static gs_status read_virtual(void *source, const char *dataset, int64_t first, int64_t count, void *into,
                              gs_error *error) {
    const virtual_rows *rows = source;
    const gs_status status = gs_store_refuse_when_stopped(rows->store, error);
    return status == GS_OK ? gs_virtual_read(rows->sources, rows->store->layout,
                                             gs_layout_find(rows->store->layout, dataset), first, count, into, error)
                           : status;
}

/// Draws the plots of a virtual file from its sources, found as a reader will find them.
static gs_status draw_virtual(const gs_copy *copy, const gs_store *store, gs_error *error) {
    const gs_note *notes = copy->parts->first->notes;
    gs_virtual *sources = NULL;
    unsigned char *drawing = malloc((size_t)gs_plots_bytes(store->layout->plots));
    gs_status status = drawing == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for the plots") : GS_OK;
    if (status == GS_OK) {
        status = gs_virtual_open(store->path, &copy->parts->files, notes[GS_NOTE_RESOLVED].text,
                                 notes[GS_NOTE_NUMERICS_VERSION].integer, &sources, error);
    }
    virtual_rows rows = {store, sources};
    if (status == GS_OK) {
        status = gs_plots_draw(store->layout->plots, read_virtual, &rows, true, drawing, error);
    }
    if (status == GS_OK) {
        status = gs_store_write_drawing(store, drawing, error);
    }
    gs_virtual_close(sources);
    free(drawing);
    return status;
}

static gs_status fill(gs_store *store, void *context, gs_error *error) {
    const gs_copy *copy = context;
    gs_status status = gs_store_write_coordinates(store, error);
    if (status == GS_OK) {
        status = gs_copy_rows(copy, store, error);
    }
    if (status == GS_OK) {
        store->ledger = copy->merged->ledger;
        status = copy->options->is_virtual ? draw_virtual(copy, store, error)
                                           : gs_store_draw(store, store->ledger.pending == 0, error);
    }
    if (status == GS_ERROR_RUN && gs_store_is_stopped(store)) { // a drawing says less of it
        (void)gs_store_refuse_when_stopped(store, error);
    }
    return status == GS_OK ? gs_store_write_seconds(store, sum_seconds(&copy->parts->files), error) : status;
}

static gs_status make(const char *path, gs_copy *copy, gs_error *error) {
    const gs_parts *parts = copy->parts;
    const gs_merge_options *options = copy->options;
    char isas[ISA_BYTES];
    gs_provenance provenance = options->provenance;
    gs_plan *plan = NULL;
    gs_store *store = NULL;
    char *sources = gs_sources_text(&parts->files);
    join_isas(&parts->files, isas);
    provenance.isa = isas;
    provenance.threads = mean_threads(&parts->files);
    provenance.sources = sources;
    const gs_new_file wanted = {.provenance = &provenance,
                                .force = options->force,
                                .lock = options->lock,
                                .virtual_sources = options->is_virtual ? &parts->files : NULL,
                                .fill = fill,
                                .context = copy};
    gs_status status = sources == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for the names of the files")
                                       : gs_plan_create(parts->first->experiment, &plan, error);
    if (status == GS_OK) {
        status = gs_store_make(path, parts->first->experiment, plan, &wanted, options->stop, &store, error);
    }
    if (status == GS_OK) {
        copy->merged->bytes = store->bytes;
        gs_store_free(store);
    }
    gs_plan_free(plan);
    free(sources);
    return status;
}

/// Refuses what can't be before a file is opened.
static gs_status check_options(int count, const gs_merge_options *options, gs_error *error) {
    if (options->partial && options->is_virtual) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "a virtual file can't be partial: it has no rows of its own for what is missing");
    }
    if (options->is_virtual && count > GS_MOST_VIRTUAL_SOURCES) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "a virtual file has up to %d sources, since whoever reads it opens them all, and these are %d: "
                       "merge them without --virtual",
                       GS_MOST_VIRTUAL_SOURCES, count);
    }
    return GS_OK;
}

gs_status gs_merge(const char *path, const char *const *files, int count, const gs_merge_options *options,
                   gs_merged *merged, gs_error *error) {
    gs_parts parts;
    gs_copy copy = {.parts = &parts, .options = options, .merged = merged};
    *merged = (gs_merged){.bytes = 0};
    gs_status status = check_options(count, options, error);
    if (status != GS_OK) {
        return status;
    }
    status = gs_parts_collect(files, count, options, &parts, error);
    if (status == GS_OK) {
        status = gs_parts_refuse_target(&parts, path, error);
    }
    if (status == GS_OK && options->is_virtual) {
        status = gs_parts_name_beside(&parts, path, error);
    }
    if (status == GS_OK) {
        status = make(path, &copy, error);
    }
    gs_parts_free(&parts);
    return status;
}
