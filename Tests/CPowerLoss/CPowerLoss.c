#include "CPowerLoss.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "PowerLossFile.h"

// The VFS's methods and the test's API. See PowerLossDisk.c for the model and PowerLossFile.c for the open files.

struct pl_state pl_state = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct pl_state *const state = &pl_state;

// MARK: Cut

int pl_cut_locked(uint64_t seed, int mode) {
    state->is_cut = 1;
    state->epoch++;
    state->armed = 0;
    state->cut_result = pl_disk_cut(&state->disk, seed, mode == POWERLOSS_MODE_RANDOM, &state->stats.bytes_lost);
    return state->cut_result;
}

int pl_powered_for_change(void) {
    if (!state->is_cut && state->armed > 0 && --state->armed == 0) pl_cut_locked(state->armed_seed, state->armed_mode);
    return !state->is_cut;
}

static int is_mode(int mode) { return mode == POWERLOSS_MODE_SYNCED_ONLY || mode == POWERLOSS_MODE_RANDOM; }

// MARK: VFS

static int starts_with(const char *path, const char *prefix) {
    return prefix && strncmp(path, prefix, strlen(prefix)) == 0;
}

static int is_watched(const char *path) {
    return starts_with(path, state->prefix) || starts_with(path, state->resolved_prefix);
}

// Not the VFS's xAccess, which takes an empty file for none.
static int exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

static int open_watched(const char *path, struct pl_file *file, int flags, int *flags_out) {
    if (state->is_cut) return SQLITE_CANTOPEN;
    struct pl_inode *inode = pl_disk_find(&state->disk, path);
    int existed = exists(path);
    if (inode && !existed) {
        // Removed behind the shim's back.
        pl_disk_deleted(&state->disk, path, 1, NULL);
        inode = NULL;
    }
    sqlite3_file *real = pl_real(&file->base);
    int rc = state->unix_vfs->xOpen(state->unix_vfs, path, real, flags, flags_out);
    if (rc != SQLITE_OK) return rc;
    if (!inode) {
        inode = pl_disk_add(&state->disk, path);
        if (!inode) {
            real->pMethods->xClose(real);
            return SQLITE_NOMEM;
        }
        inode->is_new = !existed;
        state->stats.files_watched++;
    }
    if (flags & SQLITE_OPEN_MAIN_DB) inode->is_database = 1;
    inode->handles++;
    state->stats.open_handles++;
    file->inode = inode;
    file->epoch = state->epoch;
    file->base.pMethods = &pl_io_methods;
    return SQLITE_OK;
}

static int pl_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *flags_out) {
    (void)vfs;
    file->pMethods = NULL;
    pl_lock();
    int watched = path && !(flags & SQLITE_OPEN_DELETEONCLOSE) && is_watched(path);
    int rc = watched ? open_watched(path, (struct pl_file *)file, flags, flags_out) : SQLITE_OK;
    pl_unlock();
    return watched ? rc : state->unix_vfs->xOpen(state->unix_vfs, path, file, flags, flags_out);
}

static int delete_watched(const char *path, int sync_directory) {
    if (!pl_powered_for_change()) return SQLITE_IOERR_DELETE;
    int durable = sync_directory && !state->lying;
    struct pl_ghost *ghost = NULL;
    if (!durable && pl_disk_copy(&state->disk, path, &ghost) != SQLITE_OK) return SQLITE_IOERR_DELETE;
    int rc = state->unix_vfs->xDelete(state->unix_vfs, path, 0);
    if (rc == SQLITE_OK) pl_disk_deleted(&state->disk, path, durable, ghost);
    else pl_ghost_free(ghost);
    return rc;
}

static int pl_delete(sqlite3_vfs *vfs, const char *path, int sync_directory) {
    (void)vfs;
    pl_lock();
    int watched = is_watched(path);
    int rc = watched ? delete_watched(path, sync_directory) : SQLITE_OK;
    pl_unlock();
    return watched ? rc : state->unix_vfs->xDelete(state->unix_vfs, path, sync_directory);
}

static int pl_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
    (void)vfs;
    pl_lock();
    int rc = state->is_cut && is_watched(path) ? SQLITE_IOERR_ACCESS
                                               : state->unix_vfs->xAccess(state->unix_vfs, path, flags, result);
    pl_unlock();
    return rc;
}

// The rest of the VFS is the unix VFS's own. Its methods look at no field of the VFS they are given that differs in a copy.
static sqlite3_vfs powerloss_vfs;

