#include "report/page/reproduce.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/format.h"
#include "report/page/html.h"

static void write_fact(const gs_page *page, const char *name, const char *fact) {
    (void)fprintf(page->stream, "<tr><th scope=\"row\">");
    gs_html_text(name, page->stream);
    (void)fprintf(page->stream, "</th><td>");
    gs_html_text(fact, page->stream);
    (void)fprintf(page->stream, "</td></tr>\n");
}

/// An entry of /provenance, if the file has it.
static void write_note(const gs_page *page, const char *name, const char *note) {
    char *text = gs_results_provenance(page->results, note);
    if (text != NULL && text[0] != '\0') {
        write_fact(page, name, text);
    }
    free(text);
}

/// "256 values, 1 to 256", "7", "as seed"
static void write_seeds(const gs_page *page, gs_setting setting) {
    const gs_values *values = &gs_results_experiment(page->results)->values[setting];
    char count[GS_FORMAT_BYTES], text[128];
    if (values->count == 0) {
        (void)snprintf(text, sizeof text, "as seed");
    } else if (values->count == 1) {
        (void)snprintf(text, sizeof text, "%lld", (long long)gs_values_integer(values, 0));
    } else {
        (void)snprintf(text, sizeof text, "%s values, from %lld to %lld", gs_format_count(values->count, count),
                       (long long)gs_values_integer(values, 0),
                       (long long)gs_values_integer(values, values->count - 1));
    }
    write_fact(page, gs_settings_table[setting].name, text);
}

static void write_time(const gs_page *page) {
    char *seconds = gs_results_provenance(page->results, "seconds"), text[GS_FORMAT_BYTES];
    const double time = seconds == NULL ? (double)NAN : strtod(seconds, NULL);
    if (time >= 0) {
        write_fact(page, "time of training", gs_format_duration(time, text));
    }
    free(seconds);
}

/// One word of a command as a shell reads it back.
static void write_quoted(const gs_page *page, const char *word, size_t length) {
    (void)fputs("&#39;", page->stream);
    for (size_t i = 0; i < length;) {
        char piece[2] = {word[i], '\0'};
        const size_t plain = strcspn(word + i, "'\n");
        if (plain > 0) {
            char *text = strndup(word + i, plain < length - i ? plain : length - i);
            gs_html_text(text == NULL ? "" : text, page->stream);
            free(text);
            i += plain;
        } else {
            gs_html_text(piece[0] == '\'' ? "'\\''" : " ", page->stream);
            i++;
        }
    }
    (void)fputs("&#39;", page->stream);
}

/// The command with what was overridden, a --set for each line.
static void write_commands(const gs_page *page) {
    char *overrides = gs_results_provenance(page->results, "overrides");
    (void)fprintf(page->stream, "<pre tabindex=\"0\">gansweep run experiment.yaml");
    for (const char *line = overrides == NULL ? "" : overrides; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        if (length > 0) {
            (void)fprintf(page->stream, " --set ");
            write_quoted(page, line, length);
        }
        line += length + (line[length] == '\n');
    }
    (void)fprintf(page->stream, " -o again.h5\ngansweep report again.h5 --format html &gt; again.html</pre>\n");
    free(overrides);
}

void gs_page_reproduce(const gs_page *page) {
    char *experiment = gs_results_provenance(page->results, "experiment");
    const bool part = page->report->trials.count < page->report->experiment_trials;
    (void)fprintf(
        page->stream,
        "<h2 id=\"reproduce\">How to make it again</h2>\n"
        "<p>The text below, as experiment.yaml, and these commands make the same trials%s, to the last bit, on "
        "every machine, as long as the version of the numerical contract is the same.</p>\n",
        part ? " (this file has a part of them)" : "");
    write_commands(page);
    (void)fprintf(page->stream, "<pre tabindex=\"0\">");
    gs_html_text(experiment == NULL ? "" : experiment, page->stream);
    (void)fprintf(page->stream, "</pre>\n<table class=\"facts\">\n<tbody>\n");
    free(experiment);
    for (int setting = 0; setting < GS_SETTING_LR_G; setting++) {
        write_seeds(page, (gs_setting)setting);
    }
    write_note(page, "gansweep", "version");
    write_note(page, "numerical contract", "numerics_version");
    write_note(page, "layout of the file", "layout_version");
    write_note(page, "instruction set", "isa");
    write_note(page, "compiler", "compiler");
    write_note(page, "threads", "threads");
    write_note(page, "file created", "created");
    write_time(page);
    write_note(page, "command", "command_line");
    (void)fprintf(page->stream, "</tbody>\n</table>\n");
}
