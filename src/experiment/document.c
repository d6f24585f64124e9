#include "experiment/document.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum {
    MAX_DEPTH = 16, ///< an experiment needs 5
    MAX_KEYS = 64,  ///< of one map; an experiment needs 10
    CHUNK_BYTES = 1 << 16,
};

/// Nodes and their texts are carved from chunks and freed together.
typedef struct chunk {
    struct chunk *previous;
    size_t used, capacity;
    _Alignas(max_align_t) char bytes[];
} chunk;

struct document {
    chunk *chunks;
    node *root;
};

/// A list or map whose end has not been seen yet.
typedef struct {
    node *container;
    node **tail;     ///< where the next child is linked in
    const char *key; ///< of a map: the key whose value comes next, or NULL
    int key_line, key_column;
} open_container;

typedef struct {
    const char *file;
    document *parsed;
    open_container open[MAX_DEPTH];
    int depth;
    int documents;
    gs_error *error;
} builder;

/// `size` bytes of zeros that live as long as the document, or NULL.
static void *document_allocate(document *parsed, size_t size) {
    const size_t alignment = _Alignof(max_align_t);
    const size_t needed = (size + alignment - 1) / alignment * alignment;
    if (parsed->chunks == NULL || parsed->chunks->capacity - parsed->chunks->used < needed) {
        const size_t capacity = needed > CHUNK_BYTES ? needed : CHUNK_BYTES;
        chunk *const fresh = malloc(sizeof *fresh + capacity);
        if (fresh == NULL) {
            return NULL;
        }
        *fresh = (chunk){.previous = parsed->chunks, .capacity = capacity};
        parsed->chunks = fresh;
    }
    void *const result = parsed->chunks->bytes + parsed->chunks->used;
    parsed->chunks->used += needed;
    memset(result, 0, size);
    return result;
}

static gs_status out_of_memory(builder *b) {
    return gs_fail(b->error, GS_ERROR_RUN, "out of memory while reading %s", b->file);
}

static place place_of_mark(const builder *b, yaml_mark_t mark) {
    return (place){.file = b->file, .line = (int)mark.line + 1, .column = (int)mark.column + 1};
}

/// What libyaml could not read.
static gs_status fail_as_yaml(builder *b, const yaml_parser_t *parser, const char *text, size_t length) {
    if (parser->error == YAML_MEMORY_ERROR) {
        return out_of_memory(b);
    }
    place at = place_of_mark(b, parser->problem_mark);
    if (parser->error == YAML_READER_ERROR) {
        // the reader knows the byte only; the text is UTF-8, so characters are what is not a continuation byte
        at.line = at.column = 1;
        for (size_t i = 0; i < length && i < parser->problem_offset; i++) {
            if (text[i] == '\n') {
                at.line++;
                at.column = 1;
            } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
                at.column++;
            }
        }
    }
    const char *const problem = parser->problem == NULL ? "unreadable" : parser->problem;
    return gs_fail_at(b->error, at, NULL, "%s%s%s, expected YAML", problem, parser->context == NULL ? "" : " ",
                      parser->context == NULL ? "" : parser->context);
}

/// Takes a scalar as the key of the next value.
static gs_status take_key(builder *b, const node *scalar) {
    open_container *const map = &b->open[b->depth - 1];
    const place at = {.file = b->file, .line = scalar->line, .column = scalar->column};
    if (scalar->kind != NODE_SCALAR) {
        return gs_fail_at(b->error, at, NULL, "%s as a key, expected a name", gs_node_describe(scalar));
    }
    const node *const earlier = gs_node_find(map->container, scalar->text);
    if (earlier != NULL) {
        return gs_fail_at(b->error, at, gs_excerpt_of(scalar->text).text,
                          "duplicate key, first given at line %d, expected each key once", earlier->key_line);
    }
    if (map->container->count == MAX_KEYS) {
        return gs_fail_at(b->error, at, NULL, "more than %d keys in one map, expected fewer", MAX_KEYS);
    }
    map->key = scalar->text;
    map->key_line = scalar->line;
    map->key_column = scalar->column;
    return GS_OK;
}

/// Hangs a finished scalar, or a list or map that begins here, into the tree.
static gs_status attach(builder *b, node *fresh) {
    if (b->depth == 0) {
        b->parsed->root = fresh;
    } else {
        open_container *const parent = &b->open[b->depth - 1];
        if (parent->container->kind == NODE_MAP && parent->key == NULL) {
            return take_key(b, fresh);
        }
        fresh->key = parent->key;
        fresh->key_line = parent->key_line;
        fresh->key_column = parent->key_column;
        parent->key = NULL;
        *parent->tail = fresh;
        parent->tail = &fresh->next;
        parent->container->count++;
    }
    if (fresh->kind == NODE_SCALAR) {
        return GS_OK;
    }
    if (b->depth == MAX_DEPTH) {
        const place at = {.file = b->file, .line = fresh->line, .column = fresh->column};
        return gs_fail_at(b->error, at, NULL, "lists or maps nested more than %d deep, expected fewer", MAX_DEPTH);
    }
    b->open[b->depth++] = (open_container){.container = fresh, .tail = &fresh->child};
    return GS_OK;
}

