/// Sizes of the layers of both networks, from the experiment.
#include "gansweep/train.h"

static void lay_out(const gs_network *network, int inputs, int outputs, gs_layers *layers) {
    layers->layer_count = network->hidden_count + 1;
    layers->size[0] = inputs;
    for (int i = 0; i < network->hidden_count; i++) {
        layers->size[i + 1] = network->hidden[i];
    }
    layers->size[layers->layer_count] = outputs;
    layers->parameter_count = 0;
    for (int i = 0; i < layers->layer_count; i++) {
        layers->parameter_count += (int64_t)layers->size[i + 1] * (layers->size[i] + 1);
    }
}

void gs_generator_layers(const gs_experiment *experiment, int64_t latent_dim, gs_layers *layers) {
    lay_out(&experiment->generator, (int)latent_dim, experiment->data.dimension, layers);
}

void gs_discriminator_layers(const gs_experiment *experiment, gs_layers *layers) {
    lay_out(&experiment->discriminator, experiment->data.dimension, 1, layers);
}
