/// The reference training in double, with libm's elementary functions: what frameworks compute in float64. See
/// reference.h.
#include "train/reference.h"

#include <math.h>

static double real_fma(double a, double b, double c) {
    return fma(a, b, c);
}
static double real_sqrt(double x) {
    return sqrt(x);
}
static double real_tanh(double x) {
    return tanh(x);
}
static double real_exp_negative(double x) {
    return exp(x);
}
static double real_log(double x) {
    return log(x);
}

#define REAL double
#define REAL_SMALLEST 0x1p-1022
#define REFERENCE gs_reference_double
#define REFERENCE_FROM gs_reference_double_from
#define REFERENCE_END gs_reference_double_end
#define OBSERVE gs_observe_double
#include "train/reference_body.h"