// MARK: API

int powerloss_register(int make_default) {
    sqlite3_vfs *base = sqlite3_vfs_find("unix");
    if (!base) return SQLITE_ERROR;
    pl_lock();
    if (!state->unix_vfs) {
        state->unix_vfs = base;
        powerloss_vfs = *base;
        powerloss_vfs.pNext = NULL;
        powerloss_vfs.zName = "powerloss";
        powerloss_vfs.szOsFile = (int)sizeof(struct pl_file) + base->szOsFile;
        powerloss_vfs.xOpen = pl_open;
        powerloss_vfs.xDelete = pl_delete;
        powerloss_vfs.xAccess = pl_access;
    }
    pl_unlock();
    // Registering again only moves it in SQLite's list; the head of the list is the default.
    int rc = sqlite3_vfs_register(&powerloss_vfs, make_default != 0);
    return rc == SQLITE_OK && !make_default ? sqlite3_vfs_register(base, 1) : rc;
}

/// The prefix with the symbolic links of its existing part resolved; NULL if that cannot be done, which is no error.
static char *resolve(const char *prefix) {
    const char *slash = strrchr(prefix, '/');
    if (!slash || slash == prefix) return NULL;
    char *folder = strndup(prefix, (size_t)(slash - prefix));
    char *real = folder ? realpath(folder, NULL) : NULL;
    free(folder);
    if (!real) return NULL;
    size_t length = strlen(real), rest = strlen(slash);
    char *result = malloc(length + rest + 1);
    if (result) {
        memcpy(result, real, length);
        memcpy(result + length, slash, rest + 1);
    }
    free(real);
    return result;
}

int powerloss_watch(const char *prefix) {
    char *copy = NULL, *resolved = NULL;
    if (prefix && *prefix) {
        copy = strdup(prefix);
        if (!copy) return SQLITE_NOMEM;
        resolved = resolve(prefix);
    }
    pl_lock();
    int rc = state->is_cut ? SQLITE_MISUSE : state->stats.open_handles > 0 ? SQLITE_BUSY : SQLITE_OK;
    if (rc == SQLITE_OK) {
        pl_disk_settle(&state->disk);
        char *old = state->prefix, *old_resolved = state->resolved_prefix;
        state->prefix = copy;
        state->resolved_prefix = resolved;
        copy = old;
        resolved = old_resolved;
        memset(&state->stats, 0, sizeof state->stats);
        state->lying = 0;
        state->armed = 0;
    }
    pl_unlock();
    free(copy);
    free(resolved);
    return rc;
}

int powerloss_cut(uint64_t seed, int mode) {
    pl_lock();
    int rc = state->is_cut || !is_mode(mode) ? SQLITE_MISUSE : pl_cut_locked(seed, mode);
    pl_unlock();
    return rc;
}

int powerloss_cut_at(uint64_t operation, uint64_t seed, int mode) {
    pl_lock();
    int rc = state->is_cut || !is_mode(mode) ? SQLITE_MISUSE : SQLITE_OK;
    if (rc == SQLITE_OK) {
        state->armed = operation;
        state->armed_seed = seed;
        state->armed_mode = mode;
    }
    pl_unlock();
    return rc;
}

int powerloss_is_cut(void) {
    pl_lock();
    int result = state->is_cut;
    pl_unlock();
    return result;
}

int powerloss_reset(void) {
    pl_lock();
    int rc = SQLITE_BUSY;
    if (state->stats.open_handles == 0) {
        rc = state->cut_result == SQLITE_OK ? SQLITE_OK : SQLITE_IOERR;
        pl_disk_settle(&state->disk);
        state->is_cut = 0;
        state->cut_result = SQLITE_OK;
        state->armed = 0;
        state->lying = 0;
    }
    pl_unlock();
    return rc;
}

void powerloss_set_lying_disk(int lying) {
    pl_lock();
    state->lying = lying != 0;
    pl_unlock();
}

void powerloss_stats(struct powerloss_stats *stats) {
    pl_lock();
    *stats = state->stats;
    stats->unsynced_bytes = 0;
    for (struct pl_inode *inode = state->disk.inodes; inode; inode = inode->next)
        stats->unsynced_bytes += inode->log.new_bytes;
    pl_unlock();
}

uint64_t powerloss_sync_count(void) {
    pl_lock();
    uint64_t count = state->stats.syncs;
    pl_unlock();
    return count;
}
