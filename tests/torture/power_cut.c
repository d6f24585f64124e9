/// What a power cut can leave on the disk, and whether all of it is allowed.
///
///     power_cut --log LOG --name RESULTS [--table TABLE --final FILE] [--initial FILE] [--states N] [--seed S] ...
///
/// Reads a recording (record.c) and works through it call by call. After each call that changes something the power is
/// cut, in very many ways. On the disk is then
///   - all that a sync has promised: of a file what was written before a successful fsync or fdatasync began, of the
///     folder what was renamed, linked or unlinked before a successful fsync of the folder began;
///   - any subset of what was done since. Nothing orders these: pages, sizes and names reach the disk as they like.
///     All subsets of up to --exhaustive pending calls are tried; of more than that each alone, all but one, the newest
///     ones, pairs with the newest, and random ones. (The first ones of the pending calls are the cuts before.)
///   - and writes may have been under way. In the place of a sector of 512 or 4,096 bytes (of the file's addresses, to
///     which file systems align) stands the new one, or the old one, or zeros, or garbage.
///
/// Two models of the last two. Sectors are overwritten in place, and what surrounds a write in its sector is written
/// again with the same bytes. A disk that keeps a sector's old bits where they do not change (any sector that is
/// written whole or not at all is of this kind) spoils at most the *bytes of the write itself*: so the kinds `zeros`
/// and `garbage`. A worse disk spoils the *whole sector*, and with it rows that were promised long ago: the kinds
/// `sector zeros` and `sector garbage`. No program can prevent that by ordering its writes. What it owes is that the
/// damage is found: by a trial's checksum or by a status that contradicts its diverged_epoch, and outside of the rows
/// by the file's seal.
///
/// A sync that fails throws the dirty pages away: what was written before it ended may be on the disk or not, and no
/// later sync makes it durable, though the process, and every process after it, goes on reading it from the page cache.
/// Only what is written again after that counts.
///
/// Of each state is required:
///   (a) the results file is there, if the folder was once synced with it;
///   (b) when it is there, every byte outside the trials' rows is the one of the final file, so that every reader opens
///       it as it opens that one (but the plots, and /provenance/seconds and its checksum, which change with
///       checkpoints);
///   (c) a trial that says that it is finished has the final status and, in every dataset, the final bytes;
///   (d) a trial whose status was promised - by a sync, or by a process that ended well - is finished;
///   (e) when all trials say that they are finished, the plots are the final ones.
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "recording.h"

enum {
    EXIT_NOT_ALLOWED = 4, ///< a state that breaks the requirements
    EXIT_USELESS = 2,     ///< nothing was found out
    TRIAL_WORDS = 4,
    MOST_TRIALS = 64 * TRIAL_WORDS,
    MOST_COLUMNS = 256,
    LONGEST_NAME = 128,
    MOST_FILES = 32,
    MOST_NAMES = 64,
    PENDING_WORDS = 64,
    MOST_PENDING = 64 * PENDING_WORDS,
    MOST_PENDING_NAMES = 64,
    MOST_PENDING_NAMES_OF_RESULTS = 8, ///< all subsets of these are tried
    MOST_EXHAUSTIVE = 20,
    SMALL_SECTOR = 512,
    LARGE_SECTOR = 4096,
    FAILURES_SHOWN = 12,
    STATES_OF_A_RANDOM_SUBSET = 3,
    LONGEST_TEXT = 17 * PENDING_WORDS + 256,
    LONGEST_ROW = 1 << 20,
};

static _Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...) {
    va_list values;
    va_start(values, format);
    (void)fputs("power_cut: ", stderr);
    (void)vfprintf(stderr, format, values);
    (void)fputc('\n', stderr);
    va_end(values);
    exit(EXIT_USELESS);
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count + 1, size);
    if (memory == NULL) {
        die("out of memory");
    }
    return memory;
}

/// Reads a whole file; to be freed.
static unsigned char *read_file(const char *path, int64_t *length) {
    FILE *stream = fopen(path, "rb");
    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0 || (*length = ftell(stream)) < 0) {
        die("%s: %s", path, strerror(errno));
    }
    unsigned char *bytes = allocate((size_t)*length, 1);
    rewind(stream);
    if (fread(bytes, 1, (size_t)*length, stream) != (size_t)*length) {
        die("%s: %s", path, strerror(errno));
    }
    (void)fclose(stream);
    return bytes;
}

// ---- lots ----

