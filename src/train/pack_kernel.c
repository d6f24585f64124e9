/// Trains a pack: one trial a lane, in lockstep. This one source is compiled once for each instruction set; the compile
/// definition GS_KERNEL names the table that it exports. reference_body.h does the same work for one trial in plain C.
///
/// One step, as in d2l.ai section 17.1: draw a batch of latents, make the fake batch, update D on both batches, then
/// update G through the updated D on the same fake batch.
#include <math.h>
#include <stdlib.h>

#include "train/convention.h"
#include "train/dense.h"
#include "train/kernel.h"
#include "train/philox.h"
#include "train/shared_draws.h"

enum {
    ALIGNMENT = 64,
    SMALLEST_CAPACITY = 64,
    LOSS_CHUNK = 64,
    END_CHUNK = 64, ///< examples at a time that the trained nets are put on; at most SMALLEST_CAPACITY
    ORDER_CHUNK = 64,
    LATENTS_AHEAD = 32,
    NORMALS_OF_A_CALL = 8
};

/// Parameters of one network with their gradients and Adam's scaled moments; each [parameter_count].
typedef struct {
    gs_layers layers;
    vfloat *parameter, *gradient, *first_moment, *second_moment, *gradient_sum;
    vfloat *output[GS_MAX_HIDDEN_LAYERS + 1]; ///< of each layer: [capacity x size[i + 1]], hidden ones after tanh
} network;

/// What differs between lanes in the arithmetic of a step.
typedef struct {
    vfloat lr_D, lr_G;
    vfloat epsilon_fixed, epsilon_corrected; ///< e(t) = epsilon_corrected sqrt(1 - beta2^t) + epsilon_fixed
    vfloat generator_sign;                   ///< +1: G minimises softplus(-logit); -1: G minimises -softplus(logit)
    vint generator_flip;                     ///< sign bit that takes the logit to the argument of that softplus
    float mean[GS_LANES];                    ///< 1 where the gradient is the mean over the batch, else 0
} lane_rules;

/// beta1^t and beta2^t as running products, the same for all lanes.
typedef struct {
    double beta1_power, beta2_power;
} adam_clock;

typedef struct {
    const gs_experiment *experiment;
    int64_t largest_batch, largest_epochs, largest_latent, capacity;
    ptrdiff_t generator_row; ///< floats of the largest generator
    ptrdiff_t lane_stride;   ///< floats from one lane's rows to the next's
    float *rows;             ///< [lanes x lane_stride] real data as drawn
    float *two_orders;       ///< [2 x lanes x lane_stride] room for this epoch's order and the next one's
    const float *ordered;    ///< [lanes x lane_stride] the rows in this epoch's order
    float *next_ordered;     ///< where the next order comes about
    uint64_t *words;         ///< random words of one lane's shuffle
    uint64_t shuffle_seeds[GS_LANES];
    row_shuffle shuffle, no_shuffle; ///< of the lane whose next order is being made; one without rows
    int shuffled_lanes;              ///< lanes whose next order is made
    uint32_t shuffle_epoch;          ///< epoch of the next order
    vfloat *real_and_fake;           ///< [2 capacity x dimension] the batch that D sees: real examples, then fake ones
    vfloat *normals; ///< room for the latents of some batches or a chunk of data, and a block at either end
    int64_t latents_first, latents_end; ///< examples whose latents are drawn
    ptrdiff_t loaded_first;             ///< of the GS_LANES floats in `loaded`; before 0: none
    vfloat loaded[GS_LANES];            ///< real data ahead of small batches
    vfloat *delta, *delta_before;       ///< dL/d(preactivation) of a layer: [2 capacity x widest layer]
    vfloat *panel;                      ///< [2 capacity x DENSE_TILE] of deltas, while gradients are summed
    network D, G;
    philox_keys data_keys, keys;
    shared_draws draws;
    draws_use use; ///< of them by this pack
    lane_rules rules;
    double loss_D[GS_LANES], loss_G[GS_LANES]; ///< sums over the epoch's examples
    adam_clock clock;
    char *memory;
} workspace;

