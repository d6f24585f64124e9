#include "cli/interrupt.h"

#include <stddef.h>

volatile sig_atomic_t interrupted = 0;
volatile sig_atomic_t asked_for_progress = 0;

/// The first signal asks; a second one, of whatever kind, does what it does to any program, as soon as this returns.
static void note_signal(int number) {
    if (interrupted != 0) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
        return;
    }
    interrupted = number;
}

static void note_question(int number) {
    (void)number;
    asked_for_progress = 1;
}

static void catch_signal(int number, void (*handler)(int)) {
    struct sigaction noting = {.sa_handler = handler, .sa_flags = SA_RESTART}, before;
    (void)sigemptyset(&noting.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
        (void)sigaction(number, &noting, NULL);
    }
}

void catch_interruptions(void) {
    (void)signal(SIGXFSZ, SIG_IGN); // a file larger than allowed is a failed write, with a message, like any other
    // SIGXCPU and SIGUSR2 are how some schedulers say that the time is up.
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGUSR2};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        catch_signal(signals[i], note_signal);
    }
    catch_signal(SIGUSR1, note_question);
}

const char *interruption_name(int signal) {
    switch (signal) {
    case SIGINT:
        return "SIGINT";
    case SIGTERM:
        return "SIGTERM";
    case SIGHUP:
        return "SIGHUP";
    case SIGXCPU:
        return "SIGXCPU";
    default:
        return "SIGUSR2";
    }
}
