/// Writes the files that open_test.py opens: FOLDER/affine.h5, deep.h5, plain.h5, each with trial 1 still pending.
/// Then holds one of them open until its standard input ends, as a running sweep would.
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void write_trials(fixture *made, gs_store *store) {
    gs_error error;
    for (int64_t trial = 0; trial < gs_plan_trial_count(made->plan); trial++) {
        if (trial != 1) {
            fixture_append(made, trial);
        }
    }
    if (gs_store_write(store, made->block, &error) != GS_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    gs_block_clear(made->block);
}

int main(int count, char **arguments) {
    if (count != 2) {
        (void)fprintf(stderr, "usage: write_examples FOLDER\n");
        return 2;
    }
    for (int name = FIXTURE_COUNT - 1; name >= 0; name--) {
        char path[4096];
        fixture made;
        gs_error error;
        (void)snprintf(path, sizeof path, "%s/%s.h5", arguments[1], fixture_names[name]);
        fixture_create(&made, name, NULL, 0);
        gs_store *store = fixture_store(&made, path, true);
        write_trials(&made, store);
        if (gs_store_checkpoint(store, 1.25, &error) != GS_OK) {
            (void)fprintf(stderr, "%s\n", error.message);
            return 1;
        }
        if (name == 0) {
            (void)printf("written\n");
            (void)fflush(stdout);
            while (getchar() != EOF) {
            }
        }
        if (gs_store_close(store, 1.5, NULL, &error) != GS_OK) {
            (void)fprintf(stderr, "%s\n", error.message);
            return 1;
        }
        fixture_free(&made);
    }
    return 0;
}
