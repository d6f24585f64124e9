/// The scalar loop that every ratio is measured against, as a program of its own: prints one line of JSON like the
/// other peers. Compiled twice: -O3, and -Ofast, where the compiler may take libmvec's vectors of tanhf, expf and logf.
///
///     scalar TRIALS REPEATS FIRST_SEED
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "speed/scalar_loop.h"

enum { EPOCHS = 20, MOST_RESULTS = 100000 };

static double seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv) {
    static scalar_result results[MOST_RESULTS];
    const int trials = argc > 1 ? atoi(argv[1]) : 0, repeats = argc > 2 ? atoi(argv[2]) : 0;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    if (trials < 1 || repeats < 1 || trials > MOST_RESULTS / repeats) {
        (void)fprintf(stderr, "usage: scalar TRIALS REPEATS FIRST_SEED\n");
        return 2;
    }
    printf("{\"setting\": \"%s\", \"compile_seconds\": 0, \"versions\": {\"gcc\": \"%s\"}, \"trials_a_second\": [",
           FLAGS, __VERSION__);
    for (int repeat = 0; repeat < repeats; repeat++) {
        const double start = seconds();
        for (int i = 0; i < trials; i++) {
            scalar_train(seed++, EPOCHS, &results[repeat * trials + i]);
        }
        printf("%s%.6g", repeat > 0 ? ", " : "", trials / (seconds() - start));
    }
    printf("], \"loss_D\": [");
    for (int i = 0; i < trials * repeats; i++) {
        printf("%s%.7g", i > 0 ? ", " : "", (double)results[i].loss_D);
    }
    printf("], \"loss_G\": [");
    for (int i = 0; i < trials * repeats; i++) {
        printf("%s%.7g", i > 0 ? ", " : "", (double)results[i].loss_G);
    }
    printf("]}\n");
    return 0;
}
