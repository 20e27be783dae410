import Testing
import TipModel

@testable import Triage

@Suite("Index of open incidents")
struct OpenIncidentIndexTests {
    static let cell = 600.0
    static let since = Timestamp(milliseconds: .min)

    func ids(
        _ index: OpenIncidentIndex, _ position: Position? = Fixture.position(), zone: ZoneID = Fixture.zone,
        drill: Bool = false, since: Timestamp = since, bound: Int = 100
    ) -> [UInt64] {
        find(index, position, zone: zone, drill: drill, since: since, bound: bound).map(\.id.rawValue)
    }

    func find(
        _ index: OpenIncidentIndex, _ position: Position?, zone: ZoneID = Fixture.zone, drill: Bool = false,
        since: Timestamp = since, bound: Int = 100
    ) -> [IncidentView] {
        let tip = Fixture.tipView("", position: position, zone: zone, drill: drill)
        return index.candidates(for: tip, since: since, clearedSince: Self.since, bound: bound).open
    }

    func incident(_ id: UInt64, at minute: Int64 = 0, _ position: Position? = Fixture.position()) -> Incident {
        Fixture.incident(id, lastTipAt: Fixture.local(0, minute), position: position)
    }

    @Test("newest first, the higher id first among equals, up to the bound")
    func order() {
        var index = OpenIncidentIndex(cellMetres: Self.cell, weights: Fixture.weights)
        for (id, minute) in [(1, 5), (2, 9), (3, 5), (4, 1), (5, 9)] as [(UInt64, Int64)] {
            index.update(incident(id, at: minute))
        }
        #expect(ids(index) == [5, 2, 3, 1, 4])
        #expect(ids(index, bound: 2) == [5, 2])
        #expect(ids(index, bound: 0) == [])
        #expect(ids(index, since: Fixture.local(0, 5)) == [5, 2, 3, 1])
    }

