/// One trial's check: against closed forms in two dimensions, against SciPy, on hostile samples, and bit for bit.
///
/// Oracles: the roots of the characteristic polynomial of 2 x 2 matrices, in long double; SciPy's answers in
/// tests/oracle/check_scipy.txt, which says how it was made.
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <time.h>

#include "fixture.h"

/// The law of the d2l.ai training.
static double D2L_A[] = {1, 2, -0.1, 0.5};
static double D2L_b[] = {1, 2};

enum { D2L_COUNT = 1000 };

/// Numbers in (-1, 1) from a fixed stream (xorshift64*).
static double next_number(uint64_t *stream) {
    *stream ^= *stream >> 12;
    *stream ^= *stream << 25;
    *stream ^= *stream >> 27;
    return (double)(int64_t)(*stream * UINT64_C(0x2545f4914f6cdd1d)) * 0x1p-63;
}

static float *random_samples(int64_t count, int dimension, double scale, uint64_t seed) {
    float *samples = malloc((size_t)count * (size_t)dimension * sizeof *samples);
    assert_non_null(samples);
    uint64_t stream = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (int64_t i = 0; i < count * dimension; i++) {
        samples[i] = (float)(scale * next_number(&stream));
    }
    return samples;
}

/// |actual - expected| / max(|expected|, 1), 0 for equal infinities.
static double relative_error(double actual, long double expected) {
    if ((long double)actual == expected) {
        return 0;
    }
    return (double)(fabsl((long double)actual - expected) / fmaxl(fabsl(expected), 1));
}

// ---- closed forms in two dimensions ----

/// A symmetric 2 x 2 matrix [[xx, xy], [xy, yy]].
typedef struct {
    long double xx, xy, yy;
} matrix2;

static long double determinant(matrix2 m) {
    return m.xx * m.yy - m.xy * m.xy;
}

/// v^T M^-1 v
static long double inverse_form(matrix2 m, long double x, long double y) {
    return (m.yy * x * x - 2 * m.xy * x * y + m.xx * y * y) / determinant(m);
}

/// tr(inverse(S) C)
static long double trace_of_quotient(matrix2 s, matrix2 c) {
    return (s.yy * c.xx - 2 * s.xy * c.xy + s.xx * c.yy) / determinant(s);
}

static long double frechet2(matrix2 s, matrix2 t, long double x, long double y) {
    const long double trace_of_product = s.xx * t.xx + 2 * s.xy * t.xy + s.yy * t.yy;
    const long double root = sqrtl(trace_of_product + 2 * sqrtl(determinant(s) * determinant(t)));
    return x * x + y * y + s.xx + s.yy + t.xx + t.yy - 2 * root;
}

/// KL(N(c, C) to N(b, S)), (x, y) = c - b.
static long double kl2(matrix2 c, matrix2 s, long double x, long double y) {
    return (trace_of_quotient(s, c) - 2 + inverse_form(s, x, y) + logl(determinant(s) / determinant(c))) / 2;
}

static matrix2 true_covariance(const double *A) {
    return (matrix2){(long double)A[0] * A[0] + (long double)A[2] * A[2],
                     (long double)A[0] * A[1] + (long double)A[2] * A[3],
                     (long double)A[1] * A[1] + (long double)A[3] * A[3]};
}

static matrix2 sample_covariance2(const float *samples, int64_t count, long double mean[2]) {
    mean[0] = mean[1] = 0;
    for (int64_t i = 0; i < count; i++) {
        mean[0] += samples[2 * i];
        mean[1] += samples[2 * i + 1];
    }
    mean[0] /= count;
    mean[1] /= count;
    matrix2 sum = {0, 0, 0};
    for (int64_t i = 0; i < count; i++) {
        const long double x = samples[2 * i] - mean[0];
        const long double y = samples[2 * i + 1] - mean[1];
        sum.xx += x * x;
        sum.xy += x * y;
        sum.yy += y * y;
    }
    return (matrix2){sum.xx / (count - 1), sum.xy / (count - 1), sum.yy / (count - 1)};
}

