#include "store/sources.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/provenance.h"

void gs_sources_free(gs_source_files *sources) {
    for (int64_t i = 0; i < sources->count; i++) {
        free(sources->list[i].name);
    }
    free(sources->list);
    *sources = (gs_source_files){0};
}

// ---- writing ----

static bool is_control(char c) {
    const unsigned char byte = (unsigned char)c;
    return byte < 0x20 || byte == 0x7f;
}

/// One word: '?' in the place of blanks, and of nothing at all.
static void print_word(FILE *stream, const char *word) {
    if (*word == '\0') {
        (void)fputc('?', stream);
    }
    for (; *word != '\0'; word++) {
        (void)fputc(is_control(*word) || *word == ' ' ? '?' : *word, stream);
    }
    (void)fputc(' ', stream);
}

static void print_source(FILE *stream, const gs_source_file *source) {
    (void)fprintf(stream, "%" PRId64 " %" PRId64 " %s ", source->part.first, source->part.count, source->hash);
    print_word(stream, source->created);
    print_word(stream, source->isa);
    (void)fprintf(stream, "%" PRId64 " %.9g ", source->threads, source->seconds);
    print_word(stream, source->host);
    for (const char *c = source->name; *c != '\0'; c++) {
        (void)fputc(is_control(*c) ? '?' : *c, stream);
    }
    (void)fputc('\n', stream);
}

char *gs_sources_text(const gs_source_files *sources) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (stream == NULL) {
        return NULL;
    }
    for (int64_t i = 0; i < sources->count; i++) {
        print_source(stream, &sources->list[i]);
    }
    const bool printed = ferror(stream) == 0;
    if (fclose(stream) != 0 || !printed) {
        free(text);
        return NULL;
    }
    return text;
}

// ---- reading ----

bool gs_source_name_is_plain(const char *name) {
    const size_t length = strlen(name);
    // In the name of a virtual dataset's file libhdf5 reads % as the beginning of a pattern, and . as the file itself.
    bool plain = length > 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strpbrk(name, "/%") == NULL;
    for (size_t at = 0; at < length && plain;) {
        const size_t bytes = gs_utf8_length(name + at, length - at);
        plain = bytes > 0 && !is_control(name[at]);
        at += bytes;
    }
    return plain;
}

/// A number of the line, and the blank behind it; NULL when there is none.
static const char *read_number(const char *text, int64_t *number) {
    int64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_add_overflow(value, (int64_t)(*at - '0'), &value)) {
            return NULL;
        }
    }
    *number = value;
    return at > text && *at == ' ' ? at + 1 : NULL;
}

/// A word of the line, of which as much is kept as there is room for, and the blank behind it.
static const char *read_word(const char *text, char *word, size_t room) {
    const size_t length = strcspn(text, " \n"), kept = length < room ? length : room - 1;
    memcpy(word, text, kept);
    word[kept] = '\0';
    return length > 0 && text[length] == ' ' ? text + length + 1 : NULL;
}

/// One line; NULL when it is not as print_source writes it, or when out of memory, else where the next one begins.
static const char *read_source(const char *text, gs_source_file *source) {
    char seconds[GS_SOURCE_WORD_BYTES];
    const size_t digits = GS_SEAL_HASH_DIGITS;
    text = read_number(text, &source->part.first);
    text = text == NULL ? NULL : read_number(text, &source->part.count);
    if (text == NULL || strspn(text, "0123456789abcdef") != digits || text[digits] != ' ') {
        return NULL;
    }
    text = read_word(text, source->hash, sizeof source->hash);
    text = text == NULL ? NULL : read_word(text, source->created, sizeof source->created);
    text = text == NULL ? NULL : read_word(text, source->isa, sizeof source->isa);
    text = text == NULL ? NULL : read_number(text, &source->threads);
    text = text == NULL ? NULL : read_word(text, seconds, sizeof seconds);
    text = text == NULL ? NULL : read_word(text, source->host, sizeof source->host);
    const size_t length = text == NULL ? 0 : strcspn(text, "\n");
    if (length == 0 || text[length] != '\n') {
        return NULL;
    }
    source->seconds = strtod(seconds, NULL);
    source->name = strndup(text, length);
    return source->name == NULL ? NULL : text + length + 1;
}

static int64_t count_lines(const char *text) {
    int64_t lines = 0;
    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

gs_status gs_sources_parse(const char *text, int64_t trials, int64_t most, gs_source_files *sources, gs_error *error) {
    const int64_t lines = count_lines(text);
    const char *at = text;
    int64_t end = 0;
    *sources = (gs_source_files){0};
    if (lines < 1 || lines > most) {
        return gs_fail(error, GS_ERROR_RESULTS, "it is damaged: it has its rows in %" PRId64 " files", lines);
    }
    sources->list = calloc((size_t)lines, sizeof *sources->list);
    if (sources->list == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the names of its sources");
    }
    for (; at != NULL && sources->count < lines; sources->count++) {
        gs_source_file *source = &sources->list[sources->count];
        at = read_source(at, source);
        if (at == NULL || !gs_source_name_is_plain(source->name) || source->part.first != end ||
            source->part.count < 1 || source->part.count > trials - end) {
            at = NULL;
        } else {
            end += source->part.count;
        }
    }
    if (at == NULL || *at != '\0' || end != trials) {
        gs_sources_free(sources);
        return gs_fail(error, GS_ERROR_RESULTS, "it is damaged: /provenance/sources is not as documented");
    }
    return GS_OK;
}
