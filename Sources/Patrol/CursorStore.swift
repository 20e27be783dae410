// Where a patrol stands in its feed, on disk, with the incidents that were open then: without them a restart would
// resume the feed and show an empty screen, because the incidents were opened before the cursor.
//
// The file is written after the events before its cursor were shown (or printed), at most every 200 ms or 256 events
// and at the end. So a crash repeats: the events after the stored cursor are shown once more. It never skips any.
// One file for each unit and daemon key; the key is in the file too, so that a copied file is not taken for another
// daemon's. Whatever is wrong with the file, the feed starts from the beginning with a warning.

import FoundationEssentials
import Glibc
public import TipModel
import TipWire

/// What the file holds.
public struct PatrolState: Hashable, Sendable {
    public var cursor: FeedCursor
    /// Open incidents as of the cursor, most urgent first.
    public var incidents: [Incident]

    public init(cursor: FeedCursor = FeedCursor(), incidents: [Incident] = []) {
        self.cursor = cursor
        self.incidents = incidents
    }
}

/// Keeps ``PatrolState`` for one unit and one daemon. Belongs to one thread.
public struct CursorStore: ~Copyable {
    /// What was found at the start.
    public enum Found: Hashable, Sendable {
        case resumed
        /// There is no file yet.
        case fresh
        /// It is no state file of this version.
        case corrupt(Damage)
        case unreadable(FileFailure)
        /// It was written for another unit or daemon.
        case other
    }

    /// What is wrong with a file that can be read.
    public enum Damage: Hashable, Sendable {
        case noStateFile
        case version(Int)
        case incident
    }

    /// Why the folder cannot be used at all.
    public enum OpenError: Error, Hashable, Sendable {
        /// Another process follows the same feed with the same folder.
        case locked(path: String)
        case folder(path: String, FileFailure)
    }

    /// Milliseconds between two saves while events come.
    public static let saveInterval: Int64 = 200
    /// Events after which a save does not wait for the interval.
    public static let saveEvents = 256
    /// Open incidents that are kept; the most urgent ones.
    public static let incidentBound = 1_000
    static let fileBound = 16 << 20
    static let version = 1

    public let found: Found
    public let restored: PatrolState
    private let folder: String
    private let name: String
    private let unit: UnitID
    private let daemonKey: String
    private let lock: Int32
    private var savedAt: Int64 = .min
    private var unsaved = 0
    private var isDirty = false

    /// Opens the store, makes the folder where it is missing, and reads what is there.
    /// - Parameters:
    ///   - daemonKey: the daemon's public key as text. A cursor counts in one daemon's journal and in no other.
    /// - Throws: only when the folder cannot be used or another process uses it; never because of the file's content.
    public init(folder: String, unit: UnitID, daemonKey: String) throws(OpenError) {
        do throws(FileFailure) {
            try DurableFile.makeFolder(folder)
        } catch {
            throw .folder(path: folder, error)
        }
        // A Z85 key has characters that a file name cannot, so the name carries a hash of it.
        let hash = witnessHash(post: PostID(unchecked: daemonKey), reporter: "")
        let name = "\(unit)-\(String(hash, radix: 16)).json"
        let lockPath = "\(folder)/\(name).lock"
        let lock = Glibc.open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .folder(path: folder, FileFailure(.lock)) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw .locked(path: folder)
        }
        self.lock = lock
        self.folder = folder
        self.name = name
        self.unit = unit
        self.daemonKey = daemonKey
        (found, restored) = Self.load("\(folder)/\(name)", unit: unit, daemonKey: daemonKey)
    }

    deinit {
        // A child that was forked and has not yet executed its program holds the descriptor too, and with it the lock.
        flock(lock, LOCK_UN)
        close(lock)
    }

    /// Notes that the consumer is through with `events` more events.
    public mutating func note(events: Int) {
        isDirty = true
        unsaved += events
    }

    /// Milliseconds until a save is due; nil while there is nothing to save.
    public func due(now: Int64) -> Int64? {
        guard isDirty else { return nil }
        if unsaved >= Self.saveEvents || savedAt == .min { return 0 }
        return max(0, Self.saveInterval - (now - savedAt))
    }

    /// Writes the state durably. After a failure it is due again after the interval.
    /// - Parameter now: milliseconds of a clock that only runs forward.
    public mutating func save(_ state: PatrolState, now: Int64) throws(FileFailure) {
        savedAt = now
        unsaved = 0
        try DurableFile.replace(folder: folder, name: name, with: encode(state))
        isDirty = false
    }

    // MARK: - The file

    private struct File: Codable {
        var version: Int
        var unit: String
        var daemon_public_key: String
        var alert: UInt64
        var main: UInt64
        /// Each one an encoded feed event in base 64: the wire's own form, so that there is one encoding of a snapshot.
        var incidents: [String]
    }

    private func encode(_ state: PatrolState) -> [UInt8] {
        let file = File(
            version: Self.version, unit: unit.rawValue, daemon_public_key: daemonKey, alert: state.cursor.alert,
            main: state.cursor.main,
            incidents: state.incidents.prefix(Self.incidentBound).map { incident in
                let event = FeedEvent(
                    sequence: max(1, incident.lastSequence), lane: Lane(level: incident.urgency.level),
                    at: incident.lastTipAt, kind: .opened, incident: incident)
                return Data(FeedCodec.encode(event)).base64EncodedString()
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Plain strings and integers: encoding them cannot fail.
        return (try? encoder.encode(file)).map { [UInt8]($0) } ?? []
    }

    private static func load(_ path: String, unit: UnitID, daemonKey: String) -> (Found, PatrolState) {
        let bytes: [UInt8]
        do throws(FileFailure) {
            guard let read = try DurableFile.read(path, bound: fileBound) else { return (.fresh, PatrolState()) }
            bytes = read
        } catch {
            return (.unreadable(error), PatrolState())
        }
        guard let file = try? JSONDecoder().decode(File.self, from: Data(bytes)) else {
            return (.corrupt(.noStateFile), PatrolState())
        }
        guard file.version == version else { return (.corrupt(.version(file.version)), PatrolState()) }
        guard file.unit == unit.rawValue, file.daemon_public_key == daemonKey else { return (.other, PatrolState()) }
        var incidents: [Incident] = []
        for text in file.incidents.prefix(incidentBound) {
            guard let data = Data(base64Encoded: text), let event = try? FeedCodec.decodeEvent([UInt8](data)) else {
                // Resuming without an open incident would hide it for good.
                return (.corrupt(.incident), PatrolState())
            }
            incidents.append(event.incident)
        }
        return (.resumed, PatrolState(cursor: FeedCursor(alert: file.alert, main: file.main), incidents: incidents))
    }
}
