/// How fast a step of training could be on this processor: its operations, counted, against what they take, measured.
#ifndef GANSWEEP_SPEED_WALL_H
#define GANSWEEP_SPEED_WALL_H

#include "speed/peak.h"

typedef struct {
    double operations[GS_OPERATION_COUNT]; ///< of one step of a pack, with its share of what is done once an epoch
    /// Seconds that the step's operations take one kind after the other: each kind's peak, but divisions and roots
    /// beside multiply-adds, as they come. A processor with one set of ports for all kinds can't be faster.
    double issue;
    double divider; ///< seconds for which its divisions and roots keep the divider busy
    double seconds; ///< the wall: the longer of the two, since the two can overlap
    /// Seconds that what multiply-adds and all that is beside them leave no way around: shorter than the wall where a
    /// processor adds or compares while it multiplies.
    double side_by_side;
} gs_wall;

/// Whether an operation counts in the wall by what it takes from multiply-adds: divisions and roots, most of whose time
/// is latency or goes to a unit of their own.
bool gs_wall_takes_beside(gs_operation operation);

/// Counts the operations of a step by training with the counting kernel, and weighs them with the peak.
/// @param experiment  whose first values of all settings are trained
/// @return GS_ERROR_RUN when out of memory
gs_status gs_wall_find(const gs_experiment *experiment, int lanes, const gs_peak *peak, gs_wall *wall, gs_error *error);

#endif
