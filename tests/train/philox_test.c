/// Philox4x32-10, scalar and in lanes. Oracles: Random123's published known-answer vectors and its own C code.
/// Built once for each instruction set, so that every vector header is held to the same answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <Random123/philox.h>

#include "train/philox.h"
#include "train/trainer_test.h"

static void scalar_code_gives_the_published_answers(void **state) {
    (void)state;
    FILE *file = fopen(TESTS_DIR "/train/philox_kat.txt", "r");
    assert_non_null(file);
    char line[256];
    int vectors = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        uint32_t w[10];
        if (sscanf(line, "%x %x %x %x %x %x %x %x %x %x", &w[0], &w[1], &w[2], &w[3], &w[4], &w[5], &w[6], &w[7], &w[8],
                   &w[9]) != 10) {
            continue;
        }
        gs_philox_scalar(w, w[4], w[5]);
        assert_memory_equal(w, w + 6, 4 * sizeof *w);
        vectors++;
    }
    (void)fclose(file);
    print_message("%d known-answer vectors\n", vectors);
    assert_int_equal(vectors, 3);
}

static void lanes_give_what_random123_gives_for_each_counter_and_key(void **state) {
    (void)state;
    uint64_t mix = 0x9e3779b97f4a7c15u;
    const int calls = 20000;
    for (int call = 0; call < calls; call++) {
        uint32_t counter0[2][GS_LANES], key0[GS_LANES], key1[GS_LANES], answer[2][4][GS_LANES];
        for (int lane = 0; lane < GS_LANES; lane++) {
            counter0[0][lane] = (uint32_t)test_mix(&mix);
            counter0[1][lane] = call == 0 ? UINT32_MAX : (uint32_t)test_mix(&mix);
            key0[lane] = call == 1 ? UINT32_MAX : (uint32_t)test_mix(&mix);
            key1[lane] = (uint32_t)test_mix(&mix);
        }
        const uint32_t counter1 = (uint32_t)test_mix(&mix), counter2 = (uint32_t)test_mix(&mix);
        philox_keys keys;
        vint counters[2] = {viload(counter0[0]), viload(counter0[1])}, words[2][4];
        philox_make_keys(&keys, viload(key0), viload(key1));
        philox_n(&keys, counters, viset(counter1), viset(counter2), words, 2);
        for (int block = 0; block < 2; block++) {
            for (int word = 0; word < 4; word++) {
                vistore(answer[block][word], words[block][word]);
            }
            for (int lane = 0; lane < GS_LANES; lane++) {
                const philox4x32_ctr_t at = {{counter0[block][lane], counter1, counter2, 0}};
                const philox4x32_key_t key = {{key0[lane], key1[lane]}};
                const philox4x32_ctr_t expected = philox4x32(at, key);
                for (int word = 0; word < 4; word++) {
                    assert_int_equal(answer[block][word][lane], expected.v[word]);
                }
            }
        }
    }
    print_message("%d blocks in %d lanes equal Random123's\n", 2 * calls, GS_LANES);
}

static void a_square_is_transposed(void **state) {
    (void)state;
    float square[GS_LANES][GS_LANES];
    vfloat rows[GS_LANES];
    for (int i = 0; i < GS_LANES; i++) {
        for (int j = 0; j < GS_LANES; j++) {
            square[i][j] = (float)(i * GS_LANES + j);
        }
        rows[i] = vload(square[i]);
    }
    vtranspose(rows);
    for (int i = 0; i < GS_LANES; i++) {
        float row[GS_LANES];
        vstore(row, rows[i]);
        for (int j = 0; j < GS_LANES; j++) {
            assert_true(row[j] == square[j][i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalar_code_gives_the_published_answers),
        cmocka_unit_test(lanes_give_what_random123_gives_for_each_counter_and_key),
        cmocka_unit_test(a_square_is_transposed),
    };
    if (!gs_isa_available(TEST_ISA)) {
        print_message("this processor has no %s\n", gs_isa_names[TEST_ISA]);
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
