/// Any bytes as a results file: refused in one line, or else every dataset, every entry of its provenance, its report,
/// and what `gansweep list` and `show` say of it are read without harm.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "cli/command.h"
#include "fuzz.h"
#include "inference/sample_tests.h"
#include "store/provenance.h"
#include "store/seal.h"
#include "study/text.h"

enum {
    /// An honest experiment may be as large; what its report costs is then a matter of time alone.
    MOST_EXAMPLES = 1 << 10,
    MOST_SAMPLES = 1 << 10,
    MOST_PARAMETERS = 1 << 10,
    MOST_TRIALS = 1 << 8,
};

/// The file that is written anew for each input: libhdf5 wants a name, so an anonymous one in memory won't do. It is in
/// a folder of its own, together with the files that the virtual seed has its rows in.
static char folder[PATH_MAX / 2], path[PATH_MAX];
static const char *const sources[] = {"small-1-of-2.h5", "small-2-of-2.h5"};
enum { SOURCE_COUNT = sizeof sources / sizeof *sources };

static void remove_files(void) {
    char name[PATH_MAX];
    for (int i = 0; i < SOURCE_COUNT; i++) {
        (void)snprintf(name, sizeof name, "%s/%s", folder, sources[i]);
        (void)unlink(name);
    }
    (void)unlink(path);
    (void)rmdir(folder);
}

/// So that they are found in the folder; the build has made them.
static void link_sources(void) {
    char from[PATH_MAX], to[PATH_MAX];
    for (int i = 0; i < SOURCE_COUNT; i++) {
        (void)snprintf(from, sizeof from, "%s/%s", FUZZ_SOURCES, sources[i]);
        (void)snprintf(to, sizeof to, "%s/%s", folder, sources[i]);
        fuzz_require(symlink(from, to) == 0, "the fuzzer can make a link");
    }
}

/// @return the file, open for writing
static int make_file(void) {
    const char *const temporary = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%s/gansweep-fuzz-XXXXXX", temporary == NULL ? "/dev/shm" : temporary);
    fuzz_require(mkdtemp(folder) != NULL && atexit(remove_files) == 0,
                 "the fuzzer can make a folder; TMPDIR says where");
    (void)snprintf(path, sizeof path, "%s/input.h5", folder);
    link_sources();
    const int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    fuzz_require(file >= 0, "the fuzzer can make a file");
    return file;
}

static int input_file(void) {
    static int file = -1;
    if (file < 0) {
        file = make_file();
    }
    return file;
}

static void write_input(const uint8_t *input, size_t size) {
    const int file = input_file();
    fuzz_require(ftruncate(file, 0) == 0 && pwrite(file, input, size, 0) == (ssize_t)size, "the fuzzer has room");
}

/// A way to open what was written.
typedef gs_status open_results(const char *name, gs_results **results, gs_error *error);

/// Whether the rows of trials lie in other files.
static bool is_virtual(const gs_results *results) {
    char *const text = gs_results_provenance(results, "virtual");
    const bool found = text != NULL && strcmp(text, "0") != 0;
    free(text);
    return found;
}

static void read_dataset(const gs_results *results, const gs_dataset *dataset) {
    gs_error error = {""};
    const int64_t begin = dataset->by_trial ? gs_plan_part(gs_results_plan(results)).first : 0;
    const bool elsewhere = dataset->by_trial && is_virtual(results);
    fuzz_require(dataset->row_bytes > 0 && dataset->extent[0] > 0, "a dataset has rows");
    fuzz_require(elsewhere || dataset->extent[0] <= gs_results_bytes(results) / dataset->row_bytes,
                 "a dataset lies within its file");
    void *const rows = fuzz_allocate((size_t)(dataset->extent[0] * dataset->row_bytes));
    const gs_status status = gs_results_read(results, dataset->name, begin, dataset->extent[0], rows, &error);
    if (status != GS_OK) {
        fuzz_require(status == GS_ERROR_RESULTS, "rows that can't be read are those of a bad file");
        fuzz_require_one_line(error.message);
    }
    fuzz_require(gs_results_read(results, dataset->name, begin - 1, 1, rows, &error) == GS_ERROR_INPUT &&
                     gs_results_read(results, dataset->name, begin + dataset->extent[0], 1, rows, &error) ==
                         GS_ERROR_INPUT &&
                     gs_results_read(results, dataset->name, begin + 1, INT64_MAX, rows, &error) == GS_ERROR_INPUT,
                 "rows that are not there are refused");
    free(rows);
}

