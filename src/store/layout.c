/// The table of datasets, and the layout of one experiment's file that is made from it.
#include "store/layout.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/dimension.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows are written in memory order; the file is little-endian");
static_assert(sizeof(gs_convention) == sizeof(int) && sizeof(gs_generator_loss) == sizeof(int), "copied as int");

enum {
    MAX_COLUMNS = 256, ///< far above what GS_MAX_HIDDEN_LAYERS can ask for
    /// What the file holds beside the rows, generously: the superblock and groups; a dataset's header, attributes and
    /// references; the alignment of its rows. The texts of /provenance come on top.
    FILE_OVERHEAD = 24 << 10,
    DATASET_OVERHEAD = 2 << 10,
    BYTES_OF_A_NUMBER = 32, ///< "%.17g, " at most
};

// ---- types ----

/// Dimensions by name. The ends of a layer are `latent`, `component`, `logit` or the units of a hidden layer.
typedef enum {
    NONE,
    TRIAL,
    EPOCH,
    SAMPLE,
    COMPONENT,
    COMPONENT_2,
    LAYER_OUTPUT,
    LAYER_INPUT,
} dimension;

/// Which files have a dataset, and how often.
typedef enum {
    ONCE,
    IF_SAMPLES_KEPT,
    IF_JSD,
    IF_JACOBIAN,
    EACH_GENERATOR_LAYER,
    EACH_GENERATOR_LAYER_IF_KEPT_BY_EPOCH,
    EACH_DISCRIMINATOR_LAYER,
} presence;

/// One row of the table.
typedef struct {
    const char *name; ///< %s stands for "" or a layer's suffix "_1", "_2", ...
    presence presence;
    gs_element element;
    dimension dimensions[GS_MAX_RANK];
    const char *units;
    const char *long_name;
    gs_fill *fill;
    size_t field;
} table_row;

// ---- rows ----

static void fill_index(const gs_column *column, const gs_source *source, unsigned char *into) {
    const int64_t value = column->first + source->index;
    memcpy(into, &value, sizeof value);
}

static void fill_setting(const gs_column *column, const gs_source *source, unsigned char *into) {
    const char *field = (const char *)source->settings + column->field;
    if (column->dataset.element == GS_U1) {
        int chosen;
        memcpy(&chosen, field, sizeof chosen);
        *into = (unsigned char)chosen;
    } else {
        memcpy(into, field, sizeof(int64_t));
    }
}

static void fill_configuration(const gs_column *column, const gs_source *source, unsigned char *into) {
    (void)column;
    const int64_t configuration = gs_plan_configuration(source->layout->plan, source->index);
    memcpy(into, &configuration, sizeof configuration);
}

static void fill_loss(const gs_column *column, const gs_source *source, unsigned char *into) {
    const float *losses;
    memcpy(&losses, (const char *)source->training + column->field, sizeof losses);
    memcpy(into, losses + source->row * source->layout->largest_epochs,
           (size_t)source->settings->epochs * sizeof(float));
}

/// Where the parameters of layer `layer` begin in a flat row.
static const float *layer_begin(const gs_layers *layers, int layer, const float *parameters) {
    for (int i = 0; i < layer; i++) {
        parameters += (int64_t)layers->size[i + 1] * (layers->size[i] + 1);
    }
    return parameters;
}

/// Weights [out x in] of one layer into rows of `width` >= in; the rest stays NaN.
static void place_weight(const gs_layers *layers, int layer, int64_t width, const float *parameters,
                         unsigned char *into) {
    const int64_t in = layers->size[layer];
    const float *weight = layer_begin(layers, layer, parameters);
    for (int64_t out = 0; out < layers->size[layer + 1]; out++) {
        memcpy(into + out * width * (int64_t)sizeof(float), weight + out * in, (size_t)in * sizeof(float));
    }
}

static void place_bias(const gs_layers *layers, int layer, const float *parameters, unsigned char *into) {
    const int64_t in = layers->size[layer], out = layers->size[layer + 1];
    memcpy(into, layer_begin(layers, layer, parameters) + out * in, (size_t)out * sizeof(float));
}

static void fill_discriminator_weight(const gs_column *column, const gs_source *source, unsigned char *into) {
    const gs_layers *layers = &source->layout->discriminator;
    const float *parameters = source->training->discriminator + source->row * layers->parameter_count;
    place_weight(layers, column->layer, layers->size[column->layer], parameters, into);
}

