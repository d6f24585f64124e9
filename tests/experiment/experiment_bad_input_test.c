/// Experiments that are wrong: each gives one line with its place, the key and what was expected, status
/// GS_ERROR_INPUT, no experiment, and takes little time. The tables say what is written and what must be answered.
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

/// A text, and the pieces that its message must have.
typedef struct {
    const char *text;
    const char *place; ///< "2:14"
    const char *says, *expected;
} bad_text;

/// Parses a text that must be refused with GS_ERROR_INPUT, and checks the form of the message.
static void refuse(const char *text, size_t length, const char *const *overrides, int count, gs_error *error) {
    gs_experiment *experiment = NULL;
    memset(error, 0, sizeof *error);
    const gs_status status = gs_experiment_parse(text, length, "test.yaml", overrides, count, &experiment, error);
    if (status != GS_ERROR_INPUT) {
        fail_msg("status %d (%s) for: %.200s", (int)status, error->message, text);
    }
    assert_null(experiment);
    assert_null(strchr(error->message, '\n'));
    assert_true(strlen(error->message) > 20);
}

static void assert_says(const gs_error *error, const char *piece) {
    if (strstr(error->message, piece) == NULL) {
        fail_msg("expected '%s' in: %s", piece, error->message);
    }
}

static void check_rows(const bad_text *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        gs_error error;
        char place[64];
        refuse(rows[i].text, strlen(rows[i].text), NULL, 0, &error);
        printf("  %s\n", error.message);
        (void)snprintf(place, sizeof place, "test.yaml:%s: ", rows[i].place);
        if (strncmp(error.message, place, strlen(place)) != 0) {
            fail_msg("expected it to begin with '%s': %s", place, error.message);
        }
        assert_says(&error, rows[i].says);
        assert_says(&error, rows[i].expected);
    }
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))
#define PARAMETERS(text) DATA "parameters: {seed: 1, " text "}\n"

static void unknown_keys_name_the_nearest(void **state) {
    (void)state;
    const bad_text rows[] = {
        {DATA "parametres: {seed: 1}\n", "2:1", "unknown key 'parametres'", "did you mean 'parameters'?"},
        {PARAMETERS("lr_d: 1"), "2:23", "parameters: unknown key 'lr_d'", "did you mean 'lr_D'?"},
        {PARAMETERS("bacth_size: 1"), "2:23", "unknown key", "did you mean 'batch_size'?"},
        {PARAMETERS("lr_D: {vlues: [1]}"), "2:30", "lr_D: unknown key 'vlues'", "did you mean 'values'?"},
        {PARAMETERS("lr_D: {valu: 1}"), "2:30", "unknown key 'valu'", "did you mean 'value'?"},
        {DATA SEEDS "keep: {sample: 1}\n", "3:8", "keep: unknown key 'sample'", "did you mean 'samples'?"},
        {DATA SEEDS "model: {layers: [1]}\n", "3:9", "unknown key 'layers'", "expected one of generator"},
        {DATA SEEDS "epochs: 5\n", "3:1", "unknown key 'epochs' here", "expected it under train: or parameters:"},
        {DATA SEEDS "train: {lr_D: 5}\n", "3:9", "unknown key 'lr_D' here", "expected it under parameters:"},
        {DATA SEEDS "model: {convention: tf}\n", "3:9", "unknown key 'convention'", "at the top level"},
        {DATA SEEDS "<<: {a: b}\n", "3:1", "unknown key '<<'", "expected one of"},
        {DATA SEEDS "? \n: 1\n", "3:2", "unknown key ''", "expected one of"},
        {DATA "convention: torhc\n" SEEDS, "2:13", "'torhc' is not known", "did you mean 'torch'?"},
        {DATA "generator_loss: minmax\n" SEEDS, "2:17", "'minmax' is not known", "did you mean 'minimax'?"},
        {"data: {law: normal, A: [[1]], b: [0], n: 9}\n" SEEDS, "1:13", "'normal'", "expected gaussian"},
        {PARAMETERS("lr_D: {min: 1, max: 2, count: 2, scale: lgo}"), "2:63", "'lgo'", "did you mean 'log'?"},
    };
    CHECK(rows);
}

