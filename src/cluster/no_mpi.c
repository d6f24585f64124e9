/// Without MPI no process finds others: the first function says so, and the rest is never reached.
// NOLINTBEGIN(readability-non-const-parameter): they are what those of mpi.c are
#include <stdlib.h>

#include "cluster/mpi.h"

const char *gs_mpi_library(void) {
    return NULL;
}

gs_status gs_mpi_join(gs_mpi **mpi, int *rank, int *processes, gs_error *error) {
    (void)rank;
    (void)processes;
    *mpi = NULL;
    return gs_fail(error, GS_ERROR_INPUT, "built without MPI");
}

gs_status gs_mpi_begin_answering(gs_mpi *mpi, gs_mpi_answer answer, void *context, gs_error *error) {
    (void)answer;
    (void)context;
    return gs_mpi_join(&mpi, NULL, NULL, error);
}

void gs_mpi_leave(gs_mpi *mpi) {
    (void)mpi;
    abort();
}

bool gs_mpi_least(gs_mpi *mpi, int64_t *number, gs_attend attend, void *context) {
    (void)mpi;
    (void)number;
    (void)attend;
    (void)context;
    abort();
}

void gs_mpi_sum(gs_mpi *mpi, int64_t *numbers, int count) {
    (void)mpi;
    (void)numbers;
    (void)count;
    abort();
}

void gs_mpi_largest(gs_mpi *mpi, unsigned char *bytes, int count) {
    (void)mpi;
    (void)bytes;
    (void)count;
    abort();
}

void gs_mpi_largest_numbers(gs_mpi *mpi, int64_t *numbers, int count) {
    gs_mpi_sum(mpi, numbers, count);
}

void gs_mpi_broadcast(gs_mpi *mpi, void *bytes, int count) {
    gs_mpi_largest(mpi, bytes, count);
}

int gs_mpi_gather_on_host(gs_mpi *mpi, const void *mine, int bytes, void **all, int *place) {
    (void)mpi;
    (void)mine;
    (void)bytes;
    (void)all;
    (void)place;
    abort();
}

void gs_mpi_abort(gs_mpi *mpi, int code) {
    (void)mpi;
    exit(code);
}

int64_t gs_mpi_ask(gs_mpi *mpi, const int64_t question[GS_MPI_NUMBERS]) {
    (void)mpi;
    (void)question;
    abort();
}

int64_t gs_mpi_messages(gs_mpi *mpi, double *longest_wait) {
    (void)mpi;
    (void)longest_wait;
    abort();
}
// NOLINTEND(readability-non-const-parameter)
