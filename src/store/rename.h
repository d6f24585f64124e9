/// Giving a file its name, for good.
#ifndef GANSWEEP_STORE_RENAME_H
#define GANSWEEP_STORE_RENAME_H

#include <stdbool.h>

/// Renames without overwriting, also where the file system can't do that in one step.
/// @return false with errno, EEXIST when there is a file of that name
bool gs_rename_without_overwriting(const char *from, const char *to);

/// Makes the entries of an open folder durable.
/// @return false with errno
bool gs_sync_folder(int folder);

#endif
