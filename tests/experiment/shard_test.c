/// Parts of a plan and the shards that an experiment is cut into: what a part has is compared with the whole plan,
/// trial by trial.
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "fixture.h"

enum { TEXTS = 7 };

static const char *const texts[TEXTS] = {
    DATA "parameters: {seed: {range: [1, 1]}}\n",
    DATA "parameters: {seed: {range: [1, 37]}, lr_D: [0.1, 0.2], batch_size: [1, 2, 3], epochs: [1, 2]}\n",
    DATA "parameters: {seed: {range: [1, 5]}, latent_dim: [1, 2]}\n"
         "zip: {lr_D: [1, 2, 3, 4, 5, 6, 7], batch_size: [8, 4, 8, 2, 4, 8, 1]}\n",
    DATA "zip: {seed: [1, 2, 3, 4, 5], epochs: [2, 1, 2, 1, 2]}\n",
    DATA "parameters: {seed: {range: [1, 48]}, lr_D: [1, 2, 3, 4], epochs: [2, 1]}\n",
    DATA "parameters: {shuffle_seed: [1, 2, 3], lr_G: [0.1, 0.2], convention: [mxnet, tf]}\n"
         "zip: {seed: [1, 2, 3, 4, 5], lr_D: [0.5, 0.6, 0.5, 0.7, 0.6]}\n",
    DATA "parameters: {data_seed: [7, 8, 9], lr_G: [0.1, 0.2]}\nzip: {seed: {range: [1, 4]}, epochs: [1, 2, 3, 4]}\n",
};

