/// The float32 functions of training. Oracles: the C library's double functions, exact to 3 decimals of a float's ulp,
/// and GSL's normal distribution. Built once for each instruction set.
///
/// Called with the argument `all`, the errors are measured over every float of each range (4e9 arguments) and must
/// equal the figures that polynomials.h states; else, or when GANSWEEP_TEST_SHORT is set, over every 10007th, and must
/// not exceed them.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <gsl/gsl_cdf.h>

#include "train/polynomials.h"
#include "train/trainer_test.h"

static const double PI = 3.14159265358979323846;
static const double STATED_TO = 0.005; // the header states two decimals

static int64_t stride = 10007;

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/// |computed - exact| in units in the last place of a float at `exact`.
static double error_in_ulp(float computed, double exact) {
    uint64_t bits;
    memcpy(&bits, &exact, sizeof bits);
    const uint64_t smallest_normal = 1023 - 126;
    uint64_t exponent = (bits >> 52) & 0x7ff;
    exponent = exponent < smallest_normal ? smallest_normal : exponent;
    const uint64_t reciprocal_bits = (2 * 1023 + 23 - exponent) << 52; // of 2^23 / 2^exponent
    double reciprocal;
    memcpy(&reciprocal, &reciprocal_bits, sizeof reciprocal);
    return fabs((double)computed - exact) * reciprocal;
}

/// A function of one 32-bit word (a float's bits, an angle, a random number) and what it should be.
typedef struct {
    const char *name;
    void (*compute)(const uint32_t *words, float *results); ///< [GS_LANES] each
    double (*exact)(uint32_t word);
    uint32_t first, last; ///< word, both included
    uint32_t step;        ///< between the words that can differ
    double stated;        ///< largest error in ulp
} subject;

static void compute_tanh(const uint32_t *words, float *results) {
    vstore(results, vf_tanh(vfloatbits(viload(words))));
}
static double exact_tanh(uint32_t word) {
    return tanh(float_of(word));
}
static void compute_exp(const uint32_t *words, float *results) {
    vstore(results, vf_exp_negative(vfloatbits(viload(words))));
}
static double exact_exp(uint32_t word) {
    return exp(float_of(word));
}
static void compute_log(const uint32_t *words, float *results) {
    vstore(results, vf_log(vfloatbits(viload(words))));
}
static double exact_log(uint32_t word) {
    return log(float_of(word));
}
static void compute_sine(const uint32_t *words, float *results) {
    vfloat sine, cosine;
    vf_sincos_turn(viload(words), &sine, &cosine);
    vstore(results, sine);
}
static double exact_sine(uint32_t word) {
    return sin(word * (2 * PI / 4294967296.0));
}
static void compute_cosine(const uint32_t *words, float *results) {
    vfloat sine, cosine;
    vf_sincos_turn(viload(words), &sine, &cosine);
    vstore(results, cosine);
}
static double exact_cosine(uint32_t word) {
    return cos(word * (2 * PI / 4294967296.0));
}
/// At the angle 0 the first normal is the radius itself.
static void compute_radius(const uint32_t *words, float *results) {
    vfloat z0, z1;
    vf_box_muller(viload(words), viset(0), &z0, &z1);
    vstore(results, z0);
}
static double exact_radius(uint32_t word) {
    const float uniform = (float)(((word >> 8) + 0.5) / 16777216.0);
    return sqrt(-2 * log(uniform));
}

/// tanh of negative numbers and the other angles follow from the symmetries, which have tests of their own.
enum { TANH, EXP, EXP_NEAR_0, LOG, SINE, COSINE, RADIUS, SUBJECTS };
static const subject SUBJECT[SUBJECTS] = {
    [TANH] = {"tanh", compute_tanh, exact_tanh, 0, 0x7f7fffff, 1, TANH_MAX_ULP},
    [EXP] = {"exp", compute_exp, exact_exp, 0x80000000, 0xc2ae0000, 1, EXP_MAX_ULP},                      // -0 ... -87
    [EXP_NEAR_0] = {"exp near 0", compute_exp, exact_exp, 0x80000000, 0xc0400000, 1, EXP_MAX_ULP_NEAR_0}, // ... -3
    [LOG] = {"log", compute_log, exact_log, 0x00800000, 0x7e800000, 1, LOG_MAX_ULP}, // 2^-126 ... 2^126
    [SINE] = {"sine", compute_sine, exact_sine, 0, 0x20000000, 1, SINE_MAX_ULP},     // 0 ... 1/8 turn
    [COSINE] = {"cosine", compute_cosine, exact_cosine, 0, 0x20000000, 1, COSINE_MAX_ULP},
    [RADIUS] = {"normal radius", compute_radius, exact_radius, 0, 0xffffff00, 256, RADIUS_MAX_ULP},
};

