/// The answers of a report, in its first lines: does the equilibrium appear, where, how surely, and does it mean a
/// right generator?
#ifndef REPORT_ANSWERS_H
#define REPORT_ANSWERS_H

#include "gansweep/report.h"
#include "report/screen.h"

typedef struct {
    const char *question; ///< NULL: a remark
    char *text;           ///< one line; freed by gs_answers_free()
} gs_answer;

enum { GS_MOST_ANSWERS = 8 };

typedef struct {
    int count;
    gs_answer list[GS_MOST_ANSWERS];
} gs_answers;

/// @param varies  [GS_SETTING_COUNT] settings that tell configurations apart
/// @return GS_ERROR_RUN when out of memory, and nothing is to be freed
gs_status gs_answers_find(const gs_report *report, const bool *varies, gs_answers *answers, gs_error *error);
void gs_answers_free(gs_answers *answers);

/// Prints them on a screen, a line each, after an empty one.
gs_status gs_report_print_answers(const gs_report *report, const bool *varies, const gs_screen *screen, FILE *stream,
                                  gs_error *error);

/// "dead discriminator": outcomes as a sentence has them; NULL: pending.
extern const char *const gs_outcome_words[GS_OUTCOME_COUNT];

#endif
