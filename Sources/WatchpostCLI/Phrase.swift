/// What stands between `pieces`, when `text` is made of them in this order; nil otherwise. An empty first or last piece
/// leaves that end open. For sentences of programs that know English only.
func phrase(_ text: String, _ pieces: String...) -> [String]? {
    guard let first = pieces.first, text.hasPrefix(first) else { return nil }
    var rest = text.dropFirst(first.count)
    var parts: [String] = []
    for (index, piece) in pieces.enumerated().dropFirst() {
        if index == pieces.count - 1 {
            guard rest.hasSuffix(piece) else { return nil }
            return parts + [String(rest.dropLast(piece.count))]
        }
        guard let range = rest.firstRange(of: piece) else { return nil }
        parts.append(String(rest[..<range.lowerBound]))
        rest = rest[range.upperBound...]
    }
    return nil
}
