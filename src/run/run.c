#include "gansweep/run.h"

#include <assert.h>
#include <fenv.h>
#include <omp.h>
#include <stdlib.h>

#include "run/checkpoint.h"
#include "run/memory.h"
#include "run/pin.h"
#include "run/progress.h"
#include "run/stopwatch.h"
#include "run/worker.h"

/// That the packs still left are divided into, so that threads end together.
enum { TAKES_OF_A_THREAD = 4 };
/// A finished trial waits for its write at most this long, or as long as for its checkpoint, or one pack.
static const double OLDEST_UNWRITTEN_SECONDS = 0.5;

static const double SHORTEST_INTERVAL = 0.001; // seconds between checkpoints: more often is no use

/// What all threads share.
typedef struct {
    const gs_experiment *experiment;
    const gs_plan *plan;
    gs_store *store;
    const gs_layout *layout;
    gs_isa isa;
    int lanes, threads, packs_of_a_block;
    int64_t pack_count;
    int64_t next_pack;        ///< changed under critical(gs_run_take)
    const volatile int *stop; ///< the caller's; may be NULL
    volatile int halt;        ///< set by the first failure, and when the caller stops the run
    gs_status status;         ///< the first failure; under critical(gs_run_failure)
    gs_error failure;
    gs_counter *counters; ///< [threads]
    double start;         ///< omp_get_wtime() at the first pack
    bool checkpoint_each_block;
    double oldest_unwritten; ///< seconds
    gs_profile profile;      ///< under critical(gs_run_profile)
} gs_sweep;

/// What one thread owns.
typedef struct {
    gs_worker worker;
    gs_block *block;
    gs_tally unwritten;
    gs_stopwatch stopwatch;
    int64_t takes;
    double waiting_since; ///< omp_get_wtime() when the block's first pack was trained
} gs_hand;

/// Takes the next packs [first, first + count): a block of them, or fewer when few are left for all threads.
static int64_t take_packs(gs_sweep *sweep, gs_hand *hand, int64_t *first) {
    int64_t count;
#pragma omp critical(gs_run_take)
    {
        const int64_t left = sweep->pack_count - sweep->next_pack;
        const int64_t share = left / ((int64_t)sweep->threads * TAKES_OF_A_THREAD) + 1;
        count = share < sweep->packs_of_a_block ? share : sweep->packs_of_a_block;
        count = count < left ? count : left;
        *first = sweep->next_pack;
        sweep->next_pack += count;
    }
    hand->takes++;
    gs_stopwatch_lap(&hand->stopwatch, GS_PART_TAKE);
    return count;
}

static gs_status write_block(gs_sweep *sweep, gs_hand *hand, gs_error *error) {
    if (gs_block_count(hand->block) == 0) {
        return GS_OK;
    }
    gs_status status = gs_store_write(sweep->store, hand->block, error);
    if (status == GS_OK && sweep->checkpoint_each_block) {
        status = gs_store_checkpoint(sweep->store, omp_get_wtime() - sweep->start, error);
    }
    if (status == GS_OK) {
        gs_counter_add(&sweep->counters[omp_get_thread_num()], &hand->unwritten);
    }
    gs_block_clear(hand->block);
    hand->unwritten = (gs_tally){0};
    gs_stopwatch_lap(&hand->stopwatch, GS_PART_WRITE);
    return status;
}

/// Checks one trained trial and puts its row into the block.
static gs_status finish_trial(gs_sweep *sweep, gs_hand *hand, int64_t trial, const gs_settings *settings, int row,
                              gs_error *error) {
    gs_error reason;
    const gs_status checked = gs_worker_check(&hand->worker, settings, row, &reason);
    gs_stopwatch_lap(&hand->stopwatch, GS_PART_CHECK);
    if (checked != GS_OK) {
        return gs_fail(error, GS_ERROR_RUN, "trial %lld: %.900s", (long long)trial, reason.message);
    }
    gs_block_append(hand->block, trial, settings, hand->worker.training, row, hand->worker.check);
    float loss_D, loss_G;
    gs_worker_last_losses(&hand->worker, settings, row, &loss_D, &loss_G);
    hand->unwritten.done++;
    hand->unwritten.diverged += hand->worker.training->diverged_epoch[row] != 0;
    hand->unwritten.prints_ln2 += gs_prints_ln2(settings->generator_loss, loss_D, loss_G);
    hand->unwritten.examples += settings->epochs * sweep->experiment->data.n;
    gs_stopwatch_lap(&hand->stopwatch, GS_PART_GATHER);
    return GS_OK;
}