static void wrong_types_and_ranges_are_refused(void **state) {
    (void)state;
    const bad_text rows[] = {
        {PARAMETERS("lr_D: fast"), "2:29", "lr_D: 'fast'", "expected a number from"},
        {PARAMETERS("lr_D: '0.1'"), "2:29", "in quotes", "expected a number without quotes"},
        {PARAMETERS("lr_D: 0"), "2:29", "lr_D: '0'", "expected a number from"},
        {PARAMETERS("lr_D: -0.1"), "2:29", "lr_D: '-0.1'", "expected a number from"},
        {PARAMETERS("lr_D: .inf"), "2:29", "'.inf'", "expected a number from"},
        {PARAMETERS("lr_D: .nan"), "2:29", "'.nan'", "expected a number from"},
        {PARAMETERS("lr_D: inf"), "2:29", "'inf'", "expected a number from"},
        {PARAMETERS("lr_D: nan"), "2:29", "'nan'", "expected a number from"},
        {PARAMETERS("lr_D: 1e999"), "2:29", "'1e999'", "expected a number from"},
        {PARAMETERS("lr_D: 1e-999"), "2:29", "'1e-999'", "expected a number from"},
        {PARAMETERS("lr_D: 0x1"), "2:29", "'0x1'", "expected a number from"},
        {PARAMETERS("lr_D: 0.1.2"), "2:29", "'0.1.2'", "expected a number from"},
        {PARAMETERS("lr_D: 0.1 0.2"), "2:29", "'0.1 0.2'", "expected a number from"},
        {PARAMETERS("lr_D: [[1]]"), "2:30", "a list", "expected a number"},
        {PARAMETERS("lr_D: ~"), "2:29", "'~'", "expected a number from"},
        {DATA "parameters:\n  seed: 1\n  lr_D:\n", "4:8", "lr_D: nothing", "expected a number"},
        {PARAMETERS("batch_size: 0"), "2:35", "'0'", "expected an integer from 1"},
        {PARAMETERS("batch_size: 1.5"), "2:35", "'1.5'", "expected an integer from 1"},
        {PARAMETERS("batch_size: -3"), "2:35", "'-3'", "expected an integer from 1"},
        {PARAMETERS("batch_size: 1001"), "2:23", "1001 is more than the 1000 examples", "expected 1 to 1000"},
        {PARAMETERS("batch_size: [8, 1001]"), "2:39", "1001 is more than", "expected 1 to 1000"},
        {PARAMETERS("batch_size: {range: [1, 1001]}"), "2:23", "1001 is more than", "expected 1 to 1000"},
        {PARAMETERS("epochs: 0"), "2:31", "'0'", "expected an integer from 1 to 1000000"},
        {PARAMETERS("latent_dim: 257"), "2:35", "'257'", "expected an integer from 1 to 256"},
        {DATA "parameters: {seed: -1}\n", "2:20", "'-1'", "expected an integer from 0 to 9223372036854775807"},
        {DATA "parameters: {seed: 9223372036854775808}\n", "2:20", "'9223372036854775808'", "from 0 to"},
        {DATA "convention: 3\n" SEEDS, "2:13", "'3' is not known", "expected one of mxnet"},
        {DATA "convention: [[tf]]\n" SEEDS, "2:14", "a list", "expected one of mxnet"},
        {DATA SEEDS "keep: {samples: 1001}\n", "3:17", "1001 is more than check.samples", "expected at most 1000"},
        {DATA SEEDS "keep: {generator_by_epoch: yes}\n", "3:28", "'yes'", "expected true or false"},
        {DATA SEEDS "keep: {generator_by_epoch: [true]}\n", "3:28", "'a list'", "expected true or false"},
        {DATA SEEDS "check: {samples: 2}\n", "3:18", "check.samples: 2", "expected at least 3"},
        {DATA SEEDS "check: {jsd: 1}\n", "3:14", "check.jsd: '1'", "expected true or false"},
        {DATA SEEDS "check: {jacobian: True}\n", "3:19", "check.jacobian: 'True'", "expected true or false"},
        {DATA SEEDS "model: {discriminator: [40, 22]}\ncheck: {jacobian: true}\n", "4:19", "check.jacobian: true",
         "at most 1024 parameters together, but they have 1051"},
        {DATA SEEDS "check: {tolerance: 0}\n", "3:20", "check.tolerance: 0", "expected a number between 0 and 1"},
        {DATA SEEDS "check: {tolerance: 1}\n", "3:20", "check.tolerance: 1", "expected a number between 0 and 1"},
        {DATA SEEDS "check: {tolerance: 1.5}\n", "3:20", "'1.5'", "expected a number from 0 to 1"},
        {DATA SEEDS "model: {generator: 5}\n", "3:20", "model.generator: text", "expected the units"},
        {DATA SEEDS "model: {generator: [0]}\n", "3:21", "'0'", "expected an integer from 1 to 4096"},
        {DATA SEEDS "model: {generator: [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}\n", "3:20", "too many layers", "16"},
        {DATA SEEDS "title: [a]\n", "3:8", "title: a list", "expected one line of text"},
        {DATA SEEDS "title: \"a\\nb\"\n", "3:8", "title: a line break", "expected one line of text"},
        {DATA SEEDS "title: \"a\\x1b[31m\"\n", "3:8", "control character", "expected one line of text"},
        {DATA SEEDS "title: \"a\\x9b31m\"\n", "3:8", "control character", "expected one line of text"},
        {DATA SEEDS "keep: 5\n", "3:7", "keep: text", "instead of a map with keys, expected one of"},
        {DATA "parameters: [1]\n", "2:13", "parameters: a list", "instead of a map with keys, expected one of"},
        {DATA "parameters:\n", "2:12", "parameters: nothing", "instead of a map with keys, expected one of"},
    };
    CHECK(rows);
}

