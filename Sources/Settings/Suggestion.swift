/// "Did you mean …": the nearest of some known words.
enum Suggestion {
    /// The nearest candidate within a third of the word's length, at least 2 edits; ties go to the first. Words of one or
    /// two letters are near to everything and get none.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        guard (3...64).contains(word.utf8.count) else { return nil }
        let limit = word.utf8.count == 3 ? 1 : max(2, word.utf8.count / 3)
        var best: (word: String, distance: Int)?
        for candidate in candidates where candidate != word {
            let distance = edits(Array(word.utf8), Array(candidate.utf8))
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// Levenshtein distance.
    private static func edits(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substituted = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
