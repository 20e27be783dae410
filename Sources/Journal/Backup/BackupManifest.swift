internal import FoundationEssentials

/// What a backup holds: `manifest.json`, written last. A folder without one is no backup.
public struct BackupManifest: Codable, Hashable, Sendable {
    public struct File: Codable, Hashable, Sendable {
        /// Below the backup's folder, as in the data directory.
        public var path: String
        public var bytes: Int
        public var sha256: String
    }

    static let fileName = "manifest.json"
    /// A manifest of 16 million photos; more is no manifest of ours.
    private static let bound = 4 << 30

    /// Of the manifest itself.
    public var version = 1
    /// Milliseconds since 1970, by the clock of who made it.
    public var createdAtMs: Int64
    /// The newest record of the journal. Everything acknowledged before the backup began is at or before it.
    public var sequence: UInt64
    /// The journal first.
    public var files: [File]
    /// Photos of the data directory whose content is not what their name says; they are left out.
    public var damagedPhotos: [String]

    enum CodingKeys: String, CodingKey {
        case version, sequence, files
        case createdAtMs = "created_at_ms"
        case damagedPhotos = "damaged_photos"
    }

    /// Bytes of all files.
    public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

    func write(to folder: String) throws(JournalError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { throw JournalError(.misuse, "the manifest cannot be encoded") }
        try FileWork.write([UInt8](data), to: folder + "/" + Self.fileName)
    }

    /// Reads a backup's manifest and checks that it names nothing outside of the backup.
    /// - Throws: ``JournalError`` `inputOutput` where there is none, `corrupt` for one that is not ours, `newerSchema`.
    public static func read(_ folder: String) throws(JournalError) -> BackupManifest {
        let path = folder + "/" + fileName
        guard let size = FileWork.size(path) else {
            throw JournalError(.inputOutput, "\(folder) is no backup: it has no \(fileName)")
        }
        guard size <= bound, let data = FileManager.default.contents(atPath: path),
            let manifest = try? JSONDecoder().decode(BackupManifest.self, from: data)
        else { throw JournalError(.corrupt, "\(path) cannot be read; take another backup") }
        guard manifest.version <= 1 else {
            throw JournalError(.newerSchema, "\(path) has version \(manifest.version), this program knows 1: upgrade it")
        }
        for file in manifest.files where !isName(file.path) {
            throw JournalError(.corrupt, "\(path) names a file that no backup has: \(String(file.path.prefix(80)))")
        }
        guard manifest.files.first?.path == SQLiteJournal.fileName, Set(manifest.files.map(\.path)).count == manifest.files.count else {
            throw JournalError(.corrupt, "\(path) does not begin with the journal, or names a file twice")
        }
        return manifest
    }

    static let accounts = "accounts.sqlite"
    static let key = "daemon.key"
    static let photos = "attachments"

    /// The names that a backup may have: it comes from a disk that others may have written to.
    private static func isName(_ path: String) -> Bool {
        if [SQLiteJournal.fileName, accounts, key].contains(path) { return true }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0] == photos && isPhoto(String(parts[2])) && parts[1] == parts[2].prefix(2)
    }

    /// A photo's name is its SHA-256.
    static func isPhoto(_ name: String) -> Bool {
        name.utf8.count == 64 && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