typedef struct {
    double error; ///< largest, in ulp
    uint32_t word;
    float largest; ///< |result|
} measurement;

static measurement worse_of(measurement a, measurement b) {
    const float largest = a.largest > b.largest ? a.largest : b.largest;
    measurement worse = b.error > a.error || (b.error == a.error && b.word < a.word) ? b : a;
    worse.largest = largest;
    return worse;
}

/// Measures one vector of words from number `start` on, in steps of `stride`; what lies past the end repeats the last.
static measurement measure_vector(const subject *s, int64_t start, int64_t count) {
    uint32_t words[GS_LANES];
    float results[GS_LANES];
    measurement worst = {-1, 0, 0};
    for (int lane = 0; lane < GS_LANES; lane++) {
        const int64_t number = start + lane * stride;
        words[lane] = s->first + (uint32_t)(number < count ? number : count - 1) * s->step;
    }
    s->compute(words, results);
    for (int lane = 0; lane < GS_LANES; lane++) {
        const double error = error_in_ulp(results[lane], s->exact(words[lane]));
        worst = worse_of(worst, (measurement){isnan(error) ? INFINITY : error, words[lane], fabsf(results[lane])});
    }
    return worst;
}

static measurement measure(const subject *s) {
    const int64_t count = (int64_t)((s->last - s->first) / s->step) + 1;
    const int64_t together = stride * GS_LANES;
    measurement worst = {-1, 0, 0};
#pragma omp parallel
    {
        measurement mine = {-1, 0, 0};
#pragma omp for schedule(static) nowait
        for (int64_t start = 0; start < count; start += together) {
            mine = worse_of(mine, measure_vector(s, start, count));
        }
#pragma omp critical
        worst = worse_of(worst, mine);
    }
    print_message("%-14s %9.4f ulp at 0x%08x, largest %.9g; stated %.2f\n", s->name, worst.error, worst.word,
                  (double)worst.largest, s->stated);
    return worst;
}

static void errors_are_what_the_header_states(void **state) {
    (void)state;
    for (int i = 0; i < SUBJECTS; i++) {
        const measurement worst = measure(&SUBJECT[i]);
        assert_true(worst.error <= SUBJECT[i].stated + STATED_TO);
        assert_true(stride > 1 || worst.error >= SUBJECT[i].stated - STATED_TO);
        if (i == TANH || i == SINE || i == COSINE) {
            assert_true(worst.largest <= 1);
        }
    }
}

/// The result for one word, with other arguments in the other lanes.
static float compute_one(int which, uint32_t word) {
    static unsigned lane_of_call;
    const unsigned lane = lane_of_call++ % GS_LANES;
    uint32_t words[GS_LANES];
    float results[GS_LANES];
    for (unsigned i = 0; i < GS_LANES; i++) {
        words[i] = i == lane ? word : 0x3f000000u + i;
    }
    SUBJECT[which].compute(words, results);
    return results[lane];
}

static void tanh_is_odd_to_the_bit(void **state) {
    (void)state;
    for (uint64_t word = 0; word <= 0x7f800000u; word += 1009) {
        const uint32_t positive = bits_of(compute_one(TANH, (uint32_t)word));
        assert_int_equal(positive ^ 0x80000000u, bits_of(compute_one(TANH, (uint32_t)word | 0x80000000u)));
    }
    assert_int_equal(bits_of(compute_one(TANH, bits_of(0.0f))), bits_of(0.0f));
    assert_int_equal(bits_of(compute_one(TANH, bits_of(-0.0f))), bits_of(-0.0f));
}

static void tanh_stands_still_beyond_its_clamp(void **state) {
    (void)state;
    const uint32_t at_clamp = bits_of(compute_one(TANH, bits_of(TANH_CLAMP)));
    assert_true(float_of(at_clamp) <= 1 && float_of(at_clamp) >= 1 - 0x1p-23f);
    for (uint64_t word = bits_of(TANH_CLAMP); word < 0x7f800000u; word += 65537) {
        assert_int_equal(bits_of(compute_one(TANH, (uint32_t)word)), at_clamp);
    }
    assert_int_equal(bits_of(compute_one(TANH, bits_of(INFINITY))), at_clamp);
}

