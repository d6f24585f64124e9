/// Sobol's sequence: points that fill the unit cube evenly, each found from its number alone.
///
/// Coordinate d of point i is the exclusive or of those direction numbers of dimension d whose bits are set in the Gray
/// code i ^ (i >> 1) of the 64-bit number i (Antonov & Saleev 1979; Bratley & Fox 1988). Primitive polynomials and
/// initial direction numbers are those of Joe & Kuo 2008 (file new-joe-kuo-6.21201), the order of the points is that of
/// their program, of GSL and of SciPy, from the origin on.
#ifndef GANSWEEP_EXPERIMENT_SOBOL_H
#define GANSWEEP_EXPERIMENT_SOBOL_H

#include <stdint.h>

enum {
    GS_SOBOL_DIMENSIONS = 32,
    GS_SOBOL_BITS = 64, ///< of a coordinate, and numbers of a dimension
};

/// The direction numbers of one dimension, as fractions of 2^64: bit i of the Gray code goes with directions[i].
/// @param dimension  0 ... GS_SOBOL_DIMENSIONS - 1
void gs_sobol_directions(int dimension, uint64_t directions[GS_SOBOL_BITS]);

/// A coordinate of point number `index`, as a fraction of 2^64.
uint64_t gs_sobol_coordinate(const uint64_t directions[GS_SOBOL_BITS], uint64_t index);

#endif
