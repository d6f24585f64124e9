#include "report/warnings.h"

#include <stdio.h>
#include <stdlib.h>

/// Chi squared is the statistics' law for many samples only: docs/statistics.md.
bool gs_warn_of_few_samples(const gs_experiment *experiment, char text[GS_WARNING_TEXT]) {
    const int64_t d = experiment->data.dimension, enough = 3 * (d + 1);
    (void)snprintf(text, GS_WARNING_TEXT,
                   "Only %lld samples of %lld components are checked: the likelihood-ratio test of level 5 %% then "
                   "rejects right laws\nclearly more often than that. check.samples of at least %lld keeps it.",
                   (long long)experiment->check_samples, (long long)d, (long long)enough);
    return experiment->check_samples < enough;
}

/// Units are data sets, and their variance has nothing of the seeds that they share (docs/statistics.md).
bool gs_warn_of_shared_seeds(const gs_experiment *experiment, char text[GS_WARNING_TEXT]) {
    const gs_values *seeds = &experiment->values[GS_SETTING_SEED], *data = &experiment->values[GS_SETTING_DATA_SEED];
    (void)snprintf(
        text, GS_WARNING_TEXT,
        "Every data set is trained with the same %lld seed%s: intervals and p-values are over data sets, for "
        "%s alone.\nThey say nothing of other initialisations; let data_seed follow seed (leave it out) for "
        "that.",
        (long long)seeds->count, seeds->count == 1 ? "" : "s", seeds->count == 1 ? "this seed" : "these seeds");
    return data->count > 1 && !(seeds->zipped && data->zipped);
}

/// Statistics and baseline of another numerical contract are not to be compared bit by bit.
bool gs_warn_of_other_numerics(const gs_results *results, char text[GS_WARNING_TEXT]) {
    char *made_with = gs_results_provenance(results, "numerics_version");
    const bool other = made_with != NULL && strtol(made_with, NULL, 10) != GS_NUMERICS_VERSION;
    (void)snprintf(text, GS_WARNING_TEXT,
                   "The file was made with version %.20s of the numerical contract, and this program has version %d: "
                   "the untrained nets\nare this version's, and a run would not give the same bits again.",
                   made_with == NULL ? "" : made_with, GS_NUMERICS_VERSION);
    free(made_with);
    return other;
}