static void read_provenance(const gs_results *results) {
    for (int i = 0; i < GS_NOTE_COUNT; i++) {
        char *const text = gs_results_provenance(results, gs_notes_table[i].name);
        fuzz_require(text != NULL, "every entry of the provenance is there");
        free(text);
    }
    fuzz_require(gs_results_provenance(results, "") == NULL, "no other entry is there");
}

/// The report trains the null baseline.
static bool is_small(const gs_results *results) {
    const gs_experiment *const experiment = gs_results_experiment(results);
    gs_layers generator, discriminator;
    gs_generator_layers(experiment, gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM), &generator);
    gs_discriminator_layers(experiment, &discriminator);
    return experiment->data.n <= MOST_EXAMPLES && experiment->check_samples <= MOST_SAMPLES &&
           generator.parameter_count + discriminator.parameter_count <= MOST_PARAMETERS &&
           gs_plan_trial_count(gs_results_plan(results)) <= MOST_TRIALS;
}

static void make_report(const gs_results *results, FILE *sink) {
    gs_report *report = NULL;
    gs_error error = {""};
    gs_status status = gs_report_create(results, &report, &error);
    for (int format = 0; format < GS_FORMAT_COUNT && status == GS_OK; format++) {
        status = gs_report_print(report, results, "file.h5", (gs_report_format)format, sink, &error);
    }
    if (status != GS_OK) {
        fuzz_require(status == GS_ERROR_RESULTS, "a report that can't be made is that of a bad file");
        fuzz_require_one_line(error.message);
    }
    gs_report_free(report);
}

/// What would be trained next.
static void choose_next(const gs_results *results) {
    gs_ranking *ranking = NULL;
    gs_next *next = NULL;
    char *text = NULL;
    gs_error error = {""};
    const gs_experiment *const experiment = gs_results_experiment(results);
    const gs_next_options options = {.phase =
                                         experiment->design.phase == GS_PHASE_WIDE ? GS_NEXT_NARROW : GS_NEXT_BEST};
    gs_status status = gs_ranking_create(results, GS_CRITERION_FRECHET_DISTANCE, &ranking, &error);
    if (status == GS_OK) {
        status = gs_next_create(experiment, gs_results_plan(results), ranking, &options, &next, &error);
    }
    if (status == GS_OK) {
        fuzz_require(gs_next_text(experiment, next, ranking, path, &text, &error) == GS_OK,
                     "the next phase can be read");
    } else {
        fuzz_require(status == GS_ERROR_RESULTS || status == GS_ERROR_INPUT, "a phase that can't follow is refused");
        fuzz_require_one_line(error.message);
    }
    free(text);
    gs_next_free(next);
    gs_ranking_free(ranking);
}

/// What a subcommand prints goes to the sink. GNU's `stdout` is a variable.
static void call(const cli_command *command, int count, char **arguments, FILE *sink) {
    gs_error error = {""};
    FILE *const before = stdout;
    stdout = sink;
    const int code = command->run(count, arguments, &error);
    stdout = before;
    if (code != GS_OK) {
        fuzz_require(code == GS_ERROR_RESULTS, "a subcommand that fails says that the file is bad");
        fuzz_require_one_line(error.message);
    }
}

