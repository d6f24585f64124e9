/// What the seeds of a pack draw, kept for the packs of equal seeds that follow it: configurations are compared on
/// common random numbers, so that a plan's next pack often has the same real data, orders and latents, whatever its
/// rates are.
///
/// The first pack of new seeds keeps nothing, since many plans have no second one. The second records what it draws,
/// whole epochs at a time, and the others read.
#ifndef GANSWEEP_TRAIN_SHARED_DRAWS_H
#define GANSWEEP_TRAIN_SHARED_DRAWS_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "train/kernel.h"
#include "train/vector.h"

/// Most memory of one thread that records may take: much more would be read from memory as slowly as it is drawn.
enum { SHARED_DRAWS_MOST_BYTES = 16 << 20, SHARED_DRAWS_ALIGNMENT = 64 };

typedef enum {
    DRAWS_AFRESH,  ///< this pack keeps nothing
    DRAWS_RECORD,  ///< it keeps every order and latent for the next pack
    DRAWS_RECORDED ///< it draws none of them
} draws_use;

typedef struct {
    float *orders;   ///< [epochs x order_floats] every lane's rows in each epoch's order; NULL: too large to keep
    vfloat *latents; ///< [epochs x latent_vectors] each epoch's latents
    ptrdiff_t order_floats, latent_vectors;
    int64_t epochs, latent_dim; ///< that the records are for; 0 epochs: there are none
    bool known;                 ///< there was a pack before; these are its seeds
    uint64_t data_seed[GS_LANES], seed[GS_LANES], shuffle_seed[GS_LANES];
} shared_draws;

/// Takes room for records, where it is not too much; without room every pack draws afresh.
static void shared_draws_create(shared_draws *draws, int64_t epochs, ptrdiff_t order_floats, ptrdiff_t latent_vectors) {
    const double bytes =
        (double)epochs * ((double)order_floats * sizeof(float) + (double)latent_vectors * sizeof(vfloat));
    draws->order_floats = order_floats;
    draws->latent_vectors = latent_vectors;
    if (bytes > SHARED_DRAWS_MOST_BYTES) {
        return;
    }
    // Pages that are never written cost nothing.
    draws->latents = aligned_alloc(SHARED_DRAWS_ALIGNMENT, (size_t)epochs * (size_t)latent_vectors * sizeof(vfloat));
    draws->orders = aligned_alloc(SHARED_DRAWS_ALIGNMENT, (size_t)epochs * (size_t)order_floats * sizeof(float));
    if (draws->latents == NULL || draws->orders == NULL) {
        free(draws->latents);
        free(draws->orders);
        draws->latents = NULL;
        draws->orders = NULL;
    }
}

static void shared_draws_free(shared_draws *draws) {
    free(draws->latents);
    free(draws->orders);
}

/// Whether the real rows of the pack before are this one's as well.
static bool shared_draws_same_rows(const shared_draws *draws, const gs_pack *pack) {
    return draws->known && memcmp(draws->data_seed, pack->data_seed, sizeof draws->data_seed) == 0;
}

/// Decides what the next pack does, and takes note of its seeds. A record serves fewer epochs and latents too, since
/// neither changes what the others are.
static draws_use shared_draws_begin(shared_draws *draws, const gs_pack *pack) {
    const bool same = shared_draws_same_rows(draws, pack) && memcmp(draws->seed, pack->seed, sizeof draws->seed) == 0 &&
                      memcmp(draws->shuffle_seed, pack->shuffle_seed, sizeof draws->shuffle_seed) == 0;
    if (same && draws->epochs >= pack->epochs && draws->latent_dim >= pack->latent_dim) {
        return DRAWS_RECORDED;
    }
    draws->epochs = 0;
    draws->known = true;
    memcpy(draws->data_seed, pack->data_seed, sizeof draws->data_seed);
    memcpy(draws->seed, pack->seed, sizeof draws->seed);
    memcpy(draws->shuffle_seed, pack->shuffle_seed, sizeof draws->shuffle_seed);
    return same && draws->orders != NULL ? DRAWS_RECORD : DRAWS_AFRESH;
}

/// A pack that recorded has been trained to its end.
static void shared_draws_end(shared_draws *draws, const gs_pack *pack) {
    draws->epochs = pack->epochs;
    draws->latent_dim = pack->latent_dim;
}

static float *shared_draws_order(const shared_draws *draws, int64_t epoch) {
    return draws->orders + epoch * draws->order_floats;
}

static vfloat *shared_draws_latents(const shared_draws *draws, int64_t epoch) {
    return draws->latents + epoch * draws->latent_vectors;
}

#endif
