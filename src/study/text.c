#include "study/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/dimension.h"
#include "experiment/document.h"
#include "experiment/source.h"
#include "experiment/values.h"
#include "numeric/format.h"

/// Keys of the top level that are written anew.
static const char *const written_anew[] = {"title", "design", "parameters", "zip"};

/// What a title ends with, after the title of the whole search.
static const char *const title_ends[GS_NEXT_COUNT] = {
    [GS_NEXT_NARROW] = ", narrow search",
    [GS_NEXT_BEST] = ", best configuration",
};
static const char wide_end[] = ", wide search";
enum { MOST_TITLE_BYTES = 500 };

// ---- YAML ----

/// A text in double quotes.
static void print_quoted(FILE *stream, const char *text, size_t length) {
    static const char *const breaks[][2] = {{"\xc2\x85", "\\N"}, {"\xe2\x80\xa8", "\\L"}, {"\xe2\x80\xa9", "\\P"}};
    (void)fputc('"', stream);
    for (size_t at = 0; at < length; at++) {
        const unsigned char c = (unsigned char)text[at];
        const char *escape = NULL;
        for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
            escape = strncmp(text + at, breaks[i][0], strlen(breaks[i][0])) == 0 ? breaks[i][1] : escape;
        }
        if (escape != NULL) {
            (void)fputs(escape, stream);
            at += c < 0xe0 ? 1 : 2;
        } else if (c < 0x20 || c == 0x7f) {
            (void)fprintf(stream, "\\x%02x", c);
        } else {
            (void)fprintf(stream, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
        }
    }
    (void)fputc('"', stream);
}

static bool is_plain(const char *text) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-";
    return text[0] != '\0' && strspn(text, plain) == strlen(text);
}

static void print_node(FILE *stream, const node *given);

/// Whether a key is a setting whose place is in this section.
static bool is_setting_of(const char *section, const char *key) {
    const name_list settings = gs_setting_names();
    const int setting = gs_names_find(&settings, key);
    return setting >= 0 && strcmp(gs_settings_table[setting].home, section) == 0;
}

/// Whether a section has nothing but settings, which stand elsewhere.
static bool has_settings_alone(const node *section) {
    for (const node *child = section->child; child != NULL; child = child->next) {
        if (!is_setting_of(section->key, child->key)) {
            return false;
        }
    }
    return section->kind == NODE_MAP;
}

/// The children of a map in one line.
/// @param section  the map's name when it is a section, whose settings are left out; NULL otherwise
static void print_map(FILE *stream, const node *map, const char *section) { // NOLINT(misc-no-recursion)
    const char *separator = "";
    (void)fputc('{', stream);
    for (const node *child = map->child; child != NULL; child = child->next) {
        if (section == NULL || !is_setting_of(section, child->key)) {
            (void)fprintf(stream, "%s%s: ", separator, child->key); // a known word, or it would have been refused
            print_node(stream, child);
            separator = ", ";
        }
    }
    (void)fputc('}', stream);
}

/// A node as it was read. (Nesting is bounded by the reader.)
static void print_node(FILE *stream, const node *given) { // NOLINT(misc-no-recursion)
    if (given->kind == NODE_SCALAR) {
        if (!given->quoted && is_plain(given->text)) {
            (void)fputs(given->text, stream);
        } else {
            print_quoted(stream, given->text, strlen(given->text));
        }
    } else if (given->kind == NODE_MAP) {
        print_map(stream, given, NULL);
    } else {
        (void)fputc('[', stream);
        for (const node *item = given->child; item != NULL; item = item->next) {
            print_node(stream, item);
            (void)fputs(item->next == NULL ? "" : ", ", stream);
        }
        (void)fputc(']', stream);
    }
}

