internal import Glibc
internal import TipModel

/// Puts a backup into a data directory. Nothing there is overwritten: what was in its place is moved aside.
public enum Restore {
    public struct Report: Sendable {
        public var manifest: BackupManifest
        /// Where what was there before is now; nil where nothing was.
        public var replaced: String?
    }

    /// In a data directory while a restore puts files into place. A daemon does not start there: it would find no journal and
    /// begin a new one.
    static let marker = "restore-unfinished"
    private static let stage = ".restore"

    /// - Parameters:
    ///   - force: also into a directory that holds something.
    ///   - stamp: names the folder of what was there, `replaced-<stamp>`.
    /// - Throws: ``JournalError``: `locked` where a daemon runs, `corrupt` where the backup is damaged, `misuse` where the
    ///   directory is not empty.
    public static func put(
        _ backup: String, into directory: String, force: Bool = false, stamp: String,
        progress: (Backup.Step, UInt64, UInt64) -> Void = { _, _, _ in }
    ) throws(JournalError) -> Report {
        let manifest = try verify(backup, progress)
        try FileWork.makeFolder(directory)
        let lock = try DirectoryLock(directory: directory)
        defer { lock.release() }
        let present = FileWork.names(directory).filter { $0 != "lock" }
        guard force || present.isEmpty || present.contains(marker) else {
            throw JournalError(
                .misuse,
                "\(directory) is not empty (\(present.prefix(3).joined(separator: ", "))); name another one, or have it moved aside with --force")
        }
        let staged = directory + "/" + stage
        try FileWork.remove(staged)
        do throws(JournalError) {
            try copy(manifest, from: backup, to: staged)
        } catch {
            try? FileWork.remove(staged)
            throw error
        }
        try FileWork.write(Array("watchpost restore \(backup)\n".utf8), to: directory + "/" + marker)
        try FileWork.sync(directory)
        let replaced = try moveAside(manifest, in: directory, stamp: stamp)
        try place(manifest, staged, directory)
        try FileWork.remove(staged)
        give(manifest, in: directory)
        try FileWork.remove(directory + "/" + marker)
        try FileWork.sync(directory)
        return Report(manifest: manifest, replaced: replaced)
    }

    /// Reads the whole backup: each file's hash, SQLite's checks, the journal's chain.
    public static func verify(
        _ backup: String, _ progress: (Backup.Step, UInt64, UInt64) -> Void = { _, _, _ in }
    ) throws(JournalError) -> BackupManifest {
        let manifest = try BackupManifest.read(backup)
        for (index, file) in manifest.files.enumerated() {
            progress(.check, UInt64(index), UInt64(manifest.files.count))
            try check(file, is: try FileWork.digest(backup + "/" + file.path), in: backup)
        }
        let sequence = try Backup.checkJournal(backup + "/" + SQLiteJournal.fileName) { progress(.verify, $0, $1) }
        guard sequence == manifest.sequence else {
            throw JournalError(.corrupt, "\(backup): the journal ends at \(sequence), its manifest says \(manifest.sequence)")
        }
        if manifest.files.contains(where: { $0.path == BackupManifest.accounts }) {
            try DatabaseCopy.check(backup + "/" + BackupManifest.accounts)
        }
        return manifest
    }

    private static func check(_ file: BackupManifest.File, is digest: FileWork.Digest, in backup: String) throws(JournalError) {
        guard digest == FileWork.Digest(bytes: file.bytes, sha256: file.sha256) else {
            throw JournalError(.corrupt, "\(backup)/\(file.path) is not what the manifest says; take another backup")
        }
    }

    private static func copy(_ manifest: BackupManifest, from backup: String, to staged: String) throws(JournalError) {
        try FileWork.makeFolder(staged)
        for file in manifest.files {
            if let slash = file.path.lastIndex(of: "/") { try FileWork.makeFolder(staged + "/" + file.path[..<slash]) }
            try check(file, is: try FileWork.copy(backup + "/" + file.path, to: staged + "/" + file.path), in: backup)
        }
    }

    /// Databases go with their write-ahead logs: beside another database those would be played into it. Photos stay, since
    /// none differs from another one of its name.
    private static func moveAside(
        _ manifest: BackupManifest, in directory: String, stamp: String
    ) throws(JournalError) -> String? {
        var names: [String] = []
        for database in [SQLiteJournal.fileName, BackupManifest.accounts] {
            names += [database, database + "-wal", database + "-shm", database + "-journal"]
        }
        if manifest.files.contains(where: { $0.path == BackupManifest.key }) { names.append(BackupManifest.key) }
        names = names.filter { FileWork.exists(directory + "/" + $0) }
        guard !names.isEmpty else { return nil }
        var (folder, number) = (directory + "/replaced-" + stamp, 1)
        while FileWork.exists(folder) {
            number += 1
            folder = "\(directory)/replaced-\(stamp)-\(number)"
        }
        try FileWork.makeFolder(folder)
        if geteuid() == 0, let owner = FileWork.owner(directory) { lchown(folder, owner.user, owner.group) }
        for name in names { try FileWork.move(directory + "/" + name, to: folder + "/" + name) }
        try FileWork.sync(folder)
        try FileWork.sync(directory)
        return folder
    }

    /// The journal last.
    private static func place(_ manifest: BackupManifest, _ staged: String, _ directory: String) throws(JournalError) {
        var folders: Set<String> = []
        for file in manifest.files.reversed() {
            if let slash = file.path.lastIndex(of: "/") {
                let folder = directory + "/" + file.path[..<slash]
                try FileWork.makeFolder(folder)
                folders.formUnion([folder, directory + "/" + BackupManifest.photos])
            }
            try FileWork.move(staged + "/" + file.path, to: directory + "/" + file.path)
        }
        for folder in folders.sorted() { try FileWork.sync(folder) }
        try FileWork.sync(directory)
    }

    /// Root restores for the daemon's own user, who has the directory.
    private static func give(_ manifest: BackupManifest, in directory: String) {
        guard geteuid() == 0, let owner = FileWork.owner(directory) else { return }
        var paths = Set(["lock"])
        for file in manifest.files {
            var path = file.path[...]
            while !path.isEmpty {
                paths.insert(String(path))
                path = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
            }
        }
        for path in paths { lchown(directory + "/" + path, owner.user, owner.group) }
    }
}
