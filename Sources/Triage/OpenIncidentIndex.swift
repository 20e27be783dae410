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

    private struct CellKey: Hashable {
        var area: Area
        /// Nil for the incidents of the area without a position.
        var cell: CellGrid.Cell?
    }

    private struct NameKey: Hashable {
        var area: Area
        var identifier: UInt64
    }

    private struct Place {
        var view: IncidentView
        var key: CellKey
        var names: [UInt64]
        var inCell: RecencyLists<CellKey>.Handle
        var inArea: RecencyLists<Area>.Handle
        var inNames: [RecencyLists<NameKey>.Handle]
    }

    /// Plates and telephone numbers by which one incident is found: those of its oldest evidence first.
    private static let namesBound = 8

    private let grid: CellGrid
    private let weights: TermWeights
    private var places: [IncidentID: Place] = [:]
    private var cells = RecencyLists<CellKey>()
    private var areas = RecencyLists<Area>()
    private var names = RecencyLists<NameKey>()
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
        let area = Area(zone: incident.zone, drill: incident.drill, isCleared: incident.phase == .cleared)
        let key = CellKey(area: area, cell: incident.position.flatMap(grid.cell(of:)))
        let old = places[incident.id]
        let view = IncidentView(incident, weights: weights, previous: old?.view, newest: newest)
        let names = Self.names(of: view)
        if var place = old {
            if place.key == key, place.view.lastTipAt == view.lastTipAt, place.names == names {
                place.view = view
                cells.replace(place.inCell, by: view)
                areas.replace(place.inArea, by: view)
                for handle in place.inNames { self.names.replace(handle, by: view) }
                places[incident.id] = place
                return
            }
            unlink(place)
        }
        link(view, key, names)
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
        Candidates(
            open: find(tip, isCleared: false, since: since, bound: bound),
            cleared: cleared.isEmpty ? [] : find(tip, isCleared: true, since: clearedSince, bound: max(1, bound / 3)))
    }

    private func find(_ tip: TipView, isCleared: Bool, since: Timestamp, bound: Int) -> [IncidentView] {
        let area = Area(zone: tip.zone, drill: tip.drill, isCleared: isCleared)
        var result: [IncidentView]
        if let position = tip.position?.known {
            var heads: [RecencyLists<CellKey>.Handle] = []
            if let newest = cells.newest(in: CellKey(area: area, cell: nil)) { heads.append(newest) }
            grid.neighbourhood(of: position) { cell in
                if let newest = cells.newest(in: CellKey(area: area, cell: cell)) { heads.append(newest) }
            }
            result = walk(cells, from: heads, since: since, bound: bound)
        } else {
            result = walk(areas, from: areas.newest(in: area).map { [$0] } ?? [], since: since, bound: bound)
        }
        var named: [RecencyLists<NameKey>.Handle] = []
        for identifier in tip.features.entities.identifiers.prefix(Self.namesBound) {
            if let newest = names.newest(in: NameKey(area: area, identifier: identifier)) { named.append(newest) }
        }
        guard !named.isEmpty else { return result }
        // In front: what names the same thing is compared however many others are newer.
        let first = walk(names, from: named, since: since, bound: Self.namesBound)
        var seen = Set<IncidentID>()
        result = (first + result).filter { seen.insert($0.id).inserted }
        return Array(result.prefix(bound))
    }

    /// Merges the lists that begin at `heads`, newest first.
    private func walk<Key>(
        _ lists: RecencyLists<Key>, from heads: [Int32], since: Timestamp, bound: Int
    ) -> [IncidentView] {
        var heads = heads.map { (handle: $0, order: lists.order(of: $0)) }
        var result: [IncidentView] = []
        result.reserveCapacity(min(bound, 64))
        while result.count < bound, !heads.isEmpty {
            // At most ten heads: comparing them all is cheaper than keeping a heap.
            var newest = 0
            for index in 1..<heads.count where heads[newest].order < heads[index].order { newest = index }
            let (handle, order) = heads[newest]
            guard order.milliseconds >= since.milliseconds else { break }
            if let view = lists.view(of: handle) { result.append(view) }
            if let older = lists.older(than: handle) {
                heads[newest] = (older, lists.order(of: older))
            } else {
                heads.remove(at: newest)
            }
        }
        return result
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

    private mutating func link(_ view: IncidentView, _ key: CellKey, _ identifiers: [UInt64]) {
        if key.area.isCleared { cleared.insert(view.id) }
        places[view.id] = Place(
            view: view, key: key, names: identifiers, inCell: cells.insert(view, in: key), inArea: areas.insert(view, in: key.area),
            inNames: identifiers.map { names.insert(view, in: NameKey(area: key.area, identifier: $0)) })
    }

    private mutating func unlink(_ place: Place) {
        if place.key.area.isCleared { cleared.remove(place.view.id) }
        cells.remove(place.inCell, from: place.key)
        areas.remove(place.inArea, from: place.key.area)
        for (handle, identifier) in zip(place.inNames, place.names) {
            names.remove(handle, from: NameKey(area: place.key.area, identifier: identifier))
        }
    }
}