static void lists_ranges_and_grids_are_checked(void **state) {
    (void)state;
    const bad_text rows[] = {
        {PARAMETERS("lr_D: []"), "2:29", "an empty list", "expected a list of values"},
        {PARAMETERS("lr_D: {values: []}"), "2:38", "an empty list", "expected a list of values"},
        {PARAMETERS("lr_D: {values: 1}"), "2:38", "text", "expected a list of values"},
        {PARAMETERS("lr_D: {}"), "2:29", "no values", "expected value, values, range"},
        {PARAMETERS("lr_D: {value: 1, values: [1]}"), "2:40", "'values' beside 'value'", "expected value"},
        {PARAMETERS("lr_D: {values: [1], step: 1}"), "2:43", "'step' beside 'values'", "expected values"},
        {PARAMETERS("lr_D: [0.1, 0.2, 1e-1]"), "2:40", "value number 3, 0.1, repeats value number 1", "different"},
        {PARAMETERS("lr_D: {values: [1, 1.0]}"), "2:42", "value number 2, 1, repeats", "different"},
        {DATA "convention: [tf, tf]\n" SEEDS, "2:18", "value number 2, tf, repeats", "different"},
        {DATA "parameters: {seed: [3, 4, 3]}\n", "2:27", "value number 3, 3, repeats", "different"},
        {PARAMETERS("batch_size: {min: 1, max: 4, count: 9}"), "2:23", "repeats", "different"},
        {PARAMETERS("batch_size: {range: [9, 1]}"), "2:43", "down to", "expected the smaller end first"},
        {PARAMETERS("batch_size: {range: [1]}"), "2:43", "not a pair", "expected [first, last]"},
        {PARAMETERS("batch_size: {range: 5}"), "2:43", "not a pair", "expected [first, last]"},
        {PARAMETERS("batch_size: {range: [1, 10], step: 4}"), "2:43", "misses its end", "such as 9"},
        {PARAMETERS("batch_size: {range: [1, 10], step: 0}"), "2:58", "'0'", "expected an integer from 1"},
        {PARAMETERS("batch_size: {range: [0, 10]}"), "2:44", "'0'", "expected an integer from 1"},
        {PARAMETERS("lr_D: {range: [1, 2]}"), "2:37", "without a step", "expected {range: [first, last], step: s}"},
        {PARAMETERS("lr_D: {range: [1, 2], step: 0.3}"), "2:37", "misses its end", "divides it"},
        {PARAMETERS("lr_D: {range: [1, 2], step: 1e-30}"), "2:37", "in steps of 1e-30", "expected 2 to 1000000"},
        {PARAMETERS("lr_D: {range: [2, 1], step: 0.1}"), "2:37", "from 2 to 1", "ascending"},
        {PARAMETERS("lr_D: {min: 1, max: 2}"), "2:29", "without count", "expected {min, max, count, scale}"},
        {PARAMETERS("lr_D: {max: 2, count: 3}"), "2:29", "without min", "expected {min, max, count, scale}"},
        {PARAMETERS("lr_D: {min: 1, count: 3}"), "2:29", "without max", "expected {min, max, count, scale}"},
        {PARAMETERS("lr_D: {min: 2, max: 1, count: 3}"), "2:29", "not below", "expected min < max"},
        {PARAMETERS("lr_D: {min: 1, max: 2, count: 1}"), "2:53", "'1'", "expected an integer from 2"},
        {PARAMETERS("lr_D: {min: 1, max: 2, count: 1000001}"), "2:53", "'1000001'", "to 1000000"},
        {DATA "parameters: {seed: {min: 0, max: 9, count: 2, scale: log}}\n", "2:20", "logarithmic", "min > 0"},
        {DATA "parameters: {seed: {min: 0, max: 9007199254740994, count: 2}}\n", "2:20", "max", "at most 2^53"},
        {DATA "convention: {range: [mxnet, tf]}\n" SEEDS, "2:14", "unknown key 'range'", "value, values"},
    };
    CHECK(rows);
}

