/// Which of the known ends a training came to, from its last losses, its trained nets and its samples' check.
#include <math.h>

#include "gansweep/check.h"

const char *const gs_outcome_names[GS_OUTCOME_COUNT] = {
    [GS_OUTCOME_PENDING] = "pending",
    [GS_OUTCOME_DIVERGED] = "diverged",
    [GS_OUTCOME_CONVERGED] = "converged",
    [GS_OUTCOME_DEAD_DISCRIMINATOR] = "dead-discriminator",
    [GS_OUTCOME_COLLAPSED] = "generator-collapsed",
    [GS_OUTCOME_LOSSES_ONLY] = "losses-only",
    [GS_OUTCOME_DISCRIMINATOR_WINS] = "discriminator-wins",
    [GS_OUTCOME_OSCILLATING] = "oscillating",
    [GS_OUTCOME_NOT_YET] = "not-yet",
};

double gs_loss_oscillation(const float *losses, int64_t epochs) {
    const int64_t first = epochs > GS_OUTCOME_EPOCHS ? epochs - GS_OUTCOME_EPOCHS : 0;
    double path = 0;
    for (int64_t epoch = first + 1; epoch < epochs; epoch++) {
        path += fabs((double)losses[epoch] - (double)losses[epoch - 1]);
    }
    const double excess = path - fabs((double)losses[epochs - 1] - (double)losses[first]);
    return excess < 0 ? 0 : 0.5 * excess; // below 0 by rounding alone
}

static gs_outcome outcome_of(double distance, double loss_D, double tolerance, const gs_ending *ending,
                             const gs_check *check) {
    const bool at_equilibrium = distance <= GS_OUTCOME_MARGIN;
    const bool right = check->covariance_ok && check->mean_error <= tolerance;
    if (at_equilibrium && right) {
        return GS_OUTCOME_CONVERGED;
    }
    if (ending->logit_spread < GS_OUTCOME_LEAST_SPREAD && !right) {
        return GS_OUTCOME_DEAD_DISCRIMINATOR;
    }
    if (check->eigenvalues[0] < GS_OUTCOME_LEAST_EIGENVALUE) {
        return GS_OUTCOME_COLLAPSED;
    }
    if (at_equilibrium) {
        return GS_OUTCOME_LOSSES_ONLY;
    }
    if (loss_D < 0.5 * M_LN2) {
        return GS_OUTCOME_DISCRIMINATOR_WINS;
    }
    return check->loss_oscillation > GS_OUTCOME_LEAST_OSCILLATION ? GS_OUTCOME_OSCILLATING : GS_OUTCOME_NOT_YET;
}

void gs_check_outcome(const gs_settings *settings, double tolerance, const float *loss_D, const float *loss_G,
                      bool diverged, const gs_ending *ending, gs_check *check) {
    if (diverged) {
        check->loss_oscillation = NAN;
        check->outcome = GS_OUTCOME_DIVERGED;
        return;
    }
    const double of_D = gs_loss_oscillation(loss_D, settings->epochs);
    const double of_G = gs_loss_oscillation(loss_G, settings->epochs);
    const double last_D = loss_D[settings->epochs - 1];
    const double last_G = gs_equilibrium_sign(settings->generator_loss) * (double)loss_G[settings->epochs - 1];
    const double from_D = fabs(last_D - M_LN2), from_G = fabs(last_G - M_LN2);
    check->loss_oscillation = of_D > of_G ? of_D : of_G;
    check->outcome = outcome_of(from_D > from_G ? from_D : from_G, last_D, tolerance, ending, check);
}
