internal import TipModel

// The `urgency` section of triage.yaml.
extension TriageFile {
    static func urgency(_ part: SettingsSection) -> UrgencyRules {
        let lexicon = lexicon(part)
        let night = part.section("night") { night in
            (
                from: night.int("from", default: 22, in: 0...23, unit: "o'clock"),
                until: night.int("until", default: 6, in: 0...23, unit: "o'clock"),
                points: night.points("points", default: 3, in: -50...50),
                offset: night.utcOffset()
            )
        }
        let corroboration = part.section("corroboration") { $0.steps("points", default: [8, 5, 3], falling: true) }
        let record = part.section("track_record") { record in
            TrackRecordRules(
                priorReal: Int32(record.int("prior_real", default: 8, in: 1...1_000, unit: "incidents")),
                priorFalse: Int32(record.int("prior_false", default: 2, in: 1...1_000, unit: "incidents")),
                bound: record.points("bound", default: 6, in: 0...30))
        }
        let place = part.section("repeat_place") { place in
            RepeatPlaceRules(
                days: Int32(place.int("days", default: 30, in: 1...365, unit: "days")),
                points: place.steps("points", default: [3, 2, 1], falling: true))
        }
        let waiting = part.section("claim_within") { waiting in
            func limit(_ level: UrgencyLevel, _ value: Duration) -> (UrgencyLevel, Int64) {
                (level, waiting.duration(level.name, default: value, in: .seconds(1)...Duration.seconds(604_800)).wholeMilliseconds)
            }
            return WaitingRules(
                claimWithin: Dictionary(uniqueKeysWithValues: [
                    limit(.emergency, .seconds(30)), limit(.urgent, .seconds(120)), limit(.priority, .seconds(1_800)),
                    limit(.routine, .seconds(86_400)),
                ]))
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
            lexicon: lexicon, nightFrom: night.from, nightUntil: night.until, nightPoints: night.points,
            utcOffsetMinutes: night.offset, corroborationPoints: corroboration, trackRecord: record, repeatPlace: place,
            waiting: waiting, panicPoints: panic, priorityAt: levels.priority, urgentAt: levels.urgent,
            emergencyAt: levels.emergency)
    }

    // MARK: - Words

    private static func lexicon(_ part: SettingsSection) -> Lexicon {
        var codes: Set<String> = []
        let words = part.items("words", count: 0...160) { item in
            let rule = wordRule(item, known: codes)
            if !rule.code.isEmpty, !codes.insert(rule.code).inserted {
                item.issue("code", "word rule \(rule.code) is given twice")
            }
            return rule
        }
        var contextCodes: Set<String> = []
        let contexts = part.items("contexts", required: false, count: 0...32) { item in
            let rule = contextRule(item, words: codes)
            if !rule.code.isEmpty, !contextCodes.insert(rule.code).inserted {
                item.issue("code", "context \(rule.code) is given twice")
            }
            return rule
        }
        let negations = part.section("negations") { negations in
            NegationRules(
                before: phrases(negations, "before"), adjacent: phrases(negations, "adjacent"),
                after: phrases(negations, "after"), exceptions: phrases(negations, "exceptions"),
                reach: negations.int("reach", default: 4, in: 0...32, unit: "characters"))
        }
        return Lexicon(
            words: words, contexts: contexts, negations: negations, clauseWords: phrases(part, "clause_words"),
            gap: part.int("gap", default: 8, in: 0...32, unit: "characters"))
    }

    private static func phrases(_ part: SettingsSection, _ key: String, required: Bool = false) -> [String] {
        let texts = part.texts(key, required: required, count: (required ? 1 : 0)...1_024, bytes: 1...96) ?? []
        for text in texts where text.text.hasPrefix("~") || text.text.hasSuffix("~") || text.text.contains("~~") {
            part.issue(key, "\(SettingsSection.quoted(text.text)): ~ stands between two parts", line: text.line)
        }
        return texts.map(\.text)
    }

