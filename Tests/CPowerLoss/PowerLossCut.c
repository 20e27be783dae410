#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "PowerLossDisk.h"

// A cut loads each file with pending changes, undoes them from the newest to the oldest, which gives the synced state, and
// then does the surviving ones again.

enum { sector_size = 512 };

// MARK: Real files

int pl_load(const char *path, unsigned char **data, size_t *length, unsigned int *permissions) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? SQLITE_NOTFOUND : SQLITE_IOERR;
    struct stat info;
    int rc = fstat(fd, &info) == 0 ? SQLITE_OK : SQLITE_IOERR;
    size_t size = rc == SQLITE_OK ? (size_t)info.st_size : 0, done = 0;
    unsigned char *bytes = malloc(size ? size : 1);
    if (!bytes) rc = SQLITE_NOMEM;
    while (rc == SQLITE_OK && done < size) {
        ssize_t n = pread(fd, bytes + done, size - done, (off_t)done);
        if (n > 0) done += (size_t)n;
        else if (n == 0) size = done;
        else if (errno != EINTR) rc = SQLITE_IOERR;
    }
    close(fd);
    if (rc != SQLITE_OK) {
        free(bytes);
        return rc;
    }
    *data = bytes;
    *length = size;
    *permissions = (unsigned int)info.st_mode & 0777;
    return SQLITE_OK;
}

static int store(const char *path, const unsigned char *data, size_t length, unsigned int permissions) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, permissions);
    if (fd < 0) return SQLITE_IOERR;
    int rc = ftruncate(fd, (off_t)length) == 0 ? SQLITE_OK : SQLITE_IOERR;
    for (size_t done = 0; rc == SQLITE_OK && done < length;) {
        ssize_t n = pwrite(fd, data + done, length - done, (off_t)done);
        if (n >= 0) done += (size_t)n;
        else if (errno != EINTR) rc = SQLITE_IOERR;
    }
    if (close(fd) != 0) rc = SQLITE_IOERR;
    return rc;
}

static int discard(const char *path) {
    return unlink(path) == 0 || errno == ENOENT ? SQLITE_OK : SQLITE_IOERR;
}

// MARK: Cut

