/// `gansweep published`: a sweep against the runs that the notebook's authors published.
#include "cli/command.h"
#include "numeric/format.h"
#include "published/compare.h"
#include "report/export.h"

typedef enum { PUBLISHED_TABLE, PUBLISHED_JSON, PUBLISHED_FORMAT_COUNT } published_format;
static const char *const published_format_names[PUBLISHED_FORMAT_COUNT] = {"table", "json"};

typedef struct {
    int format;
} published_arguments;

static const cli_option published_options[] = {
    {.name = "--format",
     .kind = OPTION_CHOICE,
     .argument = "NAME",
     .description = "table or json",
     .offset = offsetof(published_arguments, format),
     .choices = published_format_names,
     .choice_count = PUBLISHED_FORMAT_COUNT},
};

static int published(int argument_count, char **typed, gs_error *error);

const cli_command published_command = {
    .name = "published",
    .summary = "a results file against the 135 published runs of the notebook",
    .description =
        "The authors of d2l.ai published the printed losses of 135 runs of the notebook: 75 with MXNet, 36 with "
        "PyTorch, 24 with "
        "TensorFlow. Each configuration of the file that follows the notebook is compared with those of its "
        "convention's framework: "
        "the share that prints 0.693 / 0.693, and the printed losses by the Kolmogorov-Smirnov and Anderson-Darling "
        "tests (p-values by permutation). The MXNet runs share data, initialisation and latents, so they are ranked as "
        "one cluster "
        "among the file's clusters: trials of the same seed and data_seed in other orders (shuffle_seed).",
    .operands = {"FILE"},
    .options = published_options,
    .option_count = sizeof published_options / sizeof *published_options,
    .examples = "  gansweep run experiments/published.yaml && gansweep published published.h5\n"
                "  gansweep run experiments/published-mxnet.yaml && gansweep published published-mxnet.h5\n",
    .run = published,
};

// ---- in words ----

static void print_share(const char *who, gs_share share) {
    char of[GS_FORMAT_BYTES];
    (void)printf("  %-10s %10s  %5.1f %% (%.1f to %.1f)\n", who, gs_format_count(share.of, of), 100 * share.share,
                 100 * share.low, 100 * share.high);
}

static void print_test(const char *loss, const gs_two_sample *test) {
    (void)printf("  printed %s: Kolmogorov-Smirnov D = %.3f, p = %.2g; Anderson-Darling A2 = %.3g, p = %.2g\n", loss,
                 test->kolmogorov_smirnov, test->kolmogorov_smirnov_p, test->anderson_darling,
                 test->anderson_darling_p);
}

static void print_cluster(const gs_published_comparison *comparison) {
    if (comparison->clusters == 0) {
        (void)printf("  The MXNet runs are one cluster, of one data set and initialisation in 75 orders, and this file "
                     "has none to rank it "
                     "among:\n  experiments/published-mxnet.yaml has 256.\n");
        return;
    }
    char clusters[GS_FORMAT_BYTES], of[GS_FORMAT_BYTES];
    (void)printf("  The published cluster among %s of ours, of %s orders or more (p two-sided, by rank):\n",
                 gs_format_count(comparison->clusters, clusters), gs_format_count(comparison->of_a_cluster, of));
    for (int k = 0; k < GS_CLUSTER_STATISTICS; k++) {
        (void)printf("    %-24s %.4g, p = %.2g\n", gs_cluster_statistic_names[k], comparison->cluster[k],
                     comparison->cluster_p[k]);
    }
}

static void print_comparison(const gs_published_comparison *comparison) {
    (void)printf("\nConfiguration %lld, convention %s, against the runs with %s\n",
                 (long long)comparison->configuration, gs_convention_names[comparison->settings.convention],
                 gs_framework_names[comparison->framework]);
    (void)printf("  %-10s %10s  %s\n", "", "runs", "print 0.693 / 0.693 (95 %)");
    print_share("published", comparison->published);
    print_share("this file", comparison->trained);
    if (comparison->trials == 0) {
        (void)printf("  None of its trials is done.\n");
        return;
    }
    if (comparison->framework == GS_FRAMEWORK_MXNET) {
        print_cluster(comparison);
    } else {
        print_test("loss_D", &comparison->loss_D);
        print_test("loss_G", &comparison->loss_G);
    }
    (void)printf(
        "  The notebook's own line, %.3f / %.3f: %.2g %% print it; loss_D is up to %.3f in %.1f %%, loss_G up to "
        "%.3f in %.1f %%\n",
        gs_notebook_loss_D, gs_notebook_loss_G, 100 * comparison->at_line, gs_notebook_loss_D,
        100 * comparison->D_to_line, gs_notebook_loss_G, 100 * comparison->G_to_line);
}

