/// Seals a results file again that a test has changed: `store_seal_again FILE`.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/seal.h"

int main(int count, char **arguments) {
    gs_error error = {"usage: store_seal_again FILE"};
    gs_status status = GS_ERROR_INPUT;
    struct stat found;
    gs_seal *seal = malloc(sizeof *seal);
    const int file = count == 2 ? open(arguments[1], O_RDWR | O_CLOEXEC) : -1;
    if (seal != NULL && file >= 0 && fstat(file, &found) == 0) {
        status = gs_seal_locate(file, found.st_size, seal, &error);
        seal->file_bytes = found.st_size;
        if (status == GS_OK) {
            status = gs_seal_write(file, seal, &error);
        }
        (void)close(file);
    }
    if (status != GS_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
    }
    free(seal);
    return status;
}