static void every_quantity_in_two_dimensions_equals_its_closed_form(void **state) {
    (void)state;
    fixture made = fixture_create(2, D2L_A, D2L_b);
    const matrix2 truth = true_covariance(D2L_A);
    double worst = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        const int64_t count = 3 + (int64_t)seed;
        float *samples = random_samples(count, 2, 4, seed);
        const float *weight = samples;
        const float *bias = samples + 4;
        gs_error error;
        assert_int_equal(gs_check_samples(made.checker, samples, count, weight, bias, 2, made.check, &error), GS_OK);
        const gs_check *check = made.check;

        long double mean[2];
        const matrix2 S = sample_covariance2(samples, count, mean);
        const long double x = mean[0] - D2L_b[0];
        const long double y = mean[1] - D2L_b[1];
        const long double half_trace = trace_of_quotient(truth, S) / 2;
        const long double product = determinant(S) / determinant(truth);
        const long double large = half_trace + sqrtl(half_trace * half_trace - product);
        const long double small = product / large;
        const long double log_product = logl(small) + logl(large);
        const long double n = count - 1;
        const long double l = n / count;
        const matrix2 C = {(long double)weight[0] * weight[0] + (long double)weight[1] * weight[1],
                           (long double)weight[0] * weight[2] + (long double)weight[1] * weight[3],
                           (long double)weight[2] * weight[2] + (long double)weight[3] * weight[3]};
        const long double cx = bias[0] - D2L_b[0];
        const long double cy = bias[1] - D2L_b[1];
        const long double squared_error = (S.xx - truth.xx) * (S.xx - truth.xx) +
                                          2 * (S.xy - truth.xy) * (S.xy - truth.xy) +
                                          (S.yy - truth.yy) * (S.yy - truth.yy);
        const long double squared_norm = truth.xx * truth.xx + 2 * truth.xy * truth.xy + truth.yy * truth.yy;
        const struct {
            double actual;
            long double expected;
        } pairs[] = {
            {check->sample_mean[0], mean[0]},
            {check->sample_mean[1], mean[1]},
            {check->sample_covariance[0], S.xx},
            {check->sample_covariance[1], S.xy},
            {check->sample_covariance[2], S.xy},
            {check->sample_covariance[3], S.yy},
            {check->eigenvalues[0], small},
            {check->eigenvalues[1], large},
            {check->covariance_error, sqrtl(squared_error / squared_norm)},
            {check->affine_invariant_distance, sqrtl(logl(small) * logl(small) + logl(large) * logl(large))},
            {check->lrt_covariance, (1 - 13 / (18 * n)) * n * (small + large - 2 - log_product)},
            {check->lrt_joint, (1 - 37 / (30.0L * count)) * count *
                                   (l * (small + large) - 2 - 2 * logl(l) - log_product + inverse_form(truth, x, y))},
            {check->hotelling_t2, count * inverse_form(S, x, y)},
            {check->frechet_distance, frechet2(S, truth, x, y)},
            {check->kl_exact, kl2(C, truth, cx, cy)},
            {check->frechet_exact, frechet2(C, truth, cx, cy)},
        };
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
            const double difference = relative_error(pairs[i].actual, pairs[i].expected);
            if (difference > 1e-11) {
                fail_msg("seed %d, quantity %zu: %.17g, expected %.17Lg", (int)seed, i, pairs[i].actual,
                         pairs[i].expected);
            }
            worst = fmax(worst, difference);
        }
        assert_int_equal(check->covariance_ok, small >= 0.75L && large <= 1.25L);
        free(samples);
    }
    printf("largest relative error of 16 quantities, 200 trials: %.2g\n", worst);
    fixture_free(&made);
}

static void a_generator_with_the_true_law_is_at_distance_zero(void **state) {
    (void)state;
    double A[] = {1, 2, -0.125, 0.5};
    fixture made = fixture_create(2, A, D2L_b);
    const float weight[] = {1, -0.125F, 2, 0.5F}; // A^T: x' = W z + b, x = z A + b
    const float bias[] = {1, 2};
    float *samples = random_samples(10, 2, 1, 1);
    gs_error error;
    assert_int_equal(gs_check_samples(made.checker, samples, 10, weight, bias, 2, made.check, &error), GS_OK);
    printf("kl_exact %.3g, frechet_exact %.3g\n", made.check->kl_exact, made.check->frechet_exact);
    assert_true(made.check->kl_exact >= 0 && made.check->kl_exact < 1e-14);
    assert_true(made.check->frechet_exact >= 0 && made.check->frechet_exact < 1e-13);
    free(samples);
    fixture_free(&made);
}

static void covariance_is_ok_exactly_within_the_tolerance(void **state) {
    (void)state;
    double identity[] = {1, 0, 0, 1};
    double zero[] = {0, 0};
    fixture made = fixture_create(2, identity, zero); // tolerance 0.25
    const struct {
        float x, y; // four samples (+-x, 0), (0, +-y): S = diag(x^2, y^2) 2 / 3
        bool ok;
    } cases[] = {{1.2F, 1.2F, true},   {1.36F, 1.07F, true},  {1.05F, 1.2F, false},
                 {1.2F, 1.38F, false}, {1.38F, 1.05F, false}, {0, 1.2F, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const float samples[] = {cases[i].x, 0, -cases[i].x, 0, 0, cases[i].y, 0, -cases[i].y};
        const gs_check *check = check_samples(&made, samples, 4);
        printf("eigenvalues %.4f %.4f: %s\n", check->eigenvalues[0], check->eigenvalues[1],
               check->covariance_ok ? "ok" : "not ok");
        assert_int_equal(check->covariance_ok, cases[i].ok);
    }
    fixture_free(&made);
}

// ---- SciPy ----

/// One case of tests/oracle/check_scipy.txt, read in the order in which it was written.
typedef struct {
    int dimension;
    int64_t latent_dim, count;
    double *A, *b, *samples, *weight, *bias;
    double *mean, *covariance, *eigenvalues;
    double covariance_error, affine_invariant_distance, lrt_covariance, lrt_joint, hotelling_t2, frechet_distance;
    double kl_exact, frechet_exact;
} scipy_case;

static void read_name(FILE *file, const char *name) {
    char word[64];
    assert_int_equal(fscanf(file, "%63s", word), 1);
    assert_string_equal(word, name);
}

static double *read_numbers(FILE *file, const char *name, int64_t count) {
    read_name(file, name);
    double *numbers = malloc((size_t)count * sizeof *numbers);
    assert_non_null(numbers);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(fscanf(file, "%lf", &numbers[i]), 1);
    }
    return numbers;
}

