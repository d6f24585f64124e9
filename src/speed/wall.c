#include "speed/wall.h"

#include <string.h>

#include "gansweep/plan.h"
#include "train/kernel.h"

enum { MORE_EPOCHS = 2 };

/// One trial in every lane, of seeds that differ with the epochs: packs of equal seeds share what they draw.
static gs_pack pack_of(const gs_settings *settings, int64_t epochs) {
    gs_pack pack = {.batch_size = settings->batch_size, .epochs = epochs, .latent_dim = settings->latent_dim};
    for (int lane = 0; lane < GS_MAX_LANES; lane++) {
        pack.data_seed[lane] = (uint64_t)(settings->data_seed + epochs);
        pack.seed[lane] = (uint64_t)(settings->seed + epochs);
        pack.shuffle_seed[lane] = (uint64_t)(settings->shuffle_seed + epochs);
        pack.lr_D[lane] = (float)settings->lr_D;
        pack.lr_G[lane] = (float)settings->lr_G;
        pack.convention[lane] = settings->convention;
        pack.generator_loss[lane] = settings->generator_loss;
    }
    return pack;
}

/// Adds the operations of a pack of `epochs` epochs, `sign` times.
static void count(const gs_kernel *kernel, void *workspace, const gs_settings *settings, int64_t epochs, int sign,
                  const gs_training *training, double operations[GS_OPERATION_COUNT]) {
    const gs_pack pack = pack_of(settings, epochs);
    memset(gs_operations_done, 0, sizeof gs_operations_done);
    (void)kernel->train(workspace, &pack, kernel->lanes, NULL, training);
    for (int i = 0; i < GS_OPERATION_COUNT; i++) {
        operations[i] += sign * (double)gs_operations_done[i];
    }
}

/// What more epochs add is free of what is done once a trial.
static gs_status count_step(const gs_experiment *experiment, const gs_settings *settings, int lanes,
                            double operations[GS_OPERATION_COUNT], gs_error *error) {
    const gs_kernel *kernel = lanes == 16 ? &gs_kernel_counting_16 : &gs_kernel_counting_8;
    gs_experiment longer = *experiment;
    longer.values[GS_SETTING_EPOCHS] = (gs_values){.count = 1, .first = 2 + MORE_EPOCHS, .step = 1};
    void *workspace = kernel->create(&longer);
    gs_training *training = gs_training_create(&longer, kernel->lanes);
    const bool complete = workspace != NULL && training != NULL;
    if (complete) {
        // The last epoch makes no next order, so that the epochs in between are what is counted.
        count(kernel, workspace, settings, 2, -1, training, operations);
        count(kernel, workspace, settings, 2 + MORE_EPOCHS, 1, training, operations);
    }
    kernel->destroy(workspace);
    gs_training_free(training);
    return complete ? GS_OK : gs_fail(error, GS_ERROR_RUN, "out of memory to count operations");
}

bool gs_wall_takes_beside(gs_operation operation) {
    return operation == GS_OPERATION_DIVIDE || operation == GS_OPERATION_ROOT || operation == GS_OPERATION_ROOT_BESIDE;
}

gs_status gs_wall_find(const gs_experiment *experiment, int lanes, const gs_peak *peak, gs_wall *wall,
                       gs_error *error) {
    gs_plan *plan;
    gs_settings settings;
    gs_status status = gs_plan_create(experiment, &plan, error);
    if (status != GS_OK) {
        return status;
    }
    gs_plan_settings(plan, 0, &settings);
    gs_plan_free(plan);
    *wall = (gs_wall){0};
    status = count_step(experiment, &settings, lanes, wall->operations, error);
    const int64_t steps = (experiment->data.n + settings.batch_size - 1) / settings.batch_size * MORE_EPOCHS;
    for (int i = 0; i < GS_OPERATION_COUNT; i++) {
        wall->operations[i] /= (double)steps;
        wall->side_by_side += wall->operations[i] * peak->beside[i];
        wall->issue += wall->operations[i] * (gs_wall_takes_beside((gs_operation)i) ? peak->beside[i] : peak->alone[i]);
    }
    wall->divider = wall->operations[GS_OPERATION_DIVIDE] * peak->alone[GS_OPERATION_DIVIDE] +
                    wall->operations[GS_OPERATION_ROOT] * peak->alone[GS_OPERATION_ROOT];
    if (peak->adam_root_divides) {
        wall->divider += wall->operations[GS_OPERATION_ROOT_BESIDE] * peak->alone[GS_OPERATION_ROOT_BESIDE];
    }
    wall->seconds = wall->issue > wall->divider ? wall->issue : wall->divider;
    wall->side_by_side = wall->side_by_side > wall->divider ? wall->side_by_side : wall->divider;
    return status;
}
