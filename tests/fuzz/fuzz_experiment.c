/// Any bytes as an experiment file with --set arguments: refused in one line, or else everything that follows from the
/// experiment is sound - plan, packs, layout, size of the file, texts of its provenance, the next phase - and its text
/// says the same when it is read again, as a results file does.
///
/// The input is the file, and behind it any number of "\n--set " with an argument each.
#include <string.h>

#include "fuzz.h"
#include "gansweep/store.h"
#include "store/provenance.h"
#include "store/seal.h"
#include "study/text.h"

static const char mark[] = "\n--set ";
enum {
    MARK_BYTES = sizeof mark - 1,
    MOST_OVERRIDES = 32,
    LOOKS = 7,
    MOST_LISTED = 10000,
    MANY = 20000,
    MANY_AT_MOST = 1000000
};

/// An input taken apart.
typedef struct {
    size_t text_length;                    ///< the file stands at the beginning of the input
    char *copy;                            ///< of what stands behind it
    const char *overrides[MOST_OVERRIDES]; ///< into `copy`
    int count;
} parts;

static void take_apart(const uint8_t *input, size_t size, parts *p) {
    const uint8_t *const end = input + size;
    const uint8_t *found = size == 0 ? NULL : memmem(input, size, mark, MARK_BYTES);
    p->count = 0;
    p->text_length = found == NULL ? size : (size_t)(found - input) + 1; // with its line break
    const size_t rest = size - (found == NULL ? size : (size_t)(found - input));
    p->copy = fuzz_allocate(rest + 1);
    memcpy(p->copy, end - rest, rest);
    p->copy[rest] = '\0';
    if (rest > 0 && p->copy[rest - 1] == '\n') {
        p->copy[rest - 1] = '\0'; // an editor's last line break is not meant
    }
    char *at = p->copy, *const last = p->copy + rest;
    while (p->count < MOST_OVERRIDES && at < last && (at = memmem(at, (size_t)(last - at), mark, MARK_BYTES)) != NULL) {
        *at = '\0'; // ends the argument before
        at += MARK_BYTES;
        p->overrides[p->count++] = at;
    }
}

/// Trials to look at: both ends and some between.
static int64_t look(int64_t count, int number) {
    return number == LOOKS - 1 ? count - 1 : count / (LOOKS - 1) * number;
}

static bool is_within(gs_setting setting, double value) {
    return value >= gs_settings_table[setting].smallest && value <= gs_settings_table[setting].largest;
}

static void check_settings(const gs_experiment *experiment, const gs_settings *settings) {
    fuzz_require(settings->seed >= 0 && settings->data_seed >= 0 && settings->shuffle_seed >= 0, "seeds are in range");
    fuzz_require(is_within(GS_SETTING_LR_G, settings->lr_G) && is_within(GS_SETTING_LR_D, settings->lr_D),
                 "learning rates are in range");
    fuzz_require((int)settings->generator_loss >= 0 && settings->generator_loss < GS_GENERATOR_LOSS_COUNT,
                 "generator_loss is known");
    fuzz_require((int)settings->convention >= 0 && settings->convention < GS_CONVENTION_COUNT, "convention is known");
    fuzz_require(settings->batch_size >= 1 && settings->batch_size <= experiment->data.n, "batches fit the data");
    fuzz_require(is_within(GS_SETTING_LATENT_DIM, (double)settings->latent_dim) &&
                     settings->latent_dim <= gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM),
                 "latent_dim is in range");
    fuzz_require(is_within(GS_SETTING_EPOCHS, (double)settings->epochs) &&
                     settings->epochs <= gs_experiment_largest(experiment, GS_SETTING_EPOCHS),
                 "epochs are in range");
}

static void check_trials(const gs_experiment *experiment, const gs_plan *plan) {
    const int64_t trials = gs_plan_trial_count(plan), configurations = gs_plan_configuration_count(plan);
    fuzz_require(trials >= 1 && configurations >= 1 && configurations <= trials, "there are trials");
    fuzz_require(trials % gs_plan_run_length(plan) == 0, "trials are whole runs");
    for (int i = 0; i < LOOKS; i++) {
        gs_settings settings;
        gs_plan_settings(plan, look(trials, i), &settings);
        check_settings(experiment, &settings);
        const int64_t configuration = gs_plan_configuration(plan, look(trials, i));
        fuzz_require(configuration >= 0 && configuration < configurations, "configurations are in range");
    }
}

static void check_packs(const gs_plan *plan, int lanes) {
    const gs_trial_range part = gs_plan_part(plan);
    const int64_t trials = part.count, packs = gs_plan_pack_count(plan, lanes);
    fuzz_require(packs >= trials / lanes + (trials % lanes != 0) && packs <= trials, "packs are as many as needed");
    for (int i = 0; i < LOOKS; i++) {
        int64_t members[16];
        gs_settings first, other;
        const int count = gs_plan_pack(plan, lanes, look(packs, i), members);
        fuzz_require(count >= 1 && count <= lanes, "a pack has trials");
        for (int m = 0; m < count; m++) {
            fuzz_require(members[m] >= part.first && members[m] - part.first < trials &&
                             (m == 0 || members[m] > members[m - 1]),
                         "a pack's trials ascend");
            gs_plan_settings(plan, members[0], &first);
            gs_plan_settings(plan, members[m], &other);
            fuzz_require(first.batch_size == other.batch_size && first.latent_dim == other.latent_dim &&
                             first.epochs == other.epochs,
                         "a pack's trials have one shape");
        }
    }
}