static double read_number(FILE *file, const char *name) {
    double *numbers = read_numbers(file, name, 1);
    const double number = numbers[0];
    free(numbers);
    return number;
}

static void skip_header(FILE *file) {
    int c = fgetc(file);
    while (c == '#') {
        while (c != '\n' && c != EOF) {
            c = fgetc(file);
        }
        c = fgetc(file);
    }
    assert_int_equal(ungetc(c, file), c);
}

/// @return false at the end of the file
static bool read_case(FILE *file, scipy_case *read) {
    char name[64];
    if (fscanf(file, "%63s %d", name, &read->dimension) != 2) {
        return false;
    }
    assert_string_equal(name, "dimension");
    const int64_t d = read->dimension;
    read->latent_dim = (int64_t)read_number(file, "latent_dim");
    read->count = (int64_t)read_number(file, "count");
    read->A = read_numbers(file, "A", d * d);
    read->b = read_numbers(file, "b", d);
    read->samples = read_numbers(file, "samples", read->count * d);
    read->weight = read_numbers(file, "weight", d * read->latent_dim);
    read->bias = read_numbers(file, "bias", d);
    read->mean = read_numbers(file, "mean", d);
    read->covariance = read_numbers(file, "covariance", d * d);
    read->eigenvalues = read_numbers(file, "eigenvalues", d);
    read->covariance_error = read_number(file, "covariance_error");
    read->affine_invariant_distance = read_number(file, "affine_invariant_distance");
    read->lrt_covariance = read_number(file, "lrt_covariance");
    read->lrt_joint = read_number(file, "lrt_joint");
    read->hotelling_t2 = read_number(file, "hotelling_t2");
    read->frechet_distance = read_number(file, "frechet_distance");
    read->kl_exact = read_number(file, "kl_exact");
    read->frechet_exact = read_number(file, "frechet_exact");
    return true;
}

static void free_case(scipy_case *read) {
    double *arrays[] = {read->A,    read->b,    read->samples,    read->weight,
                        read->bias, read->mean, read->covariance, read->eigenvalues};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        free(arrays[i]);
    }
}

static float *as_floats(const double *numbers, int64_t count) {
    float *floats = malloc((size_t)count * sizeof *floats);
    assert_non_null(floats);
    for (int64_t i = 0; i < count; i++) {
        floats[i] = (float)numbers[i];
    }
    return floats;
}

static double worst_of(const double *actual, const double *expected, int64_t count) {
    double worst = 0;
    for (int64_t i = 0; i < count; i++) {
        const double error = relative_error(actual[i], expected[i]);
        worst = error > worst || isnan(error) ? error : worst;
    }
    return worst;
}

static FILE *open_scipy_figures(void) {
    FILE *file = fopen(TESTS_DIR "/oracle/check_scipy.txt", "r");
    assert_non_null(file);
    skip_header(file);
    return file;
}

static void check_case(const scipy_case *read, fixture *made) {
    const int64_t d = read->dimension;
    *made = fixture_create(read->dimension, read->A, read->b);
    float *samples = as_floats(read->samples, read->count * d);
    float *weight = as_floats(read->weight, d * read->latent_dim);
    float *bias = as_floats(read->bias, d);
    gs_error error;
    assert_int_equal(
        gs_check_samples(made->checker, samples, read->count, weight, bias, read->latent_dim, made->check, &error),
        GS_OK);
    free(samples);
    free(weight);
    free(bias);
}