static void restrict_to(gs_plan *plan, int64_t first, int64_t count) {
    gs_error error = {""};
    if (gs_plan_restrict(plan, (gs_trial_range){first, count}, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    const gs_trial_range part = gs_plan_part(plan);
    assert_true(part.first == first && part.count == count && gs_plan_trial_count(plan) == count);
}

static bool equal_shapes(const gs_settings *a, const gs_settings *b) {
    return a->batch_size == b->batch_size && a->latent_dim == b->latent_dim && a->epochs == b->epochs;
}

/// Fewest packs that the trials of a part can be in: of each shape as few as possible.
static int64_t fewest_packs(const gs_plan *plan, int lanes) {
    const gs_trial_range part = gs_plan_part(plan);
    int64_t packs = 0;
    for (int64_t i = 0; i < part.count; i++) {
        gs_settings own, other;
        int64_t before = 0; // trials of the same shape
        gs_plan_settings(plan, part.first + i, &own);
        for (int64_t j = 0; j < i; j++) {
            gs_plan_settings(plan, part.first + j, &other);
            before += equal_shapes(&own, &other);
        }
        packs += before % lanes == 0;
    }
    return packs;
}

/// Every trial of the part is in one pack, ascending and of one shape.
static void check_packs(const gs_plan *plan, int lanes) {
    const gs_trial_range part = gs_plan_part(plan);
    unsigned char *const seen = calloc((size_t)part.count, 1);
    int64_t total = 0;
    assert_non_null(seen);
    for (int64_t p = 0; p < gs_plan_pack_count(plan, lanes); p++) {
        int64_t trials[32];
        gs_settings first, other;
        const int count = gs_plan_pack(plan, lanes, p, trials);
        assert_true(count >= 1 && count <= lanes);
        gs_plan_settings(plan, trials[0], &first);
        for (int i = 0; i < count; i++) {
            assert_true(trials[i] >= part.first && trials[i] < part.first + part.count);
            assert_true(i == 0 || trials[i] > trials[i - 1]);
            assert_true(seen[trials[i] - part.first]++ == 0);
            gs_plan_settings(plan, trials[i], &other);
            assert_true(equal_shapes(&first, &other));
        }
        total += count;
    }
    assert_true(total == part.count);
    free(seen);
}

static void every_trial_of_a_part_is_in_one_of_as_few_packs_as_can_be(void **state) {
    (void)state;
    for (int t = 0; t < TEXTS; t++) {
        gs_experiment *const e = parse(texts[t]);
        gs_plan *const plan = plan_of(e);
        const int64_t trials = gs_plan_trial_count(plan);
        for (int64_t first = 0; first < trials; first += 1 + trials / 13) {
            for (int64_t count = 1; count <= trials - first; count += 1 + trials / 11) {
                restrict_to(plan, first, count);
                for (int lanes = 1; lanes <= 19; lanes += 1 + lanes / 2) {
                    check_packs(plan, lanes);
                    assert_true(gs_plan_pack_count(plan, lanes) == fewest_packs(plan, lanes));
                }
            }
        }
        gs_plan_free(plan);
        gs_experiment_free(e);
    }
}

/// The members of each configuration in a part are its trials of the whole that are in the part.
static void a_part_has_the_members_that_are_in_it(void **state) {
    (void)state;
    for (int t = 0; t < TEXTS; t++) {
        gs_experiment *const e = parse(texts[t]);
        gs_plan *const whole = plan_of(e), *const plan = plan_of(e);
        const int64_t trials = gs_plan_trial_count(whole), configurations = gs_plan_configuration_count(whole);
        assert_true(gs_plan_first_configuration(whole) == 0);
        for (int64_t first = 0; first < trials; first += 1 + trials / 29) {
            for (int64_t count = 1; count <= trials - first; count += 1 + trials / 31) {
                restrict_to(plan, first, count);
                assert_true(gs_plan_experiment_trials(plan) == trials);
                const int64_t begin = gs_plan_first_configuration(plan);
                const int64_t end = begin + gs_plan_configuration_count(plan);
                int64_t members = 0;
                for (int64_t c = 0; c < configurations; c++) {
                    int64_t found = 0;
                    for (int64_t i = 0; i < gs_plan_member_count(whole, c); i++) {
                        const int64_t trial = gs_plan_member(whole, c, i);
                        if (trial >= first && trial < first + count) {
                            assert_true(gs_plan_member(plan, c, found++) == trial);
                        }
                    }
                    assert_true(gs_plan_member_count(plan, c) == found);
                    assert_true(found == 0 || (c >= begin && c < end));
                    members += found;
                }
                assert_true(members == count);
            }
        }
        gs_plan_free(whole);
        gs_plan_free(plan);
        gs_experiment_free(e);
    }
}

static void a_configuration_has_its_settings_whatever_the_part(void **state) {
    (void)state;
    gs_experiment *const e = parse(texts[5]);
    gs_plan *const plan = plan_of(e);
    restrict_to(plan, gs_plan_trial_count(plan) - 1, 1);
    for (int64_t trial = 0; trial < gs_plan_experiment_trials(plan); trial++) {
        gs_settings own, found;
        gs_plan_settings(plan, trial, &own);
        gs_plan_configuration_settings(plan, gs_plan_configuration(plan, trial), &found);
        assert_true(own.lr_D == found.lr_D && own.lr_G == found.lr_G && own.convention == found.convention);
    }
    gs_plan_free(plan);
    gs_experiment_free(e);
}

/// 96 seeds x 37 rates: a part that begins and ends within a configuration has packs of the same seeds side by side in
/// those that it has whole.
static void whole_configurations_of_a_part_share_their_seeds(void **state) {
    (void)state;
    gs_experiment *const e = parse(DATA "parameters: {seed: {range: [1, 96]}, lr_D: {range: [1, 37], step: 1}}\n");
    gs_plan *const plan = plan_of(e);
    restrict_to(plan, 5 * 96 + 64, 32 + 13 * 96 + 48);
    check_packs(plan, 16);
    for (int64_t p = 0; p < gs_plan_pack_count(plan, 16); p++) {
        int64_t trials[16];
        assert_int_equal(gs_plan_pack(plan, 16, p, trials), 16);
        gs_settings s;
        gs_plan_settings(plan, trials[0], &s);
        assert_true(s.seed % 16 == 1);
        const int64_t within = p - 2;
        const bool whole = within >= 0 && within < 13 * 6;
        assert_true(!whole || (s.lr_D == 7 + (double)(within % 13) && s.seed == 1 + 16 * (within / 13)));
    }
    gs_plan_free(plan);
    gs_experiment_free(e);
}

static gs_trial_range shard_of(const gs_experiment *experiment, int shard, int shards) {
    gs_trial_range range;
    gs_error error = {""};
    if (gs_plan_shard(experiment, shard, shards, &range, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return range;
}

static void shards_follow_each_other_and_are_the_experiment(void **state) {
    (void)state;
    for (int t = 0; t < TEXTS; t++) {
        gs_experiment *const e = parse(texts[t]);
        gs_plan *const plan = plan_of(e);
        const int64_t trials = gs_plan_trial_count(plan);
        for (int shards = 1; shards <= trials; shards += 1 + shards / 8) {
            int64_t end = 0;
            for (int shard = 1; shard <= shards; shard++) {
                const gs_trial_range range = shard_of(e, shard, shards);
                assert_true(range.first == end && range.count >= 1);
                assert_true(range.first % 16 == 0 || shards > (trials + 15) / 16);
                end += range.count;
            }
            assert_true(end == trials);
        }
        gs_trial_range range;
        gs_error error = {""};
        assert_true(gs_plan_shard(e, 1, (int)trials + 1, &range, &error) == GS_ERROR_INPUT);
        gs_plan_free(plan);
        gs_experiment_free(e);
    }
}

/// Examples and, for each update, one and a half of them: with batches of 1 an epoch costs two and a half as much as
/// with one batch of all.
static void shards_are_fair(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double cost[3]; ///< of an epoch's 1000 examples in the settings' combinations, 16,000 trials each
    } cases[] = {
        {DATA "parameters: {seed: {range: [1, 16000]}, epochs: [10, 20, 70]}\n", {10, 20, 70}},
        {DATA "parameters: {seed: {range: [1, 16000]}, batch_size: [1, 2, 1000]}\n", {2.5, 1.75, 1.0015}},
        {DATA "parameters: {seed: {range: [1, 16000]}, lr_D: [1, 2, 3]}\n", {1, 1, 1}},
    };
    for (int c = 0; c < 3; c++) {
        gs_experiment *const e = parse(cases[c].text);
        const double *cost = cases[c].cost;
        const double fair = 16000 * (cost[0] + cost[1] + cost[2]) / 7;
        for (int shard = 1; shard <= 7; shard++) {
            const gs_trial_range range = shard_of(e, shard, 7);
            double work = 0;
            for (int64_t trial = range.first; trial < range.first + range.count; trial++) {
                work += cost[trial / 16000];
            }
            assert_true(fabs(work - fair) < 0.01 * fair);
        }
        gs_experiment_free(e);
    }
}

/// Without the check's samples a wide latent space would look cheap: 256 latents make G as large as the rest.
static void wider_generators_are_dearer(void **state) {
    (void)state;
    gs_experiment *const e = parse(DATA "parameters: {seed: {range: [1, 1600]}, latent_dim: [1, 256]}\n");
    // 41 and 551 parameters, of which the generator has 4 and 514
    const double examples = 20 * (1000 + 1.5 * 125);
    const double cheap = examples * 41 + 1000.0 / 3 * 4, dear = examples * 551 + 1000.0 / 3 * 514;
    const gs_trial_range first = shard_of(e, 1, 2);
    const double expected = 1600 + (1600 * (cheap + dear) / 2 - 1600 * cheap) / dear;
    assert_true(fabs((double)first.count - expected) <= 8);
    gs_experiment_free(e);
}

static void a_million_shards_of_2_to_the_62_trials_take_a_moment(void **state) {
    (void)state;
    gs_experiment *const e =
        parse(DATA "parameters: {seed: {range: [1, 1152921504606846976]}, lr_D: [0.1, 0.2, 0.3, 0.4]}\n");
    gs_plan *const plan = plan_of(e);
    const clock_t begin = clock();
    const gs_trial_range before = shard_of(e, GS_MOST_SHARDS - 1, GS_MOST_SHARDS);
    const gs_trial_range last = shard_of(e, GS_MOST_SHARDS, GS_MOST_SHARDS);
    assert_true(before.first + before.count == last.first && last.first + last.count == gs_plan_trial_count(plan));
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 2);
    restrict_to(plan, last.first, last.count);
    int64_t trials[16];
    const int64_t packs = gs_plan_pack_count(plan, 16);
    assert_true(gs_plan_pack(plan, 16, packs - 1, trials) == 16 && trials[15] == (INT64_C(1) << 62) - 1);
    assert_true(gs_plan_pack(plan, 16, 0, trials) == 16 && trials[0] == last.first);
    gs_plan_free(plan);
    gs_experiment_free(e);
}

static void parts_that_are_not_there_are_refused(void **state) {
    (void)state;
    static const gs_trial_range wrong[] = {
        {-1, 2}, {0, 0},         {0, -1},        {0, 11},        {10, 1},
        {9, 2},  {1, INT64_MAX}, {INT64_MAX, 1}, {INT64_MIN, 1}, {INT64_MAX, INT64_MAX}};
    gs_experiment *const e = parse(DATA SEEDS);
    gs_plan *const plan = plan_of(e);
    restrict_to(plan, 3, 4);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        gs_error error = {""};
        assert_true(gs_plan_restrict(plan, wrong[i], &error) == GS_ERROR_INPUT);
        assert_true(gs_plan_part(plan).first == 3 && gs_plan_trial_count(plan) == 4); // as it was
    }
    restrict_to(plan, 0, 10);
    assert_true(gs_plan_pack_count(plan, 4) == 3);
    gs_plan_free(plan);
    gs_experiment_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_trial_of_a_part_is_in_one_of_as_few_packs_as_can_be),
        cmocka_unit_test(a_part_has_the_members_that_are_in_it),
        cmocka_unit_test(a_configuration_has_its_settings_whatever_the_part),
        cmocka_unit_test(whole_configurations_of_a_part_share_their_seeds),
        cmocka_unit_test(shards_follow_each_other_and_are_the_experiment),
        cmocka_unit_test(shards_are_fair),
        cmocka_unit_test(wider_generators_are_dearer),
        cmocka_unit_test(a_million_shards_of_2_to_the_62_trials_take_a_moment),
        cmocka_unit_test(parts_that_are_not_there_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
