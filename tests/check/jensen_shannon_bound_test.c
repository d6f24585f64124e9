/// The lower bound of the Jensen-Shannon divergence from samples.
///
/// Oracles: the bound computed again here from its definition, with libm, in one dimension; simulation with GSL's
/// normals of laws whose divergence from the true one is known, Gaussian or not.
#include <float.h>
#include <math.h>
#include <time.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "check/jensen_shannon.h"
#include "check/jensen_shannon_bound.h"
#include "fixture.h"
#include "integrals.h"

enum { SAMPLES = 1000, REPEATS = 100, SHORT_REPEATS = 20, LARGEST_DIMENSION = 3, WIDTHS = 7 };

typedef struct {
    double bound, standard_error;
} estimate;

/// The truth, the scratch and random numbers of one test.
typedef struct {
    gs_truth *truth;
    gs_jensen_shannon_bound *scratch;
    gsl_rng *rng;
} subject;

static subject subject_of(int dimension, double *A, double *b) {
    subject made = {.rng = gsl_rng_alloc(gsl_rng_mt19937)};
    gs_error error = {""};
    const gs_data_law law = {.dimension = dimension, .n = 1000, .A = A, .b = b};
    if (gs_truth_create(&law, &made.truth, &error) != GS_OK ||
        gs_jensen_shannon_bound_create(made.truth, &made.scratch, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return made;
}

/// The true law is N(0, I).
static subject standard_subject(int dimension) {
    double A[LARGEST_DIMENSION * LARGEST_DIMENSION] = {0};
    double b[LARGEST_DIMENSION] = {0};
    for (int i = 0; i < dimension; i++) {
        A[i * dimension + i] = 1;
    }
    return subject_of(dimension, A, b);
}

static void subject_free(subject *made) {
    gs_jensen_shannon_bound_free(made->scratch);
    gs_truth_free(made->truth);
    gsl_rng_free(made->rng);
}

static estimate bound_of(const subject *of, const float *samples, int64_t count, const float *real,
                         int64_t real_count) {
    estimate found = {0, 0};
    gs_error error = {""};
    if (gs_bound_jensen_shannon(of->scratch, samples, count, real, real_count, &found.bound, &found.standard_error,
                                &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return found;
}

static void draw_normals(const subject *of, int64_t count, float *numbers) {
    for (int64_t i = 0; i < count; i++) {
        numbers[i] = (float)gsl_ran_gaussian_ziggurat(of->rng, 1);
    }
}

// ---- the definition ----

enum { PLAIN_COUNT = 101, FINE_NODES = 20000 };
#define TRUE_MEAN 0.7
#define TRUE_DEVIATION 1.3

/// A discriminator of one dimension, fitted to samples.
typedef struct {
    const float *fitted;
    int count;
    double mean, variance, squared_width;
} discriminator;

static double log_truth(double x) {
    return log_density(x, TRUE_MEAN, TRUE_DEVIATION * TRUE_DEVIATION);
}

/// log q, q = (p + sum of kernels) / (count + 1), without one of the kernels when `left_out` is not negative.
static double log_estimate(const discriminator *D, double x, int left_out) {
    if (D->squared_width == 1) {
        return log((exp(log_truth(x)) + D->count * exp(log_density(x, D->mean, D->variance))) / (D->count + 1));
    }
    double sum = 0;
    int kernels = 0;
    for (int k = 0; k < D->count; k++) {
        if (k != left_out) {
            const double centre = D->mean + sqrt(1 - D->squared_width) * (D->fitted[k] - D->mean);
            sum += exp(log_density(x, centre, D->squared_width * D->variance));
            kernels++;
        }
    }
    return log((exp(log_truth(x)) + D->count * (sum / kernels)) / (D->count + 1));
}

static discriminator fitted_to(const float *fitted, int count) {
    discriminator D = {.fitted = fitted, .count = count, .squared_width = 1};
    for (int i = 0; i < count; i++) {
        D.mean += fitted[i] / count;
    }
    for (int i = 0; i < count; i++) {
        D.variance += (fitted[i] - D.mean) * (fitted[i] - D.mean) / (count - 1);
    }
    double best = -INFINITY;
    for (int j = 0; j < WIDTHS; j++) {
        discriminator tried = D;
        tried.squared_width = ldexp(1, -2 * j);
        double likelihood = 0;
        for (int i = 0; i < count; i++) {
            likelihood += log_estimate(&tried, fitted[i], i);
        }
        if (likelihood <= best) {
            break;
        }
        best = likelihood;
        D.squared_width = tried.squared_width;
    }
    return D;
}

static double loss_on_data(const discriminator *D, double x) {
    return softplus(log_estimate(D, x, -1) - log_truth(x));
}

/// The Gaussian's loss under the true law, by integration, and the mean over the real rows of what kernels change.
static double mean_loss_on_data(const discriminator *D, const float *real, int real_count) {
    discriminator gaussian = *D;
    gaussian.squared_width = 1;
    const double step = 2 * TAILS * TRUE_DEVIATION / FINE_NODES;
    double mean = 0;
    for (int i = 0; i < FINE_NODES; i++) {
        const double x = TRUE_MEAN - TAILS * TRUE_DEVIATION + step * i;
        mean += exp(log_truth(x)) * loss_on_data(&gaussian, x) * step;
    }
    for (int i = 0; i < real_count; i++) {
        mean += (loss_on_data(D, real[i]) - loss_on_data(&gaussian, real[i])) / real_count;
    }
    return mean;
}

static double loss_on_sample(const discriminator *D, double x) {
    return softplus(log_truth(x) - log_estimate(D, x, -1));
}

/// Squared standard error of the mean of what kernels of both halves change on the real rows.
static double squared_error_of_real(const discriminator *D, const float *real, int real_count) {
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < real_count; i++) {
        double change = 0;
        for (int half = 0; half < 2; half++) {
            discriminator gaussian = D[half];
            gaussian.squared_width = 1;
            change += (loss_on_data(&D[half], real[i]) - loss_on_data(&gaussian, real[i])) / 2;
        }
        sum += change;
        squares += change * change;
    }
    return (squares - sum * sum / real_count) / (real_count - 1) / real_count;
}

static estimate bound_by_definition(const float *samples, int count, const float *real, int real_count) {
    const int first = count / 2;
    const discriminator D[] = {fitted_to(samples, first), fitted_to(samples + first, count - first)};
    double bound = LN2;
    double squared_error = squared_error_of_real(D, real, real_count) / 4;
    for (int half = 0; half < 2; half++) {
        const float *judged = half == 0 ? samples + first : samples;
        const int judged_count = count - D[half].count;
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < judged_count; i++) {
            const double loss = loss_on_sample(&D[half], judged[i]);
            sum += loss;
            squares += loss * loss;
        }
        const double mean = sum / judged_count;
        bound -= (mean + mean_loss_on_data(&D[half], real, real_count)) / 4;
        squared_error += (squares / judged_count - mean * mean) / (judged_count - 1) / 16;
    }
    return (estimate){bound, sqrt(squared_error)};
}

static void bound_is_what_its_definition_says(void **state) {
    (void)state;
    double A[] = {TRUE_DEVIATION};
    double b[] = {TRUE_MEAN};
    subject made = subject_of(1, A, b);
    float samples[PLAIN_COUNT];
    float real[PLAIN_COUNT];
    double worst = 0;
    int narrow = 0;
    enum { CASES = 40 };
    for (int i = 0; i < CASES; i++) {
        draw_normals(&made, PLAIN_COUNT, real);
        draw_normals(&made, PLAIN_COUNT, samples);
        for (int k = 0; k < PLAIN_COUNT; k++) {
            real[k] = (float)(TRUE_MEAN + TRUE_DEVIATION * real[k]);
            // every other law has two humps
            const float hump = i % 2 == 1 && k % 2 == 1 ? 3 : 0;
            samples[k] = ldexpf(samples[k], i % 8 - 6) + hump + (float)(i % 7) / 4;
        }
        const estimate actual = bound_of(&made, samples, PLAIN_COUNT - i % 2, real, PLAIN_COUNT - i % 3);
        const estimate expected = bound_by_definition(samples, PLAIN_COUNT - i % 2, real, PLAIN_COUNT - i % 3);
        worst = fmax(worst, fabs(actual.bound - expected.bound));
        worst = fmax(worst, fabs(actual.standard_error - expected.standard_error));
        narrow += fitted_to(samples, 50).squared_width < 1;
    }
    printf("%d bounds, %d with kernels: largest difference from the definition %.2g nats\n", CASES, narrow, worst);
    assert_true(narrow >= CASES / 4 && narrow < CASES);
    assert_true(worst < 1e-8); // the ridge of 1e-12 over a variance of 1e-4
    subject_free(&made);
}

// ---- what it says of laws whose divergence is known ----

typedef void draw_samples(const subject *of, const void *law, int64_t count, float *samples);

/// The mean of many bounds, its standard error, their spread and their mean standard error.
typedef struct {
    double mean, noise, spread, standard_error;
} spread_of_bounds;

static int repeats(void) {
    return getenv("GANSWEEP_TEST_SHORT") == NULL ? REPEATS : SHORT_REPEATS;
}

/// Three standard errors of a spread that was measured in that many repeats, relative.
static double slack(void) {
    return 3 / sqrt(2.0 * repeats());
}

static spread_of_bounds many_bounds(const subject *of, draw_samples *draw, const void *law) {
    static float samples[LARGEST_DIMENSION * SAMPLES];
    static float real[LARGEST_DIMENSION * SAMPLES];
    const int count = repeats();
    double sum = 0;
    double squares = 0;
    double errors = 0;
    for (int i = 0; i < count; i++) {
        draw(of, law, SAMPLES, samples);
        draw_normals(of, (int64_t)of->truth->dimension * SAMPLES, real);
        const estimate found = bound_of(of, samples, SAMPLES, real, SAMPLES);
        sum += found.bound;
        squares += found.bound * found.bound;
        errors += found.standard_error;
    }
    const double mean = sum / count;
    const double spread = sqrt((squares / count - mean * mean) * count / (count - 1));
    return (spread_of_bounds){mean, spread / sqrt(count), spread, errors / count};
}

typedef struct {
    double variance[LARGEST_DIMENSION], shift[LARGEST_DIMENSION];
} diagonal_law;

static void draw_diagonal(const subject *of, const void *law, int64_t count, float *samples) {
    const diagonal_law *diagonal = law;
    const int d = of->truth->dimension;
    for (int64_t i = 0; i < count * d; i++) {
        samples[i] =
            (float)(diagonal->shift[i % d] + sqrt(diagonal->variance[i % d]) * gsl_ran_gaussian_ziggurat(of->rng, 1));
    }
}

static void bound_is_below_the_divergence_of_gaussian_laws_by_what_the_fit_costs(void **state) {
    (void)state;
    const diagonal_law laws[] = {
        {{1, 1, 1}, {0, 0, 0}}, {{0.5, 1.5, 1}, {0.5, 0, 0.2}}, {{0.01, 1, 2}, {1, 0, 0}}, {{4, 0.9, 1}, {0, 2, 0}}};
    for (int dimension = 1; dimension <= LARGEST_DIMENSION; dimension++) {
        subject made = standard_subject(dimension);
        for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
            const spread_of_bounds found = many_bounds(&made, draw_diagonal, &laws[i]);
            const double divergence = gs_jensen_shannon_of_directions(laws[i].variance, laws[i].shift, dimension);
            const double cost = dimension * (dimension + 3) / (8.0 * SAMPLES);
            const double truth_in_q = 1.0 / SAMPLES;
            printf(
                "d %d, variance %g, shift %g: divergence %.5f, mean bound %.5f +- %.5f, fit costs %.5f; spread %.2g, "
                "standard error %.2g\n",
                dimension, laws[i].variance[0], laws[i].shift[0], divergence, found.mean, found.noise, cost,
                found.spread, found.standard_error);
            assert_true(found.mean <= divergence + 3 * found.noise);
            assert_true(found.mean >= divergence - 1.2 * cost - truth_in_q - 3 * found.noise);
            // of a right generator the first-order term is 0, and what both fits and both means share is not in the
            // error
            const double ratio = found.spread / found.standard_error;
            assert_true(ratio > 0.95 - slack() && ratio < (divergence > 0.01 ? 1.1 : 1.7) * (1 + slack()));
        }
        subject_free(&made);
    }
}

/// One dimension x = f(z): f increasing, its slope, the divergence that must be found of it at least.
typedef struct {
    const char *name;
    double (*f)(double z, double scale), (*slope)(double z, double scale);
    double scale, found_at_least, spread_at_most;
} latent_law;

/// Ends, near which samples gather.
static double hyperbolic(double z, double scale) {
    return scale * tanh(z);
}
static double hyperbolic_slope(double z, double scale) {
    return scale * (1 - tanh(z) * tanh(z));
}

/// Long tails.
static double cubic(double z, double scale) {
    return scale * (z + z * z * z);
}
static double cubic_slope(double z, double scale) {
    return scale * (1 + 3 * z * z);
}

static void draw_latent_law(const subject *of, const void *law, int64_t count, float *samples) {
    const latent_law *latent = law;
    for (int64_t i = 0; i < count; i++) {
        samples[i] = (float)latent->f(gsl_ran_gaussian_ziggurat(of->rng, 1), latent->scale);
    }
}

/// JSD of N(0, 1) and the law, by substitution. Where the law is not, p log(1 + q / p) is 0.
static double divergence_of_latent_law(const latent_law *law) {
    double sum = 0;
    const double step = 1.0 / 512;
    for (double z = -TAILS; z <= TAILS; z += step) {
        const double slope = law->slope(z, law->scale);
        const double log_p = log_density(law->f(z, law->scale), 0, 1);
        sum += integrand(log_p, log_density(z, 0, 1) - log(slope), 1) * slope * step;
    }
    return LN2 - 0.5 * sum;
}

static void bound_finds_most_of_the_divergence_of_laws_that_are_not_gaussian(void **state) {
    (void)state;
    const latent_law laws[] = {
        {"tanh", hyperbolic, hyperbolic_slope, 1.5, 0.8, 1.1},
        {"tanh", hyperbolic, hyperbolic_slope, 3, 0.9, 1.1},
        {"cubic", cubic, cubic_slope, 0.3, 0.4, 2.5},
        {"cubic", cubic, cubic_slope, 0.02, 0.9, 1.2},
    };
    subject made = standard_subject(1);
    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
        const spread_of_bounds found = many_bounds(&made, draw_latent_law, &laws[i]);
        const double divergence = divergence_of_latent_law(&laws[i]);
        printf("%s, scale %g: divergence %.5f, mean bound %.5f +- %.5f; spread %.2g, standard error %.2g\n",
               laws[i].name, laws[i].scale, divergence, found.mean, found.noise, found.spread, found.standard_error);
        assert_true(found.mean <= divergence + 3 * found.noise);
        assert_true(found.mean >= laws[i].found_at_least * divergence);
        assert_true(found.spread < laws[i].spread_at_most * (1 + slack()) * found.standard_error);
    }
    subject_free(&made);
}

