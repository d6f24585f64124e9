#include "experiment/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/dimension.h"
#include "experiment/number.h"

/// A grid's integers are computed in double: exact up to here.
#define LARGEST_GRID_INTEGER 0x1p53

static const char not_a_name_of[] = "'%s' is not known, %s";

bool gs_setting_is_seed(gs_setting setting) {
    return setting <= GS_SETTING_SHUFFLE_SEED;
}

name_list gs_setting_names(void) {
    name_list list = {.count = 0};
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        gs_names_add(&list, gs_settings_table[s].name);
    }
    return list;
}

/// Names that a setting takes as values; empty for a setting of numbers.
static name_list value_names(gs_setting_type type) {
    name_list list = {.count = 0};
    if (type == GS_TYPE_CONVENTION) {
        for (int i = 0; i < GS_CONVENTION_COUNT; i++) {
            gs_names_add(&list, gs_convention_names[i]);
        }
    } else if (type == GS_TYPE_GENERATOR_LOSS) {
        for (int i = 0; i < GS_GENERATOR_LOSS_COUNT; i++) {
            gs_names_add(&list, gs_generator_loss_names[i]);
        }
    }
    return list;
}

// ---- single values

static int64_t as_integer(double bound) {
    return bound >= 0x1p63 ? INT64_MAX : (int64_t)bound;
}

static gs_status parse_bounded_integer(place at, const char *key, const char *text, int64_t smallest, int64_t largest,
                                       int64_t *value, gs_error *error) {
    if (!gs_parse_integer(text, value) || *value < smallest || *value > largest) {
        return gs_fail_at(error, at, key, "'%s', expected an integer from %lld to %lld", gs_excerpt_of(text).text,
                          (long long)smallest, (long long)largest);
    }
    return GS_OK;
}

static gs_status parse_bounded_real(place at, const char *key, const char *text, double smallest, double largest,
                                    double *value, gs_error *error) {
    if (!gs_parse_real(text, value) || *value < smallest || *value > largest) {
        return gs_fail_at(error, at, key, "'%s', expected a number from %g to %g", gs_excerpt_of(text).text, smallest,
                          largest);
    }
    return GS_OK;
}

/// A value of a setting, while it is not yet known whether it goes into a list of reals or of integers.
typedef struct {
    double real;
    int64_t integer;
} setting_value;

/// Reads one value of a setting of any type from its text.
static gs_status parse_value(gs_setting setting, place at, const char *text, setting_value *value, gs_error *error) {
    const gs_setting_info *const info = &gs_settings_table[setting];
    switch (info->type) {
    case GS_TYPE_INTEGER:
        return parse_bounded_integer(at, info->name, text, as_integer(info->smallest), as_integer(info->largest),
                                     &value->integer, error);
    case GS_TYPE_REAL:
        return parse_bounded_real(at, info->name, text, info->smallest, info->largest, &value->real, error);
    default: {
        const name_list names = value_names(info->type);
        const int found = gs_names_find(&names, text);
        if (found < 0) {
            return gs_fail_at(error, at, info->name, not_a_name_of, gs_excerpt_of(text).text,
                              gs_names_advise(&names, text).text);
        }
        value->integer = found;
        return GS_OK;
    }
    }
}

static place place_of(const char *file, const node *given) {
    return (place){.file = file, .line = given->line, .column = given->column};
}

/// Refuses lists, maps and quoted text where a number stands.
static gs_status expect_number(const char *file, const char *key, const node *given, gs_error *error) {
    if (given->kind != NODE_SCALAR) {
        return gs_fail_at(error, place_of(file, given), key, "%s, expected a number", gs_node_describe(given));
    }
    if (given->quoted) {
        return gs_fail_at(error, place_of(file, given), key, "'%s' in quotes, expected a number without quotes",
                          gs_excerpt_of(given->text).text);
    }
    if (given->text[0] == '\0') {
        return gs_fail_at(error, place_of(file, given), key, "nothing, expected a number");
    }
    return GS_OK;
}