/// splitmix64 (Steele, Lea & Flood 2014).
static uint64_t draw(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int draw_below(uint64_t *state, int bound) {
    return (int)(((draw(state) >> 32) * (uint64_t)bound) >> 32);
}

static void fill_with_garbage(unsigned char *bytes, int64_t length, uint64_t seed) {
    for (int64_t at = 0; at < length; at += (int64_t)sizeof seed) {
        const uint64_t word = draw(&seed);
        const int64_t left = length - at;
        memcpy(bytes + at, &word, left < (int64_t)sizeof word ? (size_t)left : sizeof word);
    }
}

// ---- sets ----

typedef struct {
    uint64_t word[TRIAL_WORDS];
} trial_set;

static bool has(const uint64_t *words, int member) {
    return (words[member / 64] >> (member % 64) & 1) != 0;
}

static void include(uint64_t *words, int member) {
    words[member / 64] |= UINT64_C(1) << (member % 64);
}

static void exclude(uint64_t *words, int member) {
    words[member / 64] &= ~(UINT64_C(1) << (member % 64));
}

static void unite(trial_set *set, const trial_set *other) {
    for (int i = 0; i < TRIAL_WORDS; i++) {
        set->word[i] |= other->word[i];
    }
}

// ---- the recording ----

typedef struct {
    recording_event is;
    const char *name, *other_name;
    const unsigned char *data;
} event;

typedef struct {
    unsigned char *bytes;
    event *events;
    int64_t count;
    int64_t largest; ///< no file becomes larger than this
} recording;

static recording read_recording(const char *path) {
    recording log = {0};
    int64_t length, at = sizeof RECORDING_MAGIC - 1;
    log.bytes = read_file(path, &length);
    if (length < at || memcmp(log.bytes, RECORDING_MAGIC, (size_t)at) != 0) {
        die("%s is not a recording", path);
    }
    log.events = allocate((size_t)(length / (int64_t)sizeof(recording_event)), sizeof *log.events);
    while (at < length) {
        event *next = &log.events[log.count++];
        if (length - at < (int64_t)sizeof next->is) {
            die("%s ends within an event", path);
        }
        memcpy(&next->is, log.bytes + at, sizeof next->is);
        at += (int64_t)sizeof next->is;
        next->name = (const char *)log.bytes + at;
        next->other_name = next->name + next->is.name_bytes;
        next->data = (const unsigned char *)next->other_name + next->is.other_name_bytes;
        at += next->is.name_bytes + (int64_t)next->is.other_name_bytes + next->is.data_bytes;
        if (next->is.kind >= EVENT_COUNT || at > length) {
            die("%s: event %lld can't be read", path, (long long)log.count - 1);
        }
        const int64_t end = next->is.offset + next->is.length;
        log.largest = next->is.error == 0 && end > log.largest ? end : log.largest;
    }
    return log;
}

// ---- the results file ----

/// What a dataset is, as power_cuts.py says it.
typedef enum {
    ROLE_ROW,     ///< a trial's results
    ROLE_SETTING, ///< a trial's, too, but there from the beginning
    ROLE_STATUS,
    ROLE_CHECKSUM, ///< of the trial's row of every dataset but itself and the status
    ROLE_DIVERGED, ///< diverged_epoch: status is 2 where it is not 0
    ROLE_LOOSE,    ///< not a trial's, and changing with every checkpoint
    ROLE_PLOT,     ///< the same, and final when all trials are finished
    ROLE_COUNT
} column_role;

static const char *const role_names[ROLE_COUNT] = {"row", "setting", "status", "checksum", "diverged", "loose", "plot"};

typedef struct {
    char name[LONGEST_NAME];
    column_role role;
    int64_t address, row_bytes;
} column;

static bool is_loose(column_role role) {
    return role == ROLE_LOOSE || role == ROLE_PLOT;
}

enum { OWNER_FIXED = -1, OWNER_LOOSE = -2 };

typedef struct {
    const char *name;     ///< in the folder
    unsigned char *bytes; ///< the final image; NULL when there is none in the end
    int64_t size;
    bool replaces; ///< an older file of its name, which nobody may have touched
    int trials, column_count;
    column columns[MOST_COLUMNS]; ///< in ascending order of their addresses, which is the file's order
    const column *status, *checksum, *diverged;
    int16_t *writer;  ///< [size] the trial that writes this byte, or OWNER_FIXED or OWNER_LOOSE
    int16_t *subject; ///< [size] the trial that it belongs to, settings included, or -1
} results_file;

static void read_table(const char *path, results_file *results) {
    FILE *stream = fopen(path, "r");
    if (stream == NULL) {
        die("%s: %s", path, strerror(errno));
    }
    char role[LONGEST_NAME];
    long long address, row_bytes;
    int count;
    column *next = results->columns;
    while (fscanf(stream, "%127s %127s %lld %lld %d", role, next->name, &address, &row_bytes, &count) == 5) {
        next->address = address;
        next->row_bytes = row_bytes;
        while (next->role < ROLE_COUNT && strcmp(role, role_names[next->role]) != 0) {
            next->role++;
        }
        if (next->role == ROLE_COUNT || count > MOST_TRIALS || row_bytes > LONGEST_ROW ||
            address + count * row_bytes > results->size) {
            die("%s: %s is of no use", path, next->name);
        }
        results->trials = is_loose(next->role) ? results->trials : count;
        results->status = next->role == ROLE_STATUS ? next : results->status;
        results->checksum = next->role == ROLE_CHECKSUM ? next : results->checksum;
        results->diverged = next->role == ROLE_DIVERGED ? next : results->diverged;
        if (++next == results->columns + MOST_COLUMNS) {
            die("%s: too many datasets", path);
        }
    }
    (void)fclose(stream);
    results->column_count = (int)(next - results->columns);
    if (results->status == NULL || results->checksum == NULL || results->diverged == NULL) {
        die("%s: a status, a checksum and a diverged_epoch were expected", path);
    }
}

static void find_owners(results_file *results) {
    results->writer = allocate((size_t)results->size, sizeof *results->writer);
    results->subject = allocate((size_t)results->size, sizeof *results->subject);
    for (int64_t i = 0; i < results->size; i++) {
        results->writer[i] = OWNER_FIXED;
        results->subject[i] = -1;
    }
    for (int i = 0; i < results->column_count; i++) {
        const column *one = &results->columns[i];
        const int64_t bytes = one->row_bytes * (is_loose(one->role) ? 1 : results->trials);
        for (int64_t at = 0; at < bytes; at++) {
            const int16_t trial = (int16_t)(at / one->row_bytes);
            results->writer[one->address + at] = is_loose(one->role)         ? OWNER_LOOSE
                                                 : one->role == ROLE_SETTING ? OWNER_FIXED
                                                                             : trial;
            results->subject[one->address + at] = is_loose(one->role) ? -1 : trial;
        }
    }
}

static uint8_t status_of(const results_file *results, const unsigned char *image, int trial) {
    return image[results->status->address + trial];
}

/// @return the dataset whose row of the trial is not the final one, or NULL
static const column *different_column(const results_file *results, const unsigned char *image, int trial) {
    for (int i = 0; i < results->column_count; i++) {
        const column *one = &results->columns[i];
        const int64_t at = one->address + trial * one->row_bytes;
        if (!is_loose(one->role) && memcmp(image + at, results->bytes + at, (size_t)one->row_bytes) != 0) {
            return one;
        }
    }
    return NULL;
}

/// Whether a finished trial's row shows by itself that it is damaged: what the program must find, too.
static bool is_found_damaged(const results_file *results, const unsigned char *image, int trial) {
    static unsigned char row[LONGEST_ROW];
    size_t length = 0;
    for (int i = 0; i < results->column_count; i++) {
        const column *one = &results->columns[i];
        if (one->role == ROLE_ROW || one->role == ROLE_SETTING || one->role == ROLE_DIVERGED) {
            if (length + (size_t)one->row_bytes > sizeof row) {
                die("a trial's row is too long");
            }
            memcpy(row + length, image + one->address + trial * one->row_bytes, (size_t)one->row_bytes);
            length += (size_t)one->row_bytes;
        }
    }
    uint32_t stored;
    int64_t diverged_epoch;
    memcpy(&stored, image + results->checksum->address + trial * results->checksum->row_bytes, sizeof stored);
    memcpy(&diverged_epoch, image + results->diverged->address + trial * results->diverged->row_bytes,
           sizeof diverged_epoch);
    return status_of(results, image, trial) != (diverged_epoch == 0 ? 1 : 2) || stored != XXH32(row, length, 0);
}

// ---- the disk ----

typedef enum { CHANGE_BYTES, CHANGE_SIZE, CHANGE_REACH } change_kind;

/// A write or a change of size that no sync has promised.
typedef struct {
    change_kind kind;
    int64_t event;
    int64_t offset, length;
    unsigned char *data;
    bool given_up;      ///< a sync that failed has thrown it away: no later one makes it durable
    trial_set trials;   ///< that it writes
    bool touches_fixed; ///< bytes that no write may touch once the file has its name
} pending_change;

typedef struct {
    int64_t inode;
    bool is_from_before;
    unsigned char *durable, *cached; ///< what a sync has promised; what the processes read
    int64_t durable_size, cached_size;
    pending_change *pending;
    int pending_count;
} disk_file;

typedef enum { NAME_MADE, NAME_MOVED, NAME_GONE } name_kind;

typedef struct {
    name_kind kind;
    int64_t event;
    const char *from, *to;
    disk_file *file;
    bool given_up;
} pending_name;

typedef struct {
    const char *name[MOST_NAMES];
    disk_file *file[MOST_NAMES];
    int count;
} name_list;

typedef struct {
    int32_t thread;
    int64_t file, event;
} running_sync;

typedef struct {
    const recording *log;
    const results_file *results;
    const unsigned char *initial; ///< what the results file held before, or NULL
    int64_t capacity;             ///< bytes of each image
    int64_t folder;               ///< its inode
    disk_file files[MOST_FILES];
    int file_count;
    name_list durable_names, cached_names;
    pending_name pending_names[MOST_PENDING_NAMES];
    int pending_name_count;
    running_sync syncs[MOST_NAMES];
    int sync_count;
    bool published;     ///< the folder was synced with the results file in it
    trial_set promised; ///< finished trials that a sync, or a process that ended well, has promised
} disk;

static disk_file *named(const name_list *names, const char *name) {
    for (int i = 0; i < names->count; i++) {
        if (strcmp(names->name[i], name) == 0) {
            return names->file[i];
        }
    }
    return NULL;
}

static void set_name(name_list *names, const char *name, disk_file *file) {
    int place = 0;
    while (place < names->count && strcmp(names->name[place], name) != 0) {
        place++;
    }
    if (place == MOST_NAMES) {
        die("too many names");
    }
    names->count += place == names->count;
    names->name[place] = name;
    names->file[place] = file;
}

/// A name that meanwhile leads elsewhere stays.
static void remove_name(name_list *names, const char *name, const disk_file *file) {
    for (int i = 0; i < names->count; i++) {
        if (strcmp(names->name[i], name) == 0 && names->file[i] == file) {
            names->count--;
            names->name[i] = names->name[names->count];
            names->file[i] = names->file[names->count];
            return;
        }
    }
}

static void change_names(name_list *names, const pending_name *change) {
    if (change->kind != NAME_MADE) {
        remove_name(names, change->from, change->file);
    }
    if (change->kind != NAME_GONE) {
        set_name(names, change->to, change->file);
    }
}

static void apply_change(const pending_change *change, unsigned char *image, int64_t *size) {
    const int64_t end = change->offset + change->length;
    if (change->kind == CHANGE_BYTES) {
        memcpy(image + change->offset, change->data, (size_t)change->length);
    } else if (change->kind == CHANGE_SIZE && end < *size) {
        memset(image + end, 0, (size_t)(*size - end));
    }
    *size = change->kind == CHANGE_SIZE || end > *size ? end : *size;
}

static disk_file *find_file(disk *machine, int64_t inode) {
    for (int i = machine->file_count - 1; i >= 0; i--) { // a number may be given to another file: the latest counts
        if (machine->files[i].inode == inode) {
            return &machine->files[i];
        }
    }
    return NULL;
}

static disk_file *add_file(disk *machine, int64_t inode) {
    if (machine->file_count == MOST_FILES) {
        die("too many files");
    }
    disk_file *file = &machine->files[machine->file_count++];
    *file = (disk_file){.inode = inode};
    file->durable = allocate((size_t)machine->capacity, 1);
    file->cached = allocate((size_t)machine->capacity, 1);
    file->pending = allocate(MOST_PENDING, sizeof *file->pending);
    return file;
}

static void switch_on(disk *machine, const recording *log, const results_file *results, const unsigned char *initial,
                      int64_t initial_size) {
    *machine = (disk){.log = log, .results = results, .folder = log->count == 0 ? 0 : log->events[0].is.file};
    machine->initial = initial;
    machine->capacity = initial_size > log->largest ? initial_size : log->largest;
    if (initial != NULL) {
        disk_file *file = add_file(machine, 0);
        file->is_from_before = true;
        memcpy(file->durable, initial, (size_t)initial_size);
        memcpy(file->cached, initial, (size_t)initial_size);
        file->durable_size = file->cached_size = initial_size;
        set_name(&machine->durable_names, results->name, file);
        set_name(&machine->cached_names, results->name, file);
        machine->published = true;
        const bool is_the_same_file = initial_size == results->size && !results->replaces;
        for (int t = 0; is_the_same_file && t < results->trials; t++) {
            if (status_of(results, initial, t) != 0 && !is_found_damaged(results, initial, t)) {
                include(machine->promised.word, t);
            }
        }
    }
}

static void switch_off(disk *machine) {
    for (int i = 0; i < machine->file_count; i++) {
        disk_file *file = &machine->files[i];
        for (int k = 0; k < file->pending_count; k++) {
            free(file->pending[k].data);
        }
        free(file->pending);
        free(file->durable);
        free(file->cached);
    }
}

static void find_touched(const results_file *results, pending_change *change) {
    memset(&change->trials, 0, sizeof change->trials);
    change->touches_fixed = false;
    if (change->kind != CHANGE_BYTES || results->bytes == NULL) {
        return;
    }
    for (int64_t at = change->offset; at < change->offset + change->length; at++) {
        const int writer = at < results->size ? results->writer[at] : OWNER_FIXED;
        if (writer >= 0) {
            include(change->trials.word, writer);
        }
        change->touches_fixed = change->touches_fixed || writer == OWNER_FIXED;
    }
}

static void add_change(disk *machine, disk_file *file, change_kind kind, int64_t number, const recording_event *is,
                       const unsigned char *data) {
    if (file->pending_count == MOST_PENDING) {
        die("too many pending writes");
    }
    pending_change *change = &file->pending[file->pending_count++];
    *change = (pending_change){.kind = kind, .event = number, .offset = is->offset, .length = is->length};
    if (kind == CHANGE_BYTES) {
        change->data = allocate((size_t)is->length, 1);
        memcpy(change->data, data, (size_t)is->length);
    }
    apply_change(change, file->cached, &file->cached_size);
    find_touched(machine->results, change);
}

static void add_name(disk *machine, name_kind kind, int64_t number, const char *from, const char *to, disk_file *file) {
    if (machine->pending_name_count == MOST_PENDING_NAMES) {
        die("too many pending names");
    }
    pending_name *change = &machine->pending_names[machine->pending_name_count++];
    *change = (pending_name){.kind = kind, .event = number, .from = from, .to = to, .file = file};
    change_names(&machine->cached_names, change);
}

/// [begin, end) of an older write, as a write of its own; to be freed.
static pending_change part_of(const disk *machine, const pending_change *older, int64_t begin, int64_t end) {
    pending_change part = *older;
    part.offset = begin;
    part.length = end - begin;
    part.data = allocate((size_t)part.length, 1);
    memcpy(part.data, older->data + (begin - older->offset), (size_t)part.length);
    find_touched(machine->results, &part);
    return part;
}

/// What is newer and durable has replaced whatever a write that was given up has left there: only what lies beside it
/// remains of that one.
/// @param changes  [count] older ones
/// @return how many are left
static int remove_overwritten(const disk *machine, pending_change *changes, int count, const pending_change *newer) {
    for (int i = 0; i < count; i++) {
        const pending_change older = changes[i];
        const int64_t older_end = older.offset + older.length, newer_end = newer->offset + newer->length;
        if (older.kind != CHANGE_BYTES || newer->kind != CHANGE_BYTES || older.offset >= newer_end ||
            newer->offset >= older_end) {
            continue;
        }
        pending_change left[2];
        int parts = 0;
        if (older.offset < newer->offset) {
            left[parts++] = part_of(machine, &older, older.offset, newer->offset);
        }
        if (newer_end < older_end) {
            left[parts++] = part_of(machine, &older, newer_end, older_end);
        }
        if (count - 1 + parts > MOST_PENDING) {
            die("too many pending writes");
        }
        memmove(changes + i + parts, changes + i + 1, (size_t)(count - i - 1) * sizeof *changes);
        memcpy(changes + i, left, (size_t)parts * sizeof *left);
        count += parts - 1;
        i += parts - 1;
        free(older.data);
    }
    return count;
}

/// A status that is on the disk for good is a promise; one that was taken back is none.
static void note_promises(disk *machine, const pending_change *change) {
    const results_file *results = machine->results;
    for (int t = 0; results->bytes != NULL && change->kind == CHANGE_BYTES && t < results->trials; t++) {
        const int64_t at = results->status->address + t - change->offset;
        if (at >= 0 && at < change->length) {
            exclude(machine->promised.word, t);
            if (change->data[at] != 0) {
                include(machine->promised.word, t);
            }
        }
    }
}

static void make_file_durable(disk *machine, disk_file *file, int64_t before) {
    pending_change *kept = allocate(MOST_PENDING, sizeof *kept);
    int count = 0;
    for (int i = 0; i < file->pending_count; i++) {
        const pending_change change = file->pending[i];
        if (!change.given_up && change.event < before) {
            apply_change(&change, file->durable, &file->durable_size);
            count = remove_overwritten(machine, kept, count, &change);
            note_promises(machine, &change);
            free(change.data);
        } else if (count < MOST_PENDING) {
            kept[count++] = change;
        } else {
            die("too many pending writes");
        }
    }
    free(file->pending);
    file->pending = kept;
    file->pending_count = count;
}

static void make_names_durable(disk *machine, int64_t before) {
    int kept = 0;
    for (int i = 0; i < machine->pending_name_count; i++) {
        const pending_name change = machine->pending_names[i];
        if (change.given_up || change.event >= before) {
            machine->pending_names[kept++] = change;
        } else {
            change_names(&machine->durable_names, &change);
        }
    }
    machine->pending_name_count = kept;
    machine->published = machine->published || named(&machine->durable_names, machine->results->name) != NULL;
}

static void give_up_pending(disk *machine, disk_file *file) {
    for (int i = 0; file != NULL && i < file->pending_count; i++) {
        file->pending[i].given_up = true;
    }
    for (int i = 0; file == NULL && i < machine->pending_name_count; i++) {
        machine->pending_names[i].given_up = true;
    }
}

/// @return whether something is now durable or given up
static bool end_sync(disk *machine, const recording_event *is) {
    int64_t began = -1;
    for (int i = 0; i < machine->sync_count; i++) {
        if (machine->syncs[i].thread == is->thread && machine->syncs[i].file == is->file) {
            began = machine->syncs[i].event;
            machine->syncs[i] = machine->syncs[--machine->sync_count];
            break;
        }
    }
    disk_file *file = is->file == machine->folder ? NULL : find_file(machine, is->file);
    if (began < 0 || (file == NULL && is->file != machine->folder)) {
        return false;
    }
    if (is->error != 0) {
        give_up_pending(machine, file);
    } else if (file != NULL) {
        make_file_durable(machine, file, began);
    } else {
        make_names_durable(machine, began);
    }
    return true;
}

static void begin_sync(disk *machine, int64_t number, const recording_event *is) {
    if (machine->sync_count == MOST_NAMES) {
        die("too many syncs at a time");
    }
    machine->syncs[machine->sync_count++] = (running_sync){.thread = is->thread, .file = is->file, .event = number};
}

/// A process that ended well has promised every trial that it would read as finished.
static void promise_all(disk *machine) {
    const results_file *results = machine->results;
    const disk_file *file = named(&machine->cached_names, results->name);
    for (int t = 0; file != NULL && results->bytes != NULL && t < results->trials; t++) {
        if (status_of(results, file->cached, t) != 0) {
            include(machine->promised.word, t);
        }
    }
}

static void open_file(disk *machine, int64_t number, const event *what) {
    disk_file *file = find_file(machine, what->is.file);
    if ((what->is.flags & EVENT_MADE) != 0) {
        file = add_file(machine, what->is.file);
        add_name(machine, NAME_MADE, number, NULL, what->name, file);
    } else if (file == NULL) {
        file = named(&machine->cached_names, what->name);
        if (file == NULL && strcmp(what->name, machine->results->name) == 0) {
            die("%s was there before, and nobody has said what it held", what->name);
        }
        if (file == NULL) { // of others it does not matter
            file = add_file(machine, what->is.file);
            set_name(&machine->cached_names, what->name, file);
            set_name(&machine->durable_names, what->name, file);
        }
        file->inode = what->is.file;
    }
    if ((what->is.flags & EVENT_EMPTIED) != 0 && file->cached_size > 0) {
        add_change(machine, file, CHANGE_SIZE, number, &(recording_event){.length = 0}, NULL);
    }
}

/// Lets one call happen.
/// @return whether a cut after it can leave anything that a cut before it could not
static bool happen(disk *machine, int64_t number) {
    const event *what = &machine->log->events[number];
    const recording_event *is = &what->is;
    if (is->error != 0 && is->kind != EVENT_SYNC_END) {
        return false;
    }
    disk_file *file = find_file(machine, is->file);
    switch ((recording_kind)is->kind) {
    case EVENT_OPEN:
        open_file(machine, number, what);
        return is->flags != 0;
    case EVENT_WRITE:
    case EVENT_RESIZE:
    case EVENT_ALLOCATE:
        if (file == NULL || (is->kind == EVENT_WRITE && is->length == 0)) {
            return false;
        }
        add_change(machine, file,
                   is->kind == EVENT_WRITE    ? CHANGE_BYTES
                   : is->kind == EVENT_RESIZE ? CHANGE_SIZE
                                              : CHANGE_REACH,
                   number, is, what->data);
        return true;
    case EVENT_SYNC_BEGIN:
        begin_sync(machine, number, is);
        return false;
    case EVENT_SYNC_END:
        return end_sync(machine, is);
    case EVENT_RENAME:
        add_name(machine, NAME_MOVED, number, what->name, what->other_name, named(&machine->cached_names, what->name));
        return true;
    case EVENT_LINK:
        add_name(machine, NAME_MADE, number, NULL, what->other_name, named(&machine->cached_names, what->name));
        return true;
    case EVENT_UNLINK:
        add_name(machine, NAME_GONE, number, what->name, NULL, named(&machine->cached_names, what->name));
        return true;
    case EVENT_PROMISE:
        promise_all(machine);
        return true;
    case EVENT_PROCESS:
    case EVENT_SEND:
    case EVENT_CLOSE:
    case EVENT_COUNT:
        break;
    }
    return false;
}

// ---- states ----

typedef enum {
    KIND_NO_FILE,
    KIND_WHOLE,
    KIND_OLD,
    KIND_ZEROS,
    KIND_GARBAGE,
    KIND_LOT, ///< every sector of every write by lot: new, old, zeros or garbage
    KIND_SECTOR_ZEROS,
    KIND_SECTOR_GARBAGE,
    KIND_COUNT
} state_kind;

static const char *const kind_names[KIND_COUNT] = {"no-file", "whole", "old",          "zeros",
                                                   "garbage", "lot",   "sector-zeros", "sector-garbage"};

/// How one write was cut: its first `kept` sectors, or its last ones, are new, and the rest of them is spoilt.
typedef struct {
    int change;
    int sector, kept;
    bool from_back;
    uint64_t seed; ///< of the garbage, and of the lots
} tear;

/// What was on the disk when the power came back: all that is needed to make it again from the recording.
typedef struct {
    int64_t events;                  ///< of the recording, before the cut
    uint64_t names;                  ///< set of pending names that reached the disk
    uint64_t changes[PENDING_WORDS]; ///< set of pending changes of the file that then is the results file
    int words;                       ///< of `changes`, in use
    state_kind kind;
    tear torn;
} crash_state;

/// EVENTS/NAMES/CHANGES/KIND/CHANGE/SECTOR/KEPT/FRONT-OR-BACK/SEED, sets as hexadecimal numbers.
static void state_to_text(const crash_state *state, char *text) {
    int at = sprintf(text, "%lld/%llx/", (long long)state->events, (unsigned long long)state->names);
    for (int i = state->words - 1; i >= 0; i--) {
        at += sprintf(text + at, "%016llx", (unsigned long long)state->changes[i]);
    }
    (void)sprintf(text + at, "/%s/%d/%d/%d/%s/%llx", kind_names[state->kind], state->torn.change, state->torn.sector,
                  state->torn.kept, state->torn.from_back ? "back" : "front", (unsigned long long)state->torn.seed);
}

static crash_state state_from_text(const char *text) {
    crash_state state = {0};
    char changes[LONGEST_TEXT], kind[32], side[8];
    long long events;
    unsigned long long names, seed;
    if (strlen(text) >= sizeof changes ||
        sscanf(text, "%lld/%llx/%[0-9a-f]/%31[a-z-]/%d/%d/%d/%7[a-z]/%llx", &events, &names, changes, kind,
               &state.torn.change, &state.torn.sector, &state.torn.kept, side, &seed) != 9) {
        die("'%s' is not a state", text);
    }
    state.events = events;
    state.names = names;
    state.torn.seed = seed;
    state.torn.from_back = strcmp(side, "back") == 0;
    while (state.kind < KIND_COUNT && strcmp(kind, kind_names[state.kind]) != 0) {
        state.kind++;
    }
    state.words = (int)strlen(changes) / 16;
    for (int i = 0; i < state.words; i++) {
        char word[17] = "";
        memcpy(word, changes + strlen(changes) - 16 * (size_t)(i + 1), 16);
        state.changes[i] = strtoull(word, NULL, 16);
    }
    if (state.kind == KIND_COUNT || state.words > PENDING_WORDS) {
        die("'%s' is not a state", text);
    }
    return state;
}

static bool spoils_sectors(state_kind kind) {
    return kind == KIND_SECTOR_ZEROS || kind == KIND_SECTOR_GARBAGE;
}

static void names_of_state(const disk *machine, uint64_t names, name_list *into) {
    *into = machine->durable_names;
    for (int i = 0; i < machine->pending_name_count; i++) {
        if (has(&names, i)) {
            change_names(into, &machine->pending_names[i]);
        }
    }
}

// ---- making a state ----

/// A results file as it is in one state, made from the durable image and put back to it afterwards.
typedef struct {
    const disk_file *file;
    unsigned char *bytes;
    int64_t size;
    trial_set touched;   ///< trials that may differ from the durable image
    trial_set doubtful;  ///< trials that a sector full of zeros or garbage may have hit: damage must be found
    bool touches_fixed;  ///< by writes
    int64_t spoilt, end; ///< [spoilt, end) is a spoilt sector, neighbours included
} image;

static void spoil(image *made, const results_file *results, int64_t begin, int64_t end, bool with_garbage,
                  uint64_t seed) {
    if (with_garbage) {
        fill_with_garbage(made->bytes + begin, end - begin, seed);
    } else {
        memset(made->bytes + begin, 0, (size_t)(end - begin));
    }
    if (results->trials == 0) {
        return;
    }
    const int64_t first = results->status->address, last = first + results->trials;
    for (int64_t at = begin > first ? begin : first; at < end && at < last; at++) {
        include(made->doubtful.word, (int)(at - first));
    }
}

/// [*begin, *end) of the sectors of a write that are spoilt when `kept` of its sectors are new.
static void spoilt_range(const pending_change *change, const tear *torn, int64_t *begin, int64_t *end) {
    const int64_t first = change->offset / torn->sector;
    const int64_t last = (change->offset + change->length + torn->sector - 1) / torn->sector;
    *begin = (torn->from_back ? first : first + torn->kept) * torn->sector;
    *end = (torn->from_back ? last - torn->kept : last) * torn->sector;
}

static void apply_torn(image *made, const results_file *results, const pending_change *change,
                       const crash_state *state) {
    int64_t begin, end;
    spoilt_range(change, &state->torn, &begin, &end);
    const int64_t change_end = change->offset + change->length;
    begin = begin > change->offset ? begin : change->offset;
    end = end < change_end ? end : change_end;
    memcpy(made->bytes + change->offset, change->data, (size_t)(begin - change->offset));
    memcpy(made->bytes + end, change->data + (end - change->offset), (size_t)(change_end - end));
    made->size = change_end > made->size ? change_end : made->size;
    if (state->kind == KIND_ZEROS || state->kind == KIND_GARBAGE) {
        spoil(made, results, begin, end, state->kind == KIND_GARBAGE, state->torn.seed);
    }
}

static void apply_by_lot(image *made, const results_file *results, const pending_change *change, uint64_t *lot) {
    const int64_t change_end = change->offset + change->length;
    for (int64_t begin = change->offset, end; begin < change_end; begin = end) {
        end = (begin / SMALL_SECTOR + 1) * SMALL_SECTOR;
        end = end < change_end ? end : change_end;
        const int fate = draw_below(lot, 6);
        if (fate < 3) {
            memcpy(made->bytes + begin, change->data + (begin - change->offset), (size_t)(end - begin));
        } else if (fate < 5) {
            spoil(made, results, begin, end, fate == 4, draw(lot));
        }
    }
    made->size = change_end > made->size ? change_end : made->size;
}

/// The sector that was under way when the power went comes last: nothing is written over it.
static void spoil_sectors(image *made, const results_file *results, const pending_change *change,
                          const crash_state *state) {
    spoilt_range(change, &state->torn, &made->spoilt, &made->end);
    made->end = made->end < made->size ? made->end : made->size;
    if (made->spoilt >= made->end) {
        made->end = made->spoilt;
        return;
    }
    spoil(made, results, made->spoilt, made->end, state->kind == KIND_SECTOR_GARBAGE, state->torn.seed);
    for (int64_t at = made->spoilt; at < made->end && at < results->size; at++) {
        if (results->subject[at] >= 0) {
            include(made->doubtful.word, results->subject[at]);
        }
    }
    unite(&made->touched, &made->doubtful);
}

static void make_image(image *made, const results_file *results, const disk_file *file, const crash_state *state) {
    made->file = file;
    made->size = file->durable_size;
    made->touches_fixed = false;
    made->spoilt = made->end = 0;
    memset(&made->touched, 0, sizeof made->touched);
    memset(&made->doubtful, 0, sizeof made->doubtful);
    uint64_t lot = state->torn.seed;
    for (int word = 0; word < state->words; word++) {
        for (uint64_t left = state->changes[word]; left != 0; left &= left - 1) {
            const int i = 64 * word + __builtin_ctzll(left);
            const pending_change *change = &file->pending[i];
            if (state->kind == KIND_LOT && change->kind == CHANGE_BYTES) {
                apply_by_lot(made, results, change, &lot);
            } else if (state->kind != KIND_WHOLE && state->kind != KIND_LOT && i == state->torn.change) {
                apply_torn(made, results, change, state);
            } else {
                apply_change(change, made->bytes, &made->size);
            }
            unite(&made->touched, &change->trials);
            made->touches_fixed = made->touches_fixed || change->touches_fixed;
        }
    }
    if (spoils_sectors(state->kind)) {
        spoil_sectors(made, results, &file->pending[state->torn.change], state);
    }
}

/// Puts the durable image back, only where it was changed.
static void unmake_image(image *made, const crash_state *state) {
    const disk_file *file = made->file;
    for (int word = 0; word < state->words; word++) {
        for (uint64_t left = state->changes[word]; left != 0; left &= left - 1) {
            const pending_change *change = &file->pending[64 * word + __builtin_ctzll(left)];
            if (change->kind == CHANGE_BYTES) {
                memcpy(made->bytes + change->offset, file->durable + change->offset, (size_t)change->length);
            } else if (change->kind == CHANGE_SIZE) {
                memcpy(made->bytes, file->durable, (size_t)file->durable_size);
            }
        }
    }
    memcpy(made->bytes + made->spoilt, file->durable + made->spoilt, (size_t)(made->end - made->spoilt));
}

// ---- judging it ----

/// What the durable image of a file is worth by itself; what writes don't touch need not be looked at again.
typedef struct {
    const disk_file *file;
    bool fixed_is_right;
    trial_set wrong; ///< trials that break the requirements
} durable_verdict;

typedef struct {
    char failure[256]; ///< "" when all is well
    int found, lost;   ///< damaged trials that the program must find; promised ones that a spoilt sector set to pending
    bool metadata_spoilt; ///< bytes outside the rows that a spoilt sector has changed
    bool pending_settings_spoilt;
} verdict;

static __attribute__((format(printf, 2, 3))) void fail(verdict *judged, const char *format, ...) {
    if (judged->failure[0] == '\0') {
        va_list values;
        va_start(values, format);
        (void)vsnprintf(judged->failure, sizeof judged->failure, format, values);
        va_end(values);
    }
}

/// @return the first byte outside trials' rows, and outside [skip, skip_end), that is not the final one, or -1
static int64_t wrong_fixed_byte(const results_file *results, const unsigned char *bytes, int64_t skip,
                                int64_t skip_end) {
    for (int64_t at = 0; at < results->size; at++) {
        if (bytes[at] != results->bytes[at] && results->writer[at] == OWNER_FIXED && (at < skip || at >= skip_end)) {
            return at;
        }
    }
    return -1;
}

/// Judges one trial by (c) and (d).
static void judge_trial(const results_file *results, const image *made, const trial_set *promised, int trial,
                        verdict *judged) {
    const uint8_t status = status_of(results, made->bytes, trial);
    const bool is_doubtful = has(made->doubtful.word, trial);
    if (status == 0) {
        if (has(promised->word, trial) && !is_doubtful) {
            fail(judged, "(d) trial %d was promised and is pending", trial);
        }
        judged->lost += has(promised->word, trial);
        return;
    }
    const column *different = different_column(results, made->bytes, trial);
    if (different == NULL) {
        return;
    }
    if (is_doubtful && is_found_damaged(results, made->bytes, trial)) {
        judged->found++;
        return;
    }
    fail(judged, "(c) trial %d says %d, and %s (at %lld) is not what was trained", trial, status, different->name,
         (long long)(different->address + trial * different->row_bytes));
}

/// Judges the plots by (e). What a spoilt sector has hit the program must find.
static void judge_plots(const results_file *results, const image *made, verdict *judged) {
    for (int trial = 0; trial < results->trials; trial++) {
        const bool is_spoilt = has(made->doubtful.word, trial) && is_found_damaged(results, made->bytes, trial);
        if (status_of(results, made->bytes, trial) == 0 || is_spoilt) {
            return;
        }
    }
    for (int i = 0; i < results->column_count; i++) {
        const column *one = &results->columns[i];
        for (int64_t at = one->address; one->role == ROLE_PLOT && at < one->address + one->row_bytes; at++) {
            if (made->bytes[at] != results->bytes[at] && (at < made->spoilt || at >= made->end)) {
                fail(judged, "(e) every trial is finished, and %s (at %lld) is not the final one", one->name,
                     (long long)at);
                return;
            }
        }
    }
}

/// What else a spoilt sector has hit.
static void judge_spoilt_sector(const results_file *results, const image *made, verdict *judged) {
    for (int64_t at = made->spoilt; at < made->end; at++) {
        if (made->bytes[at] != results->bytes[at]) {
            const int subject = results->subject[at], writer = results->writer[at];
            judged->metadata_spoilt = judged->metadata_spoilt || (writer == OWNER_FIXED && subject < 0);
            judged->pending_settings_spoilt =
                judged->pending_settings_spoilt ||
                (writer == OWNER_FIXED && subject >= 0 && status_of(results, made->bytes, subject) == 0);
        }
    }
}

static durable_verdict judge_durable(const disk *machine, const disk_file *file) {
    const results_file *results = machine->results;
    durable_verdict found = {.file = file, .fixed_is_right = wrong_fixed_byte(results, file->durable, 0, 0) < 0};
    const image made = {.bytes = file->durable, .size = file->durable_size};
    for (int t = 0; t < results->trials; t++) {
        verdict judged = {0};
        judge_trial(results, &made, &machine->promised, t, &judged);
        if (judged.failure[0] != '\0') {
            include(found.wrong.word, t);
        }
    }
    return found;
}

static void judge_image(const disk *machine, const image *made, const durable_verdict *durable, verdict *judged) {
    const results_file *results = machine->results;
    if (results->bytes == NULL) {
        fail(judged, "(b) the results file is there, and was never complete");
        return;
    }
    if (made->size != results->size) {
        fail(judged, "(b) the file has %lld bytes of %lld", (long long)made->size, (long long)results->size);
        return;
    }
    if (made->touches_fixed || !durable->fixed_is_right) {
        const int64_t wrong = wrong_fixed_byte(results, made->bytes, made->spoilt, made->end);
        if (wrong >= 0) {
            fail(judged, "(b) byte %lld, which is no trial's, is not the final one", (long long)wrong);
        }
    }
    for (int word = 0; word < TRIAL_WORDS; word++) {
        const uint64_t to_judge = made->touched.word[word] | made->doubtful.word[word] | durable->wrong.word[word];
        for (uint64_t left = to_judge; left != 0; left &= left - 1) {
            judge_trial(results, made, &machine->promised, 64 * word + __builtin_ctzll(left), judged);
        }
    }
    judge_plots(results, made, judged);
    if (made->spoilt < made->end) {
        judge_spoilt_sector(results, made, judged);
    }
}

// ---- going through the states ----

typedef struct {
    crash_state state;
    verdict judged;
} sampled;

typedef struct {
    disk *machine;
    image made;
    durable_verdict durable;
    disk_file *file;  ///< the results file under the names at hand, or NULL
    int newest;       ///< its pending change that the last call made, or -1
    bool is_counting; ///< nothing is judged: how many states will there be?
    int exhaustive;
    int64_t random_subsets; ///< of each cut that has more pending changes than `exhaustive`
    int64_t cuts_by_lot;    ///< how many such cuts there are
    int64_t states_of_all_subsets;
    uint64_t lot;
    int64_t states, by_kind[KIND_COUNT], failures, found, lost, metadata_spoilt, pending_settings_spoilt;
    int samples_wanted; ///< of each kind
    sampled *samples;   ///< [KIND_COUNT x samples_wanted]
} tour;

static void keep_sample(tour *travel, const crash_state *state, const verdict *judged) {
    const int64_t seen = travel->by_kind[state->kind];
    sampled *kept = travel->samples + (int64_t)state->kind * travel->samples_wanted;
    int64_t place = seen - 1;
    if (seen > travel->samples_wanted) { // each state of a kind is kept with the same chance (Vitter's algorithm R)
        place = (int64_t)(draw(&travel->lot) % (uint64_t)seen);
    }
    if (place < travel->samples_wanted) {
        kept[place] = (sampled){.state = *state, .judged = *judged};
    }
}

static bool is_anything_promised(const disk *machine) {
    uint64_t any = 0;
    for (int word = 0; word < TRIAL_WORDS; word++) {
        any |= machine->promised.word[word];
    }
    return any != 0;
}

static verdict judge(tour *travel, const crash_state *state) {
    verdict judged = {0};
    const disk *machine = travel->machine;
    disk_file *file = travel->file;
    if (file == NULL) {
        if (machine->published) {
            fail(&judged, "(a) the results file is gone, and the folder was synced with it");
        }
        if (is_anything_promised(machine)) {
            fail(&judged, "(d) the results file is gone, and trials in it were promised");
        }
    } else if (file->is_from_before && machine->results->replaces) {
        if (file->pending_count > 0 || file->durable_size != file->cached_size ||
            memcmp(file->durable, machine->initial, (size_t)file->cached_size) != 0) {
            fail(&judged, "(b) the older file was touched before it was replaced");
        }
        if (is_anything_promised(machine)) {
            fail(&judged, "(d) the older file is there, and trials in the new one were promised");
        }
    } else {
        make_image(&travel->made, machine->results, file, state);
        judge_image(machine, &travel->made, &travel->durable, &judged);
        unmake_image(&travel->made, state);
    }
    return judged;
}

static void visit(tour *travel, const crash_state *state) {
    travel->states++;
    travel->by_kind[state->kind]++;
    if (travel->is_counting) {
        return;
    }
    const verdict judged = judge(travel, state);
    travel->found += judged.found > 0;
    travel->lost += judged.lost > 0;
    travel->metadata_spoilt += judged.metadata_spoilt;
    travel->pending_settings_spoilt += judged.pending_settings_spoilt;
    if (judged.failure[0] != '\0' && travel->failures++ < FAILURES_SHOWN) {
        char text[LONGEST_TEXT];
        state_to_text(state, text);
        (void)printf("failure %s %s\n", text, judged.failure);
    }
    if (travel->samples_wanted > 0) {
        keep_sample(travel, state, &judged);
    }
}

static int sectors_of(const pending_change *change, int sector) {
    return (int)((change->offset + change->length - 1) / sector - change->offset / sector) + 1;
}

/// One write cut in every way that makes a difference.
static void visit_all_tears(tour *travel, crash_state *state, int change) {
    const pending_change *torn = &travel->file->pending[change];
    if (torn->kind != CHANGE_BYTES) {
        return;
    }
    static const state_kind kinds[] = {KIND_OLD, KIND_ZEROS, KIND_GARBAGE, KIND_SECTOR_ZEROS, KIND_SECTOR_GARBAGE};
    for (int large = 0; large < 2; large++) {
        const int sector = large ? LARGE_SECTOR : SMALL_SECTOR, count = sectors_of(torn, sector);
        for (int from_back = 0; from_back < 2; from_back++) {
            for (int kept = 0; kept < count; kept++) {
                for (int i = 0; i < (int)(sizeof kinds / sizeof *kinds); i++) {
                    const bool is_whole_sector = spoils_sectors(kinds[i]);
                    // Nothing kept is the same from both sides, for the write's own bytes with all sizes of sectors,
                    // and of old bytes it is the state without this write.
                    if (kept == 0 && (from_back || kinds[i] == KIND_OLD || (large && !is_whole_sector))) {
                        continue;
                    }
                    if (is_whole_sector && torn->given_up) {
                        continue; // that was long ago: its neighbours would have been seen
                    }
                    state->kind = kinds[i];
                    state->torn = (tear){change, sector, kept, from_back, draw(&travel->lot)};
                    visit(travel, state);
                }
            }
        }
    }
}

static void visit_one_tear(tour *travel, crash_state *state, int change) {
    static const state_kind kinds[] = {KIND_OLD,     KIND_ZEROS,   KIND_ZEROS,        KIND_GARBAGE,
                                       KIND_GARBAGE, KIND_GARBAGE, KIND_SECTOR_ZEROS, KIND_SECTOR_GARBAGE};
    const pending_change *torn = &travel->file->pending[change];
    if (torn->kind != CHANGE_BYTES) {
        return;
    }
    state->kind = kinds[draw_below(&travel->lot, sizeof kinds / sizeof *kinds)];
    const int sector = draw_below(&travel->lot, 2) == 0 ? SMALL_SECTOR : LARGE_SECTOR;
    const int kept = draw_below(&travel->lot, sectors_of(torn, sector));
    if ((kept == 0 && state->kind == KIND_OLD) || (torn->given_up && spoils_sectors(state->kind))) {
        state->kind = KIND_GARBAGE;
    }
    state->torn = (tear){change, sector, kept, draw_below(&travel->lot, 2) != 0, draw(&travel->lot)};
    visit(travel, state);
}

static void visit_whole(tour *travel, crash_state *state) {
    state->kind = KIND_WHOLE;
    state->torn = (tear){.change = -1, .sector = SMALL_SECTOR};
    visit(travel, state);
}

static void visit_by_lot(tour *travel, crash_state *state) {
    state->kind = KIND_LOT;
    state->torn = (tear){.change = -1, .sector = SMALL_SECTOR, .seed = draw(&travel->lot)};
    visit(travel, state);
}

static bool is_empty(const crash_state *state) {
    uint64_t all = 0;
    for (int i = 0; i < state->words; i++) {
        all |= state->changes[i];
    }
    return all == 0;
}

static int last_member(const crash_state *state) {
    for (int i = state->words - 1; i >= 0; i--) {
        if (state->changes[i] != 0) {
            return 64 * i + 63 - __builtin_clzll(state->changes[i]);
        }
    }
    return -1;
}

static int random_member(tour *travel, const crash_state *state) {
    int count = 0;
    for (int i = 0; i < state->words; i++) {
        count += __builtin_popcountll(state->changes[i]);
    }
    int left = draw_below(&travel->lot, count);
    for (int i = 0;; i++) {
        if (has(state->changes, i) && left-- == 0) {
            return i;
        }
    }
}

/// A subset with its last write, or one of all, cut in all ways.
static void visit_closely(tour *travel, crash_state *state) {
    visit_whole(travel, state);
    if (!is_empty(state)) {
        visit_all_tears(travel, state, last_member(state));
        visit_by_lot(travel, state);
    }
}

static void visit_loosely(tour *travel, crash_state *state) {
    visit_whole(travel, state);
    if (!is_empty(state)) {
        visit_one_tear(travel, state, random_member(travel, state));
        visit_by_lot(travel, state);
    }
}

static void take_none(crash_state *state) {
    memset(state->changes, 0, sizeof *state->changes * (size_t)state->words);
}

static void take_all(crash_state *state, int count) {
    take_none(state);
    for (int i = 0; i < count; i++) {
        include(state->changes, i);
    }
}

static void visit_all_subsets(tour *travel, crash_state *state, int count) {
    // Without the newest call the disk is as it could have been before it.
    const uint64_t always = travel->newest < 0 ? 0 : UINT64_C(1) << travel->newest;
    for (uint64_t subset = 0; subset < UINT64_C(1) << count; subset++) {
        if ((subset & always) == always) {
            state->changes[0] = subset;
            visit_closely(travel, state);
        }
    }
    take_all(state, count);
    for (int i = 0; i < count; i++) {
        if (i != last_member(state)) {
            visit_all_tears(travel, state, i);
        }
    }
}

/// Those subsets in which faults hide: nearly none, nearly all, and the newest without the old.
static void visit_extreme_subsets(tour *travel, crash_state *state, int count) {
    const int newest = travel->newest;
    take_none(state);
    if (newest >= 0) {
        include(state->changes, newest);
    }
    visit_closely(travel, state);
    for (int i = 0; i < count; i++) {
        if (i != newest) {
            include(state->changes, i);
            visit_loosely(travel, state);
            exclude(state->changes, i);
        }
    }
    take_all(state, count);
    visit_closely(travel, state);
    for (int i = 0; i < count; i++) {
        if (i != newest) {
            exclude(state->changes, i);
            visit_loosely(travel, state);
            include(state->changes, i);
        }
    }
    for (int i = 0; i < count - 1; i++) {
        exclude(state->changes, i); // the last count - 1 - i
        if (newest < 0 || has(state->changes, newest)) {
            visit_loosely(travel, state);
        }
    }
}

static void visit_random_subsets(tour *travel, crash_state *state, int count) {
    const int64_t plenty = count < 40 ? INT64_C(1) << (count - 3) : travel->random_subsets;
    const int64_t subsets = travel->random_subsets < plenty ? travel->random_subsets : plenty;
    travel->cuts_by_lot++;
    for (int64_t k = 0; k < subsets; k++) {
        const int density = draw_below(&travel->lot, 5); // 1/8, 1/4, 1/2, 3/4, 7/8
        for (int word = 0; word < state->words; word++) {
            const uint64_t a = draw(&travel->lot), b = draw(&travel->lot), c = draw(&travel->lot);
            const uint64_t chosen[] = {a & b & c, a & b, a, a | b, a | b | c};
            const int left = count - 64 * word;
            state->changes[word] = chosen[density] & (left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1);
        }
        if (travel->newest >= 0) {
            include(state->changes, travel->newest);
        }
        visit_loosely(travel, state);
    }
}

/// Cuts the power with these names on the disk.
static void visit_names(tour *travel, int64_t events, uint64_t names, int64_t newest_event) {
    name_list list;
    names_of_state(travel->machine, names, &list);
    disk_file *file = named(&list, travel->machine->results->name);
    crash_state state = {.events = events, .names = names, .words = 1, .kind = KIND_NO_FILE, .torn.change = -1};
    state.torn.sector = SMALL_SECTOR;
    travel->file = file;
    if (file == NULL) {
        visit(travel, &state);
        return;
    }
    const int count = file->pending_count;
    const bool is_newest = count > 0 && file->pending[count - 1].event == newest_event;
    state.words = count / 64 + 1;
    travel->newest = is_newest ? count - 1 : -1;
    if (!travel->is_counting && travel->made.file != file) {
        memcpy(travel->made.bytes, file->durable, (size_t)travel->machine->capacity);
        travel->made.file = file;
    }
    if (!travel->is_counting && travel->machine->results->bytes != NULL) {
        travel->durable = judge_durable(travel->machine, file);
    }
    if (count <= travel->exhaustive) {
        const int64_t before = travel->states;
        visit_all_subsets(travel, &state, count);
        travel->states_of_all_subsets += travel->states - before;
    } else {
        visit_extreme_subsets(travel, &state, count);
        visit_random_subsets(travel, &state, count);
    }
}

/// The set of pending names that concern the results file.
static uint64_t names_of_results(const disk *machine) {
    uint64_t concern = 0;
    for (int i = 0; i < machine->pending_name_count; i++) {
        const pending_name *change = &machine->pending_names[i];
        if ((change->from != NULL && strcmp(change->from, machine->results->name) == 0) ||
            (change->to != NULL && strcmp(change->to, machine->results->name) == 0)) {
            include(&concern, i);
        }
    }
    if (__builtin_popcountll(concern) > MOST_PENDING_NAMES_OF_RESULTS) {
        die("too many pending names");
    }
    return concern;
}

/// Cuts the power once after each call. Names of other files, such as locks, reach the disk by lot.
static void go_through(tour *travel) {
    disk *machine = travel->machine;
    for (int64_t number = 0; number < machine->log->count; number++) {
        if (happen(machine, number)) {
            travel->made.file = NULL; // what is durable may have changed
            const uint64_t concern = names_of_results(machine);
            const uint64_t all =
                machine->pending_name_count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << machine->pending_name_count) - 1;
            uint64_t names = 0;
            do { // all subsets of `concern`
                visit_names(travel, number + 1, names | (draw(&travel->lot) & all & ~concern), number);
                names = (names - concern) & concern;
            } while (names != 0);
        }
    }
}

