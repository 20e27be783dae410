// Which incidents a tip could be about, without looking at all of them. Each incident stands in lists ordered by
// (lastTipAt, id): that of its grid cell, for tips that say where; that of its zone, for tips that do not; and one for each
// number plate or telephone number in it, which find it wherever it is in the zone. A question walks a bounded number of lists
// from their newest ends and stops at the bound, so its cost does not grow with the number of incidents, and its answer
// depends only on which incidents there are: an index rebuilt after a restart decides as the old one did.

public import TipModel

/// Incidents by zone, drill, place and what they name; open and cleared ones apart. Memory is proportional to the incidents in it.
public struct OpenIncidentIndex: Sendable {
    private struct Area: Hashable {
        var zone: ZoneID
        var drill: Bool
        var isCleared: Bool
    }

    private struct Place {
        var view: IncidentView
        var cell: ListKey
        var area: ListKey
        var names: [UInt64]
        var inCell: RecencyLists.Handle
        var inArea: RecencyLists.Handle
        var inNames: [RecencyLists.Handle]
    }

    /// Plates and telephone numbers by which one incident is found: those of its oldest evidence first.
    private static let namesBound = 8

    private let grid: CellGrid
    private let weights: TermWeights
    private var places: [IncidentID: Place] = [:]
    /// Numbers of areas, four for each zone that an incident was ever in; a zone is never forgotten, a station has few.
    private var areaNumbers: [Area: UInt32] = [:]
    private var cells = RecencyLists()
    private var areas = RecencyLists()
    private var names = RecencyLists()
    private var cleared: Set<IncidentID> = []

    /// `cellMetres`: the edge of a cell (10…100,000; see ``TriageEngine/cellMetres``). What lies within one edge of a tip is
    /// always in the cells that it looks at.
    public init(cellMetres: Double, weights: TermWeights) {
        grid = CellGrid(metres: cellMetres)
        self.weights = weights
    }

    /// An index of `incidents`, which may come in any order.
    public init(cellMetres: Double, weights: TermWeights, incidents: some Sequence<Incident>) {
        self.init(cellMetres: cellMetres, weights: weights)
        let incidents = Array(incidents)
        let order = incidents.indices.sorted {
            (incidents[$0].lastTipAt, incidents[$0].id) < (incidents[$1].lastTipAt, incidents[$1].id)
        }
        // Oldest first, each goes to the newest end of its lists: no walking.
        for index in order { update(incidents[index]) }
    }

    /// How many incidents are in it, cleared ones among them.
    public var count: Int { places.count }

    /// Brings the index in line with `incident` after any change of it; adds it where it is missing. One that was merged into
    /// another takes nothing more and leaves.
    ///
    /// - Parameter newest: the features of the evidence that came last, where they are at hand.
    public mutating func update(_ incident: Incident, newest: TipFeatures? = nil) {
        guard incident.mergedInto == nil else { return remove(incident.id) }
        let area = number(Area(zone: incident.zone, drill: incident.drill, isCleared: incident.phase == .cleared))
        let cell = cellKey(area, incident.position.flatMap(grid.cell(of:)))
        let old = places[incident.id]
        let view = IncidentView(incident, weights: weights, previous: old?.view, newest: newest)
        let names = Self.names(of: view)
        if var place = old {
            if place.cell == cell, place.view.lastTipAt == view.lastTipAt, place.names == names {
                place.view = view
                cells.replace(place.inCell, by: view)
                areas.replace(place.inArea, by: view)
                for handle in place.inNames { self.names.replace(handle, by: view) }
                places[incident.id] = place
                return
            }
            unlink(place)
        }
        link(view, cell, ListKey(area: area, place: 0), names)
    }

    /// The number of an area, given to it when it is first heard of.
    private mutating func number(_ area: Area) -> UInt32 {
        if let known = areaNumbers[area] { return known }
        let number = UInt32(areaNumbers.count)
        areaNumbers[area] = number
        return number
    }

    /// The key of a cell; nil for the incidents of the area without a position.
    private func cellKey(_ area: UInt32, _ cell: CellGrid.Cell?) -> ListKey {
        // Even numbers are for none, odd ones for cells.
        guard let cell else { return ListKey(area: area &* 2, place: 0) }
        return ListKey(
            area: area &* 2 &+ 1, place: UInt64(UInt32(bitPattern: cell.row)) << 32 | UInt64(UInt32(bitPattern: cell.column)))
    }

    /// Takes an incident out: forgotten, or merged into another. Nothing where it is not in the index.
    public mutating func remove(_ id: IncidentID) {
        guard let place = places.removeValue(forKey: id) else { return }
        unlink(place)
    }

    /// Brings the index in line with `state` after the incident `id` was touched there. The state forgets cleared incidents at its
    /// bound, and the index with it: what a tip is compared with must not depend on when the daemon was started.
    public mutating func follow(_ id: IncidentID, in state: StationState, newest: TipFeatures? = nil) {
        guard let incident = state.incidents[id] else { return remove(id) }
        follow(incident, in: state, newest: newest)
    }

    /// As the other, for who has the incident as it is in `state` at hand.
    public mutating func follow(_ incident: Incident, in state: StationState, newest: TipFeatures? = nil) {
        update(incident, newest: newest)
        if incident.phase == .cleared { forgetCleared { state.incidents[$0] != nil } }
    }

    /// Takes out the cleared ones that are not `kept`.
    public mutating func forgetCleared(unless kept: (IncidentID) -> Bool) {
        for id in cleared where !kept(id) { remove(id) }
    }

