/// The processes that train one experiment together: ranks 0, 1, ... of a job, or one alone.
///
/// A team hands numbers out, each once, gathers what its members count, and spreads the word when one of them ends
/// early. One process needs no MPI for that.
#ifndef GANSWEEP_CLUSTER_TEAM_H
#define GANSWEEP_CLUSTER_TEAM_H

#include <pthread.h>

#include "cluster/launch.h"
#include "cluster/mpi.h"

/// What a rank has finished so far, in this job.
typedef struct {
    int64_t done, diverged, prints_ln2, examples;
} gs_counts;

typedef struct {
    int rank, size;
    gs_mpi *mpi; ///< NULL when it is alone

    // of rank 0, under `mutex`
    pthread_mutex_t mutex;
    int64_t next;      ///< number to be handed out
    int64_t end;       ///< exit code of whoever ended the job early, or 0
    gs_counts *counts; ///< [size] what each rank has said last
} gs_team;

/// @param team  not to be moved; to be ended by gs_team_leave(), also after a failure
/// @return GS_ERROR_INPUT when the processes can't find each other, in words of the launcher
gs_status gs_team_join(const gs_launch *launch, gs_team *team, gs_error *error);
void gs_team_leave(gs_team *team);

enum { GS_GAVE_UP = -2 };

/// All wait for all, and learn whose exit code is not 0: of the lowest such rank, which the others leave to say why.
/// @param code  of this rank; replaced by that one
/// @param attend  called while it waits; NULL allowed. Where it returns false the wait is over
/// @return that rank; -1: none; GS_GAVE_UP when `attend` did, after which all that is left is to abort
int gs_team_agree(gs_team *team, int *code, gs_attend attend, void *context);

void gs_team_sum(gs_team *team, int64_t *numbers, int count);
void gs_team_largest(gs_team *team, unsigned char *bytes, int count);
void gs_team_largest_numbers(gs_team *team, int64_t *numbers, int count);
void gs_team_broadcast(gs_team *team, void *bytes, int count);

/// 0, 1, 2, ...: each to one rank. Safe to call from any thread, and so are those below.
int64_t gs_team_claim(gs_team *team);
/// Ends the job for all, with the exit code of the first who said it.
void gs_team_end_job(gs_team *team, int code);
/// Says what this rank has finished, and asks whether the job is to end: the exit code, or 0.
int gs_team_exchange(gs_team *team, const gs_counts *counts);
/// The exit code of whoever ended the job, or 0. For rank 0 alone.
int gs_team_ended(gs_team *team);
/// The sum of what all ranks have said. For rank 0 alone.
gs_counts gs_team_counts(gs_team *team);
/// Messages that this rank has sent and received for these.
/// @param longest_wait  seconds that it waited for an answer at most
int64_t gs_team_messages(gs_team *team, double *longest_wait);

#endif
