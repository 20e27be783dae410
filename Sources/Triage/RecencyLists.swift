// Many lists, each ordered by (time, id), over one pool of entries linked both ways. An incident that is touched
// moves to its list's newest end in constant time and leaves nothing behind, so a list needs no compaction and a
// reader never steps over the dead. The order is a function of the contents alone, not of how they came about.

import TipModel

/// Lists of incidents, newest last, found by key. An empty list takes no memory.
///
/// Entries are numbers alone, and the views beside them: a walk looks at many entries and takes few views.
struct RecencyLists: Sendable {
    /// What a list is ordered by.
    struct Order: Comparable {
        var milliseconds: Int64
        var id: UInt64

        static func < (left: Order, right: Order) -> Bool {
            left.milliseconds != right.milliseconds ? left.milliseconds < right.milliseconds : left.id < right.id
        }
    }

    /// Names an entry until it is removed.
    typealias Handle = Int32

    struct Entry {
        /// Of the view, so that one that is too far off is passed over without a look at it.
        var whereabouts: Whereabouts
        var order: Order
        var older: Handle
        var newer: Handle
    }

    static var none: Handle { -1 }

    private(set) var entries: [Entry] = []
    /// As many as ``entries``; nil for a free one.
    private var views: [IncidentView?] = []
    private var free: [Handle] = []
    /// The newest entry of each list that is not empty.
    private var newest = ListHeads()

    /// Adds `view` by its ``IncidentView/lastTipAt`` and id.
    ///
    /// Constant time for the newest; otherwise as many steps as there are newer entries in the list, which happens
    /// only where the clock that orders them ran backwards.
    mutating func insert(_ view: IncidentView, in key: ListKey) -> Handle {
        let order = Order(milliseconds: view.lastTipAt.milliseconds, id: view.id.rawValue)
        var newer = Self.none
        var older = newest[key] ?? Self.none
        while older != Self.none, entries[Int(older)].order > order {
            newer = older
            older = entries[Int(older)].older
        }
        let entry = Entry(whereabouts: view.whereabouts, order: order, older: older, newer: newer)
        let handle: Handle
        if let reused = free.popLast() {
            handle = reused
            entries[Int(handle)] = entry
            views[Int(handle)] = view
        } else {
            handle = Handle(entries.count)
            entries.append(entry)
            views.append(view)
        }
        if older != Self.none { entries[Int(older)].newer = handle }
        if newer != Self.none { entries[Int(newer)].older = handle } else { newest[key] = handle }
        return handle
    }

    /// Constant time. `key` is the one that it was inserted with.
    mutating func remove(_ handle: Handle, from key: ListKey) {
        let entry = entries[Int(handle)]
        if entry.older != Self.none { entries[Int(entry.older)].newer = entry.newer }
        if entry.newer != Self.none {
            entries[Int(entry.newer)].older = entry.older
        } else {
            newest[key] = entry.older == Self.none ? nil : entry.older
        }
        views[Int(handle)] = nil
        free.append(handle)
    }

    /// Puts a newer view of the same incident, with the same order, in the entry's place.
    mutating func replace(_ handle: Handle, by view: IncidentView) {
        views[Int(handle)] = view
        entries[Int(handle)].whereabouts = view.whereabouts
    }

    /// The list's newest entry, nil where the list is empty.
    func newest(in key: ListKey) -> Handle? { newest[key] }

    func view(of handle: Handle) -> IncidentView? { views[Int(handle)] }
}
