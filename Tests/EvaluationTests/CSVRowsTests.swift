import Evaluation
import Testing

@Suite("CSV rows")
struct CSVRowsTests {
    /// Reads `text` in chunks of `size` bytes.
    private func rows(_ text: String, chunk size: Int = 3) -> CSVRows {
        var rest = Array(text.utf8)[...]
        return CSVRows(file: "f.csv") {
            let chunk = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            return chunk
        }
    }

    private func all(_ rows: CSVRows) throws -> [(line: Int, fields: [String])] {
        var rows = rows
        var result: [(line: Int, fields: [String])] = []
        while let row = try rows.next() { result.append((row.line, row.fields)) }
        return result
    }

    @Test("quotes, line breaks in quotes, CRLF, a byte-order mark and empty lines", arguments: [1, 2, 7, 4_096])
    func forms(chunk: Int) throws {
        let text = "\u{FEFF}a,b\r\n1,\"x, \"\"y\"\"\"\r\n\n\"two\nlines\",刀\n,\n"
        let found = try all(rows(text, chunk: chunk))
        #expect(found.map(\.fields) == [["1", "x, \"y\""], ["two\nlines", "刀"], ["", ""]])
        #expect(found.map(\.line) == [2, 4, 6])
        var named = rows(text, chunk: chunk)
        try named.require(["b", "a"])
        let row = try #require(try named.next())
        #expect(row["b"] == "x, \"y\"")
        #expect(row["a"] == "1")
        #expect(row["c"] == nil)
    }

    @Test("the last line needs no line break")
    func lastLine() throws {
        #expect(try all(rows("a,b\n1,2")).map(\.fields) == [["1", "2"]])
    }

    @Test("what is wrong is told with its line", arguments: [
        ("a,b\n1\n", 2, "has 1 fields, the header 2"),
        ("a,b\n1,2\n\"3,4\n", 3, "a quoted field does not end"),
        ("a,b\n\"1\"x,2\n", 2, "text follows a closing quote"),
    ])
    func errors(text: String, line: Int, message: String) {
        #expect(throws: EvaluationError(file: "f.csv", line: line, message)) { try all(rows(text)) }
    }

    @Test("missing columns and an empty file are named")
    func header() {
        #expect(throws: EvaluationError(file: "f.csv", line: 1, "has no column c; its columns are a, b")) {
            var rows = rows("a,b\n")
            try rows.require(["a", "c"])
        }
        #expect(throws: EvaluationError(file: "f.csv", line: nil, "is empty; a header row is needed")) {
            var rows = rows("")
            try rows.require(["a"])
        }
    }

    @Test("bytes that are no UTF-8 are an error, not a replacement")
    func notUTF8() {
        var chunks: [[UInt8]] = [Array("a\n".utf8), [0xFF, 0x0A]]
        var rows = CSVRows(file: "f.csv") { chunks.isEmpty ? nil : chunks.removeFirst() }
        #expect(throws: EvaluationError(file: "f.csv", line: 2, "is not UTF-8")) { try rows.next() }
    }
}
