import Administration
import Foundation
import Hummingbird
import LocalHTTP
import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Accounts
@testable import Board

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
let password = "correct horse"
let east = ZoneID(unchecked: "dongyuan")
let south = ZoneID(unchecked: "nanhu")

/// A board over a clock of the test's own and a station in memory, for what needs neither journal nor core. The real station is
/// behind the board in the tests with the built daemon.
final class BoardHarness: Sendable {
    let folder: TemporaryDirectory
    let time = ManualTime()
    let accounts: Accounts
    let live: LiveHub
    /// What "the journal" has.
    let recorded = Recorded()

    init(limits: AccountLimits = AccountLimits(), live liveLimits: LiveHub.Limits = .init(), head: SequenceNumber = 0) throws {
        folder = try TemporaryDirectory()
        accounts = try Accounts(directory: folder.path, limits: limits, time: time, rounds: 16) { _ async throws(AccountError) in }
        live = LiveHub(limits: liveLimits, head: head)
    }

    /// Something happened to an incident.
    func happen(_ sequence: SequenceNumber, incident: UInt64 = 1, zone: ZoneID = east, kind: EventKind = .opened, guests: [UnitID] = []) {
        let event = FeedEvent(
            sequence: sequence, lane: .alert, at: time.now(), kind: kind, incident: Self.incident(incident, zone: zone, sequence: sequence))
        recorded.add(event)
        live.publish([.init(sequence: sequence, event: FeedCodec.encode(event), guests: guests)])
    }

    static func incident(_ id: UInt64, zone: ZoneID = east, sequence: SequenceNumber = 1) -> Incident {
        let at = ManualTime.night
        return Incident(
            id: IncidentID(id), zone: zone, category: "fire", drill: false, openedAt: at, lastTipAt: at, position: nil, place: "3号楼",
            headline: "冒烟 & <火>", urgency: Urgency(score: 60, level: .urgent, reasons: []), posts: [], phaseSince: at, lastSequence: sequence)
    }

    var ports: BoardPorts {
        let nothing = Rejection(.notFound, "there is none")
        return BoardPorts(
            overview: { [time] _ throws(Rejection) in
                BoardOverview(
                    now: time.now(), sequence: 0, open: [], openTotal: 0, cleared: [], zones: [], posts: [], units: [],
                    waiting: WaitingRules(), categories: ["fire"], utcOffsetMinutes: 480)
            },
            list: { _, _ throws(Rejection) in ([], false) },
            dossier: { _, _ throws(Rejection) in throw nothing },
            perform: { _, _, _, _ throws(Rejection) in throw nothing },
            submit: { _, _ throws(Rejection) in throw nothing },
            reveal: { _, _, _, _ throws(Rejection) in throw nothing },
            photo: { _, _, _ throws(Rejection) in throw nothing },
            statistics: { _, _ throws(Rejection) in throw nothing },
            shift: { _, _, _ throws(Rejection) in throw nothing },
            events: { [recorded] after, through, limit throws(Rejection) in
                recorded.page(after, through, limit)
            },
            sight: { _ throws(Rejection) in [south] })
    }

    /// Serves around `body`.
    func serve(
        settings: Board.Settings = .init(), tls: TLSIdentity? = nil, limits: LocalServer.Limits = .init(),
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        var settings = settings
        settings.pace = .zero
        let board = Board(ports: ports, accounts: accounts, live: live, settings: settings, time: time, logger: quiet)
        let (addresses, arrived) = AsyncStream<Int>.makeStream()
        let bind: LocalServer.Bind = tls.map { .tls(host: "127.0.0.1", port: 0, identity: $0) } ?? .tcp(host: "127.0.0.1", port: 0)
        let server = LocalServer(router: board.router(), binds: [bind], limits: limits, logger: quiet) {
            if case .tcp(_, let port) = $0.first { arrived.yield(port) }
            arrived.finish()
        }
        let group = ServiceGroup(services: [server], logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [live] in await live.run(tick: .milliseconds(20)) }
            tasks.addTask {
                defer { arrived.finish() }
                try await group.run()
            }
            var iterator = addresses.makeAsyncIterator()
            let port = try #require(await iterator.next())
            try await body(port)
            live.finish()
            await group.triggerGracefulShutdown()
            for try await _ in tasks {}
        }
    }

    func token(_ name: String) async throws -> String { try await accounts.signIn(name: name, password: password, address: "").token.text }
}

/// The events of a journal in memory.
final class Recorded: Sendable {
    private let events = Mutex<[FeedEvent]>([])

    func add(_ event: FeedEvent) { events.withLock { $0.append(event) } }

    func page(_ after: SequenceNumber, _ through: SequenceNumber, _ limit: Int) -> (events: [FeedEvent], reached: SequenceNumber) {
        let found = events.withLock { $0.filter { $0.sequence > after && $0.sequence <= through } }.prefix(limit)
        return (Array(found), found.count < limit ? through : found.last?.sequence ?? through)
    }
}

extension String {
    /// The numbers of the events in a stream.
    var eventIDs: [Int] { split(whereSeparator: \.isNewline).filter { $0.hasPrefix("id: ") }.compactMap { Int($0.dropFirst(4)) } }
}
