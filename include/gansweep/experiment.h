/// An experiment: what is trained, which settings are swept, and what is kept.
///
/// It is read from a YAML file in the manner of the usual sweep tools. A *setting* is a quantity that may differ
/// between trials; the table gs_setting_info says for each its place in the file, its range and its unit. The data law
/// and the hidden layers belong to the experiment and are the same for all its trials.
#ifndef GANSWEEP_EXPERIMENT_H
#define GANSWEEP_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gansweep/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Which published notebook's arithmetic a trial follows: initialisation, gradient scale and Adam (docs/randomness.md).
typedef enum {
    GS_MXNET,            ///< biases 0, gradient is the mean over the batch, Adam eps 1e-8 beside sqrt(v)
    GS_TORCH,            ///< biases N(0, 0.02^2), gradient is the sum, Adam eps 1e-8 beside sqrt(v / (1 - beta2^t))
    GS_TF,               ///< generator Glorot-uniform with biases 0, gradient is the sum, eps 1e-7 beside sqrt(v)
    GS_TF_AS_DOCUMENTED, ///< initialised as torch, otherwise as tf
    GS_CONVENTION_COUNT,
} gs_convention;

/// What the generator minimises.
typedef enum {
    GS_NON_SATURATING, ///< BCE(D(fake), 1): d2l.ai (17.1.3)
    GS_MINIMAX,        ///< -BCE(D(fake), 0): d2l.ai (17.1.2) and (17.1.4)
    GS_GENERATOR_LOSS_COUNT,
} gs_generator_loss;

/// Names as they stand in experiment files and results: "mxnet", "non-saturating", ...
extern const char *const gs_convention_names[GS_CONVENTION_COUNT];
extern const char *const gs_generator_loss_names[GS_GENERATOR_LOSS_COUNT];

/// The settings, in the order in which the plan varies them: the first varies fastest.
typedef enum {
    GS_SETTING_SEED,
    GS_SETTING_DATA_SEED,
    GS_SETTING_SHUFFLE_SEED,
    GS_SETTING_LR_G,
    GS_SETTING_LR_D,
    GS_SETTING_GENERATOR_LOSS,
    GS_SETTING_CONVENTION,
    GS_SETTING_BATCH_SIZE, ///< from here on a setting changes the shape of the work
    GS_SETTING_LATENT_DIM,
    GS_SETTING_EPOCHS,
    GS_SETTING_COUNT,
} gs_setting;

typedef enum { GS_TYPE_INTEGER, GS_TYPE_REAL, GS_TYPE_CONVENTION, GS_TYPE_GENERATOR_LOSS } gs_setting_type;

/// One row of the table of settings: all parsing, help, and results columns are made from it.
typedef struct {
    const char *name; ///< "lr_D"
    const char *home; ///< its place in the file: "parameters", "model", "train", or "" for the top level
    gs_setting_type type;
    double smallest, largest; ///< accepted range, ends included
    double preset;            ///< value when the experiment is silent; NaN for a seed that follows `seed`
    const char *units;        ///< "1", "examples", "epoch"
    const char *description;
} gs_setting_info;

extern const gs_setting_info gs_settings_table[GS_SETTING_COUNT];

/// The complete definition of one trial, together with its experiment.
typedef struct {
    int64_t seed;         ///< initialisation, latent draws, samples; 0 <= seed < 2^63
    int64_t data_seed;    ///< the real data
    int64_t shuffle_seed; ///< the order of the examples
    double lr_G, lr_D;    ///< learning rates, dimensionless, > 0
    gs_generator_loss generator_loss;
    gs_convention convention;
    int64_t batch_size; ///< examples, 1 ... n
    int64_t latent_dim;
    int64_t epochs;
} gs_settings;

/// How the points of a design are found, each from its number alone (docs/randomness.md).
typedef enum {
    GS_DESIGN_NONE,
    GS_DESIGN_RANDOM, ///< independent uniform points
    GS_DESIGN_SOBOL,  ///< Sobol's sequence, which fills the space evenly
    GS_DESIGN_METHOD_COUNT,
} gs_design_method;

/// Where a search stands: what `gansweep next` writes after it depends on this.
typedef enum {
    GS_PHASE_NONE,
    GS_PHASE_WIDE,   ///< over wide ranges; a narrow one follows
    GS_PHASE_NARROW, ///< around the best of a wide one; the best configuration on fresh seeds follows
    GS_PHASE_COUNT,
} gs_phase;

