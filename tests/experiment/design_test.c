/// Designs: Sobol's points against GSL, and where drawn settings stand in the plan.
///
/// GSL's generator has the direction numbers of Bratley & Fox 1988. In the first two dimensions every choice gives the
/// same sequence, and there it is the oracle of the first 2^20 points; in the others design_test.py asks SciPy, which
/// has those of Joe & Kuo 2008. Random bits are held to Random123's published answers.
#include <gsl/gsl_qrng.h>
#include <stdlib.h>
#include <time.h>

#include "fixture.h"

#include "experiment/dimension.h"
#include "numeric/philox.h"

enum { DIMENSIONS_OF_GSL = 2, POINTS_OF_GSL = 1 << 20 };

#define DESIGN "design: {method: random, points: 5, seed: 3}\n"

/// GSL begins with point number 1.
static void the_first_2_to_the_20_points_are_gsls(void **state) {
    (void)state;
    const gs_design design = {.method = GS_DESIGN_SOBOL};
    gs_dimension drawn[DIMENSIONS_OF_GSL];
    gsl_qrng *const oracle = gsl_qrng_alloc(gsl_qrng_sobol, DIMENSIONS_OF_GSL);
    for (int d = 0; d < DIMENSIONS_OF_GSL; d++) {
        drawn[d] = (gs_dimension){.number = d, .largest = 1};
        gs_dimension_begin(&drawn[d], &design);
        assert_true(gs_dimension_unit(&drawn[d], 0) == 0);
    }
    for (int64_t i = 1; i <= POINTS_OF_GSL; i++) {
        double point[DIMENSIONS_OF_GSL];
        gsl_qrng_get(oracle, point);
        for (int d = 0; d < DIMENSIONS_OF_GSL; d++) {
            if (gs_dimension_unit(&drawn[d], i) != point[d]) {
                fail_msg("dimension %d of point %lld is %.17g and not GSL's %.17g", d, (long long)i,
                         gs_dimension_unit(&drawn[d], i), point[d]);
            }
        }
    }
    gsl_qrng_free(oracle);
}

/// Any 2^k points from a multiple of 2^k on have one in each of 2^k equal parts, in every dimension; and direction
/// numbers have one leading bit each.
static void points_are_evenly_spread_in_every_dimension(void **state) {
    (void)state;
    enum { PARTS = 4096 };
    for (int d = 0; d < GS_SOBOL_DIMENSIONS; d++) {
        uint64_t directions[GS_SOBOL_BITS];
        gs_sobol_directions(d, directions);
        for (int k = 0; k < GS_SOBOL_BITS; k++) {
            assert_true((directions[k] << k) >> 1 == INT64_MAX / 2 + UINT64_C(1) && directions[k] << k << 1 == 0);
        }
        unsigned char seen[PARTS] = {0};
        for (uint64_t i = 0; i < PARTS; i++) {
            seen[gs_sobol_coordinate(directions, (UINT64_C(1) << 61) + 7 * PARTS + i) >> 52]++;
        }
        for (int part = 0; part < PARTS; part++) {
            assert_true(seen[part] == 1);
        }
    }
}

static void philox_gives_the_published_answers(void **state) {
    (void)state;
    FILE *file = fopen(TESTS_DIR "/train/philox_kat.txt", "r");
    assert_non_null(file);
    char line[256];
    int vectors = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        uint32_t w[10];
        if (sscanf(line, "%x %x %x %x %x %x %x %x %x %x", &w[0], &w[1], &w[2], &w[3], &w[4], &w[5], &w[6], &w[7], &w[8],
                   &w[9]) != 10) {
            continue;
        }
        gs_philox_block(w, w[4] | (uint64_t)w[5] << 32);
        assert_memory_equal(w, w + 6, 4 * sizeof *w);
        vectors++;
    }
    (void)fclose(file);
    assert_int_equal(vectors, 3);
}

// ---- the plan

/// The settings at a point of the only design that there is.
static double drawn_at(const gs_experiment *e, gs_setting setting, int64_t point) {
    assert_non_null(e->values[setting].drawn);
    return gs_dimension_value(e->values[setting].drawn, point);
}

static void points_are_crossed_with_what_is_not_drawn(void **state) {
    (void)state;
    gs_experiment *const e = parse(DATA DESIGN "convention: [mxnet, torch]\n"
                                               "parameters:\n  seed: {range: [1, 3]}\n  batch_size: [8, 16]\n"
                                               "  lr_D: {min: 0.01, max: 1, scale: log}\n  lr_G: {min: 1, max: 2}\n");
    gs_plan *const plan = plan_of(e);
    assert_true(gs_plan_trial_count(plan) == 3 * 5 * 2 * 2 && gs_plan_configuration_count(plan) == 20);
    assert_true(gs_plan_run_length(plan) == 3);
    for (int64_t trial = 0; trial < gs_plan_trial_count(plan); trial++) {
        gs_settings s;
        gs_plan_settings(plan, trial, &s);
        const int64_t point = trial / 3 % 5;
        assert_true(s.seed == 1 + trial % 3 && s.batch_size == (trial / 30 == 0 ? 8 : 16));
        assert_true(s.lr_D == drawn_at(e, GS_SETTING_LR_D, point) && s.lr_G == drawn_at(e, GS_SETTING_LR_G, point));
        assert_true(s.lr_D >= 0.01 && s.lr_D <= 1 && s.lr_G >= 1 && s.lr_G <= 2);
        assert_true(s.convention == (trial / 15 % 2 == 0 ? GS_MXNET : GS_TORCH));
        assert_true(gs_plan_configuration(plan, trial) == trial / 3);
    }
    gs_plan_free(plan);
    gs_experiment_free(e);
}

