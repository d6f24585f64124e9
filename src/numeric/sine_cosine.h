/// Sine and cosine in double precision, the same bits on every machine: IEEE addition, subtraction and multiplication
/// alone, in a fixed order, like log_exp.h. For what is stored in double and needs an angle.
#ifndef GANSWEEP_NUMERIC_SINE_COSINE_H
#define GANSWEEP_NUMERIC_SINE_COSINE_H

/// Both for |x| <= 2^20 with an absolute error under 2^-52 (measured against 80-bit libm on millions of arguments,
/// tests/numeric/sine_cosine_test.c); beyond, and for NaN, both are the quiet NaN 0x7ff8000000000000.
void gs_sine_cosine(double x, double *sine, double *cosine);

#endif
