/// Many tests at once.
#ifndef GANSWEEP_INFERENCE_MULTIPLE_H
#define GANSWEEP_INFERENCE_MULTIPLE_H

#include <stdbool.h>
#include <stdint.h>

/// Replaces p-values by those adjusted for the false discovery rate (Benjamini & Hochberg 1995; R's p.adjust "BH"):
/// the least rate at which each would still be a discovery, min over j >= i of m p(j) / j, at most 1. NaN stays NaN and
/// is not counted.
/// @return false when out of memory
bool gs_adjust_p(double *p, int64_t count);

#endif
