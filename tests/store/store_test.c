/// What the store promises of creating and writing a results file. The system calls that it makes are watched, and made
/// to fail, by the linker's --wrap.
#include "fixture.h"
#include "store/layout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

// ---- system calls ----

typedef enum {
    CALL_WRITE,
    CALL_RESERVE,
    CALL_SYNC_FILE,
    CALL_SYNC_FOLDER,
    CALL_SYNC_DATA,
    CALL_SYNC_RANGE,
    CALL_RENAME,
} call_name;

typedef struct {
    call_name name;
    int64_t address;
    size_t bytes;
} call;

enum { MAX_CALLS = 4096 };

/// What was called, and what is to go wrong. `fail_at` counts all calls from 1; 0: none.
static struct {
    call calls[MAX_CALLS];
    int count;
    int fail_at, reason;
    size_t longest; ///< bytes that one write takes; 0: all
    bool interrupted;
    bool no_renameat2; ///< as on a file system that can't
    bool appears;      ///< another file takes the name just before
    int no_flock;      ///< as on a file system without locks: the reason; 0: it has them
} watched;

static void watch(void) {
    memset(&watched, 0, sizeof watched);
}

/// Notes a call and says whether it is to fail.
static bool fails(call_name name, int64_t address, size_t bytes) {
    const int index = __atomic_fetch_add(&watched.count, 1, __ATOMIC_RELAXED);
    if (index < MAX_CALLS) {
        watched.calls[index] = (call){name, address, bytes};
    }
    errno = watched.reason;
    return watched.fail_at == index + 1;
}

ssize_t __real_pwrite(int file, const void *bytes, size_t count, off_t address);
ssize_t __wrap_pwrite(int file, const void *bytes, size_t count, off_t address);
ssize_t __wrap_pwrite(int file, const void *bytes, size_t count, off_t address) {
    if (fails(CALL_WRITE, address, count)) {
        return -1;
    }
    if (watched.longest != 0) {
        watched.interrupted = !watched.interrupted;
        if (watched.interrupted) {
            errno = EINTR;
            return -1;
        }
        count = count < watched.longest ? count : watched.longest;
    }
    return __real_pwrite(file, bytes, count, address);
}

int __real_posix_fallocate(int file, off_t address, off_t bytes);
int __wrap_posix_fallocate(int file, off_t address, off_t bytes);
int __wrap_posix_fallocate(int file, off_t address, off_t bytes) {
    return fails(CALL_RESERVE, address, (size_t)bytes) ? watched.reason : __real_posix_fallocate(file, address, bytes);
}

int __real_fsync(int file);
int __wrap_fsync(int file);
int __wrap_fsync(int file) {
    struct stat found;
    const bool folder = fstat(file, &found) == 0 && S_ISDIR(found.st_mode);
    return fails(folder ? CALL_SYNC_FOLDER : CALL_SYNC_FILE, 0, 0) ? -1 : __real_fsync(file);
}

int __real_fdatasync(int file);
int __wrap_fdatasync(int file);
int __wrap_fdatasync(int file) {
    return fails(CALL_SYNC_DATA, 0, 0) ? -1 : __real_fdatasync(file);
}

int __real_sync_file_range(int file, off_t address, off_t bytes, unsigned flags);
int __wrap_sync_file_range(int file, off_t address, off_t bytes, unsigned flags);
int __wrap_sync_file_range(int file, off_t address, off_t bytes, unsigned flags) {
    return fails(CALL_SYNC_RANGE, address, (size_t)bytes) ? -1 : __real_sync_file_range(file, address, bytes, flags);
}

int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    if (fails(CALL_RENAME, 0, 0)) {
        return -1;
    }
    if (watched.appears) {
        (void)close(open(to, O_WRONLY | O_CREAT | O_EXCL, 0600));
    }
    if (watched.no_renameat2) {
        errno = EINVAL;
        return -1;
    }
    return __real_renameat2(from_folder, from, to_folder, to, flags);
}

int __real_flock(int file, int operation);
int __wrap_flock(int file, int operation);
int __wrap_flock(int file, int operation) {
    if (watched.no_flock != 0) {
        errno = watched.no_flock;
        return -1;
    }
    return __real_flock(file, operation);
}

// ---- a folder for each test ----

static char folder[] = "/tmp/gansweep-store-XXXXXX";
static char path[256];

static int enter_folder(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/gansweep-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/results.h5", folder);
    watch();
    return 0;
}

static int files_in_folder(void) {
    int count = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    (void)closedir(entries);
    return count;
}

static int leave_folder(void **state) {
    (void)state;
    (void)unlink(path);
    return rmdir(folder); // fails when something was left behind
}

// ---- reading back ----