/// A design that draws what changes the shape is the slowest digit, like a zip of the same settings.
static void points_that_change_the_shape_are_packed_by_shape(void **state) {
    (void)state;
    gs_experiment *const e =
        parse(DATA "design: {method: sobol, points: 4000}\n"
                   "model: {latent_dim: {choice: [2, 5]}}\ntrain: {epochs: {min: 1, max: 3}}\n"
                   "parameters: {seed: {range: [1, 3]}, lr_D: {min: 0.1, max: 1}, lr_G: [0.1, 0.2],\n"
                   "  batch_size: {min: 4, max: 9, scale: log}}\n");
    gs_plan *const plan = plan_of(e);
    const int64_t trials = gs_plan_trial_count(plan);
    assert_true(trials == 4000 * 3 * 2);
    int64_t of_shape[10][6][4] = {{{0}}};
    for (int64_t trial = 0; trial < trials; trial++) {
        gs_settings s;
        gs_plan_settings(plan, trial, &s);
        assert_true(s.lr_G == (trial / 3 % 2 == 0 ? 0.1 : 0.2) && s.lr_D == drawn_at(e, GS_SETTING_LR_D, trial / 6));
        assert_true(s.batch_size >= 4 && s.batch_size <= 9 && s.epochs >= 1 && s.epochs <= 3);
        of_shape[s.batch_size][s.latent_dim][s.epochs]++;
    }
    int64_t packs = 0, shapes = 0;
    for (int batch_size = 4; batch_size <= 9; batch_size++) {
        for (int latent_dim = 2; latent_dim <= 5; latent_dim += 3) {
            for (int epochs = 1; epochs <= 3; epochs++) {
                packs += (of_shape[batch_size][latent_dim][epochs] + 15) / 16;
                shapes += of_shape[batch_size][latent_dim][epochs] > 0;
            }
        }
    }
    assert_true(shapes == 36 && gs_plan_pack_count(plan, 16) == packs);
    int64_t in_packs = 0, pack_trials[16];
    for (int64_t p = 0; p < packs; p++) {
        const int count = gs_plan_pack(plan, 16, p, pack_trials);
        gs_settings first, other;
        gs_plan_settings(plan, pack_trials[0], &first);
        for (int i = 1; i < count; i++) {
            gs_plan_settings(plan, pack_trials[i], &other);
            assert_true(pack_trials[i] > pack_trials[i - 1] && first.batch_size == other.batch_size);
            assert_true(first.latent_dim == other.latent_dim && first.epochs == other.epochs);
        }
        in_packs += count;
    }
    assert_true(in_packs == trials);
    assert_true(gs_experiment_largest(e, GS_SETTING_EPOCHS) == 3 &&
                gs_experiment_largest(e, GS_SETTING_LATENT_DIM) == 5);
    gs_plan_free(plan);
    gs_experiment_free(e);
}

static void a_design_of_2_to_the_60_points_is_planned_at_once(void **state) {
    (void)state;
    const clock_t begin = clock();
    static const char *const methods[] = {"random", "sobol"};
    for (int m = 0; m < 2; m++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       DATA
                       "design: {method: %s, points: 1152921504606846976, seed: 1}\n"
                       "convention: {choice: [mxnet, tf]}\n"
                       "parameters: {seed: [1, 2], lr_D: {min: 0.1, max: 1}, lr_G: {min: 1, max: 1e9, scale: log}}\n",
                       methods[m]);
        gs_experiment *const e = parse(text);
        gs_plan *const plan = plan_of(e);
        const int64_t trials = gs_plan_trial_count(plan);
        assert_true(trials == INT64_C(1) << 61 && gs_plan_configuration_count(plan) == trials / 2);
        assert_true(gs_plan_pack_count(plan, 16) == trials / 16);
        double sum = 0;
        for (int64_t i = 0; i < 1000000; i++) {
            gs_settings s;
            gs_plan_settings(plan, i * (trials / 1000000), &s);
            sum += s.lr_D;
        }
        assert_true(sum > 0.54e6 && sum < 0.56e6);
        gs_plan_free(plan);
        gs_experiment_free(e);
    }
    const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    printf("  2,000,000 trials of 3 drawn settings looked up in %.2f s\n", seconds);
    assert_true(seconds < 5);
}