/// The pending trials of a pack. The others' lanes stay empty: a trial's numbers don't depend on them.
static int pending_of_pack(const gs_sweep *sweep, int64_t pack, int64_t *trials) {
    const int count = gs_plan_pack(sweep->plan, sweep->lanes, pack, trials);
    int pending = 0;
    for (int i = 0; i < count; i++) {
        if (gs_store_is_pending(sweep->store, trials[i])) {
            trials[pending++] = trials[i];
        }
    }
    return pending;
}

/// Trains and checks the pending trials of one pack; a pack that was stopped half-way leaves nothing.
static gs_status train_pack(gs_sweep *sweep, gs_hand *hand, int64_t pack, gs_error *error) {
    int64_t trials[GS_MAX_LANES];
    gs_settings settings[GS_MAX_LANES];
    const int count = pending_of_pack(sweep, pack, trials);
    if (count == 0) {
        return GS_OK;
    }
    for (int row = 0; row < count; row++) {
        gs_plan_settings(sweep->plan, trials[row], &settings[row]);
    }
    const bool trained = gs_train(hand->worker.trainer, settings, count, &sweep->halt, hand->worker.training);
    gs_stopwatch_lap(&hand->stopwatch, GS_PART_TRAIN);
    if (!trained) {
        return GS_OK;
    }
    if (gs_block_count(hand->block) == 0) {
        hand->waiting_since = omp_get_wtime();
    }
    gs_status status = GS_OK;
    for (int row = 0; row < count && status == GS_OK; row++) {
        status = finish_trial(sweep, hand, trials[row], &settings[row], row, error);
    }
    return status;
}

/// Whether the run is to end. The caller's wish is looked at here, too: the watching thread may be in the callback.
static bool is_stopped(gs_sweep *sweep) {
    if (sweep->stop != NULL && *sweep->stop) {
        sweep->halt = 1;
    }
    return sweep->halt != 0;
}

/// Trains packs until none are left or the run is halted; what was finished is written in every case.
static gs_status work(gs_sweep *sweep, gs_hand *hand, gs_error *error) {
    gs_status status = GS_OK;
    int64_t first, count;
    while (status == GS_OK && !sweep->halt && (count = take_packs(sweep, hand, &first)) > 0) {
        for (int64_t pack = first; status == GS_OK && !is_stopped(sweep) && pack < first + count; pack++) {
            status = train_pack(sweep, hand, pack, error);
            if (status == GS_OK && gs_block_count(hand->block) > 0 &&
                omp_get_wtime() - hand->waiting_since > sweep->oldest_unwritten) {
                status = write_block(sweep, hand, error);
            }
        }
        gs_error ignored;
        const gs_status written = write_block(sweep, hand, status == GS_OK ? error : &ignored);
        status = status == GS_OK ? written : status;
    }
    return status;
}

static void report_failure(gs_sweep *sweep, gs_status status, const gs_error *error) {
#pragma omp critical(gs_run_failure)
    {
        if (sweep->status == GS_OK) {
            sweep->status = status;
            sweep->failure = *error;
        }
        sweep->halt = 1;
    }
}

static void add_to_profile(gs_sweep *sweep, const gs_hand *hand) {
#pragma omp critical(gs_run_profile)
    {
        for (int part = 0; part < GS_PART_COUNT; part++) {
            sweep->profile.part[part] += hand->stopwatch.seconds[part];
        }
        sweep->profile.lapack += hand->worker.checker == NULL ? 0 : gs_checker_lapack_seconds(hand->worker.checker);
        sweep->profile.takes += hand->takes;
    }
}

/// One thread's life. What it owns is allocated by itself, so that its memory is near it.
static void run_thread(gs_sweep *sweep) {
    fenv_t caller_environment; // the checks' doubles must not depend on the caller's rounding or flush-to-zero
    (void)fegetenv(&caller_environment);
    (void)fesetenv(FE_DFL_ENV);
    gs_hand hand = {0};
    gs_error error = {""};
    gs_stopwatch_start(&hand.stopwatch);
    gs_pin *pin = gs_pin_thread(omp_get_thread_num(), sweep->threads); // before its memory is touched
    gs_status status = gs_worker_create(sweep->experiment, sweep->isa, &hand.worker, &error);
    if (status == GS_OK) {
        assert(gs_trainer_lanes(hand.worker.trainer) == sweep->lanes);
        status = gs_block_create(sweep->layout, sweep->packs_of_a_block * sweep->lanes, &hand.block, &error);
    }
    gs_stopwatch_lap(&hand.stopwatch, GS_PART_START);
    if (status == GS_OK) {
        status = work(sweep, &hand, &error);
    }
    if (status != GS_OK) {
        report_failure(sweep, status, &error);
    }
#pragma omp barrier
    gs_stopwatch_lap(&hand.stopwatch, GS_PART_WAIT);
    add_to_profile(sweep, &hand);
    gs_block_free(hand.block);
    gs_worker_free(&hand.worker);
    gs_unpin(pin);
    (void)fesetenv(&caller_environment);
}

