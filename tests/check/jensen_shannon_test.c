/// Jensen-Shannon divergence of Gaussian laws against integrals over the space of the data.
///
/// Oracles: tests/oracle/jensen_shannon.txt, which says how it was made, and the trapezoidal rule with 256 nodes in
/// every direction, written here, over all pairs of many variances and shifts, collapsed ones included.
#include <float.h>
#include <math.h>
#include <time.h>

#include "check/jensen_shannon.h"
#include "integrals.h"
#include "fixture.h"

enum { LARGEST_DIMENSION = 256 };

static double D2L_A[] = {1, 2, -0.1, 0.5};
static double D2L_b[] = {1, 2};

static void divergence_agrees_with_256_nodes_in_every_direction(void **state) {
    (void)state;
    const double variances[] = {1e-12, 1e-9, 1e-6, 1e-3, 0.1, 0.9, 1, 1.1, 10, 1e4};
    const double shifts[] = {0, 0.1, 3, 8, 30};
    enum { VARIANCES = sizeof variances / sizeof *variances, SHIFTS = sizeof shifts / sizeof *shifts };
    enum { DIRECTIONS = VARIANCES * SHIFTS };
    static direction directions[DIRECTIONS];
    double variance[DIRECTIONS];
    double shift[DIRECTIONS];
    double worst[2] = {0, 0};
    int laws = 0;
    for (int i = 0; i < DIRECTIONS; i++) {
        variance[i] = variances[i % VARIANCES];
        shift[i] = shifts[i / VARIANCES];
        directions[i] = direction_of(variance[i], shift[i]);
        const double expected = LN2 - 0.5 * losses(&directions[i], NULL, 1);
        worst[0] = fmax(worst[0], fabs(gs_jensen_shannon_of_directions(&variance[i], &shift[i], 1) - expected));
        for (int j = 0; j <= i; j++) {
            const double pair_variance[] = {variance[i], variance[j]};
            const double pair_shift[] = {shift[i], -shift[j]};
            const double of_pair = LN2 - 0.5 * losses(&directions[i], &directions[j], 1);
            const double actual = gs_jensen_shannon_of_directions(pair_variance, pair_shift, 2);
            worst[1] = fmax(worst[1], fabs(actual - of_pair));
            laws++;
        }
    }
    printf("largest difference from %d nodes a direction: %.2g of %d laws in one dimension, %.2g of %d in two\n", NODES,
           worst[0], DIRECTIONS, worst[1], laws);
    assert_true(worst[0] < 1e-14 && worst[1] < 1e-14);
}

// ---- recorded integrals ----

static FILE *open_recorded(void) {
    FILE *file = fopen(TESTS_DIR "/oracle/jensen_shannon.txt", "r");
    assert_non_null(file);
    return file;
}

/// Skips to the next case of a kind.
/// @return false at the end of the file
static bool next_case(FILE *file, const char *kind, int *size) {
    char word[64];
    while (fscanf(file, "%63s", word) == 1) {
        if (strcmp(word, kind) == 0) {
            return fscanf(file, "%d", size) == 1;
        }
        int c = 0;
        while (c != '\n' && c != EOF) {
            c = fgetc(file);
        }
    }
    return false;
}

static void read_numbers(FILE *file, double *numbers, int count) {
    for (int i = 0; i < count; i++) {
        assert_int_equal(fscanf(file, "%lf", &numbers[i]), 1);
    }
}

static void divergence_equals_recorded_integrals_in_up_to_256_dimensions(void **state) {
    (void)state;
    FILE *file = open_recorded();
    int dimension = 0;
    int cases = 0;
    double worst_of_few = 0;
    double worst = 0;
    while (next_case(file, "directions", &dimension)) {
        double variance[LARGEST_DIMENSION];
        double shift[LARGEST_DIMENSION];
        double expected = 0;
        read_numbers(file, variance, dimension);
        read_numbers(file, shift, dimension);
        read_numbers(file, &expected, 1);
        const double difference = fabs(gs_jensen_shannon_of_directions(variance, shift, dimension) - expected);
        worst_of_few = dimension <= 8 ? fmax(worst_of_few, difference) : worst_of_few;
        worst = fmax(worst, difference);
        cases++;
    }
    assert_int_equal(fclose(file), 0);
    printf("%d laws: largest error %.2g nats in up to 8 dimensions, %.2g in up to %d\n", cases, worst_of_few, worst,
           LARGEST_DIMENSION);
    assert_int_equal(cases, 102);
    assert_true(worst_of_few < 3e-15);
    assert_true(worst < 1e-14);
}