static void every_quantity_equals_what_scipy_finds(void **state) {
    (void)state;
    FILE *file = open_scipy_figures();
    scipy_case read;
    int cases = 0;
    for (; read_case(file, &read); cases++) {
        fixture made;
        check_case(&read, &made);
        const gs_check *check = made.check;
        const int64_t d = read.dimension;
        const struct {
            const char *name;
            double error;
        } errors[] = {
            {"mean", worst_of(check->sample_mean, read.mean, d)},
            {"covariance", worst_of(check->sample_covariance, read.covariance, d * d)},
            {"eigenvalues", worst_of(check->eigenvalues, read.eigenvalues, d)},
            {"covariance_error", relative_error(check->covariance_error, read.covariance_error)},
            {"affine_invariant_distance",
             relative_error(check->affine_invariant_distance, read.affine_invariant_distance)},
            {"lrt_covariance", relative_error(check->lrt_covariance, read.lrt_covariance)},
            {"lrt_joint", relative_error(check->lrt_joint, read.lrt_joint)},
            {"hotelling_t2", relative_error(check->hotelling_t2, read.hotelling_t2)},
            {"frechet_distance", relative_error(check->frechet_distance, read.frechet_distance)},
            {"kl_exact", relative_error(check->kl_exact, read.kl_exact)},
            // The route through a matrix square root loses half the digits where W W^T is singular.
            {"frechet_exact",
             relative_error(check->frechet_exact, read.frechet_exact) * (read.latent_dim < d ? 1e-5 : 1)},
        };
        double worst = 0;
        for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
            if (!(errors[i].error < 1e-10)) {
                fail_msg("dimension %d, %s: relative error %.3g", (int)d, errors[i].name, errors[i].error);
            }
            worst = fmax(worst, errors[i].error);
        }
        printf("dimension %d, latent_dim %d, %d samples: largest relative error %.2g\n", (int)d, (int)read.latent_dim,
               (int)read.count, worst);
        fixture_free(&made);
        free_case(&read);
    }
    assert_int_equal(cases, 10);
    assert_int_equal(fclose(file), 0);
}

// ---- hostile samples ----

static void assert_singular(const gs_check *check) {
    assert_true(check->eigenvalues[0] == 0);
    assert_true(check->affine_invariant_distance == INFINITY);
    assert_true(check->lrt_covariance == INFINITY);
    assert_true(check->lrt_joint == INFINITY);
    assert_true(isfinite(check->covariance_error));
    assert_true(isfinite(check->frechet_distance));
    assert_false(check->covariance_ok);
}

static void constant_samples_give_a_covariance_of_exactly_zero(void **state) {
    (void)state;
    fixture made = fixture_create(2, D2L_A, D2L_b);
    float samples[2 * D2L_COUNT];
    for (int i = 0; i < D2L_COUNT; i++) {
        samples[2 * i] = 0.1F;
        samples[2 * i + 1] = -1e-3F;
    }
    for (int64_t count = 2; count <= D2L_COUNT; count = count * 2 + 1) {
        const gs_check *check = check_samples(&made, samples, count);
        assert_singular(check);
        assert_true(check->sample_mean[0] == (double)0.1F && check->sample_mean[1] == (double)-1e-3F);
        for (int i = 0; i < 4; i++) {
            assert_true(check->sample_covariance[i] == 0);
        }
        assert_true(check->eigenvalues[1] == 0);
        assert_true(check->covariance_error == 1);
        assert_true(check->hotelling_t2 == INFINITY);
        const double x = (double)0.1F - 1;
        const double y = (double)-1e-3F - 2;
        assert_true(relative_error(check->frechet_distance, x * x + y * y + 1.01 + 4.25) < 1e-14);
    }
    fixture_free(&made);
}

static void constant_samples_at_the_true_mean_have_a_t2_of_zero(void **state) {
    (void)state;
    fixture made = fixture_create(2, D2L_A, D2L_b);
    const float samples[] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
    const gs_check *check = check_samples(&made, samples, 5);
    assert_singular(check);
    assert_true(check->hotelling_t2 == 0);
    fixture_free(&made);
}

static void one_constant_coordinate_is_singular(void **state) {
    (void)state;
    fixture made = fixture_create(2, D2L_A, D2L_b);
    for (int constant = 0; constant < 2; constant++) {
        float *samples = random_samples(D2L_COUNT, 2, 3, 5);
        for (int i = 0; i < D2L_COUNT; i++) {
            samples[2 * i + constant] = 0.7F;
        }
        const gs_check *check = check_samples(&made, samples, D2L_COUNT);
        assert_singular(check);
        assert_true(check->eigenvalues[1] > 0);
        assert_true(check->hotelling_t2 == INFINITY);
        free(samples);
    }
    fixture_free(&made);
}

static void samples_on_a_line_are_singular_and_keep_their_frechet_distance(void **state) {
    (void)state;
    fixture made = fixture_create(2, D2L_A, D2L_b);
    double worst = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        float *samples = random_samples(D2L_COUNT, 2, 2, seed);
        const float slope = samples[0];
        for (int i = 0; i < D2L_COUNT; i++) {
            samples[2 * i + 1] = slope * samples[2 * i];
        }
        const gs_check *check = check_samples(&made, samples, D2L_COUNT);
        assert_singular(check);
        assert_true(check->hotelling_t2 == INFINITY);
        long double mean[2];
        const matrix2 S = sample_covariance2(samples, D2L_COUNT, mean);
        const long double expected = frechet2(S, true_covariance(D2L_A), mean[0] - D2L_b[0], mean[1] - D2L_b[1]);
        worst = fmax(worst, relative_error(check->frechet_distance, expected));
        free(samples);
    }
    printf("largest relative error of the Frechet distance of 100 collapsed trials: %.2g\n", worst);
    assert_true(worst < 1e-7);
    fixture_free(&made);
}