static void fill_discriminator_bias(const gs_column *column, const gs_source *source, unsigned char *into) {
    const gs_layers *layers = &source->layout->discriminator;
    place_bias(layers, column->layer, source->training->discriminator + source->row * layers->parameter_count, into);
}

/// Flat rows are as long as the largest generator, but laid out for the trial's own latent_dim.
static gs_layers own_generator(const gs_source *source) {
    gs_layers own;
    gs_generator_layers(source->layout->experiment, source->settings->latent_dim, &own);
    return own;
}

static void fill_generator_weight(const gs_column *column, const gs_source *source, unsigned char *into) {
    const gs_layers own = own_generator(source), *largest = &source->layout->generator;
    const float *parameters = source->training->generator + source->row * largest->parameter_count;
    place_weight(&own, column->layer, largest->size[column->layer], parameters, into);
}

static void fill_generator_bias(const gs_column *column, const gs_source *source, unsigned char *into) {
    const gs_layers own = own_generator(source);
    const int64_t row_length = source->layout->generator.parameter_count;
    place_bias(&own, column->layer, source->training->generator + source->row * row_length, into);
}

static void fill_generator_weight_by_epoch(const gs_column *column, const gs_source *source, unsigned char *into) {
    const gs_layers own = own_generator(source), *largest = &source->layout->generator;
    const int64_t epoch_bytes = column->dataset.row_bytes / source->layout->largest_epochs;
    const int64_t first = source->row * source->layout->largest_epochs;
    for (int64_t epoch = 0; epoch < source->settings->epochs; epoch++) {
        const float *parameters = source->training->generator_by_epoch + (first + epoch) * largest->parameter_count;
        place_weight(&own, column->layer, largest->size[column->layer], parameters, into + epoch * epoch_bytes);
    }
}

static void fill_generator_bias_by_epoch(const gs_column *column, const gs_source *source, unsigned char *into) {
    const gs_layers own = own_generator(source);
    const int64_t row_length = source->layout->generator.parameter_count;
    const int64_t epoch_bytes = column->dataset.row_bytes / source->layout->largest_epochs;
    const int64_t first = source->row * source->layout->largest_epochs;
    for (int64_t epoch = 0; epoch < source->settings->epochs; epoch++) {
        const float *parameters = source->training->generator_by_epoch + (first + epoch) * row_length;
        place_bias(&own, column->layer, parameters, into + epoch * epoch_bytes);
    }
}

static void fill_samples(const gs_column *column, const gs_source *source, unsigned char *into) {
    const gs_experiment *experiment = source->layout->experiment;
    const int64_t drawn = experiment->check_samples * experiment->data.dimension;
    memcpy(into, source->training->samples + source->row * drawn, (size_t)column->dataset.row_bytes);
}

static void fill_diverged_epoch(const gs_column *column, const gs_source *source, unsigned char *into) {
    (void)column;
    memcpy(into, &source->training->diverged_epoch[source->row], sizeof(int64_t));
}

static void fill_check(const gs_column *column, const gs_source *source, unsigned char *into) {
    memcpy(into, (const char *)source->check + column->field, (size_t)column->dataset.row_bytes);
}

static void fill_sample_covariance(const gs_column *column, const gs_source *source, unsigned char *into) {
    memcpy(into, source->check->sample_covariance, (size_t)column->dataset.row_bytes);
}

static void fill_covariance_ok(const gs_column *column, const gs_source *source, unsigned char *into) {
    (void)column;
    *into = source->check->covariance_ok;
}

static void fill_outcome(const gs_column *column, const gs_source *source, unsigned char *into) {
    (void)column;
    *into = (unsigned char)source->check->outcome;
}

static void fill_ending(const gs_column *column, const gs_source *source, unsigned char *into) {
    memcpy(into, (const char *)&source->training->ending[source->row] + column->field, sizeof(double));
}

// ---- the table ----

#define TRAINING(member) offsetof(gs_training, member)
#define CHECK(member) offsetof(gs_check, member)
#define ENDING(member) offsetof(gs_ending, member)

