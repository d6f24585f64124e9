#include "inference/equivalence.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

double gs_equivalence_p(double mean, double standard_error, double degrees_of_freedom, double target, double margin) {
    if (!(degrees_of_freedom > 0) || isnan(mean) || isnan(standard_error)) {
        return NAN;
    }
    const double above = mean - (target - margin), below = mean - (target + margin);
    if (standard_error == 0) {
        return above > 0 && below < 0 ? 0 : 1;
    }
    const double p_above = gsl_cdf_tdist_Q(above / standard_error, degrees_of_freedom);
    const double p_below = gsl_cdf_tdist_P(below / standard_error, degrees_of_freedom);
    return fmax(p_above, p_below);
}
