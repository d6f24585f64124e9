/// Every part of one trained trial's check, in its order.
#include <math.h>

#include "check/checker.h"

static void set_unrequested(gs_check *check) {
    check->jsd = check->jsd_standard_error = NAN;
    check->jacobian_largest_real = check->jacobian_largest_ratio = check->jacobian_spectral_radius = NAN;
}

gs_status gs_check_trained(gs_checker *checker, const gs_settings *settings, const gs_trained *trained, gs_check *check,
                           gs_error *error) {
    const gs_experiment *experiment = checker->experiment;
    const float *weight = NULL, *bias = NULL; // stay NULL when the generator has hidden layers: its law is not normal
    if (experiment->generator.hidden_count == 0) {
        weight = trained->generator;
        bias = weight + experiment->data.dimension * settings->latent_dim;
    }
    set_unrequested(check);
    const gs_status status = gs_check_samples(checker, trained->samples, experiment->check_samples, weight, bias,
                                              settings->latent_dim, check, error);
    if (status != GS_OK) {
        return status;
    }
    gs_check_outcome(settings, experiment->tolerance, trained->loss_D, trained->loss_G, trained->diverged,
                     trained->ending, check);
    return checker->requested == NULL || trained->diverged
               ? GS_OK
               : gs_requested_compute(checker->requested, settings, trained, check, error);
}
