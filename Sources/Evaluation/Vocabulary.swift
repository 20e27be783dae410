internal import TipModel

/// How common Chinese characters, pairs of them and words are in the texts of CSV files with a column `text`: what the
/// `frequencies` of the correlation rules are.
public struct Vocabulary: Sendable, Codable, Equatable {
    public var documents = 0
    public var frequencies: [String: Int] = [:]

    /// Terms in at least `least` of the texts.
    /// - Throws: ``EvaluationError`` with the line that is wrong.
    public init(files: [String], least: Int) throws {
        for file in files {
            let chunks = try FileChunks(file)
            var rows = CSVRows(file: file) { try chunks.next() }
            try rows.require(["text"])
            while let row = try rows.next() {
                documents += 1
                for term in Self.terms(of: row["text"] ?? "") { frequencies[term, default: 0] += 1 }
            }
        }
        frequencies = frequencies.filter { $0.value >= least }
    }

    /// The most common first, then in the order of their characters.
    public var ranked: [(term: String, count: Int)] {
        frequencies.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    /// The terms that correlation weighs one by one; parts of Latin words are left out, as there are too many.
    private static func terms(of text: String) -> Set<String> {
        var terms: Set<String> = []
        var word = ""
        var previous: Character?
        for character in text.lowercased() {
            if character.isASCII, character.isLetter || character.isNumber {
                word.append(character)
                previous = nil
                continue
            }
            if !word.isEmpty { terms.insert(word) }
            word = ""
            let isHan = character.unicodeScalars.first.map { (0x3400...0x9FFF).contains($0.value) } ?? false
            if isHan {
                terms.insert(String(character))
                if let previous { terms.insert(String([previous, character])) }
            }
            previous = isHan ? character : nil
        }
        if !word.isEmpty { terms.insert(word) }
        return terms
    }
}
