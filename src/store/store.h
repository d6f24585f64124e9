/// What creating, resuming and writing a results file share.
#ifndef GANSWEEP_STORE_STORE_H
#define GANSWEEP_STORE_STORE_H

#include <pthread.h>

#include "store/layout.h"
#include "store/lock.h"
#include "store/sources.h"

/// Consecutive trials.
typedef struct {
    int64_t first;
    int length;
} gs_run_of_trials;

/// Trials whose rows are written and whose status is not: they wait for the next checkpoint.
typedef struct {
    gs_run_of_trials *runs; ///< [count]
    int64_t count, capacity;
    unsigned char *statuses; ///< [status_count] of all runs, one after the other
    int64_t status_count, status_capacity;
} gs_unacknowledged;

struct gs_store {
    char *path;
    gs_layout *layout;
    gs_lock *lock;
    int file;
    int64_t bytes;           ///< of the file
    int64_t *addresses;      ///< [layout->count] of each dataset's rows; -1 of those that lie in other files
    int64_t *part_addresses; ///< [gs_plots_part_count] of each part of /plots
    int64_t seconds_address, seconds_checksum_address;
    double seconds_before;   ///< of training, before this process
    unsigned char *finished; ///< a bit a trial of the file: finished before this process; NULL: none was
    pthread_mutex_t waiting_mutex;
    gs_unacknowledged waiting;        ///< under waiting_mutex
    pthread_mutex_t checkpoint_mutex; ///< one checkpoint at a time
    bool checkpoint_failed;           ///< under checkpoint_mutex: nothing is believed or acknowledged any more
    gs_ledger ledger;                 ///< acknowledged; under checkpoint_mutex
    bool changed;                     ///< something was written or repaired; under waiting_mutex
    const volatile int *stop;         ///< the caller's; may be NULL
    bool drawing_was_stopped;         ///< the latest one
    double drawing_began, drawn_at, drawing_seconds; ///< of the latest drawing; under checkpoint_mutex
};

/// How a file is made.
typedef struct {
    const gs_provenance *provenance;
    bool force;
    gs_lock *lock; ///< of the file, when the caller holds it; NULL: it is taken, and the store's
    const gs_source_files *virtual_sources; ///< NULL, or where all rows of trials lie: the file is virtual then
    /// Fills the file, whose structure is made and whose room is reserved: coordinates, rows, plots and seconds.
    gs_status (*fill)(gs_store *store, void *context, gs_error *error);
    void *context;
} gs_new_file;

/// What gs_store_create does, for a file that is filled with something else than pending rows.
gs_status gs_store_make(const char *path, const gs_experiment *experiment, const gs_plan *plan,
                        const gs_new_file *wanted, const volatile int *stop, gs_store **store, gs_error *error);

/// A store without a file.
/// @param stop  see gs_store_create
gs_status gs_store_allocate(const char *path, const gs_experiment *experiment, const gs_plan *plan,
                            const volatile int *stop, gs_store **store, gs_error *error);
void gs_store_free(gs_store *store);

/// "FILE: DATASET can't be written: REASON"
gs_status gs_store_fail(gs_error *error, const gs_store *store, const char *dataset, const char *reason);

/// Ends the making of a file when the caller gives up.
gs_status gs_store_refuse_when_stopped(const gs_store *store, gs_error *error);

bool gs_store_is_stopped(const gs_store *store);

/// Makes everything that was written durable. After a failure nothing is known of what is on the disk, and a second
/// sync would say that all is well: there is none. Under checkpoint_mutex, or before other threads have the store.
gs_status gs_store_sync(gs_store *store, gs_error *error);

/// Writes rows [first, first + count) of one column that is known from the plan.
/// @param settings  [count] of these trials, or NULL for a coordinate
/// @param rows  [count x row_bytes] work space
gs_status gs_store_write_planned(const gs_store *store, int column, int64_t first, int64_t count,
                                 const gs_settings *settings, unsigned char *rows, gs_error *error);

/// Writes the coordinates of all dimensions but `trial`.
gs_status gs_store_write_coordinates(const gs_store *store, gs_error *error);

/// Writes all coordinates and settings, in memory that does not grow with the number of trials.
gs_status gs_store_write_plan(const gs_store *store, gs_error *error);

/// Writes all parts of a drawing of the plots. Not synced.
gs_status gs_store_write_drawing(const gs_store *store, const unsigned char *drawing, gs_error *error);

/// Draws the plots from the rows of acknowledged trials, or of all when `complete`, and writes them. Not synced. Under
/// checkpoint_mutex. GS_ERROR_RUN, with nothing written, when the caller stops a drawing that takes long.
gs_status gs_store_draw(gs_store *store, bool complete, gs_error *error);

/// Sets how long a drawing will take of a file that is resumed; of a new one the first takes little.
void gs_store_expect_drawing(gs_store *store);

/// Whether drawing again would take little of the time. Under checkpoint_mutex.
bool gs_store_drawing_is_due(const gs_store *store);

/// Writes the training's seconds and their checksum. Not synced.
gs_status gs_store_write_seconds(const gs_store *store, double seconds, gs_error *error);

/// Checksum of /provenance/seconds, as /provenance/seconds_checksum has it: XXH3-64 of its eight bytes.
int64_t gs_seconds_checksum(double seconds);

#endif
