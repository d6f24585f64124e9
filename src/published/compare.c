#include "published/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/quantile.h"
#include "report/column.h"
#include "report/distribution.h"

static const uint64_t SEED = 2019;          // of the permutations
static const double FARTHEST = 0.1;         // nat: a deviation counts as at most this
static const double ROUNDING = 1e-9;        // printed losses that differ by less are equal
static const double PRINTED_PER_NAT = 1000; // three decimals

const char *const gs_framework_names[GS_FRAMEWORK_COUNT] = {"MXNet", "PyTorch", "TensorFlow"};
const char *const gs_cluster_statistic_names[GS_CLUSTER_STATISTICS] = {
    "share at 0.693 / 0.693", "median loss_D", "median loss_G", "spread of loss_D", "spread of loss_G"};
const double gs_notebook_loss_D = 0.694, gs_notebook_loss_G = 0.692;

/// Losses of trainings as the notebook prints them.
typedef struct {
    int64_t count;
    double *loss_D, *loss_G; ///< [count]
} printed_runs;

/// What "%.3f" prints, as a number: a float times 1000 is exact in double precision, and so rounded as it is printed.
static double printed(double loss) {
    return rint(PRINTED_PER_NAT * loss) / PRINTED_PER_NAT;
}

static bool new_runs(int64_t most, printed_runs *runs) {
    *runs = (printed_runs){.loss_D = malloc(((size_t)most + 1) * sizeof(double)),
                           .loss_G = malloc(((size_t)most + 1) * sizeof(double))};
    return runs->loss_D != NULL && runs->loss_G != NULL;
}

static void free_runs(printed_runs *runs) {
    free(runs->loss_D);
    free(runs->loss_G);
}

static void take_published(gs_framework framework, printed_runs *runs) {
    runs->count = 0;
    for (int i = 0; i < gs_published_run_count; i++) {
        if (gs_published_runs[i].framework == framework) {
            runs->loss_D[runs->count] = gs_published_runs[i].loss_D;
            runs->loss_G[runs->count++] = gs_published_runs[i].loss_G;
        }
    }
}

static bool is_at(double loss, double line) {
    return fabs(loss - line) < ROUNDING;
}

static gs_share share_at(const printed_runs *runs, double loss_D, double loss_G) {
    int64_t count = 0;
    for (int64_t i = 0; i < runs->count; i++) {
        count += is_at(runs->loss_D[i], loss_D) && is_at(runs->loss_G[i], loss_G);
    }
    return gs_share_of(count, runs->count);
}

static double share_up_to(const double *losses, int64_t count, double line) {
    int64_t below = 0;
    for (int64_t i = 0; i < count; i++) {
        below += losses[i] < line + ROUNDING;
    }
    return count == 0 ? (double)NAN : (double)below / (double)count;
}

// ---- which configurations follow the notebook ----

