/// How this process was started: alone, or as one of several by mpirun or srun.
///
/// Told by what these put into the environment, so that MPI is neither needed to know it nor begun in vain.
#ifndef GANSWEEP_CLUSTER_LAUNCH_H
#define GANSWEEP_CLUSTER_LAUNCH_H

#include <stdbool.h>

typedef struct {
    const char *launcher; ///< "mpirun" or "srun"; NULL: neither
    bool is_mpi;          ///< one that starts MPI programs alone; srun starts any
    int rank, processes;  ///< 0 of 1 when started by neither
} gs_launch;

gs_launch gs_launch_found(void);

#endif
