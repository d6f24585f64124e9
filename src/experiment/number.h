/// Numbers as experiments write them: decimal, strict, and independent of the locale.
#ifndef GANSWEEP_EXPERIMENT_NUMBER_H
#define GANSWEEP_EXPERIMENT_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/// Reads a decimal number, for example "0.05", "-3" or "1e-3". Junk, hexadecimal, inf, nan and overflow are refused.
bool gs_parse_real(const char *text, double *value);

/// The same for integers, without rounding: "1e3" and "100.0" are integers, "0.5" and "1e-3" are not.
bool gs_parse_integer(const char *text, int64_t *value);

/// The double nearest to x rounded to 12 significant decimal digits, so that points of a grid read as they are meant:
/// 0.01, not 0.010000000000000002.
double gs_round_to_digits(double x);

/// One of `count` points spread evenly from `first` to `last`, both of which are met exactly, on a linear or (for
/// positive ends) a logarithmic scale; the inner ones go through gs_round_to_digits().
double gs_grid_point(double first, double last, int64_t count, bool logarithmic, int64_t index);

#endif