/// Results of a trial, in the order of the file. Before them stand the coordinates and the settings, after them
/// checksum and status. docs/file-format.md says the same, and a test compares the two.
static const table_row results_table[] = {
    {"loss_D",
     ONCE,
     GS_F4,
     {TRIAL, EPOCH},
     "nat",
     "discriminator loss, mean over the epoch's examples",
     fill_loss,
     TRAINING(loss_D)},
    {"loss_G",
     ONCE,
     GS_F4,
     {TRIAL, EPOCH},
     "nat",
     "generator loss, mean over the epoch's examples",
     fill_loss,
     TRAINING(loss_G)},
    {"generator_weight%s",
     EACH_GENERATOR_LAYER,
     GS_F4,
     {TRIAL, LAYER_OUTPUT, LAYER_INPUT},
     "1",
     "weights of the trained generator",
     fill_generator_weight,
     0},
    {"generator_bias%s",
     EACH_GENERATOR_LAYER,
     GS_F4,
     {TRIAL, LAYER_OUTPUT},
     "1",
     "biases of the trained generator",
     fill_generator_bias,
     0},
    {"discriminator_weight%s",
     EACH_DISCRIMINATOR_LAYER,
     GS_F4,
     {TRIAL, LAYER_OUTPUT, LAYER_INPUT},
     "1",
     "weights of the trained discriminator",
     fill_discriminator_weight,
     0},
    {"discriminator_bias%s",
     EACH_DISCRIMINATOR_LAYER,
     GS_F4,
     {TRIAL, LAYER_OUTPUT},
     "1",
     "biases of the trained discriminator",
     fill_discriminator_bias,
     0},
    {"generator_weight%s_by_epoch",
     EACH_GENERATOR_LAYER_IF_KEPT_BY_EPOCH,
     GS_F4,
     {TRIAL, EPOCH, LAYER_OUTPUT, LAYER_INPUT},
     "1",
     "weights of the generator at the end of each epoch",
     fill_generator_weight_by_epoch,
     0},
    {"generator_bias%s_by_epoch",
     EACH_GENERATOR_LAYER_IF_KEPT_BY_EPOCH,
     GS_F4,
     {TRIAL, EPOCH, LAYER_OUTPUT},
     "1",
     "biases of the generator at the end of each epoch",
     fill_generator_bias_by_epoch,
     0},
    {"samples",
     IF_SAMPLES_KEPT,
     GS_F4,
     {TRIAL, SAMPLE, COMPONENT},
     "1",
     "first of the trained generator's samples that were checked",
     fill_samples,
     0},
    {"diverged_epoch",
     ONCE,
     GS_I8,
     {TRIAL},
     "epoch",
     "first epoch at whose end a loss or a parameter was not finite; 0: none",
     fill_diverged_epoch,
     0},
    {"end_loss_D",
     ONCE,
     GS_F8,
     {TRIAL},
     "nat",
     "loss of the trained discriminator on all real rows and checked samples",
     fill_ending,
     ENDING(loss_D)},
    {"end_loss_G",
     ONCE,
     GS_F8,
     {TRIAL},
     "nat",
     "loss of the trained generator on the checked samples",
     fill_ending,
     ENDING(loss_G)},
    {"logit_spread",
     ONCE,
     GS_F8,
     {TRIAL},
     "1",
     "standard deviation of the trained discriminator's logits over real rows and checked samples",
     fill_ending,
     ENDING(logit_spread)},
    {"gradient_norm_D",
     ONCE,
     GS_F8,
     {TRIAL},
     "1",
     "norm of the gradient of end_loss_D in the discriminator's parameters",
     fill_ending,
     ENDING(gradient_norm_D)},
    {"gradient_norm_G",
     ONCE,
     GS_F8,
     {TRIAL},
     "1",
     "norm of the gradient of end_loss_G in the generator's parameters",
     fill_ending,
     ENDING(gradient_norm_G)},
    {"sample_mean",
     ONCE,
     GS_F8,
     {TRIAL, COMPONENT},
     "1",
     "mean of the checked samples",
     fill_check,
     CHECK(sample_mean)},
    {"sample_covariance",
     ONCE,
     GS_F8,
     {TRIAL, COMPONENT, COMPONENT_2},
     "1",
     "covariance S of the checked samples, divisor count - 1",
     fill_sample_covariance,
     0},
    {"covariance_eigenvalues",
     ONCE,
     GS_F8,
     {TRIAL, COMPONENT},
     "1",
     "eigenvalues lambda of S v = lambda A^T A v, ascending",
     fill_check,
     CHECK(eigenvalues)},
    {"covariance_error",
     ONCE,
     GS_F8,
     {TRIAL},
     "1",
     "|S - A^T A| / |A^T A|, Frobenius norm",
     fill_check,
     CHECK(covariance_error)},
    {"affine_invariant_distance",
     ONCE,
     GS_F8,
     {TRIAL},
     "1",
     "sqrt(sum log(lambda)^2)",
     fill_check,
     CHECK(affine_invariant_distance)},
    {"lrt_covariance",
     ONCE,
     GS_F8,
     {TRIAL},
     "1",
     "likelihood-ratio statistic of covariance = A^T A, Bartlett-corrected",
     fill_check,
     CHECK(lrt_covariance)},
    {"lrt_joint",
     ONCE,
     GS_F8,
     {TRIAL},
     "1",
     "likelihood-ratio statistic of mean = b and covariance = A^T A, Bartlett-corrected",
     fill_check,
     CHECK(lrt_joint)},
    {"mean_error",
     ONCE,
     GS_F8,
     {TRIAL},
     "1",
     "sqrt((mean - b)^T (A^T A)^-1 (mean - b)): distance of the samples' mean in standard deviations",
     fill_check,
     CHECK(mean_error)},
    {"hotelling_t2", ONCE, GS_F8, {TRIAL}, "1", "Hotelling's T squared of mean = b", fill_check, CHECK(hotelling_t2)},
    {"frechet_distance",
     ONCE,
     GS_F8,
     {TRIAL},
     "1",
     "squared 2-Wasserstein distance of the fitted Gaussian to the truth",
     fill_check,
     CHECK(frechet_distance)},
    {"kl_exact",
     ONCE,
     GS_F8,
     {TRIAL},
     "nat",
     "KL(N(c, W W^T) to N(b, A^T A)) of an affine generator W z + c; NaN if it is not affine",
     fill_check,
     CHECK(kl_exact)},
    {"frechet_exact",
     ONCE,
     GS_F8,
     {TRIAL},
     "1",
     "squared 2-Wasserstein distance of an affine generator's exact law to the truth",
     fill_check,
     CHECK(frechet_exact)},
    {"covariance_ok",
     ONCE,
     GS_U1,
     {TRIAL},
     "1",
     "whether every eigenvalue lambda is within the experiment's tolerance of 1",
     fill_covariance_ok,
     0},
    {"loss_oscillation",
     ONCE,
     GS_F8,
     {TRIAL},
     "nat",
     "how far the last losses go back and forth, the greater of both networks",
     fill_check,
     CHECK(loss_oscillation)},
    {"outcome",
     ONCE,
     GS_U1,
     {TRIAL},
     "1",
     "what became of the trial: the first that fits, in the order of docs/statistics.md",
     fill_outcome,
     0},
    {"jsd",
     IF_JSD,
     GS_F8,
     {TRIAL},
     "nat",
     "Jensen-Shannon divergence of the generator's law from the true one; from samples a lower bound",
     fill_check,
     CHECK(jsd)},
    {"jsd_standard_error",
     IF_JSD,
     GS_F8,
     {TRIAL},
     "nat",
     "standard error of jsd; 0 where the generator is affine and jsd exact",
     fill_check,
     CHECK(jsd_standard_error)},
    {"jacobian_largest_real",
     IF_JACOBIAN,
     GS_F8,
     {TRIAL},
     "1",
     "largest real part of the eigenvalues of the gradient field's Jacobian",
     fill_check,
     CHECK(jacobian_largest_real)},
    {"jacobian_largest_ratio",
     IF_JACOBIAN,
     GS_F8,
     {TRIAL},
     "1",
     "largest |Im| / |Re| of these eigenvalues",
     fill_check,
     CHECK(jacobian_largest_ratio)},
    {"jacobian_spectral_radius",
     IF_JACOBIAN,
     GS_F8,
     {TRIAL},
     "1",
     "largest modulus of these eigenvalues",
     fill_check,
     CHECK(jacobian_spectral_radius)},
};