static gs_status refuse_decoration(builder *b, place at, const yaml_char_t *anchor, const yaml_char_t *tag) {
    if (anchor != NULL) {
        return gs_fail_at(b->error, at, NULL, "an anchor, expected plain values: anchors and aliases are not accepted");
    }
    if (tag != NULL) {
        return gs_fail_at(b->error, at, NULL, "a tag, expected plain values: tags are not accepted");
    }
    return GS_OK;
}

/// A scalar, or the beginning of a list or map.
static gs_status take_node(builder *b, const yaml_event_t *event) {
    const place at = place_of_mark(b, event->start_mark);
    const yaml_char_t *anchor = NULL, *tag = NULL;
    node *const fresh = document_allocate(b->parsed, sizeof *fresh);
    if (fresh == NULL) {
        return out_of_memory(b);
    }
    fresh->line = at.line;
    fresh->column = at.column;
    if (event->type == YAML_SCALAR_EVENT) {
        const size_t length = event->data.scalar.length;
        char *const text = document_allocate(b->parsed, length + 1);
        if (text == NULL) {
            return out_of_memory(b);
        }
        memcpy(text, event->data.scalar.value, length);
        if (strlen(text) != length) {
            return gs_fail_at(b->error, at, NULL, "a NUL character, expected text without it");
        }
        fresh->kind = NODE_SCALAR;
        fresh->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        fresh->text = text;
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        fresh->kind = NODE_LIST;
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else {
        fresh->kind = NODE_MAP;
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    const gs_status status = refuse_decoration(b, at, anchor, tag);
    return status == GS_OK ? attach(b, fresh) : status;
}

static gs_status take_event(builder *b, const yaml_event_t *event) {
    const place at = place_of_mark(b, event->start_mark);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (event->data.document_start.version_directive != NULL ||
            event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end) {
            return gs_fail_at(b->error, at, NULL, "a directive (%%), expected none");
        }
        if (b->documents++ > 0) {
            return gs_fail_at(b->error, at, NULL, "a second document, expected one");
        }
        return GS_OK;
    case YAML_ALIAS_EVENT:
        return gs_fail_at(b->error, at, NULL, "an alias, expected plain values: anchors and aliases are not accepted");
    case YAML_SCALAR_EVENT:
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return take_node(b, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth -= b->depth > 0; // libyaml pairs beginnings and ends
        return GS_OK;
    default:
        return GS_OK;
    }
}

gs_status gs_document_parse(const char *file, const char *text, size_t length, document **parsed, gs_error *error) {
    builder b = {.file = file, .error = error};
    yaml_parser_t parser;
    b.parsed = calloc(1, sizeof *b.parsed);
    if (b.parsed == NULL || !yaml_parser_initialize(&parser)) {
        free(b.parsed);
        return out_of_memory(&b);
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);

    gs_status status = GS_OK;
    bool ended = false;
    while (status == GS_OK && !ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = fail_as_yaml(&b, &parser, text, length);
            break;
        }
        status = take_event(&b, &event);
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);

    const place beginning = {.file = file, .line = 1, .column = 1};
    if (status == GS_OK && b.parsed->root == NULL) {
        status = gs_fail_at(error, beginning, NULL, "is empty, expected an experiment");
    } else if (status == GS_OK && b.parsed->root->kind != NODE_MAP) {
        status = gs_fail_at(error, beginning, NULL, "is %s, expected an experiment: lines of \"key: value\"",
                            gs_node_describe(b.parsed->root));
    }
    if (status != GS_OK) {
        gs_document_free(b.parsed);
        return status;
    }
    *parsed = b.parsed;
    return GS_OK;
}

void gs_document_free(document *parsed) {
    if (parsed == NULL) {
        return;
    }
    for (chunk *c = parsed->chunks; c != NULL;) {
        chunk *const previous = c->previous;
        free(c);
        c = previous;
    }
    free(parsed);
}

const node *gs_document_root(const document *parsed) {
    return parsed->root;
}

const node *gs_node_find(const node *map, const char *key) {
    for (const node *child = map->child; child != NULL; child = child->next) {
        if (strcmp(child->key, key) == 0) {
            return child;
        }
    }
    return NULL;
}

const char *gs_node_describe(const node *any) {
    static const char *const kinds[] = {[NODE_SCALAR] = "text", [NODE_LIST] = "a list", [NODE_MAP] = "a map"};
    return any->kind == NODE_SCALAR && any->text[0] == '\0' && !any->quoted ? "nothing" : kinds[any->kind];
}