gs_status gs_read_integer(const char *file, const char *key, const node *given, int64_t smallest, int64_t largest,
                          int64_t *value, gs_error *error) {
    const gs_status status = expect_number(file, key, given, error);
    return status != GS_OK
               ? status
               : parse_bounded_integer(place_of(file, given), key, given->text, smallest, largest, value, error);
}

gs_status gs_read_real(const char *file, const char *key, const node *given, double smallest, double largest,
                       double *value, gs_error *error) {
    const gs_status status = expect_number(file, key, given, error);
    return status != GS_OK
               ? status
               : parse_bounded_real(place_of(file, given), key, given->text, smallest, largest, value, error);
}

/// Reads one value of a setting from a node.
static gs_status read_value(gs_setting setting, const char *file, const node *given, setting_value *value,
                            gs_error *error) {
    const gs_setting_info *const info = &gs_settings_table[setting];
    const name_list names = value_names(info->type);
    if (names.count == 0) {
        const gs_status status = expect_number(file, info->name, given, error);
        if (status != GS_OK) {
            return status;
        }
    } else if (given->kind != NODE_SCALAR) {
        return gs_fail_at(error, place_of(file, given), info->name, "%s, %s", gs_node_describe(given),
                          gs_names_advise(&names, "").text);
    }
    return parse_value(setting, place_of(file, given), given->text, value, error);
}

// ---- lists

/// Room for `count` values of a setting.
static gs_status values_allocate(gs_setting setting, int64_t count, gs_values *values, gs_error *error) {
    *values = (gs_values){.count = count};
    if (gs_settings_table[setting].type == GS_TYPE_REAL) {
        values->reals = calloc((size_t)count, sizeof *values->reals);
    } else {
        values->integers = calloc((size_t)count, sizeof *values->integers);
    }
    return values->reals == NULL && values->integers == NULL
               ? gs_fail(error, GS_ERROR_RUN, "out of memory: %lld values of %s", (long long)count,
                         gs_settings_table[setting].name)
               : GS_OK;
}

static void values_store(gs_values *values, int64_t index, setting_value value) {
    if (values->reals != NULL) {
        values->reals[index] = value.real;
    } else {
        values->integers[index] = value.integer;
    }
}

void gs_values_free(gs_values *values) {
    free(values->reals);
    free(values->integers);
    gs_dimension_free(values->drawn);
    *values = (gs_values){.count = 0};
}

gs_status gs_values_preset(gs_setting setting, double preset, gs_values *values, gs_error *error) {
    const gs_status status = values_allocate(setting, 1, values, error);
    if (status == GS_OK) {
        values_store(values, 0, (setting_value){.real = preset, .integer = (int64_t)preset});
    }
    return status;
}

static gs_status read_list(gs_setting setting, const char *file, const node *list, gs_values *values, gs_error *error) {
    const char *const name = gs_settings_table[setting].name;
    if (list->kind != NODE_LIST || list->count == 0) {
        return gs_fail_at(error, place_of(file, list), name, "%s, expected a list of values",
                          list->kind == NODE_LIST ? "an empty list" : gs_node_describe(list));
    }
    if (list->count > MAX_LISTED_VALUES) {
        return gs_fail_at(error, place_of(file, list), name, "%lld values, expected at most %d", (long long)list->count,
                          MAX_LISTED_VALUES);
    }
    gs_status status = values_allocate(setting, list->count, values, error);
    int64_t index = 0;
    for (const node *item = list->child; status == GS_OK && item != NULL; item = item->next) {
        setting_value value = {0};
        status = read_value(setting, file, item, &value, error);
        values_store(values, index++, value);
    }
    return status;
}

// ---- ranges and grids

/// The points of a range or grid, before they are stored.
typedef struct {
    setting_value first, last;
    int64_t count; ///< of a grid
    bool logarithmic;
} grid;

