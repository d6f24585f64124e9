/// Logarithm and exponential in double precision, the same bits on every machine.
///
/// They use IEEE addition, subtraction, multiplication and division alone, in a fixed order: no call of the C library's
/// mathematics, whose last bit differs between versions, and no fused multiply-add. Everything that is stored in double
/// and needs a logarithm or an exponential comes from here: grids on a logarithmic scale, distances, likelihood ratios.
///
/// Both hold for every double, denormal numbers included. Their error is under 0.75 units in the last place (measured
/// against 80-bit libm on tens of millions of arguments, tests/numeric/log_exp_test.c), under 0.85 where the result of
/// gs_exp is denormal. Any NaN that they return is the quiet NaN 0x7ff8000000000000.
#ifndef GANSWEEP_NUMERIC_LOG_EXP_H
#define GANSWEEP_NUMERIC_LOG_EXP_H

/// Natural logarithm: -inf at 0 (of either sign), NaN below 0.
double gs_log(double x);

/// exp(x): +inf above 709.79, 0 below -745.14.
double gs_exp(double x);

#endif