static gs_results *open_results(void) {
    gs_results *results;
    gs_error error = {""};
    if (gs_results_open(path, &results, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return results;
}

static void read_rows(const gs_results *results, const char *name, int64_t first, int64_t count, void *into) {
    gs_error error;
    if (gs_results_read(results, name, first, count, into, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
}

/// Reads one row of any dataset; the caller frees it.
static unsigned char *read_row(const gs_results *results, const gs_dataset *dataset, int64_t row) {
    unsigned char *bytes = malloc((size_t)dataset->row_bytes);
    assert_non_null(bytes);
    read_rows(results, dataset->name, row, 1, bytes);
    return bytes;
}

static void write_trials(fixture *made, gs_store *store, const int64_t *trials, int count) {
    gs_error error;
    gs_block_clear(made->block);
    for (int i = 0; i < count; i++) {
        fixture_append(made, trials[i]);
    }
    if (gs_store_write(store, made->block, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
}

static void write_one_block(gs_store *store, const fixture *made) {
    gs_error error;
    assert_int_equal(gs_store_write(store, made->block, &error), GS_OK);
}

static void close_store(gs_store *store) {
    gs_error error;
    if (gs_store_close(store, 2.5, NULL, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
}

/// Address of a dataset, as libhdf5 says.
static int64_t address_of(const char *name) {
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    const haddr_t address = H5Dget_offset(dataset);
    H5Dclose(dataset);
    H5Fclose(file);
    return (int64_t)address;
}

// ---- the layout ----

static void the_layout_has_each_name_once_and_ends_with_status(void **state) {
    (void)state;
    for (int name = 0; name < FIXTURE_COUNT; name++) {
        fixture made;
        fixture_create(&made, name, NULL, 0);
        const int count = gs_layout_dataset_count(made.layout);
        for (int i = 0; i < count; i++) {
            const gs_dataset *dataset = gs_layout_dataset(made.layout, i);
            assert_int_equal(gs_layout_find(made.layout, dataset->name), i);
            for (int d = 1; d < dataset->rank; d++) {
                for (int before = 0; before < d; before++) {
                    assert_string_not_equal(dataset->dimension[d], dataset->dimension[before]);
                }
            }
        }
        assert_string_equal(gs_layout_dataset(made.layout, count - 1)->name, "status");
        assert_int_equal(gs_layout_find(made.layout, "nothing"), -1);
        fixture_free(&made);
    }
}

static void the_file_is_no_larger_than_foreseen(void **state) {
    (void)state;
    for (int name = 0; name < FIXTURE_COUNT; name++) {
        fixture made;
        struct stat found;
        fixture_create(&made, name, NULL, 0);
        close_store(fixture_store(&made, path, true));
        assert_int_equal(stat(path, &found), 0);
        const int64_t foreseen = gs_layout_file_bytes(made.layout);
        print_message("%s: %lld bytes, foreseen %lld\n", fixture_names[name], (long long)found.st_size,
                      (long long)foreseen);
        assert_true(found.st_size <= foreseen);
        fixture_free(&made);
    }
}

static void the_widest_experiment_is_no_larger_than_foreseen(void **state) {
    (void)state;
    const char *text = "title: wide\n"
                       "data: {A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 100}\n"
                       "model: {generator: [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2],"
                       " discriminator: [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]}\n"
                       "parameters:\n  seed: {values: [1]}\n"
                       "keep: {samples: 10, generator_by_epoch: true}\n";
    gs_error error = {""};
    gs_experiment *experiment = NULL;
    gs_plan *plan = NULL;
    gs_layout *layout = NULL;
    gs_store *store = NULL;
    struct stat found;
    assert_int_equal(gs_experiment_parse(text, strlen(text), "wide", NULL, 0, &experiment, &error), GS_OK);
    assert_int_equal(gs_plan_create(experiment, &plan, &error), GS_OK);
    assert_int_equal(gs_layout_create(experiment, plan, &layout, &error), GS_OK);
    assert_int_equal(gs_store_create(path, experiment, plan, &fixture_provenance, false, NULL, &store, &error), GS_OK);
    close_store(store);
    assert_int_equal(stat(path, &found), 0);
    print_message("%d datasets: %lld bytes, foreseen %lld\n", gs_layout_dataset_count(layout), (long long)found.st_size,
                  (long long)gs_layout_file_bytes(layout));
    assert_true(found.st_size <= gs_layout_file_bytes(layout));
    gs_results_close(open_results());
    gs_layout_free(layout);
    gs_plan_free(plan);
    gs_experiment_free(experiment);
}

// ---- rows ----

static void every_value_is_read_back_where_it_belongs(void **state) {
    (void)state;
    fixture made;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    write_trials(&made, store, (const int64_t[]){4, 11, 3, 5, 0}, 5); // packs need not come in the order of trials
    close_store(store);
    gs_results *results = open_results();
    for (int64_t trial = 3; trial <= 5; trial++) {
        float losses[4], weight[4], bias[2], by_epoch[4 * 4], samples[10];
        double mean[2], error;
        int64_t seed, diverged;
        uint8_t ok, status;
        read_rows(results, "loss_G", trial, 1, losses);
        read_rows(results, "generator_weight", trial, 1, weight);
        read_rows(results, "generator_bias", trial, 1, bias);
        read_rows(results, "generator_weight_by_epoch", trial, 1, by_epoch);
        read_rows(results, "samples", trial, 1, samples);
        read_rows(results, "sample_mean", trial, 1, mean);
        read_rows(results, "covariance_error", trial, 1, &error);
        read_rows(results, "seed", trial, 1, &seed);
        read_rows(results, "diverged_epoch", trial, 1, &diverged);
        read_rows(results, "covariance_ok", trial, 1, &ok);
        read_rows(results, "status", trial, 1, &status);
        assert_true(losses[3] == fixture_value(2, trial, 3));
        assert_true(weight[3] == fixture_value(3, trial, 3));
        assert_true(bias[0] == fixture_value(3, trial, 4));
        assert_true(by_epoch[4 + 2] == fixture_value(5, trial, 6 + 2));
        assert_true(samples[9] == fixture_value(6, trial, 9));
        assert_true(mean[1] == (double)fixture_value(7, trial, 1));
        assert_true(error == (double)fixture_value(10, trial, 0));
        assert_int_equal(seed, 10 + trial % 3);
        assert_int_equal(diverged, 0);
        assert_int_equal(ok, trial % 2);
        assert_int_equal(status, GS_DONE);
    }
    gs_results_close(results);
    fixture_free(&made);
}

static void what_a_trial_does_not_have_is_nan(void **state) {
    (void)state;
    fixture made;
    fixture_create(&made, FIXTURE_DEEP, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    write_trials(&made, store, (const int64_t[]){0, 7}, 2);
    close_store(store);
    gs_results *results = open_results();
    float losses[3], weight[6][4], by_epoch[3][6][4];
    read_rows(results, "loss_D", 0, 1, losses); // 2 of 3 epochs, latent_dim 2 of 4
    read_rows(results, "generator_weight_1", 0, 1, weight);
    read_rows(results, "generator_weight_1_by_epoch", 0, 1, by_epoch);
    assert_true(losses[1] == fixture_value(1, 0, 1));
    assert_true(losses[2] != losses[2]);
    for (int unit = 0; unit < 6; unit++) {
        for (int latent = 0; latent < 4; latent++) {
            const bool has = latent < 2;
            const int64_t index = (int64_t)unit * 2 + latent;
            assert_true(has ? weight[unit][latent] == fixture_value(3, 0, index)
                            : weight[unit][latent] != weight[unit][latent]);
            // A flat row is as long as the largest generator: 6 x 4 + 6 + 3 x 6 + 3.
            assert_true(has ? by_epoch[1][unit][latent] == fixture_value(5, 0, 51 + index)
                            : by_epoch[1][unit][latent] != by_epoch[1][unit][latent]);
            assert_true(by_epoch[2][unit][latent] != by_epoch[2][unit][latent]);
        }
    }
    read_rows(results, "generator_weight_1", 7, 1, weight);
    assert_true(weight[5][3] == fixture_value(3, 7, 23));
    gs_results_close(results);
    fixture_free(&made);
}

static void pending_rows_are_nan_or_zero_and_have_their_settings(void **state) {
    (void)state;
    fixture made;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    close_store(fixture_store(&made, path, false));
    gs_results *results = open_results();
    for (int i = 0; i < gs_layout_dataset_count(made.layout); i++) {
        const gs_dataset *dataset = gs_layout_dataset(made.layout, i);
        const bool planned = dataset->coordinate || i <= gs_layout_find(made.layout, "configuration");
        for (int64_t row = 0; row < dataset->extent[0] && !planned; row++) {
            unsigned char *bytes = read_row(results, dataset, row);
            for (int64_t at = 0; at < dataset->row_bytes; at++) {
                static const unsigned char f4[] = {0, 0, 0xc0, 0x7f}, f8[] = {0, 0, 0, 0, 0, 0, 0xf8, 0x7f};
                const int expected = dataset->element == GS_F4   ? f4[at % 4]
                                     : dataset->element == GS_F8 ? f8[at % 8]
                                                                 : 0;
                assert_int_equal(bytes[at], expected);
            }
            free(bytes);
        }
    }
    for (int64_t trial = 0; trial < gs_plan_trial_count(made.plan); trial++) {
        gs_settings settings;
        int64_t number, seed, configuration;
        double lr_D;
        uint8_t convention;
        gs_plan_settings(made.plan, trial, &settings);
        read_rows(results, "trial", trial, 1, &number);
        read_rows(results, "seed", trial, 1, &seed);
        read_rows(results, "lr_D", trial, 1, &lr_D);
        read_rows(results, "convention", trial, 1, &convention);
        read_rows(results, "configuration", trial, 1, &configuration);
        assert_int_equal(number, trial);
        assert_int_equal(seed, settings.seed);
        assert_true(lr_D == settings.lr_D);
        assert_int_equal(convention, settings.convention);
        assert_int_equal(configuration, gs_plan_configuration(made.plan, trial));
    }
    gs_results_close(results);
    fixture_free(&made);
}

static void every_nan_has_the_bits_of_the_contract(void **state) {
    (void)state;
    fixture made;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    write_trials(&made, store, (const int64_t[]){2}, 1);
    close_store(store);
    gs_results *results = open_results();
    uint32_t loss_D[4], loss_G[4], weight[4];
    uint64_t error, covariance[4];
    int64_t diverged;
    uint8_t status;
    read_rows(results, "loss_D", 2, 1, loss_D);
    read_rows(results, "loss_G", 2, 1, loss_G);
    read_rows(results, "generator_weight", 2, 1, weight);
    read_rows(results, "covariance_error", 2, 1, &error);
    read_rows(results, "sample_covariance", 2, 1, covariance);
    read_rows(results, "diverged_epoch", 2, 1, &diverged);
    read_rows(results, "status", 2, 1, &status);
    for (int epoch = 1; epoch < 4; epoch++) {
        assert_int_equal(loss_D[epoch], 0x7fc00000U);
        assert_int_equal(loss_G[epoch], 0x7fc00000U);
    }
    assert_int_equal(weight[0], 0x7fc00000U);
    assert_true(error == 0x7ff8000000000000U && covariance[1] == 0x7ff8000000000000U);
    assert_int_equal(diverged, 2);
    assert_int_equal(status, GS_DIVERGED);
    gs_results_close(results);
    fixture_free(&made);
}

static void the_checksum_is_of_the_row_of_every_dataset(void **state) {
    (void)state;
    fixture made;
    fixture_create(&made, FIXTURE_DEEP, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    write_trials(&made, store, (const int64_t[]){1, 2, 6}, 3);
    close_store(store);
    gs_results *results = open_results();
    for (int64_t trial = 1; trial <= 2; trial++) {
        XXH32_state_t hash;
        XXH32_reset(&hash, 0);
        for (int i = 0; i < gs_layout_find(made.layout, "checksum"); i++) {
            const gs_dataset *dataset = gs_layout_dataset(made.layout, i);
            if (strcmp(dataset->dimension[0], "trial") == 0) {
                unsigned char *bytes = read_row(results, dataset, trial);
                XXH32_update(&hash, bytes, (size_t)dataset->row_bytes);
                free(bytes);
            }
        }
        uint32_t checksum;
        read_rows(results, "checksum", trial, 1, &checksum);
        assert_int_equal(checksum, XXH32_digest(&hash));
    }
    gs_results_close(results);
    fixture_free(&made);
}

static void one_write_a_dataset_stores_consecutive_trials(void **state) {
    (void)state;
    fixture made;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    watch();
    write_trials(&made, store, (const int64_t[]){5, 6, 3, 4}, 4);
    const int datasets = gs_layout_find(made.layout, "status") - gs_layout_find(made.layout, "configuration") - 1;
    assert_int_equal(watched.count, datasets);
    watch();
    write_trials(&made, store, (const int64_t[]){0, 2, 9}, 3);
    assert_int_equal(watched.count, 3 * datasets);
    close_store(store);
    fixture_free(&made);
}

/// Calls [first, last) each write a whole part of /plots.
static void assert_only_plots_are_written(const fixture *made, int first, int last) {
    const gs_plots *plots = made->layout->plots;
    assert_int_equal(last - first, gs_plots_part_count(plots));
    for (int i = first; i < last; i++) {
        const gs_plot_part *part = gs_plots_part(plots, i - first);
        char name[80];
        (void)snprintf(name, sizeof name, "plots/%s", part->name);
        assert_int_equal(watched.calls[i].name, CALL_WRITE);
        assert_int_equal(watched.calls[i].address, address_of(name));
        assert_int_equal(watched.calls[i].bytes, part->bytes);
    }
}

/// plots -> sync -> status -> sync for the trials that complete a file, which no checkpoint acknowledges.
static void a_file_is_complete_only_when_its_plots_are_on_the_disk(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    gs_ledger ledger;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    const int parts = gs_plots_part_count(made.layout->plots);
    const int64_t status = address_of("status");
    write_trials(&made, store, (const int64_t[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 11);
    assert_int_equal(gs_store_checkpoint(store, 1, &error), GS_OK);
    write_trials(&made, store, (const int64_t[]){11}, 1);
    watch();
    assert_int_equal(gs_store_checkpoint(store, 2, &error), GS_OK);
    assert_int_equal(watched.count, 0);
    assert_int_equal(gs_store_ledger(store).pending, 1);
    assert_int_equal(gs_store_close(store, 3, &ledger, &error), GS_OK);
    assert_int_equal(ledger.pending, 0);
    assert_int_equal(watched.count, parts + 5);
    assert_only_plots_are_written(&made, 0, parts);
    assert_int_equal(watched.calls[parts].name, CALL_SYNC_DATA);
    assert_int_equal(watched.calls[parts + 1].address, status + 11);
    assert_int_equal(watched.calls[parts + 4].name, CALL_SYNC_DATA);
    fixture_free(&made);
}

/// data -> sync -> status -> sync, and no status anywhere else.
static void status_is_written_after_its_data_are_on_the_disk(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    const int64_t status = address_of("status");
    watch();
    write_trials(&made, store, (const int64_t[]){5, 6, 3, 4}, 4);
    for (int i = 0; i < watched.count; i++) {
        assert_int_equal(watched.calls[i].name, CALL_WRITE);
        assert_false(watched.calls[i].address >= status && watched.calls[i].address < status + 12);
    }
    watch();
    assert_int_equal(gs_store_checkpoint(store, 1, &error), GS_OK);
    assert_true(watched.count > 5);
    assert_int_equal(watched.calls[0].name, CALL_SYNC_DATA);
    assert_int_equal(watched.calls[1].name, CALL_WRITE);
    assert_int_equal(watched.calls[1].address, status + 3);
    assert_int_equal(watched.calls[1].bytes, 4);
    assert_int_equal(watched.calls[2].address, address_of("provenance/seconds"));
    assert_int_equal(watched.calls[3].address, address_of("provenance/seconds_checksum"));
    assert_int_equal(watched.calls[4].name, CALL_SYNC_DATA);
    assert_only_plots_are_written(&made, 5, watched.count);
    watch();
    assert_int_equal(gs_store_checkpoint(store, 2, &error), GS_OK); // nothing is new: the disk is left alone
    assert_int_equal(watched.count, 0);
    close_store(store);
    fixture_free(&made);
}

typedef struct {
    gs_store *store;
    int64_t first;
    bool written;
} writer;

static void *write_every_fourth(void *argument) {
    writer *self = argument;
    gs_error error;
    fixture made;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    self->written = true;
    for (int round = 0; round < 50; round++) {
        for (int64_t trial = self->first; trial < gs_plan_trial_count(made.plan); trial += 4) {
            gs_block_clear(made.block);
            fixture_append(&made, trial);
            self->written = self->written && gs_store_write(self->store, made.block, &error) == GS_OK;
        }
    }
    fixture_free(&made);
    return NULL;
}

static void threads_write_different_trials_at_once(void **state) {
    (void)state;
    fixture made;
    pthread_t threads[4];
    writer writers[4];
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    for (int i = 0; i < 4; i++) {
        writers[i] = (writer){store, i, false};
        assert_int_equal(pthread_create(&threads[i], NULL, write_every_fourth, &writers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_true(writers[i].written);
    }
    close_store(store);
    gs_results *results = open_results();
    for (int64_t trial = 0; trial < 12; trial++) {
        float losses[4];
        uint8_t status;
        read_rows(results, "loss_G", trial, 1, losses);
        read_rows(results, "status", trial, 1, &status);
        assert_true(losses[0] == fixture_value(2, trial, 0));
        assert_int_equal(status, trial == 2 ? GS_DIVERGED : GS_DONE);
    }
    gs_results_close(results);
    fixture_free(&made);
}

// ---- what goes wrong ----

static void short_and_interrupted_writes_lose_nothing(void **state) {
    (void)state;
    fixture made;
    struct stat found;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *whole = fixture_store(&made, path, false);
    write_trials(&made, whole, (const int64_t[]){0, 2, 3, 11}, 4);
    const int64_t begin = address_of("trial");
    close_store(whole);
    assert_int_equal(stat(path, &found), 0);
    const size_t bytes = (size_t)(found.st_size - begin);
    char *expected = malloc(bytes), *seen = malloc(bytes);
    assert_true(expected != NULL && seen != NULL);
    for (int round = 0; round < 2; round++) {
        const int file = open(path, O_RDONLY);
        assert_int_equal(pread(file, round == 0 ? expected : seen, bytes, begin), bytes);
        (void)close(file);
        if (round == 0) {
            watched.longest = 7;
            gs_store *pieces = fixture_store(&made, path, true);
            write_trials(&made, pieces, (const int64_t[]){0, 2, 3, 11}, 4);
            close_store(pieces);
        }
    }
    // Everything but the time of creation, which stands in /provenance.
    for (int i = 0; i < gs_layout_dataset_count(made.layout); i++) {
        const gs_dataset *dataset = gs_layout_dataset(made.layout, i);
        const int64_t at = address_of(dataset->name) - begin;
        assert_memory_equal(expected + at, seen + at, (size_t)(dataset->extent[0] * dataset->row_bytes));
    }
    free(expected);
    free(seen);
    fixture_free(&made);
}

static void whatever_fails_while_creating_leaves_nothing_behind(void **state) {
    (void)state;
    static const int reasons[] = {ENOSPC, EIO};
    fixture made;
    gs_error error;
    gs_store *store;
    fixture_create(&made, FIXTURE_PLAIN, NULL, 0);
    gs_store *whole = fixture_store(&made, path, false);
    const int calls = watched.count;
    close_store(whole);
    assert_int_equal(unlink(path), 0);
    for (int i = 0; i < 2 * calls; i++) {
        watch();
        watched.fail_at = i / 2 + 1;
        watched.reason = reasons[i % 2];
        error.message[0] = '\0';
        const gs_status status =
            gs_store_create(path, made.experiment, made.plan, &fixture_provenance, false, NULL, &store, &error);
        assert_true(status == GS_ERROR_RUN || (status == GS_ERROR_INPUT && reasons[i % 2] == ENOSPC));
        assert_true(strlen(error.message) > 0 && strchr(error.message, '\n') == NULL);
        assert_int_equal(files_in_folder(), 0);
    }
    print_message("%d calls made to fail, last: %s\n", 2 * calls, error.message);
    fixture_free(&made);
}

static void a_write_that_fails_is_an_error_that_names_the_dataset(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    fixture_append(&made, 5);
    watch();
    watched.fail_at = 2;
    watched.reason = ENOSPC;
    assert_int_equal(gs_store_write(store, made.block, &error), GS_ERROR_RUN);
    assert_non_null(strstr(error.message, "loss_G can't be written: No space left"));
    watch();
    close_store(store);
    gs_results *results = open_results();
    uint8_t status;
    read_rows(results, "status", 5, 1, &status);
    assert_int_equal(status, GS_PENDING);
    gs_results_close(results);
    fixture_free(&made);
}

static void a_failed_sync_is_final(void **state) {
    (void)state;
    // The first sync of a checkpoint, and the one after its statuses.
    for (int which = 0; which < 2; which++) {
        fixture made;
        gs_error error;
        gs_ledger ledger;
        fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
        gs_store *store = fixture_store(&made, path, true);
        fixture_append(&made, 0);
        assert_int_equal(gs_store_write(store, made.block, &error), GS_OK);
        watch();
        watched.fail_at = which == 0 ? 1 : 5; // sync, status, seconds, their checksum, sync
        watched.reason = EIO;
        assert_int_equal(gs_store_checkpoint(store, 1, &error), GS_ERROR_RUN);
        assert_non_null(strstr(error.message, "can't be made durable: Input/output error"));
        assert_int_equal(watched.count, watched.fail_at);
        assert_int_equal(watched.calls[watched.fail_at - 1].name, CALL_SYNC_DATA);
        gs_block_clear(made.block);
        fixture_append(&made, 1);
        assert_int_equal(gs_store_write(store, made.block, &error), GS_OK);
        watch();
        assert_int_equal(gs_store_close(store, 1, &ledger, &error), GS_ERROR_RUN);
        assert_int_equal(watched.count, 0); // no second sync, which would say that all is well
        assert_int_equal(ledger.done + ledger.diverged, 0);
        assert_int_equal(ledger.pending, ledger.planned);
        fixture_free(&made);
    }
}

static void a_checkpoint_that_can_not_write_is_final_too(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    gs_ledger ledger;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    fixture_append(&made, 0);
    assert_int_equal(gs_store_write(store, made.block, &error), GS_OK);
    watch();
    watched.fail_at = 2; // sync, status
    watched.reason = EFBIG;
    assert_int_equal(gs_store_checkpoint(store, 1, &error), GS_ERROR_RUN);
    assert_non_null(strstr(error.message, "status can't be written: File too large"));
    watch();
    assert_int_equal(gs_store_checkpoint(store, 1, &error), GS_ERROR_RUN);
    assert_int_equal(gs_store_close(store, 1, &ledger, &error), GS_ERROR_RUN);
    assert_int_equal(ledger.pending, ledger.planned);
    fixture_free(&made);
}

static void what_was_repaired_is_durable(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    fixture_create(&made, FIXTURE_PLAIN, NULL, 0);
    close_store(fixture_store(&made, path, false));
    gs_results *results = open_results();
    gs_store *store;
    assert_int_equal(gs_store_resume(results, NULL, &store, &error), GS_OK);
    watch();
    assert_int_equal(gs_store_repair(store, NULL, 0, &error), GS_OK); // settings alone
    assert_true(watched.count > 1);
    assert_int_equal(watched.calls[watched.count - 1].name, CALL_SYNC_DATA);
    close_store(store);
    gs_results_close(results);
    fixture_free(&made);
}

static void a_second_writer_is_refused_at_once(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    gs_store *second;
    gs_results *results;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    results = open_results(); // a reader is not stopped
    assert_int_equal(gs_store_resume(results, NULL, &second, &error), GS_ERROR_RUN);
    print_message("%s\n", error.message);
    assert_non_null(strstr(error.message, "writes it"));
    assert_int_equal(
        gs_store_create(path, made.experiment, made.plan, &fixture_provenance, true, NULL, &second, &error),
        GS_ERROR_RUN);
    assert_non_null(strstr(error.message, "writes it"));
    close_store(store);
    assert_int_equal(files_in_folder(), 1);
    assert_int_equal(gs_store_resume(results, NULL, &store, &error), GS_OK);
    assert_int_equal(files_in_folder(), 2);
    close_store(store);
    assert_int_equal(files_in_folder(), 1);
    gs_results_close(results);
    fixture_free(&made);
}

/// Writes a lock file as another process would have left it.
static void leave_lock(const char *system, const char *host, const char *machine, const char *boot,
                       const char *processes, long process, const char *start) {
    char name[300];
    (void)snprintf(name, sizeof name, "%s.lock", path);
    FILE *stream = fopen(name, "w");
    assert_non_null(stream);
    (void)fprintf(stream, "system %s\nhost %s\nmachine %s\nboot %s\nprocesses %s\nprocess %ld\nstart %s\n", system,
                  host, machine, boot, processes, process, start);
    assert_int_equal(fclose(stream), 0);
}

static void first_line(const char *name, char *line, size_t size) {
    FILE *stream = fopen(name, "r");
    assert_non_null(stream);
    assert_non_null(fgets(line, (int)size, stream));
    (void)fclose(stream);
    line[strcspn(line, "\n")] = '\0';
}

/// NFS without a lock server, some FUSE file systems: the lock file's existence counts.
static void a_second_writer_is_refused_where_there_are_no_locks(void **state) {
    (void)state;
    static const int reasons[] = {ENOLCK, EOPNOTSUPP, ENOSYS};
    for (int i = 0; i < 3; i++) {
        fixture made;
        gs_error error;
        gs_store *second;
        fixture_create(&made, FIXTURE_PLAIN, NULL, 0);
        watch();
        watched.no_flock = reasons[i];
        gs_store *store = fixture_store(&made, path, i > 0);
        assert_int_equal(files_in_folder(), 2);
        for (int locks_again = 0; locks_again < 2; locks_again++) {
            watched.no_flock = locks_again ? 0 : reasons[i];
            assert_int_equal(
                gs_store_create(path, made.experiment, made.plan, &fixture_provenance, true, NULL, &second, &error),
                GS_ERROR_RUN);
            assert_non_null(strstr(error.message, "writes it"));
        }
        close_store(store);
        assert_int_equal(files_in_folder(), 1);
        fixture_free(&made);
    }
}

static void a_dead_holders_lock_is_taken_over_and_a_distant_ones_is_not(void **state) {
    (void)state;
    char host[128] = "", boot[128], processes[128] = "", machine[128] = "";
    (void)gethostname(host, sizeof host - 1);
    first_line("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    assert_true(readlink("/proc/self/ns/pid", processes, sizeof processes - 1) > 0);
    if (access("/etc/machine-id", R_OK) == 0) {
        first_line("/etc/machine-id", machine, sizeof machine);
    }
    const struct {
        const char *system, *host, *machine, *boot, *processes;
        long process;
        const char *start;
        bool taken;
    } holders[] = {
        {"no", host, machine, boot, processes, 999999999, "1", true},             // no such process
        {"no", host, machine, boot, processes, (long)getpid(), "1", true},        // its number is used again
        {"no", host, machine, "an-earlier-start", processes, 1, "1", machine[0]}, // before the machine was started
        {"no", host, "another", "an-earlier-start", processes, 1, "1", false},    // another machine of the same name
        {"no", "elsewhere", "another", "another", processes, 1, "1", false},      // another machine
        {"no", host, machine, boot, "pid:[1]", 999999999, "1", false},            // another container
        {"no", host, machine, boot, processes, 99999999999999999, "1", false},    // no number of a process
        {"yes", "elsewhere", "another", "another", "pid:[1]", 1, "1", true},      // the system says that it let go
    };
    enum { HOLDERS = sizeof holders / sizeof *holders };
    for (int i = 0; i < 2 * HOLDERS; i++) {
        fixture made;
        gs_error error;
        gs_store *store;
        const int one = i % HOLDERS;
        fixture_create(&made, FIXTURE_PLAIN, NULL, 0);
        leave_lock(holders[one].system, holders[one].host, holders[one].machine, holders[one].boot,
                   holders[one].processes, holders[one].process, holders[one].start);
        watch();
        watched.no_flock = i < HOLDERS ? 0 : ENOLCK;
        const gs_status status =
            gs_store_create(path, made.experiment, made.plan, &fixture_provenance, true, NULL, &store, &error);
        const bool expected =
            holders[one].taken && !(i >= HOLDERS && one == HOLDERS - 1); // without locks it can't be known
        assert_int_equal(status, expected ? GS_OK : GS_ERROR_RUN);
        if (status == GS_OK) {
            close_store(store);
        } else {
            assert_non_null(strstr(error.message, "if that process is gone, remove that file"));
            char name[300];
            (void)snprintf(name, sizeof name, "%s.lock", path);
            assert_int_equal(unlink(name), 0);
        }
        fixture_free(&made);
    }
    print_message("%d lock files of others\n", 2 * HOLDERS);
}

static void a_resumed_store_knows_what_is_pending(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    fixture_append(&made, 2); // diverged
    fixture_append(&made, 9);
    write_one_block(store, &made);
    close_store(store);
    gs_results *results = open_results();
    assert_int_equal(gs_store_resume(results, NULL, &store, &error), GS_OK);
    for (int64_t trial = 0; trial < 12; trial++) {
        assert_int_equal(gs_store_is_pending(store, trial), trial != 2 && trial != 9);
    }
    gs_ledger ledger = gs_store_ledger(store);
    assert_true(ledger.planned == 12 && ledger.done == 1 && ledger.diverged == 1 && ledger.pending == 10);
    const int64_t damaged[] = {9};
    assert_int_equal(gs_store_repair(store, damaged, 1, &error), GS_OK);
    assert_true(gs_store_is_pending(store, 9));
    gs_block_clear(made.block);
    fixture_append(&made, 3);
    fixture_append(&made, 9);
    write_one_block(store, &made);
    assert_int_equal(gs_store_close(store, 1.5, &ledger, &error), GS_OK);
    assert_true(ledger.planned == 12 && ledger.done == 2 && ledger.diverged == 1 && ledger.pending == 9);
    gs_results_close(results);
    results = open_results();
    char *seconds = gs_results_provenance(results, "seconds");
    assert_string_equal(seconds, "4"); // 2.5 before
    free(seconds);
    assert_int_equal(gs_results_ledger(results, &ledger, &error), GS_OK);
    assert_true(ledger.planned == 12 && ledger.done == 2 && ledger.diverged == 1 && ledger.pending == 9);
    gs_results_close(results);
    fixture_free(&made);
}

static void a_file_is_durable_before_it_has_its_name(void **state) {
    (void)state;
    fixture made;
    fixture_create(&made, FIXTURE_PLAIN, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    const call *last = &watched.calls[watched.count - 1];
    assert_int_equal(last[-2].name, CALL_SYNC_FILE);
    assert_int_equal(last[-1].name, CALL_RENAME);
    assert_int_equal(last[0].name, CALL_SYNC_FOLDER);
    close_store(store);
    fixture_free(&made);
}

static void space_is_reserved_before_rows_are_written(void **state) {
    (void)state;
    fixture made;
    struct stat found;
    fixture_create(&made, FIXTURE_AFFINE, NULL, 0);
    gs_store *store = fixture_store(&made, path, false);
    const int64_t rows = address_of("loss_D");
    assert_int_equal(stat(path, &found), 0);
    bool reserved = false;
    for (int i = 0; i < watched.count; i++) {
        if (watched.calls[i].name == CALL_RESERVE) {
            reserved = watched.calls[i].address == 0 && (int64_t)watched.calls[i].bytes == found.st_size;
        }
        assert_true(reserved || watched.calls[i].name != CALL_WRITE || watched.calls[i].address != rows);
    }
    assert_true(reserved);
    assert_true((int64_t)found.st_blocks * 512 >= found.st_size);
    close_store(store);
    fixture_free(&made);
}

static void an_existing_file_is_never_overwritten_without_force(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    gs_store *store;
    char kept[16] = "";
    fixture_create(&made, FIXTURE_PLAIN, NULL, 0);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs("mine", stream) >= 0 && fclose(stream) == 0);
    assert_int_equal(
        gs_store_create(path, made.experiment, made.plan, &fixture_provenance, false, NULL, &store, &error),
        GS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "exists already"));
    stream = fopen(path, "r");
    assert_non_null(stream);
    assert_non_null(fgets(kept, sizeof kept, stream));
    (void)fclose(stream);
    assert_string_equal(kept, "mine");
    close_store(fixture_store(&made, path, true));
    gs_results_close(open_results());
    fixture_free(&made);
}

static void a_file_that_appears_meanwhile_is_not_overwritten(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    gs_store *store;
    struct stat found;
    fixture_create(&made, FIXTURE_PLAIN, NULL, 0);
    for (int without = 0; without < 2; without++) {
        watch();
        watched.no_renameat2 = without == 1;
        close_store(fixture_store(&made, path, false));
        assert_int_equal(unlink(path), 0);
        watched.appears = true;
        assert_int_equal(
            gs_store_create(path, made.experiment, made.plan, &fixture_provenance, false, NULL, &store, &error),
            GS_ERROR_INPUT);
        assert_int_equal(files_in_folder(), 1);
        assert_true(stat(path, &found) == 0 && found.st_size == 0);
        assert_int_equal(unlink(path), 0);
    }
    fixture_free(&made);
}

static void a_name_that_can_not_be_written_is_refused(void **state) {
    (void)state;
    fixture made;
    gs_error error;
    gs_store *store;
    char names[5][400];
    fixture_create(&made, FIXTURE_PLAIN, NULL, 0);
    (void)snprintf(names[0], sizeof names[0], "%s", folder);
    (void)snprintf(names[1], sizeof names[1], "%s/none/results.h5", folder);
    (void)snprintf(names[2], sizeof names[2], "%s/", folder);
    (void)snprintf(names[3], sizeof names[3], "%s/%0300d", folder, 1);
    names[4][0] = '\0';
    for (int i = 0; i < 10; i++) {
        const gs_status status = gs_store_create(names[i % 5], made.experiment, made.plan, &fixture_provenance, i >= 5,
                                                 NULL, &store, &error);
        assert_int_equal(status, GS_ERROR_INPUT);
        print_message("%s\n", error.message);
        assert_int_equal(files_in_folder(), 0);
    }
    fixture_free(&made);
}

static void a_disk_with_too_little_room_is_found_before_anything_is_written(void **state) {
    (void)state;
    static const char *const seeds[] = {"seed=1:1000000000000", "seed=1:1000000000000000000"};
    for (int i = 0; i < 2; i++) {
        fixture made;
        gs_error error;
        gs_store *store;
        fixture_create(&made, FIXTURE_AFFINE, &seeds[i], 1);
        const int64_t bytes = gs_layout_file_bytes(made.layout);
        assert_true(i == 0 ? bytes > 1000000000000 : bytes == INT64_MAX);
        assert_int_equal(
            gs_store_create(path, made.experiment, made.plan, &fixture_provenance, false, NULL, &store, &error),
            GS_ERROR_INPUT);
        print_message("%s\n", error.message);
        assert_non_null(strstr(error.message, i == 0 ? "free" : "overflows"));
        assert_int_equal(files_in_folder(), 0);
        fixture_free(&made);
    }
}

/// Files too large for the system's memory are sent to the disk piece by piece, and what the disk says then counts.
static void a_disk_error_while_a_large_file_is_filled_is_believed(void **state) {
    (void)state;
    static const char *const override = "seed=1:80000";
    fixture made;
    gs_error error;
    gs_store *store;
    fixture_create(&made, FIXTURE_AFFINE, &override, 1);
    close_store(fixture_store(&made, path, false));
    int first = 0;
    while (first < watched.count && watched.calls[first].name != CALL_SYNC_RANGE) {
        first++;
    }
    assert_true(first < watched.count && first < MAX_CALLS);
    assert_int_equal(unlink(path), 0);
    for (int i = 0; i < 2; i++) {
        watch();
        watched.fail_at = first + 1;
        watched.reason = i == 0 ? EIO : ENOSYS;
        const gs_status status =
            gs_store_create(path, made.experiment, made.plan, &fixture_provenance, false, NULL, &store, &error);
        print_message("%s\n", status == GS_OK ? "created" : error.message);
        assert_int_equal(status, i == 0 ? GS_ERROR_RUN : GS_OK);
        assert_int_equal(files_in_folder(), 2 * i); // the results and their lock
    }
    close_store(store);
    fixture_free(&made);
}

static void a_sweep_of_16384_trials_is_created_quickly(void **state) {
    (void)state;
    static const char *const overrides[] = {"seed=1:4096", "epochs=20", "lr_D=0.05,0.01"};
    fixture made;
    struct timespec begin, end;
    struct stat found;
    fixture_create(&made, FIXTURE_AFFINE, overrides, 3);
    assert_int_equal(gs_plan_trial_count(made.plan), 16384);
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    gs_store *store = fixture_store(&made, path, false);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    close_store(store);
    assert_int_equal(stat(path, &found), 0);
    print_message("%.1f MB created in %.3f s\n", (double)found.st_size / 1e6,
                  (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec));
    fixture_free(&made);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_has_each_name_once_and_ends_with_status),
        IN_A_FOLDER(the_file_is_no_larger_than_foreseen),
        IN_A_FOLDER(the_widest_experiment_is_no_larger_than_foreseen),
        IN_A_FOLDER(every_value_is_read_back_where_it_belongs),
        IN_A_FOLDER(what_a_trial_does_not_have_is_nan),
        IN_A_FOLDER(pending_rows_are_nan_or_zero_and_have_their_settings),
        IN_A_FOLDER(every_nan_has_the_bits_of_the_contract),
        IN_A_FOLDER(the_checksum_is_of_the_row_of_every_dataset),
        IN_A_FOLDER(one_write_a_dataset_stores_consecutive_trials),
        IN_A_FOLDER(status_is_written_after_its_data_are_on_the_disk),
        IN_A_FOLDER(a_file_is_complete_only_when_its_plots_are_on_the_disk),
        IN_A_FOLDER(threads_write_different_trials_at_once),
        IN_A_FOLDER(short_and_interrupted_writes_lose_nothing),
        IN_A_FOLDER(whatever_fails_while_creating_leaves_nothing_behind),
        IN_A_FOLDER(a_write_that_fails_is_an_error_that_names_the_dataset),
        IN_A_FOLDER(a_failed_sync_is_final),
        IN_A_FOLDER(a_checkpoint_that_can_not_write_is_final_too),
        IN_A_FOLDER(what_was_repaired_is_durable),
        IN_A_FOLDER(a_second_writer_is_refused_at_once),
        IN_A_FOLDER(a_second_writer_is_refused_where_there_are_no_locks),
        IN_A_FOLDER(a_dead_holders_lock_is_taken_over_and_a_distant_ones_is_not),
        IN_A_FOLDER(a_resumed_store_knows_what_is_pending),
        IN_A_FOLDER(a_file_is_durable_before_it_has_its_name),
        IN_A_FOLDER(space_is_reserved_before_rows_are_written),
        IN_A_FOLDER(an_existing_file_is_never_overwritten_without_force),
        IN_A_FOLDER(a_file_that_appears_meanwhile_is_not_overwritten),
        IN_A_FOLDER(a_name_that_can_not_be_written_is_refused),
        IN_A_FOLDER(a_disk_with_too_little_room_is_found_before_anything_is_written),
        IN_A_FOLDER(a_disk_error_while_a_large_file_is_filled_is_believed),
        IN_A_FOLDER(a_sweep_of_16384_trials_is_created_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