/// first, first + step, ..., last of an integer setting; nothing is stored.
static gs_status fill_range(gs_setting setting, place at, int64_t first, int64_t last, int64_t step, gs_values *values,
                            gs_error *error) {
    const char *const name = gs_settings_table[setting].name;
    if (first > last) {
        return gs_fail_at(error, at, name, "range from %lld down to %lld, expected the smaller end first",
                          (long long)first, (long long)last);
    }
    if ((last - first) % step != 0) {
        return gs_fail_at(
            error, at, name, "range from %lld to %lld misses its end in steps of %lld, expected an end such as %lld",
            (long long)first, (long long)last, (long long)step, (long long)(last - (last - first) % step));
    }
    const int64_t steps = (last - first) / step;
    if (steps == INT64_MAX) {
        return gs_fail_at(error, at, name, "range of 2^63 values, expected at most 2^63 - 1");
    }
    *values = (gs_values){.count = steps + 1, .first = first, .step = step};
    return GS_OK;
}

static bool is_integer(gs_setting setting) {
    return gs_settings_table[setting].type == GS_TYPE_INTEGER;
}

/// The ends as numbers, of any setting.
static double first_of(gs_setting setting, const grid *points) {
    return is_integer(setting) ? (double)points->first.integer : points->first.real;
}

static double last_of(gs_setting setting, const grid *points) {
    return is_integer(setting) ? (double)points->last.integer : points->last.real;
}

static gs_status expect_ascending(gs_setting setting, place at, const grid *points, gs_error *error) {
    const bool integer = is_integer(setting);
    const double first = first_of(setting, points), last = last_of(setting, points);
    const char *const name = gs_settings_table[setting].name;
    if (!(first < last)) {
        return gs_fail_at(error, at, name, "min %g is not below max %g, expected min < max", first, last);
    }
    if (integer && last > LARGEST_GRID_INTEGER) {
        return gs_fail_at(error, at, name, "max %.17g, expected at most 2^53 (a range may go further)", last);
    }
    if (points->logarithmic && first <= 0) {
        return gs_fail_at(error, at, name, "min %g on a logarithmic scale, expected min > 0", first);
    }
    return GS_OK;
}

static gs_status fill_grid(gs_setting setting, place at, const grid *points, gs_values *values, gs_error *error) {
    const bool integer = is_integer(setting);
    const double first = first_of(setting, points), last = last_of(setting, points);
    gs_status status = expect_ascending(setting, at, points, error);
    if (status == GS_OK) {
        status = values_allocate(setting, points->count, values, error);
    }
    for (int64_t i = 0; status == GS_OK && i < points->count; i++) {
        const double point = gs_grid_point(first, last, points->count, points->logarithmic, i);
        // a learning rate may be larger than any integer
        values_store(values, i,
                     integer ? (setting_value){.integer = (int64_t)(point + 0.5)} : (setting_value){.real = point});
    }
    return status;
}

/// A range of a real setting is a linear grid whose number of points comes from the step.
static gs_status fill_real_range(gs_setting setting, place at, double first, double last, double step,
                                 gs_values *values, gs_error *error) {
    const char *const name = gs_settings_table[setting].name;
    const double largest_miss = 1e-9;
    const double steps = (last - first) / step;
    if (!(first < last) || !(steps < MAX_LISTED_VALUES)) {
        return gs_fail_at(error, at, name, "range from %g to %g in steps of %g, expected 2 to %d ascending values",
                          first, last, step, MAX_LISTED_VALUES);
    }
    const int64_t whole = (int64_t)(steps + 0.5);
    if (whole == 0 || fabs(steps - (double)whole) > largest_miss * steps) {
        return gs_fail_at(error, at, name,
                          "range from %g to %g misses its end in steps of %g, expected a step that "
                          "divides it",
                          first, last, step);
    }
    const grid points = {.first.real = first, .last.real = last, .count = whole + 1};
    return fill_grid(setting, at, &points, values, error);
}

