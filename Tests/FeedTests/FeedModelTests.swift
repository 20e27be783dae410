// The feed against its contract, with everything happening in any order: whatever a subscription was sent since it began
// is exactly what the journal holds for it after where it began, each event naming the one before it.

import Access
import Journal
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import Feed

/// A patrol that checks all that it is sent.
private struct Checker {
    let route: RouteID
    let unit: PatrolUnit
    var zones: Set<ZoneID> = []
    var least = UrgencyLevel.routine
    var begin = FeedCursor()
    var last = FeedCursor()
    var got: [Lane: [SequenceNumber]] = [.alert: [], .main: []]
    /// SUBSCRIBEs whose reply has not come.
    var asked: [Subscribe] = []

    mutating func read(_ sent: FakeOutlet.Sent) throws {
        switch sent.header.verb {
        case .subscribed:
            let reply = try Subscribed(sent.body)
            least = asked.removeFirst().leastLevel
            zones = Set(reply.zones)
            begin = reply.begin
            last = reply.begin
            got = [.alert: [], .main: []]
        case .feed:
            let (lane, items) = try FeedCodec.decode(sent.body)
            #expect(!items.isEmpty)
            for item in items {
                #expect(item.previous == last[lane] && item.event.lane == lane)
                #expect(zones.contains(item.event.incident.zone) || item.event.unit == unit.id)
                last[lane] = item.event.sequence
                got[lane]?.append(item.event.sequence)
            }
        case .rejections:
            #expect(try RejectionCodec.decode(sent.body).first?.rejection.code == .unavailable)
        default: break
        }
    }
}

@Suite struct FeedModelTests {
    @Test(arguments: 1...60)
    func everyoneGetsExactlyTheirs(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let names = ["a", "b", "c", "d"]
        let units = (0..<3).map { unit("unit-\($0)", Array(names.shuffled(using: &random).prefix($0 + 2))) }
        let settings = { (settings: inout FeedSettings) in
            settings.ringEvents = Int.random(in: 1...12, using: &random)
            settings.ringBytes = 3_000
            settings.takeEvents = Int.random(in: 1...8, using: &random)
            settings.pageEvents = Int.random(in: 1...6, using: &random)
            settings.pageBytes = Int.random(in: 50...600, using: &random)
            settings.pagesInFlight = Int.random(in: 1...3, using: &random)
            settings.eventsPerRound = Int.random(in: 1...6, using: &random)
            settings.bytesPerRound = Int.random(in: 1...2_000, using: &random)
            settings.batchBytes = Int.random(in: 1...600, using: &random)
            settings.perUnitSubscriptions = 10
            settings.pageHold = .milliseconds(20)
        }
        let bench = HubBench(units, settings)
        let journal = MemoryFeedEvents()
        let queue = PublicationQueue(events: 15, bytes: 4_000, wake: try WakeSignal())
        var patrols = (0..<6).map { Checker(route: [UInt8($0)], unit: units[$0 % 3]) }
        var sequence: SequenceNumber = 0

        func deliver() throws {
            for index in patrols.indices {
                for sent in bench.take(patrols[index].route) { try patrols[index].read(sent) }
            }
        }
        func round() {
            bench.hub.checkAccess()
            bench.hub.take(queue.take(mainLimit: bench.hub.settings.takeEvents))
            _ = bench.hub.sendRound()
        }
        func answerOne(failing: Bool) {
            guard let at = bench.outlet.pages.indices.randomElement(using: &random) else { return }
            let request = bench.outlet.pages.remove(at: at)
            bench.hub.receive(
                PageAnswer(
                    subscription: request.subscription, token: request.token, lane: request.page.lane,
                    page: failing ? nil : try? journal.page(request.page)))
        }

        for _ in 0..<600 {
            let index = Int.random(in: 0..<patrols.count, using: &random)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<30:
                let count = Int.random(in: 0..<30, using: &random) == 0 ? 20 : Int.random(in: 1...4, using: &random)
                let batch = (0..<count).map { _ in
                    sequence += UInt64.random(in: 1...3, using: &random)
                    let lane: Lane = Int.random(in: 0..<4, using: &random) == 0 ? .alert : .main
                    let level: UrgencyLevel = lane == .alert ? .urgent : Bool.random(using: &random) ? .priority : .routine
                    return publication(
                        sequence, lane, zone: names.randomElement(using: &random)!, level: level,
                        padding: Int.random(in: 0...120, using: &random),
                        guest: Int.random(in: 0..<6, using: &random) == 0 ? units.randomElement(using: &random)!.id : nil)
                }
                journal.append(batch)
                queue.offer(batch)
            case 30..<60: round()
            case 60..<72: answerOne(failing: Int.random(in: 0..<8, using: &random) == 0)
            case 72..<80:
                let lane = Lane.allCases.randomElement(using: &random)!
                let credit = Credit(
                    events: UInt32.random(in: 0...8, using: &random), bytes: UInt32.random(in: 0...1_500, using: &random))
                if bench.hub.table.index(route: patrols[index].route) != nil {
                    bench.receive(
                        patrols[index].route, patrols[index].unit, .credit,
                        CreditGrant(lane: lane, credit: credit).encoded)
                }
            case 80..<84:
                let heads = bench.hub.ring.heads
                let resume =
                    Bool.random(using: &random)
                    ? FeedCursor(
                        alert: UInt64.random(in: 0...heads.alert, using: &random),
                        main: UInt64.random(in: 0...heads.main, using: &random))
                    : nil
                var zones = patrols[index].unit.zones.map(\.rawValue)
                zones.removeFirst(Int.random(in: 0..<zones.count, using: &random))
                let ask = subscribe(
                    zones: Bool.random(using: &random) ? [] : zones,
                    least: Bool.random(using: &random) ? .routine : .priority, after: resume,
                    alert: Credit(events: 3, bytes: 800), main: Credit(events: 5, bytes: 800))
                patrols[index].asked.append(ask)
                bench.receive(patrols[index].route, patrols[index].unit, .subscribe, ask.encoded)
            case 84..<88: bench.outlet.room[patrols[index].route] = Int.random(in: 0...2, using: &random)
            case 88..<93: bench.outlet.room[patrols[index].route] = nil
            case 93..<96: bench.time.advance(Int64.random(in: 1...400, using: &random))
            default: try deliver()
            }
            for lane in Lane.allCases {
                let held = bench.hub.table.slots.filter { $0[lane].holdsPage }.count
                #expect(held + bench.hub.asked[lane, default: 0] <= bench.hub.settings.pagesInFlight)
                #expect(bench.hub.ring[lane].count <= bench.hub.settings.ringEvents)
            }
        }

        // Everybody reads and grants: everything must arrive.
        bench.outlet.room = [:]
        var quiet = 0
        while quiet < 5 {
            for patrol in patrols where bench.hub.table.index(route: patrol.route) != nil {
                for lane in Lane.allCases {
                    bench.receive(patrol.route, patrol.unit, .credit, CreditGrant(lane: lane, credit: plenty).encoded)
                }
            }
            bench.time.advance(40_000)
            for _ in 0..<20 {
                round()
                answerOne(failing: false)
            }
            quiet = bench.outlet.sent.isEmpty && bench.outlet.pages.isEmpty ? quiet + 1 : 0
            try deliver()
        }
        for patrol in patrols where bench.hub.table.index(route: patrol.route) != nil {
            for lane in Lane.allCases {
                let expected = journal.expected(
                    lane, after: patrol.begin[lane], zones: patrol.zones, guest: patrol.unit.id, least: patrol.least)
                #expect(patrol.got[lane] == expected)
            }
        }
    }
}
