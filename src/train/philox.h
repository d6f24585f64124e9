/// Philox4x32-10 in lanes: one block a lane, each lane with its own key or its own counter.
#ifndef GANSWEEP_TRAIN_PHILOX_H
#define GANSWEEP_TRAIN_PHILOX_H

#include "train/random.h"
#include "train/vector.h"

/// The round keys of all lanes, kept in the form in which the rounds use them.
typedef struct {
    vwide round[GS_PHILOX_ROUNDS][2];
} philox_keys;

/// @param key0, key1  [lanes] low and high word of each lane's key
GS_INLINE void philox_make_keys(philox_keys *keys, vint key0, vint key1) {
    for (int round = 0; round < GS_PHILOX_ROUNDS; round++) {
        keys->round[round][0] = vwiden(key0);
        keys->round[round][1] = vwiden(key1);
        key0 = viadd(key0, viset(GS_PHILOX_W0));
        key1 = viadd(key1, viset(GS_PHILOX_W1));
    }
}

/// `n` independent blocks in each lane, in lockstep so that their multiplications overlap.
/// @param counter0  [n] first counter word of each block; counter1 and counter2 are the same for all, the fourth is 0
/// @param words  [n][4] the random words
GS_INLINE void philox_n(const philox_keys *keys, const vint *counter0, vint counter1, vint counter2, vint words[][4],
                        const int n) {
    vwide c0[4], c1[4], c2[4], c3[4];
    GS_UNROLL for (int i = 0; i < n; i++) {
        c0[i] = vwiden(counter0[i]);
        c1[i] = vwiden(counter1);
        c2[i] = vwiden(counter2);
        c3[i] = vwiden(viset(0));
    }
    GS_UNROLL for (int round = 0; round < GS_PHILOX_ROUNDS; round++) {
        GS_UNROLL for (int i = 0; i < n; i++) {
            const vwide p = vwmul(c0[i], GS_PHILOX_M0);
            const vwide q = vwmul(c2[i], GS_PHILOX_M1);
            c0[i] = vwxor3(vwhigh(q), c1[i], keys->round[round][0]);
            c2[i] = vwxor3(vwhigh(p), c3[i], keys->round[round][1]);
            c1[i] = q; // only its low 32 bits matter from here on
            c3[i] = p;
        }
    }
    GS_UNROLL for (int i = 0; i < n; i++) {
        words[i][0] = vnarrow(c0[i]);
        words[i][1] = vnarrow(c1[i]);
        words[i][2] = vnarrow(c2[i]);
        words[i][3] = vnarrow(c3[i]);
    }
}

#endif