/// Takes `count` elements from the arena; with a NULL arena it only adds up the room.
static void *take(char *arena, size_t *used, size_t count, size_t size) {
    const size_t at = *used;
    *used += (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return arena == NULL ? NULL : arena + at;
}

static void take_network(network *net, char *arena, size_t *used, size_t examples) {
    const size_t parameters = (size_t)net->layers.parameter_count;
    net->parameter = take(arena, used, parameters, sizeof(vfloat));
    net->gradient = take(arena, used, parameters, sizeof(vfloat));
    net->first_moment = take(arena, used, parameters, sizeof(vfloat));
    net->second_moment = take(arena, used, parameters, sizeof(vfloat));
    net->gradient_sum = take(arena, used, parameters, sizeof(vfloat));
    for (int i = 0; i < net->layers.layer_count; i++) {
        net->output[i] = take(arena, used, examples * (size_t)net->layers.size[i + 1], sizeof(vfloat));
    }
}

static int widest(const gs_layers *layers) {
    int width = 1;
    for (int i = 0; i <= layers->layer_count; i++) {
        width = layers->size[i] > width ? layers->size[i] : width;
    }
    return width;
}

static size_t largest(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t words_of_shuffle(int64_t n) {
    const int64_t draws = shuffle_draws(n);
    const int64_t words = (n + draws - 1) / draws;
    const int64_t words_a_call = 2 * GS_LANES; // one block a lane
    return (size_t)((words + words_a_call - 1) / words_a_call * words_a_call);
}

/// Lays the workspace out in an arena and returns the bytes that it takes.
static size_t lay_out(workspace *w, char *arena) {
    const size_t d = (size_t)w->experiment->data.dimension;
    const size_t capacity = (size_t)w->capacity;
    const size_t width = largest((size_t)widest(&w->D.layers), (size_t)widest(&w->G.layers));
    size_t used = 0;
    w->rows = take(arena, &used, (size_t)w->lane_stride * GS_LANES, sizeof(float));
    w->two_orders = take(arena, &used, 2 * (size_t)w->lane_stride * GS_LANES, sizeof(float));
    w->words = take(arena, &used, words_of_shuffle(w->experiment->data.n), sizeof(uint64_t));
    w->real_and_fake = take(arena, &used, 2 * capacity * d + GS_LANES, sizeof(vfloat));
    w->normals = take(arena, &used, capacity * largest(d, (size_t)w->largest_latent) + 16, sizeof(vfloat));
    w->delta = take(arena, &used, 2 * capacity * width, sizeof(vfloat));
    w->delta_before = take(arena, &used, 2 * capacity * width, sizeof(vfloat));
    w->panel = take(arena, &used, 2 * capacity * DENSE_TILE, sizeof(vfloat));
    take_network(&w->D, arena, &used, 2 * capacity);
    take_network(&w->G, arena, &used, capacity);
    return used;
}

static void destroy(void *memory) {
    workspace *w = memory;
    if (w != NULL) {
        shared_draws_free(&w->draws);
        free(w->memory);
        free(w);
    }
}

static void *create(const gs_experiment *experiment) {
    workspace *w = aligned_alloc(ALIGNMENT, (sizeof *w + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    if (w == NULL) {
        return NULL;
    }
    memset(w, 0, sizeof *w);
    w->experiment = experiment;
    w->largest_batch = gs_experiment_largest(experiment, GS_SETTING_BATCH_SIZE);
    w->largest_epochs = gs_experiment_largest(experiment, GS_SETTING_EPOCHS);
    w->largest_latent = gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM);
    w->capacity = w->largest_batch > SMALLEST_CAPACITY ? w->largest_batch : SMALLEST_CAPACITY;
    // A lane's rows end in room for one vector, since a batch is loaded by whole vectors.
    w->lane_stride = (ptrdiff_t)(experiment->data.n * experiment->data.dimension + 2 * GS_LANES) / GS_LANES * GS_LANES;
    gs_discriminator_layers(experiment, &w->D.layers);
    gs_generator_layers(experiment, w->largest_latent, &w->G.layers);
    w->generator_row = (ptrdiff_t)w->G.layers.parameter_count;
    const size_t bytes = lay_out(w, NULL);
    w->memory = aligned_alloc(ALIGNMENT, bytes);
    if (w->memory == NULL) {
        destroy(w);
        return NULL;
    }
    memset(w->memory, 0, bytes);
    lay_out(w, w->memory);
    const ptrdiff_t latents = (ptrdiff_t)(experiment->data.n * w->largest_latent);
    shared_draws_create(&w->draws, w->largest_epochs, w->lane_stride * GS_LANES,
                        (latents + NORMALS_OF_A_CALL - 1) / NORMALS_OF_A_CALL * NORMALS_OF_A_CALL);
    return w;
}

// Random numbers ------------------------------------------------------------------------------------------------------

static void make_keys(philox_keys *keys, const uint64_t seeds[GS_MAX_LANES]) {
    uint32_t low[GS_LANES], high[GS_LANES];
    for (int lane = 0; lane < GS_LANES; lane++) {
        low[lane] = (uint32_t)seeds[lane];
        high[lane] = (uint32_t)(seeds[lane] >> 32);
    }
    philox_make_keys(keys, viload(low), viload(high));
}

/// The four normals of each of `n` blocks: two Box-Muller pairs from the words (radius, angle, radius, angle).
GS_INLINE void normal_blocks(const philox_keys *keys, gs_stream stream, uint32_t epoch, uint32_t block, vfloat *normals,
                             const int n) {
    vint counter[2], words[2][4], radius[4], angle[4];
    vfloat cosine[4], sine[4];
    GS_UNROLL for (int i = 0; i < n; i++) {
        counter[i] = viset(block + (uint32_t)i);
    }
    philox_n(keys, counter, viset(epoch), viset((uint32_t)stream), words, n);
    GS_UNROLL for (int i = 0; i < 2 * n; i++) {
        radius[i] = words[i / 2][2 * (i % 2)];
        angle[i] = words[i / 2][2 * (i % 2) + 1];
    }
    vf_box_muller_n(radius, angle, cosine, sine, 2 * n);
    GS_UNROLL for (int i = 0; i < 2 * n; i++) {
        normals[2 * i] = cosine[i];
        normals[2 * i + 1] = sine[i];
    }
}

/// The normals of blocks `block` ... end - 1 of a stream and epoch, [4 (end - block)].
static void draw_blocks(const philox_keys *keys, gs_stream stream, uint32_t epoch, uint64_t block, uint64_t end,
                        vfloat *normals) {
    for (; block + 2 <= end; block += 2, normals += NORMALS_OF_A_CALL) {
        normal_blocks(keys, stream, epoch, (uint32_t)block, normals, 2);
    }
    if (block < end) {
        normal_blocks(keys, stream, epoch, (uint32_t)block, normals, 1);
    }
}

/// Normals number first ... first + count - 1 of a stream and epoch. They lie at the returned place in `w->normals`,
/// which has room for the blocks that reach over either end.
static const vfloat *draw_normals(workspace *w, const philox_keys *keys, gs_stream stream, uint32_t epoch,
                                  uint64_t first, uint64_t count) {
    draw_blocks(keys, stream, epoch, first / 4, (first + count + 3) / 4, w->normals);
    return w->normals + first % 4;
}

/// Real data: row i of each lane is X_i A + b, X_i the normals i d ... i d + d - 1 of the data stream.
static void draw_data(workspace *w) {
    const gs_data_law *law = &w->experiment->data;
    const int d = law->dimension;
    for (int64_t start = 0; start < law->n; start += SMALLEST_CAPACITY) {
        const int64_t count = law->n - start < SMALLEST_CAPACITY ? law->n - start : SMALLEST_CAPACITY;
        const vfloat *x =
            draw_normals(w, &w->data_keys, GS_STREAM_DATA, 0, (uint64_t)(start * d), (uint64_t)(count * d));
        for (int64_t i = 0; i < count; i++) {
            for (int j = 0; j < d; j++) {
                vfloat value = vset((float)law->b[j]);
                for (int k = 0; k < d; k++) {
                    value = vfma(x[i * d + k], vset((float)law->A[(ptrdiff_t)k * d + j]), value);
                }
                float lanes[GS_LANES];
                vstore(lanes, value);
                for (int lane = 0; lane < GS_LANES; lane++) {
                    w->rows[lane * w->lane_stride + (start + i) * d + j] = lanes[lane];
                }
            }
        }
    }
}

/// Initial parameter number k of a layer, in weight order and then the biases: normal k of the layer's stream times
/// 0.02, or, for Glorot-uniform weights, limit (2 u - 1) with u from word k; biases that start at zero draw nothing.
static void initialise_layer(workspace *w, gs_stream stream, int layer, int in, int out, vfloat *parameter,
                             const gs_initialisation rules[GS_LANES]) {
    const float limit = (float)sqrt(6.0 / (in + out));
    const int64_t weights = (int64_t)in * out;
    const int64_t count = weights + out;
    for (int64_t k = 0; k < count; k++) {
        vint words[1][4], counter = viset((uint32_t)(k / 4));
        vfloat normals[4];
        philox_n(&w->keys, &counter, viset((uint32_t)layer), viset((uint32_t)stream), words, 1);
        normal_blocks(&w->keys, stream, (uint32_t)layer, (uint32_t)(k / 4), normals, 1);
        const vfloat uniform = vfma(vtofloat(visrl(words[0][k % 4], 8)), vset(0x1p-24f), vset(0x1p-25f));
        float normal[GS_LANES], glorot[GS_LANES];
        vstore(normal, vmul(normals[k % 4], vset(GS_INIT_STANDARD_DEVIATION)));
        vstore(glorot, vmul(vset(limit), vfms(vset(2.0f), uniform, vset(1.0f))));
        for (int lane = 0; lane < GS_LANES; lane++) {
            if (rules[lane] == GS_INIT_GLOROT_UNIFORM) {
                normal[lane] = k < weights ? glorot[lane] : 0.0f;
            } else if (rules[lane] == GS_INIT_NORMAL_WEIGHTS && k >= weights) {
                normal[lane] = 0.0f;
            }
        }
        parameter[k] = vload(normal);
    }
}

static void initialise_network(workspace *w, network *net, gs_stream stream, const gs_initialisation rules[GS_LANES]) {
    vfloat *parameter = net->parameter;
    for (int i = 0; i < net->layers.layer_count; i++) {
        const int in = net->layers.size[i], out = net->layers.size[i + 1];
        initialise_layer(w, stream, i, in, out, parameter, rules);
        parameter += (ptrdiff_t)out * (in + 1);
    }
    memset(net->first_moment, 0, (size_t)net->layers.parameter_count * sizeof(vfloat));
    memset(net->second_moment, 0, (size_t)net->layers.parameter_count * sizeof(vfloat));
}

// Order of the examples -----------------------------------------------------------------------------------------------

/// All 64-bit words of one lane's shuffle: word t is half t % 2 of block t / 2, low 32 bits first. The blocks of one
/// key stand in the lanes.
static void draw_shuffle_words(workspace *w, uint64_t seed, uint32_t epoch) {
    philox_keys keys;
    philox_make_keys(&keys, viset((uint32_t)seed), viset((uint32_t)(seed >> 32)));
    uint32_t lane_number[GS_LANES];
    for (int lane = 0; lane < GS_LANES; lane++) {
        lane_number[lane] = (uint32_t)lane;
    }
    const size_t words = words_of_shuffle(w->experiment->data.n);
    for (size_t t = 0; t < words; t += 2 * GS_LANES) {
        const vint counter = viadd(viset((uint32_t)(t / 2)), viload(lane_number));
        vint random[1][4];
        uint32_t part[4][GS_LANES];
        philox_n(&keys, &counter, viset(epoch), viset(GS_STREAM_SHUFFLE), random, 1);
        for (int i = 0; i < 4; i++) {
            vistore(part[i], random[0][i]);
        }
        for (int lane = 0; lane < GS_LANES; lane++) {
            w->words[t + 2 * (size_t)lane] = part[0][lane] | (uint64_t)part[1][lane] << 32;
            w->words[t + 2 * (size_t)lane + 1] = part[2][lane] | (uint64_t)part[3][lane] << 32;
        }
    }
}

/// Begins the next lane's order.
static void start_lane(workspace *w) {
    const ptrdiff_t at = w->shuffled_lanes * w->lane_stride;
    draw_shuffle_words(w, w->shuffle_seeds[w->shuffled_lanes], w->shuffle_epoch);
    w->shuffle = shuffle_start(w->rows + at, w->next_ordered + at, w->words, w->experiment->data.n,
                               w->experiment->data.dimension);
}

/// Where the order of an epoch's examples lies.
static float *order_of(const workspace *w, int64_t epoch) {
    return w->use == DRAWS_AFRESH ? w->two_orders + epoch % 2 * w->lane_stride * GS_LANES
                                  : shared_draws_order(&w->draws, epoch);
}

/// Begins the order of an epoch's examples; it comes about beside the steps of the epoch before.
static void start_order(workspace *w, uint32_t epoch) {
    w->next_ordered = order_of(w, epoch);
    w->shuffle_epoch = epoch;
    w->shuffled_lanes = 0;
    start_lane(w);
}

/// Goes on with the next lane when one is done.
static void continue_order(workspace *w) {
    if (w->shuffled_lanes < GS_LANES && w->shuffle.placed == w->shuffle.n) {
        w->shuffled_lanes++;
        if (w->shuffled_lanes < GS_LANES) {
            start_lane(w);
        }
    }
}

/// Does what is left.
static void finish_order(workspace *w) {
    while (w->shuffled_lanes < GS_LANES) {
        shuffle_finish(&w->shuffle);
        continue_order(w);
    }
    w->shuffle = w->no_shuffle;
}

/// Loads `count` floats of every lane's `rows` [lanes x lane_stride] from float `start` on, transposed to
/// [count][lane].
static void load_floats(const workspace *w, const float *rows, ptrdiff_t start, ptrdiff_t count, vfloat *batch) {
    for (ptrdiff_t t = 0; t < count; t += GS_LANES) {
        vfloat square[GS_LANES];
        GS_UNROLL for (int lane = 0; lane < GS_LANES; lane++) {
            square[lane] = vload(rows + lane * w->lane_stride + start + t);
        }
        vtranspose(square);
        GS_UNROLL for (int i = 0; i < GS_LANES; i++) {
            batch[t + i] = square[i]; // beyond `count`: room that the fake batch overwrites
        }
    }
}

/// Loads a batch. A small one takes its part of a whole square, which is transposed once for several steps.
static void load_batch(workspace *w, ptrdiff_t start, ptrdiff_t count, vfloat *batch) {
    if (count > GS_LANES / 2) {
        load_floats(w, w->ordered, start, count, batch);
        return;
    }
    if (w->loaded_first < 0 || start + count > w->loaded_first + GS_LANES) {
        load_floats(w, w->ordered, start, GS_LANES, w->loaded);
        w->loaded_first = start;
    }
    for (ptrdiff_t i = 0; i < count; i++) {
        batch[i] = w->loaded[start - w->loaded_first + i];
    }
}

/// Latents of examples start ... start + count - 1 of an epoch. Those of small batches are drawn for several steps.
static const vfloat *load_latents(workspace *w, uint32_t epoch, int64_t start, int64_t count) {
    const int latent_dim = w->G.layers.size[0];
    if (w->use != DRAWS_AFRESH) {
        return shared_draws_latents(&w->draws, epoch) + start * latent_dim;
    }
    if (start + count > w->latents_end) {
        const int64_t left = w->experiment->data.n - start, ahead = count > LATENTS_AHEAD ? count : LATENTS_AHEAD;
        const int64_t drawn = ahead < left ? ahead : left;
        (void)draw_normals(w, &w->keys, GS_STREAM_LATENT, epoch, (uint64_t)(start * latent_dim),
                           (uint64_t)(drawn * latent_dim));
        w->latents_first = start;
        w->latents_end = start + drawn;
    }
    const int64_t drawn_from = w->latents_first * latent_dim;
    return w->normals + drawn_from % 4 + (start * latent_dim - drawn_from);
}

// One step ------------------------------------------------------------------------------------------------------------

/// Forward through a network: `x` [count x size[0]]; the outputs of each layer go to net->output from example `first`
/// on. `beside`: see dense_forward.
static void forward(network *net, const vfloat *x, ptrdiff_t first, ptrdiff_t count, row_shuffle *beside) {
    const vfloat *parameter = net->parameter;
    for (int i = 0; i < net->layers.layer_count; i++) {
        const int in = net->layers.size[i], out = net->layers.size[i + 1];
        const dense_activation activation = i + 1 < net->layers.layer_count ? DENSE_TANH : DENSE_LINEAR;
        vfloat *const y = net->output[i] + first * out;
        dense_forward(parameter, parameter + (ptrdiff_t)in * out, x, y, count, in, out, activation, beside);
        x = y;
        parameter += (ptrdiff_t)out * (in + 1);
    }
}

/// Forward through D on the `examples` of both halves of its batch, in chunks between which the next order goes on with
/// another lane.
static void discriminate(workspace *w, ptrdiff_t examples) {
    for (ptrdiff_t first = 0; first < examples; first += ORDER_CHUNK) {
        const ptrdiff_t count = examples - first < ORDER_CHUNK ? examples - first : ORDER_CHUNK;
        forward(&w->D, w->real_and_fake + first * w->D.layers.size[0], first, count, &w->shuffle);
        continue_order(w);
    }
}

/// Forward through G, whose output layer writes the fake batch.
static void generate(workspace *w, const vfloat *latent, ptrdiff_t count, vfloat *fake) {
    network *const G = &w->G;
    const int last = G->layers.layer_count - 1;
    vfloat *const own = G->output[last];
    G->output[last] = fake;
    forward(G, latent, 0, count, &w->no_shuffle);
    G->output[last] = own;
}

typedef enum { WEIGHTS, INPUTS, WEIGHTS_AND_INPUTS } backward_part;

/// Backward from w->delta, dL/d(output) of the last layer. WEIGHTS fills net->gradient; INPUTS leaves dL/dx in
/// w->delta.
static void backward(workspace *w, network *net, const vfloat *x, ptrdiff_t count, backward_part part) {
    ptrdiff_t at = (ptrdiff_t)net->layers.parameter_count;
    for (int i = net->layers.layer_count - 1; i >= 0; i--) {
        const int in = net->layers.size[i], out = net->layers.size[i + 1];
        const vfloat *input = i > 0 ? net->output[i - 1] : x;
        at -= (ptrdiff_t)out * (in + 1);
        if (part != INPUTS) {
            dense_gradient(w->delta, input, net->gradient + at, net->gradient + at + (ptrdiff_t)in * out, count, in,
                           out, w->panel);
        }
        if (i > 0 || part != WEIGHTS) {
            dense_backward(net->parameter + at, w->delta, input, w->delta_before, count, in, out,
                           i > 0 ? DENSE_TANH : DENSE_LINEAR);
            vfloat *const delta = w->delta;
            w->delta = w->delta_before;
            w->delta_before = delta;
        }
    }
}

/// softplus(z) and its derivative for `group` examples, z the logit with its sign flipped by `flip`. In stable form:
/// with e = exp(-|z|), softplus = max(z, 0) + log(1 + e), sigmoid = (z > 0 ? 1 : e) / (1 + e).
GS_INLINE void loss_group(const vfloat *logit, vint flip, vfloat scale, vfloat *delta, vfloat *sum, vfloat *product,
                          const int group) {
    vfloat z[DENSE_GROUP], e[DENSE_GROUP], denominator[DENSE_GROUP];
    GS_UNROLL for (int u = 0; u < group; u++) {
        z[u] = vfloatbits(vixor(vbits(logit[u]), flip));
        e[u] = vfloatbits(vior(vbits(z[u]), viset(0x80000000u))); // -|z|
    }
    vf_exp_negative_n(e, group);
    GS_UNROLL for (int u = 0; u < group; u++) {
        denominator[u] = vadd(e[u], vset(1.0f));
        *product = vmul(*product, denominator[u]);
        *sum = vadd(*sum, vmax(vset(0.0f), z[u]));
        delta[u] = vmul(scale, vdiv(vselect(vgreater(z[u], vset(0.0f)), vset(1.0f), e[u]), denominator[u]));
    }
}

/// Sum over the examples of softplus(z), z the flipped logit, and delta = scale * sigmoid(z). The logarithms of up to
/// 64 examples are taken as one, of their product, which stays below 2^64.
static vfloat loss_and_delta(const vfloat *logit, ptrdiff_t count, vint flip, vfloat scale, vfloat *delta) {
    vfloat sum = vset(0.0f), logarithms = vset(0.0f);
    for (ptrdiff_t start = 0; start < count; start += LOSS_CHUNK) {
        const ptrdiff_t end = count - start < LOSS_CHUNK ? count : start + LOSS_CHUNK;
        vfloat product = vset(1.0f);
        ptrdiff_t k = start;
        for (; k + DENSE_GROUP <= end; k += DENSE_GROUP) {
            loss_group(logit + k, flip, scale, delta + k, &sum, &product, DENSE_GROUP);
        }
        for (; k < end; k++) {
            loss_group(logit + k, flip, scale, delta + k, &sum, &product, 1);
        }
        logarithms = vadd(logarithms, vf_log(product));
    }
    return vadd(sum, logarithms);
}

/// Adam in scaled moments: see convention.h. `step` is lr c(t), `epsilon` is e(t).
static void adam(network *net, vfloat step, vfloat epsilon) {
    const vfloat beta1 = vset((float)GS_BETA1), beta2 = vset((float)GS_BETA2);
    vfloat *restrict parameter = net->parameter, *restrict first = net->first_moment,
                     *restrict second = net->second_moment;
    const vfloat *restrict gradient = net->gradient;
    const ptrdiff_t count = (ptrdiff_t)net->layers.parameter_count;
    for (ptrdiff_t i = 0; i < count; i++) {
        const vfloat g = gradient[i];
        first[i] = vflush(vfma(beta1, first[i], g));
        second[i] = vfma(beta2, second[i], vmul(g, g));
        parameter[i] = vfnma(step, vdiv(first[i], vadd(vsqrt_beside_vdiv(second[i]), epsilon)), parameter[i]);
    }
}

/// Scale of each lane's gradient: 1 / examples for the mean, 1 for the sum.
static vfloat gradient_scale(const lane_rules *rules, ptrdiff_t examples) {
    const float mean = 1.0f / (float)examples;
    float scale[GS_LANES];
    for (int lane = 0; lane < GS_LANES; lane++) {
        scale[lane] = rules->mean[lane] != 0.0f ? mean : 1.0f;
    }
    return vload(scale);
}

/// The next power of beta. Where 1 - power is 1 to the last bit it becomes 0 before it is subnormal: multiplied by 0.9
/// the smallest ones stay where they are, and each of the steps to come would take them the slow way.
static double decayed(double power, double beta) {
    static const double beside_one_nothing = 1e-300;
    const double next = power * beta;
    return next < beside_one_nothing ? 0 : next;
}

/// One step on real examples start ... start + count - 1 of the epoch's order.
static void train_step(workspace *w, uint32_t epoch, int64_t start, ptrdiff_t count) {
    const int d = w->experiment->data.dimension;
    const vint negate = viset(0x80000000u), keep = viset(0);
    const vfloat scale = gradient_scale(&w->rules, count);
    vfloat *const real = w->real_and_fake, *const fake = real + count * d;

    w->clock.beta1_power = decayed(w->clock.beta1_power, GS_BETA1);
    w->clock.beta2_power = decayed(w->clock.beta2_power, GS_BETA2);
    const double corrected = sqrt(1.0 - w->clock.beta2_power);
    const vfloat correction =
        vset((float)(corrected / (1.0 - w->clock.beta1_power) * ((1.0 - GS_BETA1) / sqrt(1.0 - GS_BETA2))));
    const vfloat epsilon = vfma(w->rules.epsilon_corrected, vset((float)corrected), w->rules.epsilon_fixed);

    const vfloat *latent = load_latents(w, epoch, start, count);
    load_batch(w, (ptrdiff_t)start * d, count * d, real);
    generate(w, latent, count, fake);

    // D minimises (softplus(-D(real)) + softplus(D(fake))) / 2.
    const vfloat *logit = w->D.output[w->D.layers.layer_count - 1];
    const vfloat half = vmul(vset(0.5f), scale);
    discriminate(w, 2 * count);
    const vfloat loss_real = loss_and_delta(logit, count, negate, vsub(vset(0.0f), half), w->delta);
    const vfloat loss_fake = loss_and_delta(logit + count, count, keep, half, w->delta + count);
    vaccumulate(w->loss_D, vmul(vset(0.5f), vadd(loss_real, loss_fake)));
    backward(w, &w->D, real, 2 * count, WEIGHTS);
    adam(&w->D, vmul(w->rules.lr_D, correction), epsilon);

    // G minimises softplus(-D(fake)), or -softplus(D(fake)): either way dL/dlogit = -sigmoid of softplus's argument.
    forward(&w->D, fake, 0, count, &w->no_shuffle);
    const vfloat loss_G = loss_and_delta(logit, count, w->rules.generator_flip, vsub(vset(0.0f), scale), w->delta);
    vaccumulate(w->loss_G, vmul(w->rules.generator_sign, loss_G));
    backward(w, &w->D, fake, count, INPUTS);
    backward(w, &w->G, latent, count, WEIGHTS);
    adam(&w->G, vmul(w->rules.lr_G, correction), epsilon);
}

// Whole trials --------------------------------------------------------------------------------------------------------

static void set_rules(workspace *w, const gs_pack *pack) {
    float fixed[GS_LANES], corrected[GS_LANES], sign[GS_LANES];
    uint32_t flip[GS_LANES];
    for (int lane = 0; lane < GS_LANES; lane++) {
        const gs_convention_rule *rule = &gs_convention_rules[pack->convention[lane]];
        const float epsilon = (float)(rule->epsilon / sqrt(1.0 - GS_BETA2));
        const bool minimax = pack->generator_loss[lane] == GS_MINIMAX;
        fixed[lane] = rule->epsilon_bias_corrected ? 0.0f : epsilon;
        corrected[lane] = rule->epsilon_bias_corrected ? epsilon : 0.0f;
        sign[lane] = minimax ? -1.0f : 1.0f;
        flip[lane] = minimax ? 0 : 0x80000000u;
        w->rules.mean[lane] = rule->mean_gradient ? 1.0f : 0.0f;
    }
    w->rules.lr_D = vload(pack->lr_D);
    w->rules.lr_G = vload(pack->lr_G);
    w->rules.epsilon_fixed = vload(fixed);
    w->rules.epsilon_corrected = vload(corrected);
    w->rules.generator_sign = vload(sign);
    w->rules.generator_flip = viload(flip);
}

static void start_pack(workspace *w, const gs_pack *pack) {
    gs_initialisation of_D[GS_LANES], of_G[GS_LANES];
    for (int lane = 0; lane < GS_LANES; lane++) {
        of_D[lane] = gs_convention_rules[pack->convention[lane]].discriminator;
        of_G[lane] = gs_convention_rules[pack->convention[lane]].generator;
    }
    gs_generator_layers(w->experiment, pack->latent_dim, &w->G.layers);
    set_rules(w, pack);
    make_keys(&w->data_keys, pack->data_seed);
    make_keys(&w->keys, pack->seed);
    memcpy(w->shuffle_seeds, pack->shuffle_seed, sizeof w->shuffle_seeds);
    if (!shared_draws_same_rows(&w->draws, pack)) {
        draw_data(w);
    }
    w->use = shared_draws_begin(&w->draws, pack);
    initialise_network(w, &w->D, GS_STREAM_INIT_DISCRIMINATOR, of_D);
    initialise_network(w, &w->G, GS_STREAM_INIT_GENERATOR, of_G);
    w->clock = (adam_clock){1.0, 1.0};
}

static float quiet_nan(void) {
    const uint32_t bits = 0x7fc00000u;
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    return nan;
}

static void fill_nan(float *row, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        row[i] = quiet_nan();
    }
}

/// Lane `lane` of a network's parameters as a plain row; whether all are finite.
static bool copy_parameters(const network *net, int lane, float *row) {
    bool finite = true;
    for (ptrdiff_t i = 0; i < (ptrdiff_t)net->layers.parameter_count; i++) {
        float lanes[GS_LANES];
        vstore(lanes, net->parameter[i]);
        row[i] = lanes[lane];
        finite = finite && isfinite(row[i]);
    }
    return finite;
}

/// Stores an epoch's losses and notes which trials diverged; a diverged trial stays so.
static void finish_epoch(workspace *w, int count, int64_t epoch, const gs_training *training) {
    const double examples = (double)w->experiment->data.n;
    for (int lane = 0; lane < count; lane++) {
        const int64_t at = lane * w->largest_epochs + epoch;
        float *by_epoch = training->generator_by_epoch;
        float *D = training->discriminator + lane * (ptrdiff_t)w->D.layers.parameter_count;
        float *G = training->generator + lane * w->generator_row;
        training->loss_D[at] = (float)(w->loss_D[lane] / examples);
        training->loss_G[at] = (float)(w->loss_G[lane] / examples);
        const bool finite_D = copy_parameters(&w->D, lane, D);
        const bool finite_G = copy_parameters(&w->G, lane, G);
        const bool finite = finite_D && finite_G && isfinite(training->loss_D[at]) && isfinite(training->loss_G[at]);
        if (!finite && training->diverged_epoch[lane] == 0) {
            training->diverged_epoch[lane] = epoch + 1;
        }
        if (training->diverged_epoch[lane] != 0) {
            training->loss_D[at] = training->loss_G[at] = quiet_nan();
            fill_nan(D, (ptrdiff_t)w->D.layers.parameter_count);
            fill_nan(G, w->generator_row);
        }
        if (by_epoch != NULL) {
            memcpy(by_epoch + at * w->generator_row, G, (size_t)w->generator_row * sizeof(float));
        }
    }
}

/// What a trial with fewer epochs or latents than the largest leaves open is NaN.
static void fill_padding(const workspace *w, int count, int64_t epochs, const gs_training *training) {
    const ptrdiff_t used = (ptrdiff_t)w->G.layers.parameter_count;
    for (int lane = 0; lane < count; lane++) {
        const int64_t first = lane * w->largest_epochs;
        for (int64_t epoch = epochs; epoch < w->largest_epochs; epoch++) {
            training->loss_D[first + epoch] = training->loss_G[first + epoch] = quiet_nan();
            if (training->generator_by_epoch != NULL) {
                fill_nan(training->generator_by_epoch + (first + epoch) * w->generator_row, w->generator_row);
            }
        }
        fill_nan(training->generator + lane * w->generator_row + used, w->generator_row - used);
        for (int64_t epoch = 0; epoch < epochs && training->generator_by_epoch != NULL; epoch++) {
            fill_nan(training->generator_by_epoch + (first + epoch) * w->generator_row + used, w->generator_row - used);
        }
    }
}

/// Sums over the examples of one law, for the trained discriminator.
typedef struct {
    double loss[GS_LANES], logit[GS_LANES], squared[GS_LANES]; ///< logits less the `origin`
} law_sums;

/// Copies [count][lane] to rows of `stride` floats, one a lane, from float `start` on; `rows` may be NULL.
static void store_lanes(const vfloat *values, ptrdiff_t count, int lanes_used, float *rows, ptrdiff_t stride,
                        ptrdiff_t start) {
    for (ptrdiff_t i = 0; rows != NULL && i < count; i++) {
        float lanes[GS_LANES];
        vstore(lanes, values[i]);
        for (int lane = 0; lane < lanes_used; lane++) {
            rows[lane * stride + start + i] = lanes[lane];
        }
    }
}

static void add_gradient(network *net) {
    for (ptrdiff_t i = 0; i < (ptrdiff_t)net->layers.parameter_count; i++) {
        net->gradient_sum[i] = vadd(net->gradient_sum[i], net->gradient[i]);
    }
}

/// Adds the loss, the logits and the gradient of the discriminator on examples of one law, x [count x dimension].
/// Logits are measured from `origin`, one of them, so that those of a dead discriminator have a spread of exactly 0.
static void add_discriminator(workspace *w, const vfloat *x, ptrdiff_t count, vint flip, vfloat scale, vfloat origin,
                              law_sums *sums) {
    const vfloat *logit = w->D.output[w->D.layers.layer_count - 1];
    for (ptrdiff_t k = 0; k < count; k++) {
        const vfloat from_origin = vsub(logit[k], origin);
        vaccumulate(sums->logit, from_origin);
        vaccumulate(sums->squared, vmul(from_origin, from_origin));
    }
    vaccumulate(sums->loss, loss_and_delta(logit, count, flip, scale, w->delta));
    backward(w, &w->D, x, count, WEIGHTS);
    add_gradient(&w->D);
}

/// The trained discriminator on all real rows. The first of their logits becomes the `origin`.
static void end_on_real_rows(workspace *w, int count, const gs_training *training, vfloat *origin, law_sums *sums) {
    const int64_t n = w->experiment->data.n;
    const int d = w->experiment->data.dimension;
    const vfloat scale = vset((float)(-0.5 / (double)n));
    for (int64_t start = 0; start < n; start += END_CHUNK) {
        const ptrdiff_t now = (ptrdiff_t)(n - start < END_CHUNK ? n - start : END_CHUNK);
        load_floats(w, w->rows, (ptrdiff_t)start * d, now * d, w->real_and_fake);
        store_lanes(w->real_and_fake, now * d, count, training->real, (ptrdiff_t)n * d, (ptrdiff_t)start * d);
        forward(&w->D, w->real_and_fake, 0, now, &w->no_shuffle);
        *origin = start == 0 ? w->D.output[w->D.layers.layer_count - 1][0] : *origin;
        add_discriminator(w, w->real_and_fake, now, viset(0x80000000u), scale, *origin, sums);
    }
}

/// Draws check_samples samples from each lane's trained generator, with a stream of their own, and puts both trained
/// nets on them.
/// @param loss_G  [lanes] sums over the samples, out
static void end_on_samples(workspace *w, int count, const gs_training *training, vfloat origin, law_sums *sums,
                           double *loss_G) {
    const int d = w->experiment->data.dimension, latent_dim = w->G.layers.size[0];
    const int64_t samples = w->experiment->check_samples;
    const vfloat *logit = w->D.output[w->D.layers.layer_count - 1];
    const vfloat half = vset((float)(0.5 / (double)samples)), whole = vset((float)(-1.0 / (double)samples));
    for (int64_t start = 0; start < samples; start += END_CHUNK) {
        const ptrdiff_t now = (ptrdiff_t)(samples - start < END_CHUNK ? samples - start : END_CHUNK);
        const vfloat *latent = draw_normals(w, &w->keys, GS_STREAM_SAMPLE, 0, (uint64_t)(start * latent_dim),
                                            (uint64_t)(now * latent_dim));
        generate(w, latent, now, w->real_and_fake);
        store_lanes(w->real_and_fake, now * d, count, training->samples, (ptrdiff_t)samples * d, (ptrdiff_t)start * d);
        store_lanes(latent, now * latent_dim, count, training->latents, (ptrdiff_t)(samples * w->largest_latent),
                    (ptrdiff_t)start * latent_dim);
        forward(&w->D, w->real_and_fake, 0, now, &w->no_shuffle);
        add_discriminator(w, w->real_and_fake, now, viset(0), half, origin, sums);
        const vfloat loss = loss_and_delta(logit, now, w->rules.generator_flip, whole, w->delta);
        vaccumulate(loss_G, vmul(w->rules.generator_sign, loss));
        backward(w, &w->D, w->real_and_fake, now, INPUTS);
        backward(w, &w->G, latent, now, WEIGHTS);
        add_gradient(&w->G);
    }
}

/// Euclidean norm of each lane's summed gradient.
static void gradient_norms(const network *net, double norms[GS_LANES]) {
    for (int lane = 0; lane < GS_LANES; lane++) {
        norms[lane] = 0;
    }
    for (ptrdiff_t i = 0; i < (ptrdiff_t)net->layers.parameter_count; i++) {
        float lanes[GS_LANES];
        vstore(lanes, net->gradient_sum[i]);
        for (int lane = 0; lane < GS_LANES; lane++) {
            norms[lane] += (double)lanes[lane] * (double)lanes[lane];
        }
    }
    for (int lane = 0; lane < GS_LANES; lane++) {
        norms[lane] = sqrt(norms[lane]);
    }
}

/// A diverged trial's samples and ending are NaN.
static void forget_diverged(const workspace *w, int count, const gs_training *training) {
    const ptrdiff_t samples = (ptrdiff_t)(w->experiment->check_samples * w->experiment->data.dimension);
    const double nan = quiet_nan();
    for (int lane = 0; lane < count; lane++) {
        if (training->diverged_epoch[lane] != 0) {
            fill_nan(training->samples + lane * samples, samples);
            training->ending[lane] = (gs_ending){nan, nan, nan, nan, nan};
        }
    }
}

/// Draws the samples, and puts the trained nets on all real rows and all samples, in chunks that do not depend on the
/// batch size.
static void end_training(workspace *w, int count, const gs_training *training) {
    const double n = (double)w->experiment->data.n, samples = (double)w->experiment->check_samples;
    law_sums real = {{0}, {0}, {0}}, fake = real;
    double loss_G[GS_LANES] = {0}, norm_D[GS_LANES], norm_G[GS_LANES];
    vfloat origin = vset(0.0f);
    memset(w->D.gradient_sum, 0, (size_t)w->D.layers.parameter_count * sizeof(vfloat));
    memset(w->G.gradient_sum, 0, (size_t)w->G.layers.parameter_count * sizeof(vfloat));
    end_on_real_rows(w, count, training, &origin, &real);
    end_on_samples(w, count, training, origin, &fake, loss_G);
    gradient_norms(&w->D, norm_D);
    gradient_norms(&w->G, norm_G);
    for (int lane = 0; lane < count; lane++) {
        const double mean = 0.5 * (real.logit[lane] / n + fake.logit[lane] / samples);
        const double square = 0.5 * (real.squared[lane] / n + fake.squared[lane] / samples);
        const double variance = square - mean * mean;
        training->ending[lane] = (gs_ending){.loss_D = 0.5 * (real.loss[lane] / n + fake.loss[lane] / samples),
                                             .loss_G = loss_G[lane] / samples,
                                             .logit_spread = variance < 0 ? 0 : sqrt(variance),
                                             .gradient_norm_D = norm_D[lane],
                                             .gradient_norm_G = norm_G[lane]};
    }
    forget_diverged(w, count, training);
}

/// Makes an epoch's order and latents ready, and begins the order of the one after it.
static void start_epoch(workspace *w, uint32_t epoch, bool last) {
    finish_order(w);
    w->ordered = order_of(w, epoch);
    w->latents_end = 0;
    w->loaded_first = -1;
    memset(w->loss_D, 0, sizeof w->loss_D);
    memset(w->loss_G, 0, sizeof w->loss_G);
    if (w->use == DRAWS_RECORD) {
        const uint64_t latents = (uint64_t)(w->experiment->data.n * w->G.layers.size[0]);
        draw_blocks(&w->keys, GS_STREAM_LATENT, epoch, 0, (latents + 3) / 4, shared_draws_latents(&w->draws, epoch));
    }
    if (w->use != DRAWS_RECORDED && !last) {
        start_order(w, epoch + 1);
    }
}

static bool train(void *memory, const gs_pack *pack, int count, const volatile int *stop, const gs_training *training) {
    workspace *w = memory;
    const int64_t n = w->experiment->data.n;
    start_pack(w, pack);
    if (w->use != DRAWS_RECORDED) {
        start_order(w, 0);
    }
    for (int lane = 0; lane < count; lane++) {
        training->diverged_epoch[lane] = 0;
    }
    for (int64_t epoch = 0; epoch < pack->epochs; epoch++) {
        start_epoch(w, (uint32_t)epoch, epoch + 1 == pack->epochs);
        for (int64_t start = 0; start < n; start += pack->batch_size) {
            if (stop != NULL && *stop) { // at every step: an epoch of a large experiment takes seconds
                return false;
            }
            const int64_t examples = n - start < pack->batch_size ? n - start : pack->batch_size;
            train_step(w, (uint32_t)epoch, start, (ptrdiff_t)examples);
        }
        finish_epoch(w, count, epoch, training);
    }
    if (w->use == DRAWS_RECORD) {
        shared_draws_end(&w->draws, pack);
    }
    fill_padding(w, count, pack->epochs, training);
    end_training(w, count, training);
    return true;
}

const gs_kernel GS_KERNEL = {GS_LANES, create, destroy, train};