static void fewer_samples_than_dimensions_are_singular(void **state) {
    (void)state;
    enum { DIMENSION = 8 };
    double identity[DIMENSION * DIMENSION] = {0};
    double zero[DIMENSION] = {0};
    for (int i = 0; i < DIMENSION; i++) {
        identity[i * DIMENSION + i] = 1;
    }
    fixture made = fixture_create(DIMENSION, identity, zero);
    float *samples = random_samples(DIMENSION + 1, DIMENSION, 1, 3);
    for (int64_t count = 2; count <= DIMENSION; count++) {
        const gs_check *check = check_samples(&made, samples, count);
        assert_singular(check);
        assert_true(check->hotelling_t2 == INFINITY);
    }
    assert_true(isfinite(check_samples(&made, samples, DIMENSION + 1)->lrt_joint));
    free(samples);
    fixture_free(&made);
}

static void fewer_than_two_samples_are_refused(void **state) {
    (void)state;
    fixture made = fixture_create(2, D2L_A, D2L_b);
    const float samples[] = {1, 2};
    for (int64_t count = 0; count < 2; count++) {
        gs_error error;
        assert_int_equal(gs_check_samples(made.checker, samples, count, NULL, NULL, 0, made.check, &error),
                         GS_ERROR_INPUT);
        printf("%s\n", error.message);
        assert_true(isnan(made.check->sample_mean[0]));
    }
    fixture_free(&made);
}

static void one_sample_that_is_not_finite_makes_everything_nan(void **state) {
    (void)state;
    enum { COUNT = 11, DIMENSION = 3 };
    double A[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    double b[] = {0, 0, 0};
    const float weight[DIMENSION] = {1, 1, 1};
    const float bias[DIMENSION] = {0};
    fixture made = fixture_create(DIMENSION, A, b);
    float *samples = random_samples(COUNT, DIMENSION, 1, 1);
    const float hostile[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3 * COUNT * DIMENSION; i++) {
        const float kept = samples[i / 3];
        samples[i / 3] = hostile[i % 3];
        gs_error error;
        assert_int_equal(gs_check_samples(made.checker, samples, COUNT, weight, bias, 1, made.check, &error), GS_OK);
        const gs_check *check = made.check;
        const double scalars[] = {
            check->covariance_error, check->affine_invariant_distance, check->lrt_covariance, check->lrt_joint,
            check->hotelling_t2,     check->frechet_distance,          check->kl_exact,       check->frechet_exact};
        for (size_t j = 0; j < sizeof scalars / sizeof *scalars; j++) {
            assert_true(isnan(scalars[j]));
        }
        for (int j = 0; j < DIMENSION; j++) {
            assert_true(isnan(check->sample_mean[j]) && isnan(check->eigenvalues[j]));
        }
        for (int j = 0; j < DIMENSION * DIMENSION; j++) {
            assert_true(isnan(check->sample_covariance[j]));
        }
        assert_false(check->covariance_ok);
        samples[i / 3] = kept;
    }
    free(samples);
    fixture_free(&made);
}

static void huge_and_tiny_samples_give_finite_figures(void **state) {
    (void)state;
    fixture made = fixture_create(2, D2L_A, D2L_b);
    const double scales[] = {FLT_MAX, 1e30, 1e10, 1e-10, 1e-30, FLT_MIN, 1e-44};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        float *samples = random_samples(D2L_COUNT, 2, scales[i], 9);
        gs_error error;
        assert_int_equal(
            gs_check_samples(made.checker, samples, D2L_COUNT, samples, samples + 4, 2, made.check, &error), GS_OK);
        const gs_check *check = made.check;
        printf("scale %8.1e: eigenvalues %.3g %.3g, lrt_joint %.3g, frechet %.3g, T2 %.3g, kl %.3g\n", scales[i],
               check->eigenvalues[0], check->eigenvalues[1], check->lrt_joint, check->frechet_distance,
               check->hotelling_t2, check->kl_exact);
        assert_true(check->eigenvalues[0] > 0);
        const double scalars[] = {
            check->covariance_error, check->affine_invariant_distance, check->lrt_covariance, check->lrt_joint,
            check->hotelling_t2,     check->frechet_distance,          check->kl_exact,       check->frechet_exact};
        for (size_t j = 0; j < sizeof scalars / sizeof *scalars; j++) {
            assert_true(isfinite(scalars[j]) && scalars[j] >= 0);
        }
        free(samples);
    }
    fixture_free(&made);
}