/// SplitMix64.
static uint64_t draw(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/// Below `bound`, which is not 0. The bias does not matter here.
static uint64_t draw_below(uint64_t *state, uint64_t bound) {
    return draw(state) % bound;
}

struct image {
    unsigned char *data;
    size_t length;
};

static int resize(struct image *image, size_t length) {
    if (length > image->length) {
        unsigned char *data = realloc(image->data, length);
        if (!data) return SQLITE_NOMEM;
        memset(data + image->length, 0, length - image->length);
        image->data = data;
    }
    image->length = length;
    return SQLITE_OK;
}

static int undo(struct image *image, const struct pl_log *log) {
    for (size_t i = log->count; i-- > 0;) {
        const struct pl_change *change = log->items[i];
        if (resize(image, (size_t)change->old_size) != SQLITE_OK) return SQLITE_NOMEM;
        if (change->old_length > 0) memcpy(image->data + change->offset, change->bytes, change->old_length);
    }
    return SQLITE_OK;
}

/// Does the bytes `from` to `to` of a write again.
static int redo_write(struct image *image, const struct pl_change *change, size_t from, size_t to) {
    if (from >= to) return SQLITE_OK;
    size_t start = (size_t)change->offset;
    if (start + to > image->length && resize(image, start + to) != SQLITE_OK) return SQLITE_NOMEM;
    memcpy(image->data + start + from, change->bytes + change->old_length + from, to - from);
    return SQLITE_OK;
}

/// Sector boundaries strictly inside the write, counted from the start of the file as a disk does.
static size_t inner_boundaries(const struct pl_change *change) {
    if (change->is_truncate || change->new_length == 0) return 0;
    uint64_t first = (uint64_t)change->offset / sector_size;
    uint64_t last = ((uint64_t)change->offset + change->new_length - 1) / sector_size;
    return (size_t)(last - first);
}

/// Does again what the seed lets survive; the rest adds to `*lost`.
static int redo_some(struct image *image, const struct pl_log *log, uint64_t *random, uint64_t *lost) {
    size_t candidates = 0, torn = SIZE_MAX;
    for (size_t i = 0; i < log->count; i++)
        if (inner_boundaries(log->items[i]) > 0 && draw_below(random, ++candidates) == 0) torn = i;
    // Not always, or a lone write could neither survive whole nor vanish whole.
    if (draw_below(random, 4) == 0) torn = SIZE_MAX;
    // A rate for each file, so that "nearly all" and "nearly none" are as likely as half and half.
    uint64_t eighths = draw_below(random, 9);
    for (size_t i = 0; i < log->count; i++) {
        const struct pl_change *change = log->items[i];
        int survives = draw_below(random, 8) < eighths;
        int rc = SQLITE_OK;
        if (i == torn) {
            uint64_t sector = (uint64_t)change->offset / sector_size + 1 + draw_below(random, inner_boundaries(change));
            size_t split = (size_t)(sector * sector_size - (uint64_t)change->offset);
            int first_part = draw_below(random, 2) == 0;
            rc = first_part ? redo_write(image, change, 0, split) : redo_write(image, change, split, change->new_length);
            *lost += first_part ? change->new_length - split : split;
        } else if (!survives) {
            *lost += change->new_length;
        } else if (change->is_truncate) {
            rc = resize(image, (size_t)change->offset);
        } else {
            rc = redo_write(image, change, 0, change->new_length);
        }
        if (rc != SQLITE_OK) return rc;
    }
    return SQLITE_OK;
}

/// `random` is NULL if only the synced state is wanted.
static int rewind_image(struct image *image, const struct pl_log *log, uint64_t *random, uint64_t *lost) {
    int rc = undo(image, log);
    if (rc != SQLITE_OK) return rc;
    if (random) return redo_some(image, log, random, lost);
    *lost += log->new_bytes;
    return SQLITE_OK;
}

static int cut_file(const struct pl_inode *inode, uint64_t *random, uint64_t *lost) {
    if (inode->is_new && (!random || draw_below(random, 2) == 0)) {
        *lost += inode->log.new_bytes;
        return discard(inode->path);
    }
    if (inode->log.count == 0) return SQLITE_OK;
    struct image image = {0};
    unsigned int permissions = 0;
    int rc = pl_load(inode->path, &image.data, &image.length, &permissions);
    // Removed behind the shim's back: that is not ours to bring back.
    if (rc == SQLITE_NOTFOUND) return SQLITE_OK;
    if (rc == SQLITE_OK) rc = rewind_image(&image, &inode->log, random, lost);
    if (rc == SQLITE_OK) rc = store(inode->path, image.data, image.length, permissions);
    free(image.data);
    return rc;
}

/// Brings a deleted file back, in place of a new one of that name.
static int cut_ghost(struct pl_ghost *ghost, uint64_t *random) {
    struct image image = {ghost->data, ghost->length};
    uint64_t lost = 0;
    int rc = rewind_image(&image, &ghost->log, random, &lost);
    ghost->data = image.data;
    ghost->length = image.length;
    if (rc == SQLITE_OK) rc = discard(ghost->path);
    return rc == SQLITE_OK ? store(ghost->path, image.data, image.length, ghost->permissions) : rc;
}

static int remove_shared_memory(const char *database) {
    size_t length = strlen(database);
    char *path = malloc(length + sizeof "-shm");
    if (!path) return SQLITE_NOMEM;
    memcpy(path, database, length);
    memcpy(path + length, "-shm", sizeof "-shm");
    int rc = discard(path);
    free(path);
    return rc;
}

int pl_disk_cut(struct pl_disk *disk, uint64_t seed, int random, uint64_t *bytes_lost) {
    uint64_t state = seed;
    uint64_t *source = random ? &state : NULL;
    int result = SQLITE_OK;
    for (struct pl_inode *inode = disk->inodes; inode; inode = inode->next) {
        if (inode->is_unlinked) continue;
        struct pl_ghost *ghost = pl_disk_find_ghost(disk, inode->path);
        int rc;
        if (ghost && (!random || draw_below(source, 2) == 0)) {
            *bytes_lost += inode->log.new_bytes;
            rc = cut_ghost(ghost, source);
        } else {
            rc = cut_file(inode, source, bytes_lost);
        }
        if (rc != SQLITE_OK) result = rc;
        if (inode->is_database && (rc = remove_shared_memory(inode->path)) != SQLITE_OK) result = rc;
    }
    for (struct pl_ghost *ghost = disk->ghosts; ghost; ghost = ghost->next) {
        if (pl_disk_find(disk, ghost->path)) continue;
        int rc = !random || draw_below(source, 2) == 0 ? cut_ghost(ghost, source) : SQLITE_OK;
        if (rc != SQLITE_OK) result = rc;
    }
    pl_disk_settle(disk);
    return result;
}
