/// The quantities of each trial that a report is made of, and where they come from.
///
/// A *source* hands out one quantity of consecutive trials at a time: a results file, through windows of its columns,
/// or the untrained nets, from memory. What is made of the numbers knows neither.
#ifndef REPORT_COLUMN_H
#define REPORT_COLUMN_H

#include "gansweep/report.h"

typedef enum {
    GS_QUANTITY_STATUS,
    GS_QUANTITY_LOSS_D, ///< of the trial's last epoch
    GS_QUANTITY_LOSS_G,
    GS_QUANTITY_COVARIANCE_OK,
    GS_QUANTITY_OUTCOME,
    GS_QUANTITY_COVARIANCE_ERROR,
    GS_QUANTITY_FRECHET_DISTANCE,
    GS_QUANTITY_KL,
    GS_QUANTITY_LRT_JOINT,
    GS_QUANTITY_END_LOSS_D,
    GS_QUANTITY_JSD, ///< this and the following only when an experiment requests them; else NaN
    GS_QUANTITY_LARGEST_REAL,
    GS_QUANTITY_LARGEST_RATIO,
    GS_QUANTITY_COUNT,
} gs_quantity;

/// Datasets of a results file that hold the quantities.
extern const char *const gs_quantity_datasets[GS_QUANTITY_COUNT];

/// Reads one quantity of trials [first, first + count).
/// @param epochs  of these trials: which column of a loss is the last
/// @param into  [count]
typedef gs_status gs_quantity_reader(void *source, gs_quantity quantity, int64_t epochs, int64_t first, int64_t count,
                                     double *into, gs_error *error);

typedef struct gs_columns gs_columns;

/// Windows over the columns of a results file; small reads in ascending order become few large ones.
gs_status gs_columns_create(const gs_results *results, gs_columns **columns, gs_error *error);
void gs_columns_free(gs_columns *columns);
gs_quantity_reader gs_columns_read; ///< of a gs_columns

#endif
