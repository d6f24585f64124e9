/// Reads an experiment: sections and their keys, then --set, then what must hold between settings.
#include "gansweep/experiment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/condition.h"
#include "experiment/digits.h"
#include "experiment/dimension.h"
#include "experiment/document.h"
#include "experiment/source.h"
#include "experiment/values.h"

#define LARGEST_ENTRY 1e30        // of A and b: samples stay within float
#define LEAST_LARGEST_ENTRY 1e-30 // of A: so do they at the other end
// Least reciprocal condition number of A^T A: its Cholesky factor, and so every statistic of the check, then keeps
// several digits in any dimension that is accepted.
#define LEAST_RECIPROCAL_CONDITION 1e-12

enum {
    PRESET_KEEP_SAMPLES = 100,
    PRESET_CHECK_SAMPLES = 1000,
    MAX_TITLE_BYTES = 500,
};
#define PRESET_TOLERANCE 0.25
static const int preset_discriminator[] = {5, 3};

/// Where a setting's values came from; all zero when they are preset.
typedef struct {
    place at;         ///< the name of the setting, or the --set argument
    const node *list; ///< the list that holds the values, when they were listed in the file
} setting_source;

typedef struct {
    const char *file;
    const node *root;
    gs_experiment *experiment;
    setting_source sources[GS_SETTING_COUNT];
    place points; ///< of the design's number of points
    gs_error *error;
} reader;

/// A map of the file: its keys, besides the settings at home there, and what reads them.
typedef struct {
    const char *name;                              ///< "" for the top level
    const char *keys[12];                          ///< ends with NULL
    bool any_setting;                              ///< also settings whose home is elsewhere
    bool zipped;                                   ///< its settings walk together
    gs_status (*read)(reader *r, const node *map); ///< reads `keys`; NULL when there are none
} section;

// ---- places

static place place_of_value(const reader *r, const node *given) {
    return (place){.file = r->file, .line = given->line, .column = given->column};
}

static place place_of_key(const reader *r, const node *given) {
    return (place){.file = r->file, .line = given->key_line, .column = given->key_column};
}

static place beginning(const reader *r) {
    return (place){.file = r->file, .line = 1, .column = 1};
}

/// Place of value number `index` of a setting, as exactly as it is known.
static place place_of_setting_value(const reader *r, gs_setting setting, int64_t index) {
    const node *item = r->sources[setting].list;
    item = item == NULL ? NULL : item->child;
    for (int64_t i = 0; i < index && item != NULL; i++) {
        item = item->next;
    }
    return item == NULL ? r->sources[setting].at : place_of_value(r, item);
}

// ---- parts of sections

/// Room for `count` elements of the experiment.
static gs_status allocate(reader *r, double **array, size_t count) {
    *array = calloc(count, sizeof **array);
    return *array == NULL ? gs_fail(r->error, GS_ERROR_RUN, "out of memory while reading %s", r->file) : GS_OK;
}

/// Reads a list of exactly `count` numbers.
static gs_status read_vector(reader *r, const char *key, const char *shape, const node *list, int count,
                             double *vector) {
    if (list->kind != NODE_LIST || list->count != count) {
        return list->kind == NODE_LIST
                   ? gs_fail_at(r->error, place_of_value(r, list), key, "%lld numbers, expected %d: %s",
                                (long long)list->count, count, shape)
                   : gs_fail_at(r->error, place_of_value(r, list), key, "%s, expected a list of %d numbers: %s",
                                gs_node_describe(list), count, shape);
    }
    gs_status status = GS_OK;
    for (const node *item = list->child; status == GS_OK && item != NULL; item = item->next) {
        status = gs_read_real(r->file, key, item, -LARGEST_ENTRY, LARGEST_ENTRY, vector++, r->error);
    }
    return status;
}

static double largest_of(const double *entries, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(entries[i]));
    }
    return largest;
}