static void keys_and_settings_stand_once(void **state) {
    (void)state;
    const bad_text rows[] = {
        {DATA SEEDS "keep: {}\nkeep: {}\n", "4:1", "keep: duplicate key, first given at line 3", "once"},
        {PARAMETERS("lr_D: 1, lr_D: 2"), "2:32", "lr_D: duplicate key", "once"},
        {DATA "convention: tf\nparameters:\n  seed: 1\n  convention: tf\n", "5:3", "line 2 and at line 5", "once"},
        {DATA "parameters: {seed: 1, epochs: 2}\ntrain: {epochs: 2}\n", "2:23", "line 2 and at line 3", "once"},
        {DATA SEEDS "zip: {seed: [1, 2]}\n", "3:7", "seed: duplicate key, given at line 2 and at line 3", "once"},
    };
    CHECK(rows);
}

static void zips_pair_values(void **state) {
    (void)state;
    const bad_text rows[] = {
        {DATA SEEDS "zip:\n  batch_size: [1, 2]\n  epochs: [1, 2, 3]\n", "5:3",
         "epochs has 3 values and batch_size (line 4) has 2", "expected equally many"},
        {DATA SEEDS "zip:\n  batch_size: [1, 2, 1]\n  epochs: [7, 8, 7]\n", "4:22",
         "value number 3, 1, and what is zipped with it repeat value number 1", "different"},
        {DATA SEEDS "zip: [1]\n", "3:6", "zip: a list", "instead of a map with keys, expected one of"},
    };
    CHECK(rows);
}

#define DESIGN "design: {method: sobol, points: 8}\n"
#define DRAWN "parameters: {seed: 1, lr_D: {min: 1, max: 2}}\n"

static void designs_are_checked(void **state) {
    (void)state;
    const bad_text rows[] = {
        {PARAMETERS("lr_D: {min: 1, max: 2, scale: log}"), "2:29", "lr_D: without count",
         "or design: {method, points}"},
        {PARAMETERS("lr_D: {choice: [1, 2]}"), "2:29", "lr_D: a choice without a design",
         "expected values, or design:"},
        {DATA "convention: {choice: [tf, mxnet]}\n" SEEDS, "2:13", "a choice without a design", "expected values"},
        {DATA DESIGN SEEDS, "2:1", "design: no setting to draw", "expected one as {min, max, scale} without count"},
        {DATA "design: {points: 8}\n" DRAWN, "2:9", "design: without method", "expected {method, points}"},
        {DATA "design: {method: sobol}\n" DRAWN, "2:9", "design: without points", "expected {method, points}"},
        {DATA "design: sobol\n" DRAWN, "2:9", "design: text", "expected one of method"},
        {DATA "design: {method: sobl, points: 8}\n" DRAWN, "2:18", "design.method: 'sobl'", "did you mean 'sobol'?"},
        {DATA "design: {method: '', points: 8}\n" DRAWN, "2:18", "design.method: ''", "expected one of random, sobol"},
        {DATA "design: {method: [sobol], points: 8}\n" DRAWN, "2:18", "'a list'", "expected one of random, sobol"},
        {DATA "design: {method: sobol, points: 0}\n" DRAWN, "2:33", "design.points: '0'", "expected an integer from 1"},
        {DATA "design: {method: sobol, points: 4611686018427387905}\n" DRAWN, "2:33", "design.points",
         "to 4611686018427387904"},
        {DATA "design: {method: sobol, points: 8, seed: -1}\n" DRAWN, "2:42", "design.seed: '-1'", "from 0 to"},
        {DATA "design: {method: sobol, points: 8, phase: last}\n" DRAWN, "2:43", "design.phase: 'last'",
         "expected one of wide, narrow"},
        {DATA "design: {method: sobol, points: 8, lr_D: 1}\n" DRAWN, "2:36", "unknown key 'lr_D' here", "parameters:"},
        {DATA "design: {method: sobol, points: 8, sed: 1}\n" DRAWN, "2:36", "unknown key 'sed'", "mean 'seed'?"},
        {DATA DESIGN "parameters: {seed: {min: 1, max: 9}, lr_D: {min: 1, max: 2}}\n", "3:20", "seed: without count",
         "expected {min, max, count, scale}"},
        {DATA DESIGN "parameters: {seed: 1, data_seed: {choice: [1, 2]}, lr_D: {min: 1, max: 2}}\n", "3:43",
         "data_seed: seeds are not drawn", "expected value, values or range"},
        {DATA DESIGN "parameters: {seed: 1, lr_D: {min: 2, max: 1}}\n", "3:29", "not below", "expected min < max"},
        {DATA DESIGN "parameters: {seed: 1, lr_D: {min: 2, max: 2}}\n", "3:29", "not below", "expected min < max"},
        {DATA DESIGN "parameters: {seed: 1, lr_D: {min: 0, max: 1}}\n", "3:35", "'0'", "expected a number from"},
        {DATA DESIGN "parameters: {seed: 1, lr_D: {min: 1, max: 2, scale: lg}}\n", "3:53", "'lg'", "mean 'log'?"},
        {DATA DESIGN "parameters: {seed: 1, lr_D: {max: 2}}\n", "3:29", "without min", "expected {min, max"},
        {DATA DESIGN "parameters: {seed: 1, lr_D: {choice: []}}\n", "3:38", "an empty list", "expected a list"},
        {DATA DESIGN "parameters: {seed: 1, lr_D: {choice: [1, 2, 1.0]}}\n", "3:45",
         "choice number 3, 1, repeats choice number 1", "different"},
        {DATA DESIGN "parameters: {seed: 1, lr_D: {choice: [1], values: [1]}}\n", "3:43", "'values' beside 'choice'",
         "nothing else"},
        {DATA DESIGN "convention: {choice: [tf, trch]}\n" SEEDS, "3:27", "'trch' is not known", "mean 'torch'?"},
        {DATA DESIGN "parameters: {seed: 1, batch_size: {min: 1, max: 1001}}\n", "3:23", "drawn up to 1001",
         "expected 1 to 1000"},
        {DATA DESIGN "parameters: {seed: 1, batch_size: {choice: [1, 1001]}}\n", "3:23", "drawn up to 1001",
         "expected 1 to 1000"},
        {DATA DESIGN "zip: {seed: [1, 2], lr_D: {min: 1, max: 2}}\n", "3:27", "lr_D: drawn by a design, and zipped",
         "under parameters:"},
        {DATA "design: {method: random, points: 4611686018427387904}\n"
              "parameters: {seed: [1, 2], lr_D: {min: 1, max: 2}}\n",
         "2:34", "design.points: the crossing makes more than 2^62 trials", "expected fewer"},
        {DATA "design: {method: random, points: 1000001}\nparameters: {seed: 1, epochs: {min: 1, max: 2}}\n", "2:34",
         "design.points: batch_size, latent_dim, epochs and what is zipped or drawn with them make 1000001",
         "at most 1000000"},
    };
    CHECK(rows);
}