// ---- what is asked for ----

typedef struct {
    const char *log, *name;              ///< of the results file, in the folder
    const char *table, *final, *initial; ///< NULL: there is no results file in the end, or none in the beginning
    int64_t states;                      ///< about so many
    int64_t exhaustive;                  ///< pending calls of which all subsets are tried
    int64_t seed, samples;
    const char *samples_path;
    const char *state, *write_into; ///< only one state, which is written into this folder
} request;

typedef struct {
    request asked;
    recording log;
    results_file results;
    unsigned char *initial;
    int64_t initial_size;
} task;

/// A file that had its name for a moment must be whole in every state in which it has it. No trial is in it.
static void take_as_final(results_file *results, const disk_file *file) {
    results->bytes = allocate((size_t)file->cached_size, 1);
    results->size = file->cached_size;
    memcpy(results->bytes, file->cached, (size_t)file->cached_size);
    find_owners(results);
}

/// Lets the whole recording happen: what has missed a call would prove nothing.
static void refuse_incomplete_recording(task *work) {
    disk machine;
    results_file *results = &work->results;
    const disk_file *file = NULL, *was_named = NULL;
    switch_on(&machine, &work->log, results, work->initial, work->initial_size);
    for (int64_t i = 0; i < work->log.count; i++) {
        (void)happen(&machine, i);
        file = named(&machine.cached_names, results->name);
        was_named = file == NULL ? was_named : file;
    }
    if ((file == NULL) != (results->bytes == NULL)) {
        die("%s: the recording ends %s a results file", work->asked.log, file == NULL ? "without" : "with");
    }
    if (file != NULL &&
        (file->cached_size != results->size || memcmp(file->cached, results->bytes, (size_t)results->size) != 0)) {
        die("%s is not complete: its last image is not %s", work->asked.log, work->asked.final);
    }
    if (file == NULL && was_named != NULL) {
        take_as_final(results, was_named);
    }
    results->replaces = work->initial != NULL && was_named != NULL && !was_named->is_from_before;
    switch_off(&machine);
}