enum { RESULTS_COUNT = sizeof results_table / sizeof results_table[0] };

/// Offset of each setting in gs_settings.
static const size_t setting_fields[GS_SETTING_COUNT] = {
    [GS_SETTING_SEED] = offsetof(gs_settings, seed),
    [GS_SETTING_DATA_SEED] = offsetof(gs_settings, data_seed),
    [GS_SETTING_SHUFFLE_SEED] = offsetof(gs_settings, shuffle_seed),
    [GS_SETTING_LR_G] = offsetof(gs_settings, lr_G),
    [GS_SETTING_LR_D] = offsetof(gs_settings, lr_D),
    [GS_SETTING_GENERATOR_LOSS] = offsetof(gs_settings, generator_loss),
    [GS_SETTING_CONVENTION] = offsetof(gs_settings, convention),
    [GS_SETTING_BATCH_SIZE] = offsetof(gs_settings, batch_size),
    [GS_SETTING_LATENT_DIM] = offsetof(gs_settings, latent_dim),
    [GS_SETTING_EPOCHS] = offsetof(gs_settings, epochs),
};

static const char *const status_flags[] = {"pending", "done", "diverged"};
static const char *const truth_flags[] = {"no", "yes"};

// ---- making a layout ----

int64_t gs_element_bytes(gs_element element) {
    static const int64_t bytes[] = {[GS_U1] = 1, [GS_U4] = 4, [GS_I8] = 8, [GS_F4] = 4, [GS_F8] = 8};
    return bytes[element];
}