static gs_status read_A(reader *r, const node *given) {
    static const char key[] = "data.A";
    gs_data_law *const law = &r->experiment->data;
    if (given->kind != NODE_LIST || given->count == 0 || given->count > GS_MAX_DIMENSION) {
        return gs_fail_at(r->error, place_of_value(r, given), key,
                          "%s, expected a square matrix of 1 to %d rows, such as [[1, 2], [-0.1, 0.5]]",
                          given->kind != NODE_LIST ? gs_node_describe(given)
                          : given->count == 0      ? "an empty list"
                                                   : "too many rows",
                          GS_MAX_DIMENSION);
    }
    law->dimension = (int)given->count;
    const size_t dimension = (size_t)law->dimension;
    gs_status status = allocate(r, &law->A, dimension * dimension);
    double *row = law->A;
    for (const node *item = given->child; status == GS_OK && item != NULL; item = item->next) {
        status = read_vector(r, key, "as many columns as A has rows", item, law->dimension, row);
        row += dimension;
    }
    if (status == GS_OK && !(largest_of(law->A, dimension * dimension) >= LEAST_LARGEST_ENTRY)) {
        status = gs_fail_at(r->error, place_of_value(r, given), key,
                            "all of its entries are below %g and so no samples in float, expected larger ones",
                            LEAST_LARGEST_ENTRY);
    }
    double reciprocal = 0;
    if (status == GS_OK) {
        status = gs_reciprocal_condition(law->A, law->dimension, &reciprocal, r->error);
    }
    if (status == GS_OK && !(reciprocal >= LEAST_RECIPROCAL_CONDITION)) {
        status = gs_fail_at(r->error, place_of_value(r, given), key,
                            "singular or nearly so, expected a reciprocal condition number of A^T A of at least %g, "
                            "but it is %.2g",
                            LEAST_RECIPROCAL_CONDITION, reciprocal);
    }
    return status;
}

static gs_status read_data(reader *r, const node *map) {
    gs_data_law *const law = &r->experiment->data;
    static const char *const required[] = {"A", "b", "n"};
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (gs_node_find(map, required[i]) == NULL) {
            return gs_fail_at(r->error, place_of_value(r, map), "data", "without %s, expected {A, b, n}", required[i]);
        }
    }
    const node *const name = gs_node_find(map, "law");
    if (name != NULL && (name->kind != NODE_SCALAR || strcmp(name->text, "gaussian") != 0)) {
        return gs_fail_at(r->error, place_of_value(r, name), "data.law", "'%s', expected gaussian",
                          gs_excerpt_of(name->kind == NODE_SCALAR ? name->text : gs_node_describe(name)).text);
    }
    gs_status status = read_A(r, gs_node_find(map, "A"));
    if (status == GS_OK) {
        status = allocate(r, &law->b, (size_t)law->dimension);
    }
    if (status == GS_OK) {
        status = read_vector(r, "data.b", "as many as A has rows", gs_node_find(map, "b"), law->dimension, law->b);
    }
    if (status == GS_OK) {
        status = gs_read_integer(r->file, "data.n", gs_node_find(map, "n"), 1, GS_MAX_EXAMPLES, &law->n, r->error);
    }
    return status;
}

/// Reads the hidden layers of one network; `given` may be NULL.
static gs_status read_layers(reader *r, const char *key, const node *given, gs_network *network) {
    if (given == NULL) {
        return GS_OK;
    }
    if (given->kind != NODE_LIST || given->count > GS_MAX_HIDDEN_LAYERS) {
        return gs_fail_at(r->error, place_of_value(r, given), key,
                          "%s, expected the units of at most %d hidden layers, such as [5, 3], or []",
                          given->kind == NODE_LIST ? "too many layers" : gs_node_describe(given), GS_MAX_HIDDEN_LAYERS);
    }
    network->hidden_count = 0;
    for (const node *item = given->child; item != NULL; item = item->next) {
        int64_t units = 0;
        const gs_status status = gs_read_integer(r->file, key, item, 1, GS_MAX_LAYER_WIDTH, &units, r->error);
        if (status != GS_OK) {
            return status;
        }
        network->hidden[network->hidden_count++] = (int)units;
    }
    return GS_OK;
}

static gs_status read_model(reader *r, const node *map) {
    const gs_status status =
        read_layers(r, "model.generator", gs_node_find(map, "generator"), &r->experiment->generator);
    return status != GS_OK ? status
                           : read_layers(r, "model.discriminator", gs_node_find(map, "discriminator"),
                                         &r->experiment->discriminator);
}

/// Reads true or false; `given` may be NULL.
static gs_status read_truth(reader *r, const char *key, const node *given, bool *truth) {
    if (given == NULL) {
        return GS_OK;
    }
    const char *const text = given->kind == NODE_SCALAR && !given->quoted ? given->text : "";
    *truth = strcmp(text, "true") == 0;
    if (!*truth && strcmp(text, "false") != 0) {
        return gs_fail_at(r->error, place_of_value(r, given), key, "'%s', expected true or false",
                          gs_excerpt_of(given->kind == NODE_SCALAR ? given->text : gs_node_describe(given)).text);
    }
    return GS_OK;
}

