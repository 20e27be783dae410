#pragma once

// "powerloss": an SQLite VFS for tests that models a loss of power. It wraps the unix VFS; what SQLite wrote to a
// watched file and did not sync may be gone after powerloss_cut().
//
// A test in order: powerloss_register(1); powerloss_watch("/tmp/x/"); open and write; powerloss_cut(seed, mode);
// close every connection; powerloss_reset(); open again and compare with what was acknowledged.
//
// Modelled: loss of unsynced writes and truncates, their reordering, a write torn between 512-byte sectors, files that
// were created or deleted but not yet made durable, the volatile -shm file, a disk that lies about sync.
// Not modelled: a sector garbled while it is written (SQLite's "power-safe overwrite" is taken as true), bit rot, changes made
// to a watched file other than through this VFS (rename, FileManager, a C fsync, a second process), extended attributes.
// Files only: what other processes or the network saw is the test's business.
//
// One process has one power supply: the state is global. Every function is thread-safe, but only one test at a time can use
// it, so keep such tests in one serialized suite. Results are SQLite codes (0 is SQLITE_OK) unless said otherwise.

#include <stdint.h>

/// Every unsynced change is gone: each file is as its last successful sync left it.
#define POWERLOSS_MODE_SYNCED_ONLY 0
/// Each unsynced change survives or not, chosen by the seed; in most files one write is torn.
#define POWERLOSS_MODE_RANDOM 1

/// Counted since the last powerloss_watch().
struct powerloss_stats {
    /// xWrite calls on watched files.
    uint64_t writes;
    /// xSync calls on watched files, also those a lying disk ignored.
    uint64_t syncs;
    /// Bytes of unsynced writes that did not survive the cuts. Truncates and deleted files add nothing.
    uint64_t bytes_lost;
    /// Watched files opened. A path opened by many handles counts once, and again after a delete or a reset. The -shm file
    /// does not count.
    uint64_t files_watched;
    /// Watched files open now, by handle. Must be 0 before powerloss_reset().
    uint64_t open_handles;
    /// Bytes written to watched files, still there, not yet synced. They are held in memory until a sync or a cut.
    uint64_t unsynced_bytes;
};

#ifdef __cplusplus
extern "C" {
#endif

/// Registers the VFS as "powerloss". With `make_default` not 0 every later open without a named VFS goes through it; with 0 the
/// unix VFS is the default (again). May be called often; it stays registered until the process ends. Files already open are
/// not touched.
int powerloss_register(int make_default);

/// Watches the files whose path starts with `prefix` (plain text: "/tmp/a" also covers "/tmp/ab"; end with a slash to mean a
/// folder). The part that exists is also compared with its symbolic links resolved, because SQLite resolves them.
/// All else, and unnamed temporary files, go straight to the unix VFS. What is on disk now counts as durable.
/// Starts anew: counters at 0, an honest disk, no armed cut. NULL or "" watches nothing.
/// SQLITE_BUSY while watched files are open, SQLITE_MISUSE between a cut and its reset.
int powerloss_watch(const char *prefix);

/// Cuts the power now, from any thread. From here on every I/O method of the open watched files fails with SQLITE_IOERR, for
/// good, and no watched file can be opened, until powerloss_reset(). A call in flight ends before the cut or fails.
/// The files on disk are rewritten to what a disk could hold:
/// - mode 0: the state at each file's last successful sync. A file never synced since it was created is gone. A file deleted
///   without a directory sync is back.
/// - mode 1: each unsynced write and truncate survives or not, and in three of four files one write (of those that span sectors)
///   keeps only its first or only its last ones. Survivors are applied in program order; as any subset may be missing, that
///   also covers writes reaching the disk in another order. Gaps read as zero. A created or a deleted file is decided likewise.
/// Both: the -shm file of each watched database is removed.
/// A file's name is taken as durable once the file itself was synced, as the unix VFS syncs the folder of a new journal; for a new
/// main database that is kinder than some file systems.
/// The same seed on the same sequence of calls gives the same files.
/// SQLITE_MISUSE for another mode or when the power is off already; SQLITE_IOERR if a file could not be rewritten.
int powerloss_cut(uint64_t seed, int mode);

/// Arms a cut just before the `operation`-th change from now (1 is the next one): a write, truncate, sync or delete of a watched
/// file. That call then fails. So a test can cut at every point of a run without a timer. 0 disarms.
/// SQLITE_MISUSE for another mode or when the power is off.
int powerloss_cut_at(uint64_t operation, uint64_t seed, int mode);

/// 1 between a cut and powerloss_reset(), else 0.
int powerloss_is_cut(void);

/// Power is back: watched files can be opened again, and the disk is honest. What is on disk now counts as durable; without a cut
/// it is as if all were synced. The prefix and the counters stay.
/// SQLITE_BUSY and no effect while watched files are open: within a process the unix VFS would share their locks and -shm with
/// the new connections. SQLITE_IOERR if the last cut could not rewrite a file, so the result proves nothing (power is on).
int powerloss_reset(void);

/// With `lying` not 0, xSync and directory syncs report success and make nothing durable. For showing that a check can fail.
/// Lasts until it is set to 0, or powerloss_watch() or powerloss_reset() succeeds.
void powerloss_set_lying_disk(int lying);

/// Fills in the counters.
void powerloss_stats(struct powerloss_stats *stats);

/// xSync calls on watched files since the last powerloss_watch(). Data-only and full syncs count alike. The real disk is never
/// asked to sync a watched file, so tests stay fast and say nothing about time.
uint64_t powerloss_sync_count(void);

#ifdef __cplusplus
}
#endif
