/// Prints every draw and the whole training of each trial of an experiment, floats as the hex of their bits, for
/// oracles in other languages:
///
///     trajectory_dump EXPERIMENT
///
/// A line is a name and its values. `trial` and the settings open each trial; then come `data`, the initial `D` and `G`
/// (step 0), for each epoch its `order` and `latents`, after each step the batch's `losses`, `D` and `G` by the scalar
/// reference, and last what the packed kernel makes of the same trial: `trained_loss_D`, ... by epoch, and its samples.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gansweep/plan.h"
#include "train/draws.h"
#include "train/reference.h"

static void print_floats(const char *name, const float *values, int64_t count) {
    printf("%s", name);
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        printf(" %08" PRIx32, bits);
    }
    printf("\n");
}

static void *allocate(int64_t count, size_t size) {
    void *memory = calloc((size_t)count, size);
    if (memory == NULL) {
        fprintf(stderr, "trajectory_dump: out of memory\n");
        exit(1);
    }
    return memory;
}

typedef struct {
    gs_layers D, G;
} networks;

static void print_step(void *context, int64_t step, float loss_D, float loss_G, const float *D, const float *G,
                       const float *gradient_D, const float *gradient_G) {
    const networks *of = context;
    const float losses[] = {loss_D, loss_G};
    (void)step, (void)gradient_D, (void)gradient_G;
    print_floats("losses", losses, 2);
    print_floats("D", D, of->D.parameter_count);
    print_floats("G", G, of->G.parameter_count);
}

static void print_draws(const gs_experiment *experiment, const gs_settings *s, const networks *of) {
    const gs_convention_rule *rule = &gs_convention_rules[s->convention];
    const int64_t n = experiment->data.n, d = experiment->data.dimension, latents = n * s->latent_dim;
    float *data = allocate(n * d, sizeof *data), *Z = allocate(latents, sizeof *Z);
    float *D = allocate(of->D.parameter_count, sizeof *D), *G = allocate(of->G.parameter_count, sizeof *G);
    int64_t *order = allocate(n, sizeof *order);
    gs_draw_data(&experiment->data, (uint64_t)s->data_seed, experiment->data.n, data);
    gs_draw_parameters((uint64_t)s->seed, GS_STREAM_INIT_DISCRIMINATOR, &of->D, rule->discriminator, D);
    gs_draw_parameters((uint64_t)s->seed, GS_STREAM_INIT_GENERATOR, &of->G, rule->generator, G);
    print_floats("data", data, n * d);
    print_floats("D", D, of->D.parameter_count);
    print_floats("G", G, of->G.parameter_count);
    for (int64_t epoch = 0; epoch < s->epochs; epoch++) {
        gs_draw_order((uint64_t)s->shuffle_seed, (uint32_t)epoch, n, order);
        printf("order");
        for (int64_t i = 0; i < n; i++) {
            printf(" %" PRId64, order[i]);
        }
        printf("\n");
        gs_draw_normals((uint64_t)s->seed, GS_STREAM_LATENT, (uint32_t)epoch, 0, (uint64_t)latents, Z);
        print_floats("latents", Z, latents);
    }
    free(data);
    free(Z);
    free(D);
    free(G);
    free(order);
}

static void print_trained(const gs_experiment *experiment, const gs_settings *s, const networks *of,
                          gs_trainer *trainer, const gs_training *training) {
    gs_train(trainer, s, 1, NULL, training);
    print_floats("trained_loss_D", training->loss_D, s->epochs);
    print_floats("trained_loss_G", training->loss_G, s->epochs);
    print_floats("trained_D", training->discriminator, of->D.parameter_count);
    print_floats("trained_G", training->generator, of->G.parameter_count);
    print_floats("samples", training->samples, experiment->check_samples * experiment->data.dimension);
    const gs_ending *ending = training->ending;
    printf("ending %a %a %a %a %a\n", ending->loss_D, ending->loss_G, ending->logit_spread, ending->gradient_norm_D,
           ending->gradient_norm_G);
    printf("diverged_epoch %" PRId64 "\n", training->diverged_epoch[0]);
}

static bool print_trial(const gs_experiment *experiment, int64_t trial, const gs_settings *s, gs_trainer *trainer,
                        const gs_training *training) {
    networks of;
    gs_discriminator_layers(experiment, &of.D);
    gs_generator_layers(experiment, s->latent_dim, &of.G);
    printf("trial %" PRId64 "\nconvention %s\ngenerator_loss %s\n", trial, gs_convention_names[s->convention],
           gs_generator_loss_names[s->generator_loss]);
    printf("seed %" PRId64 "\ndata_seed %" PRId64 "\nshuffle_seed %" PRId64 "\n", s->seed, s->data_seed,
           s->shuffle_seed);
    printf("lr_D %a\nlr_G %a\nbatch_size %" PRId64 "\nlatent_dim %" PRId64 "\nepochs %" PRId64 "\n", s->lr_D, s->lr_G,
           s->batch_size, s->latent_dim, s->epochs);
    print_draws(experiment, s, &of);

    float *loss_D = allocate(s->epochs, sizeof *loss_D), *loss_G = allocate(s->epochs, sizeof *loss_G);
    float *D = allocate(of.D.parameter_count, sizeof *D), *G = allocate(of.G.parameter_count, sizeof *G);
    const bool ran = gs_reference_float(experiment, s, -1, loss_D, loss_G, D, G, print_step, &of);
    free(loss_D);
    free(loss_G);
    free(D);
    free(G);
    if (ran) {
        print_trained(experiment, s, &of, trainer, training);
    }
    return ran;
}

int main(int argc, char **argv) {
    gs_experiment *experiment = NULL;
    gs_plan *plan = NULL;
    gs_trainer *trainer = NULL;
    gs_training *training = NULL;
    gs_error error = {0};
    int code = 1;
    if (argc != 2) {
        fprintf(stderr, "usage: trajectory_dump EXPERIMENT\n");
        return 2;
    }
    if (gs_experiment_read(argv[1], NULL, 0, &experiment, &error) != GS_OK ||
        gs_plan_create(experiment, &plan, &error) != GS_OK ||
        gs_trainer_create(experiment, GS_ISA_AUTO, &trainer, &error) != GS_OK) {
        fprintf(stderr, "trajectory_dump: %s\n", error.message);
        goto done;
    }
    training = gs_training_create(experiment, gs_trainer_lanes(trainer));
    code = training == NULL;
    for (int64_t trial = 0; code == 0 && trial < gs_plan_trial_count(plan); trial++) {
        gs_settings settings;
        gs_plan_settings(plan, trial, &settings);
        code = !print_trial(experiment, trial, &settings, trainer, training);
    }
done:
    gs_training_free(training);
    gs_trainer_free(trainer);
    gs_plan_free(plan);
    gs_experiment_free(experiment);
    return code;
}