static void configurations_have_their_members_in_designs_too(void **state) {
    (void)state;
    static const char *const texts[] = {
        DATA DESIGN "parameters: {seed: [1, 2, 3], lr_D: {min: 0.1, max: 1}, convention: [mxnet, tf]}\n",
        DATA DESIGN "parameters: {shuffle_seed: [1, 2], epochs: {min: 1, max: 4}}\n"
                    "zip: {seed: [1, 2, 3, 4, 5], lr_D: [0.5, 0.6, 0.5, 0.7, 0.6]}\n",
        DATA DESIGN "parameters: {seed: 1, lr_D: {min: 0.1, max: 1}}\nzip: {lr_G: [1, 2], batch_size: [4, 5]}\n",
    };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        gs_experiment *const e = parse(texts[t]);
        gs_plan *const plan = plan_of(e);
        int64_t members = 0;
        for (int64_t c = 0; c < gs_plan_configuration_count(plan); c++) {
            for (int64_t k = 0; k < gs_plan_member_count(plan, c); k++, members++) {
                assert_true(gs_plan_configuration(plan, gs_plan_member(plan, c, k)) == c);
            }
        }
        assert_true(members == gs_plan_trial_count(plan));
        gs_plan_free(plan);
        gs_experiment_free(e);
    }
}

// ---- reading

static void set_takes_a_setting_out_and_leaves_the_others_as_they_were(void **state) {
    (void)state;
    static const char text[] =
        DATA DESIGN "convention: {choice: [torch, tf]}\n"
                    "parameters: {seed: 1, lr_G: {min: 0.1, max: 1}, lr_D: {min: 0.1, max: 1, scale: log}}\n";
    const char *const overrides[] = {"lr_G=0.5,0.6", "lr_D=0.3", "convention=tf"};
    gs_experiment *const whole = parse(text), *const without = parse_with(text, overrides, 1);
    gs_plan *const plan = plan_of(without);
    assert_true(gs_plan_trial_count(plan) == 10 && without->design.points == 5);
    for (int64_t i = 0; i < 10; i++) {
        gs_settings s;
        gs_plan_settings(plan, i, &s);
        assert_true(s.lr_G == (i % 2 == 0 ? 0.5 : 0.6) && s.lr_D == drawn_at(whole, GS_SETTING_LR_D, i / 2));
        assert_true((double)s.convention == drawn_at(whole, GS_SETTING_CONVENTION, i / 2));
    }
    gs_plan_free(plan);
    gs_experiment_free(without);
    gs_experiment *const none = parse_with(text, overrides, 3);
    gs_plan *const rest = plan_of(none);
    assert_true(none->design.method == GS_DESIGN_NONE && gs_plan_trial_count(rest) == 2);
    gs_plan_free(rest);
    gs_experiment_free(none);
    gs_experiment_free(whole);
}

static void a_design_is_read_as_it_is_written(void **state) {
    (void)state;
    gs_experiment *e = parse(DATA "design: {method: sobol, points: 1e3, seed: 7, phase: narrow}\n"
                                  "parameters: {seed: 1, batch_size: {min: 2, max: 9, scale: log}}\n");
    assert_true(e->design.method == GS_DESIGN_SOBOL && e->design.points == 1000 && e->design.seed == 7);
    assert_true(e->design.phase == GS_PHASE_NARROW && e->values[GS_SETTING_SEED].count == 1);
    const gs_dimension *const drawn = e->values[GS_SETTING_BATCH_SIZE].drawn;
    assert_true(drawn->smallest == 2 && drawn->largest == 9 && drawn->logarithmic && drawn->integer);
    gs_experiment_free(e);
    e = parse(DATA "design: {method: random, points: 2}\nparameters: {seed: 1, lr_D: {choice: [3, 1, 2]}}\n");
    assert_true(e->design.seed == 0 && e->design.phase == GS_PHASE_NONE);
    assert_true(e->values[GS_SETTING_LR_D].drawn->choice_count == 3 && e->values[GS_SETTING_LR_D].count == 2);
    assert_true(e->values[GS_SETTING_LR_D].drawn->smallest == 1 && e->values[GS_SETTING_LR_D].drawn->largest == 3);
    gs_experiment_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_2_to_the_20_points_are_gsls),
        cmocka_unit_test(points_are_evenly_spread_in_every_dimension),
        cmocka_unit_test(philox_gives_the_published_answers),
        cmocka_unit_test(points_are_crossed_with_what_is_not_drawn),
        cmocka_unit_test(points_that_change_the_shape_are_packed_by_shape),
        cmocka_unit_test(a_design_of_2_to_the_60_points_is_planned_at_once),
        cmocka_unit_test(configurations_have_their_members_in_designs_too),
        cmocka_unit_test(set_takes_a_setting_out_and_leaves_the_others_as_they_were),
        cmocka_unit_test(a_design_is_read_as_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
