#pragma once

// The disk behind the shim: which changes to which files are not durable yet, and what is left of them after a cut.
// Nothing here locks; the VFS calls it under its one mutex. No function here calls SQLite except for its memory codes.

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/// One write or truncate with what it takes to undo it and to do it again. `bytes` holds the old bytes, then the new ones.
struct pl_change {
    int is_truncate;
    /// Of a write: where. Of a truncate: the new size.
    int64_t offset;
    int64_t old_size;
    size_t old_length;
    size_t new_length;
    unsigned char bytes[];
};

/// Changes since the last sync, oldest first.
struct pl_log {
    struct pl_change **items;
    size_t count;
    size_t capacity;
    uint64_t new_bytes;
};

/// A watched file as long as it has a name or an open handle.
struct pl_inode {
    struct pl_inode *next;
    char *path;
    uint64_t handles;
    int is_database;
    /// Created and not synced since: the name itself is not durable.
    int is_new;
    /// Has lost its name: its content can no longer matter.
    int is_unlinked;
    struct pl_log log;
};

/// A deleted file whose directory was not synced.
struct pl_ghost {
    struct pl_ghost *next;
    char *path;
    unsigned int permissions;
    unsigned char *data;
    size_t length;
    struct pl_log log;
};

struct pl_disk {
    struct pl_inode *inodes;
    struct pl_ghost *ghosts;
};

/// A change with room for the bytes, or NULL without memory.
struct pl_change *pl_change_make(size_t old_length, size_t new_length);

/// Takes over `change`. SQLITE_NOMEM frees it.
int pl_log_append(struct pl_log *log, struct pl_change *change);

/// The file that has this name, or NULL.
struct pl_inode *pl_disk_find(struct pl_disk *disk, const char *path);

/// The deleted file of this name that may come back, or NULL.
struct pl_ghost *pl_disk_find_ghost(struct pl_disk *disk, const char *path);

/// A new entry at the end of the list (the order decides how a seed is spent), or NULL without memory.
struct pl_inode *pl_disk_add(struct pl_disk *disk, const char *path);

/// Frees the inode if neither a name nor a handle is left.
void pl_disk_release(struct pl_disk *disk, struct pl_inode *inode);

/// The file's content and name are durable. A new journal's first sync also syncs its directory, as in the unix VFS.
void pl_disk_synced(struct pl_disk *disk, struct pl_inode *inode);

/// Before a delete that may come back: keeps a copy of the file. `*ghost` is NULL if the file's name never was durable.
int pl_disk_copy(struct pl_disk *disk, const char *path, struct pl_ghost **ghost);

/// After the delete: with a directory sync nothing of it, nor of earlier deletes in that directory, comes back. Takes over `ghost`.
void pl_disk_deleted(struct pl_disk *disk, const char *path, int directory_synced, struct pl_ghost *ghost);

void pl_ghost_free(struct pl_ghost *ghost);

/// The whole real file; the caller frees the data. SQLITE_NOTFOUND if there is none.
int pl_load(const char *path, unsigned char **data, size_t *length, unsigned int *permissions);

/// Rewrites the real files to what is left after a cut; afterwards nothing is pending. Adds to `*bytes_lost`.
int pl_disk_cut(struct pl_disk *disk, uint64_t seed, int random, uint64_t *bytes_lost);

/// Everything now on disk is durable. Inodes without a handle are forgotten.
void pl_disk_settle(struct pl_disk *disk);