static gs_status read_keep(reader *r, const node *map) {
    const node *const samples = gs_node_find(map, "samples");
    const gs_status status = read_truth(r, "keep.generator_by_epoch", gs_node_find(map, "generator_by_epoch"),
                                        &r->experiment->keep_generator_by_epoch);
    return status != GS_OK || samples == NULL ? status
                                              : gs_read_integer(r->file, "keep.samples", samples, 0, GS_MAX_EXAMPLES,
                                                                &r->experiment->keep_samples, r->error);
}

static gs_status read_check(reader *r, const node *map) {
    const node *const samples = gs_node_find(map, "samples"), *const tolerance = gs_node_find(map, "tolerance");
    if (samples != NULL) {
        const gs_status status = gs_read_integer(r->file, "check.samples", samples, 2, GS_MAX_EXAMPLES,
                                                 &r->experiment->check_samples, r->error);
        if (status != GS_OK) {
            return status;
        }
    }
    gs_status status = read_truth(r, "check.jsd", gs_node_find(map, "jsd"), &r->experiment->check_jsd);
    if (status == GS_OK) {
        status = read_truth(r, "check.jacobian", gs_node_find(map, "jacobian"), &r->experiment->check_jacobian);
    }
    double *const value = &r->experiment->tolerance;
    if (status != GS_OK || tolerance == NULL) {
        return status;
    }
    status = gs_read_real(r->file, "check.tolerance", tolerance, 0, 1, value, r->error);
    if (status == GS_OK && (*value == 0 || *value == 1)) {
        return gs_fail_at(r->error, place_of_value(r, tolerance), "check.tolerance",
                          "%g, expected a number between 0 and 1, ends excluded", *value);
    }
    return status;
}

/// Reads the name of one of a table's rows but the first, which is none.
static gs_status read_name(reader *r, const char *key, const node *given, const char *const *names, int count,
                           int *found) {
    name_list known = {.count = 0};
    for (int i = 1; i < count; i++) {
        gs_names_add(&known, names[i]);
    }
    const char *const text = given->kind == NODE_SCALAR ? given->text : gs_node_describe(given);
    *found = given->kind == NODE_SCALAR ? gs_names_find(&known, text) + 1 : 0;
    return *found > 0 ? GS_OK
                      : gs_fail_at(r->error, place_of_value(r, given), key, "'%s' is not known, %s",
                                   gs_excerpt_of(text).text, gs_names_advise(&known, text).text);
}

static gs_status read_design(reader *r, const node *map) {
    gs_design *const design = &r->experiment->design;
    const node *const method = gs_node_find(map, "method"), *const points = gs_node_find(map, "points");
    const node *const seed = gs_node_find(map, "seed"), *const phase = gs_node_find(map, "phase");
    if (method == NULL || points == NULL) {
        return gs_fail_at(r->error, place_of_value(r, map), "design", "without %s, expected {method, points}",
                          method == NULL ? "method" : "points");
    }
    int chosen = 0;
    gs_status status = read_name(r, "design.method", method, gs_design_method_names, GS_DESIGN_METHOD_COUNT, &chosen);
    design->method = (gs_design_method)chosen;
    if (status == GS_OK) {
        r->points = place_of_value(r, points);
        status = gs_read_integer(r->file, "design.points", points, 1, MAX_TRIALS, &design->points, r->error);
    }
    if (status == GS_OK && seed != NULL) {
        status = gs_read_integer(r->file, "design.seed", seed, 0, INT64_MAX, &design->seed, r->error);
    }
    if (status == GS_OK && phase != NULL) {
        status = read_name(r, "design.phase", phase, gs_phase_names, GS_PHASE_COUNT, &chosen);
        design->phase = (gs_phase)chosen;
    }
    return status;
}

