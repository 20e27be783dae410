// Which open incidents a tip could be about, without looking at all of them. Each incident stands in two lists
// ordered by (lastTipAt, id): that of its grid cell, for tips that say where, and that of its zone, for tips that
// do not. A question walks at most ten lists from their newest ends and stops at the bound, so its cost does not
// grow with the number of open incidents, and its answer depends only on which incidents are open: an index
// rebuilt after a restart decides as the old one did.

public import TipModel

/// Open incidents by zone, drill and place. Memory is proportional to the incidents in it.
public struct OpenIncidentIndex: Sendable {
    private struct Area: Hashable {
        var zone: ZoneID
        var drill: Bool
    }

    private struct CellKey: Hashable {
        var area: Area
        /// Nil for the incidents of the area without a position.
        var cell: CellGrid.Cell?
    }

    private struct Place {
        var key: CellKey
        var lastTipAt: Timestamp
        var inCell: RecencyLists<CellKey>.Handle
        var inArea: RecencyLists<Area>.Handle
    }

    private let grid: CellGrid
    private var places: [IncidentID: Place] = [:]
    private var cells = RecencyLists<CellKey>()
    private var areas = RecencyLists<Area>()

    /// `cellMetres`: the edge of a cell, at least the maximum distance of the correlation rules (10…100,000; see
    /// ``TriageEngine/cellMetres``). What lies within one edge of a tip is always in the cells that it looks at.
    public init(cellMetres: Double) { grid = CellGrid(metres: cellMetres) }

    /// An index of the open ones of `incidents`, which may come in any order.
    public init(cellMetres: Double, incidents: some Sequence<Incident>) {
        self.init(cellMetres: cellMetres)
        let incidents = Array(incidents)
        let order = incidents.indices.sorted {
            (incidents[$0].lastTipAt, incidents[$0].id) < (incidents[$1].lastTipAt, incidents[$1].id)
        }
        // Oldest first, each goes to the newest end of its lists: no walking.
        for index in order { update(incidents[index]) }
    }

    /// How many incidents are in it.
    public var count: Int { places.count }

    /// Brings the index in line with `incident` after any change of it; adds it where it is missing and open, removes
    /// it where it is cleared.
    public mutating func update(_ incident: Incident) {
        guard incident.phase != .cleared else { return remove(incident.id) }
        let key = CellKey(
            area: Area(zone: incident.zone, drill: incident.drill), cell: incident.position.flatMap(grid.cell(of:)))
        let view = IncidentView(incident)
        if let place = places[incident.id] {
            if place.key == key, place.lastTipAt == incident.lastTipAt {
                cells.replace(place.inCell, by: view)
                areas.replace(place.inArea, by: view)
                return
            }
            unlink(place)
        }
        link(view, key)
    }

    /// Takes an incident out: cleared, or merged into another. Nothing where it is not in the index.
    public mutating func remove(_ id: IncidentID) {
        guard let place = places.removeValue(forKey: id) else { return }
        unlink(place)
    }

    /// Views of the incidents of `zone` with the same `drill` whose `lastTipAt` is `since` or later, newest first (the higher id
    /// first among equals), at most `bound`.
    ///
    /// With a position: those in its cell and the eight around it, and those without a position. Without one (nil,
    /// or no place on earth): the whole zone, since such a tip may be about any of them; its distance term is 0, so
    /// text, time and category must carry it.
    public func candidates(
        zone: ZoneID, drill: Bool, position: Position?, since: Timestamp, bound: Int
    ) -> [IncidentView] {
        let area = Area(zone: zone, drill: drill)
        guard let position = position?.known else {
            return walk(areas, from: areas.newest(in: area).map { [$0] } ?? [], since: since, bound: bound)
        }
        var heads: [RecencyLists<CellKey>.Handle] = []
        if let newest = cells.newest(in: CellKey(area: area, cell: nil)) { heads.append(newest) }
        grid.neighbourhood(of: position) { cell in
            if let newest = cells.newest(in: CellKey(area: area, cell: cell)) { heads.append(newest) }
        }
        return walk(cells, from: heads, since: since, bound: bound)
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

    private mutating func link(_ view: IncidentView, _ key: CellKey) {
        places[view.id] = Place(
            key: key, lastTipAt: view.lastTipAt, inCell: cells.insert(view, in: key),
            inArea: areas.insert(view, in: key.area))
    }

    private mutating func unlink(_ place: Place) {
        cells.remove(place.inCell, from: place.key)
        areas.remove(place.inArea, from: place.key.area)
    }
}
