/// Opening files that are not what they should be: one line each, and never a word from libhdf5.
#include "fixture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/seal.h"

static char folder[] = "/tmp/gansweep-results-XXXXXX";
static char path[256];
static int own_stderr = -1;

/// A complete file; whatever is printed on stderr from here on goes into a file that must stay empty.
static int make_file(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    (void)snprintf(folder, sizeof folder, "/tmp/gansweep-results-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/results.h5", folder);
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    fixture_append(&made, 0);
    assert_int_equal(gs_store_write(store, made.block, &error), GS_OK);
    assert_int_equal(gs_store_close(store, 2.5, NULL, &error), GS_OK);
    fixture_free(&made);
    own_stderr = dup(STDERR_FILENO);
    char printed[300];
    (void)snprintf(printed, sizeof printed, "%s/stderr", folder);
    const int file = open(printed, O_RDWR | O_CREAT | O_APPEND, 0600);
    assert_true(own_stderr >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
    (void)close(file);
    return 0;
}

static int remove_file(void **state) {
    (void)state;
    struct stat printed;
    const bool known = fstat(STDERR_FILENO, &printed) == 0;
    (void)dup2(own_stderr, STDERR_FILENO);
    (void)close(own_stderr);
    char name[300];
    (void)snprintf(name, sizeof name, "%s/stderr", folder);
    (void)unlink(name);
    (void)unlink(path);
    return rmdir(folder) == 0 && known && printed.st_size == 0 ? 0 : -1;
}

/// The file can't be opened, and the one line says why.
static void refused(const char *why) {
    gs_results *results = NULL;
    gs_error error = {""};
    const gs_status status = gs_results_open(path, &results, &error);
    if (status != GS_ERROR_RESULTS || strstr(error.message, why) == NULL || strchr(error.message, '\n') != NULL ||
        strncmp(error.message, path, strlen(path)) != 0) {
        gs_results_close(results);
        fail_msg("status %d, \"%s\", expected \"%s\"", status, error.message, why);
    }
    print_message("%s\n", error.message + strlen(folder) + 1);
}

static hid_t open_to_change(void) {
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(file >= 0);
    return file;
}

/// Seals a file again that was changed: what a forger does, whose file must be refused all the same.
static void seal_again(const char *moved, int64_t address, int64_t bytes) {
    gs_seal seal;
    gs_error error;
    struct stat found;
    const int file = open(path, O_RDWR);
    assert_true(file >= 0 && fstat(file, &found) == 0);
    assert_int_equal(gs_seal_locate(file, found.st_size, &seal, &error), GS_OK);
    seal.file_bytes = found.st_size;
    for (int i = 0; i < seal.count; i++) {
        if (moved != NULL && strcmp(seal.extents[i].name, moved) == 0) {
            seal.extents[i].address = address;
            seal.extents[i].bytes = bytes;
        }
    }
    assert_int_equal(gs_seal_write(file, &seal, &error), GS_OK);
    assert_int_equal(close(file), 0);
}

/// Address of a dataset's bytes.
static int64_t address_of(hid_t file, const char *name) {
    const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    const haddr_t address = H5Dget_offset(dataset);
    assert_true(address != HADDR_UNDEF && H5Dclose(dataset) >= 0);
    return (int64_t)address;
}

// ---- good files ----

static void a_results_file_tells_its_experiment_and_provenance(void **state) {
    (void)state;
    gs_results *results;
    gs_error error;
    assert_int_equal(gs_results_open(path, &results, &error), GS_OK);
    assert_int_equal(gs_plan_trial_count(gs_results_plan(results)), 12);
    assert_int_equal(gs_results_experiment(results)->keep_samples, 5);
    assert_true(gs_layout_find(gs_results_layout(results), "loss_D") > 0);
    static const char *const entries[][2] = {
        {"host", "a host"},  {"threads", "2"},        {"seconds", "2.5"},
        {"isa", "portable"}, {"layout_version", "4"}, {"command_line", "gansweep run \"x y\" ?? '$(rm)'"},
    };
    for (int i = 0; i < (int)(sizeof entries / sizeof entries[0]); i++) {
        char *entry = gs_results_provenance(results, entries[i][0]);
        assert_non_null(entry);
        assert_string_equal(entry, entries[i][1]);
        free(entry);
    }
    char *seal = gs_results_provenance(results, "seal");
    assert_non_null(seal);
    assert_int_equal(strncmp(seal, "gansweep seal 1\n", 16), 0);
    free(seal);
    assert_null(gs_results_provenance(results, "nothing"));
    gs_results_close(results);
}

static void overrides_are_applied_again(void **state) {
    (void)state;
    static const char *const overrides[] = {"seed=5:9", "lr_D=0.25"};
    fixture made;
    gs_results *results;
    gs_error error;
    gs_settings settings;
    fixture_create(&made, FIXTURE_AFFINE, overrides, 2);
    assert_int_equal(gs_store_close(fixture_store(&made, path, true), 1, NULL, &error), GS_OK);
    assert_int_equal(gs_results_open(path, &results, &error), GS_OK);
    assert_int_equal(gs_plan_trial_count(gs_results_plan(results)), 10);
    gs_plan_settings(gs_results_plan(results), 9, &settings);
    assert_int_equal(settings.seed, 9);
    assert_true(settings.lr_D == 0.25);
    gs_results_close(results);
    fixture_free(&made);
}

static void a_file_can_be_read_while_it_grows(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, true);
    for (int64_t trial = 0; trial < 12; trial++) {
        gs_results *results;
        uint8_t status[2];
        gs_block_clear(made.block);
        fixture_append(&made, trial);
        assert_int_equal(gs_store_write(store, made.block, &error), GS_OK);
        assert_int_equal(gs_results_open(path, &results, &error), GS_OK);
        assert_int_equal(gs_results_read(results, "status", trial, 1, status, &error), GS_OK);
        assert_int_equal(status[0], GS_PENDING); // its rows are there, and nothing says so before the checkpoint
        char *seconds = gs_results_provenance(results, "seconds");
        assert_string_equal(seconds, trial == 0 ? "nan" : "2.5");
        free(seconds);
        gs_results_close(results);
        assert_int_equal(gs_store_checkpoint(store, 2.5, &error), GS_OK);
        assert_int_equal(gs_results_open(path, &results, &error), GS_OK);
        assert_int_equal(gs_results_read(results, "status", trial == 11 ? 10 : trial, 2, status, &error), GS_OK);
        assert_true((status[trial == 11] == GS_PENDING) == (trial == 11)); // the last one comes with the plots
        assert_true(trial == 11 || status[1] == GS_PENDING);
        seconds = gs_results_provenance(results, "seconds");
        assert_string_equal(seconds, "2.5");
        free(seconds);
        gs_results_close(results);
    }
    assert_int_equal(gs_store_close(store, 1, NULL, &error), GS_OK);
    fixture_free(&made);
}

