/// Incidents by id.
///
/// Each lies in a box of its own, so that a copy of the table (for a snapshot, or a page of the board) shares them all, growing
/// moves no incident, and a change touches one. The whole keeps the meaning of a value.
public struct IncidentTable: Hashable, Sendable {
    /// Safe to share although it can change: ``IncidentTable/update(_:_:)`` changes a box only while nobody else refers to it.
    @usableFromInline
    final class Box: @unchecked Sendable {
        @usableFromInline var incident: Incident

        init(_ incident: Incident) { self.incident = incident }
    }

    @usableFromInline var boxes: [IncidentID: Box] = [:]

    public init() {}

    /// Of two with the same id the later one.
    public init(_ incidents: some Sequence<Incident>) {
        for incident in incidents { set(incident) }
    }

    public var count: Int { boxes.count }
    public var isEmpty: Bool { boxes.isEmpty }

    /// In no particular order.
    public var keys: some Collection<IncidentID> { boxes.keys }
    /// In no particular order.
    public var values: some Collection<Incident> { boxes.values.lazy.map(\.incident) }

    /// A copy, which costs more than a look at a part: see ``with(_:_:)``.
    public subscript(id: IncidentID) -> Incident? { boxes[id]?.incident }

    /// Looks at an incident where it lies; nil where it is not known. Inlined, as else all of it would be copied for the closure.
    @inlinable @inline(__always)
    public func with<Result>(_ id: IncidentID, _ body: (borrowing Incident) -> Result) -> Result? {
        guard let box = boxes[id] else { return nil }
        return body(box.incident)
    }

    public func phase(of id: IncidentID) -> Phase? { boxes[id]?.incident.phase }

    public func level(of id: IncidentID) -> UrgencyLevel? { boxes[id]?.incident.urgency.level }

    /// Changes an incident where it lies.
    /// - Returns: false where it is not known; nothing is done then.
    @discardableResult
    @inline(__always)
    mutating func update(_ id: IncidentID, _ body: (inout Incident) -> Void) -> Bool {
        guard let place = boxes.index(forKey: id) else { return false }
        if !isKnownUniquelyReferenced(&boxes.values[place]) {
            boxes.values[place] = Box(boxes.values[place].incident)
        }
        body(&boxes.values[place].incident)
        return true
    }

    /// Adds an incident, or puts it in place of the one with its id.
    mutating func set(_ incident: Incident) {
        if !update(incident.id, { $0 = incident }) { boxes[incident.id] = Box(incident) }
    }

    mutating func remove(_ id: IncidentID) { boxes[id] = nil }

    public static func == (left: IncidentTable, right: IncidentTable) -> Bool {
        guard left.count == right.count else { return false }
        return left.boxes.allSatisfy { id, box in
            guard let other = right.boxes[id] else { return false }
            return box === other || box.incident == other.incident
        }
    }

    public func hash(into hasher: inout Hasher) {
        // Of a set: the order of a dictionary says nothing.
        hasher.combine(Set(boxes.values.map(\.incident)))
    }
}