// ---- generators ----

/// The truth and the scratch of one test.
typedef struct {
    gs_truth *truth;
    gs_directions *directions;
} subject;

static subject subject_of(int dimension, double *A, double *b, int64_t largest_latent_dim) {
    subject made;
    gs_error error = {""};
    const gs_data_law law = {.dimension = dimension, .n = 1000, .A = A, .b = b};
    if (gs_truth_create(&law, &made.truth, &error) != GS_OK ||
        gs_directions_create(made.truth, largest_latent_dim, &made.directions, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return made;
}

static void subject_free(subject *made) {
    gs_directions_free(made->directions);
    gs_truth_free(made->truth);
}

static double divergence_of(const subject *of, const float *weight, const float *bias, int64_t latent_dim) {
    double divergence = 0;
    gs_error error = {""};
    assert_int_equal(gs_jensen_shannon_gaussian(of->directions, weight, bias, latent_dim, &divergence, &error), GS_OK);
    return divergence;
}

static void divergence_of_a_generator_equals_recorded_integrals(void **state) {
    (void)state;
    FILE *file = open_recorded();
    int latent_dim = 0;
    int cases = 0;
    double worst = 0;
    while (next_case(file, "affine", &latent_dim)) {
        double law[6];
        double parameters[LARGEST_DIMENSION];
        double expected[2];
        read_numbers(file, law, 6);
        read_numbers(file, parameters, 2 * latent_dim + 2);
        read_numbers(file, expected, 2);
        float weight[LARGEST_DIMENSION];
        for (int i = 0; i < 2 * latent_dim + 2; i++) {
            weight[i] = (float)parameters[i];
        }
        subject made = subject_of(2, law, law + 4, 7);
        const double actual = divergence_of(&made, weight, weight + 2 * latent_dim, latent_dim);
        worst = fmax(worst, fabs(actual - expected[0]));
        subject_free(&made);
        cases++;
    }
    assert_int_equal(fclose(file), 0);
    printf("%d generators: largest error %.2g nats\n", cases, worst);
    assert_int_equal(cases, 5);
    assert_true(worst < 3e-14);
}

/// W = A^T diag(1, root), so that the variances are 1 and root^2.
static void nearly_collapsed_generators_keep_their_digits(void **state) {
    (void)state;
    const float bias[] = {1, 2};
    double worst = 0;
    for (int exponent = 0; exponent >= -60; exponent -= 4) {
        // A^T of floats exactly, hence a truth of floats
        double A[] = {1, 2, -0.125, 0.5};
        subject exact = subject_of(2, A, D2L_b, 2);
        const double root = ldexp(1, exponent);
        const float weight[] = {1, (float)(-0.125 * root), 2, (float)(0.5 * root)};
        const double variance[] = {root * root, 1};
        const double shift[] = {0, 0};
        const double expected = gs_jensen_shannon_of_directions(variance, shift, 2);
        const double actual = divergence_of(&exact, weight, bias, 2);
        printf("variance 2^%d: %.17g\n", 2 * exponent, actual);
        worst = fmax(worst, fabs(actual - expected));
        subject_free(&exact);
    }
    assert_true(worst < 1e-14);
}

static void equal_laws_have_divergence_zero_and_singular_ones_ln2(void **state) {
    (void)state;
    const double ones[] = {1, 1, 1};
    const double zeros[] = {0, 0, 0};
    assert_true(gs_jensen_shannon_of_directions(ones, zeros, 3) == 0);
    const double singular[] = {1, 0, 1};
    assert_true(gs_jensen_shannon_of_directions(singular, zeros, 3) == LN2);
    double A[] = {1, 2, -0.125, 0.5};
    subject made = subject_of(2, A, D2L_b, 3);
    const float right[] = {1, -0.125F, 2, 0.5F};
    const float turned[] = {0.125F, 1, -0.5F, 2};
    const float bias[] = {1, 2};
    const double divergence = fmax(divergence_of(&made, right, bias, 2), divergence_of(&made, turned, bias, 2));
    printf("a generator of the true law: %.2g\n", divergence);
    assert_true(divergence < 1e-15);
    const float line[] = {1, 2};
    assert_true(divergence_of(&made, line, bias, 1) == LN2);
    const float nothing[] = {0, 0, 0, 0, 0, 0};
    assert_true(divergence_of(&made, nothing, bias, 3) == LN2);
    const float degenerate[] = {1, 2, 2, 4};
    assert_true(fabs(divergence_of(&made, degenerate, bias, 2) - LN2) < 1e-14);
    subject_free(&made);
}

static void divergence_is_between_zero_and_ln2_for_every_float(void **state) {
    (void)state;
    subject made = subject_of(2, D2L_A, D2L_b, 2);
    const float sizes[] = {0, FLT_TRUE_MIN, FLT_MIN, 1e-20F, 1, 1e20F, FLT_MAX};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    for (int i = 0; i < SIZES * SIZES * SIZES; i++) {
        const float a = sizes[i % SIZES];
        const float b = sizes[i / SIZES % SIZES];
        const float c = sizes[i / (SIZES * SIZES)];
        const float weight[] = {a, -b, b, c};
        const float bias[] = {c, -a};
        const double divergence = divergence_of(&made, weight, bias, 2);
        assert_true(divergence >= 0 && divergence <= LN2);
    }
    subject_free(&made);
    const double huge[] = {1e300, 1e-300, 1e-300, 1e200}; // squares overflow on the way
    assert_true(fabs(gs_jensen_shannon_of_directions(huge, huge + 2, 2) - LN2) < 1e-15);
    assert_true(fabs(gs_jensen_shannon_of_directions(huge, huge + 3, 1) - LN2) < 1e-15);
}

static void what_is_not_finite_has_no_divergence(void **state) {
    (void)state;
    const double wrong[] = {NAN, INFINITY, -INFINITY};
    subject made = subject_of(2, D2L_A, D2L_b, 2);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 4; j++) {
            const double values[] = {j == 0 ? wrong[i] : 1, j == 1 ? wrong[i] : 0, j == 2 ? wrong[i] : 1,
                                     j == 3 ? wrong[i] : 0};
            assert_true(isnan(gs_jensen_shannon_of_directions(values, values + 2, 2)));
            const float weight[] = {(float)values[0], (float)values[1], 0, (float)values[2]};
            const float bias[] = {0, (float)values[3]};
            assert_true(isnan(divergence_of(&made, weight, bias, 2)));
        }
    }
    subject_free(&made);
}