static void the_data_law_is_checked(void **state) {
    (void)state;
    const bad_text rows[] = {
        {SEEDS, "1:1", "data: missing", "expected data:"},
        {"data: {b: [1], n: 3}\n" SEEDS, "1:7", "data: without A", "expected {A, b, n}"},
        {"data: {A: [[1]], n: 3}\n" SEEDS, "1:7", "data: without b", "expected {A, b, n}"},
        {"data: {A: [[1]], b: [1]}\n" SEEDS, "1:7", "data: without n", "expected {A, b, n}"},
        {"data: {A: 1, b: [1], n: 3}\n" SEEDS, "1:11", "data.A: text", "expected a square matrix"},
        {"data: {A: [], b: [], n: 3}\n" SEEDS, "1:11", "data.A: an empty list", "expected a square matrix"},
        {"data: {A: [1], b: [1], n: 3}\n" SEEDS, "1:12", "data.A: text", "expected a list of 1 numbers"},
        {"data: {A: [[1, 2]], b: [1], n: 3}\n" SEEDS, "1:12", "data.A: 2 numbers", "expected 1"},
        {"data: {A: [[1, 2], [3]], b: [1, 2], n: 3}\n" SEEDS, "1:20", "data.A: 1 numbers", "expected 2"},
        {"data: {A: [[1, 2], [3, x]], b: [1, 2], n: 3}\n" SEEDS, "1:24", "data.A: 'x'", "expected a number"},
        {"data: {A: [[1, 2], [3, 1e31]], b: [1, 2], n: 3}\n" SEEDS, "1:24", "'1e31'", "expected a number from -1e+30"},
        {"data: {A: [[1, 2], [2, 4]], b: [1, 2], n: 3}\n" SEEDS, "1:11", "data.A: singular", "at least 1e-12"},
        {"data: {A: [[1, 0], [0, 1e-7]], b: [1, 2], n: 3}\n" SEEDS, "1:11", "data.A: singular", "at least 1e-12"},
        {"data: {A: [[0]], b: [1], n: 3}\n" SEEDS, "1:11", "data.A: all of its entries", "1e-30"},
        {"data: {A: [[1e-200]], b: [1], n: 3}\n" SEEDS, "1:11", "data.A: all of its entries", "1e-30"},
        {"data: {A: [[1e-80]], b: [1], n: 3}\n" SEEDS, "1:11", "data.A: all of its entries", "1e-30"},
        {"data: {A: [[1, 0], [0, 1]], b: [1], n: 3}\n" SEEDS, "1:32", "data.b: 1 numbers", "expected 2"},
        {"data: {A: [[1]], b: 1, n: 3}\n" SEEDS, "1:21", "data.b: text", "expected a list of 1 numbers"},
        {"data: {A: [[1]], b: [1], n: 0}\n" SEEDS, "1:29", "data.n: '0'", "expected an integer from 1"},
        {"data: {A: [[1]], b: [1], n: 16777217}\n" SEEDS, "1:29", "data.n: '16777217'", "to 16777216"},
        {"data: {A: [[1]], b: [1], n: 7}\n" SEEDS, "1:1", "batch_size: 8 is more than the 7", "expected 1 to 7"},
        {"data: [1]\n" SEEDS, "1:7", "data: a list", "expected one of law"},
    };
    CHECK(rows);
}

