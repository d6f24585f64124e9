/// Hands every file that is named to a fuzz target, once: what was ever found is looked at again by each test run, with
/// any compiler.
///
///     fuzz_NAME_replay INPUT...
#include <sys/resource.h>

#include "fuzz.h"

enum {
    SECONDS_EACH = 120,       ///< far more than the fuzzer allows: the machine may be busy, or an emulator
    MOST_KIBIBYTES = 2 << 20, ///< of memory, as for the fuzzer
};

/// The whole file in memory that ends where it does, so that a sanitizer sees reads past its end.
static uint8_t *read_input(const char *path, size_t *size) {
    FILE *const file = fopen(path, "rb");
    long length = -1;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    uint8_t *const input = fuzz_allocate((size_t)length);
    *size = fread(input, 1, (size_t)length, file);
    (void)fclose(file);
    return input;
}

int main(int count, char **paths) {
    if (count < 2) {
        (void)fprintf(stderr, "%s: files were expected\n", paths[0]);
        return EXIT_FAILURE;
    }
    for (int i = 1; i < count; i++) {
        size_t size;
        uint8_t *const input = read_input(paths[i], &size);
        (void)printf("%s: %zu bytes\n", paths[i], size);
        (void)fflush(stdout); // before anything ends the process
        (void)alarm(SECONDS_EACH);
        (void)LLVMFuzzerTestOneInput(input, size);
        (void)alarm(0);
        free(input);
        struct rusage used;
        (void)getrusage(RUSAGE_SELF, &used);
        fuzz_require(used.ru_maxrss <= MOST_KIBIBYTES, "an input takes no more than 2 GiB");
    }
    return EXIT_SUCCESS;
}
