// RFC 4180, streamed: a file may be larger than memory. Quotes, doubled quotes, line breaks inside quotes, CRLF and a
// byte-order mark are read; a row that is wrong is an error with its line, never a guess.

/// What is wrong with an evaluation file, for a person.
public struct EvaluationError: Error, Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// Line from 1; nil where the whole file is meant.
    public var line: Int?
    public var message: String

    public init(file: String, line: Int?, _ message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    public var description: String { line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)" }
}

/// One row, its fields found by the header's names.
public struct CSVRow: Sendable {
    /// Line of its first character, from 1.
    public let line: Int
    public let fields: [String]
    fileprivate let columns: CSVHeader

    /// The field under `name`; nil where the header has no such column.
    public subscript(_ name: String) -> String? { columns.index(name).map { fields[$0] } }
}

/// The names of the columns.
final class CSVHeader: Sendable {
    let names: [String]
    private let indices: [String: Int]

    init(_ names: [String]) {
        self.names = names
        indices = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func index(_ name: String) -> Int? { indices[name] }
}

/// Reads rows one after another from chunks of bytes, of a file or of what unpacks it.
public struct CSVRows {
    /// The next bytes, of any number; empty or nil at the end.
    public typealias Source = () throws -> [UInt8]?

    /// Largest field, in bytes.
    public static let fieldBytes = 1 << 20

    private let file: String
    private let separator: UInt8
    private let source: Source
    private var header: CSVHeader?
    private var chunk: [UInt8] = []
    private var position = 0
    private var line = 1
    private var isAtEnd = false

    /// - Parameters:
    ///   - file: as messages name it.
    ///   - separator: `,`, or a tab for a TSV file.
    ///   - header: names where the file has no header row of its own.
    public init(file: String, separator: UInt8 = UInt8(ascii: ","), header: [String]? = nil, source: @escaping Source) {
        self.file = file
        self.separator = separator
        self.source = source
        self.header = header.map { CSVHeader($0) }
    }

    /// Reads the header and checks that it has each of `columns`.
    /// - Throws: ``EvaluationError`` naming those that are missing.
    public mutating func require(_ columns: [String]) throws {
        if header == nil {
            guard var names = try fields() else { throw EvaluationError(file: file, line: nil, "is empty; a header row is needed") }
            if let first = names.first, first.hasPrefix("\u{FEFF}") { names[0] = String(first.dropFirst()) }
            header = CSVHeader(names)
        }
        let missing = columns.filter { header?.index($0) == nil }
        guard missing.isEmpty else {
            throw EvaluationError(
                file: file, line: 1,
                "has no column \(missing.joined(separator: ", ")); its columns are \(header?.names.joined(separator: ", ") ?? "")")
        }
    }

    /// The next row; nil at the end. Empty lines are passed over.
    /// - Throws: ``EvaluationError`` with the line.
    public mutating func next() throws -> CSVRow? {
        if header == nil { try require([]) }
        guard let header else { return nil }
        while true {
            let begin = line
            guard let fields = try fields() else { return nil }
            if fields.count == 1, fields[0].isEmpty { continue }
            guard fields.count == header.names.count else {
                throw EvaluationError(
                    file: file, line: begin, "has \(fields.count) fields, the header \(header.names.count)")
            }
            return CSVRow(line: begin, fields: fields, columns: header)
        }
    }

    // MARK: - Bytes

    private mutating func byte() throws -> UInt8? {
        if position == chunk.count {
            guard !isAtEnd else { return nil }
            chunk = try source() ?? []
            position = 0
            if chunk.isEmpty {
                isAtEnd = true
                return nil
            }
        }
        position += 1
        return chunk[position - 1]
    }

    private mutating func peek() throws -> UInt8? {
        guard let next = try byte() else { return nil }
        position -= 1
        return next
    }

    /// The fields of the next line; nil at the end.
    private mutating func fields() throws -> [String]? {
        guard try peek() != nil else { return nil }
        var result: [String] = []
        while true {
            let (field, isLast) = try field()
            result.append(field)
            if isLast { return result }
        }
    }

    private mutating func field() throws -> (text: String, isLast: Bool) {
        var bytes: [UInt8] = []
        let begin = line
        let isQuoted = try peek() == UInt8(ascii: "\"")
        if isQuoted {
            _ = try byte()
            while true {
                guard let next = try byte() else { throw EvaluationError(file: file, line: begin, "a quoted field does not end") }
                if next == UInt8(ascii: "\"") {
                    guard try peek() == UInt8(ascii: "\"") else { break }
                    _ = try byte()
                }
                if next == UInt8(ascii: "\n") { line += 1 }
                bytes.append(next)
                if bytes.count > Self.fieldBytes { throw EvaluationError(file: file, line: begin, "a field is longer than 1 MiB") }
            }
        }
        while let next = try byte() {
            if next == separator { return (try text(bytes, begin), false) }
            if next == UInt8(ascii: "\n") {
                line += 1
                return (try text(bytes, begin), true)
            }
            if next == UInt8(ascii: "\r") {
                let after = try peek()
                if after == UInt8(ascii: "\n") || after == nil { continue }
            }
            guard !isQuoted else { throw EvaluationError(file: file, line: line, "text follows a closing quote") }
            bytes.append(next)
            if bytes.count > Self.fieldBytes { throw EvaluationError(file: file, line: begin, "a field is longer than 1 MiB") }
        }
        return (try text(bytes, begin), true)
    }

    private func text(_ bytes: [UInt8], _ begin: Int) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw EvaluationError(file: file, line: begin, "is not UTF-8")
        }
        return text
    }
}
