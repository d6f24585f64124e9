/// Which of a host's processors a rank takes, so that several ranks there don't each take all of them.
#ifndef GANSWEEP_CLUSTER_PROCESSORS_H
#define GANSWEEP_CLUSTER_PROCESSORS_H

#include <stdbool.h>

#include "cluster/team.h"

enum { GS_MOST_PROCESSORS = 8192 };

/// Processors that a process may use: bit i % 8 of byte i / 8 is that of processor i.
typedef struct {
    unsigned char bits[GS_MOST_PROCESSORS / 8];
} gs_processors;

/// This rank's fair share of the processors that it and others on its host may use. Ranks that the launcher gave
/// processors of their own have these.
/// @param all  [count] what each rank on this host may use
/// @param place  of this rank among them
/// @param own  the processors of this rank alone, where such can be told: else all that it may use
/// @return how many threads it has processors for, 1 or more
int gs_processors_share(const gs_processors *all, int count, int place, gs_processors *own);

/// Threads of this rank, which stay on its own processors where the sharing ranks have the same ones and OpenMP was not
/// told where they belong. Collective.
/// @param asked  --threads; 0: OMP_NUM_THREADS, or its share of the processors and of the container's limit
/// @param host  the processors of all ranks on this host
int gs_processors_take(gs_team *team, int asked, gs_processors *host);

/// Lets the calling thread, and those that it starts, run on these processors: its rank works for others that wait.
/// @return how many they are, 1 or more
int gs_processors_use(const gs_processors *processors);

#endif
