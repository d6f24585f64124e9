#include "report/export.h"

#include <math.h>
#include <string.h>

#include "numeric/format.h"
#include "report/answers.h"
#include "report/distribution.h"
#include "report/effects_print.h"
#include "report/factors.h"
#include "report/fields.h"
#include "report/totals.h"

/// The untrained nets' columns stand behind a row's own, with this before their names.
static const char *const UNTRAINED = "untrained_";

static void print_csv_header(FILE *stream) {
    (void)fprintf(stream, "configuration");
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        (void)fprintf(stream, ",%s", gs_settings_table[setting].name);
    }
    for (int untrained = 0; untrained < 2; untrained++) {
        for (int i = 0; i < gs_field_count; i++) {
            (void)fprintf(stream, ",%s%s", untrained ? UNTRAINED : "", gs_fields[i].name);
        }
    }
    (void)fprintf(stream, "\r\n");
}

static void print_csv_fields(const gs_report_row *row, FILE *stream) {
    for (int i = 0; i < gs_field_count; i++) {
        char text[GS_FORMAT_BYTES];
        if (gs_fields[i].type == GS_FIELD_COUNT) {
            (void)fprintf(stream, ",%lld", (long long)gs_field_integer(row, &gs_fields[i]));
        } else {
            (void)fprintf(stream, ",%s", gs_format_exact(gs_field_real(row, &gs_fields[i]), text));
        }
    }
}

void gs_report_print_csv(const gs_report *report, FILE *stream) {
    print_csv_header(stream);
    for (int64_t i = 0; i < report->count; i++) {
        const gs_report_row *row = &report->rows[i];
        (void)fprintf(stream, "%lld", (long long)row->configuration);
        for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
            char text[GS_SETTING_TEXT];
            (void)fprintf(stream, ",%s", gs_setting_text(&row->settings, setting, text)); // has no comma and no quote
        }
        print_csv_fields(row, stream);
        print_csv_fields(&report->baselines[report->baseline_of[i]], stream);
        (void)fprintf(stream, "\r\n");
    }
}

/// Quotes a text; bytes from 0x20 on are passed on as they are, since experiments are UTF-8.
static void print_json_text(const char *text, FILE *stream) {
    (void)fputc('"', stream);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            (void)fprintf(stream, "\\%c", *c);
        } else if (*c < 0x20) {
            (void)fprintf(stream, "\\u%04x", *c);
        } else {
            (void)fputc(*c, stream);
        }
    }
    (void)fputc('"', stream);
}

void gs_print_json_real(double value, FILE *stream) {
    char text[GS_FORMAT_BYTES];
    if (isnan(value)) {
        (void)fprintf(stream, "null");
    } else if (isinf(value)) {
        (void)fprintf(stream, "\"%s\"", gs_format_exact(value, text));
    } else {
        (void)fprintf(stream, "%s", gs_format_exact(value, text));
    }
}

static void print_json_fields(const gs_report_row *row, FILE *stream) {
    for (int i = 0; i < gs_field_count; i++) {
        (void)fprintf(stream, "%s\"%s\": ", i == 0 ? "" : ", ", gs_fields[i].name);
        if (gs_fields[i].type == GS_FIELD_COUNT) {
            (void)fprintf(stream, "%lld", (long long)gs_field_integer(row, &gs_fields[i]));
        } else {
            gs_print_json_real(gs_field_real(row, &gs_fields[i]), stream);
        }
    }
}

void gs_print_json_settings(const gs_settings *settings, FILE *stream) {
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        char text[GS_SETTING_TEXT];
        const gs_setting_type type = gs_settings_table[setting].type;
        const bool number = type == GS_TYPE_INTEGER || type == GS_TYPE_REAL;
        (void)fprintf(stream, "\"%s\": %s%s%s, ", gs_settings_table[setting].name, number ? "" : "\"",
                      gs_setting_text(settings, setting, text), number ? "" : "\"");
    }
}

static void print_floor(const char *name, const gs_report_row *row, FILE *stream) {
    (void)fprintf(stream, ", \"%s\": {", name);
    print_json_fields(row, stream);
    (void)fprintf(stream, "}");
}

