/// The files that a file was merged from: the text of /provenance/sources.
///
/// A line each, in the order of their trials: first trial, number of trials, hash of the file's seal, when it was made,
/// instruction set, threads, seconds of training, machine, and to the end of the line its name. A virtual file has its
/// rows in these files and finds them by their names, in its own folder.
#ifndef GANSWEEP_STORE_SOURCES_H
#define GANSWEEP_STORE_SOURCES_H

#include "gansweep/plan.h"
#include "store/seal.h"

enum {
    GS_MOST_VIRTUAL_SOURCES = 512, ///< whoever reads a virtual file has all of them open at once
    GS_SOURCE_WORD_BYTES = 64,
};

typedef struct {
    char *name; ///< owned
    gs_trial_range part;
    char hash[GS_SEAL_HASH_DIGITS + 1]; ///< of its seal
    char created[GS_SOURCE_WORD_BYTES], isa[GS_SOURCE_WORD_BYTES], host[GS_SOURCE_WORD_BYTES];
    int64_t threads;
    double seconds; ///< NaN when not known
} gs_source_file;

typedef struct {
    int64_t count;
    gs_source_file *list; ///< [count], owned
} gs_source_files;

void gs_sources_free(gs_source_files *sources);

/// The text; what would break a line or a word in two is '?'.
/// @return a new string that the caller frees; NULL when out of memory
char *gs_sources_text(const gs_source_files *sources);

/// Reads such a text: names of files in one folder, whose trials follow each other from 0 on.
/// @param trials  of the experiment
/// @param most  sources at most: of a virtual file GS_MOST_VIRTUAL_SOURCES
/// @return GS_ERROR_RESULTS when it is anything else; GS_ERROR_RUN when out of memory
gs_status gs_sources_parse(const char *text, int64_t trials, int64_t most, gs_source_files *sources, gs_error *error);

/// Whether a file of this name can be a source of a virtual file: a name in its folder that libhdf5 takes as it is.
bool gs_source_name_is_plain(const char *name);

#endif
