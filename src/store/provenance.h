/// The entries of /provenance: where the numbers of a results file come from. Times stand nowhere else.
#ifndef GANSWEEP_STORE_PROVENANCE_H
#define GANSWEEP_STORE_PROVENANCE_H

#include "gansweep/store.h"

typedef enum {
    GS_NOTE_SEAL,       ///< made when everything else is there; see seal.h. The first, so that it is soon found
    GS_NOTE_EXPERIMENT, ///< its text as read
    GS_NOTE_EXPERIMENT_PATH,
    GS_NOTE_OVERRIDES, ///< the --set arguments, one a line
    GS_NOTE_RESOLVED,  ///< every setting as it was understood
    GS_NOTE_VERSION,
    GS_NOTE_ISA,
    GS_NOTE_COMPILER,
    GS_NOTE_COMMAND_LINE,
    GS_NOTE_HOST,
    GS_NOTE_CREATED, ///< ISO 8601, UTC
    GS_NOTE_THREADS,
    GS_NOTE_FIRST_TRIAL, ///< of the file; above 0 in a shard
    GS_NOTE_TRIALS,
    GS_NOTE_SOURCES, ///< see sources.h
    GS_NOTE_VIRTUAL, ///< 1: the rows lie in the sources
    GS_NOTE_LAYOUT_VERSION,
    GS_NOTE_NUMERICS_VERSION,
    GS_NOTE_SECONDS, ///< NaN until the first checkpoint
    GS_NOTE_SECONDS_CHECKSUM,
    GS_NOTE_COUNT,
} gs_note_name;

typedef enum { GS_NOTE_TEXT, GS_NOTE_INTEGER, GS_NOTE_REAL } gs_note_type;

/// One row of the table of entries.
typedef struct {
    const char *name;
    gs_note_type type;
    const char *long_name;
} gs_note_info;

extern const gs_note_info gs_notes_table[GS_NOTE_COUNT];

/// Whether an entry is written again at every checkpoint; all others are under the seal.
bool gs_note_changes(int note);

/// The value of an entry.
typedef struct {
    char *text; ///< [length + 1], NUL-terminated, owned; NULL for a number
    size_t length;
    int64_t integer;
    double real;
} gs_note;

/// All entries of a new file. The experiment and its overrides are kept byte by byte, so that they can be read again;
/// in other texts the bytes that are not UTF-8 become '?'.
/// @param plan  whose part are the trials of the file
/// @param is_virtual  the file's rows lie in its sources
/// @param seal_bytes  room for the seal, which is blank
/// @param notes  [GS_NOTE_COUNT], to be ended with gs_notes_free()
/// @return GS_ERROR_RUN when out of memory
gs_status gs_notes_create(const gs_experiment *experiment, const gs_plan *plan, const gs_provenance *provenance,
                          bool is_virtual, int64_t seal_bytes, gs_note *notes, gs_error *error);
void gs_notes_free(gs_note *notes);

/// Every setting of an experiment as it was understood, one a line; NULL when out of memory.
/// @return a new string that the caller frees
char *gs_resolved_text(const gs_experiment *experiment);

/// Length of the UTF-8 character that begins at text[0], 1 to 4; 0 when the bytes are not UTF-8.
size_t gs_utf8_length(const char *text, size_t length);

#endif