/// x = (z1, z2 + bend (z1^2 - 1)): a parabola's band. The map keeps areas, so its density is known.
static void draw_bent(const subject *of, const void *law, int64_t count, float *samples) {
    const double bend = *(const double *)law;
    for (int64_t i = 0; i < count; i++) {
        const double z = gsl_ran_gaussian_ziggurat(of->rng, 1);
        samples[2 * i] = (float)z;
        samples[2 * i + 1] = (float)(gsl_ran_gaussian_ziggurat(of->rng, 1) + bend * (z * z - 1));
    }
}

static double divergence_of_bent(double bend) {
    double sum = 0;
    const double step = 1.0 / 16;
    for (double x = -TAILS; x <= TAILS; x += step) {
        for (double y = -TAILS; y <= TAILS; y += step) {
            const double log_p = log_density(x, 0, 1) + log_density(y, 0, 1);
            const double log_q = log_density(x, 0, 1) + log_density(y - bend * (x * x - 1), 0, 1);
            sum += integrand(log_p, log_q, 1) * step * step;
        }
    }
    return LN2 - 0.5 * sum;
}

static void bound_finds_most_of_the_divergence_of_a_bent_law(void **state) {
    (void)state;
    subject made = standard_subject(2);
    const double bends[] = {0.5, 1};
    for (int i = 0; i < 2; i++) {
        const spread_of_bounds found = many_bounds(&made, draw_bent, &bends[i]);
        const double divergence = divergence_of_bent(bends[i]);
        printf("bend %g: divergence %.5f, mean bound %.5f +- %.5f\n", bends[i], divergence, found.mean, found.noise);
        assert_true(found.mean <= divergence + 3 * found.noise);
        assert_true(found.mean >= 0.7 * divergence);
    }
    subject_free(&made);
}