static void rows_that_are_not_there_are_refused(void **state) {
    (void)state;
    gs_results *results;
    gs_error error;
    uint8_t status[16];
    assert_int_equal(gs_results_open(path, &results, &error), GS_OK);
    assert_int_equal(gs_results_read(results, "status", 11, 1, status, &error), GS_OK);
    assert_int_equal(gs_results_read(results, "status", 12, 0, status, &error), GS_OK);
    assert_int_equal(gs_results_read(results, "status", 11, 2, status, &error), GS_ERROR_INPUT);
    assert_int_equal(gs_results_read(results, "status", -1, 1, status, &error), GS_ERROR_INPUT);
    assert_int_equal(gs_results_read(results, "status", INT64_MAX, 1, status, &error), GS_ERROR_INPUT);
    assert_int_equal(gs_results_read(results, "status", 1, INT64_MAX, status, &error), GS_ERROR_INPUT);
    assert_int_equal(gs_results_read(results, "nothing", 0, 1, status, &error), GS_ERROR_INPUT);
    gs_results_close(results);
}

// ---- not our files ----

static void what_is_no_file_is_refused(void **state) {
    (void)state;
    assert_int_equal(unlink(path), 0);
    refused("No such file");
    assert_int_equal(mkfifo(path, 0600), 0);
    refused("a device, a pipe or a socket");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    refused("a folder");
    assert_int_equal(rmdir(path), 0);
}

