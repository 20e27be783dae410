internal import Glibc
internal import TipModel

/// A row of a file of service requests, as a tip.
struct RequestRow {
    var id: String
    var accepted: TipAccepted
    var isFlagged: Bool
    /// The case that it is said to be a duplicate of; empty where none is named.
    var duplicateOf: String
    /// Metres east and north of the first row, for the simple score.
    var east: Double
    var north: Double
}

/// A file in the form of Boston's service requests: id, open_dt (local time), type, case_title, location, latitude, longitude,
/// source, neighborhood, duplicate, duplicate_of.
///
/// The type is the category, the location the place, and the title the text where it says more than the type. All rows share one
/// zone: a boundary that the city draws is none that an animal knows.
enum RequestFile {
    static let columns = ["id", "open_dt", "type", "case_title", "location", "latitude", "longitude", "duplicate", "duplicate_of"]

    /// - Throws: ``EvaluationError`` with the line that is wrong.
    static func read(_ file: String, from: String?, until: String?) throws -> [RequestRow] {
        let chunks = try FileChunks(file)
        var rows = CSVRows(file: file) { try chunks.next() }
        try rows.require(columns)
        var result: [RequestRow] = []
        var origin: Position?
        while let row = try rows.next() {
            func field(_ name: String) -> String { row[name] ?? "" }
            func wrong(_ name: String, _ what: String) -> EvaluationError {
                EvaluationError(file: file, line: row.line, "\(name): \(what), is '\(field(name).prefix(40))'")
            }
            let opened = field("open_dt")
            if let from, opened < from { continue }
            if let until, opened >= until { continue }
            guard let time = localTime(opened) else { throw wrong("open_dt", "must be like 2019-03-02 02:10:00") }
            if let last = result.last, time < last.accepted.receivedAt {
                throw wrong("open_dt", "rows must be in the order of time")
            }
            guard let latitude = Double(field("latitude")), (-90...90).contains(latitude) else {
                throw wrong("latitude", "must be -90…90")
            }
            guard let longitude = Double(field("longitude")), (-180...180).contains(longitude) else {
                throw wrong("longitude", "must be -180…180")
            }
            guard ["0", "1"].contains(field("duplicate")) else { throw wrong("duplicate", "must be 0 or 1") }
            let position = Position(latitude: latitude, longitude: longitude)
            let first = origin ?? position
            origin = first
            let (type, title) = (field("type"), field("case_title"))
            let number = UInt64(result.count) + 1
            let tip = Tip(
                id: TipID(high: UInt64(max(0, time.milliseconds)) << 16, low: number), observedAt: time, category: code(type),
                text: title == type ? "" : title, position: position, place: field("location"))
            result.append(
                RequestRow(
                    id: field("id"),
                    accepted: TipAccepted(
                        post: PostID(unchecked: "city"), zone: ZoneID(unchecked: "city"), tip: tip, encoded: [],
                        position: position, receivedAt: time, skewMilliseconds: 0),
                    isFlagged: field("duplicate") == "1", duplicateOf: field("duplicate_of"),
                    east: (longitude - first.longitude) * 111_194.93 * cos(first.latitude * .pi / 180),
                    north: (latitude - first.latitude) * 111_194.93))
        }
        guard !result.isEmpty else { throw EvaluationError(file: file, line: nil, "has no rows in that time") }
        return result
    }

    /// "Pick up Dead Animal" as a code: pick_up_dead_animal.
    static func code(_ text: String) -> String {
        var code = ""
        for character in text.lowercased().unicodeScalars {
            let isPlain = ("a"..."z").contains(character) || ("0"..."9").contains(character)
            if isPlain { code.unicodeScalars.append(character) } else if code.last != "_", !code.isEmpty { code += "_" }
        }
        while code.last == "_" { code.removeLast() }
        return code.isEmpty ? "none" : String(code.prefix(32))
    }

    /// "2019-03-02 02:10:00" as if it were UTC: only differences matter.
    private static func localTime(_ text: String) -> Timestamp? {
        guard text.utf8.count == 19 else { return nil }
        return Timestamp(rfc3339: String(text.prefix(10)) + "T" + String(text.suffix(8)) + "Z")
    }
}