static gs_status read_title(reader *r, const node *map) {
    const node *const title = gs_node_find(map, "title");
    if (title == NULL) {
        return GS_OK;
    }
    const place at = place_of_value(r, title);
    if (title->kind != NODE_SCALAR || strlen(title->text) > MAX_TITLE_BYTES) {
        return gs_fail_at(r->error, at, "title", "%s, expected one line of text of at most %d bytes",
                          title->kind == NODE_SCALAR ? "too long" : gs_node_describe(title), MAX_TITLE_BYTES);
    }
    for (const unsigned char *c = (const unsigned char *)title->text; *c != '\0'; c++) {
        if (*c < 0x20 || *c == 0x7f || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)) {
            return gs_fail_at(r->error, at, "title", "a line break or control character, expected one line of text");
        }
    }
    free(r->experiment->title);
    r->experiment->title = strdup(title->text);
    return r->experiment->title == NULL ? gs_fail(r->error, GS_ERROR_RUN, "out of memory while reading %s", r->file)
                                        : GS_OK;
}

/// The top level first; the order is otherwise that of reading.
static const section sections[] = {
    {"", {"title", "data", "model", "train", "design", "parameters", "zip", "keep", "check"}, false, false, read_title},
    {"data", {"law", "A", "b", "n", NULL}, false, false, read_data},
    {"model", {"generator", "discriminator", NULL}, false, false, read_model},
    {"train", {NULL}, false, false, NULL},
    {"design", {"method", "points", "seed", "phase"}, false, false, read_design},
    {"parameters", {NULL}, true, false, NULL},
    {"zip", {NULL}, true, true, NULL},
    {"keep", {"samples", "generator_by_epoch", NULL}, false, false, read_keep},
    {"check", {"samples", "tolerance", "jsd", "jacobian", NULL}, false, false, read_check},
};

// ---- settings and keys

static name_list keys_of_section(const section *s) {
    name_list names = {.count = 0};
    for (size_t i = 0; i < sizeof s->keys / sizeof *s->keys && s->keys[i] != NULL; i++) {
        gs_names_add(&names, s->keys[i]);
    }
    return names;
}

/// Keys and settings that may stand in a section.
static name_list names_of_section(const section *s) {
    name_list names = keys_of_section(s);
    for (int setting = 0; setting < GS_SETTING_COUNT; setting++) {
        if (s->any_setting || strcmp(gs_settings_table[setting].home, s->name) == 0) {
            gs_names_add(&names, gs_settings_table[setting].name);
        }
    }
    return names;
}

static gs_status fail_unknown_key(reader *r, const section *s, const node *child) {
    const name_list settings = gs_setting_names();
    const place at = place_of_key(r, child);
    const char *const key = s->name[0] == '\0' ? NULL : s->name;
    const int setting = gs_names_find(&settings, child->key);
    if (setting >= 0) {
        const char *const home = gs_settings_table[setting].home;
        return gs_fail_at(r->error, at, key, "unknown key '%s' here, expected it under %s%s", child->key,
                          home[0] == '\0' || strcmp(home, "parameters") == 0 ? "" : home,
                          home[0] == '\0'                   ? "parameters: or at the top level"
                          : strcmp(home, "parameters") == 0 ? "parameters:"
                                                            : ": or parameters:");
    }
    const name_list names = names_of_section(s);
    return gs_fail_at(r->error, at, key, "unknown key '%s', %s", gs_excerpt_of(child->key).text,
                      gs_names_advise(&names, child->key).text);
}

/// What is drawn needs a design, which draws everything together.
static gs_status expect_drawable(reader *r, gs_setting setting, const node *given, bool zipped) {
    const place at = place_of_value(r, given);
    const char *const name = gs_settings_table[setting].name;
    if (zipped) {
        return gs_fail_at(r->error, at, name,
                          "drawn by a design, and zipped, expected a list or a range here, or it "
                          "under parameters:");
    }
    if (gs_node_find(r->root, "design") == NULL) {
        return gs_fail_at(r->error, at, name, "%s, expected %s, or design: {method, points} to draw it",
                          gs_node_find(given, "choice") != NULL ? "a choice without a design" : "without count",
                          gs_node_find(given, "choice") != NULL ? "values" : "{min, max, count, scale}");
    }
    return GS_OK;
}