static void exp_is_1_at_0_and_stands_still_below_its_clamp(void **state) {
    (void)state;
    assert_int_equal(bits_of(compute_one(EXP, bits_of(0.0f))), bits_of(1.0f));
    assert_int_equal(bits_of(compute_one(EXP, bits_of(-0.0f))), bits_of(1.0f));
    const uint32_t at_clamp = bits_of(compute_one(EXP, bits_of(EXP_CLAMP)));
    assert_true(isnormal(float_of(at_clamp)));
    for (uint64_t word = bits_of(EXP_CLAMP); word < 0xff800000u; word += 65537) {
        assert_int_equal(bits_of(compute_one(EXP, (uint32_t)word)), at_clamp);
    }
    assert_int_equal(bits_of(compute_one(EXP, bits_of(-INFINITY))), at_clamp);
}

static void exp_never_exceeds_1(void **state) {
    (void)state;
    for (uint32_t word = 0x80000000u; word < 0xbf800000u; word += 251) {
        assert_true(compute_one(EXP, word) <= 1);
    }
}

static void log_of_1_is_0_and_of_infinity_not_finite(void **state) {
    (void)state;
    assert_int_equal(bits_of(compute_one(LOG, bits_of(1.0f))), 0);
    assert_false(isfinite(compute_one(LOG, bits_of(INFINITY))));
    for (uint32_t below = 1; below < 4096; below++) { // a square root is taken of -2 log
        assert_true(compute_one(LOG, bits_of(1.0f) - below) < 0);
    }
}

static void nan_goes_through_whatever_its_payload(void **state) {
    (void)state;
    const int functions[] = {TANH, EXP, LOG};
    for (int i = 0; i < 3; i++) {
        for (uint64_t payload = 1; payload < 0x800000u; payload += payload < 2048 ? 1 : 997) {
            assert_true(isnan(compute_one(functions[i], 0x7f800000u | (uint32_t)payload)));
            assert_true(isnan(compute_one(functions[i], 0xff800000u | (uint32_t)payload)));
        }
    }
}

static void angles_are_symmetric_to_the_bit(void **state) {
    (void)state;
    const uint32_t quarter = 0x40000000u;
    uint64_t mix = 1;
    for (int i = 0; i < 300000; i++) {
        const uint32_t angle = i < 64 ? (uint32_t)i * 0x10000000u + 1 : (uint32_t)test_mix(&mix);
        const float sine = compute_one(SINE, angle), cosine = compute_one(COSINE, angle);
        if (angle % (quarter / 2) != 0) { // halfway between two quarters both angles of a pair count to the upper one
            assert_int_equal(bits_of(compute_one(SINE, -angle)), bits_of(-sine));
            assert_int_equal(bits_of(compute_one(COSINE, -angle)), bits_of(cosine));
        }
        assert_int_equal(bits_of(compute_one(SINE, angle + quarter)), bits_of(cosine));
        assert_int_equal(bits_of(compute_one(COSINE, angle + quarter)), bits_of(-sine));
    }
}

static void the_four_quarters_are_exact(void **state) {
    (void)state;
    const float sines[] = {0, 1, 0, -1};
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(compute_one(SINE, i << 30) == sines[i]);
        assert_true(compute_one(COSINE, i << 30) == sines[(i + 1) % 4]);
    }
}

/// n chains in lockstep are the n functions alone, bit by bit.
static void chains_do_not_depend_on_each_other(void **state) {
    (void)state;
    enum { CHAINS = 5 };
    uint64_t mix = 2;
    for (int call = 0; call < 2000; call++) {
        float x[5][CHAINS][GS_LANES];
        uint32_t word[2][CHAINS][GS_LANES];
        vfloat v[3][CHAINS], z0[CHAINS], z1[CHAINS];
        vint radius[CHAINS], angle[CHAINS];
        for (int k = 0; k < CHAINS; k++) {
            for (int lane = 0; lane < GS_LANES; lane++) {
                x[0][k][lane] = float_of((uint32_t)test_mix(&mix));
                x[1][k][lane] = float_of((uint32_t)test_mix(&mix) | 0x80000000u);
                x[2][k][lane] = float_of(0x00800000u + (uint32_t)(test_mix(&mix) % 0x7e000000u));
                word[0][k][lane] = (uint32_t)test_mix(&mix);
                word[1][k][lane] = (uint32_t)test_mix(&mix);
            }
            v[0][k] = vload(x[0][k]);
            v[1][k] = vload(x[1][k]);
            v[2][k] = vload(x[2][k]);
            radius[k] = viload(word[0][k]);
            angle[k] = viload(word[1][k]);
        }
        vf_tanh_n(v[0], CHAINS);
        vf_exp_negative_n(v[1], CHAINS);
        vf_log_n(v[2], CHAINS);
        vf_box_muller_n(radius, angle, z0, z1, CHAINS);
        for (int k = 0; k < CHAINS; k++) {
            vfloat alone[5];
            alone[0] = vf_tanh(vload(x[0][k]));
            alone[1] = vf_exp_negative(vload(x[1][k]));
            alone[2] = vf_log(vload(x[2][k]));
            vf_box_muller(radius[k], angle[k], &alone[3], &alone[4]);
            const vfloat together[5] = {v[0][k], v[1][k], v[2][k], z0[k], z1[k]};
            assert_memory_equal(together, alone, sizeof alone);
        }
    }
}

