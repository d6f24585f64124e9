/// How many processors this process may use.
#ifndef RUN_PROCESSORS_H
#define RUN_PROCESSORS_H

/// Processors' worth of time that the control groups of this process allow, rounded up, at least 1.
/// Reads cpu.max (version 2) or cpu.cfs_quota_us (version 1) of its group and of every group above it.
/// @param root  "" on a real system; a folder with its own proc/ and sys/ in tests
/// @return 0 when there is no limit
int gs_container_processors(const char *root);

#endif
