#include <string.h>

#include "cli/command.h"
#include "cli/ledger.h"
#include "numeric/format.h"
#include "report/part.h"
#include "report/table.h"

static int list(int argument_count, char **typed, gs_error *error);

const cli_command list_command = {
    .name = "list",
    .summary = "the datasets of a results file, with shapes, types and units",
    .description = "Lists every dataset of a results file with its type, its shape by named dimensions, and its unit.",
    .operands = {"FILE"},
    .examples = "  gansweep list d2l.h5\n",
    .run = list,
};

static const char *element_name(gs_element element) {
    static const char *const names[] = {
        [GS_U1] = "uint8", [GS_U4] = "uint32", [GS_I8] = "int64", [GS_F4] = "float32", [GS_F8] = "float64"};
    return names[element];
}

/// "trial 1000 x epoch 20"
static void describe_shape(const gs_dataset *dataset, char *shape, size_t size) {
    size_t length = 0;
    shape[0] = '\0';
    for (int i = 0; i < dataset->rank && length < size; i++) {
        length += (size_t)snprintf(shape + length, size - length, "%s%s %lld", i == 0 ? "" : " x ",
                                   dataset->dimension[i], (long long)dataset->extent[i]);
    }
}

static void print_dataset(const gs_dataset *dataset, int name_width, int shape_width) {
    char shape[GS_MAX_RANK * 64];
    describe_shape(dataset, shape, sizeof shape);
    (void)printf("%-*s  %-7s  %-*s  %-8s  %s\n", name_width, dataset->name, element_name(dataset->element), shape_width,
                 shape, dataset->units == NULL ? "" : dataset->units,
                 dataset->long_name == NULL ? "" : dataset->long_name);
}

static void print_datasets(const gs_layout *layout) {
    int name_width = (int)strlen("dataset"), shape_width = (int)strlen("shape");
    for (int i = 0; i < gs_layout_dataset_count(layout); i++) {
        const gs_dataset *dataset = gs_layout_dataset(layout, i);
        char shape[GS_MAX_RANK * 64];
        describe_shape(dataset, shape, sizeof shape);
        name_width = (int)strlen(dataset->name) > name_width ? (int)strlen(dataset->name) : name_width;
        shape_width = (int)strlen(shape) > shape_width ? (int)strlen(shape) : shape_width;
    }
    const gs_screen screen = gs_screen_of(stdout);
    (void)printf("%s%-*s  %-7s  %-*s  %-8s  %s%s\n", gs_screen_on(&screen, GS_STYLE_BOLD), name_width, "dataset",
                 "type", shape_width, "shape", "unit", "meaning", gs_screen_off(&screen, GS_STYLE_BOLD));
    for (int i = 0; i < gs_layout_dataset_count(layout); i++) {
        print_dataset(gs_layout_dataset(layout, i), name_width, shape_width);
    }
}

static int list(int argument_count, char **typed, gs_error *error) {
    const char *operands[MAX_OPERANDS] = {NULL};
    gs_results *results;
    gs_status status = read_arguments(&list_command, argument_count, typed, NULL, operands, error);
    if (status == GS_OK) {
        status = gs_results_open(operands[0], &results, error);
    }
    if (status != GS_OK) {
        return status;
    }
    const gs_experiment *experiment = gs_results_experiment(results);
    const gs_plan *plan = gs_results_plan(results);
    char trials[GS_FORMAT_BYTES], size[GS_FORMAT_BYTES], part[GS_PART_TEXT];
    const gs_layout *layout = gs_results_layout(results);
    (void)printf("%s\n%s: %s trials%s, %s\n\n", experiment->title == NULL ? "" : experiment->title, operands[0],
                 gs_format_count(gs_plan_trial_count(plan), trials),
                 gs_part_text(gs_plan_part(plan), gs_plan_experiment_trials(plan), part),
                 gs_format_bytes((double)gs_results_bytes(results), size));
    print_datasets(layout);
    (void)printf("\n");
    status = print_ledger_of(results, error);
    gs_results_close(results);
    return status;
}
