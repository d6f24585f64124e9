/// The values of one setting, from its node of the file or from a --set argument.
///
/// In the file: a value; a list; or a map of one of `value`, `values`, `range` (with `step`) and `min, max, count`
/// (with `scale`); or, to be drawn by the design, a map of `min, max` (with `scale`) or `choice`. On the command line:
/// "0.01,0.05" or "first:last" or "first:last:step". docs/experiment-file.md.
#ifndef GANSWEEP_EXPERIMENT_VALUES_H
#define GANSWEEP_EXPERIMENT_VALUES_H

#include "experiment/document.h"
#include "experiment/names.h"
#include "gansweep/experiment.h"

/// Longest list or grid; a range may be longer, since it is not stored.
enum { MAX_LISTED_VALUES = 1000000 };

/// Whether a setting is one of the three seeds.
bool gs_setting_is_seed(gs_setting setting);

/// Reads the value of `name: value` as it stands in the file. Values may repeat: see gs_values_find_earliest(). What is
/// drawn has no count before gs_dimension_begin().
/// @param values  cleared before; on success its lists belong to the caller, who ends them with gs_values_free()
gs_status gs_values_read(gs_setting setting, const char *file, const node *given, gs_values *values, gs_error *error);

/// Reads what stands behind `name=` of a --set argument.
/// @param argument  place that stands for the argument in messages
gs_status gs_values_read_argument(gs_setting setting, place argument, const char *text, gs_values *values,
                                  gs_error *error);

/// One value, for example a preset.
gs_status gs_values_preset(gs_setting setting, double preset, gs_values *values, gs_error *error);

void gs_values_free(gs_values *values);

/// Finds equal tuples in lists of equal length that are walked together (one list: equal values).
/// @param lists  [list_count]
/// @param earliest  on success [count] the first index at which each tuple stands, which the caller frees; NULL when
/// one of the lists is a range, since then all tuples differ
gs_status gs_values_find_earliest(const gs_values *const *lists, int list_count, int64_t **earliest, gs_error *error);

/// Value number `index` as it reads in a message.
excerpt gs_values_describe(gs_setting setting, const gs_values *values, int64_t index);

/// All settings' names.
name_list gs_setting_names(void);

/// Reads a number within [smallest, largest] from a node of the file.
/// @param key  its name in messages, for example "data.n"
gs_status gs_read_integer(const char *file, const char *key, const node *given, int64_t smallest, int64_t largest,
                          int64_t *value, gs_error *error);
gs_status gs_read_real(const char *file, const char *key, const node *given, double smallest, double largest,
                       double *value, gs_error *error);

#endif
