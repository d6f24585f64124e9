/// The results file: one HDF5 file (classic format, also valid NetCDF-4) created whole at its full size.
///
/// libhdf5 creates every dataset under a temporary name, closes the file, and the file is renamed into place. From then
/// on libhdf5 never opens it for writing: threads write finished rows in place at the datasets' addresses, `status`
/// after the data, so that a kill at any instant leaves a readable file. docs/file-format.md lists every dataset.
#ifndef GANSWEEP_STORE_H
#define GANSWEEP_STORE_H

#include "gansweep/check.h"
#include "gansweep/plan.h"
#include "gansweep/train.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { GS_PENDING = 0, GS_DONE = 1, GS_DIVERGED = 2 } gs_trial_status;

typedef enum { GS_U1, GS_U4, GS_I8, GS_F4, GS_F8 } gs_element;

enum {
    GS_MAX_RANK = 4,
    GS_LAYOUT_VERSION = 1, ///< of the file: a reader refuses any other
};

/// One dataset of the results file. A row is what belongs to one index of its first dimension, which is `trial` for all
/// but the coordinate variables of the other dimensions.
typedef struct {
    char name[64];
    gs_element element;
    int rank;
    int64_t extent[GS_MAX_RANK];
    char dimension[GS_MAX_RANK][32]; ///< names of the dimension scales
    const char *units;
    const char *long_name;
    const char *const *flags; ///< [flag_count] meaning of the values 0, 1, ... of a text column; NULL otherwise
    int flag_count;
    bool coordinate;   ///< names a dimension: `trial`, `epoch`, ...
    bool by_trial;     ///< its first dimension is `trial`
    int64_t row_bytes; ///< bytes of one row
} gs_dataset;

/// All datasets of an experiment's results file, in documented order; `status` is the last. Pending rows of floats are
/// NaN, those of integers 0; coordinates, settings and `configuration` are there from the beginning.
typedef struct gs_layout gs_layout;
/// @param experiment, plan  must outlive the layout
/// @return GS_ERROR_INPUT when a row overflows; GS_ERROR_RUN when out of memory
gs_status gs_layout_create(const gs_experiment *experiment, const gs_plan *plan, gs_layout **layout, gs_error *error);
void gs_layout_free(gs_layout *layout);
int gs_layout_dataset_count(const gs_layout *layout);
const gs_dataset *gs_layout_dataset(const gs_layout *layout, int index);
int gs_layout_find(const gs_layout *layout, const char *name); ///< -1 if there is none
/// Bytes of the whole file, never too few; INT64_MAX when it overflows.
int64_t gs_layout_file_bytes(const gs_layout *layout);

/// Rows of several trials, column by column, as they will stand in the file. One a thread.
typedef struct gs_block gs_block;
/// @param layout  must outlive the block
/// @param capacity  rows that it has room for
/// @return GS_ERROR_RUN when out of memory
gs_status gs_block_create(const gs_layout *layout, int capacity, gs_block **block, gs_error *error);
void gs_block_free(gs_block *block);
void gs_block_clear(gs_block *block);
int gs_block_count(const gs_block *block);
/// Appends one trial's row: its settings, row `row` of `training`, and its check. Every NaN becomes the one quiet NaN
/// of the contract. Trials are appended in any order, none twice, and at most `capacity` of them.
void gs_block_append(gs_block *block, int64_t trial, const gs_settings *settings, const gs_training *training, int row,
                     const gs_check *check);

/// What is known when a file is created; written under /provenance.
typedef struct {
    const char *version, *isa, *compiler, *command_line, *host;
    int threads;
} gs_provenance;

typedef struct gs_store gs_store;

/// Creates `path` whole, durable, and under its name only once complete. Not to be called while another thread uses
/// libhdf5.
/// @param experiment, plan  must outlive the store
/// @param stop  set by a signal handler to give up, which removes what was made so far; may be NULL
/// @return GS_ERROR_INPUT when it exists (unless `force`), the folder can't be written, or the disk has too little
/// room;
///         GS_ERROR_RUN for any other failure; nothing is left behind then
gs_status gs_store_create(const char *path, const gs_experiment *experiment, const gs_plan *plan,
                          const gs_provenance *provenance, bool force, const volatile int *stop, gs_store **store,
                          gs_error *error);
const gs_layout *gs_store_layout(const gs_store *store);
/// Writes all rows of a block, data first, `status` last. Safe to call from several threads for different trials.
/// @return GS_ERROR_RUN with the dataset and the system's reason
gs_status gs_store_write(gs_store *store, const gs_block *block, gs_error *error);
/// Makes everything durable, notes `seconds` of training in /provenance, and closes. Frees the store even on failure.
gs_status gs_store_close(gs_store *store, double seconds, gs_error *error);

/// A results file opened for reading only. Others may write it meanwhile: no lock is taken.
typedef struct gs_results gs_results;
/// Not to be called while another thread uses libhdf5.
/// @return GS_ERROR_RESULTS when it is not there, is not ours, is truncated or damaged, or is of another layout
gs_status gs_results_open(const char *path, gs_results **results, gs_error *error);
void gs_results_close(gs_results *results);
const gs_experiment *gs_results_experiment(const gs_results *results);
const gs_plan *gs_results_plan(const gs_results *results);
int64_t gs_results_bytes(const gs_results *results); ///< of the file
const gs_layout *gs_results_layout(const gs_results *results);
/// Reads rows [first, first + count) of one dataset. Safe to call from several threads.
/// @param into  count * row_bytes bytes
gs_status gs_results_read(const gs_results *results, const char *dataset, int64_t first, int64_t count, void *into,
                          gs_error *error);
/// An entry of /provenance ("host", "created", "seconds", ...) as text: the caller frees it; NULL when there is none.
char *gs_results_provenance(const gs_results *results, const char *name);

#ifdef __cplusplus
}
#endif
#endif
