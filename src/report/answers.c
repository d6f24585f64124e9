#include "report/answers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/format.h"
#include "report/distribution.h"
#include "report/fields.h"
#include "report/response.h"
#include "report/totals.h"

static const double SIGNIFICANCE = 0.05; // of the adjusted p-values
static const int QUESTION_WIDTH = 24;
static const double MOST_FIXED = 100;     // a greater mean is printed with an exponent
static const double LEAST_PRINTED = 1e-6; // of a p-value: no mean's law is known farther out

/// "12.3 % (11.8 to 12.9)"
static void print_share(gs_share share, FILE *stream) {
    char text[GS_FORMAT_BYTES];
    (void)fprintf(stream, "%s (%.1f to %.1f)", gs_format_share(share.share, text), 100 * share.low, 100 * share.high);
}

/// "100.0 % (98.5 to 100.0)"; "3.1 to 100.0 %" where kinds of nets differ in it.
static void print_shares_of(const gs_report_row *rows, int64_t count, FILE *stream) {
    const gs_totals sum = gs_totals_of(rows, count);
    double least = 1, most = 0;
    for (int64_t i = 0; i < count; i++) {
        if (rows[i].done + rows[i].diverged > 0) {
            least = fmin(least, rows[i].prints_ln2.share);
            most = fmax(most, rows[i].prints_ln2.share);
        }
    }
    if (least < most) {
        (void)fprintf(stream, "%.1f to %.1f %%", 100 * least, 100 * most);
    } else {
        print_share(gs_share_of(sum.prints_ln2, sum.finished), stream);
    }
}

/// "0.69341 (0.69312 to 0.69371)"
static void print_mean(double mean, gs_mean_interval interval, FILE *stream) {
    const bool fixed = fabs(mean) < MOST_FIXED;
    (void)(fixed ? fprintf(stream, "%.5f", mean) : fprintf(stream, "%.4g", mean));
    if (!isnan(interval.low)) {
        (void)(fixed ? fprintf(stream, " (%.5f to %.5f)", interval.low, interval.high)
                     : fprintf(stream, " (%.4g to %.4g)", interval.low, interval.high));
    }
}

static int64_t count_equivalent(const gs_report *report, int margin) {
    int64_t count = 0;
    for (int64_t i = 0; i < report->count; i++) {
        count += report->rows[i].equivalence_q[margin] < SIGNIFICANCE;
    }
    return count;
}

/// The configuration whose mean losses are nearest to the equilibrium, among those that are as near as a margin for
/// sure if there are any; NULL without a done trial.
static const gs_report_row *find_nearest(const gs_report *report) {
    const gs_report_row *nearest = NULL;
    for (int margin = 0; margin <= GS_MARGIN_COUNT && nearest == NULL; margin++) {
        for (int64_t i = 0; i < report->count; i++) {
            const gs_report_row *row = &report->rows[i];
            const bool eligible =
                row->done > 0 && (margin == GS_MARGIN_COUNT || row->equivalence_q[margin] < SIGNIFICANCE);
            if (eligible && (nearest == NULL || gs_row_loss_distance(row) < gs_row_loss_distance(nearest))) {
                nearest = row;
            }
        }
    }
    return nearest;
}

/// Whether an interval of a mean loss lies wholly farther from the equilibrium than a margin.
static bool surely_outside(const gs_report_row *row, double margin) {
    const double target = gs_equilibrium_sign(row->settings.generator_loss) * M_LN2;
    return row->loss_D_mean.low > M_LN2 + margin || row->loss_D_mean.high < M_LN2 - margin ||
           row->loss_G_mean.low > target + margin || row->loss_G_mean.high < target - margin;
}

