/// The form of the text, the search for it, and the hash.
#include "store/seal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/io.h"

enum {
    PIECE_BYTES = 1 << 16,
    NUMBER_DIGITS = 20,
    HEAD_BYTES = 16 + (9 + NUMBER_DIGITS + 1) + (9 + GS_SEAL_HASH_DIGITS + 1), ///< first line, "file", "hash"
    LINE_BYTES = 8 + 1 + GS_SEAL_NAME_BYTES + 2 * (1 + NUMBER_DIGITS) + 1,     ///< one extent
    END_BYTES = 9 + 16 + 1,
    MOST_TEXT_BYTES = HEAD_BYTES + (GS_SEAL_MOST_EXTENTS + 1) * LINE_BYTES + END_BYTES,
    MOST_TRIES = 16, ///< a text inside the experiment may look like a seal's beginning
};
static const char FIRST_LINE[] = "gansweep seal 1\n";
static const char OWN_NAME[] = "/provenance/seal";
/// A forged file must not make us read for hours: structure and texts are never so large.
static const int64_t MOST_SEALED_BYTES = (int64_t)1 << 28;

static const char *const kind_names[GS_EXTENT_KIND_COUNT + 1] = {"rows", "changes", "sealed", "seal"};

int64_t gs_seal_text_bytes(int count) {
    return HEAD_BYTES + (int64_t)(count + 1) * LINE_BYTES + END_BYTES;
}

const gs_extent *gs_seal_find(const gs_seal *seal, const char *name) {
    for (int i = 0; i < seal->count; i++) {
        if (strcmp(seal->extents[i].name, name) == 0) {
            return &seal->extents[i];
        }
    }
    return NULL;
}

// ---- the hash ----

static int compare_addresses(const void *a, const void *b) {
    const gs_extent *first = a, *second = b;
    return (first->address > second->address) - (first->address < second->address);
}

/// Everything that the hash leaves out, in ascending order; the seal's own text is among it.
static int collect_holes(const gs_seal *seal, gs_extent *holes) {
    int count = 0;
    for (int i = 0; i < seal->count; i++) {
        if (seal->extents[i].kind != GS_EXTENT_SEALED) {
            holes[count++] = seal->extents[i];
        }
    }
    holes[count++] = (gs_extent){.address = seal->address, .bytes = seal->bytes};
    qsort(holes, (size_t)count, sizeof *holes, compare_addresses);
    return count;
}

/// Adds bytes [begin, end) of the file; false with errno, which is 0 when the file ends before.
static bool hash_range(XXH3_state_t *state, int file, int64_t begin, int64_t end) {
    unsigned char piece[PIECE_BYTES];
    while (begin < end) {
        const size_t count = end - begin < PIECE_BYTES ? (size_t)(end - begin) : PIECE_BYTES;
        if (!gs_read_at(file, piece, count, begin)) {
            return false;
        }
        (void)XXH3_128bits_update(state, piece, count);
        begin += (int64_t)count;
    }
    return true;
}

/// XXH3-128 of every byte of the file that lies in no hole, as hexadecimal digits.
static bool hash_file(int file, const gs_seal *seal, char digits[GS_SEAL_HASH_DIGITS + 1]) {
    gs_extent *holes = calloc(GS_SEAL_MOST_EXTENTS + 1, sizeof *holes);
    XXH3_state_t *state = XXH3_createState();
    bool hashed = holes != NULL && state != NULL;
    errno = hashed ? errno : ENOMEM;
    const int count = hashed ? collect_holes(seal, holes) : 0;
    int64_t at = 0;
    hashed = hashed && XXH3_128bits_reset(state) == XXH_OK;
    for (int i = 0; i < count && hashed; i++) {
        hashed = hash_range(state, file, at, holes[i].address);
        at = holes[i].address + holes[i].bytes;
    }
    hashed = hashed && hash_range(state, file, at, seal->file_bytes);
    if (hashed) {
        const XXH128_hash_t hash = XXH3_128bits_digest(state);
        (void)snprintf(digits, GS_SEAL_HASH_DIGITS + 1, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
                       (uint64_t)hash.low64);
    }
    const int reason = errno;
    (void)XXH3_freeState(state);
    free(holes);
    errno = reason;
    return hashed;
}

// ---- writing ----

static int64_t print_extent(char *into, const char *kind, const char *name, int64_t address, int64_t bytes) {
    const int length = snprintf(into, LINE_BYTES + 1, "%-8s %-*s %*" PRId64 " %*" PRId64 "\n", kind, GS_SEAL_NAME_BYTES,
                                name, NUMBER_DIGITS, address, NUMBER_DIGITS, bytes);
    assert(length == LINE_BYTES);
    return length;
}