static void what_is_no_results_file_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"", "title: an experiment\n", "\x89HDF\r\n\x1a\n", "\x89HDF\r\n\x1a\n\2\10\10"};
    static const char *const reasons[] = {"not an HDF5 file", "not an HDF5 file", "truncated", "truncated"};
    for (int i = 0; i < 4; i++) {
        FILE *stream = fopen(path, "w");
        assert_non_null(stream);
        assert_true(fputs(texts[i], stream) >= 0 && fclose(stream) == 0);
        refused(reasons[i]);
    }
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    for (int latest = 0; latest < 2; latest++) {
        (void)H5Pset_libver_bounds(access, latest ? H5F_LIBVER_LATEST : H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST);
        const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
        assert_true(H5Fclose(file) >= 0);
        refused("an HDF5 file, but not a results file");
    }
    H5Pclose(access);
}

static void a_truncated_file_is_refused_at_every_length(void **state) {
    (void)state;
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    const bool every = getenv("GANSWEEP_TEST_SHORT") == NULL;
    for (int64_t length = found.st_size - 1; length >= 0; length -= every ? 1 : length > 4096 ? 1511 : 7) {
        gs_results *results;
        gs_error error = {""};
        assert_int_equal(truncate(path, length), 0);
        assert_int_equal(gs_results_open(path, &results, &error), GS_ERROR_RESULTS);
        assert_non_null(strstr(error.message, length >= 8 ? "truncated" : "not an HDF5 file"));
    }
}

// ---- changed files ----

/// Puts something else in the place of a dataset.
typedef void replace(hid_t file);

static void with_nothing(hid_t file) {
    (void)file;
}

