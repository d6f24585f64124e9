/// Axes of panels: their words can be read.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/page/svg.h"

enum { MOST_WORDS = 64 };
static const double LETTERS = 11;       // pixels, of the style sheet
static const double CHARACTER = 0.5;    // of them, at least
static const double PANEL_HEIGHT = 230; // of the main effects

typedef struct {
    int count;
    double x[MOST_WORDS], y[MOST_WORDS];
    int letters[MOST_WORDS], powers; ///< written "10⁻³"
    bool has_power_of_ten;
} drawn_words;

/// The words of an axis.
/// @param pen  class of the axis' words
static drawn_words draw(double low, double high, bool along_x, const char *pen) {
    const gs_scale logarithmic = {low, high, true, 0, 0, false}, other = {0, 1, false, 0, 0, false};
    char *text = NULL, start[64];
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    drawn_words words = {.count = 0};
    gs_panel panel;
    assert_non_null(stream);
    gs_panel_begin(&panel, stream, 262, PANEL_HEIGHT, 48, along_x ? logarithmic : other, along_x ? other : logarithmic,
                   "A panel");
    if (along_x) {
        gs_panel_x_axis(&panel, "x");
    } else {
        gs_panel_y_axis(&panel, "y");
    }
    gs_panel_end(&panel);
    assert_int_equal(fclose(stream), 0);
    (void)snprintf(start, sizeof start, "<text class=\"%s\" x=\"", pen);
    for (const char *at = strstr(text, start); at != NULL; at = strstr(at, start)) {
        at += strlen(start);
        words.x[words.count] = strtod(at, NULL);
        words.y[words.count] = strtod(strstr(at, "y=\"") + 3, NULL);
        at = strchr(at, '>') + 1;
        const bool raised = strncmp(at, "10", 2) == 0 && ((unsigned char)at[2] & 0x80) != 0;
        const double exponent = log10(strtod(at, NULL));
        words.powers += raised;
        words.has_power_of_ten = words.has_power_of_ten || raised || fabs(exponent - round(exponent)) < 1e-9; // NOLINT
        for (const char *letter = at; *letter != '<'; letter++) {
            words.letters[words.count] += ((unsigned char)*letter & 0xc0) != 0x80; // of UTF-8
        }
        words.count++;
    }
    free(text);
    return words;
}

static void words_of_wide_axes_have_powers_of_ten_among_them(void **state) {
    (void)state;
    for (int i = 0; i < 2000; i++) {
        const double decades = 1 + 0.0037 * (i % 1000), low = pow(10, -4 + 0.37 * (i / 100.0)); // NOLINT
        const drawn_words words = draw(low, low * pow(10, decades), false, "tick end");
        assert_true(words.has_power_of_ten);
        assert_true(words.powers == 0 || words.powers == words.count);
    }
}

static void words_of_logarithmic_axes_do_not_overlap(void **state) {
    int fewest = MOST_WORDS;
    (void)state;
    for (int i = 0; i < 4000; i++) {
        const double decades = 0.31 + 0.0037 * (i % 1000), low = pow(10, -4 + 0.31 * (i / 250.0)); // NOLINT
        const drawn_words up = draw(low, low * pow(10, decades), false, "tick end");
        for (int k = 1; k < up.count; k++) {
            assert_true(up.y[k - 1] - up.y[k] >= LETTERS);
        }
        fewest = up.count < fewest ? up.count : fewest;
        const drawn_words along = draw(low, low * pow(10, decades), true, "tick middle");
        for (int k = 1; k < along.count; k++) {
            const double taken = LETTERS * CHARACTER * (double)(along.letters[k - 1] + along.letters[k]) / 2;
            assert_true(along.x[k] - along.x[k - 1] >= taken);
        }
        fewest = along.count < fewest ? along.count : fewest;
    }
    (void)printf("fewest words of an axis: %d\n", fewest);
    assert_true(fewest >= 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_logarithmic_axes_do_not_overlap),
        cmocka_unit_test(words_of_wide_axes_have_powers_of_ten_among_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