/// x = z A + b takes N(0, I) to the true law: nothing changes but the float32 that samples are rounded to.
static void bound_does_not_depend_on_the_coordinates(void **state) {
    (void)state;
    double A[] = {1, 2, 0.5, -0.1, 0.5, 0.3, 0.2, 0.4, 2};
    double b[] = {1, 2, -30};
    subject plain = standard_subject(3);
    subject mapped = subject_of(3, A, b);
    static float rows[4][3 * SAMPLES]; // samples, real rows; both mapped
    draw_normals(&plain, 3 * SAMPLES, rows[1]);
    for (int i = 0; i < SAMPLES; i++) {
        const float z = rows[1][(7 * i) % SAMPLES];
        rows[0][3 * i] = z;
        rows[0][3 * i + 1] = z * z - 0.5F * rows[1][(7 * i + 1) % SAMPLES];
        rows[0][3 * i + 2] = rows[1][(7 * i + 2) % SAMPLES];
    }
    for (int i = 0; i < 2; i++) {
        for (int row = 0; row < SAMPLES; row++) {
            for (int j = 0; j < 3; j++) {
                double x = b[j];
                for (int k = 0; k < 3; k++) {
                    x += rows[i][3 * row + k] * A[3 * k + j];
                }
                rows[2 + i][3 * row + j] = (float)x;
            }
        }
    }
    const estimate of_plain = bound_of(&plain, rows[0], SAMPLES, rows[1], SAMPLES);
    const estimate of_mapped = bound_of(&mapped, rows[2], SAMPLES, rows[3], SAMPLES);
    printf("bound %.8f +- %.8f, in other coordinates %.8f +- %.8f\n", of_plain.bound, of_plain.standard_error,
           of_mapped.bound, of_mapped.standard_error);
    assert_true(fabs(of_plain.bound - of_mapped.bound) < 1e-5);
    assert_true(fabs(of_plain.standard_error - of_mapped.standard_error) < 1e-5);
    subject_free(&plain);
    subject_free(&mapped);
}