/// {range: [first, last]}, with an optional step.
static gs_status read_range(gs_setting setting, const char *file, const node *given, gs_values *values,
                            gs_error *error) {
    const gs_setting_info *const info = &gs_settings_table[setting];
    const node *const ends = gs_node_find(given, "range"), *const step_node = gs_node_find(given, "step");
    const place at = place_of(file, ends);
    if (ends->kind != NODE_LIST || ends->count != 2) {
        return gs_fail_at(error, at, info->name, "range that is not a pair, expected [first, last], both included");
    }
    setting_value first = {0}, last = {0};
    gs_status status = read_value(setting, file, ends->child, &first, error);
    if (status == GS_OK) {
        status = read_value(setting, file, ends->child->next, &last, error);
    }
    if (status != GS_OK) {
        return status;
    }
    if (info->type == GS_TYPE_INTEGER) {
        int64_t step = 1;
        if (step_node != NULL) {
            status = gs_read_integer(file, "step", step_node, 1, INT64_MAX, &step, error);
        }
        return status == GS_OK ? fill_range(setting, at, first.integer, last.integer, step, values, error) : status;
    }
    if (step_node == NULL) {
        return gs_fail_at(error, at, info->name,
                          "range of real numbers without a step, expected {range: [first, last], "
                          "step: s} or {min, max, count, scale}");
    }
    double step = 0;
    status = gs_read_real(file, "step", step_node, info->smallest, info->largest, &step, error);
    return status == GS_OK ? fill_real_range(setting, at, first.real, last.real, step, values, error) : status;
}

// ---- what a design draws

/// Anything between two ends.
static gs_status draw_between(gs_setting setting, place at, const grid *ends, gs_values *values, gs_error *error) {
    const gs_status status = expect_ascending(setting, at, ends, error);
    if (status != GS_OK) {
        return status;
    }
    *values = (gs_values){.drawn = calloc(1, sizeof *values->drawn)};
    if (values->drawn == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory: a dimension for %s", gs_settings_table[setting].name);
    }
    values->drawn->smallest = first_of(setting, ends);
    values->drawn->largest = last_of(setting, ends);
    values->drawn->logarithmic = ends->logarithmic;
    values->drawn->integer = is_integer(setting);
    return GS_OK;
}

static gs_status expect_different_choices(gs_setting setting, const char *file, const node *items,
                                          const gs_values *list, gs_error *error) {
    int64_t *earliest = NULL;
    gs_status status = gs_values_find_earliest(&list, 1, &earliest, error);
    if (status != GS_OK || earliest == NULL) {
        return status;
    }
    const node *item = items->child;
    int64_t later = 0;
    for (; later < list->count && earliest[later] == later; later++) {
        item = item->next;
    }
    if (later < list->count) {
        status = gs_fail_at(error, place_of(file, item), gs_settings_table[setting].name,
                            "choice number %lld, %s, repeats choice number %lld, expected different ones",
                            (long long)later + 1, gs_values_describe(setting, list, later).text,
                            (long long)earliest[later] + 1);
    }
    free(earliest);
    return status;
}

/// One of a list.
static gs_status draw_listed(gs_setting setting, const gs_values *list, gs_values *values, gs_error *error) {
    *values = (gs_values){.drawn = calloc(1, sizeof *values->drawn)};
    gs_dimension *const drawn = values->drawn;
    double *const choices = calloc((size_t)list->count, sizeof *choices);
    if (drawn == NULL || choices == NULL) {
        free(choices);
        gs_values_free(values);
        return gs_fail(error, GS_ERROR_RUN, "out of memory: %lld choices of %s", (long long)list->count,
                       gs_settings_table[setting].name);
    }
    drawn->choices = choices;
    drawn->choice_count = list->count;
    drawn->smallest = drawn->largest = gs_values_real(list, 0);
    for (int64_t i = 0; i < list->count; i++) {
        choices[i] = gs_values_real(list, i);
        drawn->smallest = fmin(drawn->smallest, choices[i]);
        drawn->largest = fmax(drawn->largest, choices[i]);
    }
    return GS_OK;
}

/// {choice: [values]}
static gs_status read_choice(gs_setting setting, const char *file, const node *given, gs_values *values,
                             gs_error *error) {
    const node *const items = gs_node_find(given, "choice");
    if (gs_setting_is_seed(setting)) {
        return gs_fail_at(error, place_of(file, items), gs_settings_table[setting].name,
                          "seeds are not drawn but crossed with the design's points, expected value, values or range");
    }
    gs_values list = {.count = 0};
    gs_status status = read_list(setting, file, items, &list, error);
    if (status == GS_OK) {
        status = expect_different_choices(setting, file, items, &list, error);
    }
    if (status == GS_OK) {
        status = draw_listed(setting, &list, values, error);
    }
    gs_values_free(&list);
    return status;
}

