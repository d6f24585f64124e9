#include "cluster/mpi.h"

#include <mpi.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "run/waiting.h"

static const double SECONDS_BETWEEN_ANSWERS = 0.002; ///< of rank 0
static const double SECONDS_BETWEEN_LOOKS = 0.02;    ///< of a rank that waits for the others

enum { TAG_QUESTION = 1, TAG_ANSWER };

struct gs_mpi {
    int rank, processes;
    MPI_Comm host;          ///< the ranks that share this host's memory
    pthread_mutex_t calls;  ///< held in each call of MPI
    pthread_mutex_t asking; ///< held from a question to its answer, and while rank 0 answers
    int64_t messages;       ///< under `asking`, as is ...
    double longest_wait;    ///< ... for an answer, in seconds
    gs_mpi_answer answer;   ///< of rank 0
    void *context;
    pthread_t answering; ///< rank 0's thread
    bool answers;
    pthread_mutex_t ending;
    pthread_cond_t end;
    bool ended; ///< under `ending`
};

const char *gs_mpi_library(void) {
    static char text[MPI_MAX_LIBRARY_VERSION_STRING]; // MPI allows this call before it begins
    int length = 0;
    if (MPI_Get_library_version(text, &length) != MPI_SUCCESS) {
        return "MPI";
    }
    text[strcspn(text, ",\n")] = '\0';
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '\t' ? ' ' : *at;
    }
    return text;
}

// ---- rank 0 answers ----

/// Answers one question that has come; false when there is none.
static bool answer_one(gs_mpi *mpi) {
    int there;
    MPI_Status from;
    int64_t question[GS_MPI_NUMBERS];
    (void)pthread_mutex_lock(&mpi->calls);
    (void)MPI_Iprobe(MPI_ANY_SOURCE, TAG_QUESTION, MPI_COMM_WORLD, &there, &from);
    if (there != 0) {
        (void)MPI_Recv(question, GS_MPI_NUMBERS, MPI_INT64_T, from.MPI_SOURCE, TAG_QUESTION, MPI_COMM_WORLD,
                       MPI_STATUS_IGNORE);
    }
    (void)pthread_mutex_unlock(&mpi->calls);
    if (there == 0) {
        return false;
    }
    (void)pthread_mutex_lock(&mpi->asking);
    const int64_t answer = mpi->answer(mpi->context, from.MPI_SOURCE, question);
    (void)pthread_mutex_unlock(&mpi->asking);
    (void)pthread_mutex_lock(&mpi->calls);
    (void)MPI_Send(&answer, 1, MPI_INT64_T, from.MPI_SOURCE, TAG_ANSWER, MPI_COMM_WORLD);
    (void)pthread_mutex_unlock(&mpi->calls);
    return true;
}

static void *answer_until_ended(void *argument) {
    gs_mpi *mpi = argument;
    (void)pthread_mutex_lock(&mpi->ending);
    while (!mpi->ended) {
        gs_wait_at_most(&mpi->end, &mpi->ending, SECONDS_BETWEEN_ANSWERS);
        while (answer_one(mpi)) {
        }
    }
    (void)pthread_mutex_unlock(&mpi->ending);
    return NULL;
}

gs_status gs_mpi_begin_answering(gs_mpi *mpi, gs_mpi_answer answer, void *context, gs_error *error) {
    mpi->answer = answer;
    mpi->context = context;
    const int failure = mpi->rank == 0 ? gs_start_without_signals(&mpi->answering, answer_until_ended, mpi) : 0;
    mpi->answers = mpi->rank == 0 && failure == 0;
    return failure == 0 ? GS_OK : gs_fail(error, GS_ERROR_RUN, "can't start a thread: %s", strerror(failure));
}

static void end_answering(gs_mpi *mpi) {
    if (mpi->answers) {
        (void)pthread_mutex_lock(&mpi->ending);
        mpi->ended = true;
        (void)pthread_cond_signal(&mpi->end);
        (void)pthread_mutex_unlock(&mpi->ending);
        (void)pthread_join(mpi->answering, NULL);
    }
}

// ---- joining ----

gs_status gs_mpi_join(gs_mpi **mpi, int *rank, int *processes, gs_error *error) {
    int provided = MPI_THREAD_SINGLE;
    gs_mpi *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    (void)MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
    (void)MPI_Comm_rank(MPI_COMM_WORLD, &made->rank);
    (void)MPI_Comm_size(MPI_COMM_WORLD, &made->processes);
    *rank = made->rank;
    *processes = made->processes;
    if (provided < MPI_THREAD_SERIALIZED) {
        free(made);
        (void)MPI_Finalize();
        return gs_fail(error, GS_ERROR_RUN, "%s allows no calls from threads: MPI_THREAD_SERIALIZED was expected",
                       gs_mpi_library());
    }
    (void)MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &made->host);
    (void)pthread_mutex_init(&made->calls, NULL);
    (void)pthread_mutex_init(&made->asking, NULL);
    gs_init_waiting(&made->end, &made->ending);
    *mpi = made;
    return GS_OK;
}

void gs_mpi_abort(gs_mpi *mpi, int code) {
    (void)pthread_mutex_lock(&mpi->calls);
    (void)MPI_Abort(MPI_COMM_WORLD, code);
    exit(code);
}

// ---- all together ----

static bool is_done(gs_mpi *mpi, MPI_Request *request) {
    int done;
    (void)pthread_mutex_lock(&mpi->calls);
    (void)MPI_Test(request, &done, MPI_STATUS_IGNORE);
    (void)pthread_mutex_unlock(&mpi->calls);
    return done != 0;
}

