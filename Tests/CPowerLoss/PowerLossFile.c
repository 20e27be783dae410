#include "PowerLossFile.h"

#include <stdlib.h>
#include <string.h>

// The methods of a watched open file. After a cut each fails, except those that only give something back (close, unlock,
// unmap): their real counterpart must run or the process would leak locks and mappings.

static struct pl_file *shim(sqlite3_file *file) { return (struct pl_file *)file; }

static const sqlite3_io_methods *real_methods(sqlite3_file *file) { return pl_real(file)->pMethods; }

static int is_dead(sqlite3_file *file) { return shim(file)->epoch != pl_state.epoch; }

static int is_dead_now(sqlite3_file *file) {
    pl_lock();
    int dead = is_dead(file);
    pl_unlock();
    return dead;
}

/// 0 if the handle is dead, maybe because this very change was to be the last.
static int may_change(sqlite3_file *file) {
    return !is_dead(file) && pl_powered_for_change();
}

static int pl_close(sqlite3_file *file) {
    pl_lock();
    struct pl_inode *inode = shim(file)->inode;
    int rc = real_methods(file)->xClose(pl_real(file));
    inode->handles--;
    pl_state.stats.open_handles--;
    pl_disk_release(&pl_state.disk, inode);
    pl_unlock();
    return rc;
}

static int pl_read(sqlite3_file *file, void *buffer, int amount, sqlite3_int64 offset) {
    pl_lock();
    int rc = is_dead(file) ? SQLITE_IOERR : real_methods(file)->xRead(pl_real(file), buffer, amount, offset);
    pl_unlock();
    return rc;
}

