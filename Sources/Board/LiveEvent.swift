import Administration
import LocalHTTP
import TipModel

/// One event of the live feed, as JSON.
struct LiveEvent: Codable, Sendable {
    struct Tip: Codable, Sendable {
        var id: String
        var post: String
        var category: String
        var text: String
        var place: String
        var panic: Bool
    }

    var sequence: UInt64
    var atMs: Int64
    var kind: String
    var lane: String
    var unit: String?
    /// Somebody must hear of it.
    var alarm: Bool
    var other: UInt64?
    var tip: Tip?
    var incident: IncidentReport

    enum CodingKeys: String, CodingKey {
        case sequence
        case atMs = "at_ms"
        case kind
        case lane
        case unit
        case alarm
        case other
        case tip
        case incident
    }

    init(_ event: FeedEvent) {
        sequence = event.sequence
        atMs = event.at.milliseconds
        kind = event.kind.name
        lane = event.lane.name
        unit = event.unit?.rawValue
        alarm = event.alarm
        other = event.other?.rawValue
        tip = event.tip.map {
            Tip(
                id: "\($0.id)", post: $0.post.rawValue, category: $0.category, text: $0.text, place: $0.place, panic: $0.panic)
        }
        incident = IncidentReport(event.incident)
    }
}

/// An event that is ready to be sent to everybody who may see it: encoded once, whoever watches.
struct LiveItem: Sendable {
    var event: FeedEvent
    /// The JSON of its ``LiveEvent``.
    var json: [UInt8]

    /// Units beyond the incident's zone that are told of it.
    var guests: [UnitID]

    init(_ event: FeedEvent, guests: [UnitID] = []) {
        self.event = event
        self.guests = guests
        json = (try? encodeJSON(LiveEvent(event))) ?? []
    }

    var sequence: SequenceNumber { event.sequence }
}

/// What a stream sends, in the form of server-sent events.
enum LiveMessage {
    /// Most incidents in one message of the board's view; when more changed, the page loads its list anew.
    static let boardIncidents = 32

    /// Each event by itself: for scripts and for the patrol's page, which must miss nothing.
    static func each(_ items: [LiveItem]) -> [UInt8] {
        var bytes: [UInt8] = []
        for item in items {
            bytes += Array("id: \(item.sequence)\nevent: \(item.event.kind.name)\ndata: ".utf8)
            bytes += item.json
            bytes += [10, 10]
        }
        return bytes
    }

    /// What changed, the newest event of each incident: for a board, which shows how things are.
    static func changes(_ items: [LiveItem]) -> [UInt8] {
        guard let last = items.last else { return [] }
        var seen: Set<IncidentID> = []
        var newest: [LiveItem] = []
        for item in items.reversed() where seen.insert(item.event.incident.id).inserted { newest.append(item) }
        // What is most urgent must not be what is left out.
        let shown = newest.sorted { $0.event.incident.urgency.level > $1.event.incident.urgency.level }.prefix(boardIncidents)
            .sorted { $0.sequence < $1.sequence }
        var bytes = Array("id: \(last.sequence)\nevent: changes\ndata: {\"sequence\":\(last.sequence),\"more\":\(newest.count > shown.count),\"events\":[".utf8)
        for (index, item) in shown.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += item.json
        }
        bytes += Array("]}\n\n".utf8)
        return bytes
    }

    /// Too much was missed to be told one by one: load the list anew, and go on from here.
    static func resync(_ head: SequenceNumber) -> [UInt8] {
        Array("id: \(head)\nevent: resync\ndata: {\"sequence\":\(head)}\n\n".utf8)
    }

    static let retryHint = Array("retry: 2000\n\n".utf8)
    static let heartbeat = Array(": still here\n\n".utf8)
}