/// Shards follow each other, and each is a plan of its own.
static void check_shards(const gs_experiment *experiment, gs_plan *plan) {
    static const int counts[] = {1, 2, 7, 1000};
    const int64_t trials = gs_plan_trial_count(plan);
    gs_error error = {""};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        gs_trial_range shard, next;
        if (counts[i] > trials) {
            fuzz_require(gs_plan_shard(experiment, 1, counts[i], &shard, &error) == GS_ERROR_INPUT,
                         "there are not more shards than trials");
            continue;
        }
        const int number = 1 + counts[i] / 2;
        fuzz_require(gs_plan_shard(experiment, number, counts[i], &shard, &error) == GS_OK &&
                         gs_plan_restrict(plan, shard, &error) == GS_OK,
                     "a shard is a part of its experiment");
        if (number < counts[i]) {
            fuzz_require(gs_plan_shard(experiment, number + 1, counts[i], &next, &error) == GS_OK &&
                             next.first == shard.first + shard.count,
                         "shards follow each other");
        } else {
            fuzz_require(shard.first + shard.count == trials, "shards are the whole experiment");
        }
        check_packs(plan, 16);
    }
}

/// The file's size is promised never to be too small: so are rows and texts together.
static void check_size(const gs_experiment *experiment, const gs_plan *plan, const gs_layout *layout) {
    const int64_t promised = gs_layout_file_bytes(layout);
    gs_note notes[GS_NOTE_COUNT];
    gs_error error = {""};
    const int extents = gs_layout_dataset_count(layout) + GS_NOTE_COUNT - 1; // all but the seal itself
    const gs_provenance provenance = {"0", "portable", "c", "gansweep run", "host", 1, NULL};
    fuzz_require(gs_notes_create(experiment, plan, &provenance, false, gs_seal_text_bytes(extents), notes, &error) ==
                     GS_OK,
                 "an experiment has a provenance");
    int64_t needed = 0;
    bool fits = true;
    for (int i = 0; i < GS_NOTE_COUNT; i++) {
        needed += (int64_t)notes[i].length;
    }
    gs_notes_free(notes);
    for (int i = 0; i < gs_layout_dataset_count(layout); i++) {
        const gs_dataset *const dataset = gs_layout_dataset(layout, i);
        int64_t bytes;
        fuzz_require(gs_layout_find(layout, dataset->name) == i, "datasets have different names");
        fuzz_require(dataset->row_bytes > 0 && dataset->extent[0] > 0, "datasets have rows");
        fits = fits && !__builtin_mul_overflow(dataset->row_bytes, dataset->extent[0], &bytes) &&
               !__builtin_add_overflow(needed, bytes, &needed);
    }
    fuzz_require(fits ? promised >= needed : promised == INT64_MAX, "a file is at most as large as it is said to be");
}

static void check_layout(const gs_experiment *experiment, const gs_plan *plan) {
    gs_layout *layout = NULL;
    gs_error error = {""};
    const gs_status status = gs_layout_create(experiment, plan, &layout, &error);
    if (status != GS_OK) {
        fuzz_require(status == GS_ERROR_INPUT && layout == NULL, "a layout is refused as an input");
        fuzz_require_one_line(error.message);
        return;
    }
    check_size(experiment, plan, layout);
    gs_layout_free(layout);
}

static bool are_equal(const gs_settings *a, const gs_settings *b) {
    return a->seed == b->seed && a->data_seed == b->data_seed && a->shuffle_seed == b->shuffle_seed &&
           a->lr_G == b->lr_G && a->lr_D == b->lr_D && a->generator_loss == b->generator_loss &&
           a->convention == b->convention && a->batch_size == b->batch_size && a->latent_dim == b->latent_dim &&
           a->epochs == b->epochs;
}

/// The text and the --set arguments as an experiment keeps them make the same trials.
static void check_that_it_reads_again(const gs_experiment *experiment, const gs_plan *plan) {
    char *const lines = fuzz_allocate(strlen(experiment->overrides) + 1);
    const char *overrides[MOST_OVERRIDES];
    int count = 0;
    strcpy(lines, experiment->overrides);
    char *rest = lines;
    for (const char *line = strsep(&rest, "\n"); line != NULL && *line != '\0'; line = strsep(&rest, "\n")) {
        fuzz_require(count < MOST_OVERRIDES, "overrides stand one a line");
        overrides[count++] = line;
    }
    gs_experiment *again = NULL;
    gs_plan *plan_again = NULL;
    gs_error error = {""};
    fuzz_require(gs_experiment_parse(experiment->text, experiment->text_length, "again", overrides, count, &again,
                                     &error) == GS_OK &&
                     gs_plan_create(again, &plan_again, &error) == GS_OK,
                 "an experiment reads again");
    const int64_t trials = gs_plan_trial_count(plan);
    fuzz_require(gs_plan_trial_count(plan_again) == trials, "an experiment reads again with the same trials");
    for (int i = 0; i < LOOKS; i++) {
        gs_settings before, after;
        gs_plan_settings(plan, look(trials, i), &before);
        gs_plan_settings(plan_again, look(trials, i), &after);
        fuzz_require(are_equal(&before, &after), "an experiment reads again with the same settings");
    }
    gs_plan_free(plan_again);
    gs_experiment_free(again);
    free(lines);
}

