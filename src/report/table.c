#include "report/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/format.h"

enum { GAP = 2, FIRST_CAPACITY = 16, SHORTEST_RULE = 4 /* "- group -" */ };

void gs_table_start(gs_table *table) {
    *table = (gs_table){0};
}

void gs_table_free(gs_table *table) {
    for (int i = 0; i < table->row_count; i++) {
        free(table->rows[i].cell[0]);
    }
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
    char *cells = calloc(1, GS_TABLE_NAME + (size_t)GS_TABLE_CELL * (size_t)table->column_count);
    if (cells == NULL) {
        return NULL;
    }
    gs_table_row *row = &table->rows[table->row_count++];
    *row = (gs_table_row){.style = style, .cell = {cells}};
    for (int column = 1; column < table->column_count; column++) {
        row->cell[column] = cells + GS_TABLE_NAME + (size_t)GS_TABLE_CELL * (size_t)(column - 1);
    }
    return row;
}

void gs_table_row_name(gs_table_row *row, const char *name) {
    row->cell[0][0] = '\0';
    (void)gs_format_join(row->cell[0], GS_TABLE_NAME, "", name);
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

// ---- lines without spaces at their ends ----

typedef struct {
    const gs_screen *screen;
    gs_style style;
    FILE *stream;
    int spaces; ///< that are due before the next word
} table_line;

static table_line begin_line(gs_style style, const gs_screen *screen, FILE *stream) {
    (void)fprintf(stream, "%s", gs_screen_on(screen, style));
    return (table_line){screen, style, stream, 0};
}

static void end_line(const table_line *line) {
    (void)fprintf(line->stream, "%s\n", gs_screen_off(line->screen, line->style));
}

static void add_word(table_line *line, const char *word) {
    if (word[0] != '\0') {
        (void)fprintf(line->stream, "%*s%s", line->spaces, "", word);
        line->spaces = 0;
    }
}

static void add_rule(table_line *line, int width) {
    for (int i = 0; i < width; i++) {
        add_word(line, "-");
    }
}

/// A group's name, centred in a rule over its columns where that has room: "---- loss_D ----".
static void add_group(table_line *line, const char *group, int width) {
    const int length = (int)strlen(group), before = (width - length) / 2, behind = width - length - before;
    const bool ruled = length > 0 && width >= length + SHORTEST_RULE;
    if (ruled) {
        add_rule(line, before - 1);
    }
    line->spaces += ruled ? 1 : before;
    add_word(line, group);
    line->spaces += ruled ? 1 : behind;
    if (ruled) {
        add_rule(line, behind - 1);
    }
}

static void print_groups(const gs_table *table, const int *widths, const gs_screen *screen, FILE *stream) {
    bool any = false;
    for (int column = 0; column < table->column_count; column++) {
        any = any || table->group[column][0] != '\0';
    }
    if (!any) {
        return;
    }
    table_line line = begin_line(GS_STYLE_BOLD, screen, stream);
    for (int first = 0, end; first < table->column_count; first = end) {
        end = end_of_group(table, first);
        add_group(&line, table->group[first], width_of_group(widths, first, end));
        line.spaces += GAP;
    }
    end_line(&line);
}

static void print_cells(const gs_table *table, const int *widths, const char *const *cells, gs_style style,
                        const gs_screen *screen, FILE *stream) {
    table_line line = begin_line(style, screen, stream);
    for (int column = 0; column < table->column_count; column++) {
        const int missing = widths[column] - (int)strlen(cells[column]);
        line.spaces += table->left[column] ? 0 : missing;
        add_word(&line, cells[column]);
        line.spaces += GAP + (table->left[column] ? missing : 0);
    }
    end_line(&line);
}

static void print_note(const gs_table_row *row, const gs_screen *screen, FILE *stream) {
    table_line line = begin_line(row->style, screen, stream);
    add_word(&line, row->cell[0]);
    end_line(&line);
}

void gs_table_print(const gs_table *table, const gs_screen *screen, FILE *stream) {
    int widths[GS_TABLE_COLUMNS] = {0};
    measure(table, widths);
    print_groups(table, widths, screen, stream);
    print_cells(table, widths, table->name, GS_STYLE_BOLD, screen, stream);
    for (int i = 0; i < table->row_count; i++) {
        gs_table_row *row = &table->rows[i];
        if (row->note) {
            print_note(row, screen, stream);
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