    /// The incidents of the tip's zone and kind (drill or real) whose `lastTipAt` is `since` or later (`clearedSince` for the cleared
    /// ones), newest first (the higher id first among equals), at most `bound` of the open and a third of that of the cleared.
    ///
    /// With a position: those in its cell and the eight around it, those without a position, and those that name the same plate or
    /// telephone number. Without one (nil, or no place on earth): the whole zone, since such a tip may be about any of them.
    public func candidates(for tip: TipView, since: Timestamp, clearedSince: Timestamp, bound: Int) -> Candidates {
        candidates(for: tip, since: since, clearedSince: clearedSince, bound: bound, within: nil)
    }

    /// - Parameter reach: what is out of it counts towards the bound, and only the newest of it is given.
    func candidates(for tip: TipView, since: Timestamp, clearedSince: Timestamp, bound: Int, within reach: SpanReach?) -> Candidates {
        Candidates(
            open: find(tip, isCleared: false, since: since, bound: bound, reach),
            cleared: cleared.isEmpty ? [] : find(tip, isCleared: true, since: clearedSince, bound: max(1, bound / 3), reach))
    }

    private func find(_ tip: TipView, isCleared: Bool, since: Timestamp, bound: Int, _ reach: SpanReach?) -> [IncidentView] {
        // No incident was ever in an area without a number.
        guard let area = areaNumbers[Area(zone: tip.zone, drill: tip.drill, isCleared: isCleared)] else { return [] }
        let named = named(tip, area, since: since)
        // Beside named ones all are needed: those are in both.
        var result = Walk(since: since, bound: bound, reach: named.isEmpty ? reach : nil)
        if let position = tip.position?.known {
            result.add(cells.newest(in: cellKey(area, nil)), of: cells)
            grid.neighbourhood(of: position) { cell in result.add(cells.newest(in: cellKey(area, cell)), of: cells) }
            result.run(cells)
        } else {
            result.add(areas.newest(in: ListKey(area: area, place: 0)), of: areas)
            result.run(areas)
        }
        guard !named.isEmpty else { return result.views }
        // In front: what names the same thing is compared however many others are newer.
        var seen = Set<IncidentID>()
        return Array((named + result.views).filter { seen.insert($0.id).inserted }.prefix(bound))
    }

    /// Those that name the same plate or telephone number.
    private func named(_ tip: TipView, _ area: UInt32, since: Timestamp) -> [IncidentView] {
        guard tip.features.entities.all.contains(where: \.kind.isIdentifier) else { return [] }
        var walk = Walk(since: since, bound: Self.namesBound, reach: nil)
        for identifier in tip.features.entities.identifiers.prefix(Self.namesBound) {
            walk.add(names.newest(in: ListKey(area: area, place: identifier)), of: names)
        }
        walk.run(names)
        return walk.views
    }

    /// Merges lists, newest first.
    private struct Walk {
        private struct Head {
            var handle: RecencyLists.Handle
            var order: RecencyLists.Order
        }

        let since: Timestamp
        let bound: Int
        let reach: SpanReach?
        private(set) var views: [IncidentView] = []
        private var heads: [Head] = []

        init(since: Timestamp, bound: Int, reach: SpanReach?) {
            (self.since, self.bound, self.reach) = (since, bound, reach)
        }

        /// A list by its newest entry; none where all of it is too old.
        mutating func add(_ newest: RecencyLists.Handle?, of lists: RecencyLists) {
            guard let newest else { return }
            let order = lists.order(of: newest)
            if heads.isEmpty { heads.reserveCapacity(10) }
            if order.milliseconds >= since.milliseconds { heads.append(Head(handle: newest, order: order)) }
        }

        mutating func run(_ lists: RecencyLists) {
            guard !heads.isEmpty else { return }
            views.reserveCapacity(min(bound, 16))
            var (met, isPassed) = (0, false)
            while met < bound, !heads.isEmpty {
                // At most ten heads: comparing them all is cheaper than keeping a heap.
                var newest = 0
                for index in heads.indices.dropFirst() where heads[newest].order < heads[index].order { newest = index }
                let handle = heads[newest].handle
                met += 1
                let isFar = reach.map { $0.excludes(lists.first(of: handle)) } ?? false
                // Of those out of reach the newest tells why a tip is alone, where no other does.
                if !isFar || !isPassed, let view = lists.view(of: handle) { views.append(view) }
                isPassed = isPassed || isFar
                let older = lists.older(than: handle)
                let order = older.map { lists.order(of: $0) }
                if let older, let order, order.milliseconds >= since.milliseconds {
                    heads[newest] = Head(handle: older, order: order)
                } else {
                    heads.remove(at: newest)
                }
            }
        }
    }

    private static func names(of view: IncidentView) -> [UInt64] {
        var names: [UInt64] = []
        for evidence in view.evidence {
            for name in evidence.features.entities.identifiers where names.count < namesBound && !names.contains(name) {
                names.append(name)
            }
        }
        return names
    }

    private mutating func link(_ view: IncidentView, _ cell: ListKey, _ area: ListKey, _ identifiers: [UInt64]) {
        if !view.isOpen { cleared.insert(view.id) }
        places[view.id] = Place(
            view: view, cell: cell, area: area, names: identifiers, inCell: cells.insert(view, in: cell),
            inArea: areas.insert(view, in: area),
            inNames: identifiers.map { names.insert(view, in: ListKey(area: area.area, place: $0)) })
    }

    private mutating func unlink(_ place: Place) {
        if !place.view.isOpen { cleared.remove(place.view.id) }
        cells.remove(place.inCell, from: place.cell)
        areas.remove(place.inArea, from: place.area)
        for (handle, identifier) in zip(place.inNames, place.names) {
            names.remove(handle, from: ListKey(area: place.area.area, place: identifier))
        }
    }
}
