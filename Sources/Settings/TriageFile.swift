public import TipModel

/// `triage.yaml`: categories, correlation and urgency. config/triage.yaml documents every key.
public enum TriageFile {
    /// Reads and checks the file.
    /// - Throws: everything that is wrong in it.
    public static func load(path: String) throws(SettingsError) -> TriageRules {
        try loading { issues in read(path, issues: &issues) }
    }

    static func read(_ path: String, issues: inout [SettingsIssue]) -> TriageRules? {
        SettingsReader.read(path, issues: &issues, body: rules)
    }

    static func rules(_ root: SettingsSection) -> TriageRules {
        TriageRules(
            categories: categories(root), correlation: root.section("correlation", correlation),
            urgency: root.section("urgency", urgency))
    }

    // MARK: - Categories

    private static func categories(_ root: SettingsSection) -> [String: Category] {
        var compatible: [String: (section: SettingsSection, items: [SettingsSection.Item])] = [:]
        let list = root.items("categories", count: 1...128) { item in
            let code = item.code("code")
            let others = item.codes("compatible", count: 0...32) ?? []
            if !code.isEmpty, compatible.updateValue((item, others), forKey: code) != nil {
                item.issue("code", "category \(code) is given twice")
            }
            return Category(
                code: code, nameZh: item.text("zh", default: nil, bytes: 1...64),
                nameEn: item.text("en", default: nil, bytes: 1...64), base: item.points("base", default: nil),
                floor: item.level("floor", default: .routine), compatible: Set(others.map(\.text)))
        }
        // One-sided compatibility would make the outcome depend on which tip came first.
        for (code, entry) in compatible {
            for other in entry.items {
                if other.text == code {
                    entry.section.issue("compatible", "\(code) is compatible with itself anyway", line: other.line)
                } else if let back = compatible[other.text] {
                    if !back.items.contains(where: { $0.text == code }) {
                        entry.section.issue(
                            "compatible", "\(other.text) does not list \(code) in turn", line: other.line)
                    }
                } else {
                    let near = Suggestion.nearest(to: other.text, among: compatible.keys.sorted())
                    entry.section.issue(
                        "compatible",
                        "no category \(SettingsSection.quoted(other.text))"
                            + (near.map { "; did you mean \($0)?" } ?? ""),
                        line: other.line)
                }
            }
        }
        return Dictionary(list.map { ($0.code, $0) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: - Correlation

    private static func correlation(_ part: SettingsSection) -> CorrelationRules {
        let rules = CorrelationRules(
            windowMilliseconds: part.duration(
                "window", default: .seconds(1_800), in: .seconds(60)...Duration.seconds(86_400)
            ).wholeMilliseconds,
            maximumDistance: Double(part.int("distance", default: 300, in: 10...20_000, unit: "metres")),
            distancePoints: part.points("distance_points", default: 40),
            timePoints: part.points("time_points", default: 20),
            categoryPoints: part.points("category_points", default: 30),
            textPoints: part.points("text_points", default: 30),
            attachAt: part.points("attach_at", default: 60, in: 1...400),
            candidateBound: part.int("candidates", default: 48, in: 1...1_024, unit: "incidents"))
        let most = rules.distancePoints + rules.timePoints + rules.categoryPoints + rules.textPoints
        if rules.attachAt > most {
            part.issue("attach_at", "no tip could ever attach: all points together are \(most)")
        }
        return rules
    }

    // MARK: - Urgency

    private static func urgency(_ part: SettingsSection) -> UrgencyRules {
        var codes: Set<String> = []
        let words = part.items("words", count: 0...64) { item in
            let rule = wordRule(item)
            if !rule.code.isEmpty, !codes.insert(rule.code).inserted {
                item.issue("code", "word rule \(rule.code) is given twice")
            }
            return rule
        }
        let negations = part.texts("negations", count: 0...64, bytes: 1...48)?.map(\.text) ?? []
        let reach = part.int("negation_reach", default: 4, in: 0...32, unit: "characters")
        let night = part.section("night") { night in
            (
                from: night.int("from", default: 22, in: 0...23, unit: "o'clock"),
                until: night.int("until", default: 6, in: 0...23, unit: "o'clock"),
                points: night.points("points", default: 10, in: -50...50),
                offset: utcOffset(night)
            )
        }
        let corroboration = part.section("corroboration") { corroboration in
            let points = corroboration.points("points", default: 8)
            let maximum = corroboration.points("maximum", default: 24)
            if maximum < points { corroboration.issue("maximum", "must be at least points (\(points)), is \(maximum)") }
            return (points: points, maximum: maximum)
        }
        let panic = part.points("panic_points", default: 100)
        let levels = part.section("levels") { levels in
            let priority = levels.points("priority", default: 30, in: 1...100)
            let urgent = levels.points("urgent", default: 55, in: 1...100)
            let emergency = levels.points("emergency", default: 80, in: 1...100)
            if urgent <= priority { levels.issue("urgent", "must be above priority (\(priority)), is \(urgent)") }
            if emergency <= urgent { levels.issue("emergency", "must be above urgent (\(urgent)), is \(emergency)") }
            return (priority: priority, urgent: urgent, emergency: emergency)
        }
        return UrgencyRules(
            words: words, negations: negations, negationReach: reach, nightFrom: night.from, nightUntil: night.until,
            nightPoints: night.points, utcOffsetMinutes: night.offset, corroborationPoints: corroboration.points,
            corroborationMaximum: corroboration.maximum, panicPoints: panic, priorityAt: levels.priority,
            urgentAt: levels.urgent, emergencyAt: levels.emergency)
    }

    private static func wordRule(_ item: SettingsSection) -> WordRule {
        let phrases = item.texts("phrases", required: true, count: 1...256, bytes: 1...96) ?? []
        let exceptions = item.texts("exceptions", count: 0...256, bytes: 1...96) ?? []
        let said = Set(phrases.map(\.text))
        for exception in exceptions where said.contains(exception.text) {
            item.issue(
                "exceptions", "\(SettingsSection.quoted(exception.text)) is also a phrase, which could then never match",
                line: exception.line)
        }
        return WordRule(
            code: item.code("code"), phrases: phrases.map(\.text),
            points: item.points("points", default: nil, in: -100...100),
            floor: item.optionalChoice("floor", from: SettingsSection.levelNames),
            negatable: item.flag("negatable", default: true), exceptions: exceptions.map(\.text))
    }

    /// `+08:00` in minutes.
    private static func utcOffset(_ part: SettingsSection) -> Int {
        let text = part.text("utc_offset", default: "+08:00", bytes: 1...16)
        let bytes = Array(text.utf8)
        guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            bytes[3] == UInt8(ascii: ":"),
            [1, 2, 4, 5].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[$0]) })
        else {
            part.issue("utc_offset", "must be like '+08:00' (in quotes), is \(SettingsSection.quoted(text))")
            return 480
        }
        func digit(_ index: Int) -> Int { Int(bytes[index]) - 48 }
        let hours = digit(1) * 10 + digit(2), minutes = digit(4) * 10 + digit(5)
        guard hours <= 14, minutes < 60 else {
            part.issue("utc_offset", "must be -14:59…+14:59, is \(text)")
            return 480
        }
        return (bytes[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }
}

/// Runs a loader and throws what it collected.
func loading<Value>(_ load: (inout [SettingsIssue]) -> Value?) throws(SettingsError) -> Value {
    var issues: [SettingsIssue] = []
    let value = load(&issues)
    guard let value, issues.isEmpty else { throw SettingsError(issues: issues) }
    return value
}
