/// The Jacobian of the simultaneous gradient field of a generator and a discriminator, over all of their parameters.
///
///   v(theta) = (-grad_G L_G, -grad_D L_D),  theta = (parameters of G, parameters of D),
///   L_D = mean over real x of softplus(-D(x)) / 2 + mean over latents z of softplus(D(G(z))) / 2,
///   L_G = mean over z of softplus(-D(G(z))), or of -softplus(D(G(z))) for the minimax loss.
/// (Mescheder, Geiger & Nowozin 2018, section 2; Nagarajan & Kolter 2017, section 2.) Derivatives are exact, in double.
/// With y = D(G(z)), s the sum that goes into a unit and delta = dy/ds,
///   y'' = sum over tanh units of delta tanh''(s) / tanh'(s) s' s'^T
///       + sum over weights w of delta (w' a'^T + a' w'^T),
/// where a is the output that w multiplies and w' its unit vector: gradients of units are carried forward, and second
/// derivatives are never propagated.
#ifndef GANSWEEP_CHECK_JACOBIAN_H
#define GANSWEEP_CHECK_JACOBIAN_H

#include "gansweep/train.h"

/// Two networks, and the rows on which their losses are means.
typedef struct {
    const gs_layers *generator_layers, *discriminator_layers;
    const float *generator;     ///< parameters in gs_layers order
    const float *discriminator; ///< the same
    const float *latents;       ///< [latent_count x latent_dim], row-major
    const float *real;          ///< [real_count x dimension]
    int64_t latent_count, real_count;
    gs_generator_loss generator_loss;
} gs_game;

/// Parameters of both networks at most: time grows with rows x parameters^2, and eigenvalues with parameters^3.
enum { GS_JACOBIAN_MAX_PARAMETERS = 1024 };

/// Scratch of one thread.
typedef struct gs_jacobian gs_jacobian;

/// @param generator, discriminator  the largest networks that will be given, each with its own number of layers
/// @return GS_ERROR_INPUT when they have more than GS_JACOBIAN_MAX_PARAMETERS, GS_ERROR_RUN when out of memory
gs_status gs_jacobian_create(const gs_layers *generator, const gs_layers *discriminator, gs_jacobian **scratch,
                             gs_error *error);
void gs_jacobian_free(gs_jacobian *scratch);

/// @param game  at least one row of each kind; when a parameter or a row is not finite, all results are NaN
/// @param field  [parameters of both] v, or NULL
/// @param jacobian  [parameters of both x parameters of both] v', row-major: row i is the gradient of v_i
void gs_game_jacobian(gs_jacobian *scratch, const gs_game *game, double *field, double *jacobian);

#endif