/// Takes the values of a setting, unless it was given before.
static gs_status take_setting(reader *r, gs_setting setting, const node *given, bool zipped) {
    setting_source *const source = &r->sources[setting];
    gs_values *const values = &r->experiment->values[setting];
    const place at = place_of_key(r, given);
    if (source->at.file != NULL) {
        const int lines[] = {source->at.line < at.line ? source->at.line : at.line,
                             source->at.line < at.line ? at.line : source->at.line};
        return gs_fail_at(r->error, at, gs_settings_table[setting].name,
                          "duplicate key, given at line %d and at line %d, expected it once", lines[0], lines[1]);
    }
    const gs_status status = gs_values_read(setting, r->file, given, values, r->error);
    source->at = at;
    source->list = given->kind == NODE_MAP ? gs_node_find(given, "values") : given;
    if (source->list != NULL && source->list->kind != NODE_LIST) {
        source->list = NULL;
    }
    values->zipped = zipped;
    return status == GS_OK && values->drawn != NULL ? expect_drawable(r, setting, given, zipped) : status;
}

static gs_status read_section(reader *r, const section *s, const node *map) {
    if (map->kind != NODE_MAP) {
        const name_list names = names_of_section(s);
        return gs_fail_at(r->error, place_of_value(r, map), s->name, "%s instead of a map with keys, %s",
                          gs_node_describe(map), gs_names_advise(&names, "").text);
    }
    const name_list names = names_of_section(s), settings = gs_setting_names(), keys = keys_of_section(s);
    for (const node *child = map->child; child != NULL; child = child->next) {
        if (gs_names_find(&names, child->key) < 0) {
            return fail_unknown_key(r, s, child);
        }
        // a design's seed is no setting
        const int setting = gs_names_find(&keys, child->key) < 0 ? gs_names_find(&settings, child->key) : -1;
        if (setting >= 0) {
            const gs_status status = take_setting(r, (gs_setting)setting, child, s->zipped);
            if (status != GS_OK) {
                return status;
            }
        }
    }
    return s->read == NULL ? GS_OK : s->read(r, map);
}

static gs_status read_sections(reader *r) {
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        const section *const s = &sections[i];
        const node *const map = s->name[0] == '\0' ? r->root : gs_node_find(r->root, s->name);
        const gs_status status = map == NULL ? GS_OK : read_section(r, s, map);
        if (status != GS_OK) {
            return status;
        }
    }
    return GS_OK;
}

// ---- the design

/// Numbers the settings that are drawn, as the dimensions of the design. What --set takes out of it later leaves a gap,
/// so that the others are drawn as before.
static gs_status number_dimensions(reader *r) {
    const node *const given = gs_node_find(r->root, "design");
    int count = 0;
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        gs_dimension *const dimension = r->experiment->values[s].drawn;
        if (dimension != NULL) {
            dimension->number = count++;
        }
    }
    return given != NULL && count == 0
               ? gs_fail_at(r->error, place_of_key(r, given), "design",
                            "no setting to draw, expected one as {min, max, scale} without count, or {choice: [...]}")
               : GS_OK;
}

/// Lets the design draw. When --set has taken out every setting there is none.
static gs_status begin_design(reader *r) {
    gs_design *const design = &r->experiment->design;
    bool draws = false;
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        gs_values *const values = &r->experiment->values[s];
        if (values->drawn != NULL) {
            gs_dimension_begin(values->drawn, design);
            values->count = design->points;
            draws = true;
        }
    }
    if (!draws) {
        *design = (gs_design){.method = GS_DESIGN_NONE};
    }
    return GS_OK;
}

// ---- --set

/// Replaces a setting's values by those of one --set argument.
/// @param label  "--set " and the argument: lives as long as the reader
static gs_status take_override(reader *r, const char *label, const char *argument) {
    const place at = {.file = label};
    const char *const equals = strchr(argument, '=');
    if (equals == NULL) {
        return gs_fail_at(r->error, at, NULL, "no '=', expected name=value[,value...] or name=first:last");
    }
    char name[32] = "";
    const size_t length = (size_t)(equals - argument);
    if (length < sizeof name) {
        memcpy(name, argument, length);
    }
    const name_list settings = gs_setting_names();
    const int setting = gs_names_find(&settings, name);
    if (setting < 0) {
        return gs_fail_at(r->error, at, NULL, "not a setting, %s", gs_names_advise(&settings, name).text);
    }
    setting_source *const source = &r->sources[setting];
    if (source->at.file != NULL && source->at.line == 0) {
        return gs_fail_at(r->error, at, NULL, "%s was already set by '%s', expected each setting once", name,
                          gs_excerpt_of(source->at.file).text);
    }
    gs_values_free(&r->experiment->values[setting]);
    *source = (setting_source){.at = at};
    return gs_values_read_argument((gs_setting)setting, at, equals + 1, &r->experiment->values[setting], r->error);
}