/// Waits asleep: the processor may belong to a rank that still trains. Soon done mostly, so that it begins with short
/// naps.
static bool wait_for(gs_mpi *mpi, MPI_Request *request, gs_attend attend, void *context) {
    static const double SHORTEST_NAP = 1e-5;
    for (double nap = SHORTEST_NAP; !is_done(mpi, request); nap = 2 * nap) {
        nap = nap > SECONDS_BETWEEN_LOOKS ? SECONDS_BETWEEN_LOOKS : nap;
        const struct timespec pause = {.tv_nsec = (long)(1e9 * nap)};
        (void)nanosleep(&pause, NULL);
        if (attend != NULL && nap >= SECONDS_BETWEEN_LOOKS && !attend(context)) {
            return false;
        }
    }
    return true;
}

static bool reduce(gs_mpi *mpi, void *values, int count, MPI_Datatype type, MPI_Op operation, gs_attend attend,
                   void *context) {
    MPI_Request request;
    (void)pthread_mutex_lock(&mpi->calls);
    (void)MPI_Iallreduce(MPI_IN_PLACE, values, count, type, operation, MPI_COMM_WORLD, &request);
    (void)pthread_mutex_unlock(&mpi->calls);
    return wait_for(mpi, &request, attend, context);
}

bool gs_mpi_least(gs_mpi *mpi, int64_t *number, gs_attend attend, void *context) {
    return reduce(mpi, number, 1, MPI_INT64_T, MPI_MIN, attend, context);
}

void gs_mpi_sum(gs_mpi *mpi, int64_t *numbers, int count) {
    (void)reduce(mpi, numbers, count, MPI_INT64_T, MPI_SUM, NULL, NULL);
}

void gs_mpi_largest(gs_mpi *mpi, unsigned char *bytes, int count) {
    (void)reduce(mpi, bytes, count, MPI_UNSIGNED_CHAR, MPI_MAX, NULL, NULL);
}

void gs_mpi_largest_numbers(gs_mpi *mpi, int64_t *numbers, int count) {
    (void)reduce(mpi, numbers, count, MPI_INT64_T, MPI_MAX, NULL, NULL);
}

void gs_mpi_broadcast(gs_mpi *mpi, void *bytes, int count) {
    MPI_Request request;
    (void)pthread_mutex_lock(&mpi->calls);
    (void)MPI_Ibcast(bytes, count, MPI_BYTE, 0, MPI_COMM_WORLD, &request);
    (void)pthread_mutex_unlock(&mpi->calls);
    (void)wait_for(mpi, &request, NULL, NULL);
}

int gs_mpi_gather_on_host(gs_mpi *mpi, const void *mine, int bytes, void **all, int *place) {
    int count;
    MPI_Request request;
    (void)pthread_mutex_lock(&mpi->calls);
    (void)MPI_Comm_size(mpi->host, &count);
    (void)MPI_Comm_rank(mpi->host, place);
    *all = calloc((size_t)count, (size_t)bytes);
    if (*all == NULL) { // the others would wait for this one
        (void)MPI_Abort(MPI_COMM_WORLD, GS_ERROR_RUN);
    }
    (void)MPI_Iallgather(mine, bytes, MPI_BYTE, *all, bytes, MPI_BYTE, mpi->host, &request);
    (void)pthread_mutex_unlock(&mpi->calls);
    (void)wait_for(mpi, &request, NULL, NULL);
    return count;
}

// ---- asking ----

int64_t gs_mpi_ask(gs_mpi *mpi, const int64_t question[GS_MPI_NUMBERS]) {
    int64_t answer = 0;
    MPI_Request request;
    (void)pthread_mutex_lock(&mpi->asking);
    if (mpi->rank == 0) {
        answer = mpi->answer(mpi->context, 0, question);
    } else {
        (void)pthread_mutex_lock(&mpi->calls);
        (void)MPI_Irecv(&answer, 1, MPI_INT64_T, 0, TAG_ANSWER, MPI_COMM_WORLD, &request);
        (void)MPI_Send(question, GS_MPI_NUMBERS, MPI_INT64_T, 0, TAG_QUESTION, MPI_COMM_WORLD);
        (void)pthread_mutex_unlock(&mpi->calls);
        const double begin = gs_seconds_now();
        (void)wait_for(mpi, &request, NULL, NULL);
        const double waited = gs_seconds_now() - begin;
        mpi->longest_wait = waited > mpi->longest_wait ? waited : mpi->longest_wait;
        mpi->messages += 2;
    }
    (void)pthread_mutex_unlock(&mpi->asking);
    return answer;
}

int64_t gs_mpi_messages(gs_mpi *mpi, double *longest_wait) {
    (void)pthread_mutex_lock(&mpi->asking);
    const int64_t messages = mpi->messages;
    *longest_wait = mpi->longest_wait;
    (void)pthread_mutex_unlock(&mpi->asking);
    return messages;
}

// ---- leaving ----

void gs_mpi_leave(gs_mpi *mpi) {
    MPI_Request request;
    (void)pthread_mutex_lock(&mpi->calls);
    (void)MPI_Ibarrier(MPI_COMM_WORLD, &request);
    (void)pthread_mutex_unlock(&mpi->calls);
    (void)wait_for(mpi, &request, NULL, NULL); // from here on nobody asks
    end_answering(mpi);
    (void)MPI_Comm_free(&mpi->host);
    (void)MPI_Finalize();
    (void)pthread_mutex_destroy(&mpi->calls);
    (void)pthread_mutex_destroy(&mpi->asking);
    (void)pthread_mutex_destroy(&mpi->ending);
    (void)pthread_cond_destroy(&mpi->end);
    free(mpi);
}