/// Counts the final file's finished trials, which must be what the program itself calls sound.
static int count_finished(const task *work) {
    const results_file *results = &work->results;
    int finished = 0;
    for (int t = 0; results->bytes != NULL && t < results->trials; t++) {
        if (status_of(results, results->bytes, t) != 0) {
            finished++;
            if (is_found_damaged(results, results->bytes, t)) {
                die("%s: trial %d is damaged in the end, or its checksum is another than ours", work->asked.final, t);
            }
        }
    }
    return finished;
}

static void write_samples(const tour *travel, const char *path) {
    FILE *stream = fopen(path, "w");
    if (stream == NULL) {
        die("%s: %s", path, strerror(errno));
    }
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        for (int i = 0; i < travel->samples_wanted && i < travel->by_kind[kind]; i++) {
            char text[LONGEST_TEXT];
            state_to_text(&travel->samples[kind * travel->samples_wanted + i].state, text);
            (void)fprintf(stream, "%s\n", text);
        }
    }
    if (fclose(stream) != 0) {
        die("%s: %s", path, strerror(errno));
    }
}

static tour *begin_tour(task *work, disk *machine, bool is_counting) {
    tour *travel = allocate(1, sizeof *travel);
    switch_on(machine, &work->log, &work->results, work->initial, work->initial_size);
    travel->machine = machine;
    travel->is_counting = is_counting;
    travel->exhaustive = (int)work->asked.exhaustive;
    travel->lot = (uint64_t)work->asked.seed;
    travel->samples_wanted = is_counting ? 0 : (int)((work->asked.samples + KIND_COUNT - 1) / KIND_COUNT);
    travel->samples = allocate((size_t)(KIND_COUNT * travel->samples_wanted), sizeof *travel->samples);
    travel->made.bytes = allocate((size_t)machine->capacity, 1);
    return travel;
}