static void coordinates_of_very_different_size_give_no_nan(void **state) {
    (void)state;
    enum { SMALLEST_EXPONENT = -44, LARGEST_EXPONENT = 38, COUNT = 50 };
    fixture made = fixture_create(2, D2L_A, D2L_b);
    int singular = 0;
    int cases = 0;
    for (int x = SMALLEST_EXPONENT; x <= LARGEST_EXPONENT; x += 2) {
        for (int y = SMALLEST_EXPONENT; y <= LARGEST_EXPONENT; y += 2) {
            float *samples = random_samples(COUNT, 2, 1, (uint64_t)cases + 1);
            for (int i = 0; i < COUNT; i++) {
                samples[2 * i] = (float)((double)samples[2 * i] * pow(10, x));
                samples[2 * i + 1] = (float)((double)samples[2 * i + 1] * pow(10, y));
            }
            const float weight[] = {samples[0], samples[2], samples[1], samples[3]};
            gs_error error;
            assert_int_equal(gs_check_samples(made.checker, samples, COUNT, weight, samples, 2, made.check, &error),
                             GS_OK);
            const gs_check *check = made.check;
            const double scalars[] = {
                check->covariance_error, check->affine_invariant_distance, check->lrt_covariance, check->lrt_joint,
                check->hotelling_t2,     check->frechet_distance,          check->kl_exact,       check->frechet_exact};
            for (size_t j = 0; j < sizeof scalars / sizeof *scalars; j++) {
                assert_true(scalars[j] >= 0);
            }
            singular += check->eigenvalues[0] == 0;
            cases++;
            free(samples);
        }
    }
    printf("%d of %d covariances count as singular\n", singular, cases);
    fixture_free(&made);
}

// ---- the exact law ----

static void an_exact_law_of_lower_rank_is_infinitely_far_in_kl_only(void **state) {
    (void)state;
    fixture made = fixture_create(2, D2L_A, D2L_b);
    const struct {
        const char *what;
        float weight[4];
        int64_t latent_dim;
    } cases[] = {{"latent_dim 1", {0.3F, -1.7F}, 1},
                 {"zero weights", {0, 0, 0, 0}, 2},
                 {"equal columns", {0.3F, 0.3F, -1.7F, -1.7F}, 2},
                 {"one row zero", {0.3F, 0.9F, 0, 0}, 2}};
    const float bias[] = {1.5F, 2};
    float *samples = random_samples(10, 2, 1, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const float *w = cases[i].weight;
        gs_error error;
        assert_int_equal(gs_check_samples(made.checker, samples, 10, w, bias, cases[i].latent_dim, made.check, &error),
                         GS_OK);
        const int64_t k = cases[i].latent_dim;
        matrix2 C = {0, 0, 0};
        for (int64_t j = 0; j < k; j++) {
            C.xx += (long double)w[j] * w[j];
            C.xy += (long double)w[j] * w[k + j];
            C.yy += (long double)w[k + j] * w[k + j];
        }
        const long double expected = frechet2(C, true_covariance(D2L_A), 0.5L, 0);
        const double difference = relative_error(made.check->frechet_exact, expected);
        printf("%s: kl %g, frechet %.6f, relative error %.2g\n", cases[i].what, made.check->kl_exact,
               made.check->frechet_exact, difference);
        assert_true(made.check->kl_exact == INFINITY);
        assert_true(difference < 1e-7);
    }
    free(samples);
    fixture_free(&made);
}

static void only_a_finite_affine_generator_has_an_exact_law(void **state) {
    (void)state;
    fixture made = fixture_create(2, D2L_A, D2L_b);
    float *samples = random_samples(10, 2, 1, 1);
    const float weight[] = {1, 0, 0, 1};
    const float broken[] = {1, 0, INFINITY, 1};
    const float bias[] = {0, 0};
    const float broken_bias[] = {0, NAN};
    const struct { const float *weight, *bias; } cases[] = {{NULL, NULL}, {broken, bias}, {weight, broken_bias}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gs_error error;
        assert_int_equal(
            gs_check_samples(made.checker, samples, 10, cases[i].weight, cases[i].bias, 2, made.check, &error), GS_OK);
        assert_true(isnan(made.check->kl_exact) && isnan(made.check->frechet_exact));
        assert_true(isfinite(made.check->lrt_joint) && isfinite(made.check->frechet_distance));
    }
    free(samples);
    fixture_free(&made);
}

// ---- the true law ----

static void a_true_law_without_an_inverse_is_refused_in_words(void **state) {
    (void)state;
    double laws[][4] = {{1, 1, 1, 1},     {1, 2, 2, 4},   {0, 0, 0, 0},
                        {1e200, 0, 0, 1}, {NAN, 0, 0, 1}, {1, 1, 1, 1 + 1e-12}};
    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
        fixture made;
        gs_error error = {""};
        assert_int_equal(fixture_try(2, laws[i], D2L_b, &made, &error), GS_ERROR_RUN);
        fixture_free(&made);
        printf("%s\n", error.message);
        assert_non_null(strstr(error.message, "A^T A"));
    }
}

static void the_units_of_a_coordinate_do_not_make_a_true_law_singular(void **state) {
    (void)state;
    double plain[] = {1, 2, -0.1, 0.5};
    double scaled[] = {1, 2e-9, -0.1, 0.5e-9};
    double b[] = {0, 0};
    fixture made = fixture_create(2, plain, b);
    fixture made_small = fixture_create(2, scaled, b);
    float *samples = random_samples(D2L_COUNT, 2, 3, 4);
    const double expected = check_samples(&made, samples, D2L_COUNT)->lrt_joint;
    for (int i = 0; i < D2L_COUNT; i++) {
        samples[2 * i + 1] *= 1e-9F;
    }
    const double actual = check_samples(&made_small, samples, D2L_COUNT)->lrt_joint;
    printf("lrt_joint %.9g, with the second coordinate in units of 1e9: %.9g\n", expected, actual);
    assert_true(relative_error(actual, expected) < 1e-5); // float32 rounds the scaled samples anew
    free(samples);
    fixture_free(&made_small);
    fixture_free(&made);
}

