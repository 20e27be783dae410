import FoundationEssentials
import Hummingbird
import LocalHTTP
import Settings
import TipModel

/// The body of `POST /v1/tips`: what a program at the post, or `watchpost tip`, submits.
public struct TipSubmission: Codable, Sendable, Hashable {
    /// Where it was seen, WGS 84.
    public struct Place: Codable, Sendable, Hashable {
        /// Degrees north, −90…90.
        public var latitude: Double
        /// Degrees east, −180…180.
        public var longitude: Double
        /// 68 % radius in metres, 0…100000; absent or 0 where unknown.
        public var accuracyM: Double?

        enum CodingKeys: String, CodingKey {
            case latitude, longitude
            case accuracyM = "accuracy_m"
        }

        /// A place; checked when it is submitted.
        public init(latitude: Double, longitude: Double, accuracyM: Double? = nil) {
            self.latitude = latitude
            self.longitude = longitude
            self.accuracyM = accuracyM
        }
    }

    /// When it was seen: milliseconds since 1970, or an ISO 8601 text with its zone.
    public enum Moment: Codable, Sendable, Hashable {
        case milliseconds(Int64)
        case text(String)

        /// A number or a text.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int64.self) {
                self = .milliseconds(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }

        /// A number or a text.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .milliseconds(let number): try container.encode(number)
            case .text(let text): try container.encode(text)
            }
        }
    }

    /// A category's code; which exist is the daemon's configuration.
    public var category: String
    /// At most 4,000 bytes of UTF-8; may be empty.
    public var text: String?
    /// Where, in words; at most 240 bytes.
    public var place: String?
    /// A pseudonym or staff number; at most 64 bytes.
    public var reporter: String?
    /// The panic button.
    public var panic: Bool?
    /// A drill.
    public var drill: Bool?
    /// Absent where unknown.
    public var position: Place?
    /// Absent: now.
    public var observedAt: Moment?
    /// BCP 47; at most 35 bytes.
    public var language: String?
    /// A ULID or UUIDv7 that the submitter made for this tip, so that it may submit it again without making two.
    public var id: String?
    /// SHA-256 in hexadecimal of photos that this post keeps (`POST /v1/photos`); at most ``mostPhotos``.
    public var photos: [String]?
    /// Members of the body that are no fields of a tip.
    private var unknown: [String] = []

    enum CodingKeys: String, CodingKey, CaseIterable {
        case category, text, place, reporter, panic, drill, position, language, id, photos
        case observedAt = "observed_at"
    }

    /// A submission; checked by the agent.
    public init(
        category: String, text: String? = nil, place: String? = nil, reporter: String? = nil, panic: Bool? = nil,
        drill: Bool? = nil, position: Place? = nil, observedAt: Moment? = nil, language: String? = nil, id: String? = nil,
        photos: [String]? = nil
    ) {
        self.category = category
        self.text = text
        self.place = place
        self.reporter = reporter
        self.panic = panic
        self.drill = drill
        self.position = position
        self.observedAt = observedAt
        self.language = language
        self.id = id
        self.photos = photos
    }

    /// Photos of one tip.
    public static let mostPhotos = 4

    /// Reads the JSON object; fields that no tip has are remembered and refused with their names.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        category = try fields.decode(String.self, forKey: .category)
        text = try fields.decodeIfPresent(String.self, forKey: .text)
        place = try fields.decodeIfPresent(String.self, forKey: .place)
        reporter = try fields.decodeIfPresent(String.self, forKey: .reporter)
        panic = try fields.decodeIfPresent(Bool.self, forKey: .panic)
        drill = try fields.decodeIfPresent(Bool.self, forKey: .drill)
        position = try fields.decodeIfPresent(Place.self, forKey: .position)
        observedAt = try fields.decodeIfPresent(Moment.self, forKey: .observedAt)
        language = try fields.decodeIfPresent(String.self, forKey: .language)
        photos = try fields.decodeIfPresent([String].self, forKey: .photos)
        id = try fields.decodeIfPresent(String.self, forKey: .id)
        unknown = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
            .filter { CodingKeys(stringValue: $0) == nil }.sorted()
    }
}

/// Every key that a JSON object has.
private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
}