static void a_seed_is_required_and_trials_can_be_counted(void **state) {
    (void)state;
    const bad_text rows[] = {
        {DATA, "1:1", "seed: missing", "expected it under parameters:"},
        {DATA "parameters: {lr_D: 1}\n", "2:1", "seed: missing", "such as seed: {range: [1, 1000]}"},
        {DATA "parameters: {seed: {range: [0, 9223372036854775807]}}\n", "2:28", "2^63 values", "at most"},
        {DATA "parameters: {seed: {range: [0, 4611686018427387904]}}\n", "2:14", "more than 2^62 trials", "fewer"},
        {DATA "parameters: {lr_D: [1, 2], seed: {range: [1, 4611686018427387904]}}\n", "2:28", "2^62", "fewer"},
        {DATA "parameters: {seed: {range: [1, 4294967296]}, data_seed: {range: [1, 4294967297]}}\n", "2:46", "2^62",
         "fewer"},
        {DATA "parameters: {seed: 1, batch_size: {range: [1, 1000]}, epochs: {range: [1, 1001]}}\n", "2:55",
         "1001000 combinations", "expected at most 1000000"},
    };
    CHECK(rows);
}

static void only_plain_yaml_is_read(void **state) {
    (void)state;
    const bad_text rows[] = {
        {"", "1:1", "is empty", "expected an experiment"},
        {"# only a comment\n", "1:1", "is empty", "expected an experiment"},
        {"---\n...\n", "1:1", "is nothing", "expected an experiment"},
        {"5\n", "1:1", "is text", "expected an experiment"},
        {"[a]\n", "1:1", "is a list", "expected an experiment"},
        {DATA "parameters: &p {seed: 1}\n", "2:13", "an anchor", "expected plain values"},
        {DATA "parameters: {seed: *p}\n", "2:20", "an alias", "expected plain values"},
        {DATA "parameters: {seed: !!int 3}\n", "2:20", "a tag", "expected plain values"},
        {DATA "parameters: !x {seed: 1}\n", "2:13", "a tag", "expected plain values"},
        {DATA SEEDS "---\n" DATA, "3:1", "a second document", "expected one"},
        {"%YAML 1.1\n---\n" DATA SEEDS, "1:1", "a directive", "expected none"},
        {DATA "parameters: {? [a] : 1}\n", "2:16", "a list as a key", "expected a name"},
        {DATA "parameters: {seed: 1\n", "3:1", "did not find expected ',' or '}'", "expected YAML"},
        {DATA "\tparameters: 1\n", "2:1", "found character that cannot start any token", "expected YAML"},
        {DATA "title: \"a\n", "3:1", "unexpected end of stream", "expected YAML"},
        {DATA "title: \"a\\0b\"\n", "2:8", "a NUL character", "expected text without it"},
        {DATA "title: \x07\n", "2:8", "control characters are not allowed", "expected YAML"},
        {DATA "title: \xff\n", "2:8", "byte 0xff is not UTF-8", "expected UTF-8 text"},
        {DATA "title: \xc3\xbc\xc0\x80\n", "2:9", "byte 0xc0 is not UTF-8", "expected UTF-8 text"},
        {DATA "title: \xed\xa0\x80\n", "2:8", "byte 0xed is not UTF-8", "expected UTF-8 text"},
        {DATA "title: \xf4\x90\x80\x80\n", "2:8", "byte 0xf4 is not UTF-8", "expected UTF-8 text"},
        {"\xff\xfe"
         "d",
         "1:1", "is UTF-16", "expected UTF-8"},
        {"\xfe\xff"
         "d",
         "1:1", "is UTF-16", "expected UTF-8"},
        {"a: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n", "1:19", "nested more than 16 deep", "expected fewer"},
    };
    CHECK(rows);
    gs_error error;
    refuse("a: b\0c", 6, NULL, 0, &error);
    assert_says(&error, "test.yaml:1:5: a NUL byte, expected UTF-8 text");
}

static void what_is_quoted_cannot_write_to_a_terminal(void **state) {
    (void)state;
    gs_error error;
    const char text[] = DATA "parameters: {\"\\x1b[31m\\x9b5m\\n\": 1}\n";
    refuse(text, strlen(text), NULL, 0, &error);
    printf("  %s\n", error.message);
    assert_null(strchr(error.message, '\x1b'));
    assert_null(strstr(error.message, "\xc2\x9b"));
}

