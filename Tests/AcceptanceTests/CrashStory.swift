import Administration
import Glibc
import Journal
import Patrol
import TestSupport
import Testing
import TipModel
import Workbench
import ZeroMQ

/// One daemon that is killed again and again, four posts that never rest, two patrols, and what all of them were told.
final class CrashStory {
    /// Tips that each post may make from one kill to the next: more than it takes until the kill comes, so that it finds the daemon at
    /// work.
    private static let tipsPerRound = 1_000

    private enum Kill: String, CaseIterable {
        case running, starting, stopping
    }

    private let station: Station
    private let context: Context
    private let streams: [PostStream]
    private let followers: [Follower]
    private let journal: JournalView
    private var random: SplitMix64
    /// Receipts of each stream that were found in the journal.
    private var checked: [Int]
    private var kills: [Kill: Int] = [:]
    /// Steps that a patrol was told are done.
    private var steps: [SequenceNumber: IncidentID] = [:]

    init(random: SplitMix64) async throws {
        var random = random
        // Small rings and pages, frequent snapshots: whatever has two ways goes both within a few kills.
        station = try await Station(
            """
            journal:
              snapshot_every: 1500
            feed:
              ring_events: 128
              page_events: 32
            """)
        context = try Context()
        var streams: [PostStream] = []
        for number in 1...4 {
            let bundle = try await station.enrolPost("post-\(number)", number % 2 == 1 ? east : south)
            streams.append(try PostStream(bundle, context: context, window: 48, random: SplitMix64(seed: random.next())))
        }
        self.streams = streams
        // The first keeps its client over every kill; the second one's device is switched off now and then.
        followers = [
            try Follower(await station.enrolUnit("unit-1", [east]), zones: [east], context: context),
            try Follower(await station.enrolUnit("unit-2", [east, south]), zones: [east, south], context: context),
        ]
        journal = JournalView(path: station.daemon.dataDirectory + "/" + SQLiteJournal.fileName)
        checked = streams.map { _ in 0 }
        self.random = random
    }

    // MARK: - What happens

    /// Lets it work, kills it at a random moment and starts it again on the same data and ports.
    func crash() async throws {
        let kill: Kill = random.oneIn(4) ? .starting : random.oneIn(4) ? .stopping : .running
        let daemon = station.daemon
        for stream in streams { stream.mayMake(Self.tipsPerRound) }
        try await progress(receipts: Int.random(in: 1...300, using: &random))
        await claim()
        try await pause(milliseconds: Int.random(in: 0...20, using: &random))
        switch kill {
        case .running: break
        case .stopping:
            daemon.signal(SIGTERM)
            try await pause(milliseconds: Int.random(in: 0...60, using: &random))
        case .starting:
            await daemon.kill()
            let starting = Task { _ = try? await daemon.start() }
            try await pause(milliseconds: Int.random(in: 20...400, using: &random))
            await daemon.kill()
            await starting.value
        }
        await daemon.kill()
        kills[kill, default: 0] += 1
        if random.oneIn(3) { try await followers[1].restart() }
        try await daemon.start()
    }

    /// Waits until the posts together have so many more receipts: the kill finds the daemon at work.
    private func progress(receipts: Int) async throws {
        let before = receiptCount
        let went = try await eventually(deadline: .seconds(60)) { () async throws in receiptCount >= before + receipts }
        if !went { throw WorkbenchError("no \(receipts) receipts within a minute:\n\(station.daemon.logTail())") }
    }

    /// A patrol claims what was opened last. A step that was told done must be in the journal too.
    private func claim() async {
        let patrol = followers[0].patrol
        guard let incident = patrol.seen.incidents.values.max(by: { $0.id < $1.id }), incident.holder == nil else { return }
        guard case .done(_, let sequence)? = try? await patrol.perform(PatrolCommand(.claim, incident.id)) else { return }
        if sequence > 0 { steps[sequence] = incident.id }
    }

    // MARK: - What must hold

    /// Compares what posts and patrols were told with what is in the journal.
    func check(_ moment: Comment) throws {
        // Taken before the journal is read, which then must have all of it.
        let told = zip(streams, checked).map { $0.receipts(after: $1) }
        let marks = followers.map(\.witness.mark)
        try journal.read()
        for (index, receipts) in told.enumerated() {
            for receipt in receipts {
                let stored = journal.tips[TipKey(post: streams[index].post, tip: receipt.tip)]
                let expected = JournalView.Entry(sequence: receipt.sequence, incident: receipt.incident)
                if stored != expected { Issue.record("\(moment): \(receipt) is in the journal as \(String(describing: stored))") }
            }
            checked[index] += receipts.count
        }
        for (sequence, incident) in steps { #expect(journal.phases[sequence]?.incident == incident, moment) }
        #expect(journal.faults == [], moment)
        for stream in streams { #expect(stream.faults == [], moment) }
        for (follower, mark) in zip(followers, marks) {
            #expect(follower.witness.faults(against: journal, through: mark) == [], moment)
            #expect(follower.patrol.seen.faults == [], moment)
        }
    }

    /// Lets everything come to rest, sends every tip once more, and checks the whole.
    func finish() async throws {
        for stream in streams { stream.mayMake(0) }
        try await settle("an answer to every tip")
        for stream in streams { _ = stream.sendAllAgain() }
        try await settle("a repeat of every receipt")
        let status = try await station.daemon.admin.status()
        let isWhole = try await eventually(deadline: .seconds(60)) { () async throws in
            try journal.read()
            return followers.allSatisfy { $0.witness.isComplete(journal) }
        }
        try check("at the end")
        #expect(isWhole, "fed \(followers.map(\.witness.count)), the journal has \(followers.map { journal.feedCount($0.witness.zones) })")
        // Everything that was ever sent has a receipt now, so the journal holds these and no others.
        #expect(journal.accepted == receiptCount && journal.tips.count == receiptCount)
        #expect(status.totals.tips == UInt64(receiptCount))
        #expect(try station.verify() == .sound(records: journal.last))
        #expect(await station.daemon.stop() == .code(0))
    }

    private func settle(_ what: String) async throws {
        let streams = streams
        let done = try await eventually(deadline: .seconds(120)) { () async throws in streams.allSatisfy { $0.unansweredCount == 0 } }
        try #require(done, "\(what): \(streams.map(\.unansweredCount)) are missing")
    }

    private var receiptCount: Int { streams.reduce(0) { $0 + $1.receiptCount } }

    var summary: String {
        let kinds = Kill.allCases.map { "\(kills[$0, default: 0]) while \($0.rawValue)" }.joined(separator: ", ")
        let events = followers.map { "\($0.witness.count)" }.joined(separator: " + ")
        return "\(kills.values.reduce(0, +)) kills (\(kinds)), \(receiptCount) receipts, \(streams.reduce(0) { $0 + $1.repeatCount }) repeats, "
            + "\(events) events, \(steps.count) steps"
    }

    func leave() async {
        for stream in streams { stream.stop() }
        for follower in followers { await follower.patrol.stop() }
    }
}
