/// The seal of a results file: where everything lies, and a hash over every byte that never changes.
///
/// It is a text in the file, /provenance/seal, that is found and checked without libhdf5, so that what is damaged or
/// forged carelessly is refused before libhdf5 sees it. docs/file-format.md has its form.
#ifndef GANSWEEP_STORE_SEAL_H
#define GANSWEEP_STORE_SEAL_H

#include <stdint.h>

#include "gansweep/error.h"

enum {
    GS_SEAL_NAME_BYTES = 64,
    GS_SEAL_HASH_DIGITS = 32,
    GS_SEAL_MOST_EXTENTS = 512,
    GS_SEAL_WITHIN = 1 << 20, ///< a seal begins in the first so many bytes of its file
};

/// What becomes of the bytes of an extent.
typedef enum {
    GS_EXTENT_ROWS,    ///< a dataset's rows: each trial's checksum covers them, or the plan says what they are
    GS_EXTENT_CHANGES, ///< is written again: the plots, which follow from the rows, and a number with its checksum
    GS_EXTENT_SEALED,  ///< covered by the seal's hash like everything that no line names
    GS_EXTENT_KIND_COUNT,
} gs_extent_kind;

typedef struct {
    char name[GS_SEAL_NAME_BYTES];
    gs_extent_kind kind;
    int64_t address, bytes;
} gs_extent;

typedef struct {
    int64_t file_bytes;                 ///< of the whole file
    int64_t address, bytes;             ///< of the seal's own text
    char hash[GS_SEAL_HASH_DIGITS + 1]; ///< of a seal that was read: hexadecimal, of every byte that it covers
    int count;
    gs_extent extents[GS_SEAL_MOST_EXTENTS];
} gs_seal;

/// Bytes of a seal's text that names so many extents.
int64_t gs_seal_text_bytes(int count);

/// Hashes what the file holds and writes the seal's text into its place.
/// @param seal  all but the hash: extents within the file, none overlapping
/// @return GS_ERROR_RUN with the system's reason
gs_status gs_seal_write(int file, const gs_seal *seal, gs_error *error);

/// Finds the seal of a file, and compares it with every byte that it covers.
/// @param bytes  size of the file
/// @param seal  filled: its extents lie within the file and share no bytes
/// @return GS_ERROR_RESULTS when there is none, or the file is not as it was sealed
gs_status gs_seal_read(int file, int64_t bytes, gs_seal *seal, gs_error *error);

/// Finds the seal of a file and compares it with nothing.
gs_status gs_seal_locate(int file, int64_t bytes, gs_seal *seal, gs_error *error);

/// The extent of a name; NULL if there is none.
const gs_extent *gs_seal_find(const gs_seal *seal, const char *name);

#endif
