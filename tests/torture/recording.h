/// A recording: everything that a process did to one folder, in the order in which it happened.
///
/// record.c writes it while the program runs; power_cut.c reads it and works out what a power cut could have left on
/// the disk. A recording begins with RECORDING_MAGIC; each event is a recording_event, then its names, then its bytes.
/// Several processes after each other may append to one recording: between them the machine goes on, and with it the
/// page cache.
#ifndef GANSWEEP_TORTURE_RECORDING_H
#define GANSWEEP_TORTURE_RECORDING_H

#include <stdint.h>

#define RECORDING_MAGIC "gansweep recording 1\n"

/// A call that failed is recorded with its error, and changed nothing.
typedef enum {
    EVENT_PROCESS,    ///< a process begins
    EVENT_OPEN,       ///< `name` was opened; `flags` say whether that made or emptied it
    EVENT_WRITE,      ///< `length` bytes at `offset`
    EVENT_RESIZE,     ///< the file's size is now `length`
    EVENT_ALLOCATE,   ///< the file reaches at least to `offset + length`
    EVENT_SYNC_BEGIN, ///< fsync or fdatasync of a file, or fsync of the folder itself, was called ...
    EVENT_SYNC_END,   ///< ... and came back; other threads may have written in between
    EVENT_SEND,       ///< sync_file_range: bytes are sent off, and nothing is promised
    EVENT_RENAME,     ///< `name` is now `other_name`
    EVENT_LINK,       ///< `name` is now called `other_name`, too
    EVENT_UNLINK,     ///< `name` is gone
    EVENT_CLOSE,      ///< no promise either
    EVENT_PROMISE,    ///< the process ended well: all that the file says now has been promised (added by power_cuts.py)
    EVENT_COUNT
} recording_kind;

enum { EVENT_MADE = 1, EVENT_EMPTIED = 2 }; ///< flags of EVENT_OPEN

typedef struct {
    uint32_t kind;
    int32_t thread;
    int64_t file; ///< inode; 0 where there is none
    int64_t offset, length;
    int32_t error; ///< errno of a call that failed, or 0
    uint32_t flags;
    uint32_t name_bytes, other_name_bytes; ///< with their last zero, or 0
    int64_t data_bytes;
} recording_event;

#endif
