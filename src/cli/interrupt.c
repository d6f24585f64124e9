#include "cli/interrupt.h"

#include <stddef.h>

volatile sig_atomic_t interrupted = 0;

static void note_signal(int signal) {
    interrupted = signal;
}

void catch_interruptions(void) {
    (void)signal(SIGXFSZ, SIG_IGN); // a file larger than allowed is a failed write, with a message, like any other
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction noting = {.sa_handler = note_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    (void)sigemptyset(&noting.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction before;
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            (void)sigaction(signals[i], &noting, NULL);
        }
    }
}