/// A hash of 2^18 results of each function, recorded once: equal on every instruction set, compiler and machine.
static void results_have_the_recorded_bits(void **state) {
    (void)state;
    const uint64_t recorded = 0x3a48efc8849dc569;
    uint64_t hash = 0xcbf29ce484222325u; // FNV-1a
    for (int i = 0; i < SUBJECTS; i++) {
        const subject *s = &SUBJECT[i];
        for (uint64_t k = 0; k < 1 << 18; k++) {
            const uint32_t word = s->first + (uint32_t)(k * (s->last - s->first) >> 18);
            hash = (hash ^ bits_of(compute_one(i, word))) * 0x100000001b3u;
        }
    }
    print_message("hash 0x%016llx\n", (unsigned long long)hash);
    assert_true(hash == recorded);
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/// Largest distance between the distribution function of the sorted values and the normal one, times sqrt(count).
static double kolmogorov_smirnov(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, ascending);
    double distance = 0;
    for (int i = 0; i < count; i++) {
        const double p = gsl_cdf_ugaussian_P(values[i]);
        distance = fmax(distance, fmax(p - (double)i / count, (double)(i + 1) / count - p));
    }
    return distance * sqrt(count);
}

/// Fixed seed; the limits are 4 standard errors of each moment and p = 0.001 of Kolmogorov-Smirnov.
static void normals_are_normal(void **state) {
    (void)state;
    const double ks_limit = 1.95;
    const int count = 1 << 20;
    double *z[2] = {test_malloc((size_t)count * sizeof(double)), test_malloc((size_t)count * sizeof(double))};
    uint64_t mix = 3;
    for (int i = 0; i < count; i += GS_LANES) {
        uint32_t radius[GS_LANES], angle[GS_LANES];
        float pair[2][GS_LANES];
        for (int lane = 0; lane < GS_LANES; lane++) {
            const uint64_t word = test_mix(&mix);
            radius[lane] = (uint32_t)word;
            angle[lane] = (uint32_t)(word >> 32);
        }
        vfloat z0, z1;
        vf_box_muller(viload(radius), viload(angle), &z0, &z1);
        vstore(pair[0], z0);
        vstore(pair[1], z1);
        for (int lane = 0; lane < GS_LANES; lane++) {
            z[0][i + lane] = (double)pair[0][lane];
            z[1][i + lane] = (double)pair[1][lane];
        }
    }
    const double normal_moment[] = {0, 1, 0, 3, 0, 15, 0, 105, 0, 945};
    double together = 0, squares_together = 0;
    for (int i = 0; i < count; i++) {
        together += z[0][i] * z[1][i];
        squares_together += (z[0][i] * z[0][i] - 1) * (z[1][i] * z[1][i] - 1);
    }
    print_message("E z0 z1 %+.5f, of squares %+.5f\n", together / count, squares_together / count);
    assert_true(fabs(together) < 4 * sqrt(count));
    assert_true(fabs(squares_together) < 4 * 2 * sqrt(count)); // Var of (z^2 - 1) is 2
    for (int j = 0; j < 2; j++) {
        for (int power = 1; power <= 4; power++) {
            double sum = 0;
            for (int i = 0; i < count; i++) {
                sum += pow(z[j][i], power);
            }
            const double variance = normal_moment[2 * power - 1] - normal_moment[power - 1] * normal_moment[power - 1];
            const double deviation = (sum / count - normal_moment[power - 1]) / sqrt(variance / count);
            print_message("z%d: E z^%d %.5f, %+.2f standard errors\n", j, power, sum / count, deviation);
            assert_true(fabs(deviation) < 4);
        }
        const double distance = kolmogorov_smirnov(z[j], count);
        print_message("z%d: Kolmogorov-Smirnov %.3f\n", j, distance);
        assert_true(distance < ks_limit);
        test_free(z[j]);
    }
}