/// All --set arguments, and a copy of them in the experiment, one a line.
/// @param labels  [count] filled with texts that the caller frees after the reader
static gs_status take_overrides(reader *r, const char *const *overrides, int count, char **labels) {
    static const char option[] = "--set ";
    size_t length = 0;
    for (int i = 0; i < count; i++) {
        length += strlen(overrides[i]) + 1;
    }
    char *const joined = calloc(length + 1, 1);
    if (joined == NULL) {
        return gs_fail(r->error, GS_ERROR_RUN, "out of memory while reading --set");
    }
    r->experiment->overrides = joined;
    char *end = joined;
    for (int i = 0; i < count; i++) {
        const size_t argument_length = strlen(overrides[i]);
        if (i > 0) {
            *end++ = '\n';
        }
        memcpy(end, overrides[i], argument_length + 1);
        end += argument_length;
        const excerpt shown = gs_excerpt_of(overrides[i]);
        labels[i] = malloc(sizeof option + sizeof shown);
        if (labels[i] == NULL) {
            return gs_fail(r->error, GS_ERROR_RUN, "out of memory while reading --set");
        }
        (void)snprintf(labels[i], sizeof option + sizeof shown, "%s%s", option, shown.text);
        const gs_status status = take_override(r, labels[i], overrides[i]);
        if (status != GS_OK) {
            return status;
        }
    }
    return GS_OK;
}

// ---- what must hold between settings

static gs_status take_presets(reader *r) {
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        gs_values *const values = &r->experiment->values[s];
        const double preset = gs_settings_table[s].preset;
        if (values->count > 0 || preset != preset) {
            continue;
        }
        const gs_status status = gs_values_preset((gs_setting)s, preset, values, r->error);
        if (status != GS_OK) {
            return status;
        }
        r->sources[s].at = beginning(r);
    }
    return GS_OK;
}

static gs_status expect_required(reader *r) {
    if (r->experiment->data.A == NULL) {
        return gs_fail_at(r->error, beginning(r), "data",
                          "missing, expected data: {A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000} or the like");
    }
    if (r->experiment->values[GS_SETTING_SEED].count == 0) {
        const node *const parameters = gs_node_find(r->root, "parameters");
        return gs_fail_at(r->error, parameters == NULL ? beginning(r) : place_of_key(r, parameters), "seed",
                          "missing, expected it under parameters:, such as seed: {range: [1, 1000]}");
    }
    return GS_OK;
}

static gs_status expect_batches_fit(reader *r) {
    const gs_values *const values = &r->experiment->values[GS_SETTING_BATCH_SIZE];
    const int64_t n = r->experiment->data.n;
    if (values->drawn != NULL) {
        return values->drawn->largest <= (double)n
                   ? GS_OK
                   : gs_fail_at(r->error, r->sources[GS_SETTING_BATCH_SIZE].at, "batch_size",
                                "drawn up to %.0f, which is more than the %lld examples of data.n, expected 1 to %lld",
                                values->drawn->largest, (long long)n, (long long)n);
    }
    for (int64_t i = values->integers == NULL ? values->count - 1 : 0; i < values->count; i++) {
        const int64_t batch_size = gs_values_integer(values, i);
        if (batch_size > n) {
            return gs_fail_at(r->error, place_of_setting_value(r, GS_SETTING_BATCH_SIZE, i), "batch_size",
                              "%lld is more than the %lld examples of data.n, expected 1 to %lld",
                              (long long)batch_size, (long long)n, (long long)n);
        }
    }
    return GS_OK;
}

static gs_status expect_samples_suffice(reader *r) {
    gs_experiment *const e = r->experiment;
    const node *const keep = gs_node_find(r->root, "keep"), *const check = gs_node_find(r->root, "check");
    const node *const kept = keep == NULL ? NULL : gs_node_find(keep, "samples");
    const node *const checked = check == NULL ? NULL : gs_node_find(check, "samples");
    if (e->check_samples < e->data.dimension + 1) {
        return gs_fail_at(r->error, checked == NULL ? beginning(r) : place_of_value(r, checked), "check.samples",
                          "%lld, expected at least %d, one more than the dimension of the data",
                          (long long)e->check_samples, e->data.dimension + 1);
    }
    if (e->keep_samples > e->check_samples) {
        if (kept != NULL) {
            return gs_fail_at(r->error, place_of_value(r, kept), "keep.samples",
                              "%lld is more than check.samples, expected at most %lld", (long long)e->keep_samples,
                              (long long)e->check_samples);
        }
        e->keep_samples = e->check_samples;
    }
    return GS_OK;
}

