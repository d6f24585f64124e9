/// The results file: one HDF5 file (classic format, also valid NetCDF-4) created whole at its full size.
///
/// libhdf5 creates every dataset under a temporary name, closes the file, and the file is renamed into place. From then
/// on libhdf5 never opens it for writing: threads write finished rows in place at the datasets' addresses, and a
/// checkpoint sets their `status` once they are on the disk, so that a kill or a power cut at any instant leaves a
/// readable file in which what is finished is whole. docs/file-format.md lists every dataset; docs/reliability.md says
/// what can be lost when.
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
    GS_LAYOUT_VERSION = 4, ///< of the file: a reader refuses any other
};

/// One dataset of the results file. A row is what belongs to one index of its first dimension, which is `trial` for all
/// but the coordinate variables of the other dimensions. Rows of a trial are named by its number in the experiment,
/// also in a file that has a part of its trials alone.
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
    const char *sources; ///< files that it was merged from; NULL for a file of its own
} gs_provenance;

/// Trials by what became of them: planned = done + diverged + pending.
typedef struct {
    int64_t planned, done, diverged, pending;
} gs_ledger;

/// A results file that is being written. It is locked: a second one of the same file is refused at once, by a lock
/// beside the file that stops no reader.
typedef struct gs_store gs_store;

/// A results file opened for reading only. Others may write it meanwhile: no lock is taken.
typedef struct gs_results gs_results;

/// Creates `path` whole, durable, and under its name only once complete. Not to be called while another thread uses
/// libhdf5.
/// @param experiment, plan  must outlive the store; the file has the trials of the plan's part
/// @param stop  set by a signal handler to give up, which removes what was made so far, and later ends a drawing that
///              takes long; must outlive the store; may be NULL
/// @return GS_ERROR_INPUT when it exists (unless `force`), the folder can't be written, or the disk has too little
/// room;
///         GS_ERROR_RUN for any other failure, and when another process writes it; nothing is left behind then
gs_status gs_store_create(const char *path, const gs_experiment *experiment, const gs_plan *plan,
                          const gs_provenance *provenance, bool force, const volatile int *stop, gs_store **store,
                          gs_error *error);
/// Goes on with a file: its pending trials can be written.
/// @param results  the file, opened for reading; must outlive the store
/// @param stop  set by a signal handler to end a drawing that takes long; must outlive the store; may be NULL
/// @return GS_ERROR_RESULTS when its trials follow another version of the numerical contract; GS_ERROR_RUN when another
///         process writes it, or it can't be written
gs_status gs_store_resume(const gs_results *results, const volatile int *stop, gs_store **store, gs_error *error);
/// Makes trials pending that were found damaged, and writes all coordinates and settings again. Only after
/// gs_store_resume, and before anything is written.
/// @param trials  [count] each finished
gs_status gs_store_repair(gs_store *store, const int64_t *trials, int64_t count, gs_error *error);
const gs_layout *gs_store_layout(const gs_store *store);
/// Whether a trial was not finished when the store was created or resumed.
bool gs_store_is_pending(const gs_store *store, int64_t trial);
/// Trials whose status is on the disk.
gs_ledger gs_store_ledger(gs_store *store);
/// Writes all rows of a block but their `status`, which comes with the next checkpoint. Safe to call from several
/// threads for different trials.
/// @return GS_ERROR_RUN with the dataset and the system's reason
gs_status gs_store_write(gs_store *store, const gs_block *block, gs_error *error);
/// Acknowledges all trials written so far: their rows are made durable, then their `status`. Now and then the plots are
/// drawn, too. The trials that complete the file wait for gs_store_close. Safe to call beside gs_store_write. A failure
/// to make something durable is final: nothing is acknowledged after it.
/// @param seconds  of training so far in this process, noted in /provenance beside those of processes before
gs_status gs_store_checkpoint(gs_store *store, double seconds, gs_error *error);
/// A last checkpoint with the plots, and the end. When the caller stops the drawing that completes the file, the last
/// trial stays pending; where none is, as after a repair of the plots alone, that is a failure. Frees the store even on
/// failure.
/// @param ledger  filled with what is acknowledged, also on failure; may be NULL
gs_status gs_store_close(gs_store *store, double seconds, gs_ledger *ledger, gs_error *error);

/// Opens a file and checks everything but its rows: the seal over every byte outside of them, the experiment in it, and
/// that libhdf5 finds each dataset where the seal says. libhdf5 looks in a child process with limits on time and memory
/// and no privileges, so that a forged file costs that process. Not to be called while another thread uses libhdf5.
/// @return GS_ERROR_RESULTS when it is not there, is not ours, is truncated, damaged or forged, or is of another layout
gs_status gs_results_open(const char *path, gs_results **results, gs_error *error);
void gs_results_close(gs_results *results);
const gs_experiment *gs_results_experiment(const gs_results *results);
const gs_plan *gs_results_plan(const gs_results *results);
int64_t gs_results_bytes(const gs_results *results); ///< of the file
const gs_layout *gs_results_layout(const gs_results *results);
/// Reads rows [first, first + count) of one dataset: of these trials, or at these positions in the coordinate of
/// another dimension. Safe to call from several threads.
/// @param into  count * row_bytes bytes
gs_status gs_results_read(const gs_results *results, const char *dataset, int64_t first, int64_t count, void *into,
                          gs_error *error);
/// Compares the row of one finished trial with its checksum.
/// @return GS_ERROR_RESULTS when it does not match
gs_status gs_results_check_row(const gs_results *results, int64_t trial, gs_error *error);
/// Counts the trials by their status.
gs_status gs_results_ledger(const gs_results *results, gs_ledger *ledger, gs_error *error);
/// Whether a file belongs to an experiment, of whichever trials: every setting as it was understood is the same.
/// @return GS_ERROR_RESULTS with the first difference
gs_status gs_results_compare(const gs_results *results, const gs_experiment *experiment, gs_error *error);
/// An entry of /provenance ("host", "created", "seconds", ...) as text: the caller frees it; NULL when there is none.
char *gs_results_provenance(const gs_results *results, const char *name);

#ifdef __cplusplus
}
#endif
#endif
