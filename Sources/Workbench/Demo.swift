// The story that every design choice is judged by, played with real programs: watchpostd and agents as processes, CURVE
// over TCP, tips by `watchpost tip`, patrols with the real client. At two in the morning three posts see the same
// man; one receipt is lost and its tip sent twice; another zone has a fire; one post has no network and then no power; the
// daemon is killed; two patrols want the same incident. Whatever is expected is checked, and each check has a name.

import Administration
import FoundationEssentials
import Journal
import Patrol
import Settings
import Synchronization
import TipModel
import ZeroMQ

/// The two o'clock story.
public final class Demo: Sendable {
    public struct Options: Sendable {
        public var binaries: Binaries
        /// Everything is made below it; it is not removed.
        public var directory: String
        public var texts = DemoTexts.english

        public init(binaries: Binaries, directory: String) {
            self.binaries = binaries
            self.directory = directory
        }
    }

    /// A tip of the story.
    struct Told: Sendable {
        var post: String
        var text: String
        var seen: String
        var zone: ZoneID
        /// ULID text.
        var id: String
        var startedAt: ContinuousClock.Instant
    }

    private struct Contents {
        var summary = DemoSummary()
        var failures = 0
        var told: [Told] = []
    }

    let options: Options
    private let emit: @Sendable (DemoEvent) -> Void
    private let start = ContinuousClock.now
    private let contents = Mutex(Contents())

    /// - Parameter emit: called for each event, in order.
    public init(_ options: Options, emit: @Sendable @escaping (DemoEvent) -> Void) {
        self.options = options
        self.emit = emit
    }

    /// Plays it.
    /// - Returns: the numbers, and whether everything was as expected.
    public func run() async -> (summary: DemoSummary, passed: Bool) {
        do {
            let cast = try await Cast(options, self)
            do {
                try await play(cast)
            } catch {
                await cast.leave()
                throw error
            }
        } catch {
            say(.failed) { $0.detail = "\(error)" }
            contents.withLock { $0.failures += 1 }
        }
        return contents.withLock { ($0.summary, $0.failures == 0) }
    }

    private func play(_ cast: Cast) async throws {
        let hazard = try await reportWithoutNetwork(cast)
        let lurker = try await threePostsOneMan(cast)
        let fire = try await fireElsewhere(cast)
        let winner = try await race(cast, lurker)
        try await daemonDiesAndReturns(cast)
        try await networkReturns(cast, hazard)
        try await bringToAnEnd(cast, lurker: lurker, winner: winner, fire: fire)
        try await countUp(cast)
        try await stop(cast)
    }

    // MARK: - Saying and checking

    func say(_ kind: DemoEvent.Kind, _ fill: (inout DemoEvent) -> Void = { _ in }) {
        var event = DemoEvent(kind, at: seconds)
        fill(&event)
        emit(event)
    }

    private var seconds: Double {
        let (whole, fraction) = (ContinuousClock.now - start).components
        return Double(whole) + Double(fraction / 1_000_000_000_000_000) / 1_000
    }

    /// Says whether something is as expected; the story goes on either way.
    func check<Value: Equatable>(_ name: String, _ found: Value, is expected: Value) {
        let passed = found == expected
        if !passed { contents.withLock { $0.failures += 1 } }
        say(.check) { event in
            event.detail = name
            event.passed = passed
            if !passed {
                event.expected = "\(expected)"
                event.found = "\(found)"
            }
        }
    }

    func count(_ change: (inout DemoSummary) -> Void) { contents.withLock { change(&$0.summary) } }

    var summary: DemoSummary { contents.withLock { $0.summary } }

    func remember(_ tip: Told) {
        contents.withLock { contents in
            contents.told.append(tip)
            contents.summary.submitted += 1
        }
    }

    var told: [Told] { contents.withLock { $0.told } }
}

/// The district's local time, chosen so that it is ten past two when the demo starts: the night's points then apply
/// whenever somebody tries it.
struct DemoNight: Sendable {
    let offsetMinutes: Int

    init(now: Timestamp) {
        let minute = Int(now.milliseconds / 60_000 % 1_440)
        let ahead = ((130 - minute) % 1_440 + 1_440) % 1_440
        offsetMinutes = ahead > 720 ? ahead - 1_440 : ahead
    }

    /// `02:06`.
    func clock(_ moment: Timestamp) -> String {
        let minute = Int((moment.milliseconds / 60_000 + Int64(offsetMinutes)) % 1_440)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return two(minute / 60) + ":" + two(minute % 60)
    }
}
