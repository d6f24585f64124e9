/// What the ranks of a job say to each other, in MPI's words. mpi.c says it; no_mpi.c stands in where MPI is not built
/// in.
///
/// Ranks *ask* rank 0, in small messages, which a thread of it answers every few milliseconds while its other threads
/// train. Atomic operations on a window of rank 0's memory would do the same; but Debian's Open MPI has none over TCP,
/// and where there are some, they go on only while rank 0 is within a call of MPI, too. All calls of MPI are made one
/// at a time (MPI_THREAD_SERIALIZED), which every library allows, and nothing waits in a busy loop.
#ifndef GANSWEEP_CLUSTER_MPI_H
#define GANSWEEP_CLUSTER_MPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gansweep/error.h"

typedef struct gs_mpi gs_mpi;

/// "Open MPI v4.1.4"; NULL without MPI.
const char *gs_mpi_library(void);

enum { GS_MPI_NUMBERS = 5 }; ///< of a question

/// Answers what a rank asks. Called from one thread at a time.
typedef int64_t (*gs_mpi_answer)(void *context, int rank, const int64_t question[GS_MPI_NUMBERS]);

/// Begins MPI. Collective, as all that follows down to gs_mpi_abort.
gs_status gs_mpi_join(gs_mpi **mpi, int *rank, int *processes, gs_error *error);
/// Rank 0 begins to answer; nobody asks before.
gs_status gs_mpi_begin_answering(gs_mpi *mpi, gs_mpi_answer answer, void *context, gs_error *error);
/// Ends MPI.
void gs_mpi_leave(gs_mpi *mpi);

/// Called about fifty times a second while a rank waits for the others; false gives up waiting.
typedef bool (*gs_attend)(void *context);

/// The least of all ranks' numbers; false when `attend` gave up.
bool gs_mpi_least(gs_mpi *mpi, int64_t *number, gs_attend attend, void *context);
void gs_mpi_sum(gs_mpi *mpi, int64_t *numbers, int count);
void gs_mpi_largest(gs_mpi *mpi, unsigned char *bytes, int count);
void gs_mpi_largest_numbers(gs_mpi *mpi, int64_t *numbers, int count);
/// Rank 0's bytes to all.
void gs_mpi_broadcast(gs_mpi *mpi, void *bytes, int count);
/// What each rank on this host has.
/// @param all  set to a new array, in the order of ranks, which the caller frees
/// @return how many; `place` is this rank's
int gs_mpi_gather_on_host(gs_mpi *mpi, const void *mine, int bytes, void **all, int *place);

/// Ends all ranks with this exit code at once. Not collective.
void gs_mpi_abort(gs_mpi *mpi, int code);

// Not collective; safe to call from several threads.

/// Asks rank 0, which asks itself without a message.
int64_t gs_mpi_ask(gs_mpi *mpi, const int64_t question[GS_MPI_NUMBERS]);
/// Questions and answers that this rank has sent and received.
/// @param longest_wait  seconds from a question to its answer at most
int64_t gs_mpi_messages(gs_mpi *mpi, double *longest_wait);

#endif