// ---- the same bits ----

/// FNV-1a over everything that a result holds.
static uint64_t hash_of(const gs_check *check, int d) {
    const struct {
        const void *start;
        size_t length;
    } parts[] = {{check->sample_mean, (size_t)d * sizeof(double)},
                 {check->sample_covariance, (size_t)d * (size_t)d * sizeof(double)},
                 {check->eigenvalues, (size_t)d * sizeof(double)},
                 {&check->covariance_error, sizeof(double)},
                 {&check->affine_invariant_distance, sizeof(double)},
                 {&check->lrt_covariance, sizeof(double)},
                 {&check->lrt_joint, sizeof(double)},
                 {&check->hotelling_t2, sizeof(double)},
                 {&check->frechet_distance, sizeof(double)},
                 {&check->kl_exact, sizeof(double)},
                 {&check->frechet_exact, sizeof(double)},
                 {&check->covariance_ok, sizeof(bool)}};
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        for (size_t j = 0; j < parts[i].length; j++) {
            hash = (hash ^ ((const unsigned char *)parts[i].start)[j]) * UINT64_C(0x100000001b3);
        }
    }
    return hash;
}

static void the_bits_are_those_that_were_recorded(void **state) {
    (void)state;
    // Recorded with gcc 12 -O2 and LAPACK 3.11 (reference); the same with clang, without optimisation, with AVX-512.
    const uint64_t recorded = UINT64_C(0x472778438db72d50);
    FILE *file = open_scipy_figures();
    scipy_case read;
    uint64_t hash = 0;
    while (read_case(file, &read)) {
        fixture made;
        check_case(&read, &made);
        hash = hash * UINT64_C(0x100000001b3) ^ hash_of(made.check, read.dimension);
        fixture_free(&made);
        free_case(&read);
    }
    assert_int_equal(fclose(file), 0);
    printf("hash of all results: %016llx\n", (unsigned long long)hash);
    assert_true(hash == recorded);
}

/// Trials of a dimension where LAPACK works in blocks, hostile ones among them.
enum { TRIALS = 24, TRIAL_DIMENSION = 70, TRIAL_COUNT = 90, THREADS = 4, HOSTILE_EVERY = 5 };

typedef struct {
    double A[TRIAL_DIMENSION * TRIAL_DIMENSION];
    double b[TRIAL_DIMENSION];
    float *samples[TRIALS];
} trial_set;

static trial_set *trial_set_create(void) {
    trial_set *set = calloc(1, sizeof *set);
    assert_non_null(set);
    uint64_t stream = 77;
    for (int i = 0; i < TRIAL_DIMENSION; i++) {
        for (int j = 0; j < TRIAL_DIMENSION; j++) {
            set->A[i * TRIAL_DIMENSION + j] = 0.1 * next_number(&stream) + (i == j ? 1 : 0);
        }
    }
    for (int t = 0; t < TRIALS; t++) {
        set->samples[t] = random_samples(TRIAL_COUNT, TRIAL_DIMENSION, 1.5, (uint64_t)t + 1);
        if (t % HOSTILE_EVERY == 1) {
            set->samples[t][t] = NAN;
        }
        if (t % HOSTILE_EVERY == 3) {
            memset(set->samples[t], 0, TRIAL_COUNT * TRIAL_DIMENSION * sizeof(float));
        }
    }
    return set;
}

static void trial_set_free(trial_set *set) {
    for (int t = 0; t < TRIALS; t++) {
        free(set->samples[t]);
    }
    free(set);
}

static uint64_t hash_of_trial(fixture *made, const trial_set *set, int t) {
    gs_error error;
    const float *weight = set->samples[0];
    if (gs_check_samples(made->checker, set->samples[t], TRIAL_COUNT, weight, weight, TRIAL_DIMENSION, made->check,
                         &error) != GS_OK) {
        return 0;
    }
    return hash_of(made->check, TRIAL_DIMENSION);
}

static void a_trial_does_not_depend_on_the_trials_before_it(void **state) {
    (void)state;
    trial_set *set = trial_set_create();
    fixture shared = fixture_create(TRIAL_DIMENSION, set->A, set->b);
    uint64_t forward[TRIALS];
    for (int t = 0; t < TRIALS; t++) {
        forward[t] = hash_of_trial(&shared, set, t);
        assert_true(forward[t] != 0);
    }
    for (int t = TRIALS - 1; t >= 0; t--) {
        fixture fresh = fixture_create(TRIAL_DIMENSION, set->A, set->b);
        assert_true(hash_of_trial(&shared, set, t) == forward[t]);
        assert_true(hash_of_trial(&fresh, set, t) == forward[t]);
        fixture_free(&fresh);
    }
    fixture_free(&shared);
    trial_set_free(set);
}

