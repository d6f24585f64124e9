/// What a trained trial was made of and makes, drawn again in plain scalar C from its settings and parameters: real
/// data, initial parameters, samples. The same operations in the same order as the packed kernel's, so the same bits.
#include <math.h>

#include "train/draws.h"

#define GS_LANES 1
#include "train/polynomials.h"

void gs_real_data(const gs_experiment *experiment, int64_t data_seed, int64_t count, float *rows) {
    gs_draw_data(&experiment->data, (uint64_t)data_seed, count, rows);
}

void gs_untrained_generator(const gs_experiment *experiment, const gs_settings *settings, float *parameters) {
    gs_layers layers;
    gs_generator_layers(experiment, settings->latent_dim, &layers);
    gs_draw_parameters((uint64_t)settings->seed, GS_STREAM_INIT_GENERATOR, &layers,
                       gs_convention_rules[settings->convention].generator, parameters);
}

/// a_i = tanh(b_i + sum_j w_ij x_j), without tanh in the last layer.
static void forward_layer(const float *weight, const float *bias, const float *x, int in, int out, bool last,
                          float *output) {
    for (int i = 0; i < out; i++) {
        float t = bias[i];
        for (int j = 0; j < in; j++) {
            t = fmaf(weight[(ptrdiff_t)i * in + j], x[j], t);
        }
        output[i] = last ? t : vf_tanh(vset(t)).lane[0];
    }
}

void gs_generator_samples(const gs_experiment *experiment, const gs_settings *settings, const float *parameters,
                          int64_t count, float *samples) {
    const int d = experiment->data.dimension;
    float latent[GS_MAX_DIMENSION], outputs[2][GS_MAX_LAYER_WIDTH]; // of a layer and of the one before it
    gs_layers layers;
    gs_generator_layers(experiment, settings->latent_dim, &layers);
    for (int64_t sample = 0; sample < count; sample++) {
        const float *x = latent, *weight = parameters;
        gs_draw_normals((uint64_t)settings->seed, GS_STREAM_SAMPLE, 0, (uint64_t)(sample * settings->latent_dim),
                        (uint64_t)settings->latent_dim, latent);
        for (int layer = 0; layer < layers.layer_count; layer++) {
            const int in = layers.size[layer], out = layers.size[layer + 1];
            const bool last = layer + 1 == layers.layer_count;
            float *const output = last ? samples + sample * d : outputs[layer % 2];
            const float *const bias = weight + (ptrdiff_t)in * out;
            forward_layer(weight, bias, x, in, out, last, output);
            x = output;
            weight = bias + out;
        }
    }
}
