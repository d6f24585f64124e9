#include "report/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/format.h"

#define MEMBER(member) offsetof(gs_report_row, member)

const gs_field gs_fields[] = {
    {"trials", GS_FIELD_COUNT, MEMBER(trials)},
    {"done", GS_FIELD_COUNT, MEMBER(done)},
    {"diverged", GS_FIELD_COUNT, MEMBER(diverged)},
    {"pending", GS_FIELD_COUNT, MEMBER(pending)},
    {"loss_D_mean", GS_FIELD_REAL, MEMBER(loss_D.mean)},
    {"loss_D_sd", GS_FIELD_REAL, MEMBER(loss_D.standard_deviation)},
    {"loss_D_median", GS_FIELD_REAL, MEMBER(loss_D.median)},
    {"loss_D_percentile_5", GS_FIELD_REAL, MEMBER(loss_D.percentile_5)},
    {"loss_D_percentile_95", GS_FIELD_REAL, MEMBER(loss_D.percentile_95)},
    {"loss_G_mean", GS_FIELD_REAL, MEMBER(loss_G.mean)},
    {"loss_G_sd", GS_FIELD_REAL, MEMBER(loss_G.standard_deviation)},
    {"loss_G_median", GS_FIELD_REAL, MEMBER(loss_G.median)},
    {"loss_G_percentile_5", GS_FIELD_REAL, MEMBER(loss_G.percentile_5)},
    {"loss_G_percentile_95", GS_FIELD_REAL, MEMBER(loss_G.percentile_95)},
    {"units", GS_FIELD_COUNT, MEMBER(units)},
    {"loss_D_mean_low", GS_FIELD_REAL, MEMBER(loss_D_mean.low)},
    {"loss_D_mean_high", GS_FIELD_REAL, MEMBER(loss_D_mean.high)},
    {"loss_G_mean_low", GS_FIELD_REAL, MEMBER(loss_G_mean.low)},
    {"loss_G_mean_high", GS_FIELD_REAL, MEMBER(loss_G_mean.high)},
    {"equivalence_0.0005_p", GS_FIELD_REAL, MEMBER(equivalence_p[0])},
    {"equivalence_0.0005_q", GS_FIELD_REAL, MEMBER(equivalence_q[0])},
    {"equivalence_0.005_p", GS_FIELD_REAL, MEMBER(equivalence_p[1])},
    {"equivalence_0.005_q", GS_FIELD_REAL, MEMBER(equivalence_q[1])},
    {"prints_ln2_count", GS_FIELD_COUNT, MEMBER(prints_ln2.count)},
    {"prints_ln2_share", GS_FIELD_REAL, MEMBER(prints_ln2.share)},
    {"prints_ln2_low", GS_FIELD_REAL, MEMBER(prints_ln2.low)},
    {"prints_ln2_high", GS_FIELD_REAL, MEMBER(prints_ln2.high)},
    {"covariance_ok_count", GS_FIELD_COUNT, MEMBER(covariance_ok.count)},
    {"covariance_ok_share", GS_FIELD_REAL, MEMBER(covariance_ok.share)},
    {"covariance_ok_low", GS_FIELD_REAL, MEMBER(covariance_ok.low)},
    {"covariance_ok_high", GS_FIELD_REAL, MEMBER(covariance_ok.high)},
    {"both_count", GS_FIELD_COUNT, MEMBER(both.count)},
    {"both_share", GS_FIELD_REAL, MEMBER(both.share)},
    {"both_low", GS_FIELD_REAL, MEMBER(both.low)},
    {"both_high", GS_FIELD_REAL, MEMBER(both.high)},
    {"outcome_diverged_count", GS_FIELD_COUNT, MEMBER(outcome[GS_OUTCOME_DIVERGED].count)},
    {"outcome_diverged_share", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_DIVERGED].share)},
    {"outcome_diverged_low", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_DIVERGED].low)},
    {"outcome_diverged_high", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_DIVERGED].high)},
    {"outcome_diverged_at_ln2_count", GS_FIELD_COUNT, MEMBER(outcome_at_ln2[GS_OUTCOME_DIVERGED].count)},
    {"outcome_converged_count", GS_FIELD_COUNT, MEMBER(outcome[GS_OUTCOME_CONVERGED].count)},
    {"outcome_converged_share", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_CONVERGED].share)},
    {"outcome_converged_low", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_CONVERGED].low)},
    {"outcome_converged_high", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_CONVERGED].high)},
    {"outcome_converged_at_ln2_count", GS_FIELD_COUNT, MEMBER(outcome_at_ln2[GS_OUTCOME_CONVERGED].count)},
    {"outcome_dead_discriminator_count", GS_FIELD_COUNT, MEMBER(outcome[GS_OUTCOME_DEAD_DISCRIMINATOR].count)},
    {"outcome_dead_discriminator_share", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_DEAD_DISCRIMINATOR].share)},
    {"outcome_dead_discriminator_low", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_DEAD_DISCRIMINATOR].low)},
    {"outcome_dead_discriminator_high", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_DEAD_DISCRIMINATOR].high)},
    {"outcome_dead_discriminator_at_ln2_count", GS_FIELD_COUNT,
     MEMBER(outcome_at_ln2[GS_OUTCOME_DEAD_DISCRIMINATOR].count)},
    {"outcome_generator_collapsed_count", GS_FIELD_COUNT, MEMBER(outcome[GS_OUTCOME_COLLAPSED].count)},
    {"outcome_generator_collapsed_share", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_COLLAPSED].share)},
    {"outcome_generator_collapsed_low", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_COLLAPSED].low)},
    {"outcome_generator_collapsed_high", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_COLLAPSED].high)},
    {"outcome_generator_collapsed_at_ln2_count", GS_FIELD_COUNT, MEMBER(outcome_at_ln2[GS_OUTCOME_COLLAPSED].count)},
    {"outcome_losses_only_count", GS_FIELD_COUNT, MEMBER(outcome[GS_OUTCOME_LOSSES_ONLY].count)},
    {"outcome_losses_only_share", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_LOSSES_ONLY].share)},
    {"outcome_losses_only_low", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_LOSSES_ONLY].low)},
    {"outcome_losses_only_high", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_LOSSES_ONLY].high)},
    {"outcome_losses_only_at_ln2_count", GS_FIELD_COUNT, MEMBER(outcome_at_ln2[GS_OUTCOME_LOSSES_ONLY].count)},
    {"outcome_discriminator_wins_count", GS_FIELD_COUNT, MEMBER(outcome[GS_OUTCOME_DISCRIMINATOR_WINS].count)},
    {"outcome_discriminator_wins_share", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_DISCRIMINATOR_WINS].share)},
    {"outcome_discriminator_wins_low", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_DISCRIMINATOR_WINS].low)},
    {"outcome_discriminator_wins_high", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_DISCRIMINATOR_WINS].high)},
    {"outcome_discriminator_wins_at_ln2_count", GS_FIELD_COUNT,
     MEMBER(outcome_at_ln2[GS_OUTCOME_DISCRIMINATOR_WINS].count)},
    {"outcome_oscillating_count", GS_FIELD_COUNT, MEMBER(outcome[GS_OUTCOME_OSCILLATING].count)},
    {"outcome_oscillating_share", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_OSCILLATING].share)},
    {"outcome_oscillating_low", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_OSCILLATING].low)},
    {"outcome_oscillating_high", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_OSCILLATING].high)},
    {"outcome_oscillating_at_ln2_count", GS_FIELD_COUNT, MEMBER(outcome_at_ln2[GS_OUTCOME_OSCILLATING].count)},
    {"outcome_not_yet_count", GS_FIELD_COUNT, MEMBER(outcome[GS_OUTCOME_NOT_YET].count)},
    {"outcome_not_yet_share", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_NOT_YET].share)},
    {"outcome_not_yet_low", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_NOT_YET].low)},
    {"outcome_not_yet_high", GS_FIELD_REAL, MEMBER(outcome[GS_OUTCOME_NOT_YET].high)},
    {"outcome_not_yet_at_ln2_count", GS_FIELD_COUNT, MEMBER(outcome_at_ln2[GS_OUTCOME_NOT_YET].count)},
    {"lrt_rejected_count", GS_FIELD_COUNT, MEMBER(lrt_rejected.count)},
    {"lrt_rejected_share", GS_FIELD_REAL, MEMBER(lrt_rejected.share)},
    {"lrt_rejected_low", GS_FIELD_REAL, MEMBER(lrt_rejected.low)},
    {"lrt_rejected_high", GS_FIELD_REAL, MEMBER(lrt_rejected.high)},
    {"covariance_error_median", GS_FIELD_REAL, MEMBER(median_covariance_error)},
    {"frechet_distance_median", GS_FIELD_REAL, MEMBER(median_frechet_distance)},
    {"kl_exact_median", GS_FIELD_REAL, MEMBER(median_kl)},
    {"jsd_median", GS_FIELD_REAL, MEMBER(median_jsd)},
    {"missed_median", GS_FIELD_REAL, MEMBER(median_missed)},
    {"unstable_count", GS_FIELD_COUNT, MEMBER(unstable.count)},
    {"unstable_share", GS_FIELD_REAL, MEMBER(unstable.share)},
    {"unstable_low", GS_FIELD_REAL, MEMBER(unstable.low)},
    {"unstable_high", GS_FIELD_REAL, MEMBER(unstable.high)},
    {"jacobian_largest_real_median", GS_FIELD_REAL, MEMBER(median_largest_real)},
    {"jacobian_largest_ratio_median", GS_FIELD_REAL, MEMBER(median_largest_ratio)},
};
const int gs_field_count = sizeof gs_fields / sizeof *gs_fields;

