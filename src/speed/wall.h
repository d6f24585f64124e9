/// How fast a step of training could be on this processor: its operations, counted, against what they take, measured.
#ifndef GANSWEEP_SPEED_WALL_H
#define GANSWEEP_SPEED_WALL_H

#include "speed/peak.h"

typedef struct {
    double operations[GS_OPERATION_COUNT]; ///< of one step of a pack, with its share of what is done once an epoch
    double issue;                          ///< seconds for which the step's operations keep the arithmetic ports busy
    double divider;                        ///< seconds for which its divisions and roots keep the divider busy
    double seconds;                        ///< the wall: the longer of the two, since the two can overlap
} gs_wall;

/// Counts the operations of a step by training with the counting kernel, and weighs them with the peak.
/// @param experiment  whose first values of all settings are trained
/// @return GS_ERROR_RUN when out of memory
gs_status gs_wall_find(const gs_experiment *experiment, int lanes, const gs_peak *peak, gs_wall *wall, gs_error *error);

#endif
