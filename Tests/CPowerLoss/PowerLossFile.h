#pragma once

// What the file methods and the API share: the one state and its one mutex.

#include "PowerLossDisk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>

#include "CPowerLoss.h"

struct pl_state {
    /// Guards all below, and is held across the underlying call of whatever changes or reads a watched file, so that a
    /// cut falls between calls. The unix VFS's own mutexes are taken inside it, never the other way round.
    pthread_mutex_t mutex;
    /// Set once, before the VFS is registered.
    sqlite3_vfs *unix_vfs;
    /// As given, and with symbolic links resolved; NULL watches nothing.
    char *prefix;
    char *resolved_prefix;
    struct pl_disk disk;
    struct powerloss_stats stats;
    int lying;
    int is_cut;
    int cut_result;
    /// Counts cuts; a handle opened under an earlier number is dead.
    uint64_t epoch;
    /// Operations until the armed cut, 0 when none is armed.
    uint64_t armed;
    uint64_t armed_seed;
    int armed_mode;
};

extern struct pl_state pl_state;

/// A watched open file; the underlying VFS's file follows it in memory. Unwatched files are not wrapped at all.
struct pl_file {
    sqlite3_file base;
    struct pl_inode *inode;
    uint64_t epoch;
    uint64_t reserved;
};

/// Version 2 has the -shm methods that WAL needs; version 3 would add xFetch, which reads past this VFS.
extern const sqlite3_io_methods pl_io_methods;

static inline sqlite3_file *pl_real(sqlite3_file *file) {
    return (sqlite3_file *)((struct pl_file *)file + 1);
}

static inline void pl_lock(void) { pthread_mutex_lock(&pl_state.mutex); }
static inline void pl_unlock(void) { pthread_mutex_unlock(&pl_state.mutex); }

/// Cuts the power. The mutex is held and the power is on.
int pl_cut_locked(uint64_t seed, int mode);

/// Before a change of a watched file: makes the armed cut if it is due. 0 if the power is off afterwards. The mutex is held.
int pl_powered_for_change(void);
