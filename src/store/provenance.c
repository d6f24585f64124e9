/// What is known when a results file is created.
#include "store/provenance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "experiment/dimension.h"

const gs_note_info gs_notes_table[GS_NOTE_COUNT] = {
    [GS_NOTE_SEAL] = {"seal", GS_NOTE_TEXT, "where everything lies, and a hash of what never changes"},
    [GS_NOTE_EXPERIMENT] = {"experiment", GS_NOTE_TEXT, "text of the experiment as read"},
    [GS_NOTE_EXPERIMENT_PATH] = {"experiment_path", GS_NOTE_TEXT, "file that it was read from"},
    [GS_NOTE_OVERRIDES] = {"overrides", GS_NOTE_TEXT, "settings overridden from the command line, one a line"},
    [GS_NOTE_RESOLVED] = {"resolved", GS_NOTE_TEXT, "every setting as it was understood"},
    [GS_NOTE_VERSION] = {"version", GS_NOTE_TEXT, "version of gansweep"},
    [GS_NOTE_ISA] = {"isa", GS_NOTE_TEXT, "instruction set"},
    [GS_NOTE_COMPILER] = {"compiler", GS_NOTE_TEXT, "compiler of gansweep"},
    [GS_NOTE_COMMAND_LINE] = {"command_line", GS_NOTE_TEXT, "command that made the file"},
    [GS_NOTE_HOST] = {"host", GS_NOTE_TEXT, "machine"},
    [GS_NOTE_CREATED] = {"created", GS_NOTE_TEXT, "when the file was created, UTC"},
    [GS_NOTE_THREADS] = {"threads", GS_NOTE_INTEGER, "number of threads"},
    [GS_NOTE_FIRST_TRIAL] = {"first_trial", GS_NOTE_INTEGER, "number of the first trial in this file"},
    [GS_NOTE_TRIALS] = {"trials", GS_NOTE_INTEGER, "number of trials in this file"},
    [GS_NOTE_SOURCES] = {"sources", GS_NOTE_TEXT, "files that it was merged from, one a line"},
    [GS_NOTE_VIRTUAL] = {"virtual", GS_NOTE_INTEGER, "1: the rows lie in the sources"},
    [GS_NOTE_LAYOUT_VERSION] = {"layout_version", GS_NOTE_INTEGER, "version of the layout of this file"},
    [GS_NOTE_NUMERICS_VERSION] = {"numerics_version", GS_NOTE_INTEGER, "version of the numerical contract"},
    [GS_NOTE_SECONDS] = {"seconds", GS_NOTE_REAL, "time of training so far, s; NaN before the first checkpoint"},
    [GS_NOTE_SECONDS_CHECKSUM] = {"seconds_checksum", GS_NOTE_INTEGER, "XXH3-64 of the eight bytes of seconds"},
};

bool gs_note_changes(int note) {
    return note == GS_NOTE_SECONDS || note == GS_NOTE_SECONDS_CHECKSUM;
}