static void wrong_overrides_name_set(void **state) {
    (void)state;
    const struct {
        const char *overrides[2];
        const char *says, *expected;
    } rows[] = {
        {{"lr_d=1"}, "--set lr_d=1: not a setting", "did you mean 'lr_D'?"},
        {{"lr_D"}, "--set lr_D: no '='", "expected name=value"},
        {{""}, "--set : no '='", "expected name=value"},
        {{"=1"}, "not a setting", "expected one of seed"},
        {{"lr_D="}, "lr_D: ''", "expected a number from"},
        {{"lr_D=1,"}, "lr_D: ''", "expected a number from"},
        {{"lr_D=0.1,0.1"}, "value number 2, 0.1, repeats value number 1", "different"},
        {{"lr_D=1:2"}, "not a range of this setting", "expected first:last:step"},
        {{"lr_D=1:2:3:4"}, "not a range of this setting", "expected first:last:step"},
        {{"seed=1:2:3:4"}, "not a range of this setting", "expected first:last"},
        {{"seed=2:1"}, "down to", "expected the smaller end first"},
        {{"seed=1:x"}, "seed: 'x'", "expected an integer from 0"},
        {{"convention=tf:torch"}, "not a range of this setting", "expected names"},
        {{"convention=tf,trch"}, "'trch' is not known", "did you mean 'torch'?"},
        {{"batch_size=2000"}, "--set batch_size=2000: batch_size: 2000 is more than", "expected 1 to 1000"},
        {{"lr_D=1", "lr_D=2"}, "--set lr_D=2: lr_D was already set by '--set lr_D=1'", "expected each setting once"},
        {{"lr_D=1\n2"}, "lr_D: '1?2'", "expected a number from"},
        {{"title=x"}, "not a setting", "expected one of seed"},
        {{"a_very_long_name_that_is_no_setting_at_all=1"}, "not a setting", "expected one of seed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gs_error error;
        refuse(DATA SEEDS, strlen(DATA SEEDS), rows[i].overrides, rows[i].overrides[1] == NULL ? 1 : 2, &error);
        printf("  %s\n", error.message);
        assert_true(strncmp(error.message, "--set ", 6) == 0);
        assert_says(&error, rows[i].says);
        assert_says(&error, rows[i].expected);
    }
}

// ---- files

static char folder[] = "/tmp/gansweep-bad-input-XXXXXX";

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

static void refuse_path(const char *path, const char *says) {
    gs_experiment *experiment = NULL;
    gs_error error = {""};
    assert_int_equal(gs_experiment_read(path, NULL, 0, &experiment, &error), GS_ERROR_INPUT);
    printf("  %s\n", error.message);
    assert_null(experiment);
    assert_true(strncmp(error.message, path, strlen(path)) == 0);
    assert_says(&error, says);
    assert_says(&error, "expected an experiment file");
}

static void only_regular_files_are_read(void **state) {
    (void)state;
    char fifo[128], missing[128];
    (void)snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    (void)snprintf(missing, sizeof missing, "%s/missing.yaml", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    refuse_path(fifo, "is a FIFO");
    assert_int_equal(unlink(fifo), 0);
    refuse_path(folder, "is a folder");
    refuse_path("/dev/zero", "is a device");
    refuse_path("/dev/null", "is a device");
    refuse_path(missing, "can't be opened (No such file or directory)");
}

static void a_hundred_megabytes_are_refused_unread(void **state) {
    (void)state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/large.yaml", folder);
    FILE *const file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), 100 << 20), 0);
    assert_int_equal(fclose(file), 0);
    refuse_path(path, "is longer than 1048576 bytes");
    assert_int_equal(unlink(path), 0);
}

// ---- time and memory

/// A text of MiB size that repeats a piece; the caller frees it.
static char *repeat(const char *before, const char *piece, const char *after) {
    const size_t capacity = 1 << 20, tail = strlen(after), step = strlen(piece);
    char *const text = malloc(capacity + 1);
    assert_non_null(text);
    char *end = stpcpy(text, before);
    while ((size_t)(end - text) + step + tail <= capacity) {
        end = stpcpy(end, piece);
    }
    (void)stpcpy(end, after);
    return text;
}

