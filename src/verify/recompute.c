/// Trains trials again and compares every bit of their rows, the checks' results among them.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run/worker.h"
#include "store/block.h"
#include "verify/finding.h"

/// What one thread needs to train a pack and to compare it.
typedef struct {
    gs_finding *finding;
    gs_worker worker;
    gs_block *block;
    unsigned char *row; ///< of the widest dataset
} hand;

static gs_status hand_create(gs_finding *finding, hand *made, gs_error *error) {
    const gs_layout *layout = finding->results->layout;
    int64_t widest = 1;
    *made = (hand){.finding = finding};
    for (int i = 0; i < layout->count; i++) {
        widest = layout->columns[i].dataset.row_bytes > widest ? layout->columns[i].dataset.row_bytes : widest;
    }
    made->row = malloc((size_t)widest);
    if (made->row == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for one row");
    }
    const gs_status status = gs_worker_create(finding->results->experiment, finding->isa, &made->worker, error);
    return status == GS_OK ? gs_block_create(layout, gs_isa_lanes(finding->isa), &made->block, error) : status;
}

static void hand_free(hand *made) {
    gs_block_free(made->block);
    gs_worker_free(&made->worker);
    free(made->row);
}

static bool is_in(const int64_t *trials, int64_t count, int64_t trial) {
    return count > 0 && bsearch(&trial, trials, (size_t)count, sizeof trial, gs_finding_compare_trials) != NULL;
}

/// Compares one trial's new row with the file's and lists the datasets that differ.
static gs_status compare_trial(hand *made, int64_t trial, int row, gs_error *error) {
    gs_finding *finding = made->finding;
    const gs_layout *layout = finding->results->layout;
    bool differs = false;
    gs_status status = GS_OK;
    for (int i = 0; i < layout->count && status == GS_OK; i++) {
        const gs_column *column = &layout->columns[i];
        const int64_t bytes = column->dataset.row_bytes;
        if (!column->dataset.by_trial || column->moment == GS_WRITTEN_AT_CREATION) {
            continue; // the pass over all rows has compared it with the plan
        }
        status = gs_results_read_unchecked(finding->results, column->dataset.name, trial, 1, made->row, error);
        if (status == GS_OK && memcmp(made->row, made->block->rows[i] + row * bytes, (size_t)bytes) != 0) {
            differs = true;
#pragma omp critical(gs_verify_found)
            gs_finding_add_row(finding, column->dataset.name, trial);
        }
    }
#pragma omp critical(gs_verify_found)
    {
        finding->made->recomputed++;
        const bool named = is_in(finding->named, finding->named_count, trial);
        if (named && !differs) { // the disk gives other bytes each time it is asked
            gs_finding_add_row(finding, "", trial);
        } else if (differs && !named && status == GS_OK) {
            status = gs_finding_add_trial(finding, trial, error);
        }
    }
    return status;
}

/// Trains, checks and compares trials of one shape.
static gs_status compare_pack(hand *made, const int64_t *trials, int count, gs_error *error) {
    gs_settings settings[GS_MAX_LANES] = {0};
    gs_finding *finding = made->finding;
    for (int row = 0; row < count; row++) {
        gs_plan_settings(finding->results->plan, trials[row], &settings[row]);
    }
    const volatile int *stop = finding->options->stop == NULL ? &finding->halt : finding->options->stop;
    if (!gs_train(made->worker.trainer, settings, count, stop, made->worker.training)) {
        return GS_OK;
    }
    gs_status status = GS_OK;
    gs_block_clear(made->block);
    for (int row = 0; row < count && status == GS_OK; row++) {
        gs_error reason;
        if (gs_worker_check(&made->worker, &settings[row], row, &reason) != GS_OK) {
            return gs_fail(error, GS_ERROR_RUN, "trial %lld: %.900s", (long long)trials[row], reason.message);
        }
        gs_block_append(made->block, trials[row], &settings[row], made->worker.training, row, made->worker.check);
        status = compare_trial(made, trials[row], row, error);
    }
    return status;
}

/// The doubles of the checks must not depend on the caller's rounding.
static void use_default_rounding(fenv_t *before) {
    (void)fegetenv(before);
    (void)fesetenv(FE_DFL_ENV);
}

static bool equal_shape(const gs_settings *a, const gs_settings *b) {
    return a->batch_size == b->batch_size && a->latent_dim == b->latent_dim && a->epochs == b->epochs;
}

/// How many trials from the `first`-th of the list on can be trained together.
static int take_equal_shape(const gs_finding *finding, const int64_t *trials, int64_t first, int64_t count, int lanes) {
    gs_settings shape, other;
    int taken = 1;
    gs_plan_settings(finding->results->plan, trials[first], &shape);
    while (taken < lanes && first + taken < count) {
        gs_plan_settings(finding->results->plan, trials[first + taken], &other);
        if (!equal_shape(&shape, &other)) {
            break;
        }
        taken++;
    }
    return taken;
}

