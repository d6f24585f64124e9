/// Ranges of bytes as RFC 9110 (section 14.1.2) has them. Oracle: the examples there, and their grammar.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "view/server.h"

static void ranges_of_the_rfc_are_read(void **state) {
    static const struct {
        const char *header;
        int64_t first, last;
    } examples[] = {
        {"bytes=0-499", 0, 499},
        {"bytes=500-999", 500, 999},
        {"bytes=-500", 9500, 9999},
        {"bytes=9500-", 9500, 9999},
        {"bytes=0-0", 0, 0},
        {"bytes=-1", 9999, 9999},
        {"bytes=9999-9999", 9999, 9999},
        {"bytes=0-99999999999", 0, 9999},
        {"bytes=-20000", 0, 9999},
    };
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        int64_t first, last;
        assert_true(gs_view_range(examples[i].header, 10000, &first, &last));
        assert_int_equal(first, examples[i].first);
        assert_int_equal(last, examples[i].last);
    }
}

static void anything_else_is_refused(void **state) {
    static const char *const headers[] = {
        "",
        "bytes=",
        "bytes=-",
        "bytes=10000-",
        "bytes=5-4",
        "bytes=-0",
        "bytes=a-b",
        "bytes=0-1,3-4",
        "bytes 0-1",
        "lines=0-1",
        "bytes=0-1 ",
        "bytes=--5",
        "bytes=+1-2",
        "bytes=1-2-3",
        "bytes=0x1-0x2",
        "bytes=99999999999999999999999-",
        "bytes=-99999999999999999999999",
    };
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        int64_t first, last;
        assert_false(gs_view_range(headers[i], 10000, &first, &last));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_of_the_rfc_are_read),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
