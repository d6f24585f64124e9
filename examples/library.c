/// The library in use: reads an experiment, trains its first trials, and prints each one's check.
///     library experiments/smoke.yaml
#include <gansweep/gansweep.h>
#include <stdio.h>

/// Trains the first pack of the plan: as many trials as a vector has lanes, all of equal shape.
static gs_status train_first_pack(const gs_experiment *experiment, const gs_plan *plan, gs_trainer *trainer,
                                  gs_checker *checker, gs_training *training, gs_check *check, gs_error *error) {
    int64_t trials[GS_MAX_LANES];
    gs_settings settings[GS_MAX_LANES];
    const int count = gs_plan_pack(plan, gs_trainer_lanes(trainer), 0, trials);
    for (int row = 0; row < count; row++) {
        gs_plan_settings(plan, trials[row], &settings[row]);
    }
    gs_train(trainer, settings, count, NULL, training);

    const int64_t epochs = gs_experiment_largest(experiment, GS_SETTING_EPOCHS); // floats of a row of losses
    const int64_t floats = experiment->check_samples * experiment->data.dimension;
    gs_status status = GS_OK;
    for (int row = 0; row < count && status == GS_OK; row++) {
        const int64_t last = row * epochs + settings[row].epochs - 1;
        status = gs_check_samples(checker, training->samples + row * floats, experiment->check_samples, NULL, NULL,
                                  settings[row].latent_dim, check, error);
        printf("trial %lld, seed %lld: loss_D %.3f, loss_G %.3f, covariance error %.3f, %s\n", (long long)trials[row],
               (long long)settings[row].seed, training->loss_D[last], training->loss_G[last], check->covariance_error,
               check->covariance_ok ? "right" : "wrong");
    }
    return status;
}

int main(int argument_count, char **arguments) {
    gs_experiment *experiment = NULL;
    gs_plan *plan = NULL;
    gs_trainer *trainer = NULL;
    gs_checker *checker = NULL;
    gs_training *training = NULL;
    gs_check *check = NULL;
    gs_error error = {"usage: library EXPERIMENT"};
    gs_status status =
        argument_count == 2 ? gs_experiment_read(arguments[1], NULL, 0, &experiment, &error) : GS_ERROR_INPUT;
    if (status == GS_OK && (status = gs_plan_create(experiment, &plan, &error)) == GS_OK &&
        (status = gs_trainer_create(experiment, GS_ISA_AUTO, &trainer, &error)) == GS_OK &&
        (status = gs_checker_create(experiment, &checker, &error)) == GS_OK) {
        training = gs_training_create(experiment, gs_trainer_lanes(trainer));
        check = gs_check_create(experiment->data.dimension);
        status = training == NULL || check == NULL
                     ? gs_fail(&error, GS_ERROR_RUN, "out of memory")
                     : train_first_pack(experiment, plan, trainer, checker, training, check, &error);
    }
    gs_check_free(check);
    gs_training_free(training);
    gs_checker_free(checker);
    gs_trainer_free(trainer);
    gs_plan_free(plan);
    gs_experiment_free(experiment);
    if (status != GS_OK) {
        fprintf(stderr, "library: %s\n", error.message);
    }
    return status;
}
