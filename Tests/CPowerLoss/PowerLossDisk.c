#include "PowerLossDisk.h"

#include <stdlib.h>
#include <string.h>

// A change is written through to the real file at once, so that SQLite reads what it wrote, and its pre-image is kept here
// until a sync makes it durable or PowerLossCut.c decides what is left of it.

// MARK: Log

struct pl_change *pl_change_make(size_t old_length, size_t new_length) {
    struct pl_change *change = calloc(1, sizeof *change + old_length + new_length);
    if (change) {
        change->old_length = old_length;
        change->new_length = new_length;
    }
    return change;
}

int pl_log_append(struct pl_log *log, struct pl_change *change) {
    if (log->count == log->capacity) {
        size_t capacity = log->capacity ? log->capacity * 2 : 64;
        struct pl_change **items = realloc(log->items, capacity * sizeof *items);
        if (!items) {
            free(change);
            return SQLITE_NOMEM;
        }
        log->items = items;
        log->capacity = capacity;
    }
    log->items[log->count++] = change;
    log->new_bytes += change->new_length;
    return SQLITE_OK;
}

static void log_clear(struct pl_log *log) {
    for (size_t i = 0; i < log->count; i++) free(log->items[i]);
    free(log->items);
    memset(log, 0, sizeof *log);
}

// MARK: Names

struct pl_inode *pl_disk_find(struct pl_disk *disk, const char *path) {
    for (struct pl_inode *inode = disk->inodes; inode; inode = inode->next)
        if (!inode->is_unlinked && strcmp(inode->path, path) == 0) return inode;
    return NULL;
}

struct pl_inode *pl_disk_add(struct pl_disk *disk, const char *path) {
    struct pl_inode *inode = calloc(1, sizeof *inode);
    if (!inode) return NULL;
    inode->path = strdup(path);
    if (!inode->path) {
        free(inode);
        return NULL;
    }
    struct pl_inode **end = &disk->inodes;
    while (*end) end = &(*end)->next;
    *end = inode;
    return inode;
}

static void forget(struct pl_disk *disk, struct pl_inode *inode) {
    for (struct pl_inode **link = &disk->inodes; *link; link = &(*link)->next) {
        if (*link != inode) continue;
        *link = inode->next;
        break;
    }
    log_clear(&inode->log);
    free(inode->path);
    free(inode);
}

void pl_disk_release(struct pl_disk *disk, struct pl_inode *inode) {
    if (inode->is_unlinked && inode->handles == 0) forget(disk, inode);
}

void pl_ghost_free(struct pl_ghost *ghost) {
    if (!ghost) return;
    log_clear(&ghost->log);
    free(ghost->data);
    free(ghost->path);
    free(ghost);
}

static int same_directory(const char *a, const char *b) {
    const char *a_end = strrchr(a, '/'), *b_end = strrchr(b, '/');
    if (!a_end || !b_end) return a_end == b_end;
    return a_end - a == b_end - b && strncmp(a, b, (size_t)(a_end - a)) == 0;
}

/// Lays the ghosts of this path, or of its whole directory.
static void lay_ghosts(struct pl_disk *disk, const char *path, int whole_directory) {
    struct pl_ghost **link = &disk->ghosts;
    while (*link) {
        struct pl_ghost *ghost = *link;
        if (strcmp(ghost->path, path) == 0 || (whole_directory && same_directory(ghost->path, path))) {
            *link = ghost->next;
            pl_ghost_free(ghost);
        } else {
            link = &ghost->next;
        }
    }
}

struct pl_ghost *pl_disk_find_ghost(struct pl_disk *disk, const char *path) {
    for (struct pl_ghost *ghost = disk->ghosts; ghost; ghost = ghost->next)
        if (strcmp(ghost->path, path) == 0) return ghost;
    return NULL;
}

// MARK: Sync and delete

void pl_disk_synced(struct pl_disk *disk, struct pl_inode *inode) {
    log_clear(&inode->log);
    if (inode->is_unlinked || !inode->is_new) return;
    inode->is_new = 0;
    lay_ghosts(disk, inode->path, !inode->is_database);
}

int pl_disk_copy(struct pl_disk *disk, const char *path, struct pl_ghost **result) {
    *result = NULL;
    struct pl_inode *inode = pl_disk_find(disk, path);
    if (inode && inode->is_new) return SQLITE_OK;
    struct pl_ghost *ghost = calloc(1, sizeof *ghost);
    if (!ghost || !(ghost->path = strdup(path))) {
        pl_ghost_free(ghost);
        return SQLITE_NOMEM;
    }
    int rc = pl_load(path, &ghost->data, &ghost->length, &ghost->permissions);
    if (rc != SQLITE_OK) {
        pl_ghost_free(ghost);
        return rc == SQLITE_NOTFOUND ? SQLITE_OK : rc;
    }
    *result = ghost;
    return SQLITE_OK;
}

void pl_disk_deleted(struct pl_disk *disk, const char *path, int directory_synced, struct pl_ghost *ghost) {
    struct pl_inode *inode = pl_disk_find(disk, path);
    if (directory_synced) {
        lay_ghosts(disk, path, 1);
        pl_ghost_free(ghost);
    } else if (ghost) {
        lay_ghosts(disk, path, 0);
        if (inode) {
            ghost->log = inode->log;
            memset(&inode->log, 0, sizeof inode->log);
        }
        ghost->next = disk->ghosts;
        disk->ghosts = ghost;
    }
    if (!inode) return;
    log_clear(&inode->log);
    inode->is_unlinked = 1;
    pl_disk_release(disk, inode);
}

void pl_disk_settle(struct pl_disk *disk) {
    while (disk->ghosts) {
        struct pl_ghost *ghost = disk->ghosts;
        disk->ghosts = ghost->next;
        pl_ghost_free(ghost);
    }
    struct pl_inode *next;
    for (struct pl_inode *inode = disk->inodes; inode; inode = next) {
        next = inode->next;
        log_clear(&inode->log);
        inode->is_new = 0;
        if (inode->handles == 0) forget(disk, inode);
    }
}
