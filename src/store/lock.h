/// One writer a results file, by a lock of our own.
///
/// The lock is a file beside the results, FILE.lock: nothing is ever locked that a reader of the results looks at.
/// Where the file system has locks (flock), the system's lock on that file counts, and dies with its holder. Where it
/// has none (some NFS, ENOLCK) the file's existence counts, and it names its holder, so that a dead one's lock can be
/// told from a living one's on the same machine.
#ifndef GANSWEEP_STORE_LOCK_H
#define GANSWEEP_STORE_LOCK_H

#include "gansweep/error.h"

typedef struct gs_lock gs_lock;

/// Locks a results file, which need not exist, for writing.
/// @return GS_ERROR_RUN at once, with who holds it, when another process does; GS_ERROR_INPUT when the lock file can't
///         be made
gs_status gs_lock_acquire(const char *path, gs_lock **lock, gs_error *error);

/// Removes the lock file. NULL is allowed.
void gs_lock_release(gs_lock *lock);

#endif