static gs_column *append(gs_layout *layout, gs_moment moment, gs_element element, const char *units,
                         const char *long_name) {
    assert(layout->count < MAX_COLUMNS);
    gs_column *column = &layout->columns[layout->count++];
    column->moment = moment;
    column->dataset.element = element;
    column->dataset.units = units;
    column->dataset.long_name = long_name;
    return column;
}

static void append_dimension(gs_column *column, const char *name, int64_t extent) {
    gs_dataset *dataset = &column->dataset;
    assert(dataset->rank < GS_MAX_RANK);
    (void)snprintf(dataset->dimension[dataset->rank], sizeof dataset->dimension[0], "%s", name);
    dataset->extent[dataset->rank] = extent;
    dataset->rank++;
}

static void set_name(gs_column *column, const char *name) {
    (void)snprintf(column->dataset.name, sizeof column->dataset.name, "%s", name);
}

static void append_coordinate(gs_layout *layout, const char *name, int64_t extent, int64_t first,
                              const char *long_name) {
    gs_column *column = append(layout, GS_WRITTEN_AT_CREATION, GS_I8, "1", long_name);
    set_name(column, name);
    append_dimension(column, name, extent);
    column->dataset.coordinate = true;
    column->fill = fill_index;
    column->first = first;
}

static void append_units(gs_layout *layout, const char *network_name, const gs_network *network,
                         const char *long_name) {
    for (int i = 0; i < network->hidden_count; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%s_unit_%d", network_name, i + 1);
        append_coordinate(layout, name, network->hidden[i], 0, long_name);
    }
}

static void append_coordinates(gs_layout *layout) {
    const gs_experiment *experiment = layout->experiment;
    append_coordinate(layout, "trial", layout->trial_count, 0, "number of the trial in the plan");
    append_coordinate(layout, "epoch", layout->largest_epochs, 1, "epoch, the first is 1");
    if (experiment->keep_samples > 0) {
        append_coordinate(layout, "sample", experiment->keep_samples, 0, "number of the sample");
    }
    append_coordinate(layout, "component", experiment->data.dimension, 0, "component of a data point");
    append_coordinate(layout, "component_2", experiment->data.dimension, 0, "component of a data point, columns");
    append_coordinate(layout, "latent", layout->generator.size[0], 0, "component of a latent point");
    append_units(layout, "generator", &experiment->generator, "unit of a hidden layer of the generator");
    append_units(layout, "discriminator", &experiment->discriminator, "unit of a hidden layer of the discriminator");
    append_coordinate(layout, "logit", 1, 0, "output of the discriminator");
}

static void append_trial_dimension(gs_layout *layout, gs_column *column) {
    append_dimension(column, "trial", layout->trial_count);
}

