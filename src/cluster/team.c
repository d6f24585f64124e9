#include "cluster/team.h"

#include <stdlib.h>

/// What rank 0 is asked. Numbers that follow: none; the exit code; the counts, in their order.
enum { QUESTION_CLAIM, QUESTION_END, QUESTION_COUNTS };

enum { CODE_BITS = 8 }; ///< of an exit code

static gs_status make_counts(gs_team *team, gs_error *error) {
    team->counts = calloc((size_t)team->size, sizeof *team->counts);
    return team->counts == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for %d processes", team->size) : GS_OK;
}

static int64_t answer_locked(gs_team *team, int rank, const int64_t question[GS_MPI_NUMBERS]) {
    switch (question[0]) {
    case QUESTION_CLAIM:
        return team->next++;
    case QUESTION_END:
        team->end = team->end == 0 ? question[1] : team->end;
        return team->end;
    default:
        team->counts[rank] = (gs_counts){question[1], question[2], question[3], question[4]};
        return team->end;
    }
}

/// What rank 0 does when it is asked.
static int64_t answer(void *context, int rank, const int64_t question[GS_MPI_NUMBERS]) {
    gs_team *team = context;
    (void)pthread_mutex_lock(&team->mutex);
    const int64_t found = answer_locked(team, rank, question);
    (void)pthread_mutex_unlock(&team->mutex);
    return found;
}

static int64_t ask(gs_team *team, const int64_t question[GS_MPI_NUMBERS]) {
    return team->mpi == NULL ? answer(team, 0, question) : gs_mpi_ask(team->mpi, question);
}

gs_status gs_team_join(const gs_launch *launch, gs_team *team, gs_error *error) {
    *team = (gs_team){.size = 1};
    (void)pthread_mutex_init(&team->mutex, NULL);
    if (launch->processes == 1) {
        return make_counts(team, error);
    }
    if (gs_mpi_library() == NULL) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "started by %s as one of %d processes, but built without MPI: all of them would write the same "
                       "file. Start it once, train shards of its own with each (--shard), or build it with MPI (cmake "
                       "--preset mpi)",
                       launch->launcher, launch->processes);
    }
    gs_status status = gs_mpi_join(&team->mpi, &team->rank, &team->size, error);
    if (status != GS_OK) {
        return status;
    }
    if (team->size != launch->processes) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "started by %s as one of %d processes, but %s finds %d: it was started by another MPI than it "
                       "was built with, or by srun without the --mpi that it needs",
                       launch->launcher, launch->processes, gs_mpi_library(), team->size);
    }
    status = make_counts(team, error);
    if (status == GS_OK) {
        status = gs_mpi_begin_answering(team->mpi, answer, team, error);
    }
    if (status != GS_OK) { // the others would wait for this one
        gs_mpi_abort(team->mpi, (int)status);
    }
    return status;
}

void gs_team_leave(gs_team *team) {
    if (team->mpi != NULL) {
        gs_mpi_leave(team->mpi);
        team->mpi = NULL;
    }
    free(team->counts);
    team->counts = NULL;
    (void)pthread_mutex_destroy(&team->mutex);
}

int gs_team_agree(gs_team *team, int *code, gs_attend attend, void *context) {
    int64_t first = *code == 0 ? INT64_MAX : (int64_t)team->rank << CODE_BITS | *code;
    if (team->mpi != NULL && !gs_mpi_least(team->mpi, &first, attend, context)) {
        return GS_GAVE_UP;
    }
    if (first == INT64_MAX) {
        return -1;
    }
    *code = (int)(first & ((1 << CODE_BITS) - 1));
    return (int)(first >> CODE_BITS);
}

void gs_team_sum(gs_team *team, int64_t *numbers, int count) {
    if (team->mpi != NULL) {
        gs_mpi_sum(team->mpi, numbers, count);
    }
}

void gs_team_largest(gs_team *team, unsigned char *bytes, int count) {
    if (team->mpi != NULL) {
        gs_mpi_largest(team->mpi, bytes, count);
    }
}

void gs_team_largest_numbers(gs_team *team, int64_t *numbers, int count) {
    if (team->mpi != NULL) {
        gs_mpi_largest_numbers(team->mpi, numbers, count);
    }
}

void gs_team_broadcast(gs_team *team, void *bytes, int count) {
    if (team->mpi != NULL) {
        gs_mpi_broadcast(team->mpi, bytes, count);
    }
}

int64_t gs_team_claim(gs_team *team) {
    return ask(team, (const int64_t[GS_MPI_NUMBERS]){QUESTION_CLAIM});
}

void gs_team_end_job(gs_team *team, int code) {
    (void)ask(team, (const int64_t[GS_MPI_NUMBERS]){QUESTION_END, code});
}

int gs_team_exchange(gs_team *team, const gs_counts *counts) {
    const int64_t question[GS_MPI_NUMBERS] = {QUESTION_COUNTS, counts->done, counts->diverged, counts->prints_ln2,
                                              counts->examples};
    return (int)ask(team, question);
}

int gs_team_ended(gs_team *team) {
    (void)pthread_mutex_lock(&team->mutex);
    const int code = (int)team->end;
    (void)pthread_mutex_unlock(&team->mutex);
    return code;
}

gs_counts gs_team_counts(gs_team *team) {
    gs_counts sum = {0};
    (void)pthread_mutex_lock(&team->mutex);
    for (int rank = 0; rank < team->size; rank++) {
        sum.done += team->counts[rank].done;
        sum.diverged += team->counts[rank].diverged;
        sum.prints_ln2 += team->counts[rank].prints_ln2;
        sum.examples += team->counts[rank].examples;
    }
    (void)pthread_mutex_unlock(&team->mutex);
    return sum;
}

int64_t gs_team_messages(gs_team *team, double *longest_wait) {
    *longest_wait = 0;
    return team->mpi == NULL ? 0 : gs_mpi_messages(team->mpi, longest_wait);
}
