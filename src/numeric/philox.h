/// Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"; Random123): a pure
/// function from a counter of four 32-bit words and a key of two to four random words.
#ifndef GANSWEEP_NUMERIC_PHILOX_H
#define GANSWEEP_NUMERIC_PHILOX_H

#include <stdint.h>

/// One block: `counter` becomes the four random words.
/// @param key  the low word in its lower half
void gs_philox_block(uint32_t counter[4], uint64_t key);

#endif
