/// The next phase as the text of an experiment file, and that file.
///
/// What the settings are is written anew; everything else - the data's law, the layers, what is kept and checked -
/// stays as it stands in the experiment before, key by key.
#ifndef GANSWEEP_STUDY_TEXT_H
#define GANSWEEP_STUDY_TEXT_H

#include "study/phase.h"

/// @param results  name of the results file that the phase follows from, for a comment
/// @param ranking  what it was chosen by, for a comment
/// @param text  on success the caller frees it; it has been read again as an experiment
gs_status gs_next_text(const gs_experiment *experiment, const gs_next *next, const gs_ranking *ranking,
                       const char *results, char **text, gs_error *error);

/// Writes a new file: whole and durable before it gets its name.
/// @param force  an existing file is replaced
/// @return GS_ERROR_INPUT when it exists or the folder can't be written, GS_ERROR_RUN for any other failure; nothing is
///         left behind then
gs_status gs_write_text_file(const char *path, const char *text, bool force, gs_error *error);

#endif
