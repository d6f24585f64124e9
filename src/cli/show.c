#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/curves.h"
#include "cli/ledger.h"
#include "report/fields.h"
#include "numeric/format.h"

enum { MOST_SHOWN = 6, STATUS_ROWS = 1 << 16 };

static int show(int argument_count, char **typed, gs_error *error);

const cli_command show_command = {
    .name = "show",
    .summary = "one trial in the notebook's own words",
    .description = "Shows one trial: its settings, its losses in the words of the notebook, its curves, the mean and "
                   "covariance of its samples beside the truth, and what they mean together. TRIAL counts from 0.",
    .operands = {"FILE", "TRIAL"},
    .examples = "  gansweep show d2l.h5 0\n",
    .run = show,
};

/// One trial being shown.
typedef struct {
    const gs_results *results;
    const gs_experiment *experiment;
    const gs_plan *plan;
    int64_t trial;
    gs_settings settings;
    gs_error *error;
} shown_trial;

/// The trial's row of a dataset, which the caller frees; NULL when it can't be read.
static void *read_row(const shown_trial *shown, const char *dataset) {
    const gs_layout *layout = gs_results_layout(shown->results);
    const int index = gs_layout_find(layout, dataset);
    if (index < 0) {
        (void)gs_fail(shown->error, GS_ERROR_RESULTS, "the file has no dataset %s", dataset);
        return NULL;
    }
    void *row = malloc((size_t)gs_layout_dataset(layout, index)->row_bytes);
    if (row == NULL) {
        (void)gs_fail(shown->error, GS_ERROR_RUN, "out of memory for a row of %s", dataset);
        return NULL;
    }
    if (gs_results_read(shown->results, dataset, shown->trial, 1, row, shown->error) != GS_OK) {
        free(row);
        return NULL;
    }
    return row;
}

/// A number of a (trial) dataset.
static gs_status read_number(const shown_trial *shown, const char *dataset, size_t size, void *number) {
    void *row = read_row(shown, dataset);
    if (row == NULL) {
        return GS_ERROR_RESULTS;
    }
    memcpy(number, row, size);
    free(row);
    return GS_OK;
}

static double provenance_number(const gs_results *results, const char *name) {
    char *text = gs_results_provenance(results, name);
    const double number = text == NULL ? NAN : strtod(text, NULL);
    free(text);
    return number;
}

/// Real examples a second that one thread of the sweep trained on; NaN while the sweep's time is not known.
static gs_status sweep_rate(const shown_trial *shown, double *rate) {
    const double thread_seconds =
        provenance_number(shown->results, "seconds") * provenance_number(shown->results, "threads");
    const gs_trial_range part = gs_plan_part(shown->plan);
    const int64_t end = part.first + part.count;
    double examples = 0;
    unsigned char *status = malloc(STATUS_ROWS);
    if (status == NULL) {
        return gs_fail(shown->error, GS_ERROR_RUN, "out of memory for the status of trials");
    }
    gs_status read = GS_OK;
    for (int64_t first = part.first; first < end && read == GS_OK; first += STATUS_ROWS) {
        const int64_t count = end - first < STATUS_ROWS ? end - first : STATUS_ROWS;
        read = gs_results_read(shown->results, "status", first, count, status, shown->error);
        for (int64_t i = 0; i < count && read == GS_OK; i++) {
            gs_settings settings;
            if (status[i] != GS_PENDING) {
                gs_plan_settings(shown->plan, first + i, &settings);
                examples += (double)settings.epochs * (double)shown->experiment->data.n;
            }
        }
    }
    free(status);
    *rate = examples / thread_seconds;
    return read;
}

static void print_settings(const shown_trial *shown, const char *path) {
    (void)printf("trial %lld of %s", (long long)shown->trial, path);
    for (gs_setting setting = 0; setting < GS_SETTING_COUNT; setting++) {
        char text[GS_SETTING_TEXT];
        (void)printf("%s%s %s", setting == 0 ? ": " : ", ", gs_settings_table[setting].name,
                     gs_setting_text(&shown->settings, setting, text));
    }
    (void)printf("\n");
}