size_t gs_utf8_length(const char *text, size_t length) {
    const unsigned char *c = (const unsigned char *)text;
    if (length == 0) {
        return 0;
    }
    if (c[0] < 0x80) {
        return 1;
    }
    const size_t bytes = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4 || bytes > length) {
        return 0;
    }
    for (size_t i = 1; i < bytes; i++) {
        if ((c[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    // Overlong forms, surrogates, and what lies above U+10FFFF.
    const bool outside = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
                         (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f);
    return outside ? 0 : bytes;
}

/// An exact copy, from which an experiment can be read again; false when out of memory.
static bool keep_bytes(gs_note *note, const char *bytes, size_t length) {
    note->text = malloc(length + 1);
    if (note->text == NULL) {
        return false;
    }
    note->length = length;
    memcpy(note->text, bytes, length);
    note->text[length] = '\0';
    return true;
}

/// A copy in which every byte that is not UTF-8 is '?'; false when out of memory.
static bool keep_text(gs_note *note, const char *text) {
    if (!keep_bytes(note, text == NULL ? "" : text, text == NULL ? 0 : strlen(text))) {
        return false;
    }
    for (size_t at = 0; at < note->length;) {
        const size_t bytes = gs_utf8_length(note->text + at, note->length - at);
        if (bytes == 0) {
            note->text[at] = '?';
        }
        at += bytes == 0 ? 1 : bytes;
    }
    return true;
}

// ---- the resolved experiment ----

static void print_reals(FILE *stream, const double *values, int64_t count) {
    fputc('[', stream);
    for (int64_t i = 0; i < count; i++) {
        (void)fprintf(stream, "%s%.17g", i == 0 ? "" : ", ", values[i]);
    }
    fputc(']', stream);
}

static void print_hidden(FILE *stream, const char *name, const gs_network *network) {
    (void)fprintf(stream, "  %s: [", name);
    for (int i = 0; i < network->hidden_count; i++) {
        (void)fprintf(stream, "%s%d", i == 0 ? "" : ", ", network->hidden[i]);
    }
    fputs("]\n", stream);
}

static void print_integer(FILE *stream, const gs_setting_info *info, int64_t value) {
    if (info->type == GS_TYPE_CONVENTION) {
        fputs(gs_convention_names[value], stream);
    } else if (info->type == GS_TYPE_GENERATOR_LOSS) {
        fputs(gs_generator_loss_names[value], stream);
    } else {
        (void)fprintf(stream, "%lld", (long long)value);
    }
}

static void print_value(FILE *stream, const gs_setting_info *info, const gs_values *values, int64_t index) {
    if (info->type == GS_TYPE_REAL) {
        (void)fprintf(stream, "%.17g", gs_values_real(values, index));
    } else {
        print_integer(stream, info, gs_values_integer(values, index));
    }
}

/// "drawn from 0.001 to 1, log (dimension 0)", "drawn from mxnet, torch (dimension 1)"
static void print_drawn(FILE *stream, const gs_setting_info *info, const gs_dimension *drawn) {
    fputs("drawn from ", stream);
    if (drawn->choice_count == 0) {
        (void)fprintf(stream, "%.17g to %.17g, %s", drawn->smallest, drawn->largest,
                      drawn->logarithmic ? "log" : "linear");
    }
    for (int64_t i = 0; i < drawn->choice_count; i++) {
        fputs(i == 0 ? "" : ", ", stream);
        if (info->type == GS_TYPE_REAL) {
            (void)fprintf(stream, "%.17g", drawn->choices[i]);
        } else {
            print_integer(stream, info, (int64_t)drawn->choices[i]);
        }
    }
    (void)fprintf(stream, " (dimension %d)", drawn->number);
}

static void print_setting(FILE *stream, int setting, const gs_values *values) {
    const gs_setting_info *info = &gs_settings_table[setting];
    (void)fprintf(stream, "  %s: ", info->name);
    if (values->count == 0) {
        fputs("follows seed", stream);
    } else if (values->drawn != NULL) {
        print_drawn(stream, info, values->drawn);
    } else if (values->reals == NULL && values->integers == NULL && values->count > 1) {
        (void)fprintf(stream, "%lld to %lld, step %lld", (long long)values->first,
                      (long long)gs_values_integer(values, values->count - 1), (long long)values->step);
    } else {
        for (int64_t i = 0; i < values->count; i++) {
            fputs(i == 0 ? "" : ", ", stream);
            print_value(stream, info, values, i);
        }
    }
    fputs(values->zipped ? " (zipped)\n" : "\n", stream);
}

static void print_experiment(FILE *stream, const gs_experiment *experiment) {
    const gs_data_law *data = &experiment->data;
    (void)fprintf(stream, "title: %s\ndata:\n  n: %lld\n  A: [", experiment->title == NULL ? "" : experiment->title,
                  (long long)data->n);
    for (int i = 0; i < data->dimension; i++) {
        fputs(i == 0 ? "" : ", ", stream);
        print_reals(stream, data->A + (ptrdiff_t)i * data->dimension, data->dimension);
    }
    fputs("]\n  b: ", stream);
    print_reals(stream, data->b, data->dimension);
    fputs("\nhidden layers:\n", stream);
    print_hidden(stream, "generator", &experiment->generator);
    print_hidden(stream, "discriminator", &experiment->discriminator);
    fputs("settings:\n", stream);
    for (int setting = 0; setting < GS_SETTING_COUNT; setting++) {
        print_setting(stream, setting, &experiment->values[setting]);
    }
    const gs_design *design = &experiment->design;
    if (design->method != GS_DESIGN_NONE) {
        (void)fprintf(stream, "design:\n  method: %s\n  points: %lld\n  seed: %lld\n",
                      gs_design_method_names[design->method], (long long)design->points, (long long)design->seed);
        if (design->phase != GS_PHASE_NONE) {
            (void)fprintf(stream, "  phase: %s\n", gs_phase_names[design->phase]);
        }
    }
    (void)fprintf(stream,
                  "keep:\n  samples: %lld\n  generator_by_epoch: %s\ncheck:\n  samples: %lld\n  tolerance: %.17g\n"
                  "  jsd: %s\n  jacobian: %s\n",
                  (long long)experiment->keep_samples, experiment->keep_generator_by_epoch ? "true" : "false",
                  (long long)experiment->check_samples, experiment->tolerance, experiment->check_jsd ? "true" : "false",
                  experiment->check_jacobian ? "true" : "false");
}

char *gs_resolved_text(const gs_experiment *experiment) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (stream == NULL) {
        return NULL;
    }
    print_experiment(stream, experiment);
    const bool printed = ferror(stream) == 0;
    if (fclose(stream) != 0 || !printed) {
        free(text);
        return NULL;
    }
    return text;
}

static bool resolve(const gs_experiment *experiment, gs_note *note) {
    char *text = gs_resolved_text(experiment);
    const bool complete = text != NULL && keep_bytes(note, text, strlen(text));
    free(text);
    return complete;
}

/// Room for the seal; false when out of memory.
static bool leave_room(gs_note *note, int64_t bytes) {
    note->text = malloc((size_t)bytes + 1);
    if (note->text == NULL) {
        return false;
    }
    note->length = (size_t)bytes;
    memset(note->text, ' ', note->length);
    note->text[note->length] = '\0';
    return true;
}

/// The time now in ISO 8601, UTC.
static bool keep_time(gs_note *note) {
    const time_t now = time(NULL);
    struct tm utc;
    char text[32] = "";
    if (gmtime_r(&now, &utc) != NULL) {
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    return keep_text(note, text);
}

gs_status gs_notes_create(const gs_experiment *experiment, const gs_plan *plan, const gs_provenance *provenance,
                          bool is_virtual, int64_t seal_bytes, gs_note *notes, gs_error *error) {
    memset(notes, 0, GS_NOTE_COUNT * sizeof *notes);
    notes[GS_NOTE_THREADS].integer = provenance->threads;
    notes[GS_NOTE_FIRST_TRIAL].integer = gs_plan_part(plan).first;
    notes[GS_NOTE_TRIALS].integer = gs_plan_trial_count(plan);
    notes[GS_NOTE_VIRTUAL].integer = is_virtual;
    notes[GS_NOTE_LAYOUT_VERSION].integer = GS_LAYOUT_VERSION;
    notes[GS_NOTE_NUMERICS_VERSION].integer = GS_NUMERICS_VERSION;
    notes[GS_NOTE_SECONDS].real = NAN;
    const bool complete =
        leave_room(&notes[GS_NOTE_SEAL], seal_bytes) &&
        keep_bytes(&notes[GS_NOTE_EXPERIMENT], experiment->text, experiment->text_length) &&
        keep_text(&notes[GS_NOTE_EXPERIMENT_PATH], experiment->path) &&
        keep_bytes(&notes[GS_NOTE_OVERRIDES], experiment->overrides, strlen(experiment->overrides)) &&
        resolve(experiment, &notes[GS_NOTE_RESOLVED]) && keep_text(&notes[GS_NOTE_VERSION], provenance->version) &&
        keep_text(&notes[GS_NOTE_ISA], provenance->isa) && keep_text(&notes[GS_NOTE_COMPILER], provenance->compiler) &&
        keep_text(&notes[GS_NOTE_COMMAND_LINE], provenance->command_line) &&
        keep_text(&notes[GS_NOTE_HOST], provenance->host) && keep_text(&notes[GS_NOTE_SOURCES], provenance->sources) &&
        keep_time(&notes[GS_NOTE_CREATED]);
    if (!complete) {
        gs_notes_free(notes);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the provenance of the results");
    }
    return GS_OK;
}

void gs_notes_free(gs_note *notes) {
    for (int i = 0; i < GS_NOTE_COUNT; i++) {
        free(notes[i].text);
        notes[i].text = NULL;
    }
}
