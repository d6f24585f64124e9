/// A sweep against the runs that the notebook's authors published.
///
/// PyTorch and TensorFlow drew everything afresh at each run, so their runs are samples of independent trainings. The
/// 75 MXNet runs share data, initialisation and latents, since MXNet's generator starts from a constant seed, and
/// differ in the order of the data alone: they are one cluster, and are ranked among clusters of ours.
#ifndef GANSWEEP_PUBLISHED_COMPARE_H
#define GANSWEEP_PUBLISHED_COMPARE_H

#include "gansweep/report.h"
#include "inference/two_sample.h"
#include "published/runs.h"

extern const char *const gs_framework_names[GS_FRAMEWORK_COUNT]; ///< "MXNet", "PyTorch", "TensorFlow"

enum { GS_PUBLISHED_PERMUTATIONS = 9999 };

/// What is said of clusters: of the published one, and of its rank among ours.
enum { GS_CLUSTER_STATISTICS = 5 };
extern const char *const gs_cluster_statistic_names[GS_CLUSTER_STATISTICS];

/// One configuration that follows the notebook, against the runs of the framework whose convention it has.
typedef struct {
    int64_t configuration;
    gs_settings settings; ///< of its first trial
    gs_framework framework;
    int64_t trials;                        ///< done
    gs_share published, trained;           ///< that print 0.693 / 0.693
    gs_two_sample loss_D, loss_G;          ///< printed losses; NaN for MXNet, whose runs are no sample
    int64_t clusters, of_a_cluster;        ///< ours: the same data, initialisation and latents in other orders; 0: none
    double cluster[GS_CLUSTER_STATISTICS]; ///< of the published runs; MXNet only
    double cluster_p[GS_CLUSTER_STATISTICS]; ///< two-sided, by rank; NaN without clusters
    double at_line, D_to_line,
        G_to_line; ///< shares that print the notebook's own line, and that print up to its losses
} gs_published_comparison;

typedef struct {
    int64_t count;                        ///< configurations that follow the notebook
    gs_published_comparison *comparisons; ///< [count]
    int64_t left_out;                     ///< configurations that don't
    char why[128];                        ///< what the first of these has otherwise; "" if all follow it
} gs_published;

/// The line that the notebook itself prints (its MXNet edition).
extern const double gs_notebook_loss_D, gs_notebook_loss_G;

/// @return GS_ERROR_RUN when out of memory, or a failure to read
gs_status gs_published_create(const gs_results *results, gs_published **published, gs_error *error);
void gs_published_free(gs_published *published);

#endif