/// What was finished before.
static gs_progress progress_before(gs_store *store) {
    const gs_ledger ledger = gs_store_ledger(store);
    const int64_t finished = ledger.done + ledger.diverged;
    return (gs_progress){.trials = ledger.planned, .done = finished, .before = finished, .diverged = ledger.diverged};
}

static gs_status run_all_threads(gs_sweep *sweep, const gs_run_options *options, gs_progress *summary,
                                 gs_error *error) {
    sweep->start = omp_get_wtime();
    sweep->checkpoint_each_block = options->checkpoint < 0;
    const double asked = options->checkpoint == 0 ? GS_CHECKPOINT_SECONDS : options->checkpoint;
    const double interval = asked > 0 && asked < SHORTEST_INTERVAL ? SHORTEST_INTERVAL : asked;
    sweep->oldest_unwritten = interval < OLDEST_UNWRITTEN_SECONDS ? interval : OLDEST_UNWRITTEN_SECONDS;
    gs_watch watch = {.options = options,
                      .counters = sweep->counters,
                      .threads = sweep->threads,
                      .before = progress_before(sweep->store),
                      .start = sweep->start,
                      .halt = &sweep->halt};
    gs_checkpoints checkpoints = {
        .store = sweep->store, .interval = interval, .start = sweep->start, .halt = &sweep->halt};
    gs_status status = gs_watch_start(&watch, error);
    if (status != GS_OK) {
        return status;
    }
    status = gs_checkpoints_start(&checkpoints, error);
    if (status != GS_OK) {
        gs_watch_end(&watch);
        return status;
    }
#pragma omp parallel num_threads(sweep->threads)
    run_thread(sweep);
    sweep->profile.seconds = omp_get_wtime() - watch.start;
    gs_checkpoints_end(&checkpoints);
    gs_watch_end(&watch);
    sweep->profile.threads = sweep->threads;
    sweep->profile.progress = watch.processor_seconds;
    sweep->profile.checkpoints = checkpoints.count;
    sweep->profile.checkpoint_seconds = checkpoints.seconds;
    if (options->profile != NULL) {
        *options->profile = sweep->profile;
    }

    *summary = gs_watch_progress(&watch);
    summary->finished = true;
    if (options->progress != NULL) {
        options->progress(summary, options->context);
    }
    if (sweep->status == GS_OK && checkpoints.status != GS_OK) {
        return gs_fail(error, checkpoints.status, "%s", checkpoints.failure.message);
    }
    return sweep->status == GS_OK ? GS_OK : gs_fail(error, sweep->status, "%s", sweep->failure.message);
}

int gs_run_threads_used(const gs_plan *plan, const gs_run_options *options) {
    const gs_isa isa = options->isa == GS_ISA_AUTO ? gs_isa_best() : options->isa;
    const int64_t packs = gs_plan_pack_count(plan, gs_isa_lanes(isa));
    const int threads = gs_run_threads(options);
    return threads < packs ? threads : (int)packs;
}

gs_status gs_run(const gs_experiment *experiment, const gs_plan *plan, gs_store *store, const gs_run_options *options,
                 gs_progress *summary, gs_error *error) {
    static const gs_run_options presets = {0};
    options = options == NULL ? &presets : options;
    const gs_isa isa = options->isa == GS_ISA_AUTO ? gs_isa_best() : options->isa;
    gs_progress nowhere;
    summary = summary == NULL ? &nowhere : summary;
    *summary = progress_before(store);
    summary->finished = true;
    if (!gs_isa_available(isa)) {
        return gs_fail(error, GS_ERROR_INPUT, "this processor has no %s; the best it has is %s", gs_isa_names[isa],
                       gs_isa_names[gs_isa_best()]);
    }
    gs_sweep sweep = {.experiment = experiment,
                      .plan = plan,
                      .store = store,
                      .isa = isa,
                      .lanes = gs_isa_lanes(isa),
                      .stop = options->stop};
    sweep.pack_count = gs_plan_pack_count(plan, sweep.lanes);
    sweep.threads = gs_run_threads_used(plan, options);
    sweep.layout = gs_store_layout(store);
    sweep.packs_of_a_block = gs_packs_of_a_block(sweep.layout, sweep.lanes);
    const size_t counters_bytes = (size_t)sweep.threads * sizeof *sweep.counters;
    sweep.counters = aligned_alloc(CACHE_LINE_BYTES, counters_bytes);
    if (sweep.counters == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the counters of %d threads", sweep.threads);
    }
    for (int thread = 0; thread < sweep.threads; thread++) {
        sweep.counters[thread] = (gs_counter){0};
    }
    const gs_status status = run_all_threads(&sweep, options, summary, error);
    free(sweep.counters);
    return status;
}