/// The rarest radius words give the furthest normals, nothing beyond and nothing infinite.
/// The root beside a division is correctly rounded: for all floats of two binades, since a factor 4 of a float is a
/// factor 2 of its root, for those at the ends of the range that takes the short way, and for what takes the other.
static void roots_beside_divisions_are_rounded_correctly(void **state) {
    (void)state;
    static const uint32_t special[] = {0x00000000u, 0x00000001u, 0x007fffffu, 0x00800000u, 0x0d7fffffu, 0x0d800000u,
                                       0x717fffffu, 0x71800000u, 0x71800001u, 0x7f7fffffu, 0x7f800000u, 0x7fc00000u,
                                       0x80000000u, 0x80000001u, 0xbf800000u, 0xff800000u};
    enum { SPECIALS = sizeof special / sizeof *special };
    static const uint32_t binades[] = {0x3f800000u, 0x0d800000u, 0x70800000u}; // 1, 2^-100, 2^98
    for (size_t start = 0; start < sizeof binades / sizeof *binades; start++) {
        for (uint32_t offset = 0; offset < 0x01000000u; offset += GS_LANES) {
            uint32_t words[GS_LANES];
            for (uint32_t lane = 0; lane < GS_LANES; lane++) {
                words[lane] = binades[start] + offset + lane;
            }
            const vint found = vbits(vsqrt_beside_vdiv(vfloatbits(viload(words))));
            uint32_t difference[GS_LANES], any = 0;
            vistore(difference, vixor(found, vbits(vsqrt(vfloatbits(viload(words))))));
            for (int lane = 0; lane < GS_LANES; lane++) {
                any |= difference[lane];
            }
            assert_int_equal(any, 0);
        }
    }
    for (int other = 0; other < SPECIALS; other++) { // each alone among ones
        uint32_t words[GS_LANES], found[GS_LANES];
        for (int lane = 0; lane < GS_LANES; lane++) {
            words[lane] = 0x3f800000u;
        }
        words[other % GS_LANES] = special[other];
        vistore(found, vbits(vsqrt_beside_vdiv(vfloatbits(viload(words)))));
        for (int lane = 0; lane < GS_LANES; lane++) {
            const float expected = sqrtf(float_of(words[lane]));
            if (isnan(expected)) {
                assert_true(isnan(float_of(found[lane])));
            } else {
                assert_int_equal(found[lane], bits_of(expected));
            }
        }
    }
}

static void normals_end_at_5_89(void **state) {
    (void)state;
    const float furthest = compute_one(RADIUS, 0);
    assert_true(fabs((double)furthest - sqrt(50 * log(2))) < 1e-5);
    assert_true(compute_one(RADIUS, UINT32_MAX) == 0);
    assert_true(compute_one(RADIUS, 255) == furthest); // the low 8 bits do not count
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tanh_is_odd_to_the_bit),
        cmocka_unit_test(tanh_stands_still_beyond_its_clamp),
        cmocka_unit_test(exp_is_1_at_0_and_stands_still_below_its_clamp),
        cmocka_unit_test(exp_never_exceeds_1),
        cmocka_unit_test(log_of_1_is_0_and_of_infinity_not_finite),
        cmocka_unit_test(nan_goes_through_whatever_its_payload),
        cmocka_unit_test(angles_are_symmetric_to_the_bit),
        cmocka_unit_test(the_four_quarters_are_exact),
        cmocka_unit_test(chains_do_not_depend_on_each_other),
        cmocka_unit_test(results_have_the_recorded_bits),
        cmocka_unit_test(roots_beside_divisions_are_rounded_correctly),
        cmocka_unit_test(normals_are_normal),
        cmocka_unit_test(normals_end_at_5_89),
        cmocka_unit_test(errors_are_what_the_header_states),
    };
    if (!gs_isa_available(TEST_ISA)) {
        print_message("this processor has no %s\n", gs_isa_names[TEST_ISA]);
        return 77;
    }
    if (argc > 1 && strcmp(argv[1], "all") == 0 && getenv("GANSWEEP_TEST_SHORT") == NULL) {
        stride = 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
