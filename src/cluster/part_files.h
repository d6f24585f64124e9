/// Names of the files that the parts of a sweep are trained into: "sweep-03-of-10.h5" for part 3 of 10 of "sweep.h5".
#ifndef GANSWEEP_CLUSTER_PART_FILES_H
#define GANSWEEP_CLUSTER_PART_FILES_H

#include "gansweep/error.h"

/// @param path  of the whole: a ".h5" at its end stays at the end
/// @return a new string that the caller frees; NULL when out of memory
char *gs_part_path(const char *path, int part, int parts);

/// Digits as a number of parts, 1 to GS_MOST_SHARDS; NULL when it is none, else where they end.
const char *gs_part_read_number(const char *at, int *number);

/// Of how many parts a file is one.
typedef struct {
    int parts;  ///< 10
    int files;  ///< how many of these there are
    char *name; ///< one of them
} gs_part_family;

enum { GS_MOST_PART_FAMILIES = 16 };

typedef struct {
    int count; ///< GS_MOST_PART_FAMILIES at most: whoever has more is told of these
    gs_part_family list[GS_MOST_PART_FAMILIES];
} gs_part_families;

/// Looks for parts of a sweep, in the folder of the whole.
/// @param families  to be freed by gs_part_families_free(), also after a failure
/// @return GS_ERROR_INPUT when the folder can't be read
gs_status gs_part_families_find(const char *path, gs_part_families *families, gs_error *error);
void gs_part_families_free(gs_part_families *families);

/// Removes a part that no process writes, with what a dead one left beside it. None is no error.
gs_status gs_part_remove(const char *path, int part, int parts, gs_error *error);

#endif
