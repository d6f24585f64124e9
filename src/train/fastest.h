/// Which of two instruction sets trains faster on this processor.
#ifndef GANSWEEP_TRAIN_FASTEST_H
#define GANSWEEP_TRAIN_FASTEST_H

#include "gansweep/train.h"

/// Trains small packs with both in turn, about 10 ms in all.
/// @param preferred  wins unless the other is faster by more than such a measurement can be wrong
/// @return preferred or other, both of which are available; preferred when memory is out
gs_isa gs_isa_faster(gs_isa preferred, gs_isa other);

#endif