static void end_tour(tour *travel) {
    switch_off(travel->machine);
    free(travel->samples);
    free(travel->made.bytes);
    free(travel);
}

/// All subsets get at most half of the states: then of fewer pending calls.
/// @return how many random subsets there may be of each cut that has more pending calls
static int64_t share_states(task *work) {
    for (;; work->asked.exhaustive--) {
        disk machine;
        tour *travel = begin_tour(work, &machine, true);
        go_through(travel);
        const int64_t left = work->asked.states - travel->states, cuts = travel->cuts_by_lot;
        const bool is_shared = travel->states_of_all_subsets <= work->asked.states / 2;
        end_tour(travel);
        if (is_shared || work->asked.exhaustive == 0) {
            return cuts == 0 || left < 0 ? 0 : left / (STATES_OF_A_RANDOM_SUBSET * cuts);
        }
    }
}

static int go_through_all(task *work) {
    disk machine;
    const int64_t random_subsets = share_states(work);
    tour *travel = begin_tour(work, &machine, false);
    travel->random_subsets = random_subsets;
    const clock_t start = clock();
    go_through(travel);
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    (void)printf("events %lld\nfinished %d\n", (long long)work->log.count, count_finished(work));
    (void)printf("exhaustive %d\nrandom-subsets %lld\nstates %lld\n", travel->exhaustive, (long long)random_subsets,
                 (long long)travel->states);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        (void)printf("kind %s %lld\n", kind_names[kind], (long long)travel->by_kind[kind]);
    }
    (void)printf("damage-found %lld\npromised-lost-to-a-spoilt-sector %lld\nmetadata-spoilt %lld\n"
                 "settings-of-pending-trials-spoilt %lld\nseconds %.3f\nfailures %lld\n",
                 (long long)travel->found, (long long)travel->lost, (long long)travel->metadata_spoilt,
                 (long long)travel->pending_settings_spoilt, seconds, (long long)travel->failures);
    if (work->asked.samples_path != NULL) {
        write_samples(travel, work->asked.samples_path);
    }
    const int code = travel->failures == 0 ? 0 : EXIT_NOT_ALLOWED;
    end_tour(travel);
    return code;
}

