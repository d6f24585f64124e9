/// What opening, resuming and checking a results file share.
#ifndef GANSWEEP_STORE_RESULTS_H
#define GANSWEEP_STORE_RESULTS_H

#include "store/layout.h"
#include "store/provenance.h"
#include "store/seal.h"
#include "store/virtual.h"

struct gs_results {
    char *path;
    int file;
    int64_t bytes;
    gs_seal seal;
    gs_note notes[GS_NOTE_COUNT];
    gs_experiment *experiment;
    gs_plan *plan;
    gs_layout *layout;
    int64_t *addresses;      ///< [layout->count]; -1 of what lies in the sources
    int64_t *part_addresses; ///< [gs_plots_part_count(layout->plots)]
    gs_source_files sources; ///< of a virtual file
    gs_virtual *rows;        ///< these, open; NULL of any other file
    bool seconds_known;      ///< whether /provenance/seconds and its checksum agree
};

/// gs_results_open for a file that must have its rows itself.
gs_status gs_results_open_plain(const char *path, gs_results **results, gs_error *error);

/// GS_ERROR_RESULTS, for those who need a file of its own rows, when the file is virtual.
/// @param advice  what to do instead
gs_status gs_results_refuse_virtual(const gs_results *results, const char *advice, gs_error *error);

/// Whether this program trains by the version of the numerical contract that the file's trials follow.
/// @return GS_ERROR_RESULTS when it does not: their numbers would not belong together
gs_status gs_results_require_numerics(const gs_results *results, gs_error *error);

/// Whether two files belong to one experiment: every setting as it was understood is the same.
/// @return GS_ERROR_RESULTS with the first difference
gs_status gs_results_compare_files(const gs_results *first, const gs_results *other, gs_error *error);

/// gs_results_read for those who look for damage: a status may have any value.
gs_status gs_results_read_unchecked(const gs_results *results, const char *dataset, int64_t first, int64_t count,
                                    void *into, gs_error *error);

/// The checksum that a trial's row must have.
gs_status gs_results_row_checksum(const gs_results *results, int64_t trial, uint32_t *checksum, gs_error *error);

#endif
