/// One thread's checker, as the files of this folder see it.
#ifndef GANSWEEP_CHECK_CHECKER_H
#define GANSWEEP_CHECK_CHECKER_H

#include "check/lapack.h"
#include "check/requested.h"
#include "check/truth.h"
#include "gansweep/check.h"

struct gs_checker {
    const gs_experiment *experiment;
    gs_truth *truth;
    gs_lapack *lapack;
    gs_requested *requested; ///< NULL: nothing is
    double lapack_seconds;
    double *difference;        ///< [dimension] mean minus b
    double *whitened;          ///< [dimension] L^-1 difference
    double *exact_mean;        ///< [dimension] c
    double *exact_covariance;  ///< [dimension x dimension] W W^T
    double *exact_eigenvalues; ///< [dimension] of W W^T v = lambda A^T A v
    double *rows;              ///< [ROWS_PER_BLOCK x dimension]
};

#endif