static void print_table(const gs_published *made, const char *path) {
    char count[GS_FORMAT_BYTES], left_out[GS_FORMAT_BYTES];
    (void)printf("%s against the %d published runs of d2l.ai, section 17.1: %s configuration%s the notebook", path,
                 gs_published_run_count, gs_format_count(made->count, count),
                 made->count == 1 ? " follows" : "s follow");
    if (made->left_out > 0) {
        (void)printf(", %s %s left out%s", gs_format_count(made->left_out, left_out),
                     made->left_out == 1 ? "is" : "are", made->left_out == 1 ? "" : " (of the first one");
        (void)printf(made->left_out == 1 ? " (%s)" : " %s)", made->why);
    }
    (void)printf("\n");
    for (int64_t i = 0; i < made->count; i++) {
        print_comparison(&made->comparisons[i]);
    }
    (void)printf("\nA p-value is of one test; with several, the smallest of m must be under 0.05 / m to say anything "
                 "(Bonferroni).\n");
}

// ---- for programs ----

static void print_number(const char *name, double value) {
    (void)printf(", \"%s\": ", name);
    gs_print_json_real(value, stdout);
}

static void print_json_share(const char *name, gs_share share) {
    (void)printf(", \"%s\": {\"count\": %lld, \"of\": %lld", name, (long long)share.count, (long long)share.of);
    print_number("share", share.share);
    print_number("low", share.low);
    print_number("high", share.high);
    (void)printf("}");
}

static void print_json_test(const char *name, const gs_two_sample *test) {
    (void)printf(", \"%s\": {\"permutations\": %d", name, GS_PUBLISHED_PERMUTATIONS);
    print_number("kolmogorov_smirnov", test->kolmogorov_smirnov);
    print_number("kolmogorov_smirnov_p", test->kolmogorov_smirnov_p);
    print_number("anderson_darling", test->anderson_darling);
    print_number("anderson_darling_p", test->anderson_darling_p);
    (void)printf("}");
}

static void print_json(const gs_published *made) {
    (void)printf("{\"left_out\": %lld, \"comparisons\": [", (long long)made->left_out);
    for (int64_t i = 0; i < made->count; i++) {
        const gs_published_comparison *comparison = &made->comparisons[i];
        (void)printf("%s\n  {\"configuration\": %lld, \"convention\": \"%s\", \"framework\": \"%s\", \"trials\": %lld",
                     i == 0 ? "" : ",", (long long)comparison->configuration,
                     gs_convention_names[comparison->settings.convention], gs_framework_names[comparison->framework],
                     (long long)comparison->trials);
        print_json_share("published", comparison->published);
        print_json_share("trained", comparison->trained);
        print_json_test("loss_D", &comparison->loss_D);
        print_json_test("loss_G", &comparison->loss_G);
        (void)printf(", \"clusters\": %lld, \"cluster\": [", (long long)comparison->clusters);
        for (int k = 0; k < GS_CLUSTER_STATISTICS; k++) {
            (void)printf("%s{\"name\": \"%s\"", k == 0 ? "" : ", ", gs_cluster_statistic_names[k]);
            print_number("value", comparison->cluster[k]);
            print_number("p", comparison->cluster_p[k]);
            (void)printf("}");
        }
        (void)printf("]");
        print_number("at_line", comparison->at_line);
        print_number("loss_D_up_to_line", comparison->D_to_line);
        print_number("loss_G_up_to_line", comparison->G_to_line);
        (void)printf("}");
    }
    (void)printf("\n]}\n");
}

static int published(int argument_count, char **typed, gs_error *error) {
    published_arguments arguments = {.format = PUBLISHED_TABLE};
    const char *operands[MAX_OPERANDS] = {NULL};
    gs_results *results;
    gs_status status = read_arguments(&published_command, argument_count, typed, &arguments, operands, error);
    if (status == GS_OK) {
        status = gs_results_open(operands[0], &results, error);
    }
    if (status != GS_OK) {
        return status;
    }
    gs_published *made = NULL;
    status = gs_published_create(results, &made, error);
    if (status == GS_OK && made->count == 0) {
        status =
            gs_fail(error, GS_ERROR_RESULTS, "%s: no configuration follows the notebook: %s", operands[0], made->why);
    }
    if (status == GS_OK) {
        arguments.format == PUBLISHED_JSON ? print_json(made) : print_table(made, operands[0]);
    }
    gs_published_free(made);
    gs_results_close(results);
    return status;
}