/// The notebook's line, and where its rate comes from.
static gs_status print_losses(const shown_trial *shown, const float *loss_D, const float *loss_G) {
    double rate = NAN;
    const gs_status status = sweep_rate(shown, &rate);
    if (status != GS_OK) {
        return status;
    }
    const int64_t last = shown->settings.epochs - 1;
    (void)printf("\nloss_D %.3f, loss_G %.3f", loss_D[last], loss_G[last]);
    if (isfinite(rate)) {
        (void)printf(", %.1f examples/sec\n(examples/sec is the sweep's mean rate a thread, not this trial's own)\n",
                     rate);
    } else {
        (void)printf("\n(examples/sec is not known: the sweep has not ended)\n");
    }
    print_curves(loss_D, loss_G, shown->settings.epochs, shown->settings.generator_loss == GS_MINIMAX, stdout);
    return GS_OK;
}

static void print_numbers(const double *numbers, int count) {
    (void)printf("[");
    for (int i = 0; i < count && i < MOST_SHOWN; i++) {
        (void)printf("%s%.4g", i == 0 ? "" : ", ", numbers[i]);
    }
    (void)printf("%s]", count > MOST_SHOWN ? ", ..." : "");
}

static void print_matrix(const double *matrix, int dimension) {
    (void)printf("[");
    for (int row = 0; row < dimension && row < MOST_SHOWN; row++) {
        (void)printf("%s", row == 0 ? "" : ", ");
        print_numbers(matrix + (ptrdiff_t)row * dimension, dimension);
    }
    (void)printf("%s]", dimension > MOST_SHOWN ? ", ..." : "");
}

/// A^T A, which the caller frees; NULL when out of memory.
static double *true_covariance(const gs_data_law *law) {
    const ptrdiff_t d = law->dimension;
    double *covariance = calloc((size_t)(d * d), sizeof *covariance);
    for (ptrdiff_t i = 0; covariance != NULL && i < d * d; i++) {
        for (ptrdiff_t k = 0; k < d; k++) {
            covariance[i] += law->A[k * d + i / d] * law->A[k * d + i % d];
        }
    }
    return covariance;
}

static gs_status print_moments(const shown_trial *shown) {
    const gs_data_law *law = &shown->experiment->data;
    double *mean = read_row(shown, "sample_mean"), *covariance = read_row(shown, "sample_covariance");
    double *eigenvalues = read_row(shown, "covariance_eigenvalues"), *truth = true_covariance(law);
    const bool complete = mean != NULL && covariance != NULL && eigenvalues != NULL && truth != NULL;
    if (complete) {
        (void)printf("\nmean         ");
        print_numbers(mean, law->dimension);
        (void)printf(", true ");
        print_numbers(law->b, law->dimension);
        (void)printf("\ncovariance   ");
        print_matrix(covariance, law->dimension);
        (void)printf(", true ");
        print_matrix(truth, law->dimension);
        (void)printf("\neigenvalues  ");
        print_numbers(eigenvalues, law->dimension);
        (void)printf(" of S v = lambda A^T A v, true all 1\n");
    }
    free(mean);
    free(covariance);
    free(eigenvalues);
    free(truth);
    return complete ? GS_OK : GS_ERROR_RESULTS;
}

static gs_status print_distances(const shown_trial *shown) {
    double error, frechet, kl, covariance_statistic, joint_statistic;
    const struct {
        const char *dataset;
        double *value;
    } wanted[] = {{"covariance_error", &error},
                  {"frechet_distance", &frechet},
                  {"kl_exact", &kl},
                  {"lrt_covariance", &covariance_statistic},
                  {"lrt_joint", &joint_statistic}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const gs_status status = read_number(shown, wanted[i].dataset, sizeof(double), wanted[i].value);
        if (status != GS_OK) {
            return status;
        }
    }
    const double d = shown->experiment->data.dimension, freedom = d * (d + 1) / 2;
    (void)printf("distances    covariance error %.3g, Frechet %.3g", error, frechet);
    if (!isnan(kl)) {
        (void)printf(", KL %.3g nats", kl);
    }
    (void)printf("\ntests        covariance p = %.3g, covariance and mean p = %.3g (likelihood ratio)\n",
                 gs_chi_squared_p(covariance_statistic, freedom), gs_chi_squared_p(joint_statistic, freedom + d));
    return GS_OK;
}

