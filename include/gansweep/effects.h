/// What the swept settings do: main effects and interactions over a sweep that crosses them.
///
/// A *factor* is a setting that takes several values, or all settings of a zip, which walk together, or all that a
/// design draws at its points. Where the configurations are the full crossing of the factors, and all have the same
/// data sets, a response's variation falls into orthogonal parts: each factor's main effect, the interaction of each
/// pair, higher ones together, what the data sets do everywhere alike, and the rest. Each part has its share (eta
/// squared), which says how much it matters; the p-value only says whether it could be chance. Data sets are the blocks
/// of the test, since configurations with the same seed are not independent: they share the data and the draws
/// (docs/statistics.md).
#ifndef GANSWEEP_EFFECTS_H
#define GANSWEEP_EFFECTS_H

#include "gansweep/experiment.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What is measured of each trial. The last two are means of logarithms, reported as geometric means: they span orders
/// of magnitude. Diverged trials count as not printing and not right, and are left out of the last two.
typedef enum {
    GS_RESPONSE_PRINTS_LN2,       ///< share at 0.693 / 0.693
    GS_RESPONSE_COVARIANCE_OK,    ///< share whose covariance is right
    GS_RESPONSE_COVARIANCE_ERROR, ///< dimensionless
    GS_RESPONSE_LOSS_DISTANCE,    ///< |loss - ln 2| of the last epoch, the greater of both networks, nats
    GS_RESPONSE_COUNT,
} gs_response;

/// "prints_ln2", "covariance_ok", "covariance_error", "loss_distance"
extern const char *const gs_response_names[GS_RESPONSE_COUNT];

enum { GS_FACTOR_NAME = 128, GS_MOST_FACTORS = GS_SETTING_COUNT };

typedef struct {
    char name[GS_FACTOR_NAME]; ///< "lr_G", "batch_size & epochs"
    bool drawn;                ///< at the points of a design: its levels are points, in no order that means something
    int setting_count;
    gs_setting settings[GS_SETTING_COUNT]; ///< one, or those of a zip or a design
    int64_t level_count;
    int64_t *rows;   ///< [level_count] of the report, one that has the level: its settings say which it is
    int64_t *levels; ///< [rows of the report] the level of each
} gs_factor;

/// A factor's level: the mean over all configurations that have it, each counting equally, with its interval of 95 %
/// over data sets (BCa, Student's t of few); NaN for fewer than two, and for the points of a design.
typedef struct {
    double mean, low, high;
} gs_level_mean;

/// A main effect, or an interaction of two factors.
typedef struct {
    int first, second;          ///< numbers of the factors; second is -1 for a main effect
    double degrees_of_freedom;  ///< before they are lowered by epsilon
    double sum_of_squares;      ///< over units and configurations
    double eta_squared;         ///< of the total sum of squares; NaN when nothing varies
    double partial_eta_squared; ///< of the effect's and its own error's
    double epsilon;             ///< Greenhouse and Geisser's
    double F;
    double p;
    double q; ///< p adjusted for the number of effects and responses (Benjamini & Hochberg 1995)
} gs_effect;

typedef struct {
    bool given;            ///< false: some configuration has no trial with this response
    int64_t left_out;      ///< trials without the response: not finished, or diverged where a share doesn't count them
    double total;          ///< sum of squares over units and configurations, and within them
    double units;          ///< of these: of the units' means over all configurations
    double higher;         ///< interactions of more than two factors
    double rest;           ///< how units differ in what the settings do to them
    double within;         ///< how trials with the same data differ under the same settings, a unit counting as one
    gs_effect *effects;    ///< [effect_count]
    gs_level_mean *levels; ///< [level_count]
} gs_response_effects;

/// How the responses go with one setting that a design draws: Spearman's rank correlations over the design's points,
/// with their intervals of 95 %. Responses of a point are means over its configurations: of their shares, their median
/// covariance errors, and how far their mean losses are from ln 2.
typedef struct {
    gs_setting setting;
    struct {
        double correlation, low, high; ///< NaN when either is constant
    } responses[GS_RESPONSE_COUNT];
} gs_trend;

typedef struct {
    int factor_count; ///< 0: nothing is swept
    gs_factor factors[GS_MOST_FACTORS];
    const char *missing; ///< why there are no effects of this sweep; NULL: there are
    int64_t units;       ///< data sets
    int effect_count;    ///< main effects in the order of factors, then pairs
    int64_t level_count; ///< of all factors together, one after the other
    int64_t resamples;
    gs_response_effects responses[GS_RESPONSE_COUNT];
    int trend_count; ///< settings that a design draws, but for those whose values have names
    gs_trend trends[GS_SETTING_COUNT];
} gs_effects;

#ifdef __cplusplus
}
#endif
#endif
