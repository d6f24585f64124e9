/// Two loss curves as a small plot of text.
#ifndef CLI_CURVES_H
#define CLI_CURVES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/// D and G mark the curves, * both, and dotted lines the equilibrium's losses where they are in sight: ln 2, and -ln 2
/// when the generator's loss is the minimax one. Values that are not finite are left out; epochs that share a column
/// are averaged.
/// @param loss_D, loss_G  [epochs]
void print_curves(const float *loss_D, const float *loss_G, int64_t epochs, bool minimax, FILE *stream);

#endif