    @Test("all within one edge are found, none beyond two", arguments: [-80.0, -60, -40, -10, 0, 23, 40, 66, 80])
    func neighbourhood(latitude: Double) {
        let grid = CellGrid(metres: Self.cell)
        var random = SeededGenerator(state: UInt64(latitude + 90))
        for _ in 0..<500 {
            let here = Position(
                latitude: latitude + .random(in: -0.1...0.1, using: &random),
                longitude: .random(in: -179...179, using: &random))
            let degrees = 2_500 / 111_194.93
            let there = Position(
                latitude: here.latitude + .random(in: -degrees...degrees, using: &random),
                longitude: here.longitude + .random(in: -degrees...degrees, using: &random))
            var cells: Set<CellGrid.Cell> = []
            grid.neighbourhood(of: here) { cells.insert($0) }
            #expect(cells.count == 9)
            let found = grid.cell(of: there).map(cells.contains) ?? false
            let metres = here.distance(to: there)
            if metres <= Self.cell { #expect(found, "\(metres) m apart at \(here)") }
            if metres > 2 * 1.5 * Self.cell { #expect(!found, "\(metres) m apart at \(here)") }
        }
    }

    @Test("zones, drills and places are apart; incidents without a place are near every tip")
    func areas() {
        var index = OpenIncidentIndex(cellMetres: Self.cell, weights: Fixture.weights)
        index.update(incident(1, at: 1))
        index.update(incident(2, at: 2, nil))
        index.update(incident(3, at: 3, Fixture.position(north: 5_000)))
        index.update(Fixture.incident(4, zone: ZoneID(unchecked: "west-2"), lastTipAt: Fixture.local(0, 4)))
        index.update(Fixture.incident(5, drill: true, lastTipAt: Fixture.local(0, 5)))
        index.update(incident(6, at: 6, Position(latitude: .nan, longitude: 0)))
        #expect(ids(index) == [6, 2, 1])
        #expect(ids(index, Fixture.position(north: 5_000)) == [6, 3, 2])
        #expect(ids(index, zone: ZoneID(unchecked: "west-2")) == [4])
        #expect(ids(index, drill: true) == [5])
        // A tip without a place may be about any incident of the zone.
        #expect(ids(index, nil) == [6, 3, 2, 1])
        #expect(ids(index, Position(latitude: 200, longitude: .nan)) == [6, 3, 2, 1])
        #expect(ids(index, nil, bound: 2) == [6, 3])
    }

    @Test("update and remove")
    func changes() {
        var index = OpenIncidentIndex(cellMetres: Self.cell, weights: Fixture.weights)
        for id in 1...4 as ClosedRange<UInt64> { index.update(incident(id, at: Int64(id))) }
        index.update(incident(2, at: 10))
        #expect(ids(index) == [2, 4, 3, 1])
        index.update(incident(2, at: 0))
        #expect(ids(index) == [4, 3, 1, 2])
        index.update(incident(3, at: 3, Fixture.position(north: 5_000)))
        #expect(ids(index) == [4, 1, 2])
        #expect(ids(index, nil) == [4, 3, 1, 2])
        index.update(incident(4, at: 4))
        #expect(ids(index) == [4, 1, 2])
        index.remove(IncidentID(1))
        index.remove(IncidentID(1))
        #expect(ids(index) == [4, 2])
        index.update(Fixture.incident(4, phase: .cleared))
        #expect(ids(index) == [2])
        #expect(index.count == 3)
        index.forgetCleared { _ in false }
        #expect(index.count == 2)
        index.remove(IncidentID(2))
        index.remove(IncidentID(3))
        #expect(ids(index, nil) == [])
        #expect(index.count == 0)
        index.update(incident(9))
        #expect(ids(index) == [9])
    }

    @Test("a tip that moves nothing still changes what is compared")
    func newEvidence() {
        var index = OpenIncidentIndex(cellMetres: Self.cell, weights: Fixture.weights)
        var incident = incident(1)
        index.update(incident)
        incident.evidence.append(Fixture.evidence("another"))
        index.update(incident)
        let found = find(index, Fixture.position(), bound: 1)
        #expect(found.map(\.evidence.count) == [2])
    }

    @Test("live equals a brute-force filter, and a rebuild equals both", arguments: 1...8 as ClosedRange<UInt64>)
    func property(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let grid = CellGrid(metres: Self.cell)
        let zones = [Fixture.zone, ZoneID(unchecked: "west-2")]
        var open: [UInt64: Incident] = [:]
        var index = OpenIncidentIndex(cellMetres: Self.cell, weights: Fixture.weights)
        func place() -> Position? {
            guard Int.random(in: 0..<6, using: &random) > 0 else { return nil }
            return Fixture.position(
                north: .random(in: -3_000...3_000, using: &random), east: .random(in: -3_000...3_000, using: &random))
        }
        // Few distinct minutes, so that ties and steps backwards are common.
        func time() -> Timestamp { Fixture.local(0, .random(in: 0..<40, using: &random)) }

        for step in 0..<1_200 as Range<UInt64> {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let incident = Fixture.incident(
                    step, zone: zones.randomElement(using: &random) ?? Fixture.zone,
                    drill: Int.random(in: 0..<5, using: &random) == 0, lastTipAt: time(), position: place())
                open[step] = incident
                index.update(incident)
            case 5..<7:
                guard let id = open.keys.sorted().randomElement(using: &random) else { continue }
                open[id]?.lastTipAt = time()
                if let incident = open[id] { index.update(incident) }
            case 7:
                guard let id = open.keys.sorted().randomElement(using: &random) else { continue }
                open[id]?.position = place()
                open[id]?.lastTipAt = time()
                if let incident = open[id] { index.update(incident) }
            default:
                guard let id = open.keys.sorted().randomElement(using: &random) else { continue }
                open[id] = nil
                index.remove(IncidentID(id))
            }
            guard step % 25 == 0 else { continue }

            let here = place()
            let since = time()
            let bound = Int.random(in: 0..<40, using: &random)
            let zone = zones.randomElement(using: &random) ?? Fixture.zone
            let drill = Bool.random(using: &random)
            var cells: Set<CellGrid.Cell> = []
            if let here { grid.neighbourhood(of: here) { cells.insert($0) } }
            let near = open.values.filter { incident in
                guard incident.zone == zone, incident.drill == drill, incident.lastTipAt >= since else { return false }
                guard here != nil, let cell = incident.position.flatMap(grid.cell(of:)) else { return true }
                return cells.contains(cell)
            }
            let expected = near.sorted { ($0.lastTipAt, $0.id) > ($1.lastTipAt, $1.id) }.prefix(bound).map(\.id)
            let live = find(index, here, zone: zone, drill: drill, since: since, bound: bound)
            #expect(live.map(\.id) == expected)
            let rebuilt = OpenIncidentIndex(cellMetres: Self.cell, weights: Fixture.weights, incidents: open.values)
            let again = find(rebuilt, here, zone: zone, drill: drill, since: since, bound: bound)
            #expect(again.map(\.id) == expected)
            #expect(index.count == open.count)
        }
    }

    @Test("what names the same plate is found wherever it is and however many are newer")
    func identifiers() {
        var index = OpenIncidentIndex(cellMetres: Self.cell, weights: Fixture.weights)
        index.update(
            Fixture.incident(
                1, lastTipAt: Fixture.local(0, 1), position: Fixture.position(north: 9_000),
                evidence: [Fixture.evidence("黑车京A12345逆行", position: Fixture.position(north: 9_000))]))
        for id in 2...9 as ClosedRange<UInt64> { index.update(incident(id, at: Int64(id))) }
        let tip = Fixture.tipView("又看到京A12345")
        func found(_ since: Timestamp) -> [UInt64] {
            index.candidates(for: tip, since: since, clearedSince: since, bound: 3).open.map(\.id.rawValue)
        }
        #expect(found(Self.since) == [1, 9, 8])
        #expect(found(Fixture.local(0, 5)) == [9, 8, 7])
        index.remove(IncidentID(1))
        #expect(found(Self.since) == [9, 8, 7])
    }

    @Test("cleared ones are found apart; merged ones are gone")
    func cleared() {
        var index = OpenIncidentIndex(cellMetres: Self.cell, weights: Fixture.weights)
        index.update(incident(1, at: 1))
        var over = incident(2, at: 2)
        over.phase = .cleared
        index.update(over)
        let tip = Fixture.tipView("")
        let found = index.candidates(for: tip, since: Self.since, clearedSince: Self.since, bound: 9)
        #expect(found.open.map(\.id.rawValue) == [1])
        #expect(found.cleared.map(\.id.rawValue) == [2])
        let late = index.candidates(for: tip, since: Self.since, clearedSince: Fixture.local(0, 3), bound: 9)
        #expect(late.cleared.isEmpty)
        over.mergedInto = IncidentID(1)
        index.update(over)
        #expect(index.count == 1)
    }

    @Test("an absurd cell edge is brought within bounds", arguments: [0, -5, .nan, .infinity, 1e-300])
    func edges(metres: Double) {
        var index = OpenIncidentIndex(cellMetres: metres, weights: Fixture.weights)
        for (id, latitude) in [(1, -90), (2, 0), (3, 90)] as [(UInt64, Double)] {
            index.update(incident(id, at: 0, Position(latitude: latitude, longitude: 180)))
            #expect(ids(index, Position(latitude: latitude, longitude: 180)).contains(id))
        }
    }
}
