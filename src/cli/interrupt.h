/// SIGINT, SIGTERM, SIGHUP, SIGXCPU and SIGUSR2 ask a run to end, a second one ends the program at once; SIGUSR1 asks
/// for its progress.
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <signal.h>

enum { SIGNAL_CODE = 128 }; ///< exit code of a program that a signal ended, less the signal's number

/// Number of the signal that asked the program to end, or 0. Only a handler's variable can be told of a signal.
extern volatile sig_atomic_t interrupted;
/// Set by SIGUSR1; whoever answers resets it.
extern volatile sig_atomic_t asked_for_progress;

/// From here on the signals set these variables. One that the caller ignores (nohup) stays ignored.
void catch_interruptions(void);

/// "SIGTERM"
const char *interruption_name(int signal);

#endif