/// Names as they stand in experiment files; "" for none.
extern const char *const gs_design_method_names[GS_DESIGN_METHOD_COUNT];
extern const char *const gs_phase_names[GS_PHASE_COUNT];

/// Points at which settings are drawn together; what is not drawn is crossed with them.
typedef struct {
    gs_design_method method;
    int64_t points;
    int64_t seed; ///< key of random points; Sobol's points are shifted by it, unless it is 0
    gs_phase phase;
} gs_design;

/// How a design draws one setting; src/experiment/dimension.h has it.
typedef struct gs_dimension gs_dimension;

/// The values that one setting takes: a range (nothing stored), a list, or what a design draws.
typedef struct {
    int64_t count; ///< 0: not given, and the setting follows `seed`
    int64_t first; ///< of a range of integers: first, first + step, ...
    int64_t step;
    double *reals;       ///< [count] list of a real setting; NULL otherwise
    int64_t *integers;   ///< [count] list of an integer setting or of enum values; NULL for a range
    bool zipped;         ///< walks together with all other zipped settings instead of being crossed
    gs_dimension *drawn; ///< by the design, whose points are its values: `count` of them; NULL otherwise
} gs_values;

/// Limits on what an experiment may ask for; all are checked with a clear error.
enum {
    GS_MAX_DIMENSION = 256,    ///< data dimension and latent_dim
    GS_MAX_HIDDEN_LAYERS = 16, ///< of one network
    GS_MAX_LAYER_WIDTH = 4096, ///< units of a hidden layer
    GS_MAX_EXAMPLES = 1 << 24, ///< n, exact as float
    GS_MAX_EPOCHS = 1000000,
    GS_MAX_JACOBIAN = 1024, ///< parameters of both networks together whose Jacobian is computed
};

/// Real data: `X ~ N(0, I)`, n rows; `data = X A + b`, so its law is N(b, A^T A).
typedef struct {
    int dimension;
    int64_t n;
    double *A; ///< [dimension x dimension], row-major
    double *b; ///< [dimension]
} gs_data_law;

/// Hidden layers (tanh) of one network; the output layer is linear.
typedef struct {
    int hidden_count;
    int hidden[GS_MAX_HIDDEN_LAYERS]; ///< units of each hidden layer
} gs_network;

typedef struct {
    char *path; ///< as given; "" when read from memory
    char *text; ///< the file as read, NUL-terminated, `text_length` bytes
    size_t text_length;
    char *overrides; ///< the --set arguments, one a line; "" when none
    char *title;
    gs_data_law data;
    gs_network generator, discriminator;
    gs_values values[GS_SETTING_COUNT];
    gs_design design;     ///< GS_DESIGN_NONE when no setting is drawn
    int64_t keep_samples; ///< samples stored of each trial, <= check_samples
    bool keep_generator_by_epoch;
    int64_t check_samples; ///< samples drawn from the trained generator for the check, >= dimension + 1
    double tolerance;      ///< covariance_ok: every generalized eigenvalue within 1 +- tolerance
    bool check_jsd;        ///< whether the Jensen-Shannon divergence of each trial is computed
    bool check_jacobian;   ///< and the eigenvalues of the gradient field's Jacobian at the end of training
} gs_experiment;

/// Reads and validates an experiment file.
/// @param overrides  [override_count] "name=value[,value...]" or "name=first:last", as of --set; may be NULL
/// @param experiment  on success the caller owns *experiment and ends it with gs_experiment_free()
/// @return GS_OK; GS_ERROR_INPUT with "file:line:column: key: what, what was expected"; GS_ERROR_RUN when out of memory
gs_status gs_experiment_read(const char *path, const char *const *overrides, int override_count,
                             gs_experiment **experiment, gs_error *error);

/// The same from memory; `name` stands for the file in messages (a results file reads its own experiment back this
/// way).
gs_status gs_experiment_parse(const char *text, size_t length, const char *name, const char *const *overrides,
                              int override_count, gs_experiment **experiment, gs_error *error);

void gs_experiment_free(gs_experiment *experiment);

/// Value number `index` of a setting as a double (exact for every accepted integer below 2^53) or as an integer.
double gs_values_real(const gs_values *values, int64_t index);
int64_t gs_values_integer(const gs_values *values, int64_t index);

/// Largest value that an integer setting takes anywhere in the experiment, or that a design may draw: what workspaces
/// and files are sized for.
int64_t gs_experiment_largest(const gs_experiment *experiment, gs_setting setting);

#ifdef __cplusplus
}
#endif
#endif