static void write_bytes(const char *folder, const char *name, const unsigned char *bytes, int64_t size) {
    char *path = NULL;
    FILE *stream = asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : fopen(path, "wb");
    if (stream == NULL || fwrite(bytes, 1, (size_t)size, stream) != (size_t)size || fclose(stream) != 0) {
        die("%s/%s: %s", folder, name, strerror(errno));
    }
    free(path);
}

/// What else lay in the folder, with what of it is durable.
static void write_other_files(const disk *machine, const name_list *names, const char *folder) {
    for (int i = 0; i < names->count; i++) {
        if (strcmp(names->name[i], machine->results->name) != 0) {
            write_bytes(folder, names->name[i], names->file[i]->durable, names->file[i]->durable_size);
        }
    }
}

/// Judges one state, and writes it.
static int look_at_state(task *work) {
    disk machine;
    crash_state state = state_from_text(work->asked.state);
    tour *travel = begin_tour(work, &machine, false);
    if (state.events > work->log.count) {
        die("the recording has %lld events", (long long)work->log.count);
    }
    for (int64_t i = 0; i < state.events; i++) {
        (void)happen(&machine, i);
    }
    name_list names;
    names_of_state(&machine, state.names, &names);
    disk_file *file = travel->file = named(&names, work->results.name);
    if (file != NULL) {
        if (last_member(&state) >= file->pending_count || state.torn.change >= file->pending_count) {
            die("there are %d pending writes", file->pending_count);
        }
        memcpy(travel->made.bytes, file->durable, (size_t)machine.capacity);
        travel->durable = work->results.bytes == NULL ? (durable_verdict){0} : judge_durable(&machine, file);
    }
    const verdict judged = judge(travel, &state);
    const bool is_damaged = judged.found > 0 || judged.metadata_spoilt || judged.pending_settings_spoilt;
    (void)printf("file %s\nexpect %s\nmetadata-spoilt %d\nlost %d\nfailure %s\n", file == NULL ? "no" : "yes",
                 is_damaged ? "damaged" : "sound", judged.metadata_spoilt, judged.lost, judged.failure);
    if (work->asked.write_into != NULL) {
        write_other_files(&machine, &names, work->asked.write_into);
        if (file != NULL) {
            make_image(&travel->made, &work->results, file, &state);
            write_bytes(work->asked.write_into, work->results.name, travel->made.bytes, travel->made.size);
        }
    }
    const int code = judged.failure[0] == '\0' ? 0 : EXIT_NOT_ALLOWED;
    end_tour(travel);
    return code;
}

