/// Prints what a design draws, as binary doubles, for design_test.py:
///
///     print_design units METHOD SEED DIMENSIONS FIRST COUNT    [COUNT][DIMENSIONS] numbers in [0, 1)
///     print_design values EXPERIMENT FIRST COUNT               [COUNT][4] lr_G, lr_D, batch_size, convention of trials
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/dimension.h"
#include "gansweep/plan.h"

static void print_units(char **arguments) {
    const gs_design design = {.method = strcmp(arguments[0], "sobol") == 0 ? GS_DESIGN_SOBOL : GS_DESIGN_RANDOM,
                              .seed = strtoll(arguments[1], NULL, 10)};
    const int dimensions = atoi(arguments[2]);
    const int64_t first = strtoll(arguments[3], NULL, 10), count = strtoll(arguments[4], NULL, 10);
    gs_dimension drawn[GS_SOBOL_DIMENSIONS];
    for (int d = 0; d < dimensions; d++) {
        drawn[d] = (gs_dimension){.number = d, .largest = 1};
        gs_dimension_begin(&drawn[d], &design);
    }
    for (int64_t i = first; i < first + count; i++) {
        double row[GS_SOBOL_DIMENSIONS];
        for (int d = 0; d < dimensions; d++) {
            row[d] = gs_dimension_unit(&drawn[d], i);
        }
        (void)fwrite(row, sizeof *row, (size_t)dimensions, stdout);
    }
}

static int print_values(char **arguments) {
    const int64_t first = strtoll(arguments[1], NULL, 10), count = strtoll(arguments[2], NULL, 10);
    gs_experiment *experiment;
    gs_plan *plan;
    gs_error error;
    if (gs_experiment_read(arguments[0], NULL, 0, &experiment, &error) != GS_OK ||
        gs_plan_create(experiment, &plan, &error) != GS_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (int64_t trial = first; trial < first + count; trial++) {
        gs_settings settings;
        gs_plan_settings(plan, trial, &settings);
        const double row[] = {settings.lr_G, settings.lr_D, (double)settings.batch_size, (double)settings.convention};
        (void)fwrite(row, sizeof *row, sizeof row / sizeof *row, stdout);
    }
    gs_plan_free(plan);
    gs_experiment_free(experiment);
    return 0;
}

int main(int count, char **arguments) {
    if (count == 7 && strcmp(arguments[1], "units") == 0) {
        print_units(arguments + 2);
        return 0;
    }
    if (count == 5 && strcmp(arguments[1], "values") == 0) {
        return print_values(arguments + 2);
    }
    (void)fprintf(stderr, "usage: print_design units METHOD SEED DIMENSIONS FIRST COUNT | values FILE FIRST COUNT\n");
    return 2;
}
