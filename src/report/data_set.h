/// Trials by the data that they are trained on: those that share a data seed are one unit of what is estimated.
#ifndef REPORT_DATA_SET_H
#define REPORT_DATA_SET_H

#include <stdint.h>

typedef struct {
    int64_t data_seed, trial; ///< and which trial it is, in whatever list
} gs_seeded_trial;

/// For qsort(): by data seed, then by number.
int gs_seeded_trial_compare(const void *a, const void *b);

#endif
