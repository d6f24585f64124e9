/// The Jacobian of two networks' gradient field.
///
/// Oracles: PyTorch's, recorded in tests/oracle/jacobian_torch.txt, which says how; central differences of the
/// gradients that the reference training in double (src/train/reference_body.h) finds, for random shapes; closed forms
/// of the Dirac-GAN, which two networks of one layer on points are (Mescheder, Geiger & Nowozin 2018).
#include <math.h>
#include <time.h>

#include "check/jacobian.h"
#include "check/stability.h"
#include "fixture.h"
#include "train/draws.h"
#include "train/reference.h"

enum { PARAMETERS_MAX = 256, ROWS_MAX = 64, WIDTH_MAX = 5, DIMENSION_MAX = 3 };

/// A network of given sizes.
static gs_layers layers_of(const int *sizes, int layer_count) {
    gs_layers made = {.layer_count = layer_count, .size = {sizes[0]}};
    for (int i = 0; i < layer_count; i++) {
        made.size[i + 1] = sizes[i + 1];
        made.parameter_count += (int64_t)sizes[i + 1] * (sizes[i] + 1);
    }
    return made;
}

static gs_jacobian *scratch_of(const gs_layers *generator, const gs_layers *discriminator) {
    gs_jacobian *made = NULL;
    gs_error error = {""};
    if (gs_jacobian_create(generator, discriminator, &made, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return made;
}

static gs_stability stability_of(const double *jacobian, int count) {
    gs_eigenvalues *eigenvalues = NULL;
    gs_stability found = {0, 0, 0};
    gs_error error = {""};
    if (gs_eigenvalues_create(count, &eigenvalues, &error) != GS_OK ||
        gs_local_stability(eigenvalues, jacobian, count, &found, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    gs_eigenvalues_free(eigenvalues);
    return found;
}

/// Largest difference as a share of the largest expected value.
static double largest_difference(const double *actual, const double *expected, int64_t count) {
    double worst = 0;
    double largest = 0;
    for (int64_t i = 0; i < count; i++) {
        const double difference = fabs(actual[i] - expected[i]);
        worst = difference > worst || isnan(difference) ? difference : worst;
        largest = fmax(largest, fabs(expected[i]));
    }
    return worst / largest;
}

// ---- PyTorch ----

static void read_floats(FILE *file, const char *name, int64_t count, float *values) {
    char word[32];
    assert_int_equal(fscanf(file, "%31s", word), 1);
    assert_string_equal(word, name);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(fscanf(file, "%f", &values[i]), 1);
    }
}

static void read_doubles(FILE *file, const char *name, int64_t count, double *values) {
    char word[32];
    assert_int_equal(fscanf(file, "%31s", word), 1);
    assert_string_equal(word, name);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(fscanf(file, "%lf", &values[i]), 1);
    }
}

static gs_layers read_layers(FILE *file, int inputs, int outputs) {
    int sizes[GS_MAX_HIDDEN_LAYERS + 2] = {inputs};
    int hidden_count = 0;
    assert_int_equal(fscanf(file, "%d", &hidden_count), 1);
    for (int i = 0; i < hidden_count; i++) {
        assert_int_equal(fscanf(file, "%d", &sizes[i + 1]), 1);
    }
    sizes[hidden_count + 1] = outputs;
    return layers_of(sizes, hidden_count + 1);
}

static void jacobian_equals_what_pytorch_finds(void **state) {
    (void)state;
    FILE *file = fopen(TESTS_DIR "/oracle/jacobian_torch.txt", "r");
    assert_non_null(file);
    int cases = 0;
    char word[256];
    assert_non_null(fgets(word, sizeof word, file));
    int latent_dim = 0;
    int dimension = 0;
    while (fscanf(file, " case %d %d", &latent_dim, &dimension) == 2) {
        const gs_layers G = read_layers(file, latent_dim, dimension);
        const gs_layers D = read_layers(file, dimension, 1);
        float generator[PARAMETERS_MAX];
        float discriminator[PARAMETERS_MAX];
        float latents[ROWS_MAX];
        float real[ROWS_MAX];
        gs_game game = {.generator_layers = &G,
                        .discriminator_layers = &D,
                        .generator = generator,
                        .discriminator = discriminator,
                        .latents = latents,
                        .real = real};
        int counts[2];
        assert_int_equal(fscanf(file, "%31s %d %d", word, &counts[0], &counts[1]), 3);
        game.generator_loss = strcmp(word, "minimax") == 0 ? GS_MINIMAX : GS_NON_SATURATING;
        game.latent_count = counts[0];
        game.real_count = counts[1];
        read_floats(file, "generator", G.parameter_count, generator);
        read_floats(file, "discriminator", D.parameter_count, discriminator);
        read_floats(file, "latents", game.latent_count * latent_dim, latents);
        read_floats(file, "real", game.real_count * dimension, real);
        const int64_t all = G.parameter_count + D.parameter_count;
        static double expected[PARAMETERS_MAX * PARAMETERS_MAX];
        static double jacobian[PARAMETERS_MAX * PARAMETERS_MAX];
        double expected_field[PARAMETERS_MAX];
        double field[PARAMETERS_MAX];
        double expected_stability[3];
        read_doubles(file, "field", all, expected_field);
        read_doubles(file, "jacobian", all * all, expected);
        read_doubles(file, "stability", 3, expected_stability);
        gs_jacobian *scratch = scratch_of(&G, &D);
        gs_game_jacobian(scratch, &game, field, jacobian);
        gs_jacobian_free(scratch);
        const gs_stability found = stability_of(jacobian, (int)all);
        const double stability[] = {found.largest_real_part, found.largest_ratio, found.spectral_radius};
        const double of_jacobian = largest_difference(jacobian, expected, all * all);
        const double of_field = largest_difference(field, expected_field, all);
        double of_stability = 0;
        for (int i = 0; i < 3; i++) {
            of_stability = fmax(of_stability, largest_difference(&stability[i], &expected_stability[i], 1));
        }
        printf("%d parameters, %s: largest difference of the field %.2g, of the Jacobian %.2g, of stability %.2g\n",
               (int)all, word, of_field, of_jacobian, of_stability);
        assert_true(of_field < 1e-14 && of_jacobian < 1e-14 && of_stability < 1e-9);
        cases++;
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(cases, 5);
}

// ---- differences of the reference's gradients ----

/// One random game on the data and latents that a training of one full batch sees.
typedef struct {
    gs_experiment experiment;
    gs_settings settings;
    gs_layers G, D;
    double A[DIMENSION_MAX * DIMENSION_MAX], b[DIMENSION_MAX];
    double gradient[PARAMETERS_MAX]; ///< of the generator, then of the discriminator, where the reference was last
} subject;

static uint64_t next_bits(uint64_t *stream) {
    *stream ^= *stream >> 12;
    *stream ^= *stream << 25;
    *stream ^= *stream >> 27;
    return *stream * UINT64_C(0x2545f4914f6cdd1d);
}

static int below(uint64_t *stream, int count) {
    return (int)(next_bits(stream) >> 33) % count;
}

static double between(uint64_t *stream, double low, double high) {
    return low + (high - low) * (double)(next_bits(stream) >> 11) * 0x1p-53;
}

static void random_network(uint64_t *stream, gs_network *network) {
    network->hidden_count = below(stream, 4);
    for (int i = 0; i < network->hidden_count; i++) {
        network->hidden[i] = 1 + below(stream, WIDTH_MAX);
    }
}

static void random_subject(uint64_t *stream, subject *made) {
    memset(made, 0, sizeof *made);
    gs_data_law *data = &made->experiment.data;
    *data = (gs_data_law){
        .dimension = 1 + below(stream, DIMENSION_MAX), .n = 2 + below(stream, 10), .A = made->A, .b = made->b};
    for (int i = 0; i < data->dimension * data->dimension; i++) {
        made->A[i] = between(stream, -1.5, 1.5);
    }
    for (int i = 0; i < data->dimension; i++) {
        made->b[i] = between(stream, -2, 2);
    }
    random_network(stream, &made->experiment.generator);
    random_network(stream, &made->experiment.discriminator);
    made->settings = (gs_settings){
        .seed = (int64_t)(next_bits(stream) >> 1),
        .data_seed = (int64_t)(next_bits(stream) >> 1),
        .shuffle_seed = (int64_t)(next_bits(stream) >> 1),
        .convention = GS_MXNET, // gradients are means over the batch
        .generator_loss = (gs_generator_loss)below(stream, GS_GENERATOR_LOSS_COUNT),
        .batch_size = data->n,
        .latent_dim = 1 + below(stream, DIMENSION_MAX),
        .epochs = 1,
    };
    gs_generator_layers(&made->experiment, made->settings.latent_dim, &made->G);
    gs_discriminator_layers(&made->experiment, &made->D);
    assert_true(made->G.parameter_count + made->D.parameter_count <= PARAMETERS_MAX);
}

static void note_gradients(void *context, int64_t step, double loss_D, double loss_G, const double *D, const double *G,
                           const double *gradient_D, const double *gradient_G) {
    (void)step, (void)loss_D, (void)loss_G, (void)D, (void)G;
    subject *of = context;
    memcpy(of->gradient, gradient_G, (size_t)of->G.parameter_count * sizeof(double));
    memcpy(of->gradient + of->G.parameter_count, gradient_D, (size_t)of->D.parameter_count * sizeof(double));
}

/// Both gradients at given parameters: one step of the reference with learning rates of 0.
static void find_gradients(subject *of, const double *parameters) {
    double G[PARAMETERS_MAX], D[PARAMETERS_MAX], loss_D, loss_G;
    memcpy(G, parameters, (size_t)of->G.parameter_count * sizeof(double));
    memcpy(D, parameters + of->G.parameter_count, (size_t)of->D.parameter_count * sizeof(double));
    assert_true(
        gs_reference_double_from(&of->experiment, &of->settings, 1, &loss_D, &loss_G, D, G, note_gradients, of));
    assert_memory_equal(G, parameters, (size_t)of->G.parameter_count * sizeof(double));
}

/// Differences at two distances, extrapolated (Richardson).
static void differentiate(subject *of, double *parameters, int count, double *jacobian) {
    const double distance = 1e-3;
    for (int j = 0; j < count; j++) {
        const double at = parameters[j];
        double slopes[2][PARAMETERS_MAX];
        for (int k = 0; k < 2; k++) {
            const double h = distance / (k + 1);
            parameters[j] = at + h;
            find_gradients(of, parameters);
            memcpy(slopes[k], of->gradient, sizeof of->gradient);
            parameters[j] = at - h;
            find_gradients(of, parameters);
            for (int i = 0; i < count; i++) {
                slopes[k][i] = (slopes[k][i] - of->gradient[i]) / (2 * h);
            }
        }
        parameters[j] = at;
        for (int i = 0; i < count; i++) {
            jacobian[i * count + j] = -(4 * slopes[1][i] - slopes[0][i]) / 3;
        }
    }
}

static void jacobian_equals_differences_of_the_reference_gradients(void **state) {
    (void)state;
    enum { SUBJECTS = 60 };
    uint64_t stream = 20230817;
    double worst_of_field = 0;
    double worst = 0;
    int hidden[2] = {0, 0};
    int minimax = 0;
    static subject made;
    static double expected[PARAMETERS_MAX * PARAMETERS_MAX];
    static double jacobian[PARAMETERS_MAX * PARAMETERS_MAX];
    for (int i = 0; i < SUBJECTS; i++) {
        random_subject(&stream, &made);
        const int g = (int)made.G.parameter_count;
        const int all = g + (int)made.D.parameter_count;
        float parameters[PARAMETERS_MAX];
        double in_double[PARAMETERS_MAX];
        for (int k = 0; k < all; k++) {
            parameters[k] = (float)between(&stream, -1.2, 1.2);
            in_double[k] = parameters[k];
        }
        const int64_t n = made.experiment.data.n;
        float real[ROWS_MAX];
        float latents[ROWS_MAX];
        gs_draw_data(&made.experiment.data, (uint64_t)made.settings.data_seed, n, real);
        gs_draw_normals((uint64_t)made.settings.seed, GS_STREAM_LATENT, 0, 0, (uint64_t)(n * made.settings.latent_dim),
                        latents);
        const gs_game game = {.generator_layers = &made.G,
                              .discriminator_layers = &made.D,
                              .generator = parameters,
                              .discriminator = parameters + g,
                              .latents = latents,
                              .real = real,
                              .latent_count = n,
                              .real_count = n,
                              .generator_loss = made.settings.generator_loss};
        double field[PARAMETERS_MAX];
        gs_jacobian *scratch = scratch_of(&made.G, &made.D);
        gs_game_jacobian(scratch, &game, field, jacobian);
        gs_jacobian_free(scratch);
        find_gradients(&made, in_double);
        for (int k = 0; k < all; k++) {
            made.gradient[k] = -made.gradient[k];
        }
        worst_of_field = fmax(worst_of_field, largest_difference(field, made.gradient, all));
        differentiate(&made, in_double, all, expected);
        const double difference = largest_difference(jacobian, expected, (int64_t)all * all);
        worst = difference > worst || isnan(difference) ? difference : worst;
        hidden[0] += made.experiment.generator.hidden_count > 0;
        hidden[1] += made.experiment.discriminator.hidden_count > 0;
        minimax += made.settings.generator_loss == GS_MINIMAX;
    }
    printf(
        "%d games, hidden layers in %d generators and %d discriminators, %d minimax: largest difference of the field "
        "%.2g, of the Jacobian %.2g\n",
        SUBJECTS, hidden[0], hidden[1], minimax, worst_of_field, worst);
    assert_true(hidden[0] > 20 && hidden[0] < SUBJECTS && hidden[1] > 20 && hidden[1] < SUBJECTS);
    assert_true(minimax > 20 && minimax < 40);
    assert_true(worst_of_field < 1e-13);
    assert_true(worst < 1e-8);
}

// ---- closed forms ----

/// Networks of one layer: G(z) = w z + theta, D(x) = psi x + beta, in `dimension` coordinates.
typedef struct {
    gs_layers G, D;
    float generator[12], discriminator[4];
    float latents[6], real[6]; // two rows each
} linear_game;

static linear_game linear_game_of(int dimension) {
    const int sizes[] = {dimension, dimension, 1};
    return (linear_game){.G = layers_of(sizes, 1), .D = layers_of(sizes + 1, 1)};
}

static void find_linear(const linear_game *of, gs_generator_loss loss, double *jacobian) {
    const gs_game game = {.generator_layers = &of->G,
                          .discriminator_layers = &of->D,
                          .generator = of->generator,
                          .discriminator = of->discriminator,
                          .latents = of->latents,
                          .real = of->real,
                          .latent_count = 2,
                          .real_count = 2,
                          .generator_loss = loss};
    gs_jacobian *scratch = scratch_of(&of->G, &of->D);
    gs_game_jacobian(scratch, &game, NULL, jacobian);
    gs_jacobian_free(scratch);
}

/// All points at 0. With L_D halved, v_psi' = -1/4 theta and v_theta' = 1/2 psi: eigenvalues +- i / 8^1/2. The bias of
/// D has -1/4, the weight of G, which meets no latent, 0.
static void networks_on_a_point_are_the_dirac_gan(void **state) {
    (void)state;
    for (int loss = 0; loss < GS_GENERATOR_LOSS_COUNT; loss++) {
        const linear_game game = linear_game_of(1);
        double jacobian[16]; // of w, theta, psi, beta
        find_linear(&game, (gs_generator_loss)loss, jacobian);
        const double expected[] = {0, 0, 0, 0, 0, 0, 0.5, 0, 0, -0.25, 0, 0, 0, 0, 0, -0.25};
        assert_true(largest_difference(jacobian, expected, 16) == 0);
        const gs_stability found = stability_of(jacobian, 4);
        assert_true(fabs(found.largest_real_part) < 1e-16);
        assert_true(found.largest_ratio == INFINITY);
        assert_true(fabs(found.spectral_radius - 1 / sqrt(8)) < 1e-15);
    }
}

/// Rows and latents at +- sigma: the Jacobian of theta and psi alone, the other two fixed, is [[0, 1/2], [-1/4,
/// -sigma^2 / 4]].
static void instance_noise_damps_the_dirac_gan(void **state) {
    (void)state;
    const double sigmas[] = {0.25, 1, 4};
    for (int i = 0; i < 3; i++) {
        linear_game game = linear_game_of(1);
        game.generator[0] = (float)sigmas[i];
        game.latents[0] = 1;
        game.latents[1] = -1;
        game.real[0] = (float)sigmas[i];
        game.real[1] = -(float)sigmas[i];
        double jacobian[16];
        find_linear(&game, GS_NON_SATURATING, jacobian);
        const double of_two[] = {jacobian[5], jacobian[6], jacobian[9], jacobian[10]};
        const gs_stability found = stability_of(of_two, 2);
        const double half = -sigmas[i] * sigmas[i] / 8;
        const double discriminant = half * half - 0.125;
        const double real_part = discriminant > 0 ? half + sqrt(discriminant) : half;
        const double ratio = discriminant > 0 ? 0 : sqrt(-discriminant) / -half;
        printf("noise %g: largest real part %.15g, ratio %.15g\n", sigmas[i], found.largest_real_part,
               found.largest_ratio);
        assert_true(fabs(found.largest_real_part - real_part) < 1e-14);
        assert_true(fabs(found.largest_ratio - ratio) < 1e-14 * (1 + ratio));
    }
}

/// A gradient penalty gamma / 2 psi^2 in L_D takes gamma from psi's entry: eigenvalues -gamma/2 +- (gamma^2/4 -
/// 1/8)^1/2.
static void a_gradient_penalty_damps_the_dirac_gan(void **state) {
    (void)state;
    const linear_game game = linear_game_of(1);
    double jacobian[16];
    find_linear(&game, GS_NON_SATURATING, jacobian);
    const double gamma = 0.5;
    jacobian[10] -= gamma;
    const gs_stability found = stability_of(jacobian, 4);
    assert_true(fabs(found.largest_ratio - sqrt(0.125 - gamma * gamma / 4) / (gamma / 2)) < 1e-14);
    assert_true(fabs(found.spectral_radius - sqrt(0.125)) < 1e-15);
}

/// In d coordinates the game at 0 is bilinear: psi^T theta with A = I, d times the same pair.
static void linear_networks_on_a_point_play_a_bilinear_game(void **state) {
    (void)state;
    const linear_game game = linear_game_of(3);
    double jacobian[256];
    find_linear(&game, GS_MINIMAX, jacobian);
    gs_eigenvalues *eigenvalues = NULL;
    gs_stability found;
    gs_error error;
    assert_int_equal(gs_eigenvalues_create(16, &eigenvalues, &error), GS_OK);
    assert_int_equal(gs_local_stability(eigenvalues, jacobian, 16, &found, &error), GS_OK);
    int turning = 0;
    for (int i = 0; i < 16; i++) {
        turning += fabs(fabs(eigenvalues->imaginary[i]) - 1 / sqrt(8)) < 1e-15;
    }
    assert_int_equal(turning, 6);
    assert_true(found.largest_ratio == INFINITY);
    gs_eigenvalues_free(eigenvalues);
}

// ---- edges, bits, time ----

enum { D2L_PARAMETERS = 43, D2L_ROWS = 1000 };

/// The notebook's networks on 1000 rows.
typedef struct {
    gs_layers G, D;
    float generator[6], discriminator[37];
    float latents[2 * D2L_ROWS], real[2 * D2L_ROWS];
    gs_game game;
} d2l_game;

static void make_d2l(d2l_game *made) {
    const int of_G[] = {2, 2};
    const int of_D[] = {2, 5, 3, 1};
    made->G = layers_of(of_G, 1);
    made->D = layers_of(of_D, 3);
    uint64_t stream = 1;
    for (int i = 0; i < 6; i++) {
        made->generator[i] = (float)between(&stream, -2, 2);
    }
    for (int i = 0; i < 37; i++) {
        made->discriminator[i] = (float)between(&stream, -1, 1);
    }
    for (int i = 0; i < 2 * D2L_ROWS; i++) {
        made->latents[i] = (float)between(&stream, -2, 2);
        made->real[i] = (float)between(&stream, -2, 3);
    }
    made->game = (gs_game){.generator_layers = &made->G,
                           .discriminator_layers = &made->D,
                           .generator = made->generator,
                           .discriminator = made->discriminator,
                           .latents = made->latents,
                           .real = made->real,
                           .latent_count = D2L_ROWS,
                           .real_count = D2L_ROWS,
                           .generator_loss = GS_NON_SATURATING};
}

static void what_is_not_finite_has_no_jacobian(void **state) {
    (void)state;
    static d2l_game made;
    make_d2l(&made);
    gs_jacobian *scratch = scratch_of(&made.G, &made.D);
    static double jacobian[D2L_PARAMETERS * D2L_PARAMETERS];
    double field[D2L_PARAMETERS];
    float *places[] = {&made.generator[5], &made.discriminator[36], &made.latents[1999], &made.real[1999]};
    const float wrong[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 3; k++) {
            const float before = *places[i];
            *places[i] = wrong[k];
            gs_game_jacobian(scratch, &made.game, field, jacobian);
            *places[i] = before;
            assert_true(isnan(field[0]) && isnan(field[D2L_PARAMETERS - 1]));
            assert_true(isnan(jacobian[0]) && isnan(jacobian[D2L_PARAMETERS * D2L_PARAMETERS - 1]));
            assert_true(isnan(stability_of(jacobian, D2L_PARAMETERS).largest_real_part));
        }
    }
    // tanh takes infinite sums for saturated ones: a generator with hidden layers, whose results would look right
    const int of_small[] = {1, 1};
    const gs_layers small = layers_of(of_small, 1);
    const gs_game hidden = {.generator_layers = &made.D,
                            .discriminator_layers = &small,
                            .generator = made.discriminator,
                            .discriminator = made.generator,
                            .latents = made.latents,
                            .real = made.real,
                            .latent_count = 1000,
                            .real_count = 1000};
    gs_jacobian *of_hidden = scratch_of(&made.D, &small);
    made.latents[1999] = INFINITY;
    gs_game_jacobian(of_hidden, &hidden, field, jacobian);
    made.latents[1999] = 0;
    assert_true(isnan(field[38]) && isnan(jacobian[39 * 39 - 1]));
    gs_jacobian_free(of_hidden);
    // the largest floats: every entry is a number or the whole is without eigenvalues; nothing hangs
    for (int i = 0; i < 37; i++) {
        made.discriminator[i] = i % 2 == 0 ? 3e38F : -3e38F;
    }
    gs_game_jacobian(scratch, &made.game, field, jacobian);
    (void)stability_of(jacobian, D2L_PARAMETERS);
    gs_jacobian_free(scratch);
}

static void too_many_parameters_are_refused(void **state) {
    (void)state;
    const int of_G[] = {30, 30};
    const int of_D[] = {30, 3, 1};
    const gs_layers G = layers_of(of_G, 1); // 930
    const gs_layers D = layers_of(of_D, 2); // 97
    gs_jacobian *scratch = NULL;
    gs_error error = {""};
    assert_int_equal(gs_jacobian_create(&G, &D, &scratch, &error), GS_ERROR_INPUT);
    printf("%s\n", error.message);
    assert_null(scratch);
}

/// A scratch made for larger networks, and used before, gives the same bits.
static void nothing_depends_on_the_scratch(void **state) {
    (void)state;
    static d2l_game made;
    make_d2l(&made);
    const int of_larger[] = {7, 2};
    const gs_layers larger = layers_of(of_larger, 1);
    gs_jacobian *exact = scratch_of(&made.G, &made.D);
    gs_jacobian *roomy = scratch_of(&larger, &made.D);
    static double first[D2L_PARAMETERS * D2L_PARAMETERS];
    static double second[D2L_PARAMETERS * D2L_PARAMETERS];
    made.game.generator_loss = GS_MINIMAX;
    gs_game_jacobian(roomy, &made.game, NULL, second);
    made.game.generator_loss = GS_NON_SATURATING;
    gs_game_jacobian(exact, &made.game, NULL, first);
    gs_game_jacobian(roomy, &made.game, NULL, second);
    assert_memory_equal(first, second, sizeof first);
    gs_jacobian_free(exact);
    gs_jacobian_free(roomy);
}

/// Known answers, so that another compiler or machine must agree; and what they cost.
static void bits_are_the_same_everywhere(void **state) {
    (void)state;
    static d2l_game made;
    make_d2l(&made);
    gs_jacobian *scratch = scratch_of(&made.G, &made.D);
    static double jacobian[D2L_PARAMETERS * D2L_PARAMETERS];
    struct timespec times[3];
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &times[0]);
    gs_game_jacobian(scratch, &made.game, NULL, jacobian);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &times[1]);
    const gs_stability found = stability_of(jacobian, D2L_PARAMETERS);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &times[2]);
    for (int i = 0; i < 2; i++) {
        const double seconds =
            (double)(times[i + 1].tv_sec - times[i].tv_sec) + 1e-9 * (double)(times[i + 1].tv_nsec - times[i].tv_nsec);
        printf("%s: %.1f ms of a core\n", i == 0 ? "Jacobian of 43 parameters, 1000 rows and latents" : "eigenvalues",
               1e3 * seconds);
    }
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < D2L_PARAMETERS * D2L_PARAMETERS; i++) {
        uint64_t bits;
        memcpy(&bits, &jacobian[i], sizeof bits);
        hash = (hash ^ bits) * UINT64_C(0x100000001b3);
    }
    printf("largest real part %.6g, ratio %.6g, radius %.6g, hash %016llx\n", found.largest_real_part,
           found.largest_ratio, found.spectral_radius, (unsigned long long)hash);
    assert_true(hash == UINT64_C(0x7d4f0ce02e6434a5));
    gs_jacobian_free(scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jacobian_equals_what_pytorch_finds),
        cmocka_unit_test(jacobian_equals_differences_of_the_reference_gradients),
        cmocka_unit_test(networks_on_a_point_are_the_dirac_gan),
        cmocka_unit_test(instance_noise_damps_the_dirac_gan),
        cmocka_unit_test(a_gradient_penalty_damps_the_dirac_gan),
        cmocka_unit_test(linear_networks_on_a_point_play_a_bilinear_game),
        cmocka_unit_test(what_is_not_finite_has_no_jacobian),
        cmocka_unit_test(too_many_parameters_are_refused),
        cmocka_unit_test(nothing_depends_on_the_scratch),
        cmocka_unit_test(bits_are_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
