public import TipModel

/// The `correlation` part of `triage.yaml`.
extension TriageFile {
    /// Reads the correlation rules of a file that may leave the other parts out, as one for an evaluation does.
    /// - Throws: everything that is wrong in it.
    public static func loadCorrelation(path: String) throws(SettingsError) -> CorrelationRules {
        try loading { issues in
            SettingsReader.read(path, issues: &issues) { root in
                root.isGiven("categories")
                    ? rules(root).correlation : root.section("correlation") { correlation($0, categories: nil) }
            }
        }
    }

    /// - Parameter categories: the codes that an affinity may name; nil for any.
    static func correlation(_ part: SettingsSection, categories: Set<String>?) -> CorrelationRules {
        let day = Duration.seconds(86_400)
        let points = part.section("points", points)
        let attachAt = part.points("attach_at", default: 60, in: 1...4_000)
        let suggestAt = part.points("suggest_at", default: Int(min(attachAt, 45)), in: 1...4_000)
        if suggestAt > attachAt { part.issue("suggest_at", "must be at most attach_at (\(attachAt)), is \(suggestAt)") }
        if attachAt > points.most {
            part.issue("attach_at", "no tip could ever attach: all points together are \(points.most)")
        }
        let cleared = part.section("cleared") { cleared in
            (
                grace: cleared.duration("grace", default: .seconds(600), in: .zero...day),
                follow: cleared.duration("follow", default: day, in: .zero...(day * 7))
            )
        }
        let distance = part.int("distance", default: 300, in: 10...20_000, unit: "metres")
        let span = part.int("span", default: 500, in: 10...50_000, unit: "metres")
        return CorrelationRules(
            windowMilliseconds: part.duration("window", default: .seconds(1_800), in: .seconds(60)...(day * 90)).wholeMilliseconds,
            timeScaleMilliseconds: part.duration("time_scale", default: .seconds(600), in: .seconds(1)...(day * 90))
                .wholeMilliseconds,
            maximumDistance: Double(distance),
            distanceScale: Double(part.int("distance_scale", default: 60, in: 1...20_000, unit: "metres")),
            spanMetres: Double(span),
            spanMilliseconds: part.duration("longest", default: .seconds(4 * 3_600), in: .seconds(60)...(day * 365)).wholeMilliseconds,
            postAccuracy: Float(part.int("post_accuracy", default: 80, in: 0...5_000, unit: "metres")),
            points: points, attachAt: attachAt, suggestAt: suggestAt,
            emergencyMargin: part.points("emergency_margin", default: 10, in: 0...1_000),
            clearedGraceMilliseconds: cleared.grace.wholeMilliseconds, followMilliseconds: cleared.follow.wholeMilliseconds,
            candidateBound: part.int("candidates", default: 48, in: 1...1_024, unit: "incidents"),
            affinity: affinity(part, categories), text: part.section("text", text))
    }

    private static func points(_ part: SettingsSection) -> CorrelationPoints {
        func points(_ key: String, _ value: Int) -> Int32 { part.points(key, default: value, in: 0...1_000) }
        return CorrelationPoints(
            distance: points("distance", 25), time: points("time", 60), category: points("category", 18),
            text: points("text", 28), unknownText: points("unknown_text", 7), unlike: points("unlike", 2),
            place: points("place", 4), identifier: points("identifier", 40), dwelling: points("dwelling", 12),
            appearance: points("appearance", 10), agreement: points("agreement", 8),
            contradiction: points("contradiction", 40))
    }

    /// `affinity: {fire: {hazard: 30}}`: each pair once, in either order.
    private static func affinity(_ part: SettingsSection, _ categories: Set<String>?) -> CategoryAffinity {
        let others = part.points("affinity_of_others", default: 0, in: 0...100)
        var pairs: [CategoryAffinity.Pair: Int32] = [:]
        part.section("affinity") { matrix in
            func isKnown(_ code: String, _ section: SettingsSection, _ key: String) -> Bool {
                guard let categories, !categories.contains(code) else { return true }
                let near = Suggestion.nearest(to: code, among: categories.sorted())
                section.issue(
                    key, "no category \(SettingsSection.quoted(code))" + (near.map { "; did you mean \($0)?" } ?? ""))
                return false
            }
            for one in matrix.givenKeys {
                let known = isKnown(one, matrix, one)
                matrix.section(one) { row in
                    for other in row.givenKeys {
                        let percent = row.points(other, default: nil, in: 0...100)
                        guard known, isKnown(other, row, other) else { continue }
                        if pairs.updateValue(percent, forKey: .init(one, other)) != nil {
                            row.issue(other, "\(one) and \(other) are given twice; a pair is given once, in either order")
                        }
                    }
                }
            }
        }
        return CategoryAffinity(pairs: pairs, others: others)
    }

    private static func text(_ part: SettingsSection) -> TextRules {
        func number(_ key: String, _ value: Double, in range: ClosedRange<Double>) -> Double {
            part.isGiven(key) ? part.number(key, in: range, unit: "") : value
        }
        let documents = UInt32(clamping: part.int("documents", default: 1_000, in: 1...1_000_000_000, unit: "texts"))
        var frequencies: [String: UInt32] = [:]
        part.section("frequencies") { list in
            for term in list.givenKeys.prefix(10_000) {
                let count = UInt32(clamping: list.int(term, default: nil, in: 0...1_000_000_000, unit: "texts"))
                if count > documents { list.issue(term, "occurs in more texts than there are (\(documents))") }
                frequencies[term] = count
            }
        }
        return TextRules(
            smoothing: number("smoothing", 40, in: 0...1_000), lesser: number("lesser", 0.5, in: 0...10),
            greater: number("greater", 0.5, in: 0...10), documents: documents, frequencies: frequencies)
    }
}
