/// What makes a report's numbers less sure than they look.
#ifndef REPORT_WARNINGS_H
#define REPORT_WARNINGS_H

#include "gansweep/report.h"

enum { GS_WARNING_TEXT = 512 };

/// Too few samples are checked for the law of the likelihood-ratio test.
/// @return false when there is nothing to warn of
bool gs_warn_of_few_samples(const gs_experiment *experiment, char text[GS_WARNING_TEXT]);

/// Data sets are crossed with seeds: all of them have the same initialisations and draws, so that what is said of other
/// data sets is said for these seeds alone.
bool gs_warn_of_shared_seeds(const gs_experiment *experiment, char text[GS_WARNING_TEXT]);

/// The file follows another numerical contract than the untrained nets that it is compared with.
bool gs_warn_of_other_numerics(const gs_results *results, char text[GS_WARNING_TEXT]);

#endif
