/// How well the true covariance can be inverted.
#ifndef GANSWEEP_EXPERIMENT_CONDITION_H
#define GANSWEEP_EXPERIMENT_CONDITION_H

#include "gansweep/error.h"

/// Reciprocal condition number, in the 1-norm, of C = A^T A.
/// @param A  [dimension x dimension], row-major, finite
/// @param reciprocal  1 / (|C| |C^-1|); 0 when C is singular to working precision
/// @return GS_OK, or GS_ERROR_RUN when out of memory
gs_status gs_reciprocal_condition(const double *A, int dimension, double *reciprocal, gs_error *error);

#endif