extension TipSubmission {
    /// The tip, checked against ``TipLimits``.
    /// - Parameter newID: used when the submitter made none.
    /// - Throws: a refusal with status 422 that names the field and its limit.
    func draft(
        newID: TipID, clock: PostClock, maxAge: Duration, expressCategories: Set<String>
    ) throws(JSONRefusal) -> TipDraft {
        // A misspelt "panic" must not pass for a tip without one.
        if let name = unknown.first {
            throw Self.invalid("unknown_field", name, "there is no such field; a tip has \(Self.fieldNames)")
        }
        guard !category.isEmpty else { throw Self.invalid("invalid_field", "category", "must not be empty") }
        try Self.limit("category", category, TipLimits.categoryBytes)
        try Self.limit("text", text, TipLimits.textBytes)
        try Self.limit("place", place, TipLimits.placeBytes)
        try Self.limit("reporter", reporter, TipLimits.reporterBytes)
        try Self.limit("language", language, TipLimits.languageBytes)
        let tip = Tip(
            id: try checkedID(clock: clock, maxAge: maxAge) ?? newID, observedAt: try moment() ?? clock.time.now(),
            category: category, text: text ?? "", position: try checkedPosition(), place: place ?? "",
            reporter: reporter ?? "", panic: panic ?? false, drill: drill ?? false, attachments: try checkedPhotos(),
            language: language ?? "")
        return TipDraft(
            tip: tip, isExpress: tip.panic || expressCategories.contains(tip.category), isTimeGiven: observedAt != nil)
    }

    private static let fieldNames = CodingKeys.allCases.map(\.rawValue).sorted().joined(separator: ", ")

    private func checkedPosition() throws(JSONRefusal) -> Position? {
        guard let position else { return nil }
        guard abs(position.latitude) <= 90 else {
            throw Self.invalid("invalid_field", "position.latitude", "must be -90…90 degrees")
        }
        guard abs(position.longitude) <= 180 else {
            throw Self.invalid("invalid_field", "position.longitude", "must be -180…180 degrees")
        }
        let accuracy = position.accuracyM ?? 0
        guard (0...100_000).contains(accuracy) else {
            throw Self.invalid("invalid_field", "position.accuracy_m", "must be 0…100000 metres")
        }
        return Position(latitude: position.latitude, longitude: position.longitude, accuracy: Float(accuracy))
    }

    private func checkedPhotos() throws(JSONRefusal) -> [[UInt8]] {
        let photos = photos ?? []
        guard photos.count <= Self.mostPhotos else {
            throw Self.invalid("too_large", "photos", "at most \(Self.mostPhotos), has \(photos.count)")
        }
        var hashes: [[UInt8]] = []
        for text in photos {
            guard let hash = unhex(text), hash.count == 32 else {
                throw Self.invalid("invalid_field", "photos", "each must be a SHA-256 of 64 hexadecimal digits")
            }
            if !hashes.contains(hash) { hashes.append(hash) }
        }
        return hashes
    }

    private func moment() throws(JSONRefusal) -> Timestamp? {
        let milliseconds: Int64?
        switch observedAt {
        case nil: return nil
        case .milliseconds(let number): milliseconds = number
        case .text(let text):
            let plain = try? Date(text, strategy: .iso8601)
            let date = plain ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            milliseconds = date.flatMap { Int64(exactly: ($0.timeIntervalSince1970 * 1_000).rounded()) }
        }
        guard let milliseconds, milliseconds > 0 else {
            throw Self.invalid(
                "invalid_field", "observed_at", "must be milliseconds since 1970 or ISO 8601 with a zone, such as 2025-11-24T02:00:00Z")
        }
        return Timestamp(milliseconds: milliseconds)
    }

    /// Another kind of UUID would decode as well, and the daemon would then refuse it as too old or from the future,
    /// where its submitter no longer sees it.
    private func checkedID(clock: PostClock, maxAge: Duration) throws(JSONRefusal) -> TipID? {
        guard let text = id else { return nil }
        guard let id = TipID(text) else {
            throw Self.invalid("invalid_field", "id", "must be a ULID (26 characters) or a UUIDv7")
        }
        let fits = [clock.idTime, clock.time.now()].contains { time in
            let age = time.milliseconds(since: id.madeAt)
            return age <= maxAge.milliseconds && age >= -TipLimits.futureMilliseconds
        }
        guard fits else {
            throw Self.invalid("invalid_field", "id", "must be a ULID or UUIDv7 that was made for this tip now; its time is not near now")
        }
        return id
    }

    private static func limit(_ field: String, _ text: String?, _ bytes: Int) throws(JSONRefusal) {
        let count = text?.utf8.count ?? 0
        guard count <= bytes else { throw invalid("too_large", field, "may have at most \(bytes) bytes of UTF-8, has \(count)") }
    }

    static func invalid(_ code: String, _ field: String, _ message: String) -> JSONRefusal {
        JSONRefusal(.unprocessableContent, code: code, message: "\(field): \(message)", field: field)
    }
}