/// Every key of the top level that is not written anew and is no setting.
static void print_kept_sections(FILE *stream, const node *root) {
    name_list names = gs_setting_names();
    for (size_t i = 0; i < sizeof written_anew / sizeof *written_anew; i++) {
        gs_names_add(&names, written_anew[i]);
    }
    for (const node *child = root->child; child != NULL; child = child->next) {
        if (gs_names_find(&names, child->key) < 0 && !has_settings_alone(child)) {
            (void)fprintf(stream, "%s: ", child->key);
            if (child->kind == NODE_MAP) {
                print_map(stream, child, child->key);
            } else {
                print_node(stream, child);
            }
            (void)fputc('\n', stream);
        }
    }
}

// ---- settings ----

static void print_value(FILE *stream, gs_setting setting, double value) {
    char text[GS_FORMAT_BYTES];
    switch (gs_settings_table[setting].type) {
    case GS_TYPE_CONVENTION:
        (void)fputs(gs_convention_names[(int)value], stream);
        break;
    case GS_TYPE_GENERATOR_LOSS:
        (void)fputs(gs_generator_loss_names[(int)value], stream);
        break;
    case GS_TYPE_REAL:
        (void)fputs(gs_format_exact(value, text), stream);
        break;
    default:
        (void)fprintf(stream, "%.0f", value);
    }
}

static void print_drawn(FILE *stream, gs_setting setting, const gs_dimension *drawn) {
    if (drawn->choice_count > 0) {
        (void)fputs("{choice: [", stream);
        for (int64_t i = 0; i < drawn->choice_count; i++) {
            (void)fputs(i == 0 ? "" : ", ", stream);
            print_value(stream, setting, drawn->choices[i]);
        }
        (void)fputs("]}", stream);
        return;
    }
    (void)fputs("{min: ", stream);
    print_value(stream, setting, drawn->smallest);
    (void)fputs(", max: ", stream);
    print_value(stream, setting, drawn->largest);
    (void)fprintf(stream, ", scale: %s}", drawn->logarithmic ? "log" : "linear");
}

/// "  lr_D: {min: 0.01, max: 0.1, scale: log}"
static void print_setting(FILE *stream, gs_setting setting, const gs_values *values) {
    (void)fprintf(stream, "  %s: ", gs_settings_table[setting].name);
    if (values->drawn != NULL) {
        print_drawn(stream, setting, values->drawn);
    } else if (values->reals == NULL && values->integers == NULL) { // a seed may have more digits than a double
        const long long first = values->first, last = gs_values_integer(values, values->count - 1);
        (void)(values->count == 1 ? fprintf(stream, "%lld", first)
                                  : fprintf(stream, "{range: [%lld, %lld]}", first, last));
    } else if (values->count == 1) {
        print_value(stream, setting, gs_values_real(values, 0));
    } else {
        for (int64_t i = 0; i < values->count; i++) {
            (void)fputs(i == 0 ? "[" : ", ", stream);
            print_value(stream, setting, gs_values_real(values, i));
        }
        (void)fputc(']', stream);
    }
    (void)fputc('\n', stream);
}

/// All settings that are zipped, or all others; those that follow `seed` are left out.
static void print_settings(FILE *stream, const char *section, const gs_next *next, bool zipped) {
    bool any = false;
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        const gs_values *values = &next->values[s];
        if (values->zipped == zipped && (values->count > 0 || values->drawn != NULL)) {
            (void)fprintf(stream, "%s%s", any ? "" : section, any ? "" : ":\n");
            print_setting(stream, (gs_setting)s, values);
            any = true;
        }
    }
}

// ---- the whole ----

/// In a comment: a line break, of which Unicode has several, would end it.
static void print_ascii(FILE *stream, const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        (void)fputc(*c < 0x20 || *c > 0x7e ? '?' : *c, stream);
    }
}

