/// Puts seal and checksums of a results file right that a test has changed, as a forger would: `store_seal_again FILE`.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/results.h"

static gs_status seal(int file, gs_error *error) {
    struct stat found;
    gs_seal *made = malloc(sizeof *made);
    gs_status status = made == NULL || fstat(file, &found) != 0 ? gs_fail(error, GS_ERROR_RUN, "out of memory")
                                                                : gs_seal_locate(file, found.st_size, made, error);
    if (status == GS_OK) {
        made->file_bytes = found.st_size;
        status = gs_seal_write(file, made, error);
    }
    free(made);
    return status;
}

static gs_status write_checksums(int file, const char *path, gs_error *error) {
    gs_results *results;
    gs_status status = gs_results_open(path, &results, error);
    if (status != GS_OK) {
        return status;
    }
    const int64_t address = results->addresses[gs_layout_find(results->layout, "checksum")];
    const int64_t trials = address < 0 ? 0 : results->layout->trial_count; // a virtual file has no rows
    for (int64_t i = 0; i < trials && status == GS_OK; i++) {
        uint32_t checksum;
        status = gs_results_row_checksum(results, results->layout->first_trial + i, &checksum, error);
        if (status == GS_OK && pwrite(file, &checksum, sizeof checksum, address + 4 * i) != sizeof checksum) {
            status = gs_fail(error, GS_ERROR_RUN, "a checksum can't be written");
        }
    }
    gs_results_close(results);
    return status;
}

int main(int count, char **arguments) {
    gs_error error = {"usage: store_seal_again FILE"};
    const int file = count == 2 ? open(arguments[1], O_RDWR | O_CLOEXEC) : -1;
    gs_status status = file < 0 ? GS_ERROR_INPUT : seal(file, &error);
    if (status == GS_OK) {
        status = write_checksums(file, arguments[1], &error);
    }
    if (status != GS_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
    }
    return status;
}