static void read_everything(const gs_results *results, FILE *sink) {
    const gs_layout *const layout = gs_results_layout(results);
    for (int i = 0; i < gs_layout_dataset_count(layout); i++) {
        read_dataset(results, gs_layout_dataset(layout, i));
    }
    read_provenance(results);
    if (is_small(results)) {
        make_report(results, sink);
        choose_next(results);
        call(&verify_command, 1, (char *[]){path}, sink);
        if (gs_results_experiment(results)->data.n >= GS_FEWEST_POINTS) {
            call(&report_command, 6,
                 (char *[]){path, "--two-sample", "--trials=1", "--points=8", "--permutations=19", "-q"}, sink);
        }
    }
    char first[32], last[32];
    const gs_trial_range part = gs_plan_part(gs_results_plan(results));
    (void)snprintf(first, sizeof first, "%lld", (long long)part.first);
    (void)snprintf(last, sizeof last, "%lld", (long long)(part.first + part.count - 1));
    call(&list_command, 1, (char *[]){path}, sink);
    call(&show_command, 2, (char *[]){path, first}, sink);
    call(&show_command, 2, (char *[]){path, last}, sink);
}

static void try_opening(open_results *open_them, FILE *sink) {
    gs_results *results = NULL;
    gs_error error = {""};
    const gs_status status = open_them(path, &results, &error);
    if (status == GS_OK) {
        read_everything(results, sink);
        gs_results_close(results);
    } else {
        // A forged size may ask libhdf5's process for more memory than it may have.
        const bool no_memory = status == GS_ERROR_RUN && strstr(error.message, "out of memory for libhdf5") != NULL;
        fuzz_require((status == GS_ERROR_RESULTS || no_memory) && results == NULL, "a bad file is refused as one");
        fuzz_require_one_line(error.message);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static FILE *sink = NULL;
    if (sink == NULL) {
        sink = fopen("/dev/null", "w");
        fuzz_require(sink != NULL, "there is a /dev/null");
    }
    write_input(input, size);
    try_opening(gs_results_open, sink);
    return 0;
}

#ifdef GANSWEEP_FUZZ
size_t LLVMFuzzerMutate(uint8_t *input, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *input, size_t size, size_t most, unsigned seed);

/// Says something else of where one extent lies.
static void move_extent(gs_seal *seal, unsigned seed) {
    gs_extent *const extent = &seal->extents[seed / 16 % (unsigned)seal->count];
    const gs_extent *const other = &seal->extents[seed / 4096 % (unsigned)seal->count];
    switch (seed / 8 % 8) {
    case 0:
        extent->address = other->address;
        break;
    case 1:
        extent->bytes = other->bytes;
        break;
    case 2:
        extent->kind = (gs_extent_kind)(seed / 4096 % GS_EXTENT_KIND_COUNT);
        break;
    case 3:
        memcpy(extent->name, other->name, sizeof extent->name);
        break;
    case 4:
        extent->address = (int64_t)seed * seed;
        break;
    default:
        break;
    }
}

/// A forger's mutations: three in four are sealed again, so that they reach what stands behind the seal.
size_t LLVMFuzzerCustomMutator(uint8_t *input, size_t size, size_t most, unsigned seed) {
    static gs_seal seal;
    gs_error error;
    const size_t mutated = LLVMFuzzerMutate(input, size, most);
    if (seed % 4 == 0) {
        return mutated;
    }
    write_input(input, mutated);
    if (gs_seal_locate(input_file(), (int64_t)mutated, &seal, &error) != GS_OK || seal.count == 0) {
        return mutated;
    }
    seal.file_bytes = (int64_t)mutated;
    move_extent(&seal, seed);
    if (gs_seal_write(input_file(), &seal, &error) == GS_OK) {
        fuzz_require(pread(input_file(), input, mutated, 0) == (ssize_t)mutated, "what was written is read");
    }
    return mutated;
}
#endif
