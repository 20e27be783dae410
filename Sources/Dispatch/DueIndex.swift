public import TipModel

/// When each incident is to be looked at next, the earliest first: what is due costs no look at what is not, however many
/// incidents are open. A binary heap; an entry that was put off or taken out stays in it until it comes up.
public struct DueIndex: Sendable {
    private struct Entry: Sendable {
        var at: Timestamp
        var id: IncidentID

        func isBefore(_ other: Entry) -> Bool { (at, id) < (other.at, other.id) }
    }

    private var heap: [Entry] = []
    private var due: [IncidentID: Timestamp] = [:]

    public init() {}

    public var count: Int { due.count }

    /// The earliest; nil when there is none.
    public private(set) var next: Timestamp?

    /// Nil takes it out.
    public mutating func set(_ id: IncidentID, _ at: Timestamp?) {
        guard due[id] != at else { return }
        due[id] = at
        if let at { push(Entry(at: at, id: id)) }
        // Stale entries are bounded by the live ones.
        if heap.count > 2 * due.count + 64 { rebuild() }
        settle()
    }

    /// Takes the earliest out where it is not after `now`.
    public mutating func pop(now: Timestamp) -> IncidentID? {
        guard let next, next <= now, let entry = heap.first else { return nil }
        removeFirst()
        due[entry.id] = nil
        settle()
        return entry.id
    }

    /// Drops what is stale at the top.
    private mutating func settle() {
        while let first = heap.first, due[first.id] != first.at { removeFirst() }
        next = heap.first?.at
    }

    private mutating func rebuild() {
        // A sorted list is a heap.
        heap = due.map { Entry(at: $0.value, id: $0.key) }.sorted { $0.isBefore($1) }
    }

    private mutating func push(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            let (left, right) = (2 * parent + 1, 2 * parent + 2)
            var least = parent
            if left < heap.count, heap[left].isBefore(heap[least]) { least = left }
            if right < heap.count, heap[right].isBefore(heap[least]) { least = right }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
