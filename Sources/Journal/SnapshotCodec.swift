internal import Crypto
internal import FoundationEssentials
internal import SwiftProtobuf
public import TipModel
internal import WatchpostProtobuf

/// The state as bytes. Equal states give equal bytes (everything is written in order of its id), so that a replay
/// can be compared with what ran. Snapshots are outside the chain of checksums, so each begins with one of its own:
/// a flipped byte often still decodes, to another state.
public enum SnapshotCodec {
    /// One of an earlier version lacks what the fold has since: it is not used, and the journal is read from its beginning.
    static let version: UInt32 = 2

    public static func encode(_ state: StationState) -> StoredSnapshot {
        var message = Watchpost_Journal_V1_StateSnapshot()
        message.version = version
        message.sequence = state.sequence
        message.nextIncident = state.nextIncident
        message.incidents = state.incidents.values.sorted { $0.id < $1.id }.map { .init($0) }
        message.enrolments = state.enrolments.values
            .sorted { $0.principal.description < $1.principal.description }
            .map { enrolment in
                .with {
                    switch enrolment.subject {
                    case .post(let post): $0.post = .init(post)
                    case .unit(let unit): $0.unit = .init(unit)
                    }
                    $0.publicKey = Data(enrolment.publicKey)
                    $0.generation = enrolment.generation
                    $0.revoked = enrolment.isRevoked
                    if let previous = enrolment.previous {
                        $0.previousKey = Data(previous.publicKey)
                        $0.previousGeneration = previous.generation
                        $0.previousUntilMs = previous.until.milliseconds
                    }
                }
            }
        message.ledgers = state.ledgers.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
        message.cursors = state.cursors.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
        message.totals = .with {
            $0.tips = state.totals.tips
            $0.correlated = state.totals.correlated
            $0.drills = state.totals.drills
            $0.incidents = state.totals.incidents
            $0.cleared = state.totals.cleared
        }
        message.records = state.records.sorted.map { entry in
            .with {
                $0.witness = entry.witness
                $0.real = entry.counts.real
                $0.wrong = entry.counts.wrong
                $0.at = entry.at
            }
        }
        message.places = state.places.sorted.map { entry in
            .with {
                $0.place = entry.place
                $0.openedMs = entry.opened.map(\.milliseconds)
                $0.at = entry.at
            }
        }
        message.shares = state.shares.sorted.map { .init($0.post, $0.share) }
        let body: [UInt8] = (try? message.serializedBytes()) ?? []
        return StoredSnapshot(sequence: state.sequence, bytes: checksum(body[...]) + body)
    }

    private static let checksumBytes = 16

    private static func checksum(_ body: ArraySlice<UInt8>) -> [UInt8] {
        body.withUnsafeBytes { body in
            var hash = SHA256()
            hash.update(bufferPointer: body)
            return hash.finalize().withUnsafeBytes { [UInt8]($0.prefix(checksumBytes)) }
        }
    }

    /// Whether its checksum holds.
    public static func isIntact(_ snapshot: StoredSnapshot) -> Bool {
        snapshot.bytes.count >= checksumBytes
            && checksum(snapshot.bytes[checksumBytes...]) == Array(snapshot.bytes[..<checksumBytes])
    }

    /// - Throws: ``JournalError`` `corrupt` or `newerSchema`; the caller then replays from the beginning.
    public static func decode(_ snapshot: StoredSnapshot) throws(JournalError) -> StationState {
        guard isIntact(snapshot),
            let message = try? Watchpost_Journal_V1_StateSnapshot(
                serializedBytes: Array(snapshot.bytes[checksumBytes...])),
            message.sequence == snapshot.sequence
        else { throw JournalError(.corrupt, "the snapshot at \(snapshot.sequence) cannot be decoded") }
        guard message.version <= version else {
            throw JournalError(.newerSchema, "the snapshot at \(snapshot.sequence) was written by a newer version")
        }
        guard message.version == version else {
            throw JournalError(.corrupt, "the snapshot at \(snapshot.sequence) was written by an earlier version")
        }
        var enrolments: [PrincipalID: Enrolment] = [:]
        for one in message.enrolments {
            let enrolment = Enrolment(
                subject: one.hasUnit ? .unit(PatrolUnit(one.unit)) : .post(Post(one.post)),
                publicKey: [UInt8](one.publicKey), generation: one.generation, isRevoked: one.revoked,
                previous: one.previousKey.isEmpty
                    ? nil
                    : Enrolment.PreviousKey(
                        publicKey: [UInt8](one.previousKey), generation: one.previousGeneration,
                        until: Timestamp(milliseconds: one.previousUntilMs)))
            enrolments[enrolment.principal] = enrolment
        }
        return StationState(
            sequence: message.sequence, nextIncident: message.nextIncident,
            incidents: message.incidents.map { Incident($0) }, enrolments: enrolments,
            ledgers: Dictionary(
                message.ledgers.map { (PostID(unchecked: $0.post), PostLedger($0)) }, uniquingKeysWith: { $1 }),
            cursors: Dictionary(
                message.cursors.map { (UnitID(unchecked: $0.unit), FeedCursor(alert: $0.alert, main: $0.main)) },
                uniquingKeysWith: { $1 }),
            totals: Totals(
                tips: message.totals.tips, correlated: message.totals.correlated, drills: message.totals.drills,
                incidents: message.totals.incidents, cleared: message.totals.cleared),
            records: TrackRecord(
                message.records.map {
                    TrackRecord.Entry(witness: $0.witness, counts: .init(real: $0.real, wrong: $0.wrong), at: $0.at)
                }),
            places: PlaceHistory(
                message.places.map {
                    PlaceHistory.Entry(place: $0.place, opened: $0.openedMs.map { Timestamp(milliseconds: $0) }, at: $0.at)
                }),
            shares: PostShares(message.shares.map { (post: PostID(unchecked: $0.post), share: PostShares.Share($0)) }))
    }
}