/// Long lists take seconds, and are read the same way as short ones.
static bool is_short(const gs_experiment *experiment) {
    int64_t listed = 0;
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        const gs_values *const values = &experiment->values[s];
        const bool one_by_one = values->reals != NULL || values->integers != NULL ||
                                (values->drawn != NULL && s >= (int)GS_SETTING_BATCH_SIZE);
        listed += one_by_one ? values->count : 0;
    }
    return listed <= MOST_LISTED;
}

/// The experiment of the next phase, whichever configurations are the best, is one that can be read.
static void check_next(const gs_experiment *experiment, const gs_plan *plan, gs_next_phase phase) {
    gs_ranked ranked[LOOKS];
    gs_ranking ranking = {.configurations = gs_plan_configuration_count(plan), .ranked = ranked};
    for (int i = 0; i < LOOKS; i++) {
        ranked[i] = (gs_ranked){.configuration = look(ranking.configurations, i), .done = 1, .score.median = i};
    }
    ranking.count = ranking.configurations < LOOKS ? 1 : LOOKS;
    const gs_next_options options = {.phase = phase};
    gs_next *next = NULL;
    char *text = NULL;
    gs_error error = {""};
    gs_status status = gs_next_create(experiment, plan, &ranking, &options, &next, &error);
    if (status == GS_OK) {
        status = gs_next_text(experiment, next, &ranking, "a\n/b\xe2\x80\xa8.h5", &text, &error);
        fuzz_require(status == GS_OK || strstr(error.message, "is longer than") != NULL, "the next phase can be read");
    }
    if (status != GS_OK) {
        fuzz_require(status == GS_ERROR_INPUT || status == GS_ERROR_RESULTS, "a phase that can't follow is refused");
        fuzz_require_one_line(error.message);
    }
    free(text);
    gs_next_free(next);
}

static void check_experiment(const gs_experiment *experiment) {
    gs_plan *plan = NULL;
    gs_error error = {""};
    fuzz_require_one_line(experiment->title[0] == '\0' ? "no title" : experiment->title);
    fuzz_require(gs_plan_create(experiment, &plan, &error) == GS_OK, "an experiment that was accepted has a plan");
    check_trials(experiment, plan);
    check_packs(plan, 8);
    check_packs(plan, 16);
    check_layout(experiment, plan);
    if (is_short(experiment)) {
        check_that_it_reads_again(experiment, plan);
        check_next(experiment, plan, GS_NEXT_NARROW);
        check_next(experiment, plan, GS_NEXT_BEST);
        check_shards(experiment, plan);
    }
    gs_plan_free(plan);
}

/// Whether libFuzzer passes over an input. Lists of hundreds of thousands of values take it a second each, and there is
/// no end to the ways to write one: so it tries one in 16 of the inputs that have a number of that size. A replay tries
/// all.
static bool is_passed_over(const uint8_t *input, size_t size) {
#ifdef GANSWEEP_FUZZ
    uint32_t hash = 0;
    int64_t number = 0;
    bool large = false;
    for (size_t i = 0; i <= size; i++) {
        const int c = i < size ? input[i] : '\n';
        hash = hash * 31 + (uint32_t)c;
        if (c >= '0' && c <= '9') {
            number = number > MANY_AT_MOST ? number : number * 10 + (c - '0');
        } else {
            large = large || (number >= MANY && number <= MANY_AT_MOST);
            number = 0;
        }
    }
    return large && hash / 31 % 16 != 0;
#else
    (void)input, (void)size;
    return false;
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    parts p;
    gs_experiment *experiment = NULL;
    gs_error error = {""};
    if (is_passed_over(input, size)) {
        return 0;
    }
    take_apart(input, size, &p);
    // its own copy, so that reading past its end is seen
    char *const text = fuzz_allocate(p.text_length);
    if (p.text_length > 0) {
        memcpy(text, input, p.text_length);
    }
    const gs_status status =
        gs_experiment_parse(text, p.text_length, "file.yaml", p.overrides, p.count, &experiment, &error);
    free(text);
    if (status == GS_OK) {
        check_experiment(experiment);
        gs_experiment_free(experiment);
    } else {
        fuzz_require(status == GS_ERROR_INPUT && experiment == NULL, "a bad experiment is refused as an input");
        fuzz_require_one_line(error.message);
        fuzz_require(strncmp(error.message, "file.yaml:", 10) == 0 || strncmp(error.message, "--set ", 6) == 0,
                     "a message begins with its place");
    }
    free(p.copy);
    return 0;
}
