/// The table of settings, and access to the values that a setting takes.
#include <assert.h>
#include <math.h>

#include "experiment/dimension.h"

const char *const gs_convention_names[GS_CONVENTION_COUNT] = {
    [GS_MXNET] = "mxnet",
    [GS_TORCH] = "torch",
    [GS_TF] = "tf",
    [GS_TF_AS_DOCUMENTED] = "tf-as-documented",
};

const char *const gs_generator_loss_names[GS_GENERATOR_LOSS_COUNT] = {
    [GS_NON_SATURATING] = "non-saturating",
    [GS_MINIMAX] = "minimax",
};

const char *const gs_design_method_names[GS_DESIGN_METHOD_COUNT] = {
    [GS_DESIGN_NONE] = "",
    [GS_DESIGN_RANDOM] = "random",
    [GS_DESIGN_SOBOL] = "sobol",
};

const char *const gs_phase_names[GS_PHASE_COUNT] = {
    [GS_PHASE_NONE] = "",
    [GS_PHASE_WIDE] = "wide",
    [GS_PHASE_NARROW] = "narrow",
};

#define LARGEST_SEED 0x1p63 // as far as an int64_t goes
// learning rates are used as float: within its normal numbers, with room for the bias correction
#define SMALLEST_RATE 1e-37
#define LARGEST_RATE 1e37

const gs_setting_info gs_settings_table[GS_SETTING_COUNT] = {
    [GS_SETTING_SEED] = {"seed", "parameters", GS_TYPE_INTEGER, 0, LARGEST_SEED, NAN, "1",
                         "seed of the initialisation, the latent draws and the samples"},
    [GS_SETTING_DATA_SEED] = {"data_seed", "parameters", GS_TYPE_INTEGER, 0, LARGEST_SEED, NAN, "1",
                              "seed of the real data; follows seed unless given"},
    [GS_SETTING_SHUFFLE_SEED] = {"shuffle_seed", "parameters", GS_TYPE_INTEGER, 0, LARGEST_SEED, NAN, "1",
                                 "seed of the order of the examples; follows seed unless given"},
    [GS_SETTING_LR_G] = {"lr_G", "parameters", GS_TYPE_REAL, SMALLEST_RATE, LARGEST_RATE, 0.005, "1",
                         "learning rate of the generator"},
    [GS_SETTING_LR_D] = {"lr_D", "parameters", GS_TYPE_REAL, SMALLEST_RATE, LARGEST_RATE, 0.05, "1",
                         "learning rate of the discriminator"},
    [GS_SETTING_GENERATOR_LOSS] = {"generator_loss", "", GS_TYPE_GENERATOR_LOSS, 0, GS_GENERATOR_LOSS_COUNT - 1,
                                   GS_NON_SATURATING, "1", "what the generator minimises"},
    [GS_SETTING_CONVENTION] = {"convention", "", GS_TYPE_CONVENTION, 0, GS_CONVENTION_COUNT - 1, GS_MXNET, "1",
                               "framework whose initialisation, gradient scale and Adam are followed"},
    [GS_SETTING_BATCH_SIZE] = {"batch_size", "parameters", GS_TYPE_INTEGER, 1, GS_MAX_EXAMPLES, 8, "examples",
                               "examples of one step"},
    [GS_SETTING_LATENT_DIM] = {"latent_dim", "model", GS_TYPE_INTEGER, 1, GS_MAX_DIMENSION, 2, "1",
                               "inputs of the generator"},
    [GS_SETTING_EPOCHS] = {"epochs", "train", GS_TYPE_INTEGER, 1, GS_MAX_EPOCHS, 20, "epoch", "passes over the data"},
};

double gs_values_real(const gs_values *values, int64_t index) {
    if (values->drawn != NULL) {
        return gs_dimension_value(values->drawn, index);
    }
    return values->reals != NULL ? values->reals[index] : (double)gs_values_integer(values, index);
}

int64_t gs_values_integer(const gs_values *values, int64_t index) {
    assert(index >= 0 && index < values->count && values->reals == NULL);
    if (values->drawn != NULL) {
        return (int64_t)gs_dimension_value(values->drawn, index);
    }
    return values->integers != NULL ? values->integers[index] : values->first + index * values->step;
}

int64_t gs_experiment_largest(const gs_experiment *experiment, gs_setting setting) {
    const gs_values *values = &experiment->values[setting];
    if (values->count == 0) {
        values = &experiment->values[GS_SETTING_SEED];
    }
    if (values->drawn != NULL) {
        return (int64_t)values->drawn->largest;
    }
    if (values->integers == NULL) {
        return gs_values_integer(values, values->count - 1); // ranges ascend
    }
    int64_t largest = values->integers[0];
    for (int64_t i = 1; i < values->count; i++) {
        largest = values->integers[i] > largest ? values->integers[i] : largest;
    }
    return largest;
}