static void answer_where_alone(const gs_report_row *row, FILE *stream) {
    const double q[] = {row->equivalence_q[0], row->equivalence_q[1]};
    const char *text = "The mean losses are not surely within 0.005 nat of ln 2";
    if (isnan(q[1])) {
        text = "One data set alone does not say how far the mean losses are from ln 2";
    } else if (q[0] < SIGNIFICANCE) {
        text = "Both mean losses are within 0.0005 nat of ln 2";
    } else if (q[1] < SIGNIFICANCE) {
        text = surely_outside(row, gs_margins[0])
                   ? "Both mean losses are within 0.005 nat of ln 2, and not both within 0.0005"
                   : "Both mean losses are within 0.005 nat of ln 2, perhaps within 0.0005";
    } else if (surely_outside(row, gs_margins[1])) {
        text = "The mean losses are not both within 0.005 nat of ln 2";
    }
    (void)fprintf(stream, "%s\n", text);
}

/// "lr_G 0.005, batch_size 8"
static void print_settings(const gs_report_row *row, const bool *varies, FILE *stream) {
    const char *separator = "";
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        char text[GS_SETTING_TEXT];
        if (varies[setting]) {
            (void)gs_setting_text(&row->settings, setting, text);
            const bool real = gs_settings_table[setting].type == GS_TYPE_REAL;
            (void)fprintf(stream, "%s%s ", separator, gs_settings_table[setting].name);
            (void)(real ? fprintf(stream, "%.4g", strtod(text, NULL)) : fprintf(stream, "%s", text));
            separator = ", ";
        }
    }
}

static void answer_where(const gs_report *report, const gs_report_row *nearest, const bool *varies, FILE *stream) {
    char strict[GS_FORMAT_BYTES], wide[GS_FORMAT_BYTES], all[GS_FORMAT_BYTES];
    const int64_t within = count_equivalent(report, 1);
    if (report->count == 1) {
        answer_where_alone(nearest, stream);
        return;
    }
    (void)fprintf(
        stream,
        "Both mean losses are within 0.005 nat of ln 2 in %s of %s configurations, within 0.0005 in %s; nearest: ",
        gs_format_count(within, wide), gs_format_count(report->count, all),
        gs_format_count(count_equivalent(report, 0), strict));
    print_settings(nearest, varies, stream);
    (void)fprintf(stream, "\n");
}

static void answer_how_surely(const gs_report *report, const gs_report_row *nearest, FILE *stream) {
    char text[GS_FORMAT_BYTES];
    (void)fprintf(stream, "%sloss_D is ", report->count == 1 ? "The mean " : "There the mean ");
    print_mean(nearest->loss_D.mean, nearest->loss_D_mean, stream);
    (void)fprintf(stream, ", loss_G ");
    print_mean(nearest->loss_G.mean, nearest->loss_G_mean, stream);
    if (nearest->units > 1) {
        const double q = nearest->equivalence_q[1];
        (void)fprintf(stream, "; within 0.005: q %s %.2g, over %s data sets", q < LEAST_PRINTED ? "<" : "=",
                      fmax(q, LEAST_PRINTED), gs_format_count(nearest->units, text));
    }
    (void)fprintf(stream, "\n");
}

static void answer_right(const gs_report *report, const gs_totals *sweep, FILE *stream) {
    if (sweep->prints_ln2 > 0) {
        (void)fprintf(stream, "Of those at 0.693 / 0.693 ");
        print_share(gs_share_of(sweep->both, sweep->prints_ln2), stream);
        (void)fprintf(stream, " have the right covariance");
    }
    if (sweep->finished > sweep->prints_ln2) {
        (void)fprintf(stream, "%s", sweep->prints_ln2 > 0 ? ", of the others " : "Of the trainings ");
        print_share(gs_share_of(sweep->covariance_ok - sweep->both, sweep->finished - sweep->prints_ln2), stream);
        (void)fprintf(stream, "%s", sweep->prints_ln2 > 0 ? "" : " have the right covariance");
    }
    if (report->ideal.trials > 0) {
        char text[GS_FORMAT_BYTES];
        (void)fprintf(stream, "; of samples of the true law %s",
                      gs_format_share(report->ideal.covariance_ok.share, text));
    }
    (void)fprintf(stream, "\n");
}