/// {min, max, count}, with an optional scale; without a count the design draws between the ends.
static gs_status read_grid(gs_setting setting, const char *file, const node *given, gs_values *values,
                           gs_error *error) {
    const char *const name = gs_settings_table[setting].name;
    const node *const ends[] = {gs_node_find(given, "min"), gs_node_find(given, "max")};
    const node *const count = gs_node_find(given, "count"), *const scale = gs_node_find(given, "scale");
    if (ends[0] == NULL || ends[1] == NULL || (count == NULL && gs_setting_is_seed(setting))) {
        return gs_fail_at(error, place_of(file, given), name, "without %s, expected {min, max, count, scale}",
                          ends[0] == NULL   ? "min"
                          : ends[1] == NULL ? "max"
                                            : "count");
    }
    grid points = {.count = 0};
    gs_status status = read_value(setting, file, ends[0], &points.first, error);
    if (status == GS_OK) {
        status = read_value(setting, file, ends[1], &points.last, error);
    }
    if (status == GS_OK && count != NULL) {
        status = gs_read_integer(file, "count", count, 2, MAX_LISTED_VALUES, &points.count, error);
    }
    if (status != GS_OK) {
        return status;
    }
    if (scale != NULL) {
        name_list scales = {.count = 0};
        gs_names_add(&scales, "linear");
        gs_names_add(&scales, "log");
        const char *const text = scale->kind == NODE_SCALAR ? scale->text : "";
        if (gs_names_find(&scales, text) < 0) {
            return gs_fail_at(error, place_of(file, scale), "scale", not_a_name_of, gs_excerpt_of(text).text,
                              gs_names_advise(&scales, text).text);
        }
        points.logarithmic = strcmp(text, "log") == 0;
    }
    return count == NULL ? draw_between(setting, place_of(file, given), &points, values, error)
                         : fill_grid(setting, place_of(file, given), &points, values, error);
}

// ---- whole settings

/// The ways to write a setting as a map: the key that says which one it is, and the keys that may stand beside it.
typedef struct {
    const char *key;
    const char *companions[4];
    bool names_too; ///< also for settings whose values are names
    gs_status (*read)(gs_setting setting, const char *file, const node *given, gs_values *values, gs_error *error);
} value_form;

static gs_status read_single(gs_setting setting, const char *file, const node *given, gs_values *values,
                             gs_error *error) {
    setting_value value = {0};
    gs_status status = read_value(setting, file, given, &value, error);
    if (status == GS_OK) {
        status = values_allocate(setting, 1, values, error);
    }
    if (status == GS_OK) {
        values_store(values, 0, value);
    }
    return status;
}

static gs_status read_value_form(gs_setting setting, const char *file, const node *given, gs_values *values,
                                 gs_error *error) {
    return read_single(setting, file, gs_node_find(given, "value"), values, error);
}

static gs_status read_values_form(gs_setting setting, const char *file, const node *given, gs_values *values,
                                  gs_error *error) {
    return read_list(setting, file, gs_node_find(given, "values"), values, error);
}

static const value_form forms[] = {
    {"value", {NULL}, true, read_value_form},
    {"values", {NULL}, true, read_values_form},
    {"choice", {NULL}, true, read_choice},
    {"range", {"step", NULL}, false, read_range},
    {"min", {"max", "count", "scale", NULL}, false, read_grid},
    {"max", {"min", "count", "scale", NULL}, false, read_grid},
};

/// The form whose key comes first in `given`, or NULL.
static const value_form *find_form(const node *given, bool of_names) {
    for (const node *child = given->child; child != NULL; child = child->next) {
        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
            if (strcmp(forms[i].key, child->key) == 0 && (forms[i].names_too || !of_names)) {
                return &forms[i];
            }
        }
    }
    return NULL;
}

