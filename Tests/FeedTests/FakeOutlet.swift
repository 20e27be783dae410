import Access
import Journal
import TipModel
import TipWire
import ZeroMQ

@testable import Feed

/// What the hub sent, to whom, in order; with patrols that are full or gone when the test says so.
final class FakeOutlet: FeedOutlet {
    struct Sent {
        let route: RouteID
        let header: Header
        let body: [UInt8]
    }

    var sent: [Sent] = []
    var pages: [PageRequest] = []
    var actions: [UnitAction] = []
    var reports: [(UnitID, FeedCursor)] = []
    /// Messages that a route still takes; one that is not here takes all.
    var room: [RouteID: Int] = [:]
    var gone: Set<RouteID> = []
    var takesActions = true
    var takesPages = true

    func send(_ route: RouteID, _ header: Header, _ body: [UInt8]) -> SendOutcome {
        if gone.contains(route) { return .unreachable }
        if let left = room[route] {
            guard left > 0 else { return .wouldBlock }
            room[route] = left - 1
        }
        sent.append(Sent(route: route, header: header, body: body))
        return .sent
    }

    func ask(_ request: PageRequest) -> Bool {
        if takesPages { pages.append(request) }
        return takesPages
    }

    func act(_ action: UnitAction) -> Bool {
        if takesActions { actions.append(action) }
        return takesActions
    }

    func report(_ unit: UnitID, _ cursor: FeedCursor) { reports.append((unit, cursor)) }
}

/// A hub with its outlet, a clock and an access table.
final class HubBench {
    let time = ManualTime()
    let access = AccessTable()
    let outlet = FakeOutlet()
    let hub: FeedHub

    init(
        _ units: [PatrolUnit], heads: FeedCursor = FeedCursor(), _ change: (inout FeedSettings) -> Void = { _ in }
    ) {
        var settings = FeedSettings()
        change(&settings)
        access.replace(with: units.map { enrolment($0) } + [enrolment(post: "shop")])
        hub = FeedHub(settings: settings, access: access, heads: heads, time: time, outlet: outlet)
    }

    func receive(
        _ route: RouteID, _ unit: PatrolUnit, _ verb: Verb, _ body: [UInt8], request: UInt32 = 1,
        generation: SequenceNumber = 1
    ) {
        receive(route, userID(unit, generation: generation), Header(verb, request: request).encoded, body)
    }

    func receive(_ route: RouteID, _ userID: String?, _ header: [UInt8], _ body: [UInt8], frames: Int = 2) {
        hub.receive(
            Incoming(route: route, userID: userID, peer: "127.0.0.1", header: header, body: body, frames: frames))
    }

    func publish(_ publications: [Publication]) {
        hub.take(PublicationQueue.Taken(lost: FeedCursor(), items: publications, hasMore: false))
    }

    /// Rounds until there is nothing left that can be sent now.
    func run() {
        hub.checkAccess()
        while hub.sendRound() {}
    }

    /// Answers every page that was asked for, and those that follow from it.
    func answerPages(_ journal: MemoryFeedEvents) {
        run()
        while !outlet.pages.isEmpty {
            let request = outlet.pages.removeFirst()
            hub.receive(
                PageAnswer(
                    subscription: request.subscription, token: request.token, lane: request.page.lane,
                    page: try? journal.page(request.page)))
            run()
        }
    }

    /// Takes what a route was sent.
    func take(_ route: RouteID) -> [FakeOutlet.Sent] {
        let taken = outlet.sent.filter { $0.route == route }
        outlet.sent.removeAll { $0.route == route }
        return taken
    }

    /// Takes what a route was sent, which must be one rejection.
    func takeRejection(_ route: RouteID) throws -> Rejection? {
        let taken = take(route)
        guard taken.count == 1, taken[0].header.verb == .rejections else { return nil }
        return try RejectionCodec.decode(taken[0].body).first?.rejection
    }

    /// Takes the events that a route was sent, in order, and leaves out all else.
    func takeItems(_ route: RouteID) throws -> [FeedItem] {
        try take(route).filter { $0.header.verb == .feed }.flatMap { try FeedCodec.decode($0.body).items }
    }
}
