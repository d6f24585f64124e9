/// SIGINT, SIGTERM and SIGHUP ask a run to end; a second one ends the program at once.
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <signal.h>

/// Number of the signal that asked the program to end, or 0. Only a handler's variable can be told of a signal.
extern volatile sig_atomic_t interrupted;

/// From here on the signals set `interrupted`. One that the caller ignores (nohup) stays ignored.
void catch_interruptions(void);

#endif