static gs_status read_map(gs_setting setting, const char *file, const node *given, gs_values *values, gs_error *error) {
    const char *const name = gs_settings_table[setting].name;
    const bool of_names = value_names(gs_settings_table[setting].type).count > 0;
    const value_form *const form = find_form(given, of_names);
    name_list keys = {.count = 0};
    if (form != NULL) {
        gs_names_add(&keys, form->key);
        for (int i = 0; form->companions[i] != NULL; i++) {
            gs_names_add(&keys, form->companions[i]);
        }
    } else if (of_names) {
        gs_names_add(&keys, "value");
        gs_names_add(&keys, "values");
        gs_names_add(&keys, "choice");
    } else {
        static const char *const all[] = {"value", "values", "choice", "range", "step", "min", "max", "count", "scale"};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            gs_names_add(&keys, all[i]);
        }
    }
    for (const node *child = given->child; child != NULL; child = child->next) {
        if (gs_names_find(&keys, child->key) < 0) {
            const place at = {.file = file, .line = child->key_line, .column = child->key_column};
            return form == NULL
                       ? gs_fail_at(error, at, name, "unknown key '%s', %s", gs_excerpt_of(child->key).text,
                                    gs_names_advise(&keys, child->key).text)
                       : gs_fail_at(error, at, name, "'%s' beside '%s', %s and nothing else",
                                    gs_excerpt_of(child->key).text, form->key, gs_names_advise(&keys, "").text);
        }
    }
    if (form == NULL) {
        return gs_fail_at(error, place_of(file, given), name, "no values, expected %s",
                          of_names ? "value, values or choice"
                                   : "value, values, range, choice, or min, max, count and scale");
    }
    return form->read(setting, file, given, values, error);
}

gs_status gs_values_read(gs_setting setting, const char *file, const node *given, gs_values *values, gs_error *error) {
    switch (given->kind) {
    case NODE_SCALAR:
        return read_single(setting, file, given, values, error);
    case NODE_LIST:
        return read_list(setting, file, given, values, error);
    default:
        return read_map(setting, file, given, values, error);
    }
}

// ---- --set

/// Cuts `text` at each `separator` into trimmed pieces. @return the number of pieces
static int64_t split(char *text, char separator, char **pieces, int64_t capacity) {
    int64_t count = 0;
    for (char *piece = text; piece != NULL && count < capacity;) {
        char *const end = strchr(piece, separator);
        if (end != NULL) {
            *end = '\0';
        }
        piece += strspn(piece, " \t");
        for (size_t length = strlen(piece); length > 0 && strchr(" \t", piece[length - 1]) != NULL; length--) {
            piece[length - 1] = '\0';
        }
        pieces[count++] = piece;
        piece = end == NULL ? NULL : end + 1;
    }
    return count;
}

/// first:last or first:last:step
static gs_status read_argument_range(gs_setting setting, place argument, char *text, gs_values *values,
                                     gs_error *error) {
    const gs_setting_info *const info = &gs_settings_table[setting];
    char *pieces[4] = {"", "", "", ""};
    const int64_t count = split(text, ':', pieces, 4);
    if (value_names(info->type).count > 0 || count > 3 || (info->type == GS_TYPE_REAL && count != 3)) {
        return gs_fail_at(error, argument, info->name, "not a range of this setting, expected %s",
                          info->type == GS_TYPE_INTEGER ? "first:last or first:last:step"
                          : info->type == GS_TYPE_REAL  ? "first:last:step or values with commas between"
                                                        : "names with commas between");
    }
    setting_value ends[2] = {{0}};
    gs_status status = GS_OK;
    for (int i = 0; status == GS_OK && i < 2; i++) {
        status = parse_value(setting, argument, pieces[i], &ends[i], error);
    }
    if (status != GS_OK) {
        return status;
    }
    if (info->type == GS_TYPE_REAL) {
        double step = 0;
        status = parse_bounded_real(argument, "step", pieces[2], info->smallest, info->largest, &step, error);
        return status == GS_OK ? fill_real_range(setting, argument, ends[0].real, ends[1].real, step, values, error)
                               : status;
    }
    int64_t step = 1;
    if (count == 3) {
        status = parse_bounded_integer(argument, "step", pieces[2], 1, INT64_MAX, &step, error);
    }
    return status == GS_OK ? fill_range(setting, argument, ends[0].integer, ends[1].integer, step, values, error)
                           : status;
}

