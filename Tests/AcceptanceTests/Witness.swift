import Patrol
import Settings
import Synchronization
import TipModel
import TipWire
import Workbench
import ZeroMQ

/// What one unit was fed over all its connections, checked by the `previous` rule of docs/protocol.md and not by the client's
/// own bookkeeping.
final class Witness: Sendable {
    private struct Contents {
        var cursor = FeedCursor()
        var fed: [Lane: [JournalView.Fed]] = [:]
        /// How much of each lane was compared with the journal already, and how far the journal was read for that.
        var compared: [Lane: Int] = [:]
        var read: [Lane: Int] = [:]
        var faults: [String] = []
    }

    let zones: [ZoneID]
    private let contents = Mutex(Contents())

    init(zones: [ZoneID]) { self.zones = zones }

    /// To be handed to ``DirectPatrol`` as its observer.
    func take(_ batch: FeedBatch) {
        contents.withLock { contents in
            for item in batch.items {
                let (cursor, sequence) = (contents.cursor[batch.lane], item.event.sequence)
                if item.previous != cursor {
                    contents.faults.append("\(batch.lane.name): gap: \(sequence) follows \(item.previous), the cursor is \(cursor)")
                }
                if sequence <= cursor { contents.faults.append("\(batch.lane.name): \(sequence) again after \(cursor)") }
                if item.event.lane != batch.lane { contents.faults.append("\(sequence) is in the wrong lane") }
                contents.cursor[batch.lane] = sequence
                contents.fed[batch.lane, default: []].append(JournalView.Fed(item.event))
            }
        }
    }

    /// Where its next connection resumes.
    var cursor: FeedCursor { contents.withLock { $0.cursor } }

    var count: Int { contents.withLock { $0.fed.values.reduce(0) { $0 + $1.count } } }

    /// Sequences in order of arrival within each lane.
    func sequences(_ lane: Lane) -> [SequenceNumber] { contents.withLock { $0.fed[lane]?.map(\.sequence) ?? [] } }

    /// How far it has come in each lane: taken before the journal is read, which then must have all of that.
    var mark: [Lane: Int] { contents.withLock { $0.fed.mapValues(\.count) } }

    /// What is wrong: gaps, repeats, and every event up to `mark` that the journal has otherwise or not at all.
    func faults(against journal: JournalView, through mark: [Lane: Int]) -> [String] {
        contents.withLock { contents in
            for lane in Lane.allCases {
                let (stored, fed) = (journal.fed[lane] ?? [], contents.fed[lane] ?? [])
                var (index, place) = (contents.compared[lane, default: 0], contents.read[lane, default: 0])
                while index < mark[lane, default: 0] {
                    while place < stored.count, !zones.contains(stored[place].zone) { place += 1 }
                    if place >= stored.count || stored[place].event != fed[index] {
                        let found = place < stored.count ? "\(stored[place].event)" : "nothing"
                        contents.faults.append("\(lane.name) \(index): fed \(fed[index]), the journal has \(found)")
                    }
                    index += 1
                    place += 1
                }
                contents.compared[lane] = index
                contents.read[lane] = place
            }
            return Array(contents.faults.prefix(20))
        }
    }

    /// Whether it has as many events as the journal has for its zones.
    func isComplete(_ journal: JournalView) -> Bool { count == journal.feedCount(zones) }
}

/// A patrol that may be switched off and on again; what it was fed before and after is one feed to the witness.
final class Follower: Sendable {
    let witness: Witness
    private let bundle: KeyBundle
    private let context: Context
    private let current: Mutex<DirectPatrol>

    var patrol: DirectPatrol { current.withLock { $0 } }

    init(_ bundle: KeyBundle, zones: [ZoneID], context: Context) throws {
        let witness = Witness(zones: zones)
        current = Mutex(try Self.connect(bundle, context, witness))
        self.witness = witness
        self.bundle = bundle
        self.context = context
    }

    /// Connects anew and resumes where the witness is, as a device does after it was switched off.
    func restart() async throws {
        await patrol.stop()
        let next = try Self.connect(bundle, context, witness)
        current.withLock { $0 = next }
    }

    private static func connect(_ bundle: KeyBundle, _ context: Context, _ witness: Witness) throws -> DirectPatrol {
        var plan = SessionPlan()
        plan.actionDeadline = 2_000
        return try DirectPatrol(bundle, cursor: witness.cursor, plan: plan, context: context) { witness.take($0) }
    }
}
