/// Which of an experiment's trials a file has, in words.
#ifndef REPORT_PART_H
#define REPORT_PART_H

#include "gansweep/plan.h"

enum { GS_PART_TEXT = 96 };

/// " (200 to 299 of 1,000)", or nothing for a file of all trials.
char *gs_part_text(gs_trial_range part, int64_t of, char text[GS_PART_TEXT]);

#endif