typedef struct {
    const trial_set *set;
    fixture made;
    uint64_t hashes[TRIALS];
} thread_work;

static void *check_all(void *argument) {
    thread_work *work = argument;
    for (int t = 0; t < TRIALS; t++) {
        work->hashes[t] = hash_of_trial(&work->made, work->set, t);
    }
    return NULL;
}

static void threads_with_a_checker_each_do_not_disturb_each_other(void **state) {
    (void)state;
    trial_set *set = trial_set_create();
    static thread_work work[THREADS + 1];
    pthread_t threads[THREADS];
    for (int i = 0; i <= THREADS; i++) {
        work[i] = (thread_work){.set = set, .made = fixture_create(TRIAL_DIMENSION, set->A, set->b)};
    }
    check_all(&work[THREADS]);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, check_all, &work[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_memory_equal(work[i].hashes, work[THREADS].hashes, sizeof work[i].hashes);
    }
    for (int i = 0; i <= THREADS; i++) {
        fixture_free(&work[i].made);
    }
    trial_set_free(set);
}

static void a_check_of_the_largest_dimension_works(void **state) {
    (void)state;
    enum { D = GS_MAX_DIMENSION, COUNT = 2 * GS_MAX_DIMENSION };
    double *A = calloc((size_t)D * D, sizeof *A);
    double *b = calloc(D, sizeof *b);
    assert_non_null(A);
    assert_non_null(b);
    for (int i = 0; i < D; i++) {
        A[i * D + i] = 2;
    }
    fixture made = fixture_create(D, A, b);
    float *samples = random_samples(COUNT, D, 1, 1);
    gs_error error;
    assert_int_equal(gs_check_samples(made.checker, samples, COUNT, samples, samples, D, made.check, &error), GS_OK);
    double trace = 0;
    double sum = 0;
    for (int i = 0; i < D; i++) {
        trace += made.check->sample_covariance[i * D + i] / 4;
        sum += made.check->eigenvalues[i];
    }
    printf("sum of %d eigenvalues %.15g, trace %.15g\n", D, sum, trace);
    assert_true(relative_error(sum, trace) < 1e-13);
    assert_true(isfinite(made.check->kl_exact) && isfinite(made.check->frechet_exact));
    free(samples);
    fixture_free(&made);
    free(b);
    free(A);
}

// ---- speed ----

static void a_check_of_a_thousand_samples_takes_microseconds(void **state) {
    (void)state;
    enum { REPEATS = 2000 };
    fixture made = fixture_create(2, D2L_A, D2L_b);
    float *samples = random_samples(D2L_COUNT, 2, 3, 1);
    struct timespec start;
    struct timespec end;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &start), 0);
    for (int i = 0; i < REPEATS; i++) {
        gs_error error;
        assert_int_equal(
            gs_check_samples(made.checker, samples, D2L_COUNT, samples, samples + 4, 2, made.check, &error), GS_OK);
    }
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &end), 0);
    const double seconds = (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
    printf("one check of 1000 samples in 2-D: %.2f microseconds\n", 1e6 * seconds / REPEATS);
    free(samples);
    fixture_free(&made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_quantity_in_two_dimensions_equals_its_closed_form),
        cmocka_unit_test(a_generator_with_the_true_law_is_at_distance_zero),
        cmocka_unit_test(covariance_is_ok_exactly_within_the_tolerance),
        cmocka_unit_test(every_quantity_equals_what_scipy_finds),
        cmocka_unit_test(constant_samples_give_a_covariance_of_exactly_zero),
        cmocka_unit_test(constant_samples_at_the_true_mean_have_a_t2_of_zero),
        cmocka_unit_test(one_constant_coordinate_is_singular),
        cmocka_unit_test(samples_on_a_line_are_singular_and_keep_their_frechet_distance),
        cmocka_unit_test(fewer_samples_than_dimensions_are_singular),
        cmocka_unit_test(fewer_than_two_samples_are_refused),
        cmocka_unit_test(one_sample_that_is_not_finite_makes_everything_nan),
        cmocka_unit_test(huge_and_tiny_samples_give_finite_figures),
        cmocka_unit_test(coordinates_of_very_different_size_give_no_nan),
        cmocka_unit_test(an_exact_law_of_lower_rank_is_infinitely_far_in_kl_only),
        cmocka_unit_test(only_a_finite_affine_generator_has_an_exact_law),
        cmocka_unit_test(a_true_law_without_an_inverse_is_refused_in_words),
        cmocka_unit_test(the_units_of_a_coordinate_do_not_make_a_true_law_singular),
        cmocka_unit_test(the_bits_are_those_that_were_recorded),
        cmocka_unit_test(a_trial_does_not_depend_on_the_trials_before_it),
        cmocka_unit_test(threads_with_a_checker_each_do_not_disturb_each_other),
        cmocka_unit_test(a_check_of_the_largest_dimension_works),
        cmocka_unit_test(a_check_of_a_thousand_samples_takes_microseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