static void append_settings(gs_layout *layout) {
    for (int setting = 0; setting < GS_SETTING_COUNT; setting++) {
        const gs_setting_info *info = &gs_settings_table[setting];
        const bool text = info->type == GS_TYPE_CONVENTION || info->type == GS_TYPE_GENERATOR_LOSS;
        const gs_element element = text ? GS_U1 : info->type == GS_TYPE_REAL ? GS_F8 : GS_I8;
        gs_column *column = append(layout, GS_WRITTEN_AT_CREATION, element, info->units, info->description);
        set_name(column, info->name);
        append_trial_dimension(layout, column);
        column->fill = fill_setting;
        column->field = setting_fields[setting];
        column->setting = setting;
        if (text) {
            const bool convention = info->type == GS_TYPE_CONVENTION;
            column->dataset.flags = convention ? gs_convention_names : gs_generator_loss_names;
            column->dataset.flag_count = convention ? (int)GS_CONVENTION_COUNT : (int)GS_GENERATOR_LOSS_COUNT;
        }
    }
    gs_column *column =
        append(layout, GS_WRITTEN_AT_CREATION, GS_I8, "1", "number of the trial's settings without seeds");
    set_name(column, "configuration");
    append_trial_dimension(layout, column);
    column->fill = fill_configuration;
}

/// The dimension at one end of a network's layers: end 0 is the input, end layer_count the output.
static void append_layer_dimension(const gs_layout *layout, gs_column *column, bool generator, int end) {
    const gs_layers *layers = generator ? &layout->generator : &layout->discriminator;
    char name[32];
    if (end == 0) {
        (void)snprintf(name, sizeof name, "%s", generator ? "latent" : "component");
    } else if (end == layers->layer_count) {
        (void)snprintf(name, sizeof name, "%s", generator ? "component" : "logit");
    } else {
        (void)snprintf(name, sizeof name, "%s_unit_%d", generator ? "generator" : "discriminator", end);
    }
    append_dimension(column, name, layers->size[end]);
}

static void append_result(gs_layout *layout, const table_row *row, int layer, const char *suffix) {
    gs_column *column = append(layout, GS_WRITTEN_AS_DATA, row->element, row->units, row->long_name);
    const char *split = strstr(row->name, "%s");
    const int head = split == NULL ? (int)strlen(row->name) : (int)(split - row->name);
    (void)snprintf(column->dataset.name, sizeof column->dataset.name, "%.*s%s%s", head, row->name, suffix,
                   split == NULL ? "" : split + 2);
    column->fill = row->fill;
    column->field = row->field;
    column->layer = layer;
    column->labels = true;
    const bool generator = row->presence != EACH_DISCRIMINATOR_LAYER;
    for (int i = 0; i < GS_MAX_RANK && row->dimensions[i] != NONE; i++) {
        switch (row->dimensions[i]) {
        case TRIAL:
            append_trial_dimension(layout, column);
            break;
        case EPOCH:
            append_dimension(column, "epoch", layout->largest_epochs);
            break;
        case SAMPLE:
            append_dimension(column, "sample", layout->experiment->keep_samples);
            break;
        case COMPONENT:
            append_dimension(column, "component", layout->experiment->data.dimension);
            break;
        case COMPONENT_2:
            append_dimension(column, "component_2", layout->experiment->data.dimension);
            break;
        case LAYER_OUTPUT:
            append_layer_dimension(layout, column, generator, layer + 1);
            break;
        case LAYER_INPUT:
            append_layer_dimension(layout, column, generator, layer);
            break;
        default:
            assert(false);
        }
    }
    if (row->element == GS_U1) {
        column->dataset.flags = row->fill == fill_outcome ? gs_outcome_names : truth_flags;
        column->dataset.flag_count = row->fill == fill_outcome ? (int)GS_OUTCOME_COUNT : 2;
    }
}

/// How many datasets a row of the table stands for: one, none, or one a layer.
static int instances(const gs_layout *layout, presence when) {
    switch (when) {
    case IF_SAMPLES_KEPT:
        return layout->experiment->keep_samples > 0 ? 1 : 0;
    case IF_JSD:
        return layout->experiment->check_jsd ? 1 : 0;
    case IF_JACOBIAN:
        return layout->experiment->check_jacobian ? 1 : 0;
    case EACH_GENERATOR_LAYER:
        return layout->generator.layer_count;
    case EACH_GENERATOR_LAYER_IF_KEPT_BY_EPOCH:
        return layout->experiment->keep_generator_by_epoch ? layout->generator.layer_count : 0;
    case EACH_DISCRIMINATOR_LAYER:
        return layout->discriminator.layer_count;
    default:
        return 1;
    }
}

