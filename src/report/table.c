#include "report/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2, FIRST_CAPACITY = 16, SHORTEST_RULE = 4 /* "- group -" */ };

void gs_table_start(gs_table *table) {
    *table = (gs_table){0};
}

void gs_table_free(gs_table *table) {
    free(table->rows);
    *table = (gs_table){0};
}

void gs_table_column(gs_table *table, const char *group, const char *name, bool left) {
    assert(table->column_count < GS_TABLE_COLUMNS);
    const int column = table->column_count++;
    table->group[column] = group;
    table->name[column] = name;
    table->left[column] = left;
}

gs_table_row *gs_table_add(gs_table *table, gs_style style) {
    if (table->row_count == table->row_capacity) {
        const int capacity = table->row_capacity == 0 ? FIRST_CAPACITY : 2 * table->row_capacity;
        gs_table_row *rows = realloc(table->rows, (size_t)capacity * sizeof *rows);
        if (rows == NULL) {
            return NULL;
        }
        table->rows = rows;
        table->row_capacity = capacity;
    }
    gs_table_row *row = &table->rows[table->row_count++];
    *row = (gs_table_row){.style = style};
    return row;
}

static int wider(int width, const char *text) {
    const int length = (int)strlen(text);
    return length > width ? length : width;
}

/// One past the last column that stands under the same group name as `first`.
static int end_of_group(const gs_table *table, int first) {
    int end = first + 1;
    while (end < table->column_count && table->group[first][0] != '\0' &&
           strcmp(table->group[end], table->group[first]) == 0) {
        end++;
    }
    return end;
}

static int width_of_group(const int *widths, int first, int end) {
    int width = (end - first - 1) * GAP;
    for (int column = first; column < end; column++) {
        width += widths[column];
    }
    return width;
}

/// Width of every column; a group's last column makes room for a long group name.
static void measure(const gs_table *table, int *widths) {
    for (int column = 0; column < table->column_count; column++) {
        widths[column] = wider(0, table->name[column]);
        for (int row = 0; row < table->row_count; row++) {
            if (!table->rows[row].note) {
                widths[column] = wider(widths[column], table->rows[row].cell[column]);
            }
        }
    }
    for (int first = 0, end; first < table->column_count; first = end) {
        end = end_of_group(table, first);
        const int missing = (int)strlen(table->group[first]) - width_of_group(widths, first, end);
        widths[end - 1] += missing > 0 ? missing : 0;
    }
}

/// Prints one line without spaces at its end.
static void print_line(char *line, gs_style style, const gs_screen *screen, FILE *stream) {
    size_t length = strlen(line);
    while (length > 0 && line[length - 1] == ' ') {
        line[--length] = '\0';
    }
    (void)fprintf(stream, "%s%s%s\n", gs_screen_on(screen, style), line, gs_screen_off(screen, style));
}

/// Group names, each centred in a rule over its columns: "---- loss_D ----".
static void print_groups(const gs_table *table, const int *widths, const gs_screen *screen, FILE *stream) {
    char line[GS_TABLE_COLUMNS * (GS_TABLE_CELL + GAP) + 1];
    char *to = line;
    bool any = false;
    for (int first = 0, end; first < table->column_count; first = end) {
        end = end_of_group(table, first);
        const char *group = table->group[first];
        const int width = width_of_group(widths, first, end), length = (int)strlen(group);
        memset(to, group[0] == '\0' || width < length + SHORTEST_RULE ? ' ' : '-', (size_t)width);
        const int before = (width - length) / 2;
        memcpy(to + before, group, (size_t)length);
        if (length > 0 && width >= length + SHORTEST_RULE) {
            to[before - 1] = to[before + length] = ' ';
        }
        any = any || length > 0;
        to += width;
        memset(to, ' ', GAP);
        to += GAP;
    }
    *to = '\0';
    if (any) {
        print_line(line, GS_STYLE_BOLD, screen, stream);
    }
}

static void print_cells(const gs_table *table, const int *widths, const char *const *cells, gs_style style,
                        const gs_screen *screen, FILE *stream) {
    char line[GS_TABLE_COLUMNS * (GS_TABLE_CELL + GAP) + 1];
    char *to = line;
    for (int column = 0; column < table->column_count; column++) {
        to += sprintf(to, table->left[column] ? "%-*s" : "%*s", widths[column], cells[column]);
        to += sprintf(to, "%*s", GAP, "");
    }
    print_line(line, style, screen, stream);
}

void gs_table_print(const gs_table *table, const gs_screen *screen, FILE *stream) {
    int widths[GS_TABLE_COLUMNS] = {0};
    measure(table, widths);
    print_groups(table, widths, screen, stream);
    print_cells(table, widths, table->name, GS_STYLE_BOLD, screen, stream);
    for (int i = 0; i < table->row_count; i++) {
        gs_table_row *row = &table->rows[i];
        if (row->note) {
            print_line(row->cell[0], row->style, screen, stream);
            continue;
        }
        const char *cells[GS_TABLE_COLUMNS];
        for (int column = 0; column < table->column_count; column++) {
            cells[column] = row->cell[column];
        }
        print_cells(table, widths, cells, row->style, screen, stream);
    }
}

void gs_table_show(const gs_table *table, const char *heading, const gs_screen *screen, FILE *stream) {
    (void)fprintf(stream, "\n%s\n", heading);
    gs_table_print(table, screen, stream);
}
