// Which incidents a tip could be about, without looking at all of them. Each incident stands in lists ordered by
// (lastTipAt, id): that of its grid cell, for tips that say where; that of its zone, for tips that do not; and one for each
// number plate or telephone number in it, which find it wherever it is in the zone. A question walks a bounded number of lists
// from their newest ends and stops at the bound, so its cost does not grow with the number of incidents, and its answer
// depends only on which incidents there are: an index rebuilt after a restart decides as the old one did.

public import TipModel

/// Incidents by zone, drill, place and what they name; open and cleared ones apart. Memory is proportional to the incidents in it.
public struct OpenIncidentIndex: Sendable {
    private struct Place {
        var view: IncidentView
        var cell: ListKey
        /// Of the incidents of its area, wherever they are.
        var area: ListKey
        var inCell: RecencyLists.Handle
        var inArea: RecencyLists.Handle
        /// Few incidents have any.
        var names: [Name]
    }

    /// A plate or telephone number, and the entry in its list.
    private struct Name {
        var identifier: UInt64
        var handle: RecencyLists.Handle
    }

    /// Plates and telephone numbers by which one incident is found: those of its oldest evidence first.
    private static let namesBound = 8

    private let grid: CellGrid
    private let weights: TermWeights
    private var places: [IncidentID: Place] = [:]
    /// Of the zones that an incident was ever in; a zone is never forgotten, a station has few. Each has four areas.
    private var zoneNumbers: [ZoneID: UInt32] = [:]
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
        let place = places.index(forKey: incident.id)
        let old = place.map { places.values[$0] }
        // A zone that it keeps needs no look-up by name.
        let zone = old.flatMap { $0.view.zone == incident.zone ? $0.area.area / 4 : nil } ?? number(incident.zone)
        let area = Self.area(of: zone, drill: incident.drill, isCleared: incident.phase == .cleared)
        let cell = cellKey(area, incident.position.flatMap(grid.cell(of:)))
        let view = IncidentView(incident, weights: weights, previous: old?.view, newest: newest)
        let names = Self.names(of: view)
        guard let place, let old else {
            places[incident.id] = link(view, cell, ListKey(area: area, place: 0), names)
            return
        }
        if old.cell == cell, old.view.lastTipAt == view.lastTipAt, old.names.lazy.map(\.identifier).elementsEqual(names) {
            places.values[place].view = view
            cells.replace(old.inCell, by: view)
            areas.replace(old.inArea, by: view)
            for name in old.names { self.names.replace(name.handle, by: view) }
        } else {
            unlink(old)
            places.values[place] = link(view, cell, ListKey(area: area, place: 0), names)
        }
    }

    /// The number of a zone, given to it when it is first heard of.
    private mutating func number(_ zone: ZoneID) -> UInt32 {
        if let known = zoneNumbers[zone] { return known }
        let number = UInt32(zoneNumbers.count)
        zoneNumbers[zone] = number
        return number
    }

    private static func area(of zone: UInt32, drill: Bool, isCleared: Bool) -> UInt32 {
        zone &* 4 &+ (drill ? 2 : 0) &+ (isCleared ? 1 : 0)
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
        // No incident was ever in a zone without a number.
        guard let zone = zoneNumbers[tip.zone] else { return Candidates() }
        let open = Self.area(of: zone, drill: tip.drill, isCleared: false)
        let over = Self.area(of: zone, drill: tip.drill, isCleared: true)
        return Candidates(
            open: find(tip, open, since: since, bound: bound, reach),
            cleared: cleared.isEmpty ? [] : find(tip, over, since: clearedSince, bound: max(1, bound / 3), reach))
    }

    private func find(_ tip: TipView, _ area: UInt32, since: Timestamp, bound: Int, _ reach: SpanReach?) -> [IncidentView] {
        let named = named(tip, area, since: since)
        // Beside named ones all are needed: those are in both.
        let walk = RecencyWalk(since: since, bound: bound, reach: named.isEmpty ? reach : nil)
        let others: [IncidentView]
        if let position = tip.position?.known {
            others = walk.run(cells, count: 10) { heads in
                heads.add(cells.newest(in: cellKey(area, nil)))
                grid.neighbourhood(of: position) { cell in heads.add(cells.newest(in: cellKey(area, cell))) }
            }
        } else {
            others = walk.run(areas, count: 1) { $0.add(areas.newest(in: ListKey(area: area, place: 0))) }
        }
        guard !named.isEmpty else { return others }
        // In front: what names the same thing is compared however many others are newer.
        var views = named
        for view in others where !named.contains(where: { $0.id == view.id }) { views.append(view) }
        return views.count > bound ? Array(views.prefix(bound)) : views
    }

    /// Those that name the same plate or telephone number.
    private func named(_ tip: TipView, _ area: UInt32, since: Timestamp) -> [IncidentView] {
        guard tip.features.hasIdentifiers else { return [] }
        let identifiers = tip.features.entities.identifiers.prefix(Self.namesBound)
        let views = RecencyWalk(since: since, bound: Self.namesBound, reach: nil).run(names, count: Self.namesBound) { heads in
            for identifier in identifiers { heads.add(names.newest(in: ListKey(area: area, place: identifier))) }
        }
        // One may be in several of the lists.
        return views.indices.filter { place in !views[..<place].contains { $0.id == views[place].id } }.map { views[$0] }
    }

    private static func names(of view: IncidentView) -> [UInt64] {
        var names: [UInt64] = []
        for trace in view.evidence where trace.features.hasIdentifiers {
            for name in trace.features.entities.identifiers where names.count < namesBound && !names.contains(name) {
                names.append(name)
            }
        }
        return names
    }

    private mutating func link(_ view: IncidentView, _ cell: ListKey, _ area: ListKey, _ identifiers: [UInt64]) -> Place {
        if !view.isOpen { cleared.insert(view.id) }
        return Place(
            view: view, cell: cell, area: area, inCell: cells.insert(view, in: cell), inArea: areas.insert(view, in: area),
            names: identifiers.map {
                Name(identifier: $0, handle: names.insert(view, in: ListKey(area: area.area, place: $0)))
            })
    }

    private mutating func unlink(_ place: Place) {
        if !place.view.isOpen { cleared.remove(place.view.id) }
        cells.remove(place.inCell, from: place.cell)
        areas.remove(place.inArea, from: place.area)
        for name in place.names { names.remove(name.handle, from: ListKey(area: place.area.area, place: name.identifier)) }
    }
}
