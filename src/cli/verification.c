#include "cli/verification.h"

#include "numeric/format.h"

/// "loss_G of trial 17"
static void describe(const gs_damage *damage, char *text, size_t size) {
    if (damage->dataset[0] == '\0') {
        (void)snprintf(text, size, "the row of trial %lld, or its checksum", (long long)damage->trial);
    } else {
        (void)snprintf(text, size, "%s of %s %lld", damage->dataset, damage->of_trial ? "trial" : "position",
                       (long long)damage->trial);
    }
}

void print_damage(const gs_verification *found, FILE *stream) {
    char text[160], rest[GS_FORMAT_BYTES];
    if (stream == NULL) {
        return;
    }
    for (int64_t i = 0; i < found->damage_count && i < GS_MOST_DAMAGE_LISTED; i++) {
        describe(&found->damage[i], text, sizeof text);
        (void)fprintf(stream, "damaged: %s\n", text);
    }
    if (found->damage_count > GS_MOST_DAMAGE_LISTED) {
        (void)fprintf(stream, "damaged: ... and %s more\n",
                      gs_format_count(found->damage_count - GS_MOST_DAMAGE_LISTED, rest));
    }
}

gs_status fail_damaged(const gs_verification *found, const char *path, const char *advice, gs_error *error) {
    char text[160], count[GS_FORMAT_BYTES];
    describe(&found->damage[0], text, sizeof text);
    return gs_fail(error, GS_ERROR_RESULTS, "%.600s: it is damaged: %s%s%s%s", path, text,
                   found->damage_count > 1 ? " and others, places in all: " : "",
                   found->damage_count > 1 ? gs_format_count(found->damage_count, count) : "", advice);
}