/// Prints the whole text, gs_seal_text_bytes(seal->count) bytes and a NUL. The last line is a hash of those before it.
static void print_text(const gs_seal *seal, const char *hash, char *text) {
    int64_t length = snprintf(text, HEAD_BYTES + 1, "%sfile     %*" PRId64 "\nhash     %s\n", FIRST_LINE, NUMBER_DIGITS,
                              seal->file_bytes, hash);
    assert(length == HEAD_BYTES);
    length += print_extent(text + length, kind_names[GS_EXTENT_KIND_COUNT], OWN_NAME, seal->address, seal->bytes);
    for (int i = 0; i < seal->count; i++) {
        const gs_extent *extent = &seal->extents[i];
        length += print_extent(text + length, kind_names[extent->kind], extent->name, extent->address, extent->bytes);
    }
    (void)snprintf(text + length, END_BYTES + 1, "end      %016" PRIx64 "\n",
                   (uint64_t)XXH3_64bits(text, (size_t)length));
}

gs_status gs_seal_write(int file, const gs_seal *seal, gs_error *error) {
    char hash[GS_SEAL_HASH_DIGITS + 1];
    char *text = malloc(MOST_TEXT_BYTES + 1);
    gs_status status = GS_OK;
    assert(seal->bytes == gs_seal_text_bytes(seal->count));
    if (text == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the seal");
    }
    if (!hash_file(file, seal, hash)) {
        status = gs_fail(error, GS_ERROR_RUN, "what is to be sealed can't be read back: %s", gs_read_failure());
    } else {
        print_text(seal, hash, text);
        if (!gs_write_at(file, text, (size_t)seal->bytes, seal->address)) {
            status = gs_fail(error, GS_ERROR_RUN, "the seal can't be written: %s", strerror(errno));
        }
    }
    free(text);
    return status;
}

// ---- reading ----

/// A number as print_extent writes it: blanks, then digits, NUMBER_DIGITS characters in all; -1 for anything else.
static int64_t parse_number(const char *field) {
    int at = 0;
    int64_t value = 0;
    while (at < NUMBER_DIGITS - 1 && field[at] == ' ') {
        at++;
    }
    for (; at < NUMBER_DIGITS; at++) {
        if (field[at] < '0' || field[at] > '9' || __builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_add_overflow(value, (int64_t)(field[at] - '0'), &value)) {
            return -1;
        }
    }
    return value;
}

/// One line of an extent; false when it is not as print_extent writes it.
static bool parse_extent(const char *line, const char *kind, gs_extent *extent) {
    const char *name = line + 8 + 1;
    size_t length = GS_SEAL_NAME_BYTES;
    while (length > 0 && name[length - 1] == ' ') {
        length--;
    }
    if (length == 0 || length >= GS_SEAL_NAME_BYTES || memchr(name, '\0', length) != NULL) {
        return false;
    }
    memset(extent->name, 0, sizeof extent->name);
    memcpy(extent->name, name, length);
    extent->address = parse_number(line + 8 + 1 + GS_SEAL_NAME_BYTES + 1);
    extent->bytes = parse_number(line + LINE_BYTES - 1 - NUMBER_DIGITS);
    char again[LINE_BYTES + 1];
    if (extent->address < 0 || extent->bytes < 0) {
        return false;
    }
    (void)print_extent(again, kind, extent->name, extent->address, extent->bytes);
    return memcmp(line, again, LINE_BYTES) == 0;
}

static bool parse_lines(const char *text, int count, gs_seal *seal) {
    const char *line = text + HEAD_BYTES;
    gs_extent own;
    seal->file_bytes = parse_number(text + sizeof FIRST_LINE - 1 + 9);
    if (seal->file_bytes < 0 || !parse_extent(line, kind_names[GS_EXTENT_KIND_COUNT], &own) ||
        own.address != seal->address || own.bytes != seal->bytes) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        bool parsed = false;
        line += LINE_BYTES;
        for (int kind = 0; kind < GS_EXTENT_KIND_COUNT && !parsed; kind++) {
            seal->extents[i].kind = (gs_extent_kind)kind;
            parsed = parse_extent(line, kind_names[kind], &seal->extents[i]);
        }
        if (!parsed) {
            return false;
        }
    }
    seal->count = count;
    return true;
}

/// Reads the text that begins at seal->address.
/// @param text  [available] what the file holds from there on
/// @return its hash's digits within `text`; NULL when it is not a whole seal
static const char *parse_text(const char *text, int64_t available, gs_seal *seal) {
    int count = -1;
    int64_t at = HEAD_BYTES;
    while (at + LINE_BYTES <= available && memcmp(text + at, "end ", 4) != 0 && count < GS_SEAL_MOST_EXTENTS) {
        at += LINE_BYTES;
        count++;
    }
    if (count < 0 || at + END_BYTES > available) {
        return NULL;
    }
    char end[END_BYTES + 1];
    (void)snprintf(end, sizeof end, "end      %016" PRIx64 "\n", (uint64_t)XXH3_64bits(text, (size_t)at));
    seal->bytes = at + END_BYTES;
    return memcmp(text + at, end, END_BYTES) == 0 && parse_lines(text, count, seal)
               ? text + sizeof FIRST_LINE - 1 + 9 + NUMBER_DIGITS + 1 + 9
               : NULL;
}

