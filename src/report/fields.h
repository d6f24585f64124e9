/// The columns of a report, in one table: what csv and json write, and their names, units and descriptions.
#ifndef REPORT_FIELDS_H
#define REPORT_FIELDS_H

#include "gansweep/report.h"

typedef enum { GS_FIELD_COUNT, GS_FIELD_REAL } gs_field_type;

typedef struct {
    const char *name;
    gs_field_type type;
    size_t offset; ///< in a gs_report_row
} gs_field;

extern const gs_field gs_fields[];
extern const int gs_field_count;

int64_t gs_field_integer(const gs_report_row *row, const gs_field *field);
double gs_field_real(const gs_report_row *row, const gs_field *field);

/// Settings from here on make a configuration; the three seeds stand before it.
static const gs_setting GS_FIRST_CONFIGURING = GS_SETTING_LR_G;

/// A setting's value as text: a convention's name, an integer, or the shortest decimal that reads back as the same
/// real.
enum { GS_SETTING_TEXT = 40 };
char *gs_setting_text(const gs_settings *settings, gs_setting setting, char text[GS_SETTING_TEXT]);
/// The same to label a row of a table: a real with as many digits as tell a grid's points apart.
char *gs_setting_label(const gs_settings *settings, gs_setting setting, char text[GS_SETTING_TEXT]);
/// Marks the settings from GS_FIRST_CONFIGURING on in which two configurations differ.
/// @param varies  [GS_SETTING_COUNT] marks stay
void gs_settings_mark_different(const gs_settings *first, const gs_settings *other, bool *varies);

#endif