static void append_results(gs_layout *layout) {
    for (int i = 0; i < RESULTS_COUNT; i++) {
        const int count = instances(layout, results_table[i].presence);
        for (int layer = 0; layer < count; layer++) {
            char suffix[16] = "";
            if (count > 1) {
                (void)snprintf(suffix, sizeof suffix, "_%d", layer + 1);
            }
            append_result(layout, &results_table[i], layer, suffix);
        }
    }
}

static void append_ends(gs_layout *layout) {
    gs_column *checksum = append(layout, GS_WRITTEN_CHECKSUM, GS_U4, "1",
                                 "XXH32 (seed 0) of the trial's row of every dataset before this one");
    set_name(checksum, "checksum");
    append_trial_dimension(layout, checksum);
    gs_column *status = append(layout, GS_WRITTEN_STATUS, GS_U1, "1", "what became of the trial");
    set_name(status, "status");
    append_trial_dimension(layout, status);
    status->dataset.flags = status_flags;
    status->dataset.flag_count = 3;
    status->labels = true;
}

/// Row sizes of all columns; false when one overflows.
static bool measure_rows(gs_layout *layout) {
    bool fits = true;
    for (int i = 0; i < layout->count; i++) {
        gs_dataset *dataset = &layout->columns[i].dataset;
        dataset->by_trial = strcmp(dataset->dimension[0], "trial") == 0;
        dataset->row_bytes = gs_element_bytes(dataset->element);
        for (int d = 1; d < dataset->rank; d++) {
            fits = fits && !__builtin_mul_overflow(dataset->row_bytes, dataset->extent[d], &dataset->row_bytes);
        }
    }
    return fits;
}

gs_status gs_layout_create(const gs_experiment *experiment, const gs_plan *plan, gs_layout **layout, gs_error *error) {
    gs_layout *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the layout of the results");
    }
    made->columns = calloc(MAX_COLUMNS, sizeof *made->columns);
    if (made->columns == NULL) {
        gs_layout_free(made);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the layout of the results");
    }
    made->experiment = experiment;
    made->plan = plan;
    made->first_trial = gs_plan_part(plan).first;
    made->trial_count = gs_plan_trial_count(plan);
    made->largest_epochs = gs_experiment_largest(experiment, GS_SETTING_EPOCHS);
    gs_generator_layers(experiment, gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM), &made->generator);
    gs_discriminator_layers(experiment, &made->discriminator);
    append_coordinates(made);
    append_settings(made);
    append_results(made);
    append_ends(made);
    gs_status status = gs_plots_create(experiment, plan, &made->plots, error);
    if (status == GS_OK && !measure_rows(made)) {
        status = gs_fail(error, GS_ERROR_INPUT, "the results of one trial overflow: keep less, or train fewer epochs");
    }
    if (status != GS_OK) {
        gs_layout_free(made);
        return status;
    }
    *layout = made;
    return GS_OK;
}

void gs_layout_free(gs_layout *layout) {
    if (layout != NULL) {
        gs_plots_free(layout->plots);
        free(layout->columns);
        free(layout);
    }
}

int gs_layout_dataset_count(const gs_layout *layout) {
    return layout->count;
}

const gs_dataset *gs_layout_dataset(const gs_layout *layout, int index) {
    return &layout->columns[index].dataset;
}

int gs_layout_find(const gs_layout *layout, const char *name) {
    for (int i = 0; i < layout->count; i++) {
        if (strcmp(layout->columns[i].dataset.name, name) == 0) {
            return i;
        }
    }
    return -1;
}

int64_t gs_layout_place(const gs_layout *layout, int column, int64_t row) {
    return layout->columns[column].dataset.by_trial ? row - layout->first_trial : row;
}

int64_t gs_layout_trial_bytes(const gs_layout *layout) {
    int64_t bytes = 0;
    for (int i = 0; i < layout->count; i++) {
        bytes += layout->columns[i].dataset.by_trial ? layout->columns[i].dataset.row_bytes : 0;
    }
    return bytes;
}

