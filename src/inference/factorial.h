/// Whether a factor of an experiment, or the interaction of two, changes the mean of a response, when the same units
/// were measured under every combination of the factors' levels (a randomised block, or repeated measures).
///
/// Units are the blocks: what a unit shares under all combinations - the same data, the same draws - falls out of the
/// contrasts. The sum of squares of the mean contrast is held against how the contrast differs between the units, which
/// asks for no independence within one. The F test of repeated measures takes these differences for equally large in
/// every direction; Box's epsilon, estimated as Greenhouse and Geisser did, lowers the degrees of freedom as far as
/// they are not.
#ifndef GANSWEEP_INFERENCE_FACTORIAL_H
#define GANSWEEP_INFERENCE_FACTORIAL_H

#include <stdint.h>

/// One effect. NaN: p and F where there are fewer than two units, or where nothing varies at all.
typedef struct {
    double degrees_of_freedom; ///< (a - 1), or (a - 1)(b - 1) of an interaction
    double sum_of_squares;     ///< of the mean's contrast, over the a b cells
    double error_mean_square;  ///< of one unit: between units, a degree of freedom
    double epsilon;            ///< 1: equally large in every direction; at least 1 / degrees_of_freedom
    double F;                  ///< units * sum_of_squares / degrees_of_freedom / error_mean_square
    double p;                  ///< upper tail of F with epsilon df and epsilon df freedom degrees of freedom
} gs_factorial_effect;

/// Box 1954 (theorem 3.1 on, epsilon); Greenhouse & Geisser 1959. Of one factor with two levels this is the paired t
/// test, and R's anova(lm(values ~ 1), X = ~1, test = "Spherical") gives the same F, epsilon and p.
/// @param means  [a][b] of each cell
/// @param residuals  [a][b][units] of each unit in each cell: its value less the mean over units. Contrasts are left
/// there
/// @param b  1 for the effect of one factor
/// @param freedom  units - 1; less where not every unit was measured in every cell
/// @param threads  share the work, and change nothing
/// @param work  [a b (units + 2)]
gs_factorial_effect gs_factorial_test(const double *means, double *residuals, int64_t a, int64_t b, int64_t units,
                                      double freedom, int threads, double *work);

/// The contrast of an effect: values less their means over each factor. The sum of its squares is the effect's.
/// @param values  [a][b][count], replaced
void gs_factorial_contrast(double *values, int64_t a, int64_t b, int64_t count);

#endif
