/// What a results file shows, per configuration, with the untrained net as the null baseline.
///
/// A loss of 0.693 is what an untrained net, a dead discriminator and a collapsed generator score too. So every row
/// sets the share that prints 0.693 / 0.693 beside the share whose covariance is right, and both beside the untrained
/// nets'.
#ifndef GANSWEEP_REPORT_H
#define GANSWEEP_REPORT_H

#include <stdio.h>

#include "gansweep/check.h"
#include "gansweep/effects.h"
#include "gansweep/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Location and spread of one quantity over the finished, not diverged trials of a configuration; NaN when there are
/// none. The standard deviation has divisor count - 1; quantiles interpolate linearly between order statistics, as
/// NumPy does.
typedef struct {
    double mean, standard_deviation, median, percentile_5, percentile_95;
} gs_distribution;

/// A share of trials with its 95 % Wilson score interval (Wilson 1927); NaN when `of` is 0.
typedef struct {
    int64_t count, of;
    double share, low, high;
} gs_share;

/// Interval of 95 % of a mean over the trials that are done, over units: BCa bootstrap, of fewer than 50 Student's t.
/// NaN for fewer than two.
typedef struct {
    double low, high;
} gs_mean_interval;

/// How near to the equilibrium is near enough: 0.0005 nat, which prints as 0.693 most often, and 0.005.
enum { GS_MARGIN_COUNT = 2 };
extern const double gs_margins[GS_MARGIN_COUNT];

/// One configuration. Shares are of its finished trials: a diverged trial is one of them, and is neither right nor
/// prints 0.693. Medians are over the trials for which the quantity is defined: kl_exact is for affine generators only.
typedef struct {
    int64_t configuration;
    gs_settings settings;                    ///< of its first trial; the seeds mean nothing
    int64_t trials, done, diverged, pending; ///< done: finished and not diverged
    gs_distribution loss_D, loss_G;          ///< nats per example, of the last epoch
    int64_t units;                           ///< that are independent: trials with the same data are one
    gs_mean_interval loss_D_mean, loss_G_mean;
    /// Two one-sided t tests over units: that both mean losses lie within each margin of their value at the
    /// equilibrium.
    double equivalence_p[GS_MARGIN_COUNT];
    double equivalence_q[GS_MARGIN_COUNT]; ///< the same adjusted for the number of rows (Benjamini & Hochberg 1995)
    gs_share prints_ln2;                   ///< both last losses print 0.693: gs_prints_ln2
    gs_share covariance_ok;
    gs_share both;                             ///< prints 0.693 / 0.693 and covariance_ok
    gs_share outcome[GS_OUTCOME_COUNT];        ///< what became of the finished trials; the shares add up to 1
    gs_share outcome_at_ln2[GS_OUTCOME_COUNT]; ///< and of those that print 0.693 / 0.693
    gs_share lrt_rejected;                     ///< joint likelihood-ratio test of mean and covariance has p < 0.05
    double median_covariance_error, median_frechet_distance, median_kl;
    /// Of what an experiment requests; NaN, and 0 of 0, when it does not.
    double median_jsd;    ///< nats: the best discriminator's loss is ln 2 less this
    double median_missed; ///< nats: by how much the trained discriminator's loss, end_loss_D, exceeds the best one's
    gs_share unstable;    ///< the Jacobian has an eigenvalue whose real part is above GS_UNSTABLE
    double median_largest_real, median_largest_ratio; ///< over the Jacobian's eigenvalues
} gs_report_row;

#define GS_UNSTABLE 1e-9 ///< what rounding leaves of a real part that is 0 is far smaller

/// The null baseline is what the same columns say of nets that were never trained: the same settings with learning
/// rates of 0, one epoch, up to 256 seeds. It depends on convention, generator_loss and latent_dim alone, and rows
/// share it.
typedef struct {
    gs_trial_range trials; ///< of the file: a shard has a part of the experiment's alone
    int64_t experiment_trials;
    int64_t count;
    gs_report_row *rows; ///< [count], plan order; of the configurations that the file has trials of
    int64_t baseline_count;
    gs_report_row *baselines; ///< [baseline_count]
    int64_t *baseline_of;     ///< [count] row i is to be compared with baselines[baseline_of[i]]
    /// The floors: what samples of the true law score, as many as are checked of each trial, and the real data, over up
    /// to 256 sets. Only trials, done, covariance_ok, lrt_rejected and the medians of error and distance mean
    /// something.
    gs_report_row ideal, real_data;
    /// Spearman's rank correlation of the distance of the last losses from ln 2, the greater of the two, with the
    /// covariance error, over an even part of the done trials, and its interval of 95 %.
    double error_correlation, error_correlation_low, error_correlation_high;
    int64_t correlated;  ///< trials
    gs_effects *effects; ///< of the swept settings
} gs_report;

typedef enum {
    GS_FORMAT_TABLE,
    GS_FORMAT_CSV,
    GS_FORMAT_JSON,
    GS_FORMAT_HTML,
    GS_FORMAT_COUNT,
} gs_report_format;
extern const char *const gs_report_format_names[GS_FORMAT_COUNT]; ///< "table", "csv", "json", "html"

/// Reads each configuration's columns once, in order, and where settings are swept those of each response again.
/// Memory: the rows, 73 bytes for each trial of the largest configuration, and up to 32 MB.
gs_status gs_report_create(const gs_results *results, gs_report **report, gs_error *error);
void gs_report_free(gs_report *report);

/// Prints a report.
///
/// `table` is cut to the stream's screen (about 20 rows when it is not a terminal): best and worst configurations
/// first; bold and dim only on a terminal and when NO_COLOR is not set. `csv` (RFC 4180) has a line for each
/// configuration, with "nan", "inf" and "-inf"; `json` an object with `rows`, where NaN is null and infinities are the
/// strings "inf",
/// "-inf"; `html` a page with figures that needs no other file, no network and no script, written only when it is
/// whole.
/// @param path  the file's name, for the heading
/// @return GS_ERROR_RUN when the stream can't be written
gs_status gs_report_print(const gs_report *report, const gs_results *results, const char *path, gs_report_format format,
                          FILE *stream, gs_error *error);

/// Prints main effects and interactions: `table` all of them and the means of every level; `csv` a line for each
/// response and part of its variance, and for each response and level; `json` the object that gs_report_print has, too.
/// @return GS_ERROR_RUN when the stream can't be written
gs_status gs_report_print_effects(const gs_report *report, const char *path, gs_report_format format, FILE *stream,
                                  gs_error *error);

/// Upper tail of the chi-squared distribution: the p-value of a stored likelihood-ratio statistic. 0 for +inf, NaN for
/// NaN. Degrees of freedom: d(d+1)/2 for lrt_covariance, d more for lrt_joint, where d is the data's dimension.
double gs_chi_squared_p(double statistic, double degrees_of_freedom);

#ifdef __cplusplus
}
#endif
#endif