typedef struct {
    const char *name;
    const char **text; ///< or
    int64_t *number;
} option;

static request read_request(int argument_count, char **arguments) {
    request asked = {.states = 100000, .exhaustive = 12};
    const option options[] = {
        {"--log", &asked.log, NULL},
        {"--name", &asked.name, NULL},
        {"--table", &asked.table, NULL},
        {"--final", &asked.final, NULL},
        {"--initial", &asked.initial, NULL},
        {"--states", NULL, &asked.states},
        {"--exhaustive", NULL, &asked.exhaustive},
        {"--seed", NULL, &asked.seed},
        {"--samples", NULL, &asked.samples},
        {"--samples-file", &asked.samples_path, NULL},
        {"--state", &asked.state, NULL},
        {"--write", &asked.write_into, NULL},
    };
    const option *const end = options + sizeof options / sizeof *options;
    for (int i = 1; i < argument_count; i += 2) {
        const option *found = options;
        while (found < end && strcmp(arguments[i], found->name) != 0) {
            found++;
        }
        if (found == end || i + 1 == argument_count) {
            die("'%s': see the top of power_cut.c", arguments[i]);
        }
        if (found->text != NULL) {
            *found->text = arguments[i + 1];
        } else {
            *found->number = strtoll(arguments[i + 1], NULL, 10);
        }
    }
    if (asked.log == NULL || asked.name == NULL || (asked.table == NULL) != (asked.final == NULL) ||
        asked.exhaustive < 0 || asked.exhaustive > MOST_EXHAUSTIVE) {
        die("see the top of power_cut.c");
    }
    return asked;
}

int main(int argument_count, char **arguments) {
    static task work; // large
    work.asked = read_request(argument_count, arguments);
    work.log = read_recording(work.asked.log);
    work.results.name = work.asked.name;
    if (work.asked.initial != NULL) {
        work.initial = read_file(work.asked.initial, &work.initial_size);
    }
    if (work.asked.final != NULL) {
        work.results.bytes = read_file(work.asked.final, &work.results.size);
        read_table(work.asked.table, &work.results);
        find_owners(&work.results);
    }
    refuse_incomplete_recording(&work);
    const int code = work.asked.state != NULL ? look_at_state(&work) : go_through_all(&work);
    free(work.log.bytes);
    free(work.log.events);
    free(work.initial);
    free(work.results.bytes);
    free(work.results.writer);
    free(work.results.subject);
    return code;
}