/// What the losses and the law say together; the loss alone is never enough.
static gs_status print_verdict(const shown_trial *shown, float loss_D, float loss_G) {
    unsigned char ok;
    const gs_status status = read_number(shown, "covariance_ok", sizeof ok, &ok);
    if (status != GS_OK) {
        return status;
    }
    const bool prints = gs_prints_ln2(shown->settings.generator_loss, loss_D, loss_G);
    (void)printf("\nThe losses %s 0.693 / %s0.693%s the covariance is %s: %s eigenvalue is within %g of 1.\n",
                 prints ? "print" : "don't print", shown->settings.generator_loss == GS_MINIMAX ? "-" : "",
                 prints == (ok != 0) ? " and" : ", but", ok ? "right" : "wrong", ok ? "every" : "not every",
                 shown->experiment->tolerance);
    if (prints && !ok) {
        (void)printf("A loss of 0.693 alone says little: an untrained net prints it too.\n");
    }
    return GS_OK;
}

static gs_status print_diverged(const shown_trial *shown, const float *loss_D, const float *loss_G) {
    int64_t epoch;
    const gs_status status = read_number(shown, "diverged_epoch", sizeof epoch, &epoch);
    if (status == GS_OK) {
        (void)printf(
            "\nThis trial diverged: a loss or a parameter was not finite at the end of epoch %lld of %lld. It has "
            "no generator to judge.\n",
            (long long)epoch, (long long)shown->settings.epochs);
        if (epoch > 1) {
            print_curves(loss_D, loss_G, shown->settings.epochs, shown->settings.generator_loss == GS_MINIMAX, stdout);
        }
    }
    return status;
}

static gs_status print_finished(const shown_trial *shown, gs_trial_status trial_status) {
    float *loss_D = read_row(shown, "loss_D"), *loss_G = read_row(shown, "loss_G");
    gs_status status = loss_D == NULL || loss_G == NULL ? GS_ERROR_RESULTS : GS_OK;
    if (status == GS_OK && trial_status == GS_DIVERGED) {
        status = print_diverged(shown, loss_D, loss_G);
    } else if (status == GS_OK) {
        const int64_t last = shown->settings.epochs - 1;
        status = print_losses(shown, loss_D, loss_G);
        status = status == GS_OK ? print_moments(shown) : status;
        status = status == GS_OK ? print_distances(shown) : status;
        status = status == GS_OK ? print_verdict(shown, loss_D[last], loss_G[last]) : status;
    }
    free(loss_D);
    free(loss_G);
    return status;
}

static gs_status show_trial(const gs_results *results, const char *path, const char *trial, gs_error *error) {
    shown_trial shown = {.results = results,
                         .experiment = gs_results_experiment(results),
                         .plan = gs_results_plan(results),
                         .error = error};
    const gs_trial_range part = gs_plan_part(shown.plan);
    char *end;
    errno = 0;
    shown.trial = strtoll(trial, &end, 10);
    if (end == trial || *end != '\0' || errno != 0 || shown.trial < part.first ||
        shown.trial >= part.first + part.count) {
        return gs_fail(error, GS_ERROR_INPUT, "TRIAL: '%.100s' is not a trial of %s; %lld to %lld was expected", trial,
                       path, (long long)part.first, (long long)(part.first + part.count - 1));
    }
    gs_plan_settings(shown.plan, shown.trial, &shown.settings);
    unsigned char status;
    gs_status read = read_number(&shown, "status", sizeof status, &status);
    if (read == GS_OK && status != GS_PENDING) {
        read = gs_results_check_row(results, shown.trial, error);
    }
    if (read != GS_OK) {
        return read;
    }
    print_settings(&shown, path);
    if (status == GS_PENDING) {
        (void)printf("\nThis trial is pending: it has not been trained yet.\n");
        return GS_OK;
    }
    return print_finished(&shown, (gs_trial_status)status);
}

static int show(int argument_count, char **typed, gs_error *error) {
    const char *operands[MAX_OPERANDS] = {NULL};
    gs_results *results;
    gs_status status = read_arguments(&show_command, argument_count, typed, NULL, operands, error);
    if (status == GS_OK) {
        status = gs_results_open(operands[0], &results, error);
    }
    if (status != GS_OK) {
        return status;
    }
    status = show_trial(results, operands[0], operands[1], error);
    if (status == GS_OK) {
        status = print_ledger_of(results, error);
    }
    gs_results_close(results);
    return status;
}
