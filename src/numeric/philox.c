#include "numeric/philox.h"

enum { ROUNDS = 10 };

/// Multipliers and Weyl constants of Philox4x32 (Salmon et al. 2011, table 2; Random123's philox.h).
static const uint32_t multipliers[2] = {0xD2511F53U, 0xCD9E8D57U};
static const uint32_t steps[2] = {0x9E3779B9U, 0xBB67AE85U};

void gs_philox_block(uint32_t counter[4], uint64_t key) {
    uint32_t key0 = (uint32_t)key, key1 = (uint32_t)(key >> 32);
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t p = (uint64_t)multipliers[0] * counter[0], q = (uint64_t)multipliers[1] * counter[2];
        counter[0] = (uint32_t)(q >> 32) ^ counter[1] ^ key0;
        counter[2] = (uint32_t)(p >> 32) ^ counter[3] ^ key1;
        counter[1] = (uint32_t)q;
        counter[3] = (uint32_t)p;
        key0 += steps[0];
        key1 += steps[1];
    }
}