/// Whether all extents lie within the file and share no bytes, and little enough is left to be hashed.
static gs_status check_extents(const gs_seal *seal, gs_error *error) {
    gs_extent *sorted = calloc(GS_SEAL_MOST_EXTENTS + 1, sizeof *sorted);
    if (sorted == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    memcpy(sorted, seal->extents, (size_t)seal->count * sizeof *sorted);
    sorted[seal->count] = (gs_extent){.name = "the seal", .address = seal->address, .bytes = seal->bytes};
    qsort(sorted, (size_t)seal->count + 1, sizeof *sorted, compare_addresses);
    gs_status status = GS_OK;
    int64_t end = 0, sealed = seal->file_bytes;
    for (int i = 0; i <= seal->count && status == GS_OK; i++) {
        if (sorted[i].address < end || sorted[i].bytes > seal->file_bytes - sorted[i].address) {
            status = gs_fail(error, GS_ERROR_RESULTS, "it is damaged: its seal says that %s lies on other bytes",
                             sorted[i].name);
            break;
        }
        end = sorted[i].address + sorted[i].bytes;
        sealed -= sorted[i].kind == GS_EXTENT_SEALED ? 0 : sorted[i].bytes;
    }
    free(sorted);
    if (status == GS_OK && sealed > MOST_SEALED_BYTES) {
        status = gs_fail(error, GS_ERROR_RESULTS, "it is damaged: %" PRId64 " bytes lie outside of its rows", sealed);
    }
    return status;
}

/// Finds a text that is a whole seal in the file's first bytes.
/// @return its hash's digits within `text`, or NULL
static const char *find_text(const char *text, int64_t available, gs_seal *seal) {
    const char *from = text;
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        const int64_t left = available - (from - text);
        const char *found = memmem(from, (size_t)left, FIRST_LINE, sizeof FIRST_LINE - 1);
        if (found == NULL) {
            return NULL;
        }
        seal->address = found - text;
        const char *hash = parse_text(found, available - seal->address, seal);
        if (hash != NULL) {
            return hash;
        }
        from = found + 1;
    }
    return NULL;
}

static gs_status compare_with_file(int file, int64_t bytes, const gs_seal *seal, gs_error *error) {
    char hash[GS_SEAL_HASH_DIGITS + 1];
    if (seal->file_bytes != bytes) {
        return gs_fail(error, GS_ERROR_RESULTS, "it is %s: %" PRId64 " of %" PRId64 " bytes%s",
                       bytes < seal->file_bytes ? "truncated" : "longer than it was made", bytes, seal->file_bytes,
                       bytes < seal->file_bytes ? "" : "; has another program added to it?");
    }
    const gs_status status = check_extents(seal, error);
    if (status != GS_OK) {
        return status;
    }
    if (!hash_file(file, seal, hash)) {
        return gs_fail(error, errno == ENOMEM ? GS_ERROR_RUN : GS_ERROR_RESULTS, "it can't be read: %s",
                       gs_read_failure());
    }
    return memcmp(hash, seal->hash, GS_SEAL_HASH_DIGITS) == 0
               ? GS_OK
               : gs_fail(error, GS_ERROR_RESULTS,
                         "it is damaged: its structure or a text in it is not as it was sealed");
}

gs_status gs_seal_locate(int file, int64_t bytes, gs_seal *seal, gs_error *error) {
    const int64_t available = bytes < GS_SEAL_WITHIN + MOST_TEXT_BYTES ? bytes : GS_SEAL_WITHIN + MOST_TEXT_BYTES;
    char *text = malloc((size_t)available + 1);
    gs_status status = GS_OK;
    if (text == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the beginning of the file");
    }
    if (!gs_read_at(file, text, (size_t)available, 0)) {
        status = gs_fail(error, GS_ERROR_RESULTS, "it can't be read: %s", gs_read_failure());
    } else {
        const char *hash = find_text(text, available, seal);
        if (hash == NULL) {
            status = gs_fail(error, GS_ERROR_RESULTS,
                             "it is an HDF5 file, but not a results file of gansweep, or its seal is damaged");
        } else {
            memcpy(seal->hash, hash, GS_SEAL_HASH_DIGITS);
            seal->hash[GS_SEAL_HASH_DIGITS] = '\0';
        }
    }
    free(text);
    return status;
}

gs_status gs_seal_read(int file, int64_t bytes, gs_seal *seal, gs_error *error) {
    const gs_status status = gs_seal_locate(file, bytes, seal, error);
    return status == GS_OK ? compare_with_file(file, bytes, seal, error) : status;
}
