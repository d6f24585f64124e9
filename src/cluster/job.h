/// A sweep that the ranks of a team train together.
///
/// It is cut into *parts*, shards of which each is a results file of its own, complete in itself and made whole before
/// its first trial. A rank claims a part, trains it as `gansweep run --shard` does, and claims the next, so that
/// unequal ranks end together. While a part is trained, a thread beside it ends the file of the part before and, toward
/// the end, makes that of the next: a rank waits for no disk. Whatever ends the job, what was finished is in the parts,
/// and any number of ranks goes on with them. The steps, in this order, all collective:
///
///     gs_job_settle    rank 0 decides of how many parts there are; nobody else may work on this sweep
///     gs_job_inspect   what is there already is looked at, by all ranks together
///     gs_job_train     the rest is trained
///     gs_job_join      rank 0 makes one file of all parts
#ifndef GANSWEEP_CLUSTER_JOB_H
#define GANSWEEP_CLUSTER_JOB_H

#include "cluster/team.h"
#include "gansweep/merge.h"
#include "gansweep/run.h"
#include "store/lock.h"

enum { GS_SIGNAL_CODE = 128 };      ///< exit code of a job that a signal ended, less the signal's number
enum { GS_EXCHANGES_A_SECOND = 2 }; ///< of a rank that trains with rank 0: a question and its answer each

typedef enum { GS_PART_ABSENT, GS_PART_UNFINISHED, GS_PART_FINISHED } gs_part_state;

typedef struct {
    gs_team *team;
    const gs_experiment *experiment;
    const gs_plan *plan; ///< of the whole experiment
    const char *path;    ///< of the results file
    bool resume, force, is_virtual;
    int parts_asked;          ///< --parts; 0: as many as are good
    int threads;              ///< of all ranks together
    gs_run_options run;       ///< threads, instruction set and checkpoints of this rank; `ask` for rank 0
    const volatile int *stop; ///< set by a signal handler
    gs_provenance provenance;
    /// Rank 0 is told about twice a second how far all of them are. From one thread at a time.
    void (*progress)(const gs_progress *progress, void *context);
    void *context;

    /// Set when this rank has had a signal or another one has ended the job: training is to stop. Not the handler's own
    /// word, in which it would take the next signal for a second one.
    volatile int halt;

    // what the steps find
    gs_lock *lock; ///< of the results file: rank 0's
    int parts;
    bool complete;         ///< the results file is there, and nothing is left to do
    unsigned char *states; ///< [parts] a gs_part_state each
    int *wanted;           ///< [wanted_count] numbers of the parts that are not finished, from 1 on
    int wanted_count;
    gs_progress before; ///< what was finished before
    gs_counts counts;   ///< what this rank has finished; under `attending`
    pthread_mutex_t attending;
    double began, next_exchange, ended; ///< seconds on the monotonic clock; `ended`: when the job was ended early, or 0
    int ended_with;                     ///< exit code of a job that was ended early, or 0
} gs_job;

/// @param job  the fields above "what the steps find" are set; to be ended with gs_job_free()
void gs_job_begin(gs_job *job);
void gs_job_free(gs_job *job);

/// Rank 0 locks the results file's name, refuses what is there unless it is to be replaced or gone on with, and finds
/// the number of parts. The others look whether they see rank 0's folder.
/// @return of this rank; all have rank 0's `parts` and `complete`
gs_status gs_job_settle(gs_job *job, gs_error *error);

/// As many parts as were asked for, or as are good; for rank 0, where there are none yet.
/// @return GS_ERROR_INPUT when the experiment can't be cut into so many
gs_status gs_job_choose_parts(gs_job *job, gs_error *error);

/// How much there is to train.
typedef struct {
    double trials, packs;
    double work; ///< as gs_plan_work() says, of all trials
} gs_job_size;

/// Of the whole experiment.
gs_status gs_job_measure(const gs_experiment *experiment, const gs_plan *plan, gs_isa isa, gs_job_size *size,
                         gs_error *error);

/// How many parts are good: about 32 a rank, none so small that making its file or waiting for the last thread costs
/// much.
/// @param threads  of all ranks together
int gs_job_good_parts(const gs_job_size *size, int ranks, double threads, bool is_virtual);

/// Refuses what a sweep can't be cut into.
gs_status gs_job_check_parts(const gs_plan *plan, int parts, bool is_virtual, gs_error *error);

/// Looks at the parts of a job that is gone on with.
/// @return GS_ERROR_RESULTS when one is damaged, or of another experiment
gs_status gs_job_inspect(gs_job *job, gs_error *error);
/// All ranks learn what each has found.
gs_status gs_job_share_states(gs_job *job, gs_error *error);

/// Trains parts until none is left, or the job is ended.
gs_status gs_job_train(gs_job *job, gs_error *error);

/// Waits for all ranks. Exit code and rank as gs_team_agree() says. Aborts an ended job of which a rank does not come.
int gs_job_agree(gs_job *job, int *code);
/// Exit code of a job that was ended early, or 0: the same for all ranks, however late one of them was told to end.
int gs_job_ended_with(gs_job *job);
/// How far all ranks are. For rank 0.
gs_progress gs_job_progress(gs_job *job);
/// Tells rank 0 what was finished, hears whether the job is ended, and shows progress; some times a second.
/// @param asked  progress was asked for
void gs_job_attend(gs_job *job, const gs_counts *counts, bool asked);

/// Makes the results file of the parts, and then removes them unless it is virtual. For rank 0.
gs_status gs_job_join(gs_job *job, const gs_merge_options *options, gs_merged *merged, gs_error *error);

#endif