/// Makes the change for a write of `data`, or with NULL for a truncate to `offset`, with the bytes it is about to destroy.
static int record(sqlite3_file *file, const void *data, size_t length, sqlite3_int64 offset) {
    struct pl_inode *inode = shim(file)->inode;
    if (inode->is_unlinked) return SQLITE_OK;
    sqlite3_int64 size = 0;
    int rc = real_methods(file)->xFileSize(pl_real(file), &size);
    if (rc != SQLITE_OK) return rc;
    sqlite3_int64 end = data ? offset + (sqlite3_int64)length : size;
    if (end > size) end = size;
    size_t old_length = end > offset ? (size_t)(end - offset) : 0;
    struct pl_change *change = pl_change_make(old_length, data ? length : 0);
    if (!change) return SQLITE_IOERR_NOMEM;
    change->is_truncate = data == NULL;
    change->offset = offset;
    change->old_size = size;
    if (data) memcpy(change->bytes + old_length, data, length);
    // xRead takes an int, and a truncate may drop more than that.
    for (size_t done = 0; rc == SQLITE_OK && done < old_length;) {
        size_t part = old_length - done < (1u << 30) ? old_length - done : (1u << 30);
        rc = real_methods(file)->xRead(pl_real(file), change->bytes + done, (int)part, offset + (sqlite3_int64)done);
        done += part;
    }
    if (rc != SQLITE_OK) {
        free(change);
        return rc;
    }
    return pl_log_append(&inode->log, change) == SQLITE_OK ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

// A write that fails half way stays in the log: it may have reached the disk or not, as any other.
static int pl_write(sqlite3_file *file, const void *data, int amount, sqlite3_int64 offset) {
    pl_lock();
    int rc = SQLITE_IOERR;
    if (may_change(file)) {
        pl_state.stats.writes++;
        rc = record(file, data, (size_t)amount, offset);
        if (rc == SQLITE_OK) rc = real_methods(file)->xWrite(pl_real(file), data, amount, offset);
    }
    pl_unlock();
    return rc;
}

static int pl_truncate(sqlite3_file *file, sqlite3_int64 size) {
    pl_lock();
    int rc = SQLITE_IOERR;
    if (may_change(file)) {
        rc = record(file, NULL, 0, size);
        if (rc == SQLITE_OK) rc = real_methods(file)->xTruncate(pl_real(file), size);
    }
    pl_unlock();
    return rc;
}

static int pl_sync(sqlite3_file *file, int flags) {
    (void)flags;
    pl_lock();
    int rc = SQLITE_IOERR;
    if (may_change(file)) {
        pl_state.stats.syncs++;
        if (!pl_state.lying) pl_disk_synced(&pl_state.disk, shim(file)->inode);
        rc = SQLITE_OK;
    }
    pl_unlock();
    return rc;
}

static int pl_file_size(sqlite3_file *file, sqlite3_int64 *size) {
    pl_lock();
    int rc = is_dead(file) ? SQLITE_IOERR : real_methods(file)->xFileSize(pl_real(file), size);
    pl_unlock();
    return rc;
}

// Locks change no file and may block (SQLITE_ENABLE_SETLK_TIMEOUT), so they run outside the mutex.

static int pl_lock_file(sqlite3_file *file, int level) {
    return is_dead_now(file) ? SQLITE_IOERR : real_methods(file)->xLock(pl_real(file), level);
}

static int pl_unlock_file(sqlite3_file *file, int level) {
    int rc = real_methods(file)->xUnlock(pl_real(file), level);
    return is_dead_now(file) ? SQLITE_IOERR : rc;
}

static int pl_check_reserved_lock(sqlite3_file *file, int *result) {
    return is_dead_now(file) ? SQLITE_IOERR : real_methods(file)->xCheckReservedLock(pl_real(file), result);
}

static int pl_file_control(sqlite3_file *file, int operation, void *argument) {
    switch (operation) {
    case SQLITE_FCNTL_MMAP_SIZE:
        return SQLITE_NOTFOUND;
    case SQLITE_FCNTL_SIZE_HINT:
    case SQLITE_FCNTL_CHUNK_SIZE:
        // Hints; followed, they would change the file's size past the log.
        return SQLITE_OK;
    default:
        break;
    }
    pl_lock();
    int rc = is_dead(file) ? SQLITE_IOERR : real_methods(file)->xFileControl(pl_real(file), operation, argument);
    pl_unlock();
    if (rc == SQLITE_OK && operation == SQLITE_FCNTL_VFSNAME)
        *(char **)argument = sqlite3_mprintf("powerloss/%z", *(char **)argument);
    return rc;
}

static int pl_sector_size(sqlite3_file *file) { return real_methods(file)->xSectorSize(pl_real(file)); }

// Nothing about atomic, ordered or appending writes: a cut keeps none of these promises.
static int pl_device_characteristics(sqlite3_file *file) {
    int kept = SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN | SQLITE_IOCAP_IMMUTABLE;
    return real_methods(file)->xDeviceCharacteristics(pl_real(file)) & kept;
}

// Inside the mutex: mapping creates the -shm file, which must not happen after a cut has removed it.
static int pl_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **address) {
    pl_lock();
    int rc = is_dead(file) ? SQLITE_IOERR : real_methods(file)->xShmMap(pl_real(file), page, size, extend, address);
    pl_unlock();
    return rc;
}

static int pl_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    if (!(flags & SQLITE_SHM_UNLOCK) && is_dead_now(file)) return SQLITE_IOERR;
    int rc = real_methods(file)->xShmLock(pl_real(file), offset, count, flags);
    return is_dead_now(file) ? SQLITE_IOERR : rc;
}

static void pl_shm_barrier(sqlite3_file *file) { real_methods(file)->xShmBarrier(pl_real(file)); }

static int pl_shm_unmap(sqlite3_file *file, int delete_file) {
    pl_lock();
    int dead = is_dead(file);
    int rc = real_methods(file)->xShmUnmap(pl_real(file), dead ? 0 : delete_file);
    pl_unlock();
    return dead ? SQLITE_IOERR : rc;
}

const sqlite3_io_methods pl_io_methods = {
    .iVersion = 2,
    .xClose = pl_close,
    .xRead = pl_read,
    .xWrite = pl_write,
    .xTruncate = pl_truncate,
    .xSync = pl_sync,
    .xFileSize = pl_file_size,
    .xLock = pl_lock_file,
    .xUnlock = pl_unlock_file,
    .xCheckReservedLock = pl_check_reserved_lock,
    .xFileControl = pl_file_control,
    .xSectorSize = pl_sector_size,
    .xDeviceCharacteristics = pl_device_characteristics,
    .xShmMap = pl_shm_map,
    .xShmLock = pl_shm_lock,
    .xShmBarrier = pl_shm_barrier,
    .xShmUnmap = pl_shm_unmap,
};
