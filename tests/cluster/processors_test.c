/// How ranks on one host share its processors.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cluster/processors.h"

static gs_processors range(int first, int end) {
    gs_processors set = {{0}};
    for (int i = first; i < end; i++) {
        set.bits[i / 8] = (unsigned char)(set.bits[i / 8] | 1U << (i % 8));
    }
    return set;
}

static void expect(const gs_processors *all, int count, int place, int threads, gs_processors own) {
    gs_processors found;
    assert_int_equal(gs_processors_share(all, count, place, &found), threads);
    assert_memory_equal(&found, &own, sizeof own);
}

static void a_rank_alone_has_all(void **state) {
    (void)state;
    const gs_processors all[] = {range(3, 20)};
    expect(all, 1, 0, 17, range(3, 20));
}

static void ranks_with_processors_of_their_own_have_these(void **state) {
    (void)state;
    const gs_processors all[] = {range(0, 4), range(4, 6), range(6, 7)};
    expect(all, 3, 0, 4, range(0, 4));
    expect(all, 3, 1, 2, range(4, 6));
    expect(all, 3, 2, 1, range(6, 7));
}

static void ranks_with_the_same_processors_divide_them(void **state) {
    (void)state;
    const gs_processors all[] = {range(1, 9), range(1, 9), range(1, 9)};
    expect(all, 3, 0, 3, range(1, 4));
    expect(all, 3, 1, 3, range(4, 7));
    expect(all, 3, 2, 2, range(7, 9));
}

static void sockets_are_divided_each_among_its_own_ranks(void **state) {
    (void)state;
    const gs_processors all[] = {range(0, 8), range(8, 16), range(0, 8), range(8, 16), range(8, 16)};
    expect(all, 5, 0, 4, range(0, 4));
    expect(all, 5, 2, 4, range(4, 8));
    expect(all, 5, 1, 3, range(8, 11));
    expect(all, 5, 3, 3, range(11, 14));
    expect(all, 5, 4, 2, range(14, 16));
}

static void more_ranks_than_processors_have_a_thread_each(void **state) {
    (void)state;
    const gs_processors all[] = {range(0, 2), range(0, 2), range(0, 2)};
    expect(all, 3, 0, 1, range(0, 2));
    expect(all, 3, 2, 1, range(0, 2));
}

static void ranks_that_share_some_are_not_pinned(void **state) {
    (void)state;
    const gs_processors all[] = {range(0, 4), range(2, 6)};
    expect(all, 2, 0, 2, range(0, 4));
    expect(all, 2, 1, 2, range(2, 6));
}

static void the_shares_of_many_processors_are_all_of_them(void **state) {
    (void)state;
    enum { RANKS = 7 };
    gs_processors all[RANKS], together = {{0}};
    int threads = 0;
    for (int i = 0; i < RANKS; i++) {
        all[i] = range(0, GS_MOST_PROCESSORS);
    }
    for (int i = 0; i < RANKS; i++) {
        gs_processors own;
        threads += gs_processors_share(all, RANKS, i, &own);
        for (size_t byte = 0; byte < sizeof own.bits; byte++) {
            assert_int_equal(together.bits[byte] & own.bits[byte], 0);
            together.bits[byte] |= own.bits[byte];
        }
    }
    assert_int_equal(threads, GS_MOST_PROCESSORS);
    assert_memory_equal(&together, &all[0], sizeof together);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rank_alone_has_all),
        cmocka_unit_test(ranks_with_processors_of_their_own_have_these),
        cmocka_unit_test(ranks_with_the_same_processors_divide_them),
        cmocka_unit_test(sockets_are_divided_each_among_its_own_ranks),
        cmocka_unit_test(more_ranks_than_processors_have_a_thread_each),
        cmocka_unit_test(ranks_that_share_some_are_not_pinned),
        cmocka_unit_test(the_shares_of_many_processors_are_all_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
