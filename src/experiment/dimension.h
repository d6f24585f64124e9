/// One dimension of a design: how the points draw a setting.
///
/// Point number i has in each dimension a number u in [0, 1) of 53 bits, found from i alone (docs/randomness.md): the
/// coordinate of Sobol's sequence, or random bits. On the setting's scale it stands at low + u (high - low), rounded to
/// 12 digits as a grid's points are; a setting of integers takes the nearest one, and a choice takes one of its values.
#ifndef GANSWEEP_EXPERIMENT_DIMENSION_H
#define GANSWEEP_EXPERIMENT_DIMENSION_H

#include "experiment/sobol.h"
#include "gansweep/experiment.h"

struct gs_dimension {
    int number;               ///< among the dimensions of the design, from 0
    double smallest, largest; ///< that are drawn, both included
    bool logarithmic;
    bool integer;
    int64_t choice_count; ///< 0: everything between smallest and largest
    double *choices;      ///< [choice_count]

    double low, high; ///< ends of the scale: of integers half a step beyond the smallest and the largest
    gs_design_method method;
    uint64_t key;                       ///< of random points
    uint64_t shift;                     ///< of Sobol's points: exclusive or with each
    uint64_t directions[GS_SOBOL_BITS]; ///< of Sobol's points
};

/// Lets a design draw: what is below `choices` follows from what is above it.
void gs_dimension_begin(gs_dimension *dimension, const gs_design *design);
void gs_dimension_free(gs_dimension *dimension);

/// Where point `index` stands: a number in [0, 1).
double gs_dimension_unit(const gs_dimension *dimension, int64_t index);

/// The value that point `index` takes.
double gs_dimension_value(const gs_dimension *dimension, int64_t index);

/// Where a value stands on the scale: itself, or its logarithm.
double gs_dimension_position(const gs_dimension *dimension, double value);

#endif
