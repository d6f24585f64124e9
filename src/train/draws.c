/// Every random draw of one trial in plain scalar C. See draws.h.
#include "train/draws.h"

#include <math.h>

#define GS_LANES 1
#include "train/polynomials.h"

static void block_of(uint64_t seed, gs_stream stream, uint32_t epoch, uint64_t block, uint32_t words[4]) {
    words[0] = (uint32_t)block;
    words[1] = epoch;
    words[2] = (uint32_t)stream;
    words[3] = 0;
    gs_philox_scalar(words, (uint32_t)seed, (uint32_t)(seed >> 32));
}

static float normal_number(uint64_t seed, gs_stream stream, uint32_t epoch, uint64_t number) {
    uint32_t words[4];
    block_of(seed, stream, epoch, number / 4, words);
    const int pair = (int)(number % 4) / 2;
    const vint radius = viset(words[2 * pair]), angle = viset(words[2 * pair + 1]);
    vfloat cosine, sine;
    vf_box_muller_n(&radius, &angle, &cosine, &sine, 1);
    return number % 2 == 0 ? cosine.lane[0] : sine.lane[0];
}

void gs_draw_normals(uint64_t seed, gs_stream stream, uint32_t epoch, uint64_t first, uint64_t count, float *normals) {
    for (uint64_t i = 0; i < count; i++) {
        normals[i] = normal_number(seed, stream, epoch, first + i);
    }
}

void gs_draw_order(uint64_t shuffle_seed, uint32_t epoch, int64_t n, int64_t *order) {
    const int draws = n <= GS_SHUFFLE_FOUR_DRAWS_UP_TO ? 4 : 2;
    uint64_t word = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i % draws == 0) {
            const uint64_t number = (uint64_t)(i / draws);
            uint32_t words[4];
            block_of(shuffle_seed, GS_STREAM_SHUFFLE, epoch, number / 2, words);
            word = number % 2 == 0 ? words[0] | (uint64_t)words[1] << 32 : words[2] | (uint64_t)words[3] << 32;
        }
        const unsigned __int128 product = (unsigned __int128)word * (uint64_t)(i + 1);
        const int64_t j = (int64_t)(uint64_t)(product >> 64);
        word = (uint64_t)product;
        order[i] = i;
        order[i] = order[j];
        order[j] = i;
    }
}

static float parameter_number(uint64_t seed, gs_stream stream, int layer, int64_t k, int64_t weights, float limit,
                              gs_initialisation rule) {
    if (rule != GS_INIT_NORMAL && k >= weights) {
        return 0.0f;
    }
    if (rule == GS_INIT_GLOROT_UNIFORM) {
        uint32_t words[4];
        block_of(seed, stream, (uint32_t)layer, (uint64_t)k / 4, words);
        const float uniform = fmaf((float)(words[k % 4] >> 8), 0x1p-24f, 0x1p-25f);
        return limit * fmaf(2.0f, uniform, -1.0f);
    }
    return normal_number(seed, stream, (uint32_t)layer, (uint64_t)k) * GS_INIT_STANDARD_DEVIATION;
}

void gs_draw_parameters(uint64_t seed, gs_stream stream, const gs_layers *layers, gs_initialisation rule,
                        float *parameters) {
    for (int layer = 0; layer < layers->layer_count; layer++) {
        const int in = layers->size[layer], out = layers->size[layer + 1];
        const float limit = (float)sqrt(6.0 / (in + out));
        const int64_t weights = (int64_t)in * out;
        for (int64_t k = 0; k < weights + out; k++) {
            *parameters++ = parameter_number(seed, stream, layer, k, weights, limit, rule);
        }
    }
}

void gs_draw_data(const gs_data_law *law, uint64_t data_seed, int64_t count, float *rows) {
    const int d = law->dimension;
    for (int64_t i = 0; i < count; i++) {
        float x[GS_MAX_DIMENSION];
        gs_draw_normals(data_seed, GS_STREAM_DATA, 0, (uint64_t)(i * d), (uint64_t)d, x);
        for (int j = 0; j < d; j++) {
            float value = (float)law->b[j];
            for (int k = 0; k < d; k++) {
                value = fmaf(x[k], (float)law->A[(int64_t)k * d + j], value);
            }
            rows[i * d + j] = value;
        }
    }
}
