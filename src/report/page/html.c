#include "report/page/html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "store/provenance.h"

enum { MOST_FORMATTED = 4096 };
static const char *const REPLACEMENT = "\xef\xbf\xbd"; // U+FFFD

static uint32_t code_point(const unsigned char *bytes, size_t length) {
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = bytes[0] & first_bits[length];
    for (size_t i = 1; i < length; i++) {
        code = code << 6 | (bytes[i] & 0x3f);
    }
    return code;
}

/// Whether a document may have a character, and it only shows itself.
static bool is_harmless(uint32_t code) {
    const bool control = (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7f && code < 0xa0);
    const bool noncharacter = (code & 0xfffe) == 0xfffe || (code >= 0xfdd0 && code <= 0xfdef);
    const bool turns = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return !control && !noncharacter && !turns;
}

static const char *entity(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void gs_html_text(const char *text, FILE *stream) {
    size_t left = strlen(text);
    while (left > 0) {
        const size_t length = gs_utf8_length(text, left), taken = length > 0 ? length : 1;
        const char *replaced = length == 1 ? entity(*text) : NULL;
        if (replaced != NULL) {
            (void)fputs(replaced, stream);
        } else if (length > 0 && is_harmless(code_point((const unsigned char *)text, length))) {
            (void)fwrite(text, 1, length, stream);
        } else if (!(text[0] == '\r' && text[1] == '\n')) { // the end of a line in two characters is one in one
            (void)fputs(REPLACEMENT, stream);
        }
        text += taken;
        left -= taken;
    }
}

void gs_html_print(FILE *stream, const char *format, ...) {
    char text[MOST_FORMATTED];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    gs_html_text(text, stream);
}

// ---- tables ----

static const char *class_of(gs_style style) {
    return style == GS_STYLE_DIM ? " class=\"dim\"" : "";
}

/// Columns that share a group's name stand under it.
static void print_groups(const gs_table *table, FILE *stream) {
    bool any = false;
    for (int i = 0; i < table->column_count; i++) {
        any = any || table->group[i][0] != '\0';
    }
    if (!any) {
        return;
    }
    (void)fprintf(stream, "<tr>");
    for (int first = 0, end; first < table->column_count; first = end) {
        end = first + 1;
        while (end < table->column_count && strcmp(table->group[end], table->group[first]) == 0) {
            end++;
        }
        const bool named = table->group[first][0] != '\0';
        (void)fprintf(stream, named ? "<th scope=\"colgroup\" colspan=\"%d\">" : "<td colspan=\"%d\">", end - first);
        gs_html_text(table->group[first], stream);
        (void)fprintf(stream, named ? "</th>" : "</td>");
    }
    (void)fprintf(stream, "</tr>\n");
}

static void print_names(const gs_table *table, FILE *stream) {
    (void)fprintf(stream, "<tr>");
    for (int i = 0; i < table->column_count; i++) {
        (void)fprintf(stream, "<th scope=\"col\"%s>", table->left[i] ? " class=\"word\"" : "");
        gs_html_text(table->name[i], stream);
        (void)fprintf(stream, "</th>");
    }
    (void)fprintf(stream, "</tr>\n");
}

static void print_row(const gs_table *table, const gs_table_row *row, FILE *stream) {
    (void)fprintf(stream, "<tr%s>", class_of(row->style));
    for (int i = 0; i < table->column_count && !row->note; i++) {
        (void)fprintf(stream, "<td%s>", table->left[i] ? " class=\"word\"" : "");
        gs_html_text(row->cell[i], stream);
        (void)fprintf(stream, "</td>");
    }
    if (row->note) {
        (void)fprintf(stream, "<td class=\"word\" colspan=\"%d\">", table->column_count);
        gs_html_text(row->cell[0], stream);
        (void)fprintf(stream, "</td>");
    }
    (void)fprintf(stream, "</tr>\n");
}

/// Rows at the end that all rows are compared with: untrained nets, floors, what is left.
static int count_last(const gs_table *table) {
    int count = 0;
    while (count < table->row_count && table->rows[table->row_count - 1 - count].style == GS_STYLE_DIM) {
        count++;
    }
    return count;
}

void gs_html_table(const gs_table *table, const char *heading, const gs_screen *screen, FILE *stream) {
    (void)screen;
    const int last = count_last(table), body = table->row_count - last;
    (void)fprintf(stream, "<div class=\"wide\" tabindex=\"0\"><table>\n<caption>");
    gs_html_text(heading, stream);
    (void)fprintf(stream, "</caption>\n<thead>\n");
    print_groups(table, stream);
    print_names(table, stream);
    (void)fprintf(stream, "</thead>\n<tbody>\n");
    for (int i = 0; i < body; i++) {
        print_row(table, &table->rows[i], stream);
    }
    (void)fprintf(stream, "</tbody>\n%s", last > 0 ? "<tfoot>\n" : "");
    for (int i = body; i < table->row_count; i++) {
        print_row(table, &table->rows[i], stream);
    }
    (void)fprintf(stream, "%s</table></div>\n", last > 0 ? "</tfoot>\n" : "");
}
