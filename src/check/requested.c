#include "check/requested.h"

#include <math.h>
#include <stdlib.h>

#include "check/jacobian.h"
#include "check/jensen_shannon.h"
#include "check/jensen_shannon_bound.h"
#include "check/stability.h"
#include "train/draws.h"

/// Seed of points of the true law that no generator was trained on: the last one, far from those that sweeps use.
static const uint64_t FRESH_SEED = INT64_MAX;

struct gs_requested {
    const gs_experiment *experiment;
    gs_directions *directions;      ///< for affine generators; NULL: not requested
    gs_jensen_shannon_bound *bound; ///< for others
    float *fresh;                   ///< [GS_BOUND_MAX_ROWS x dimension] points of the true law
    gs_jacobian *jacobian;          ///< NULL: not requested
    gs_eigenvalues *eigenvalues;
    double *matrix; ///< [parameters of both networks, squared]
};

static gs_status prepare_divergence(gs_requested *made, const gs_truth *truth, gs_error *error) {
    const gs_experiment *experiment = made->experiment;
    if (experiment->generator.hidden_count == 0) {
        return gs_directions_create(truth, gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM), &made->directions,
                                    error);
    }
    gs_data_law law = experiment->data;
    law.n = GS_BOUND_MAX_ROWS;
    made->fresh = malloc(GS_BOUND_MAX_ROWS * (size_t)law.dimension * sizeof *made->fresh);
    if (made->fresh == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "check: out of memory for points of the true law");
    }
    gs_draw_data(&law, FRESH_SEED, law.n, made->fresh);
    return gs_jensen_shannon_bound_create(truth, &made->bound, error);
}

static gs_status prepare_jacobian(gs_requested *made, gs_error *error) {
    gs_layers generator, discriminator;
    gs_generator_layers(made->experiment, gs_experiment_largest(made->experiment, GS_SETTING_LATENT_DIM), &generator);
    gs_discriminator_layers(made->experiment, &discriminator);
    const size_t count = (size_t)(generator.parameter_count + discriminator.parameter_count);
    gs_status status = gs_jacobian_create(&generator, &discriminator, &made->jacobian, error);
    if (status == GS_OK) {
        status = gs_eigenvalues_create((int)count, &made->eigenvalues, error);
    }
    if (status != GS_OK) {
        return status;
    }
    made->matrix = malloc(count * count * sizeof *made->matrix);
    return made->matrix == NULL ? gs_fail(error, GS_ERROR_RUN, "check: out of memory for a Jacobian") : GS_OK;
}

gs_status gs_requested_create(const gs_experiment *experiment, const gs_truth *truth, gs_requested **requested,
                              gs_error *error) {
    gs_requested *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "check: out of memory for what is requested");
    }
    made->experiment = experiment;
    gs_status status = experiment->check_jsd ? prepare_divergence(made, truth, error) : GS_OK;
    if (status == GS_OK && experiment->check_jacobian) {
        status = prepare_jacobian(made, error);
    }
    if (status != GS_OK) {
        gs_requested_free(made);
        return status;
    }
    *requested = made;
    return GS_OK;
}

void gs_requested_free(gs_requested *requested) {
    if (requested != NULL) {
        gs_directions_free(requested->directions);
        gs_jensen_shannon_bound_free(requested->bound);
        free(requested->fresh);
        gs_jacobian_free(requested->jacobian);
        gs_eigenvalues_free(requested->eigenvalues);
        free(requested->matrix);
        free(requested);
    }
}

static gs_status compute_divergence(gs_requested *requested, const gs_settings *settings, const gs_trained *trained,
                                    gs_check *check, gs_error *error) {
    const gs_experiment *experiment = requested->experiment;
    if (requested->directions != NULL) {
        const float *bias = trained->generator + experiment->data.dimension * settings->latent_dim;
        check->jsd_standard_error = 0;
        return gs_jensen_shannon_gaussian(requested->directions, trained->generator, bias, settings->latent_dim,
                                          &check->jsd, error);
    }
    return gs_bound_jensen_shannon(requested->bound, trained->samples, experiment->check_samples, requested->fresh,
                                   GS_BOUND_MAX_ROWS, &check->jsd, &check->jsd_standard_error, error);
}

static gs_status compute_stability(gs_requested *requested, const gs_settings *settings, const gs_trained *trained,
                                   gs_check *check, gs_error *error) {
    const gs_experiment *experiment = requested->experiment;
    gs_layers generator, discriminator;
    gs_generator_layers(experiment, settings->latent_dim, &generator);
    gs_discriminator_layers(experiment, &discriminator);
    const gs_game game = {.generator_layers = &generator,
                          .discriminator_layers = &discriminator,
                          .generator = trained->generator,
                          .discriminator = trained->discriminator,
                          .latents = trained->latents,
                          .real = trained->real,
                          .latent_count = experiment->check_samples,
                          .real_count = experiment->data.n,
                          .generator_loss = settings->generator_loss};
    gs_stability stability;
    gs_game_jacobian(requested->jacobian, &game, NULL, requested->matrix);
    const gs_status status =
        gs_local_stability(requested->eigenvalues, requested->matrix,
                           (int)(generator.parameter_count + discriminator.parameter_count), &stability, error);
    check->jacobian_largest_real = stability.largest_real_part;
    check->jacobian_largest_ratio = stability.largest_ratio;
    check->jacobian_spectral_radius = stability.spectral_radius;
    return status;
}

gs_status gs_requested_compute(gs_requested *requested, const gs_settings *settings, const gs_trained *trained,
                               gs_check *check, gs_error *error) {
    gs_status status = GS_OK;
    if (requested->directions != NULL || requested->bound != NULL) {
        status = compute_divergence(requested, settings, trained, check, error);
    }
    if (status == GS_OK && requested->jacobian != NULL) {
        status = compute_stability(requested, settings, trained, check, error);
    }
    return status;
}