static int64_t count_parameters(const gs_network *network, int64_t in, int64_t out) {
    int64_t count = 0;
    for (int i = 0; i < network->hidden_count; i++) {
        count += (in + 1) * network->hidden[i];
        in = network->hidden[i];
    }
    return count + (in + 1) * out;
}

static gs_status expect_small_jacobian(reader *r) {
    const gs_experiment *const e = r->experiment;
    const node *const check = gs_node_find(r->root, "check");
    const node *const asked = check == NULL ? NULL : gs_node_find(check, "jacobian");
    const int64_t latent_dim = gs_experiment_largest(e, GS_SETTING_LATENT_DIM);
    const int64_t count = count_parameters(&e->generator, latent_dim, e->data.dimension) +
                          count_parameters(&e->discriminator, e->data.dimension, 1);
    return asked == NULL || !e->check_jacobian || count <= GS_MAX_JACOBIAN
               ? GS_OK
               : gs_fail_at(r->error, place_of_value(r, asked), "check.jacobian",
                            "true, expected networks of at most %d parameters together, but they have %lld",
                            GS_MAX_JACOBIAN, (long long)count);
}

static gs_status expect_equal_zip_lengths(reader *r, const gs_setting *zipped, int count) {
    const gs_values *const values = r->experiment->values;
    for (int i = 1; i < count; i++) {
        const gs_setting first = zipped[0], other = zipped[i];
        if (values[other].count != values[first].count) {
            return gs_fail_at(r->error, r->sources[other].at, "zip",
                              "%s has %lld values and %s (line %d) has %lld, expected equally many",
                              gs_settings_table[other].name, (long long)values[other].count,
                              gs_settings_table[first].name, r->sources[first].at.line, (long long)values[first].count);
        }
    }
    return GS_OK;
}

/// No two values of a setting, and no two tuples of the zip, are equal.
static gs_status expect_distinct(reader *r, const gs_setting *together, int count) {
    const gs_values *lists[GS_SETTING_COUNT];
    for (int i = 0; i < count; i++) {
        lists[i] = &r->experiment->values[together[i]];
    }
    int64_t *earliest = NULL;
    const gs_status status = lists[0]->count > 1 ? gs_values_find_earliest(lists, count, &earliest, r->error) : GS_OK;
    if (status != GS_OK || earliest == NULL) {
        return status;
    }
    int64_t later = 0;
    while (later < lists[0]->count && earliest[later] == later) {
        later++;
    }
    const int64_t earlier = later < lists[0]->count ? earliest[later] : later;
    free(earliest);
    if (earlier == later) {
        return GS_OK;
    }
    const gs_setting setting = together[0];
    return gs_fail_at(r->error, place_of_setting_value(r, setting, later), gs_settings_table[setting].name,
                      "value number %lld, %s, %s value number %lld, expected different ones", (long long)later + 1,
                      gs_values_describe(setting, lists[0], later).text,
                      count > 1 ? "and what is zipped with it repeat" : "repeats", (long long)earlier + 1);
}

static gs_status expect_sound_values(reader *r) {
    gs_setting zipped[GS_SETTING_COUNT];
    int zipped_count = 0;
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        const gs_setting setting = (gs_setting)s;
        if (r->experiment->values[s].zipped) {
            zipped[zipped_count++] = setting;
            continue;
        }
        if (r->experiment->values[s].drawn != NULL) { // points may meet
            continue;
        }
        const gs_status status = expect_distinct(r, &setting, 1);
        if (status != GS_OK) {
            return status;
        }
    }
    if (zipped_count == 0) {
        return GS_OK;
    }
    const gs_status status = expect_equal_zip_lengths(r, zipped, zipped_count);
    return status == GS_OK ? expect_distinct(r, zipped, zipped_count) : status;
}

