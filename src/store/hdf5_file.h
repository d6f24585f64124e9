/// All that is done through libhdf5: making the structure of a new file, and finding one's way in an existing one.
///
/// Rows never pass through libhdf5: they are written and read at their datasets' addresses. Its error stack is never
/// printed; each failure is one line.
#ifndef GANSWEEP_STORE_HDF5_FILE_H
#define GANSWEEP_STORE_HDF5_FILE_H

#include "store/layout.h"
#include "store/provenance.h"
#include "store/sources.h"

/// Makes a file's structure: every dataset at full size with its attributes and dimension scales, the texts, and
/// neither rows nor plots. The file must exist: it is emptied first. Like all here it is called in a child process
/// alone.
/// @param sources  NULL, or where the rows of trials lie: their datasets are virtual then
/// @return GS_ERROR_RUN with libhdf5's reason
gs_status gs_hdf5_create(const char *path, const gs_layout *layout, const gs_note *notes,
                         const gs_source_files *sources, gs_error *error);

/// Looks at the first bytes, without libhdf5.
/// @return GS_ERROR_RESULTS when it is not a plain HDF5 file in the earliest format, or is shorter than it says
gs_status gs_hdf5_check_superblock(int file, int64_t bytes, gs_error *error);

/// An open file.
typedef struct gs_hdf5 gs_hdf5;

/// Opens a file for reading, without a lock.
/// @param file  the same file, open for reading: another one in its place is refused
/// @param bytes  size of the file: nothing is believed to lie beyond
/// @return GS_ERROR_RESULTS when it is not a plain HDF5 file in the earliest format, or is shorter than it says
gs_status gs_hdf5_open(const char *path, int file, int64_t bytes, gs_hdf5 **hdf5, gs_error *error);
void gs_hdf5_close(gs_hdf5 *hdf5);
/// Whether libhdf5 lacked memory since the file was opened: then a failure says nothing of the file.
bool gs_hdf5_memory_was_short(const gs_hdf5 *hdf5);

/// Address and bytes of an entry of /provenance, once its type and storage have been found to be as the table says.
/// @param bytes  8, or a text's with its NUL
gs_status gs_hdf5_find_note(const gs_hdf5 *hdf5, const gs_note_info *info, int64_t *address, int64_t *bytes,
                            gs_error *error);

/// Address of a part of /plots, once its type, shape and storage have been found to be as the plots say.
gs_status gs_hdf5_find_part(const gs_hdf5 *hdf5, const gs_plots *plots, int part, int64_t *address, gs_error *error);

/// Address of a dataset's rows, once its type, shape and storage have been found to be as the layout says.
gs_status gs_hdf5_find_rows(const gs_hdf5 *hdf5, const gs_dataset *dataset, int64_t *address, gs_error *error);

/// Whether a dataset's rows lie in the sources, one after the other: its type, shape and mapping are as they say.
gs_status gs_hdf5_check_virtual(const gs_hdf5 *hdf5, const gs_dataset *dataset, const gs_source_files *sources,
                                gs_error *error);

#endif