static bool are_equal(const double *a, const double *b, int count) {
    for (int i = 0; i < count; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

static bool is_notebooks_experiment(const gs_experiment *experiment) {
    static const double A[] = {1, 2, -0.1, 0.5}, b[] = {1, 2};
    const gs_network *discriminator = &experiment->discriminator;
    return experiment->data.dimension == 2 && are_equal(experiment->data.A, A, 4) &&
           are_equal(experiment->data.b, b, 2) && experiment->data.n == 1000 &&
           experiment->generator.hidden_count == 0 && discriminator->hidden_count == 2 &&
           discriminator->hidden[0] == 5 && discriminator->hidden[1] == 3;
}

/// Whether the settings are the notebook's; else `why` says the first that is not.
static bool follows_notebook(const gs_experiment *experiment, const gs_settings *settings, char *why, size_t room) {
    if (!is_notebooks_experiment(experiment)) {
        (void)snprintf(why, room, "its data or its networks are others");
    } else if (settings->lr_D != 0.05) {
        (void)snprintf(why, room, "its lr_D is %g, not 0.05", settings->lr_D);
    } else if (settings->lr_G != 0.005) {
        (void)snprintf(why, room, "its lr_G is %g, not 0.005", settings->lr_G);
    } else if (settings->batch_size != 8) {
        (void)snprintf(why, room, "its batch_size is %lld, not 8", (long long)settings->batch_size);
    } else if (settings->latent_dim != 2) {
        (void)snprintf(why, room, "its latent_dim is %lld, not 2", (long long)settings->latent_dim);
    } else if (settings->epochs != 20) {
        (void)snprintf(why, room, "its epochs are %lld, not 20", (long long)settings->epochs);
    } else if (settings->generator_loss != GS_NON_SATURATING) {
        (void)snprintf(why, room, "its generator_loss is %s, not non-saturating",
                       gs_generator_loss_names[settings->generator_loss]);
    } else {
        return true;
    }
    return false;
}

static gs_framework framework_of(gs_convention convention) {
    return convention == GS_MXNET ? GS_FRAMEWORK_MXNET : convention == GS_TORCH ? GS_FRAMEWORK_TORCH : GS_FRAMEWORK_TF;
}

// ---- clusters ----

/// A training and what its cluster shares.
typedef struct {
    int64_t seed, data_seed, run;
} cluster_member;

static int compare_members(const void *a, const void *b) {
    const cluster_member *first = a, *second = b;
    if (first->seed != second->seed) {
        return first->seed > second->seed ? 1 : -1;
    }
    if (first->data_seed != second->data_seed) {
        return first->data_seed > second->data_seed ? 1 : -1;
    }
    return (first->run > second->run) - (first->run < second->run);
}

/// Median, and mean absolute deviation from it, cut at FARTHEST: one run that explodes must not be all that is seen.
static void describe(double *losses, int64_t count, double *median, double *spread) {
    gs_sort(losses, count);
    *median = gs_quantile(losses, count, 0.5);
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += fmin(fabs(losses[i] - *median), FARTHEST);
    }
    *spread = sum / (double)count;
}

/// @param runs  are put into another order
static void describe_cluster(printed_runs *runs, double statistics[GS_CLUSTER_STATISTICS]) {
    statistics[0] = share_at(runs, 0.693, 0.693).share;
    describe(runs->loss_D, runs->count, &statistics[1], &statistics[3]);
    describe(runs->loss_G, runs->count, &statistics[2], &statistics[4]);
}

/// Ranks the published cluster among ours: p = 2 (1 + the fewer of those not above and not below) / (1 + clusters).
static gs_status rank_cluster(cluster_member *members, const printed_runs *runs, gs_published_comparison *comparison,
                              gs_error *error) {
    printed_runs own;
    int64_t not_above[GS_CLUSTER_STATISTICS] = {0}, not_below[GS_CLUSTER_STATISTICS] = {0}, smallest = INT64_MAX;
    if (!new_runs(runs->count > gs_published_run_count ? runs->count : gs_published_run_count, &own)) {
        free_runs(&own);
        return gs_fail(error, GS_ERROR_RUN, "out of memory to rank the published cluster");
    }
    take_published(GS_FRAMEWORK_MXNET, &own);
    describe_cluster(&own, comparison->cluster);
    qsort(members, (size_t)runs->count, sizeof *members, compare_members);
    for (int64_t first = 0, end; first < runs->count; first = end) {
        for (end = first; end < runs->count && members[end].seed == members[first].seed &&
                          members[end].data_seed == members[first].data_seed;
             end++) {
            own.loss_D[end - first] = runs->loss_D[members[end].run];
            own.loss_G[end - first] = runs->loss_G[members[end].run];
        }
        own.count = end - first;
        smallest = own.count < smallest ? own.count : smallest;
        double statistics[GS_CLUSTER_STATISTICS];
        describe_cluster(&own, statistics);
        for (int k = 0; k < GS_CLUSTER_STATISTICS; k++) {
            not_above[k] += statistics[k] <= comparison->cluster[k] + ROUNDING;
            not_below[k] += statistics[k] >= comparison->cluster[k] - ROUNDING;
        }
        comparison->clusters++;
    }
    free_runs(&own);
    comparison->of_a_cluster = smallest;
    if (smallest < 2 || comparison->clusters < 2) { // no other orders of the same data: nothing to rank among
        comparison->clusters = comparison->of_a_cluster = 0;
        return GS_OK;
    }
    for (int k = 0; k < GS_CLUSTER_STATISTICS; k++) {
        const int64_t fewer = not_above[k] < not_below[k] ? not_above[k] : not_below[k];
        comparison->cluster_p[k] = fmin(1, 2 * (double)(1 + fewer) / (double)(1 + comparison->clusters));
    }
    return GS_OK;
}

// ---- one configuration ----

/// Reads the last losses of a configuration's done trials, as printed, and what their clusters share.
static gs_status read_runs(gs_columns *columns, const gs_plan *plan, const gs_published_comparison *comparison,
                           printed_runs *runs, cluster_member *members, gs_error *error) {
    enum { WINDOW = 4096 };
    double status[WINDOW], loss_D[WINDOW], loss_G[WINDOW];
    const int64_t count = gs_plan_member_count(plan, comparison->configuration);
    gs_status read = GS_OK;
    runs->count = 0;
    for (int64_t at = 0, step; at < count && read == GS_OK; at += step) {
        const int64_t first = gs_plan_member(plan, comparison->configuration, at);
        const int64_t together = gs_plan_run_from(plan, first);
        step = together < WINDOW ? together : WINDOW;
        step = step < count - at ? step : count - at;
        read = gs_columns_read(columns, GS_QUANTITY_STATUS, comparison->settings.epochs, first, step, status, error);
        if (read == GS_OK) {
            read =
                gs_columns_read(columns, GS_QUANTITY_LOSS_D, comparison->settings.epochs, first, step, loss_D, error);
        }
        if (read == GS_OK) {
            read =
                gs_columns_read(columns, GS_QUANTITY_LOSS_G, comparison->settings.epochs, first, step, loss_G, error);
        }
        for (int64_t i = 0; i < step && read == GS_OK; i++) {
            if (status[i] == GS_DONE) {
                gs_settings settings;
                gs_plan_settings(plan, first + i, &settings);
                members[runs->count] = (cluster_member){settings.seed, settings.data_seed, runs->count};
                runs->loss_D[runs->count] = printed(loss_D[i]);
                runs->loss_G[runs->count++] = printed(loss_G[i]);
            }
        }
    }
    return read;
}

static gs_status compare_samples(const printed_runs *published, const printed_runs *runs,
                                 gs_published_comparison *comparison, gs_error *error) {
    gs_status status = gs_two_sample_test(published->loss_D, published->count, runs->loss_D, runs->count,
                                          GS_PUBLISHED_PERMUTATIONS, SEED, &comparison->loss_D, error);
    if (status == GS_OK) {
        status = gs_two_sample_test(published->loss_G, published->count, runs->loss_G, runs->count,
                                    GS_PUBLISHED_PERMUTATIONS, SEED, &comparison->loss_G, error);
    }
    return status;
}

static gs_status compare_runs(const printed_runs *runs, cluster_member *members, gs_published_comparison *comparison,
                              gs_error *error) {
    printed_runs published;
    gs_status status = GS_OK;
    comparison->trials = runs->count;
    comparison->loss_D = comparison->loss_G = (gs_two_sample){NAN, NAN, NAN, NAN};
    for (int k = 0; k < GS_CLUSTER_STATISTICS; k++) {
        comparison->cluster[k] = comparison->cluster_p[k] = NAN;
    }
    if (!new_runs(gs_published_run_count, &published)) {
        free_runs(&published);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the published runs");
    }
    take_published(comparison->framework, &published);
    comparison->published = share_at(&published, 0.693, 0.693);
    comparison->trained = share_at(runs, 0.693, 0.693);
    comparison->at_line = share_at(runs, gs_notebook_loss_D, gs_notebook_loss_G).share;
    comparison->D_to_line = share_up_to(runs->loss_D, runs->count, gs_notebook_loss_D);
    comparison->G_to_line = share_up_to(runs->loss_G, runs->count, gs_notebook_loss_G);
    if (runs->count > 0) {
        status = comparison->framework == GS_FRAMEWORK_MXNET ? rank_cluster(members, runs, comparison, error)
                                                             : compare_samples(&published, runs, comparison, error);
    }
    free_runs(&published);
    return status;
}

static gs_status compare(const gs_results *results, gs_columns *columns, gs_published_comparison *comparison,
                         gs_error *error) {
    const gs_plan *plan = gs_results_plan(results);
    const int64_t most = gs_plan_member_count(plan, comparison->configuration);
    printed_runs runs;
    cluster_member *members = malloc(((size_t)most + 1) * sizeof *members);
    gs_status status =
        new_runs(most, &runs) && members != NULL
            ? read_runs(columns, plan, comparison, &runs, members, error)
            : gs_fail(error, GS_ERROR_RUN, "out of memory for the losses of %lld trials", (long long)most);
    if (status == GS_OK) {
        status = compare_runs(&runs, members, comparison, error);
    }
    free(members);
    free_runs(&runs);
    return status;
}

// ---- all of them ----

static gs_status find_configurations(const gs_results *results, gs_published *made, gs_error *error) {
    const gs_plan *plan = gs_results_plan(results);
    const int64_t configurations = gs_plan_configuration_count(plan);
    const int64_t end = gs_plan_first_configuration(plan) + configurations;
    made->comparisons = calloc((size_t)configurations + 1, sizeof *made->comparisons);
    if (made->comparisons == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for %lld configurations", (long long)configurations);
    }
    for (int64_t i = gs_plan_first_configuration(plan); i < end; i++) {
        gs_published_comparison *comparison = &made->comparisons[made->count];
        char why[sizeof made->why];
        comparison->configuration = i;
        gs_plan_configuration_settings(plan, i, &comparison->settings);
        if (gs_plan_member_count(plan, i) == 0) {
            continue;
        }
        comparison->framework = framework_of(comparison->settings.convention);
        if (follows_notebook(gs_results_experiment(results), &comparison->settings, why, sizeof why)) {
            made->count++;
        } else if (made->left_out++ == 0) {
            memcpy(made->why, why, sizeof why);
        }
    }
    return GS_OK;
}

gs_status gs_published_create(const gs_results *results, gs_published **published, gs_error *error) {
    gs_published *made = calloc(1, sizeof *made);
    gs_columns *columns = NULL;
    if (made == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    gs_status status = gs_columns_create(results, &columns, error);
    if (status == GS_OK) {
        status = find_configurations(results, made, error);
        for (int64_t i = 0; i < made->count && status == GS_OK; i++) {
            status = compare(results, columns, &made->comparisons[i], error);
        }
        gs_columns_free(columns);
    }
    if (status != GS_OK) {
        gs_published_free(made);
        return status;
    }
    *published = made;
    return GS_OK;
}

void gs_published_free(gs_published *published) {
    if (published != NULL) {
        free(published->comparisons);
        free(published);
    }
}
