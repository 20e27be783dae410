internal import Glibc
public import TipModel

/// Copies a data directory, also of a daemon that runs: the journal, then the accounts, the daemon's key and the photos.
///
/// The journal is one moment of it, taken first; so accounts and photos are at least as new, and every photo that a record
/// names and that had come is there. The copy is checked as a whole before it gets its name: a folder named `watchpost-…` is
/// a complete backup, after a power cut too. It is as secret as the data directory.
public enum Backup {
    /// What it is at, for a person who waits.
    public enum Step: String, Sendable {
        case journal, check, verify, accounts, photos
    }

    public struct Report: Sendable {
        /// The new backup's folder.
        public var folder: String
        public var manifest: BackupManifest
        /// Older backups that were removed.
        public var removed: [String] = []
        /// Why the older ones could not all be removed; the new one is complete.
        public var leftBehind: JournalError?
    }

    static let prefix = "watchpost-"
    private static let partial = ".partial-"

    /// - Parameters:
    ///   - folder: where backups are kept; made when missing.
    ///   - stamp: the time, as the new one's name has it, such as `20260301T020000Z`.
    ///   - keep: how many stay; nil for all. The new one always does.
    ///   - progress: a step with how much of it is done, of how much.
    public static func take(
        of dataDirectory: String, into folder: String, stamp: String, now: Timestamp, keep: Int? = nil,
        progress: (Step, UInt64, UInt64) -> Void = { _, _, _ in }
    ) throws(JournalError) -> Report {
        guard FileWork.size(dataDirectory + "/" + SQLiteJournal.fileName) != nil else {
            throw JournalError(.inputOutput, "\(dataDirectory) has no \(SQLiteJournal.fileName)")
        }
        try FileWork.makeFolder(folder)
        let turn = try FolderTurn(folder)
        defer { turn.end() }
        // What one that was killed left behind.
        for name in FileWork.names(folder) where name.hasPrefix(partial) { try FileWork.remove(folder + "/" + name) }
        let name = freeName(prefix + stamp, in: folder)
        let work = folder + "/" + partial + name
        try FileWork.makeFolder(work)
        var report: Report
        do throws(JournalError) {
            let manifest = try fill(work, from: dataDirectory, previous: backups(in: folder).last.map { folder + "/" + $0 }, now, progress)
            try FileWork.move(work, to: folder + "/" + name)
            try FileWork.sync(folder)
            report = Report(folder: folder + "/" + name, manifest: manifest)
        } catch {
            try? FileWork.remove(work)
            throw error
        }
        do throws(JournalError) { report.removed = try prune(folder, keep: keep, new: name) } catch { report.leftBehind = error }
        return report
    }

    /// Complete backups in a folder, by name, which is by time.
    public static func backups(in folder: String) -> [String] {
        FileWork.names(folder).filter { $0.hasPrefix(prefix) && FileWork.size("\(folder)/\($0)/\(BackupManifest.fileName)") != nil }
    }

    private static func freeName(_ wanted: String, in folder: String) -> String {
        var (name, number) = (wanted, 1)
        while FileWork.exists(folder + "/" + name) {
            number += 1
            name = "\(wanted)-\(number)"
        }
        return name
    }

    private static func fill(
        _ work: String, from data: String, previous: String?, _ now: Timestamp, _ progress: (Step, UInt64, UInt64) -> Void
    ) throws(JournalError) -> BackupManifest {
        var files: [BackupManifest.File] = []
        func add(_ name: String) throws(JournalError) {
            try FileWork.sync(work + "/" + name)
            let digest = try FileWork.digest(work + "/" + name)
            files.append(.init(path: name, bytes: digest.bytes, sha256: digest.sha256))
        }
        progress(.journal, 0, 1)
        let journal = work + "/" + SQLiteJournal.fileName
        try DatabaseCopy.copy(data + "/" + SQLiteJournal.fileName, to: journal)
        progress(.check, 0, 1)
        let sequence = try checkJournal(journal) { progress(.verify, $0, $1) }
        try add(SQLiteJournal.fileName)
        progress(.accounts, 0, 1)
        if FileWork.size(data + "/" + BackupManifest.accounts) != nil {
            try DatabaseCopy.copy(data + "/" + BackupManifest.accounts, to: work + "/" + BackupManifest.accounts)
            try DatabaseCopy.check(work + "/" + BackupManifest.accounts)
            try add(BackupManifest.accounts)
        }
        if FileWork.size(data + "/" + BackupManifest.key) != nil {
            try FileWork.copy(data + "/" + BackupManifest.key, to: work + "/" + BackupManifest.key)
            try add(BackupManifest.key)
        }
        for file in files { chmod(work + "/" + file.path, 0o600) }
        let photos = try copyPhotos(work, from: data, previous: previous) { progress(.photos, $0, $1) }
        let manifest = BackupManifest(
            createdAtMs: now.milliseconds, sequence: sequence, files: files + photos.files, damagedPhotos: photos.damaged)
        try manifest.write(to: work)
        try FileWork.sync(work)
        return manifest
    }