static void print_share_of(const char *name, int64_t count, int64_t of, FILE *stream) {
    const gs_share share = gs_share_of(count, of);
    const double numbers[] = {share.share, share.low, share.high};
    static const char *const ends[] = {"share", "low", "high"};
    (void)fprintf(stream, ", \"%s_count\": %lld", name, (long long)count);
    for (int i = 0; i < 3; i++) {
        (void)fprintf(stream, ", \"%s_%s\": ", name, ends[i]);
        gs_print_json_real(numbers[i], stream);
    }
}

/// The whole sweep: what the answers say, in words and in numbers.
static gs_status print_sweep(const gs_report *report, FILE *stream, gs_error *error) {
    const gs_totals sum = gs_totals_of(report->rows, report->count);
    bool varies[GS_SETTING_COUNT] = {false};
    gs_answers answers;
    gs_factors_varying(report->effects, varies);
    const gs_status status = gs_answers_find(report, varies, &answers, error);
    if (status != GS_OK) {
        return status;
    }
    (void)fprintf(stream, ",\n \"answers\": [");
    for (int i = 0; i < answers.count; i++) {
        (void)fprintf(stream, "%s\n  {\"question\": ", i == 0 ? "" : ",");
        print_json_text(answers.list[i].question == NULL ? "" : answers.list[i].question, stream);
        (void)fprintf(stream, ", \"answer\": ");
        print_json_text(answers.list[i].text, stream);
        (void)fprintf(stream, "}");
    }
    gs_answers_free(&answers);
    (void)fprintf(stream, "],\n \"sweep\": {\"trials\": %lld, \"done\": %lld, \"diverged\": %lld, \"pending\": %lld",
                  (long long)sum.trials, (long long)sum.done, (long long)sum.diverged, (long long)sum.pending);
    print_share_of("prints_ln2", sum.prints_ln2, sum.finished, stream);
    print_share_of("covariance_ok", sum.covariance_ok, sum.finished, stream);
    print_share_of("covariance_ok_at_ln2", sum.both, sum.prints_ln2, stream);
    print_share_of("covariance_ok_elsewhere", sum.covariance_ok - sum.both, sum.finished - sum.prints_ln2, stream);
    (void)fprintf(stream, "}");
    return GS_OK;
}

gs_status gs_report_print_json(const gs_report *report, const gs_experiment *experiment, FILE *stream,
                               gs_error *error) {
    (void)fprintf(stream, "{\"title\": ");
    print_json_text(experiment->title == NULL ? "" : experiment->title, stream);
    (void)fprintf(stream, ", \"tolerance\": ");
    gs_print_json_real(experiment->tolerance, stream);
    const gs_status status = print_sweep(report, stream, error);
    if (status != GS_OK) {
        return status;
    }
    print_floor("ideal", &report->ideal, stream);
    print_floor("real_data", &report->real_data, stream);
    (void)fprintf(stream, ", \"error_correlation\": ");
    gs_print_json_real(report->error_correlation, stream);
    (void)fprintf(stream, ", \"error_correlation_low\": ");
    gs_print_json_real(report->error_correlation_low, stream);
    (void)fprintf(stream, ", \"error_correlation_high\": ");
    gs_print_json_real(report->error_correlation_high, stream);
    (void)fprintf(stream, ", \"correlated\": %lld, \"effects\": ", (long long)report->correlated);
    gs_effects_print_json(report, stream);
    (void)fprintf(stream, ", \"rows\": [");
    for (int64_t i = 0; i < report->count; i++) {
        const gs_report_row *row = &report->rows[i];
        (void)fprintf(stream, "%s\n  {\"configuration\": %lld, ", i == 0 ? "" : ",", (long long)row->configuration);
        gs_print_json_settings(&row->settings, stream);
        print_json_fields(row, stream);
        (void)fprintf(stream, ",\n   \"untrained\": {");
        print_json_fields(&report->baselines[report->baseline_of[i]], stream);
        (void)fprintf(stream, "}}");
    }
    (void)fprintf(stream, "\n]}\n");
    return GS_OK;
}
