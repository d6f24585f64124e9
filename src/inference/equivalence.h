/// Whether a mean is near a number for all practical purposes: two one-sided tests.
#ifndef GANSWEEP_INFERENCE_EQUIVALENCE_H
#define GANSWEEP_INFERENCE_EQUIVALENCE_H

/// p-value of the two one-sided t tests (Schuirmann 1987): the greater of that of "mean <= target - margin" and that of
/// "mean >= target + margin". Below 0.05 the mean lies within the margin, at a risk of 5 % of saying so wrongly; and
/// then the 90 % interval lies within it, too.
/// @param standard_error  of the mean; 0: it is known exactly
/// @param degrees_of_freedom  number of independent units - 1
/// @return NaN when any of them is, and without a degree of freedom
double gs_equivalence_p(double mean, double standard_error, double degrees_of_freedom, double target, double margin);

#endif
