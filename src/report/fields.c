#include "report/fields.h"

#include <stdio.h>
#include <string.h>

#include "report/format.h"

#define COUNT(name, member)                                                                                            \
    { name, GS_FIELD_COUNT, offsetof(gs_report_row, member) }
#define REAL(name, member)                                                                                             \
    { name, GS_FIELD_REAL, offsetof(gs_report_row, member) }
#define DISTRIBUTION(name)                                                                                             \
    REAL(#name "_mean", name.mean), REAL(#name "_sd", name.standard_deviation), REAL(#name "_median", name.median),    \
        REAL(#name "_percentile_5", name.percentile_5), REAL(#name "_percentile_95", name.percentile_95)
#define SHARE(name)                                                                                                    \
    COUNT(#name "_count", name.count), REAL(#name "_share", name.share), REAL(#name "_low", name.low),                 \
        REAL(#name "_high", name.high)

const gs_field gs_fields[] = {
    COUNT("trials", trials),
    COUNT("done", done),
    COUNT("diverged", diverged),
    COUNT("pending", pending),
    DISTRIBUTION(loss_D),
    DISTRIBUTION(loss_G),
    SHARE(prints_ln2),
    SHARE(covariance_ok),
    SHARE(both),
    SHARE(lrt_rejected),
    REAL("covariance_error_median", median_covariance_error),
    REAL("frechet_distance_median", median_frechet_distance),
    REAL("kl_exact_median", median_kl),
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

bool gs_setting_is_seed(gs_setting setting) {
    return setting == GS_SETTING_SEED || setting == GS_SETTING_DATA_SEED || setting == GS_SETTING_SHUFFLE_SEED;
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