void gs_ledger_add(gs_ledger *ledger, const unsigned char *statuses, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        ledger->done += statuses[i] == GS_DONE;
        ledger->diverged += statuses[i] == GS_DIVERGED;
    }
    ledger->pending = ledger->planned - ledger->done - ledger->diverged;
}

int64_t gs_layout_structure_bytes(const gs_layout *layout) {
    int64_t total = FILE_OVERHEAD + (int64_t)layout->count * DATASET_OVERHEAD + gs_plots_bytes(layout->plots);
    for (int i = 0; i < gs_plots_count(layout->plots); i++) {
        total +=
            (gs_plots_get(layout->plots, i)->dataset_count + 2) * (int64_t)DATASET_OVERHEAD; // its group, its title
    }
    // The texts: as read, and resolved, which spells out every value of a list and of the data's law; the overrides
    // also as a part of the command line.
    const gs_experiment *experiment = layout->experiment;
    const int64_t d = experiment->data.dimension;
    const int64_t texts = 2 * (int64_t)experiment->text_length + 4 * (int64_t)strlen(experiment->overrides) +
                          BYTES_OF_A_NUMBER * d * (d + 1);
    total += texts;
    for (int setting = 0; setting < GS_SETTING_COUNT; setting++) {
        const gs_values *values = &layout->experiment->values[setting];
        if (values->reals != NULL || values->integers != NULL) {
            total += BYTES_OF_A_NUMBER * values->count;
        }
        total += values->drawn == NULL ? 0 : BYTES_OF_A_NUMBER * values->drawn->choice_count;
    }
    return total;
}

int64_t gs_layout_file_bytes(const gs_layout *layout) {
    int64_t total = gs_layout_structure_bytes(layout);
    bool fits = true;
    for (int i = 0; i < layout->count; i++) {
        const gs_dataset *dataset = &layout->columns[i].dataset;
        int64_t bytes;
        fits = fits && !__builtin_mul_overflow(dataset->extent[0], dataset->row_bytes, &bytes) &&
               !__builtin_add_overflow(total, bytes, &total);
    }
    return fits ? total : INT64_MAX;
}

// ---- floats ----

static const uint32_t NAN_F4 = 0x7fc00000U;
static const uint64_t NAN_F8 = 0x7ff8000000000000U;

void gs_element_clear(gs_element element, int64_t bytes, unsigned char *into) {
    if (element == GS_F4) {
        for (int64_t at = 0; at < bytes; at += (int64_t)sizeof NAN_F4) {
            memcpy(into + at, &NAN_F4, sizeof NAN_F4);
        }
    } else if (element == GS_F8) {
        for (int64_t at = 0; at < bytes; at += (int64_t)sizeof NAN_F8) {
            memcpy(into + at, &NAN_F8, sizeof NAN_F8);
        }
    } else {
        memset(into, 0, (size_t)bytes);
    }
}

void gs_column_plan(const gs_layout *layout, int column, int64_t first, int64_t count, const gs_settings *settings,
                    unsigned char *rows) {
    const gs_column *planned = &layout->columns[column];
    gs_source source = {.layout = layout};
    for (int64_t i = 0; i < count; i++) {
        source.index = first + i;
        source.settings = settings == NULL ? NULL : &settings[i];
        planned->fill(planned, &source, rows + i * planned->dataset.row_bytes);
    }
}

void gs_column_canonicalise(const gs_column *column, unsigned char *row) {
    const gs_dataset *dataset = &column->dataset;
    if (dataset->element == GS_F4) {
        for (int64_t at = 0; at < dataset->row_bytes; at += (int64_t)sizeof(float)) {
            float value;
            memcpy(&value, row + at, sizeof value);
            if (value != value) {
                memcpy(row + at, &NAN_F4, sizeof NAN_F4);
            }
        }
    } else if (dataset->element == GS_F8) {
        for (int64_t at = 0; at < dataset->row_bytes; at += (int64_t)sizeof(double)) {
            double value;
            memcpy(&value, row + at, sizeof value);
            if (value != value) {
                memcpy(row + at, &NAN_F8, sizeof NAN_F8);
            }
        }
    }
}
