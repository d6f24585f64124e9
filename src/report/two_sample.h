/// Two-sample tests between real data and samples of the generators, trial by trial.
///
/// What finite data can tell apart: the first rows of the data that a trial was trained on against as many samples of
/// its generator, both drawn again from its seeds and parameters. Beside them the same tests of what must not be told
/// apart, fresh samples of the true law, and of what must, nets that were never trained.
#ifndef REPORT_TWO_SAMPLE_H
#define REPORT_TWO_SAMPLE_H

#include "gansweep/report.h"
#include "inference/sample_tests.h"

enum {
    GS_TWO_SAMPLE_POINTS = 200,       ///< presets
    GS_TWO_SAMPLE_PERMUTATIONS = 199, ///< (1 + 9) / (1 + 199) is 0.05 exactly
    GS_TWO_SAMPLE_TRIALS = 8192,      ///< of a whole sweep, at least one of each configuration
    GS_FEWEST_PERMUTATIONS = 19,      ///< with which p can be 0.05
    GS_MOST_PERMUTATIONS = 99999,
};
#define GS_ALL_TRIALS INT64_MAX

/// Rejected: p at most this; discoveries: p adjusted for the false discovery rate at most this.
#define GS_TWO_SAMPLE_LEVEL 0.05

typedef struct {
    int64_t trials;       ///< of each configuration, spread evenly over them; GS_ALL_TRIALS; 0: the preset
    int64_t points;       ///< of each sample; where the data have fewer rows, so many
    int64_t permutations; ///< of energy distance and MMD
    int threads;          ///< 0: as for a run; the numbers are the same with each
    /// May be NULL. Called from one thread at a time, after every trial.
    void (*progress)(double share, void *context);
    void *context;
    const volatile int *stop; ///< set by a signal handler to give up; may be NULL
} gs_two_sample_options;

typedef enum {
    GS_NOT_TESTED_PENDING,
    GS_TESTED,
    GS_NOT_TESTED_DIVERGED,
    GS_NOT_TESTED_NOT_FINITE, ///< its parameters are finite, and its samples are not
    GS_TESTED_COUNT,
} gs_tested;
extern const char *const gs_tested_names[GS_TESTED_COUNT]; ///< "pending", "tested", "diverged", "not_finite"

/// One trial that was chosen.
typedef struct {
    int64_t trial;
    gs_tested state;
    gs_sample_test tests[GS_SAMPLE_TEST_COUNT]; ///< NaN unless tested
} gs_tested_trial;

/// One test over the trials of a row that were tested; those for which it is not defined are left out.
typedef struct {
    double median;       ///< of the statistic
    gs_share rejected;   ///< p <= GS_TWO_SAMPLE_LEVEL, with its 95 % Wilson interval
    int64_t discoveries; ///< adjusted p <= GS_TWO_SAMPLE_LEVEL (Benjamini & Hochberg 1995)
} gs_test_summary;

typedef struct {
    int64_t configuration;           ///< -1: a row of other nets, or of the whole sweep
    gs_settings settings;            ///< of its first trial; the seeds mean nothing
    int64_t trials;                  ///< in the plan
    int64_t chosen;                  ///< of these
    int64_t states[GS_TESTED_COUNT]; ///< of those that were chosen
    gs_test_summary tests[GS_SAMPLE_TEST_COUNT];
} gs_two_sample_row;

/// p-values are adjusted over all tested trials of the sweep, those of floors over their own row.
typedef struct {
    int64_t points, permutations; ///< as they were used
    int64_t count;
    gs_two_sample_row *rows; ///< [count] a configuration each, in plan order
    gs_two_sample_row sweep, true_law;
    int64_t data_sets; ///< of the sweep that fresh samples of the true law stand against, in turn
    int64_t untrained_count;
    gs_two_sample_row *untrained; ///< [untrained_count] of one convention and latent_dim each
    int64_t *untrained_of;        ///< [count] row i is to be compared with untrained[untrained_of[i]]
    int64_t tested_count;
    gs_tested_trial *tested; ///< [tested_count] all that were chosen, those of row 0 first, ascending in a row
} gs_two_sample_report;

/// @return GS_ERROR_INPUT when the data have fewer than GS_FEWEST_POINTS rows; GS_ERROR_RESULTS when the file's trials
///         follow another version of the numerical contract, or it can't be read; GS_ERROR_RUN when stopped or out of
///         memory
gs_status gs_two_sample_create(const gs_results *results, const gs_two_sample_options *options,
                               gs_two_sample_report **report, gs_error *error);
void gs_two_sample_free(gs_two_sample_report *report);

/// Prints a report. `csv` has a line for each row and test, or with `by_trial` for each trial; `json` has all rows and,
/// with `by_trial`, all trials; `table` has no trials.
/// @param path  the file's name, for the heading
/// @return GS_ERROR_RUN when the stream can't be written
gs_status gs_two_sample_print(const gs_two_sample_report *report, const gs_results *results, const char *path,
                              gs_report_format format, bool by_trial, FILE *stream, gs_error *error);

#endif
