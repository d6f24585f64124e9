/// A YAML text as a tree of nodes that remember where they stand.
///
/// Only plain data is accepted: one document of scalars, lists and maps with scalar keys. Anchors, aliases, tags,
/// directives and further documents are refused, since an experiment needs none of them and hostile files do. Nesting
/// and the keys of one map are bounded, so that time and memory stay proportional to the text.
#ifndef GANSWEEP_EXPERIMENT_DOCUMENT_H
#define GANSWEEP_EXPERIMENT_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "experiment/place.h"

typedef enum { NODE_SCALAR, NODE_LIST, NODE_MAP } node_kind;

typedef struct node {
    node_kind kind;
    bool quoted;              ///< a scalar that is text whatever it looks like
    int line, column;         ///< where it begins, from 1
    int key_line, key_column; ///< where its key begins, for a child of a map
    const char *key;          ///< its key, for a child of a map
    const char *text;         ///< of a scalar, NUL-terminated
    struct node *child;       ///< first child of a list or map, in the order of the text
    struct node *next;        ///< next child of the same parent
    int64_t count;            ///< number of children
} node;

typedef struct document document;

/// @param file  stands for the text in messages; must outlive the call only
/// @param text  checked by gs_source_check() before
/// @param parsed  on success the caller ends it with gs_document_free()
gs_status gs_document_parse(const char *file, const char *text, size_t length, document **parsed, gs_error *error);
void gs_document_free(document *parsed);

/// The outermost node, always a map.
const node *gs_document_root(const document *parsed);

/// Child of a map by its key, or NULL.
const node *gs_node_find(const node *map, const char *key);

/// "a list", "a map", "text": for messages.
const char *gs_node_describe(const node *any);

#endif