const char *const gs_outcome_words[GS_OUTCOME_COUNT] = {
    [GS_OUTCOME_DIVERGED] = "diverged",
    [GS_OUTCOME_CONVERGED] = "converged",
    [GS_OUTCOME_DEAD_DISCRIMINATOR] = "dead discriminator",
    [GS_OUTCOME_COLLAPSED] = "generator collapsed",
    [GS_OUTCOME_LOSSES_ONLY] = "equilibrium of losses only",
    [GS_OUTCOME_DISCRIMINATOR_WINS] = "discriminator wins",
    [GS_OUTCOME_OSCILLATING] = "oscillating",
    [GS_OUTCOME_NOT_YET] = "not yet",
};

/// All that happened, the most frequent first.
/// @param counts  [GS_OUTCOME_COUNT]
static void print_outcomes(const int64_t *counts, int64_t of, FILE *stream) {
    bool printed[GS_OUTCOME_COUNT] = {[GS_OUTCOME_PENDING] = true};
    const char *separator = "";
    for (;;) {
        int most = GS_OUTCOME_PENDING;
        for (int outcome = 1; outcome < GS_OUTCOME_COUNT; outcome++) {
            if (!printed[outcome] && (printed[most] || counts[outcome] > counts[most])) {
                most = outcome;
            }
        }
        if (printed[most] || counts[most] == 0) {
            break;
        }
        char text[GS_FORMAT_BYTES];
        const gs_share share = gs_share_of(counts[most], of);
        (void)fprintf(stream, "%s%s %s", separator, gs_outcome_words[most], gs_format_share(share.share, text));
        separator = ", ";
        printed[most] = true;
    }
}

static void answer_what_became(const gs_totals *sweep, FILE *stream) {
    if (sweep->prints_ln2 > 0) {
        (void)fprintf(stream, "Of those at 0.693 / 0.693: ");
        print_outcomes(sweep->outcome_at_ln2, sweep->prints_ln2, stream);
        (void)fprintf(stream, "; of all: ");
    }
    print_outcomes(sweep->outcome, sweep->finished, stream);
    (void)fprintf(stream, "\n");
}

static void answer_whether_losses_tell(const gs_report *report, FILE *stream) {
    char text[GS_FORMAT_BYTES];
    (void)fprintf(stream, "Rank correlation of |loss - ln 2| with the covariance error %.2f",
                  report->error_correlation);
    if (!isnan(report->error_correlation_low)) {
        (void)fprintf(stream, " (%.2f to %.2f)", report->error_correlation_low, report->error_correlation_high);
    }
    (void)fprintf(stream, ", over %s trainings\n", gs_format_count(report->correlated, text));
}

static void answer_whether_ln2_appears(const gs_report *report, const gs_totals *sweep, FILE *stream) {
    (void)fprintf(stream, "Both losses print 0.693 in ");
    print_share(gs_share_of(sweep->prints_ln2, sweep->finished), stream);
    (void)fprintf(stream, " of the trainings, and in ");
    print_shares_of(report->baselines, report->baseline_count, stream);
    (void)fprintf(stream, " of the untrained nets\n");
}

// ---- the list ----

/// Begins an answer: what is written to the stream becomes its text. NULL when out of memory.
static FILE *begin(gs_answers *answers, const char *question, size_t *length) {
    gs_answer *answer = &answers->list[answers->count++];
    *answer = (gs_answer){.question = question};
    return open_memstream(&answer->text, length);
}

/// Ends an answer, without the end of its line.
static bool end(const gs_answers *answers, FILE *stream, const size_t *length) {
    if (fclose(stream) != 0) {
        return false;
    }
    char *text = answers->list[answers->count - 1].text;
    if (*length > 0 && text[*length - 1] == '\n') {
        text[*length - 1] = '\0';
    }
    return true;
}