static void hostile_texts_take_little_time_and_memory(void **state) {
    (void)state;
    const struct {
        const char *before, *piece, *after;
    } rows[] = {
        {"", "[", ""},
        {"", "{", ""},
        {"a: ", "[", ""},
        {"", "- ", ""},
        {"", "? ", ""},
        {"", "[[[[", "\n"},
        {"", "[\n", ""},
        {"", "{a: ", ""},
        {"a: [", "1,", "1]\n"},
        {"a: [", "[],", "1]\n"},
        {"a: [", "a: b,", "1]\n"},
        {"a: {", "? a,", "}\n"},
        {"", "a", ": 1\n"},
        {"a: \"", "\\L", "\"\n"},
        {"a: '", "''", "'\n"},
        {"a: |\n", "  x\n", "\n"},
        {"", "#", "\n"},
        {"", "\n", ""},
        {"", " ", "a"},
        {"", "&a ", "b: c\n"},
        {"a: &a [1]\nb: [", "*a,", "]\n"},
        {"", "!", " a\n"},
        {"", "---\n", ""},
        {"%TAG ! ", "a", "\n---\na: b"},
        {"a: ", "1", "\n"},
        {DATA "parameters: {seed: [", "1,", "2]}\n"},
        {DATA "parameters: {seed: 1, lr_D: [", "1,2,3,", "2]}\n"},
        {DATA "parameters: {seed: [0", "0", "]}\n"},
        {"data: {A: [", "[1],", "[1]], b: [1], n: 9}\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *const text = repeat(rows[i].before, rows[i].piece, rows[i].after);
        gs_error error;
        const clock_t begin = clock();
        refuse(text, strlen(text), NULL, 0, &error);
        const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
        printf("  %.3f s: %.100s\n", seconds, error.message);
        free(text);
        assert_true(seconds < 3);
    }
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    printf("  %ld MiB at most\n", usage.ru_maxrss >> 10);
}

static void many_keys_are_refused(void **state) {
    (void)state;
    char *const text = malloc(1 << 20);
    assert_non_null(text);
    size_t length = 0;
    for (int i = 0; length + 20 < 1 << 20; i++) {
        length += (size_t)sprintf(text + length, "k%d: 1\n", i);
    }
    gs_error error;
    refuse(text, length, NULL, 0, &error);
    assert_says(&error, "test.yaml:65:1: more than 64 keys in one map");
    free(text);
}

/// Every prefix of a real experiment, and every single byte of it replaced, is either read or refused; the sanitizers
/// watch.
static void damaged_experiments_never_crash(void **state) {
    (void)state;
    static const char text[] =
        "title: t\nconvention: [mxnet, tf]\n" DATA "model: {latent_dim: 2, generator: [], discriminator: [5, 3]}\n"
        "parameters:\n  seed: {range: [1, 9], step: 2}\n"
        "  lr_D: {min: 0.1, max: 1, count: 3, scale: log}\n"
        "zip: {batch_size: [1, 2], epochs: [3, 4]}\n"
        "check: {samples: 100, tolerance: 0.25}\n";
    static const char bytes[] = "\x00\n\"#*-9:[}\xff";
    const size_t length = sizeof text - 1;
    char copy[sizeof text];
    int read = 0, refused = 0;
    for (size_t i = 0; i <= length; i++) {
        for (size_t b = 0; b < sizeof bytes; b++) {
            gs_experiment *experiment = NULL;
            gs_error error;
            memcpy(copy, text, sizeof text);
            const bool cut = b == sizeof bytes - 1;
            if (!cut) {
                copy[i] = bytes[b];
            }
            const gs_status status =
                gs_experiment_parse(copy, cut ? i : length, "damaged.yaml", NULL, 0, &experiment, &error);
            assert_true(status == GS_OK || status == GS_ERROR_INPUT);
            read += status == GS_OK;
            refused += status != GS_OK;
            gs_experiment_free(experiment);
        }
    }
    printf("  %d damaged texts refused, %d still experiments\n", refused, read);
    assert_true(refused > read);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_keys_name_the_nearest),
        cmocka_unit_test(wrong_types_and_ranges_are_refused),
        cmocka_unit_test(lists_ranges_and_grids_are_checked),
        cmocka_unit_test(keys_and_settings_stand_once),
        cmocka_unit_test(zips_pair_values),
        cmocka_unit_test(designs_are_checked),
        cmocka_unit_test(the_data_law_is_checked),
        cmocka_unit_test(a_seed_is_required_and_trials_can_be_counted),
        cmocka_unit_test(only_plain_yaml_is_read),
        cmocka_unit_test(what_is_quoted_cannot_write_to_a_terminal),
        cmocka_unit_test(wrong_overrides_name_set),
        cmocka_unit_test_setup_teardown(only_regular_files_are_read, make_folder, NULL),
        cmocka_unit_test_setup_teardown(a_hundred_megabytes_are_refused_unread, NULL, remove_folder),
        cmocka_unit_test(hostile_texts_take_little_time_and_memory),
        cmocka_unit_test(many_keys_are_refused),
        cmocka_unit_test(damaged_experiments_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