// ---- edges ----

static void collapsed_samples_are_found_out(void **state) {
    (void)state;
    double A[] = {1, 2, -0.1, 0.5};
    double b[] = {1, 2};
    subject made = subject_of(2, A, b);
    static float real[2 * SAMPLES];
    static float samples[2 * SAMPLES];
    draw_normals(&made, SAMPLES, samples);
    for (int i = 0; i < SAMPLES; i++) {
        const double z = samples[i];
        const double w = samples[SAMPLES - 1 - i];
        real[2 * i] = (float)(z - 0.1 * w + 1);
        real[2 * i + 1] = (float)(2 * z + 0.5 * w + 2);
    }
    // one point, two points, a line, float32 noise around a point, points far away
    for (int kind = 0; kind < 5; kind++) {
        for (int i = 0; i < SAMPLES; i++) {
            const float z = real[2 * ((5 * i) % SAMPLES)];
            const float x[] = {1, (float)(i % 2), z, 1 + FLT_EPSILON * z, FLT_MAX};
            samples[2 * i] = x[kind];
            samples[2 * i + 1] = kind == 2 ? 2 * z : x[kind] + 1;
        }
        const estimate found = bound_of(&made, samples, SAMPLES, real, SAMPLES);
        printf("collapsed, kind %d: %.6f +- %.6f\n", kind, found.bound, found.standard_error);
        assert_true(found.bound > LN2 - 0.0011 && found.bound <= LN2); // 1 / (h + 1) / 2: one sample in h is real
        assert_true(found.standard_error < 1e-3);
    }
    subject_free(&made);
}