typedef enum {
    ANSWER_APPEARS,
    ANSWER_WHERE,
    ANSWER_HOW_SURELY,
    ANSWER_RIGHT,
    ANSWER_BECAME,
    ANSWER_TELLS,
    ANSWER_REMARK
} answer_kind;

/// @return false when out of memory
static bool add(gs_answers *answers, answer_kind kind, const gs_report *report, const gs_totals *sweep,
                const gs_report_row *nearest, const bool *varies) {
    static const char *const questions[] = {
        [ANSWER_APPEARS] = "Does loss = ln 2 appear?",
        [ANSWER_WHERE] = "Where?",
        [ANSWER_HOW_SURELY] = "How surely?",
        [ANSWER_RIGHT] = "Is the generator right?",
        [ANSWER_BECAME] = "What became of them?",
        [ANSWER_TELLS] = "Does the loss tell?",
        [ANSWER_REMARK] = NULL,
    };
    size_t length = 0;
    FILE *stream = begin(answers, questions[kind], &length);
    if (stream == NULL) {
        return false;
    }
    switch (kind) {
    case ANSWER_APPEARS:
        answer_whether_ln2_appears(report, sweep, stream);
        break;
    case ANSWER_WHERE:
        answer_where(report, nearest, varies, stream);
        break;
    case ANSWER_HOW_SURELY:
        answer_how_surely(report, nearest, stream);
        break;
    case ANSWER_RIGHT:
        answer_right(report, sweep, stream);
        break;
    case ANSWER_BECAME:
        answer_what_became(sweep, stream);
        break;
    case ANSWER_TELLS:
        answer_whether_losses_tell(report, stream);
        break;
    default:
        (void)fprintf(stream, "%s",
                      sweep->finished == 0 ? "No trial is finished."
                                           : "Intervals are of 95 %, of shares as if trainings were "
                                             "independent; q: adjusted for the number of configurations "
                                             "(docs/statistics.md).");
    }
    return end(answers, stream, &length);
}

gs_status gs_answers_find(const gs_report *report, const bool *varies, gs_answers *answers, gs_error *error) {
    const gs_totals sweep = gs_totals_of(report->rows, report->count);
    const gs_report_row *nearest = find_nearest(report);
    const bool any = sweep.finished > 0;
    const bool asked[] = {
        [ANSWER_APPEARS] = any,
        [ANSWER_WHERE] = nearest != NULL,
        [ANSWER_HOW_SURELY] = nearest != NULL,
        [ANSWER_RIGHT] = any,
        [ANSWER_BECAME] = any,
        [ANSWER_TELLS] = !isnan(report->error_correlation),
        [ANSWER_REMARK] = true,
    };
    *answers = (gs_answers){0};
    for (int kind = 0; kind <= ANSWER_REMARK; kind++) {
        if (asked[kind] && !add(answers, (answer_kind)kind, report, &sweep, nearest, varies)) {
            gs_answers_free(answers);
            return gs_fail(error, GS_ERROR_RUN, "out of memory for the answers");
        }
    }
    return GS_OK;
}

void gs_answers_free(gs_answers *answers) {
    for (int i = 0; i < answers->count; i++) {
        free(answers->list[i].text);
    }
    answers->count = 0;
}

gs_status gs_report_print_answers(const gs_report *report, const bool *varies, const gs_screen *screen, FILE *stream,
                                  gs_error *error) {
    gs_answers answers;
    const gs_status status = gs_answers_find(report, varies, &answers, error);
    if (status != GS_OK) {
        return status;
    }
    (void)fprintf(stream, "\n");
    for (int i = 0; i < answers.count; i++) {
        const gs_answer *answer = &answers.list[i];
        if (answer->question != NULL) {
            (void)fprintf(stream, "%s%-*s%s  ", gs_screen_on(screen, GS_STYLE_BOLD), QUESTION_WIDTH, answer->question,
                          gs_screen_off(screen, GS_STYLE_BOLD));
        }
        (void)fprintf(stream, "%s\n", answer->text);
    }
    gs_answers_free(&answers);
    return GS_OK;
}
