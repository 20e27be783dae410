public import TipModel

/// The fitted table that `urgency.wording.file` names: one term a line, tab-separated, `term routine priority urgent emergency`,
/// each weight in hundredths of a logit. `@bias`, `@night`, `@category.CODE` and `@mark.CODE` are no words. Lines that begin with # are
/// comments. `watchpost evaluate wording … --fit FILE` writes it.
public enum WordingFile {
    /// Largest file that is read.
    static let maximumBytes = 8 << 20
    /// Most terms.
    public static let maximumTerms = 100_000
    /// UTF-8 bytes of a term.
    public static let termBytes = 96
    /// Bound of a weight, either way.
    public static let weightBound: Int32 = 10_000

    /// The table as text, in the order of terms, under a heading of comment lines.
    public static func text(_ rules: WordingRules, heading: [String]) -> String {
        var text = heading.map { "# " + $0 + "\n" }.joined()
        func add(_ name: String, _ weights: WordingRules.Weights) {
            text += "\(name)\t\(weights.routine)\t\(weights.priority)\t\(weights.urgent)\t\(weights.emergency)\n"
        }
        add("@bias", rules.bias)
        add("@night", rules.night)
        for (code, weights) in rules.categories.sorted(by: { $0.key < $1.key }) { add("@category." + code, weights) }
        for (code, weights) in rules.marks.sorted(by: { $0.key < $1.key }) { add("@mark." + code, weights) }
        for (term, weights) in rules.terms.sorted(by: { $0.key < $1.key }) { add(term, weights) }
        return text
    }

    /// Takes the table at `path` into `rules`.
    /// - Returns: what is wrong with it, with its line; nil where nothing is.
    static func read(_ path: String, into rules: inout WordingRules) -> String? {
        let content: FileBytes
        do { content = try FileBytes.read(path, limit: maximumBytes) } catch { return "\(path): \(error.message)" }
        guard let text = String(validating: content.bytes, as: UTF8.self) else { return "\(path): is not UTF-8 text" }
        rules.terms.reserveCapacity(content.bytes.count / 32)
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            if line.isEmpty || line.hasPrefix("#") { continue }
            if let wrong = take(line, into: &rules) { return "\(path):\(number): \(wrong)" }
        }
        return rules.terms.isEmpty ? "\(path): has no terms" : nil
    }

    private static func take(_ line: Substring, into rules: inout WordingRules) -> String? {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 5 else { return "must have 5 fields between tabs, has \(fields.count)" }
        let term = String(fields[0])
        guard (1...termBytes).contains(term.utf8.count) else {
            return "a term has 1…\(termBytes) bytes, this one \(term.utf8.count)"
        }
        var numbers: [Int32] = []
        for field in fields[1...] {
            guard let number = Int32(field), abs(Int64(number)) <= Int64(weightBound) else {
                return "a weight is a whole number within ±\(weightBound), not \(SettingsSection.quoted(String(field)))"
            }
            numbers.append(number)
        }
        let weights = WordingRules.Weights(
            routine: numbers[0], priority: numbers[1], urgent: numbers[2], emergency: numbers[3])
        switch term {
        case "@bias": rules.bias = weights
        case "@night": rules.night = weights
        case _ where term.hasPrefix("@category."): rules.categories[String(term.dropFirst(10))] = weights
        case _ where term.hasPrefix("@mark."): rules.marks[String(term.dropFirst(6))] = weights
        default:
            guard rules.terms.count < maximumTerms else { return "at most \(maximumTerms) terms are possible" }
            guard rules.terms.updateValue(weights, forKey: term) == nil else {
                return "\(SettingsSection.quoted(term)) is given twice"
            }
        }
        return nil
    }
}

extension TriageFile {
    /// The `wording` part of the `urgency` section; nil where it names no file.
    static func wording(_ part: SettingsSection) -> WordingRules? {
        let path = part.path("file", default: "")
        var rules = WordingRules(
            twoLevelsCost: Int32(part.int("two_levels_cost", default: 3, in: 1...100, unit: "levels")),
            threeLevelsCost: Int32(part.int("three_levels_cost", default: 4, in: 1...100, unit: "levels")),
            doubtPercent: Int32(part.int("doubt_percent", default: 10, in: 0...100, unit: "%")))
        guard !path.isEmpty else { return nil }
        if let wrong = WordingFile.read(path, into: &rules) { part.issue("file", wrong) }
        return rules
    }
}