static void what_has_no_bound_is_not_a_number(void **state) {
    (void)state;
    subject made = standard_subject(2);
    float samples[200];
    float real[200];
    draw_normals(&made, 200, samples);
    draw_normals(&made, 200, real);
    assert_true(isfinite(bound_of(&made, samples, 6, real, 2).bound));
    assert_true(isnan(bound_of(&made, samples, 5, real, 2).bound));
    assert_true(isnan(bound_of(&made, samples, 6, real, 1).bound));
    assert_true(isnan(bound_of(&made, samples, 0, real, 0).standard_error));
    const float wrong[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 200; k += 33) {
            float spoiled[200];
            memcpy(spoiled, samples, sizeof spoiled);
            spoiled[k] = wrong[i];
            assert_true(isnan(bound_of(&made, spoiled, 100, real, 100).bound));
            assert_true(isnan(bound_of(&made, real, 100, spoiled, 100).standard_error));
        }
    }
    subject_free(&made);
}

static void more_rows_than_the_limit_are_not_looked_at(void **state) {
    (void)state;
    subject made = standard_subject(1);
    enum { MANY = GS_BOUND_MAX_ROWS + 500 };
    static float samples[MANY];
    static float real[MANY];
    draw_latent_law(&made, &(latent_law){"tanh", hyperbolic, hyperbolic_slope, 3, 0, 0}, MANY, samples);
    draw_normals(&made, MANY, real);
    const estimate all = bound_of(&made, samples, MANY, real, MANY);
    const estimate first = bound_of(&made, samples, GS_BOUND_MAX_ROWS, real, GS_BOUND_MAX_ROWS);
    assert_true(all.bound == first.bound && all.standard_error == first.standard_error);
    const estimate fewer = bound_of(&made, samples, GS_BOUND_MAX_ROWS - 1, real, GS_BOUND_MAX_ROWS);
    assert_true(fewer.bound != first.bound);
    const estimate fewer_real = bound_of(&made, samples, GS_BOUND_MAX_ROWS, real, GS_BOUND_MAX_ROWS - 1);
    assert_true(fewer_real.bound != first.bound);
    subject_free(&made);
}