    /// SQLite's check and the chain of checksums.
    /// - Returns: the newest record.
    static func checkJournal(
        _ path: String, _ progress: (SequenceNumber, SequenceNumber) -> Void
    ) throws(JournalError) -> SequenceNumber {
        let reader = try SQLiteJournalReader(path: path)
        defer { reader.close() }
        try DatabaseCopy.check(path)
        let found = try reader.verify {
            progress($0, $1)
            return true
        }
        switch found {
        case .sound, .stopped: return try reader.lastSequence()
        case .damaged(let sequence, let reason):
            throw JournalError(.corrupt, "\(path): record \(sequence) is damaged (\(reason))")
        }
    }

    /// Photos never change, so one that the last backup has is linked to it and takes no room again; it is read and checked
    /// all the same.
    private static func copyPhotos(
        _ work: String, from data: String, previous: String?, _ progress: (UInt64, UInt64) -> Void
    ) throws(JournalError) -> (files: [BackupManifest.File], damaged: [String]) {
        let root = data + "/" + BackupManifest.photos
        let paths = FileWork.names(root).filter { $0.utf8.count == 2 }.flatMap { folder in
            FileWork.names("\(root)/\(folder)").filter { BackupManifest.isPhoto($0) && $0.hasPrefix(folder) }.map { "\(folder)/\($0)" }
        }
        var (files, damaged, folders): ([BackupManifest.File], [String], Set<String>) = ([], [], [])
        for (index, path) in paths.enumerated() {
            if index % 64 == 0 { progress(UInt64(index), UInt64(paths.count)) }
            let (name, target) = (String(path.dropFirst(3)), "\(work)/\(BackupManifest.photos)/\(path)")
            let folder = "\(work)/\(BackupManifest.photos)/\(path.prefix(2))"
            try FileWork.makeFolder(folder)
            folders.insert(folder)
            var digest: FileWork.Digest?
            if let previous, link("\(previous)/\(BackupManifest.photos)/\(path)", target) == 0 {
                digest = try FileWork.digest(target)
                // The last backup's went bad: this one's is made anew.
                if digest?.sha256 != name { unlink(target) }
            }
            if digest?.sha256 != name { digest = try FileWork.copy("\(root)/\(path)", to: target) }
            if let digest, digest.sha256 == name {
                files.append(.init(path: "\(BackupManifest.photos)/\(path)", bytes: digest.bytes, sha256: name))
            } else {
                unlink(target)
                damaged.append(name)
            }
        }
        for folder in folders.sorted() { try FileWork.sync(folder) }
        if !folders.isEmpty { try FileWork.sync("\(work)/\(BackupManifest.photos)") }
        return (files, damaged)
    }

    /// Removes the oldest. The manifest goes first, so that one that is half removed is no backup any more.
    private static func prune(_ folder: String, keep: Int?, new: String) throws(JournalError) -> [String] {
        guard let keep else { return [] }
        let others = backups(in: folder).filter { $0 != new }
        let removed = Array(others.dropLast(max(0, keep - 1)))
        for name in removed {
            try FileWork.remove("\(folder)/\(name)/\(BackupManifest.fileName)")
            try FileWork.remove("\(folder)/\(name)")
        }
        return removed
    }
}

/// One backup at a time in a folder: an flock on the folder itself.
private struct FolderTurn {
    private let descriptor: Int32

    init(_ folder: String) throws(JournalError) {
        descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileWork.failure("cannot open", folder) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw JournalError(.locked, "another backup into \(folder) is under way")
        }
    }

    func end() { close(descriptor) }
}
