import Crypto
import FoundationEssentials
import GRDB
import Glibc
import TipModel
import TipWire

/// A photo that is on its way to the daemon.
struct WaitingPhoto: Hashable, Sendable {
    var sha256: [UInt8]
    var tip: TipID
    var size: Int
}

// Photos beside the spool: a file for each, named by its hash, and a row that tells where it stands. Written on SQLite's
// queue, so that no thread of Swift's pool waits for the disk.
//
// Bounds: ``photoBytes`` of files that wait, then a new one is refused and the tip goes without; one that no tip names
// within an hour is dropped; rows of the newest 500 that are done.
extension Spool {
    static let photoBytes = 256 << 20
    static let unnamedTime: Int64 = 3_600_000
    static let doneBound = 500

    /// Keeps a photo on the disk.
    /// - Returns: its SHA-256.
    func keepPhoto(_ bytes: [UInt8], at now: Timestamp) async throws(SpoolError) -> [UInt8] {
        guard bytes.count <= WireLimits.photoBytes else {
            throw SpoolError(.photoTooLarge, "a photo may have at most \(WireLimits.photoBytes) bytes, this one has \(bytes.count)")
        }
        guard PhotoType(bytes) != nil else { throw SpoolError(.photoType, "a photo must be JPEG or PNG") }
        let hash = [UInt8](SHA256.hash(data: bytes))
        let folder = photoFolder
        try await transactionAsync { db, _ in
            try Self.dropUnnamed(db, folder, before: now.advanced(byMilliseconds: -Self.unnamedTime))
            let state = try String.fetchOne(db, sql: "SELECT state FROM photo WHERE sha256 = ?", arguments: [hash.data])
            guard state != "unnamed", state != "waiting" else { return }
            let held = try Int.fetchOne(
                db, sql: "SELECT COALESCE(SUM(size), 0) FROM photo WHERE state IN ('unnamed', 'waiting')") ?? 0
            guard held + bytes.count <= Self.photoBytes else {
                throw SpoolError(.photoStoreFull, "no room for another photo: \(held) bytes wait for the daemon; report without one")
            }
            try folder.write(bytes, name: hexadecimal(hash))
            try db.execute(
                sql: "INSERT OR REPLACE INTO photo (sha256, tip, size, state, at) VALUES (?, NULL, ?, 'unnamed', ?)",
                arguments: [hash.data, bytes.count, now.milliseconds])
        }
        return hash
    }

    private static func dropUnnamed(_ db: Database, _ folder: PhotoFolder, before limit: Timestamp) throws {
        let gone = try Data.fetchAll(
            db, sql: "DELETE FROM photo WHERE state = 'unnamed' AND at < ? RETURNING sha256", arguments: [limit.milliseconds])
        for hash in gone { folder.remove(hexadecimal(hash)) }
    }

    /// Ties photos to the tip that names them. One that was sent for another tip is at the daemon already.
    static func claim(_ hashes: [[UInt8]], for tip: TipID, _ db: Database) throws {
        let unnamed = try hashes.filter { hash in
            guard let state = try String.fetchOne(db, sql: "SELECT state FROM photo WHERE sha256 = ?", arguments: [hash.data]) else {
                throw SpoolError(.photoUnknown, "photo \(hexadecimal(hash)) is not kept here; send it again")
            }
            return state == "unnamed"
        }
        for hash in unnamed {
            try db.execute(
                sql: "UPDATE photo SET state = 'waiting', tip = ? WHERE sha256 = ?", arguments: [tip.data, hash.data])
        }
    }

    /// The oldest photo whose tip the daemon has.
    func nextPhoto() throws(SpoolError) -> WaitingPhoto? {
        try read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT sha256, tip, size FROM photo WHERE state = 'waiting'
                    AND tip NOT IN (SELECT id FROM tip) AND tip NOT IN (SELECT id FROM dead_letter) ORDER BY at LIMIT 1
                    """
            ).flatMap { row in
                TipID(bytes: row["tip"] as Data).map {
                    WaitingPhoto(sha256: [UInt8](row["sha256"] as Data), tip: $0, size: row["size"])
                }
            }
        }
    }

    /// A part of a photo's file; nil where the file is gone or damaged.
    func photoPart(_ photo: WaitingPhoto, offset: Int) -> [UInt8]? {
        photoFolder.read(hexadecimal(photo.sha256), offset: offset, count: min(WireLimits.photoPartBytes, photo.size - offset))
    }

    /// Notes that a photo is done: at the daemon, or refused for good.
    func finishPhoto(_ photo: WaitingPhoto, refusal: String?) throws(SpoolError) {
        let folder = photoFolder
        try transaction { db, _ in
            try db.execute(
                sql: "UPDATE photo SET state = ?, message = ? WHERE sha256 = ?",
                arguments: [refusal == nil ? "sent" : "refused", refusal ?? "", photo.sha256.data])
            try db.execute(
                sql: """
                    DELETE FROM photo WHERE state IN ('sent', 'refused') AND sha256 NOT IN
                    (SELECT sha256 FROM photo WHERE state IN ('sent', 'refused') ORDER BY at DESC LIMIT ?)
                    """, arguments: [Self.doneBound])
            folder.remove(hexadecimal(photo.sha256))
        }
    }
}

/// What a photo is, by its first bytes.
enum PhotoType: Hashable, Sendable {
    case jpeg, png

    init?(_ bytes: [UInt8]) {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else {
            return nil
        }
    }
}

/// The folder of the photos' files.
struct PhotoFolder: Sendable {
    let path: String

    /// Writes a file durably: whole under its name, or not at all.
    func write(_ bytes: [UInt8], name: String) throws(SpoolError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw Self.failure("cannot make the folder \(path)") }
        let (partial, file) = (path + "/" + name + ".part", path + "/" + name)
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("cannot make \(partial)") }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("cannot write \(partial)") }
            written += count
        }
        guard fsync(descriptor) == 0, rename(partial, file) == 0 else { throw Self.failure("cannot keep \(file)") }
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Self.failure("cannot open \(path)") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw Self.failure("cannot sync \(path)") }
    }

    /// Exactly `count` bytes, or nil.
    func read(_ name: String, offset: Int, count: Int) -> [UInt8]? {
        guard count >= 0, offset >= 0 else { return nil }
        let descriptor = open(path + "/" + name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        let found = pread(descriptor, &bytes, count, off_t(offset))
        return found == count ? bytes : nil
    }

    func remove(_ name: String) { unlink(path + "/" + name) }

    private static func failure(_ what: String) -> SpoolError {
        let code = errno
        return SpoolError(code == ENOSPC ? .diskFull : .failed, "\(what): \(String(cString: strerror(code)))")
    }
}
