/// What this processor can do: throughput of each kind of vector operation, measured on one core.
#ifndef GANSWEEP_SPEED_PEAK_H
#define GANSWEEP_SPEED_PEAK_H

#include "gansweep/train.h"
#include "train/operation.h"

typedef struct {
    /// [GS_OPERATION_COUNT] seconds that one operation takes when many independent ones of its kind stand together.
    double alone[GS_OPERATION_COUNT];
    /// Seconds by which it lengthens a stream of multiply-adds: what it takes away from them. A division keeps its
    /// divider busy for longer than that, but multiply-adds go on meanwhile; so they do where a processor adds
    /// elsewhere.
    double beside[GS_OPERATION_COUNT];
    bool adam_root_divides; ///< whether Adam's root goes to the divider too
    double load;            ///< seconds of one load of a vector that is added, from the first-level cache
} gs_peak;

/// Measures for about a second.
/// @return false when this program or this processor has not the instruction set
bool gs_peak_measure(gs_isa isa, gs_peak *peak);

extern const char *const gs_operation_names[GS_OPERATION_COUNT];

#endif