/// Known answers, so that another compiler or machine must agree; of the same rows twice, because scratch is used
/// again.
static void bits_are_the_same_everywhere(void **state) {
    (void)state;
    subject made = standard_subject(2);
    float samples[400];
    float real[400];
    uint64_t hashes[2];
    for (int i = 0; i < 2; i++) {
        hashes[i] = UINT64_C(0xcbf29ce484222325);
        for (int k = 0; k < 20; k++) {
            for (int row = 0; row < 400; row++) {
                samples[row] = (float)((row * 37 + k) % 101) / 50 - (float)(row % 2 + k % 3);
                real[row] = (float)((row * 53 + k) % 97) / 40 - 1;
            }
            const estimate found = bound_of(&made, samples, 200 - k, real, 200);
            uint64_t bits[2];
            memcpy(bits, &found, sizeof bits);
            hashes[i] = ((hashes[i] ^ bits[0]) * UINT64_C(0x100000001b3) ^ bits[1]) * UINT64_C(0x100000001b3);
        }
    }
    printf("hash of 20 bounds: %016llx\n", (unsigned long long)hashes[0]);
    assert_true(hashes[0] == hashes[1]);
    assert_true(hashes[0] == UINT64_C(0xc9b653d05a31f1ef));
    subject_free(&made);
}

static void time_is_printed(void **state) {
    (void)state;
    subject made = standard_subject(2);
    static float samples[2 * SAMPLES];
    static float real[2 * SAMPLES];
    draw_normals(&made, 2 * SAMPLES, samples);
    draw_normals(&made, 2 * SAMPLES, real);
    for (int kind = 0; kind < 2; kind++) {
        struct timespec start;
        struct timespec end;
        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
        const estimate found = bound_of(&made, samples, SAMPLES, real, SAMPLES);
        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
        printf("%s law, %d samples and real rows: bound %.4f in %.1f ms of a core\n", kind == 0 ? "Gaussian" : "bent",
               SAMPLES, found.bound,
               1e3 * ((double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec)));
        assert_true(isfinite(found.bound));
        const double bend = 1;
        draw_bent(&made, &bend, SAMPLES, samples);
    }
    subject_free(&made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_is_what_its_definition_says),
        cmocka_unit_test(bound_is_below_the_divergence_of_gaussian_laws_by_what_the_fit_costs),
        cmocka_unit_test(bound_finds_most_of_the_divergence_of_laws_that_are_not_gaussian),
        cmocka_unit_test(bound_finds_most_of_the_divergence_of_a_bent_law),
        cmocka_unit_test(bound_does_not_depend_on_the_coordinates),
        cmocka_unit_test(collapsed_samples_are_found_out),
        cmocka_unit_test(what_has_no_bound_is_not_a_number),
        cmocka_unit_test(more_rows_than_the_limit_are_not_looked_at),
        cmocka_unit_test(bits_are_the_same_everywhere),
        cmocka_unit_test(time_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