static void with_soft_link(hid_t file) {
    assert_true(H5Lcreate_soft("/loss_G", file, "loss_D", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

static void with_external_link(hid_t file) {
    assert_true(H5Lcreate_external("/etc/passwd", "/loss_D", file, "loss_D", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

static void with_group(hid_t file) {
    assert_true(H5Gclose(H5Gcreate2(file, "loss_D", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)) >= 0);
}

/// A dataset of the right shape unless told otherwise.
static void with_dataset(hid_t file, hid_t type, hsize_t trials, hid_t storage) {
    const hsize_t extent[] = {trials, 4};
    const hid_t space = H5Screate_simple(2, extent, NULL);
    const hid_t dataset = H5Dcreate2(file, "loss_D", type, space, H5P_DEFAULT, storage, H5P_DEFAULT);
    assert_true(dataset >= 0 && H5Dclose(dataset) >= 0 && H5Sclose(space) >= 0);
}

/// The same with room for its rows, so that only type or shape can give it away.
static void with_rows(hid_t file, hid_t type, hsize_t trials) {
    const hid_t storage = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_alloc_time(storage, H5D_ALLOC_TIME_EARLY) >= 0);
    with_dataset(file, type, trials, storage);
    H5Pclose(storage);
}

static void with_double(hid_t file) {
    with_rows(file, H5T_IEEE_F64LE, 12);
}

static void with_big_endian(hid_t file) {
    with_rows(file, H5T_IEEE_F32BE, 12);
}

static void with_fewer_trials(hid_t file) {
    with_rows(file, H5T_IEEE_F32LE, 11);
    const hsize_t extent[] = {100};
    const hid_t space = H5Screate_simple(1, extent, NULL), storage = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_alloc_time(storage, H5D_ALLOC_TIME_EARLY) >= 0);
    const hid_t behind = H5Dcreate2(file, "behind", H5T_IEEE_F64LE, space, H5P_DEFAULT, storage, H5P_DEFAULT);
    assert_true(behind >= 0 && H5Dclose(behind) >= 0 && H5Pclose(storage) >= 0 && H5Sclose(space) >= 0);
}

static void with_no_storage(hid_t file) {
    with_dataset(file, H5T_IEEE_F32LE, 12, H5P_DEFAULT);
}

static void with_chunks(hid_t file) {
    const hsize_t chunk[] = {12, 4};
    const hid_t storage = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_chunk(storage, 2, chunk) >= 0);
    with_dataset(file, H5T_IEEE_F32LE, 12, storage);
    H5Pclose(storage);
}

static void with_another_file(hid_t file) {
    const hid_t storage = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_external(storage, "/etc/passwd", 0, 192) >= 0);
    with_dataset(file, H5T_IEEE_F32LE, 12, storage);
    H5Pclose(storage);
}

static void a_dataset_that_is_not_as_documented_is_refused(void **state) {
    static replace *const replacements[] = {with_nothing, with_soft_link,   with_external_link, with_group,
                                            with_double,  with_big_endian,  with_fewer_trials,  with_no_storage,
                                            with_chunks,  with_another_file};
    for (int i = 0; i < (int)(sizeof replacements / sizeof replacements[0]); i++) {
        const hid_t file = open_to_change();
        assert_true(H5Ldelete(file, "loss_D", H5P_DEFAULT) >= 0);
        replacements[i](file);
        assert_true(H5Fclose(file) >= 0);
        refused("it is"); // "truncated", "longer than it was made", or not as it was sealed
        seal_again(NULL, 0, 0);
        refused("/loss_D is not as documented");
        assert_int_equal(remove_file(state), 0);
        assert_int_equal(make_file(state), 0);
    }
}

static void datasets_that_share_their_bytes_are_refused(void **state) {
    const hid_t file = open_to_change();
    const int64_t address = address_of(file, "loss_G");
    assert_true(H5Ldelete(file, "loss_D", H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_hard(file, "loss_G", file, "loss_D", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Fclose(file) >= 0);
    seal_again(NULL, 0, 0);
    refused("loss_D does not lie where the seal says");
    assert_int_equal(remove_file(state), 0);
    assert_int_equal(make_file(state), 0);
    seal_again("loss_D", address, 12 * 4 * 4);
    refused("loss_G lies on other bytes");
    assert_int_equal(remove_file(state), 0);
    assert_int_equal(make_file(state), 0);
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    seal_again("loss_D", found.st_size - 100, 12 * 4 * 4);
    refused("loss_D lies on other bytes");
}

/// A text that is said to be rows would be under no hash, and could be as large as its forger likes.
static void a_text_that_is_not_under_the_seal_is_refused(void **state) {
    (void)state;
    gs_seal seal;
    gs_error error;
    struct stat found;
    const int file = open(path, O_RDWR);
    assert_true(file >= 0 && ftruncate(file, (off_t)1 << 40) == 0 && fstat(file, &found) == 0);
    assert_int_equal(gs_seal_locate(file, found.st_size, &seal, &error), GS_OK);
    const int64_t before = seal.file_bytes;
    seal.file_bytes = found.st_size;
    for (int i = 0; i < seal.count; i++) {
        if (strcmp(seal.extents[i].name, "/provenance/host") == 0) {
            seal.extents[i].kind = GS_EXTENT_ROWS;
            seal.extents[i].address = before;
            seal.extents[i].bytes = found.st_size - before;
        }
    }
    assert_int_equal(gs_seal_write(file, &seal, &error), GS_OK);
    assert_int_equal(close(file), 0);
    refused("/provenance/host is missing");
}

static void another_layout_is_refused(void **state) {
    (void)state;
    const int64_t version = GS_LAYOUT_VERSION + 1;
    const hid_t file = open_to_change();
    const hid_t dataset = H5Dopen2(file, "/provenance/layout_version", H5P_DEFAULT);
    assert_true(H5Dwrite(dataset, H5T_STD_I64LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &version) >= 0);
    H5Dclose(dataset);
    H5Fclose(file);
    refused("not as it was sealed");
    seal_again(NULL, 0, 0);
    refused("layout version 5");
}

static void an_experiment_that_does_not_fit_is_refused(void **state) {
    static const char *const texts[] = {
        "{{{", "title: another\ndata: {A: [[1]], b: [0], n: 10}\nparameters:\n  seed: {range: [1, 5]}\n",
        "title: another\ndata: {A: [[1]], b: [0], n: 10}\nparameters:\n  seed: {range: [1, 50]}\n"};
    static const char *const reasons[] = {"its experiment can't be read again",
                                          "its trials are not as the experiment in it says",
                                          "is not as the experiment in it says"};
    for (int i = 0; i < 3; i++) {
        const hid_t file = open_to_change();
        const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), storage = H5Pcreate(H5P_DATASET_CREATE);
        assert_true(H5Tset_size(type, strlen(texts[i]) + 1) >= 0);
        assert_true(H5Ldelete(file, "/provenance/experiment", H5P_DEFAULT) >= 0);
        const hid_t dataset =
            H5Dcreate2(file, "/provenance/experiment", type, space, H5P_DEFAULT, storage, H5P_DEFAULT);
        assert_true(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts[i]) >= 0);
        H5Dclose(dataset);
        H5Pclose(storage);
        H5Sclose(space);
        H5Tclose(type);
        const int64_t address = address_of(file, "/provenance/experiment");
        H5Fclose(file);
        seal_again("/provenance/experiment", address, (int64_t)strlen(texts[i]) + 1);
        refused(reasons[i]);
        assert_int_equal(remove_file(state), 0);
        assert_int_equal(make_file(state), 0);
    }
}

/// Every byte outside of the rows is under the seal, and the seal's text under its own hash.
static void a_flipped_bit_of_any_byte_outside_of_the_rows_is_found(void **state) {
    (void)state;
    gs_seal seal;
    gs_error error;
    struct stat found;
    const int file = open(path, O_RDWR);
    assert_true(file >= 0 && fstat(file, &found) == 0);
    assert_int_equal(gs_seal_read(file, found.st_size, &seal, &error), GS_OK);
    const bool every = getenv("GANSWEEP_TEST_SHORT") == NULL;
    int64_t flipped = 0;
    for (int64_t at = 0; at < found.st_size; at += every || at < 128 ? 1 : 97) {
        bool sealed = true;
        for (int i = 0; i < seal.count; i++) {
            sealed = sealed && (seal.extents[i].kind == GS_EXTENT_SEALED || at < seal.extents[i].address ||
                                at >= seal.extents[i].address + seal.extents[i].bytes);
        }
        unsigned char before;
        if (!sealed && at % 97 != 0) {
            continue;
        }
        assert_int_equal(pread(file, &before, 1, at), 1);
        for (int bit = 0; bit < 8; bit++) { // all bits of some bytes, one of every other
            gs_seal damaged;
            if (at >= 128 && at % 97 != 0 && bit != at % 8) {
                continue;
            }
            const unsigned char changed = (unsigned char)(before ^ (1U << bit));
            assert_int_equal(pwrite(file, &changed, 1, at), 1);
            assert_int_equal(gs_seal_read(file, found.st_size, &damaged, &error), sealed ? GS_ERROR_RESULTS : GS_OK);
            flipped += sealed;
        }
        assert_int_equal(pwrite(file, &before, 1, at), 1);
    }
    assert_int_equal(gs_seal_read(file, found.st_size, &seal, &error), GS_OK);
    assert_true(flipped > 500);
    print_message("%lld bits outside of the rows flipped: all found\n", (long long)flipped);
    assert_int_equal(close(file), 0);
}

static void what_a_host_program_set_for_libhdf5s_messages_is_kept(void **state) {
    (void)state;
    H5E_auto2_t before, after;
    void *data_before, *data_after;
    gs_results *results;
    gs_error error;
    assert_true(H5Eget_auto2(H5E_DEFAULT, &before, &data_before) >= 0);
    assert_int_equal(gs_results_open(path, &results, &error), GS_OK);
    gs_results_close(results);
    assert_int_equal(truncate(path, 5000), 0);
    assert_int_equal(gs_results_open(path, &results, &error), GS_ERROR_RESULTS);
    assert_true(H5Eget_auto2(H5E_DEFAULT, &after, &data_after) >= 0);
    assert_true(before != NULL && before == after && data_before == data_after);
}

#define WITH_A_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, remove_file)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_A_FILE(a_results_file_tells_its_experiment_and_provenance),
        WITH_A_FILE(overrides_are_applied_again),
        WITH_A_FILE(a_file_can_be_read_while_it_grows),
        WITH_A_FILE(rows_that_are_not_there_are_refused),
        WITH_A_FILE(what_is_no_file_is_refused),
        WITH_A_FILE(what_is_no_results_file_is_refused),
        WITH_A_FILE(a_truncated_file_is_refused_at_every_length),
        WITH_A_FILE(a_dataset_that_is_not_as_documented_is_refused),
        WITH_A_FILE(datasets_that_share_their_bytes_are_refused),
        WITH_A_FILE(a_text_that_is_not_under_the_seal_is_refused),
        WITH_A_FILE(another_layout_is_refused),
        WITH_A_FILE(an_experiment_that_does_not_fit_is_refused),
        WITH_A_FILE(a_flipped_bit_of_any_byte_outside_of_the_rows_is_found),
        WITH_A_FILE(what_a_host_program_set_for_libhdf5s_messages_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