/// Known answers, so that another compiler or machine must agree; and what they cost.
static void bits_are_the_same_everywhere(void **state) {
    (void)state;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    struct timespec start;
    struct timespec end;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    for (int i = 0; i < 2000; i++) {
        const double variance[] = {ldexp(1 + i % 7 / 8.0, i % 61 - 40), ldexp(1 + i % 11 / 16.0, i % 13 - 6)};
        const double shift[] = {i % 17 / 4.0, -(i % 5) / 2.0};
        const double divergence = gs_jensen_shannon_of_directions(variance, shift, 2);
        uint64_t bits;
        memcpy(&bits, &divergence, sizeof bits);
        hash = (hash ^ bits) * UINT64_C(0x100000001b3);
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    printf("hash of 2000 divergences in two dimensions: %016llx, %.3f ms of a core each\n", (unsigned long long)hash,
           0.5 * ((double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec)));
    assert_true(hash == UINT64_C(0xfa1b998706fbc7d3));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divergence_agrees_with_256_nodes_in_every_direction),
        cmocka_unit_test(divergence_equals_recorded_integrals_in_up_to_256_dimensions),
        cmocka_unit_test(divergence_of_a_generator_equals_recorded_integrals),
        cmocka_unit_test(nearly_collapsed_generators_keep_their_digits),
        cmocka_unit_test(equal_laws_have_divergence_zero_and_singular_ones_ln2),
        cmocka_unit_test(divergence_is_between_zero_and_ln2_for_every_float),
        cmocka_unit_test(what_is_not_finite_has_no_divergence),
        cmocka_unit_test(bits_are_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
