/// A small table of text with aligned columns.
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include "report/screen.h"

/// Bytes of a cell, and of the first of a row: that of an effect has the names of two factors.
enum { GS_TABLE_COLUMNS = 32, GS_TABLE_CELL = 40, GS_TABLE_NAME = 256 };

typedef struct {
    gs_style style;
    bool note;                    ///< cell 0 is a line of its own across the table
    char *cell[GS_TABLE_COLUMNS]; ///< of as many columns as the table has; of the others NULL
} gs_table_row;

typedef struct {
    int column_count;
    const char *group[GS_TABLE_COLUMNS]; ///< printed once above equal neighbours; "" for none
    const char *name[GS_TABLE_COLUMNS];
    bool left[GS_TABLE_COLUMNS]; ///< aligned left: words; numbers are aligned right
    int row_count, row_capacity;
    gs_table_row *rows;
} gs_table;

/// An empty table; ends with gs_table_free().
void gs_table_start(gs_table *table);
void gs_table_free(gs_table *table);
void gs_table_column(gs_table *table, const char *group, const char *name, bool left);
/// A new empty row, after all columns, valid until the next one; NULL when out of memory.
gs_table_row *gs_table_add(gs_table *table, gs_style style);
/// Writes the first cell of a row; a name that is longer than that ends with "...".
void gs_table_row_name(gs_table_row *row, const char *name);
void gs_table_print(const gs_table *table, const gs_screen *screen, FILE *stream);

/// Shows a table under its heading.
typedef void gs_table_printer(const gs_table *table, const char *heading, const gs_screen *screen, FILE *stream);
gs_table_printer gs_table_show; ///< on a screen, after an empty line

#endif