/// The crossing can be counted. The longest setting is named, since shortening it helps most.
static gs_status expect_countable(reader *r) {
    gs_digits digits;
    gs_error why = {""};
    if (gs_digits_create(r->experiment, &digits, &why) == GS_OK) {
        return GS_OK;
    }
    int longest = 0;
    for (int s = 1; s < GS_SETTING_COUNT; s++) {
        if (r->experiment->values[s].count > r->experiment->values[longest].count) {
            longest = s;
        }
    }
    if (r->experiment->values[longest].drawn != NULL) {
        return gs_fail_at(r->error, r->points, "design.points", "%s", why.message);
    }
    return gs_fail_at(r->error, r->sources[longest].at, gs_settings_table[longest].name, "%s", why.message);
}

// ---- the whole

static gs_status read_document(reader *r, const char *const *overrides, int override_count, char **labels) {
    gs_status (*const steps[])(reader *) = {begin_design,        take_presets,           expect_required,
                                            expect_batches_fit,  expect_samples_suffice, expect_small_jacobian,
                                            expect_sound_values, expect_countable};
    gs_status status = read_sections(r);
    if (status == GS_OK) {
        status = number_dimensions(r);
    }
    if (status == GS_OK) {
        status = take_overrides(r, overrides, override_count, labels);
    }
    for (size_t i = 0; status == GS_OK && i < sizeof steps / sizeof *steps; i++) {
        status = steps[i](r);
    }
    return status;
}

/// An experiment with everything preset but its settings, or NULL.
static gs_experiment *experiment_create(const char *path, const char *text, size_t length) {
    gs_experiment *const e = calloc(1, sizeof *e);
    if (e == NULL) {
        return NULL;
    }
    e->path = strdup(path);
    e->title = strdup("");
    e->text = malloc(length + 1);
    if (e->path == NULL || e->title == NULL || e->text == NULL) {
        gs_experiment_free(e);
        return NULL;
    }
    memcpy(e->text, text, length);
    e->text[length] = '\0';
    e->text_length = length;
    e->discriminator.hidden_count = sizeof preset_discriminator / sizeof *preset_discriminator;
    memcpy(e->discriminator.hidden, preset_discriminator, sizeof preset_discriminator);
    e->keep_samples = PRESET_KEEP_SAMPLES;
    e->check_samples = PRESET_CHECK_SAMPLES;
    e->tolerance = PRESET_TOLERANCE;
    return e;
}

/// @param file  stands for the text in messages
static gs_status experiment_parse(const char *path, const char *file, const char *text, size_t length,
                                  const char *const *overrides, int override_count, gs_experiment **experiment,
                                  gs_error *error) {
    document *parsed = NULL;
    char **labels = NULL;
    reader r = {.file = file, .error = error};
    gs_status status = gs_source_check(file, text, length, error);
    if (status != GS_OK) {
        return status;
    }
    r.experiment = experiment_create(path, text, length);
    labels = calloc((size_t)override_count + 1, sizeof *labels);
    if (r.experiment == NULL || labels == NULL) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory while reading %s", file);
        goto done;
    }
    const size_t mark = gs_source_mark_length(text, length);
    status = gs_document_parse(file, text + mark, length - mark, &parsed, error);
    if (status != GS_OK) {
        goto done;
    }
    r.root = gs_document_root(parsed);
    status = read_document(&r, overrides, override_count, labels);
    if (status == GS_OK) {
        *experiment = r.experiment;
        r.experiment = NULL;
    }
done:
    gs_document_free(parsed);
    for (int i = 0; labels != NULL && i < override_count; i++) {
        free(labels[i]);
    }
    free(labels);
    gs_experiment_free(r.experiment);
    return status;
}

gs_status gs_experiment_read(const char *path, const char *const *overrides, int override_count,
                             gs_experiment **experiment, gs_error *error) {
    char *text = NULL;
    size_t length = 0;
    gs_status status = gs_source_read(path, &text, &length, error);
    if (status == GS_OK) {
        status = experiment_parse(path, path, text, length, overrides, override_count, experiment, error);
    }
    free(text);
    return status;
}

gs_status gs_experiment_parse(const char *text, size_t length, const char *name, const char *const *overrides,
                              int override_count, gs_experiment **experiment, gs_error *error) {
    return experiment_parse("", name, text, length, overrides, override_count, experiment, error);
}

void gs_experiment_free(gs_experiment *experiment) {
    if (experiment == NULL) {
        return;
    }
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        gs_values_free(&experiment->values[s]);
    }
    free(experiment->data.A);
    free(experiment->data.b);
    free(experiment->path);
    free(experiment->text);
    free(experiment->overrides);
    free(experiment->title);
    free(experiment);
}
