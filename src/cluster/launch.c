#include "cluster/launch.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

/// A launcher, and its variables.
typedef struct {
    const char *launcher, *size, *rank;
    bool is_mpi;
} variables;

/// In this order: mpirun starts its daemons by srun, whose variables its processes inherit. Slurm's are those of a
/// step: a batch script has the job's number of tasks, too, and is one process.
static const variables known[] = {
    {"mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", true}, // Open MPI
    {"mpirun", "PMI_SIZE", "PMI_RANK", true},                         // MPICH and its relatives; srun --mpi=pmi2
    {"srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", false},
};

/// A whole number of the environment; -1 when there is none.
static int number_of(const char *name) {
    const char *text = getenv(name);
    char *end = NULL;
    const long number = text == NULL ? -1 : strtol(text, &end, 10);
    return text == NULL || end == text || *end != '\0' || number < 0 || number > INT_MAX ? -1 : (int)number;
}

gs_launch gs_launch_found(void) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const int size = number_of(known[i].size), rank = number_of(known[i].rank);
        if (rank >= 0 && rank < size) {
            return (gs_launch){known[i].launcher, known[i].is_mpi, rank, size};
        }
    }
    return (gs_launch){.processes = 1};
}
