/// What the fuzz targets share: the function that each of them is, and promises that hold for every input.
///
/// A target is handed the same bytes by libFuzzer (tests/fuzz/run) and by replay.c (the ordinary tests).
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gansweep/error.h"

/// Ends the process when a promise is broken or a sanitizer finds something.
/// @return 0, as libFuzzer asks
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

/// Ends the process unless a promise holds: where a build has no assertions, too.
static inline void fuzz_require(bool holds, const char *promise) {
    if (!holds) {
        // not through `stderr`, which a target may have put elsewhere
        (void)dprintf(STDERR_FILENO, "broken promise: %s\n", promise);
        abort();
    }
}

/// Every failure says why, in one line that can't command a terminal.
static inline void fuzz_require_one_line(const char *message) {
    fuzz_require(message[0] != '\0', "an error has a message");
    for (const unsigned char *c = (const unsigned char *)message; *c != '\0'; c++) {
        fuzz_require(*c >= 0x20 && *c != 0x7f && !(c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f),
                     "a message has no control characters");
    }
}

/// Room that is never denied: an input too large for this machine is no finding.
static inline void *fuzz_allocate(size_t size) {
    void *const room = malloc(size > 0 ? size : 1);
    fuzz_require(room != NULL, "the fuzzer has memory");
    return room;
}

#endif
