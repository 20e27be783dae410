import TipModel

/// An incident as a message of the Common Alerting Protocol 1.2 (OASIS, 2010). Elements stand in the order of its schema.
public struct CAPDocument: Sendable {
    /// Who sends: a name without spaces, commas, `<` and `&`.
    public static let sender = "watchpost"

    /// What a document says beyond the incident itself.
    public struct Words: Sendable {
        /// Names of the categories.
        public var event: String
        public var zone: String
        /// BCP 47.
        public var language: String

        public init(event: String, zone: String, language: String) {
            self.event = event
            self.zone = zone
            self.language = language
        }
    }

    private let incident: IncidentReport
    private let words: Words
    private let now: Int64
    private let offset: Int

    /// - Parameter offsetMinutes: from UTC to the district's time.
    public init(_ incident: IncidentReport, words: Words, nowMs: Int64, offsetMinutes: Int) {
        self.incident = incident
        self.words = words
        now = nowMs
        offset = offsetMinutes
    }

    /// The document.
    public var xml: String {
        var out = XMLText()
        out.open("alert", attributes: " xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"")
        out.element("identifier", "\(Self.sender).\(incident.id).\(incident.version)")
        out.element("sender", Self.sender)
        out.element("sent", isoTime(milliseconds: now, offsetMinutes: offset))
        out.element("status", incident.drill ? "Exercise" : "Actual")
        out.element("msgType", incident.disposition != nil ? "Cancel" : incident.version > 1 ? "Update" : "Alert")
        out.element("scope", "Restricted")
        out.element("restriction", "police use")
        if incident.version > 1 || incident.disposition != nil {
            // What it updates or cancels: the message of the incident as it was opened.
            out.element("references", "\(Self.sender),\(Self.sender).\(incident.id).1,\(isoTime(milliseconds: incident.openedAtMs, offsetMinutes: offset))")
        }
        info(&out)
        out.close("alert")
        return out.text
    }

    private func info(_ out: inout XMLText) {
        out.open("info")
        out.element("language", words.language)
        out.element("category", Self.category(incident.category))
        out.element("event", words.event)
        out.element("responseType", incident.disposition == nil ? "Assess" : "AllClear")
        out.element("urgency", incident.cap?.urgency ?? "Unknown")
        out.element("severity", incident.cap?.severity ?? "Unknown")
        out.element("certainty", incident.cap?.certainty ?? "Unknown")
        out.element("onset", isoTime(milliseconds: incident.openedAtMs, offsetMinutes: offset))
        if !incident.headline.isEmpty { out.element("headline", incident.headline) }
        for (name, value) in [("level", incident.level), ("score", "\(incident.score)"), ("phase", incident.phase), ("unit", incident.holder ?? "")]
        where !value.isEmpty {
            out.open("parameter")
            out.element("valueName", name)
            out.element("value", value)
            out.close("parameter")
        }
        out.open("area")
        out.element("areaDesc", incident.place.isEmpty ? words.zone : "\(words.zone), \(incident.place)")
        if let position = incident.position {
            // A circle's radius is in kilometres; what is not known is told as the point itself.
            let metres = min(max(Double(position.accuracyM ?? 0), 0), 100_000)
            out.element("circle", "\(fixed(position.latitude, 6)),\(fixed(position.longitude, 6)) \(fixed(metres / 1_000, 3))")
        }
        out.open("geocode")
        out.element("valueName", "zone")
        out.element("value", incident.zone)
        out.close("geocode")
        out.close("area")
        out.close("info")
    }

    /// CAP's own categories.
    private static func category(_ code: String) -> String {
        switch code {
        case "fire": "Fire"
        case "medical": "Health"
        case "traffic": "Transport"
        case "missing_person": "Rescue"
        case "hazard": "Safety"
        case "other", "service_request": "Other"
        default: "Security"
        }
    }
}

/// Decimal digits without an exponent, whatever the number's size.
func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "0" }
    let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = Int64((min(max(value, -1e9), 1e9) * scale).rounded())
    let digits = "\(scaled.magnitude)"
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return (scaled < 0 ? "-" : "") + padded.dropLast(decimals) + "." + padded.suffix(decimals)
}

/// XML as it is written, one element a line.
public struct XMLText: Sendable {
    public private(set) var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    private var depth = 0

    public init() {}

    public mutating func open(_ name: String, attributes: String = "") {
        text += indent + "<\(name)\(attributes)>\n"
        depth += 1
    }

    public mutating func close(_ name: String) {
        depth -= 1
        text += indent + "</\(name)>\n"
    }

    /// An element with text only.
    public mutating func element(_ name: String, _ value: String) { text += indent + "<\(name)>\(xmlEscaped(value))</\(name)>\n" }

    private var indent: String { String(repeating: "  ", count: depth) }
}