static void print_comment(FILE *stream, const gs_next *next, const gs_ranking *ranking, const char *results) {
    const char *slash = strrchr(results, '/');
    const char *criterion = gs_criterion_names[ranking->criterion];
    (void)fputs(next->phase == GS_NEXT_NARROW ? "# The narrow search after " : "# The best configuration of ", stream);
    print_ascii(stream, slash == NULL ? results : slash + 1);
    (void)fputs(", written by gansweep next.\n", stream);
    if (next->phase == GS_NEXT_NARROW) {
        (void)fprintf(stream,
                      "# Between the bounds of the %lld of its %lld configurations with the least median %s.\n"
                      "# Other points and other seeds than there.\n",
                      (long long)next->kept, (long long)ranking->configurations, criterion);
        return;
    }
    (void)fprintf(
        stream,
        "# Number %lld of its %lld configurations had the least median %s there. Best of many, it looked better\n"
        "# than it is: these seeds took no part in the choice, and say how good it is.\n",
        (long long)ranking->ranked[0].configuration, (long long)ranking->configurations, criterion);
}

/// The search's own title, and which phase of it this is.
static void print_title(FILE *stream, const char *before, gs_next_phase phase) {
    const char *const ends[] = {wide_end, title_ends[GS_NEXT_NARROW], title_ends[GS_NEXT_BEST]};
    size_t length = strlen(before);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const size_t end = strlen(ends[i]);
        if (length > end && strncmp(before + length - end, ends[i], end) == 0) {
            length -= end;
            break;
        }
    }
    char title[2 * MOST_TITLE_BYTES];
    const bool fits = length > 0 && length + strlen(title_ends[phase]) <= MOST_TITLE_BYTES;
    (void)snprintf(title, sizeof title, "%.*s%s", (int)length, before, fits ? title_ends[phase] : "");
    (void)fputs("title: ", stream);
    print_quoted(stream, title, strlen(title));
    (void)fputc('\n', stream);
}

static void print_all(FILE *stream, const gs_experiment *experiment, const gs_next *next, const gs_ranking *ranking,
                      const char *results, const node *root) {
    const gs_design *design = &next->design;
    print_comment(stream, next, ranking, results);
    print_title(stream, experiment->title, next->phase);
    if (design->method != GS_DESIGN_NONE) {
        (void)fprintf(stream, "design: {method: %s, points: %lld, seed: %lld, phase: %s}\n",
                      gs_design_method_names[design->method], (long long)design->points, (long long)design->seed,
                      gs_phase_names[design->phase]);
    }
    print_kept_sections(stream, root);
    print_settings(stream, "parameters", next, false);
    print_settings(stream, "zip", next, true);
}

/// Reads the text as `gansweep run` will.
static gs_status read_again(const char *text, gs_error *error) {
    gs_experiment *experiment = NULL;
    gs_plan *plan = NULL;
    gs_error reason;
    gs_status status =
        gs_experiment_parse(text, strlen(text), "the experiment of the next phase", NULL, 0, &experiment, &reason);
    if (status == GS_OK) {
        status = gs_plan_create(experiment, &plan, &reason);
    }
    gs_plan_free(plan);
    gs_experiment_free(experiment);
    return status == GS_OK ? GS_OK : gs_fail(error, status, "%s", reason.message);
}

gs_status gs_next_text(const gs_experiment *experiment, const gs_next *next, const gs_ranking *ranking,
                       const char *results, char **text, gs_error *error) {
    document *parsed = NULL;
    const size_t mark = gs_source_mark_length(experiment->text, experiment->text_length);
    gs_status status =
        gs_document_parse("experiment", experiment->text + mark, experiment->text_length - mark, &parsed, error);
    if (status != GS_OK) {
        return status;
    }
    char *made = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&made, &length);
    bool complete = stream != NULL;
    if (complete) {
        print_all(stream, experiment, next, ranking, results, gs_document_root(parsed));
        complete = ferror(stream) == 0;
        complete = fclose(stream) == 0 && complete;
    }
    gs_document_free(parsed);
    status = complete ? read_again(made, error) : gs_fail(error, GS_ERROR_RUN, "out of memory for the next phase");
    if (status != GS_OK) {
        free(made);
        return status;
    }
    *text = made;
    return GS_OK;
}
