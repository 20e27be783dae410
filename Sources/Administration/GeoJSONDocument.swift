/// Incidents as GeoJSON (RFC 7946): each with a place is a point, longitude first.
public struct GeoJSONDocument: Encodable, Sendable {
    private struct Feature: Encodable {
        var incident: IncidentReport

        enum CodingKeys: String, CodingKey { case type, id, geometry, properties }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode("Feature", forKey: .type)
            try container.encode(incident.id, forKey: .id)
            if let position = incident.position {
                try container.encode(Geometry(coordinates: [position.longitude, position.latitude]), forKey: .geometry)
            } else {
                // RFC 7946, section 3.2: a feature without a place has null.
                try container.encodeNil(forKey: .geometry)
            }
            try container.encode(Properties(incident), forKey: .properties)
        }
    }

    private struct Geometry: Encodable {
        var type = "Point"
        var coordinates: [Double]
    }

    private struct Properties: Encodable {
        var category: String
        var level: String
        var score: Int32
        var phase: String
        var zone: String
        var place: String
        var headline: String
        var holder: String?
        var tips: UInt32
        var drill: Bool
        var openedAtMs: Int64
        var accuracyM: Float?

        enum CodingKeys: String, CodingKey {
            case category
            case level
            case score
            case phase
            case zone
            case place
            case headline
            case holder
            case tips
            case drill
            case openedAtMs = "opened_at_ms"
            case accuracyM = "accuracy_m"
        }

        init(_ incident: IncidentReport) {
            category = incident.category
            level = incident.level
            score = incident.score
            phase = incident.phase
            zone = incident.zone
            place = incident.place
            headline = incident.headline
            holder = incident.holder
            tips = incident.tips
            drill = incident.drill
            openedAtMs = incident.openedAtMs
            accuracyM = incident.position?.accuracyM
        }
    }

    private let incidents: [IncidentReport]

    public init(_ incidents: [IncidentReport]) { self.incidents = incidents }

    private enum CodingKeys: String, CodingKey { case type, features }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("FeatureCollection", forKey: .type)
        try container.encode(incidents.map { Feature(incident: $0) }, forKey: .features)
    }
}
