/// Eigenvalues and what is said of stability, on vector fields whose eigenvalues are known in closed form.
///
/// Oracles: the Dirac-GAN and its regularised variants (Mescheder, Geiger & Nowozin 2018, sections 2 and 3), bilinear
/// games (+- i times the singular values), quadratic games made of known eigenvalues. Fields are written as they stand
/// in the papers and differentiated here by dual numbers.
#include <float.h>
#include <math.h>

#include "check/stability.h"
#include "fixture.h"

enum { LARGEST = 40 };

static double difference(double actual, double expected) {
    return fabs(actual - expected) / fmax(1, fabs(expected));
}

static gs_eigenvalues *scratch_of(int largest_count) {
    gs_eigenvalues *made = NULL;
    gs_error error = {""};
    if (gs_eigenvalues_create(largest_count, &made, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return made;
}

static gs_stability stability_of(gs_eigenvalues *scratch, const double *jacobian, int count) {
    gs_stability found = {0, 0, 0};
    gs_error error = {""};
    if (gs_local_stability(scratch, jacobian, count, &found, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return found;
}

// ---- dual numbers ----

/// value + derivative epsilon, epsilon^2 = 0.
typedef struct {
    double value, derivative;
} dual;

static dual plus(dual a, dual b) {
    return (dual){a.value + b.value, a.derivative + b.derivative};
}
static dual times(dual a, dual b) {
    return (dual){a.value * b.value, a.derivative * b.value + a.value * b.derivative};
}
static dual scaled(double factor, dual a) {
    return (dual){factor * a.value, factor * a.derivative};
}

typedef void vector_field(const dual *theta, const void *game, dual *v);

static void differentiate(vector_field *field, const void *game, const double *theta, int count, double *jacobian) {
    dual at[LARGEST];
    dual v[LARGEST];
    for (int j = 0; j < count; j++) {
        for (int i = 0; i < count; i++) {
            at[i] = (dual){theta[i], i == j ? 1 : 0};
        }
        field(at, game, v);
        for (int i = 0; i < count; i++) {
            jacobian[i * count + j] = v[i].derivative;
        }
    }
}

// ---- the Dirac-GAN ----

/// L(theta, psi) = E f(psi (theta + noise)) + E f(-psi noise) - penalty / 2 psi^2, noise +- `noise` with equal chance.
typedef struct {
    bool wasserstein;    ///< f(t) = t, instead of -log(1 + exp(-t))
    bool non_saturating; ///< the generator maximises f(-psi theta) instead
    double noise, penalty;
} dirac_gan;

/// f'(t): 1 / (1 + exp(t)), or 1.
static dual f_prime(const dirac_gan *game, dual t) {
    if (game->wasserstein) {
        return (dual){1, 0};
    }
    const double p = 1 / (1 + exp(t.value));
    return (dual){p, -p * (1 - p) * t.derivative};
}

/// theta[0] is the generator, theta[1] the discriminator.
static void dirac_field(const dual *theta, const void *context, dual *v) {
    const dirac_gan *game = context;
    v[0] = (dual){0, 0};
    v[1] = scaled(-game->penalty, theta[1]);
    for (int sign = -1; sign <= 1; sign += 2) {
        const dual noise = {sign * game->noise, 0};
        const dual fake = plus(theta[0], noise);
        const dual logit = times(theta[1], fake);
        const dual of_generator = f_prime(game, game->non_saturating ? scaled(-1, logit) : logit);
        v[0] = plus(v[0], scaled(-0.5, times(of_generator, theta[1])));
        const dual of_fake = times(f_prime(game, logit), fake);
        const dual of_real = times(f_prime(game, scaled(-1, times(theta[1], noise))), noise);
        v[1] = plus(v[1], scaled(0.5, plus(of_fake, scaled(-1, of_real))));
    }
}

static void dirac_gan_has_the_eigenvalues_of_its_closed_forms(void **state) {
    (void)state;
    const struct {
        const char *name;
        dirac_gan game;
        double half_trace; ///< eigenvalues: half_trace +- sqrt(half_trace^2 - determinant)
        double determinant;
    } cases[] = {
        {"unregularised", {false, false, 0, 0}, 0, 0.25},
        {"non-saturating", {false, true, 0, 0}, 0, 0.25},
        {"Wasserstein", {true, false, 0, 0}, 0, 1},
        {"instance noise 0.5", {false, false, 0.5, 0}, -0.25 * 0.25, 0.25},
        {"instance noise 2", {false, false, 2, 0}, -0.25 * 4, 0.25},
        {"gradient penalty 0.3", {false, false, 0, 0.3}, -0.15, 0.25},
        {"gradient penalty 3", {false, false, 0, 3}, -1.5, 0.25},
        {"Wasserstein, penalty 1", {true, false, 0, 1}, -0.5, 1},
    };
    const double origin[] = {0, 0};
    gs_eigenvalues *scratch = scratch_of(2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double jacobian[4];
        differentiate(dirac_field, &cases[i].game, origin, 2, jacobian);
        const gs_stability found = stability_of(scratch, jacobian, 2);
        const double half = cases[i].half_trace;
        const double discriminant = half * half - cases[i].determinant;
        const double root = sqrt(fabs(discriminant));
        gs_stability expected = {half, root / fabs(half), sqrt(cases[i].determinant)};
        if (discriminant > 0) {
            expected = (gs_stability){half + root, 0, fabs(half - root)};
        }
        printf("%-22s largest real part %+.6f, ratio %.6f, radius %.6f\n", cases[i].name, found.largest_real_part,
               found.largest_ratio, found.spectral_radius);
        assert_true(difference(found.largest_real_part, expected.largest_real_part) < 1e-14);
        assert_true(found.largest_ratio == expected.largest_ratio ||
                    difference(found.largest_ratio, expected.largest_ratio) < 1e-14);
        assert_true(difference(found.spectral_radius, expected.spectral_radius) < 1e-14);
        assert_true(scratch->imaginary[0] >= 0 && scratch->imaginary[1] == -scratch->imaginary[0]);
    }
    gs_eigenvalues_free(scratch);
}

// ---- games of many parameters ----

/// Numbers in (-1, 1) from a fixed stream (xorshift64*).
static double next_number(uint64_t *stream) {
    *stream ^= *stream >> 12;
    *stream ^= *stream << 25;
    *stream ^= *stream >> 27;
    return (double)(int64_t)(*stream * UINT64_C(0x2545f4914f6cdd1d)) * 0x1p-63;
}

/// matrix = (I - 2 u u^T) matrix, [rows x columns], u a random unit vector.
static void reflect_rows(uint64_t *stream, double *matrix, int rows, int columns) {
    double u[LARGEST];
    double squares = 0;
    for (int i = 0; i < rows; i++) {
        u[i] = next_number(stream);
        squares += u[i] * u[i];
    }
    for (int j = 0; j < columns; j++) {
        double along = 0;
        for (int i = 0; i < rows; i++) {
            along += u[i] * matrix[i * columns + j];
        }
        for (int i = 0; i < rows; i++) {
            matrix[i * columns + j] -= 2 * along / squares * u[i];
        }
    }
}

static void transpose(const double *matrix, int rows, int columns, double *transposed) {
    for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
            transposed[j * rows + i] = matrix[i * columns + j];
        }
    }
}

/// min over x, max over y of x^T A y.
typedef struct {
    int x_count, y_count;
    const double *A;
} bilinear_game;

static void bilinear_field(const dual *theta, const void *context, dual *v) {
    const bilinear_game *game = context;
    for (int i = 0; i < game->x_count + game->y_count; i++) {
        v[i] = (dual){0, 0};
    }
    for (int i = 0; i < game->x_count; i++) {
        for (int j = 0; j < game->y_count; j++) {
            const double a = game->A[i * game->y_count + j];
            v[i] = plus(v[i], scaled(-a, theta[game->x_count + j]));
            v[game->x_count + j] = plus(v[game->x_count + j], scaled(a, theta[i]));
        }
    }
}

static void bilinear_games_turn_by_their_singular_values(void **state) {
    (void)state;
    enum { ROWS = 7, COLUMNS = 4, ALL = ROWS + COLUMNS };
    const double singular[COLUMNS] = {0.25, 1, 1.5, 8};
    uint64_t stream = 11;
    double A[ROWS * COLUMNS] = {0};
    double turned[ROWS * COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        A[i * COLUMNS + i] = singular[i];
    }
    for (int i = 0; i < 3; i++) {
        reflect_rows(&stream, A, ROWS, COLUMNS);
        transpose(A, ROWS, COLUMNS, turned);
        reflect_rows(&stream, turned, COLUMNS, ROWS);
        transpose(turned, COLUMNS, ROWS, A);
    }
    const bilinear_game game = {ROWS, COLUMNS, A};
    double theta[ALL];
    for (int i = 0; i < ALL; i++) {
        theta[i] = next_number(&stream);
    }
    double jacobian[ALL * ALL];
    differentiate(bilinear_field, &game, theta, ALL, jacobian);
    gs_eigenvalues *scratch = scratch_of(LARGEST);
    const gs_stability found = stability_of(scratch, jacobian, ALL);
    double worst = 0;
    for (int k = 0; k < COLUMNS; k++) {
        double nearest = INFINITY;
        for (int i = 0; i < ALL; i++) {
            nearest = fmin(nearest, fabs(scratch->imaginary[i] - singular[k]));
        }
        worst = fmax(worst, nearest);
    }
    int still = 0;
    for (int i = 0; i < ALL; i++) {
        worst = fmax(worst, fabs(scratch->real[i]));
        still += fabs(scratch->imaginary[i]) < 1e-13;
    }
    printf("bilinear game of %d + %d parameters: largest error of an eigenvalue %.2g, %d that are 0\n", ROWS, COLUMNS,
           worst, still);
    assert_true(worst < 1e-13);
    assert_int_equal(still, ROWS - COLUMNS);
    assert_true(found.largest_ratio == INFINITY);
    assert_true(fabs(found.largest_real_part) < 1e-13);
    assert_true(difference(found.spectral_radius, 8) < 1e-14);
    gs_eigenvalues_free(scratch);
}

/// A Jacobian with eigenvalues `real` +- i `imaginary` in pairs: blocks, made dense by reflections, which keep them.
static void make_jacobian(const double *real, const double *imaginary, int pairs, double scale, double *jacobian) {
    const int count = 2 * pairs;
    uint64_t stream = 5;
    double turned[LARGEST * LARGEST];
    memset(jacobian, 0, (size_t)(count * count) * sizeof *jacobian);
    for (int k = 0; k < pairs; k++) {
        double *block = jacobian + (size_t)(2 * k) * (size_t)(count + 1);
        block[0] = block[count + 1] = scale * real[k];
        block[1] = scale * imaginary[k];
        block[count] = -scale * imaginary[k];
        if (k > 0) { // above the blocks anything may stand: the game is not normal
            block[-count] = 0.5 * scale;
        }
    }
    for (int i = 0; i < 4; i++) {
        // J -> R J R with the same reflection on both sides
        const uint64_t same = stream;
        reflect_rows(&stream, jacobian, count, count);
        transpose(jacobian, count, count, turned);
        stream = same;
        reflect_rows(&stream, turned, count, count);
        transpose(turned, count, count, jacobian);
    }
}

static void quadratic_games_have_the_eigenvalues_that_they_are_made_of(void **state) {
    (void)state;
    enum { PAIRS = 5 };
    const double real[PAIRS] = {-0.5, -2, -0.125, -3, -1};
    const double imaginary[PAIRS] = {1, 0.5, 0.75, 9, 0};
    gs_eigenvalues *scratch = scratch_of(LARGEST);
    const double scales[] = {1e-160, 1e-3, 1, 1e160};
    for (int i = 0; i < 4; i++) {
        double jacobian[4 * PAIRS * PAIRS];
        make_jacobian(real, imaginary, PAIRS, scales[i], jacobian);
        const gs_stability found = stability_of(scratch, jacobian, 2 * PAIRS);
        printf("scale %g: largest real part %.15g, ratio %.15g, radius %.15g\n", scales[i],
               found.largest_real_part / scales[i], found.largest_ratio, found.spectral_radius / scales[i]);
        assert_true(difference(found.largest_real_part / scales[i], -0.125) < 1e-12);
        assert_true(difference(found.largest_ratio, 6) < 1e-11);
        assert_true(difference(found.spectral_radius / scales[i], sqrt(90)) < 1e-12);
    }
    gs_eigenvalues_free(scratch);
}

static void an_unstable_game_is_told_by_its_largest_real_part(void **state) {
    (void)state;
    const double real[] = {-5, 0.25, -1};
    const double imaginary[] = {1, 0, 20};
    double jacobian[36];
    make_jacobian(real, imaginary, 3, 1, jacobian);
    gs_eigenvalues *scratch = scratch_of(6);
    const gs_stability found = stability_of(scratch, jacobian, 6);
    // 1/4 twice, and not a multiple of I: known to the root of the rounding error only
    assert_true(difference(found.largest_real_part, 0.25) < 1e-7);
    assert_true(difference(found.largest_ratio, 20) < 1e-12);
    gs_eigenvalues_free(scratch);
}

// ---- where a part counts as 0 ----

static void ratio_is_0_for_real_and_infinite_for_imaginary_eigenvalues(void **state) {
    (void)state;
    gs_eigenvalues *scratch = scratch_of(3);
    const double nothing[] = {0, 0, 0, 0, 0, 0, 0, 0, 0};
    const gs_stability still = stability_of(scratch, nothing, 3);
    assert_true(still.largest_real_part == 0 && still.largest_ratio == 0 && still.spectral_radius == 0);
    const double saddle[] = {-2, 0, 0, 3};
    const gs_stability of_saddle = stability_of(scratch, saddle, 2);
    assert_true(of_saddle.largest_real_part == 3 && of_saddle.largest_ratio == 0 && of_saddle.spectral_radius == 3);
    const double turning[] = {0, -2, 2, 0};
    const gs_stability of_turning = stability_of(scratch, turning, 2);
    assert_true(of_turning.largest_real_part == 0 && of_turning.largest_ratio == INFINITY);
    assert_true(difference(of_turning.spectral_radius, 2) < 1e-15);
    // |J|_F is 4 and a bit: parts up to 2 * 2^-52 * 4 count as 0
    const struct {
        double real;
        bool zero;
    } cases[] = {{0x1p-50, true}, {0x1.8p-50, true}, {0x1.2p-49, false}, {-0x1p-50, true}, {-0x1p-48, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double nearly[] = {cases[i].real, -0x1.6a09e667f3bcdp1, 0x1.6a09e667f3bcdp1, cases[i].real};
        const gs_stability found = stability_of(scratch, nearly, 2);
        printf("real part %g: ratio %g\n", cases[i].real, found.largest_ratio);
        assert_int_equal(isinf(found.largest_ratio) != 0, cases[i].zero);
        assert_true(found.largest_real_part == cases[i].real);
    }
    gs_eigenvalues_free(scratch);
}

static void what_is_not_finite_has_no_eigenvalues(void **state) {
    (void)state;
    const double wrong[] = {NAN, INFINITY, -INFINITY};
    gs_eigenvalues *scratch = scratch_of(LARGEST);
    static double jacobian[LARGEST * LARGEST];
    for (int i = 0; i < 3; i++) {
        for (int at = 0; at < LARGEST * LARGEST; at += 37) {
            memset(jacobian, 0, sizeof jacobian);
            jacobian[at] = wrong[i];
            const gs_stability found = stability_of(scratch, jacobian, LARGEST);
            assert_true(isnan(found.largest_real_part) && isnan(found.largest_ratio) && isnan(found.spectral_radius));
            assert_true(isnan(scratch->real[0]) && isnan(scratch->imaginary[LARGEST - 1]));
        }
    }
    // the largest numbers, whose norm overflows: nothing is known, nothing hangs
    for (int i = 0; i < LARGEST * LARGEST; i++) {
        jacobian[i] = i % 3 == 0 ? -DBL_MAX : DBL_MAX;
    }
    assert_true(isnan(stability_of(scratch, jacobian, LARGEST).largest_ratio));
    gs_eigenvalues_free(scratch);
}

static void nothing_depends_on_the_scratch(void **state) {
    (void)state;
    gs_eigenvalues *exact = scratch_of(30);
    gs_eigenvalues *larger = scratch_of(300);
    uint64_t stream = 3;
    double jacobian[900];
    for (int i = 0; i < 900; i++) {
        jacobian[i] = next_number(&stream);
    }
    double other[4] = {1, 2, 3, 4};
    const gs_stability first = stability_of(exact, jacobian, 30);
    (void)stability_of(larger, other, 2);
    const gs_stability second = stability_of(larger, jacobian, 30);
    assert_memory_equal(&first, &second, sizeof first);
    assert_memory_equal(exact->real, larger->real, 30 * sizeof(double));
    assert_memory_equal(exact->imaginary, larger->imaginary, 30 * sizeof(double));
    gs_eigenvalues_free(exact);
    gs_eigenvalues_free(larger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dirac_gan_has_the_eigenvalues_of_its_closed_forms),
        cmocka_unit_test(bilinear_games_turn_by_their_singular_values),
        cmocka_unit_test(quadratic_games_have_the_eigenvalues_that_they_are_made_of),
        cmocka_unit_test(an_unstable_game_is_told_by_its_largest_real_part),
        cmocka_unit_test(ratio_is_0_for_real_and_infinite_for_imaginary_eigenvalues),
        cmocka_unit_test(what_is_not_finite_has_no_eigenvalues),
        cmocka_unit_test(nothing_depends_on_the_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