    private static func wordRule(_ item: SettingsSection, known: Set<String>) -> WordRule {
        let code = item.code("code")
        let needs = (item.texts("needs", count: 0...8, bytes: 1...200) ?? []).map { need in
            let choices = need.text.split(separator: "|").map { String($0.filter { $0 != " " }) }
            for choice in choices { check(choice, item, "needs", need.line, known) }
            return choices
        }
        let unless = (item.texts("unless", count: 0...32, bytes: 1...48) ?? []).map { other in
            check(other.text, item, "unless", other.line, known)
            return other.text
        }
        let said = phrases(item, "phrases", required: needs.isEmpty)
        let exceptions = item.texts("exceptions", count: 0...1_024, bytes: 1...96) ?? []
        for exception in exceptions where said.contains(exception.text) {
            item.issue(
                "exceptions", "\(SettingsSection.quoted(exception.text)) is also a phrase, which could then never match",
                line: exception.line)
        }
        let floor = item.optionalChoice("floor", from: SettingsSection.levelNames)
        let cap = item.optionalChoice("cap", from: SettingsSection.levelNames)
        if let floor, let cap, floor > cap { item.issue("cap", "must be at least the floor") }
        return WordRule(
            code: code, phrases: said, points: item.points("points", default: 0, in: -100...100), floor: floor, cap: cap,
            negatable: item.flag("negatable", default: true), exceptions: exceptions.map(\.text), needs: needs, unless: unless)
    }

    private static func check(_ code: String, _ item: SettingsSection, _ key: String, _ line: Int?, _ known: Set<String>) {
        if known.contains(code) || code == "night" || code.hasPrefix("category.") { return }
        let near = Suggestion.nearest(to: code, among: known.sorted()).map { "; did you mean \($0)?" } ?? ""
        item.issue(key, "no rule \(SettingsSection.quoted(code)) stands before this one" + near, line: line)
    }

    private static func contextRule(_ item: SettingsSection, words: Set<String>) -> ContextRule {
        func rules(_ key: String) -> Set<String> {
            Set(
                (item.texts(key, count: 0...64, bytes: 1...48) ?? []).map { code in
                    if !words.contains(code.text) {
                        item.issue(key, "no word rule \(SettingsSection.quoted(code.text))", line: code.line)
                    }
                    return code.text
                })
        }
        return ContextRule(
            code: item.code("code"), phrases: phrases(item, "phrases", required: true),
            exceptions: phrases(item, "exceptions"), negatable: item.flag("negatable", default: true),
            scope: item.choice("scope", default: .sentence, from: ContextRule.Scope.allCases.map { ("\($0)", $0) }),
            side: item.choice("side", default: .both, from: ContextRule.Side.allCases.map { ("\($0)", $0) }),
            limit: item.optionalChoice("limit", from: SettingsSection.levelNames),
            cap: item.optionalChoice("cap", from: SettingsSection.levelNames), spares: rules("spares"),
            until: rules("until"))
    }
}

extension SettingsSection {
    /// A short list of points that do not grow.
    func steps(_ key: String, default value: [Int32], falling: Bool) -> [Int32] {
        guard let items = texts(key, count: 0...16, allowsRepeats: true) else { return value }
        let steps = items.map { item -> Int32 in
            guard let number = Quantity.integer(item.text), (0...100).contains(number) else {
                issue(key, "must be whole numbers within 0…100, has \(Self.quoted(item.text))", line: item.line)
                return 0
            }
            return Int32(number)
        }
        if falling, zip(steps, steps.dropFirst()).contains(where: { $0 < $1 }) {
            issue(key, "each must be at most the one before: a further one adds less")
        }
        return steps
    }

    /// `+08:00` in minutes.
    func utcOffset() -> Int {
        let text = text("utc_offset", default: "+08:00", bytes: 1...16)
        let bytes = Array(text.utf8)
        guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            bytes[3] == UInt8(ascii: ":"),
            [1, 2, 4, 5].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[$0]) })
        else {
            issue("utc_offset", "must be like '+08:00' (in quotes), is \(Self.quoted(text))")
            return 480
        }
        func digit(_ index: Int) -> Int { Int(bytes[index]) - 48 }
        let hours = digit(1) * 10 + digit(2), minutes = digit(4) * 10 + digit(5)
        guard hours <= 14, minutes < 60 else {
            issue("utc_offset", "must be -14:59…+14:59, is \(text)")
            return 480
        }
        return (bytes[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }
}