static gs_status read_argument_list(gs_setting setting, place argument, char *text, gs_values *values,
                                    gs_error *error) {
    int64_t count = 1;
    for (const char *c = text; *c != '\0'; c++) {
        count += *c == ',';
    }
    if (count > MAX_LISTED_VALUES) {
        return gs_fail_at(error, argument, gs_settings_table[setting].name, "%lld values, expected at most %d",
                          (long long)count, MAX_LISTED_VALUES);
    }
    char **const pieces = calloc((size_t)count, sizeof *pieces);
    if (pieces == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory while reading --set");
    }
    (void)split(text, ',', pieces, count);
    gs_status status = values_allocate(setting, count, values, error);
    for (int64_t i = 0; status == GS_OK && i < count; i++) {
        setting_value value = {0};
        status = parse_value(setting, argument, pieces[i], &value, error);
        values_store(values, i, value);
    }
    free(pieces);
    return status;
}

gs_status gs_values_read_argument(gs_setting setting, place argument, const char *text, gs_values *values,
                                  gs_error *error) {
    char *const copy = strdup(text);
    if (copy == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory while reading --set");
    }
    const gs_status status = strchr(copy, ':') != NULL ? read_argument_range(setting, argument, copy, values, error)
                                                       : read_argument_list(setting, argument, copy, values, error);
    free(copy);
    return status;
}

// ---- equal values

typedef struct {
    const gs_values *const *lists;
    int list_count;
} tuples;

/// Orders two indices by the tuples that stand there.
static int compare_tuples(const tuples *all, int64_t a, int64_t b) {
    for (int i = 0; i < all->list_count; i++) {
        const gs_values *const list = all->lists[i];
        if (list->reals != NULL) {
            const double left = list->reals[a], right = list->reals[b];
            if (left != right) {
                return left < right ? -1 : 1;
            }
        } else {
            const int64_t left = gs_values_integer(list, a), right = gs_values_integer(list, b);
            if (left != right) {
                return left < right ? -1 : 1;
            }
        }
    }
    return 0;
}

/// Equal tuples stay in the order of their indices.
static int compare_indices(const void *a, const void *b, void *context) {
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    const int order = compare_tuples(context, left, right);
    return order != 0 ? order : (left > right) - (left < right);
}

gs_status gs_values_find_earliest(const gs_values *const *lists, int list_count, int64_t **earliest, gs_error *error) {
    *earliest = NULL;
    for (int i = 0; i < list_count; i++) {
        if (lists[i]->reals == NULL && lists[i]->integers == NULL) {
            return GS_OK;
        }
    }
    const int64_t count = lists[0]->count;
    int64_t *const order = malloc((size_t)count * sizeof *order);
    *earliest = calloc((size_t)count, sizeof **earliest);
    if (order == NULL || *earliest == NULL) {
        free(order);
        free(*earliest);
        *earliest = NULL;
        return gs_fail(error, GS_ERROR_RUN, "out of memory while comparing %lld values", (long long)count);
    }
    for (int64_t i = 0; i < count; i++) {
        order[i] = i;
    }
    tuples all = {lists, list_count};
    qsort_r(order, (size_t)count, sizeof *order, compare_indices, &all);
    for (int64_t i = 0; i < count; i++) {
        const bool repeats = i > 0 && compare_tuples(&all, order[i - 1], order[i]) == 0;
        (*earliest)[order[i]] = repeats ? (*earliest)[order[i - 1]] : order[i];
    }
    free(order);
    return GS_OK;
}

excerpt gs_values_describe(gs_setting setting, const gs_values *values, int64_t index) {
    excerpt result;
    const name_list names = value_names(gs_settings_table[setting].type);
    if (names.count > 0) {
        (void)snprintf(result.text, sizeof result.text, "%s", names.names[gs_values_integer(values, index)]);
    } else if (values->reals != NULL) {
        (void)snprintf(result.text, sizeof result.text, "%.12g", values->reals[index]);
    } else {
        (void)snprintf(result.text, sizeof result.text, "%lld", (long long)gs_values_integer(values, index));
    }
    return result;
}