gs_status gs_verify_name_damage(gs_finding *finding, gs_error *error) {
    gs_verification *made = finding->made;
    gs_error ignored;
    if (gs_results_require_numerics(finding->results, &ignored) != GS_OK) {
        for (int64_t i = 0; i < made->trial_count; i++) {
            gs_finding_add_row(finding, "", made->trials[i]);
        }
        return GS_OK;
    }
    const int64_t all = made->trial_count, count = all < GS_MOST_DAMAGE_LISTED ? all : GS_MOST_DAMAGE_LISTED;
    int64_t *trials = malloc((size_t)all * sizeof *trials);
    hand one;
    fenv_t before;
    if (trials == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for damaged trials");
    }
    memcpy(trials, made->trials, (size_t)all * sizeof *trials);
    finding->named = trials;
    finding->named_count = all;
    use_default_rounding(&before);
    gs_status status = hand_create(finding, &one, error);
    for (int64_t first = 0; first < count && status == GS_OK;) {
        const int taken = take_equal_shape(finding, trials, first, count, gs_isa_lanes(finding->isa));
        status = compare_pack(&one, trials + first, taken, error);
        first += taken;
        gs_finding_watch(finding, (double)first / (double)count);
        status = status == GS_OK && finding->status != GS_OK
                     ? gs_fail(error, finding->status, "%s", finding->failure.message)
                     : status;
    }
    hand_free(&one);
    (void)fesetenv(&before);
    made->recomputed = 0;
    made->damage_count += all - count; // found, though nothing more could be listed
    return status;
}

/// The finished trials of a pack.
static gs_status finished_of_pack(const gs_finding *finding, int64_t pack, int64_t *trials, int *finished,
                                  gs_error *error) {
    const int count = gs_plan_pack(finding->results->plan, gs_isa_lanes(finding->isa), pack, trials);
    *finished = 0;
    for (int i = 0; i < count; i++) {
        unsigned char trial_status;
        const gs_status status =
            gs_results_read_unchecked(finding->results, "status", trials[i], 1, &trial_status, error);
        if (status != GS_OK) {
            return status;
        }
        if (trial_status != GS_PENDING && !is_in(finding->named, finding->named_count, trials[i])) {
            trials[(*finished)++] = trials[i];
        }
    }
    return GS_OK;
}

/// Chooses `wanted` of `count` packs, every choice equally likely (Knuth, The Art of Computer Programming 2, 3.4.2,
/// algorithm S): asked for pack 0, 1, ... in turn.
typedef struct {
    uint64_t seed;
    int64_t count, wanted, chosen, next;
} choice;

static bool choose(choice *from) {
    const int64_t pack = from->next++;
    const double uniform = ldexp((double)(XXH3_64bits_withSeed(&pack, sizeof pack, from->seed) >> 11), -53);
    const bool chosen = (double)(from->count - pack) * uniform < (double)(from->wanted - from->chosen);
    from->chosen += chosen;
    return chosen;
}

/// The next chosen pack, from->count when there is none.
static int64_t next_pack(choice *from) {
    while (from->next < from->count) {
        if (choose(from)) {
            return from->next - 1;
        }
    }
    return from->count;
}

/// One thread's part: it takes chosen packs until none is left.
static gs_status recompute(hand *made, choice *from, gs_error *error) {
    gs_finding *finding = made->finding;
    gs_status status = GS_OK;
    while (status == GS_OK && !finding->halt) {
        int64_t trials[GS_MAX_LANES], pack;
        int count = 0;
#pragma omp critical(gs_verify_take)
        {
            pack = next_pack(from);
            gs_finding_watch(finding, (double)from->chosen / (double)from->wanted);
        }
        if (pack == from->count) {
            break;
        }
        status = finished_of_pack(finding, pack, trials, &count, error);
        if (status == GS_OK && count > 0) {
            status = compare_pack(made, trials, count, error);
        }
    }
    return status;
}

gs_status gs_verify_recompute(gs_finding *finding, gs_error *error) {
    const gs_status refused = gs_results_require_numerics(finding->results, error);
    if (refused != GS_OK) {
        return refused;
    }
    choice from = {.seed = finding->options->seed,
                   .count = gs_plan_pack_count(finding->results->plan, gs_isa_lanes(finding->isa))};
    from.wanted = (int64_t)ceil(finding->options->recompute * (double)from.count);
    from.wanted = from.wanted > from.count ? from.count : from.wanted;
#pragma omp parallel num_threads(finding->threads)
    {
        hand one;
        fenv_t before;
        gs_error failure;
        use_default_rounding(&before);
        gs_status status = hand_create(finding, &one, &failure);
        if (status == GS_OK) {
            status = recompute(&one, &from, &failure);
        }
        if (status != GS_OK) {
            gs_finding_fail(finding, status, &failure);
        }
        hand_free(&one);
        (void)fesetenv(&before);
    }
    return finding->status == GS_OK ? GS_OK : gs_fail(error, finding->status, "%s", finding->failure.message);
}
