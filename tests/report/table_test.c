/// Tables of text: columns stand under each other, and no name is taken for another one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gansweep/report.h"
#include "numeric/format.h"
#include "report/table.h"

static const gs_screen PLAIN = {.terminal = false};

static char *print(gs_table *table) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    gs_table_print(table, &PLAIN, stream);
    assert_int_equal(fclose(stream), 0);
    gs_table_free(table);
    return text;
}

static void columns_stand_under_their_names_and_groups(void **state) {
    gs_table table;
    (void)state;
    gs_table_start(&table);
    gs_table_column(&table, "", "nets", true);
    gs_table_column(&table, "loss_D", "mean", false);
    gs_table_column(&table, "loss_D", "median", false);
    gs_table_column(&table, "a group", "n", false);
    gs_table_row *row = gs_table_add(&table, GS_STYLE_PLAIN);
    gs_table_row_name(row, "trained");
    (void)strcpy(row->cell[1], "0.69");
    (void)strcpy(row->cell[3], "12");
    row = gs_table_add(&table, GS_STYLE_PLAIN);
    row->note = true;
    gs_table_row_name(row, "... and 7 more of these configurations");
    char *text = print(&table);
    assert_string_equal(text, "         -- loss_D --  a group\n"
                              "nets     mean  median        n\n"
                              "trained  0.69               12\n"
                              "... and 7 more of these configurations\n");
    free(text);
}

static void names_of_two_factors_are_whole(void **state) {
    char name[2 * GS_FACTOR_NAME], heading[GS_FACTOR_NAME];
    gs_table table;
    (void)state;
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    memset(heading, 'y', sizeof heading);
    heading[sizeof heading - 1] = '\0';
    gs_table_start(&table);
    gs_table_column(&table, "", heading, true);
    gs_table_column(&table, "", "share", false);
    gs_table_row *row = gs_table_add(&table, GS_STYLE_PLAIN);
    gs_table_row_name(row, name);
    (void)strcpy(row->cell[1], "1.5 %");
    char *text = print(&table), expected[2 * sizeof name + 64];
    (void)snprintf(expected, sizeof expected, "%-255s  share\n%s  1.5 %%\n", heading, name);
    assert_string_equal(text, expected);
    free(text);
}

static void what_is_cut_says_so(void **state) {
    char name[GS_TABLE_NAME + 2], list[16] = "";
    gs_table table;
    (void)state;
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    gs_table_start(&table);
    gs_table_column(&table, "", "effect", true);
    gs_table_row *row = gs_table_add(&table, GS_STYLE_PLAIN);
    gs_table_row_name(row, name);
    assert_int_equal(strlen(row->cell[0]), GS_TABLE_NAME - 1);
    assert_string_equal(row->cell[0] + GS_TABLE_NAME - 5, "x...");
    name[GS_TABLE_NAME - 1] = '\0';
    gs_table_row_name(row, name);
    assert_string_equal(row->cell[0], name);
    gs_table_free(&table);

    assert_string_equal(gs_format_join(list, sizeof list, " & ", "0.0124"), "0.0124");
    assert_string_equal(gs_format_join(list, sizeof list, " & ", "123456"), "0.0124 & 123456");
    assert_string_equal(gs_format_join(list, sizeof list, " & ", "7"), "0.0124 & 123...");
    assert_string_equal(gs_format_join(list, sizeof list, " & ", "8"), "0.0124 & 123...");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_stand_under_their_names_and_groups),
        cmocka_unit_test(names_of_two_factors_are_whole),
        cmocka_unit_test(what_is_cut_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
