/// The generators of a results file's trials.
#ifndef REPORT_GENERATOR_ROWS_H
#define REPORT_GENERATOR_ROWS_H

#include "gansweep/store.h"

/// Where the parameters of each layer stand, and room for a row. One a thread.
typedef struct gs_generator_rows gs_generator_rows;

/// @param results  must outlive the rows
/// @return GS_ERROR_RESULTS when a dataset is missing, GS_ERROR_RUN when out of memory
gs_status gs_generator_rows_create(const gs_results *results, gs_generator_rows **rows, gs_error *error);
void gs_generator_rows_free(gs_generator_rows *rows);

/// The parameters of a trial's trained generator, as gs_training has them.
/// @param settings  of the trial
/// @return owned by `rows`, until the next call; NULL when the file can't be read
const float *gs_generator_rows_read(gs_generator_rows *rows, int64_t trial, const gs_settings *settings,
                                    gs_error *error);

#endif