int64_t gs_field_integer(const gs_report_row *row, const gs_field *field) {
    int64_t value;
    memcpy(&value, (const char *)row + field->offset, sizeof value);
    return value;
}

double gs_field_real(const gs_report_row *row, const gs_field *field) {
    double value;
    memcpy(&value, (const char *)row + field->offset, sizeof value);
    return value;
}

char *gs_setting_text(const gs_settings *settings, gs_setting setting, char text[GS_SETTING_TEXT]) {
    const int64_t integers[GS_SETTING_COUNT] = {
        [GS_SETTING_SEED] = settings->seed,
        [GS_SETTING_DATA_SEED] = settings->data_seed,
        [GS_SETTING_SHUFFLE_SEED] = settings->shuffle_seed,
        [GS_SETTING_BATCH_SIZE] = settings->batch_size,
        [GS_SETTING_LATENT_DIM] = settings->latent_dim,
        [GS_SETTING_EPOCHS] = settings->epochs,
    };
    switch (gs_settings_table[setting].type) {
    case GS_TYPE_REAL:
        return gs_format_exact(setting == GS_SETTING_LR_D ? settings->lr_D : settings->lr_G, text);
    case GS_TYPE_CONVENTION:
        (void)snprintf(text, GS_SETTING_TEXT, "%s", gs_convention_names[settings->convention]);
        return text;
    case GS_TYPE_GENERATOR_LOSS:
        (void)snprintf(text, GS_SETTING_TEXT, "%s", gs_generator_loss_names[settings->generator_loss]);
        return text;
    default:
        (void)snprintf(text, GS_SETTING_TEXT, "%lld", (long long)integers[setting]);
        return text;
    }
}

char *gs_setting_label(const gs_settings *settings, gs_setting setting, char text[GS_SETTING_TEXT]) {
    (void)gs_setting_text(settings, setting, text);
    if (gs_settings_table[setting].type == GS_TYPE_REAL) {
        (void)snprintf(text, GS_SETTING_TEXT, "%.4g", strtod(text, NULL));
    }
    return text;
}

void gs_settings_mark_different(const gs_settings *first, const gs_settings *other, bool *varies) {
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        char of_first[GS_SETTING_TEXT], of_other[GS_SETTING_TEXT];
        varies[setting] = varies[setting] || strcmp(gs_setting_text(first, setting, of_first),
                                                    gs_setting_text(other, setting, of_other)) != 0;
    }
}
