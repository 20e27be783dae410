// The score is a plain sum, so that a guard or an officer can check it by hand: each term is one reason, and
// the reasons are what the journal keeps. Floors and caps change the level only, never the score.

public import TipModel

/// 紧急程度 of a tip and of an incident, by ``UrgencyRules``. A pure function of its arguments.
public struct UrgencyScorer: Sendable {
    private let categories: [String: Category]
    private let rules: UrgencyRules
    private let finder: WordFinder
    private let combinations: Combinations
    private let wording: WordingModel?
    /// `words.<code>` for each word rule, `context.<code>` for each context.
    private let wordCodes: [String]
    private let contextCodes: [String]

    /// Compiles the phrases of `rules`: some milliseconds once, so that a score takes microseconds.
    public init(_ rules: TriageRules) {
        categories = rules.categories
        self.rules = rules.urgency
        finder = WordFinder(rules.urgency.lexicon)
        combinations = Combinations(rules.urgency.lexicon.words)
        wording = rules.urgency.wording.map(WordingModel.init)
        wordCodes = rules.urgency.lexicon.words.map { "words." + $0.code }
        contextCodes = rules.urgency.lexicon.contexts.map { "context." + $0.code }
    }

    /// The urgency of `tip` alone. Reasons in this order: `category` (detail: its code; 0 points where it is not
    /// configured), `words.<code>` (the phrase as it stands in the text), `night` (local time, "02:10"), `wording` (what
    /// brings the sum to what the text says as a whole; the terms that spoke most for it), `panic`, `record` (the
    /// reporter's, "real/false") and `place` (earlier incidents there); then, with 0 points, what was said and does not count (`denied`, `context.<code>`), `cap.<level>` where the level goes no higher, and
    /// `floor.<level>` where it is above the score's (detail: the code of the reason that set it).
    public func score(_ tip: Tip, context: UrgencyContext = .none) -> Urgency {
        let category = categories[tip.category]
        let minute = localMinute(tip.observedAt)
        let night = isNight(hour: minute / 60)
        let reading = finder.read(tip.text)
        let isBare = isBare(tip.text, reading)
        let said = combinations.apply(reading.findings, category: tip.category, night: night, bare: isBare)

        var terms = Terms(category: category?.floor ?? .routine, code: Code.category)
        terms.reasons.reserveCapacity(said.count + 6)
        terms.reasons.append(Reason(code: Code.category, points: category?.base ?? 0, detail: tip.category))
        for finding in said where finding.suppression == nil { count(finding, in: &terms) }
        if night {
            terms.reasons.append(Reason(code: Code.night, points: rules.nightPoints, detail: Self.clock(minute)))
        }
        if let wording {
            let verdict = wording.read(
                tip.text, category: tip.category, night: night, lexical: lexical(terms, said, reading))
            // Where nothing is said, nothing speaks against an alarm either.
            weigh(verdict, doubt: isBare ? 0 : wording.doubt, in: &terms)
        } else {
            bound(said, reading, in: &terms)
        }
        if tip.panic {
            terms.reasons.append(Reason(code: Code.panic, points: rules.panicPoints))
            terms.raise(to: .emergency, by: Code.panic)
        }
        count(context, in: &terms)
        tell(said, in: &terms)
        return settle(&terms)
    }

    /// The urgency of an incident to which a tip has been attached.
    ///
    /// The more urgent (by level, then score) of the incident without its earlier `corroboration` and the tip, plus
    /// one `corroboration` reason for `witnesses`, the count of distinct (post, reporter) pairs, this tip's included
    /// (detail: that count). The level may rise by this and never falls. Applying the same tip and count to the
    /// result changes nothing.
    public func combine(current: Urgency, tip: Urgency, witnesses: Int) -> Urgency {
        let before = uncorroborated(current)
        let base = (tip.level, tip.score) > (before.level, before.score) ? tip : before
        var reasons = base.reasons
        let points = corroboration(witnesses)
        let score = Self.sum(reasons, plus: points)
        let explained = max(base.level, level(score, reasons, of: base))
        if current.level > explained {
            // Only where rules changed in between, or a floor of a weaker tip took over from corroboration.
            reasons.append(Reason(code: Code.floor(current.level), points: 0, detail: Code.earlier))
        }
        if points != 0 {
            reasons.append(Reason(code: Code.corroboration, points: points, detail: "\(witnesses)"))
        }
        return Urgency(score: score, level: max(explained, current.level), reasons: reasons)
    }

    // MARK: - Terms

    private enum Code {
        static let category = "category"
        static let night = "night"
        static let wording = "wording"
        static let doubted = "wording.doubted"
        static let panic = "panic"
        static let record = "record"
        static let place = "place"
        static let denied = "denied"
        static let corroboration = "corroboration"
        static let earlier = "earlier"

        static func floor(_ level: UrgencyLevel) -> String { "floor." + level.name }
        static func cap(_ level: UrgencyLevel) -> String { "cap." + level.name }
    }

    /// The sum as it grows, and what holds its level up or down.
    private struct Terms {
        var reasons: [Reason] = []
        let category: UrgencyLevel
        var floor = UrgencyLevel.routine
        var floorCode: String
        var cap = UrgencyLevel.emergency
        var capCode = ""

        init(category: UrgencyLevel, code: String) {
            self.category = category
            floorCode = code
        }

        mutating func raise(to level: UrgencyLevel, by code: String) {
            guard level > floor else { return }
            floor = level
            floorCode = code
        }

        /// Takes back what words have set so far; gives back whether they held an emergency, and which.
        mutating func release() -> String? {
            let holder = floor == .emergency ? floorCode : nil
            (floor, floorCode, cap, capCode) = (.routine, "", .emergency, "")
            return holder
        }

        mutating func limit(to level: UrgencyLevel, by code: String) {
            guard level < cap else { return }
            cap = level
            capCode = code
        }
    }

    /// A word that counts. One that a context limits counts half.
    private func count(_ finding: WordFinder.Finding, in terms: inout Terms) {
        let rule = rules.lexicon.words[finding.rule]
        let code = wordCodes[finding.rule]
        if let level = rule.floor { terms.raise(to: min(level, finding.limit), by: code) }
        if let level = rule.cap { terms.limit(to: level, by: code) }
        // A rule without points or bounds only serves others.
        guard rule.points != 0 || rule.floor != nil || rule.cap != nil else { return }
        let points = finding.limit < .emergency ? rule.points / 2 : rule.points
        terms.reasons.append(Reason(code: code, points: points, detail: finding.phrase))
    }

    /// What the words set besides their points: caps of contexts, and doubt.
    private func bound(_ said: [WordFinder.Finding], _ reading: WordFinder.Reading, in terms: inout Terms) {
        for (index, _) in reading.contexts {
            if let cap = rules.lexicon.contexts[index].cap { terms.limit(to: cap, by: contextCodes[index]) }
        }
        doubt(said, reading.excepted, in: &terms)
    }

    /// What the lexicon alone makes of it.
    private func lexical(_ terms: Terms, _ said: [WordFinder.Finding], _ reading: WordFinder.Reading) -> Urgency {
        var terms = terms
        bound(said, reading, in: &terms)
        tell(said, in: &terms)
        return settle(&terms)
    }

    /// Brings the sum to where the text as a whole belongs: into its level, the higher in it the more speaks for a higher
    /// one. Single words then set no bounds any more, but for an emergency that the whole does not deny.
    private func weigh(_ verdict: WordingModel.Verdict, doubt: Double, in terms: inout Terms) {
        if let code = terms.release() {
            if verdict.emergency >= doubt {
                terms.raise(to: .emergency, by: code)
            } else {
                terms.reasons.append(Reason(code: Code.doubted, points: 0, detail: code))
            }
        }
        let band = rules.scores(of: verdict.level)
        let target = band.lowerBound + Int32(verdict.leaning * Double(band.upperBound - band.lowerBound))
        let sum = terms.reasons.reduce(into: Int64(0)) { $0 &+= Int64($1.points) }
        let points = Int32(clamping: Int64(target) - sum)
        terms.reasons.append(
            Reason(code: Code.wording, points: points, detail: verdict.telling.joined(separator: " · ")))
    }

    /// The longest text that may say nothing: longer ones tell something in words that no rule has. As `reach` counts.
    private static let bareLength = 16

    /// Whether `text` neither names nor denies anything ("3号楼有情况", or empty).
    private func isBare(_ text: String, _ reading: WordFinder.Reading) -> Bool {
        guard !reading.isDenying, reading.contexts.isEmpty, reading.excepted.isEmpty else { return false }
        let names = reading.findings.contains {
            let rule = rules.lexicon.words[$0.rule]
            return rule.points != 0 || rule.floor != nil || rule.cap != nil
        }
        guard !names else { return false }
        var text = text
        return text.withUTF8 { Clauses.isWithin(Self.bareLength, from: 0, to: $0.count, in: $0) }
    }

    /// A grave thing that is denied, only supposed or meant otherwise (灭火器), with none that is so: then the category,
    /// which the guard chose for that thing, is no ground for more than `priority`.
    private func doubt(_ said: [WordFinder.Finding], _ excepted: [Int], in terms: inout Terms) {
        guard terms.floor < .urgent else { return }
        func isGrave(_ rule: Int) -> Bool { rules.lexicon.words[rule].floor ?? .routine >= .urgent }
        if said.contains(where: { $0.suppression != nil && isGrave($0.rule) }) || excepted.contains(where: isGrave) {
            terms.limit(to: .priority, by: Code.denied)
        }
    }

    /// The terms of experience. A record never lowers what is an emergency without it.
    private func count(_ context: UrgencyContext, in terms: inout Terms) {
        let earlier = min(max(0, context.earlierAtPlace), rules.repeatPlace.points.count)
        let place = rules.repeatPlace.points.prefix(earlier).reduce(0, &+)
        if place != 0 {
            terms.reasons.append(Reason(code: Code.place, points: place, detail: "\(context.earlierAtPlace)"))
        }
        var record = rules.trackRecord.points(context.record)
        if record < 0, level(terms, score: Self.sum(terms.reasons)) == .emergency { record = 0 }
        if record != 0 {
            let detail = "\(context.record.real)/\(context.record.wrong)"
            terms.reasons.append(Reason(code: Code.record, points: record, detail: detail))
        }
    }

    /// At most so many reasons that only tell why a word did not count.
    private static let untold = 6

    private func tell(_ said: [WordFinder.Finding], in terms: inout Terms) {
        var told = 0
        for finding in said where told < Self.untold {
            let rule = rules.lexicon.words[finding.rule]
            guard rule.points > 0 || rule.floor != nil else { continue }
            let code: String
            switch finding.suppression {
            case .denied: code = Code.denied
            case .context(let index): code = contextCodes[index]
            case nil:
                guard let index = finding.limitedBy, finding.limit < rule.floor ?? .routine else { continue }
                code = contextCodes[index]
            }
            let reason = Reason(code: code, points: 0, detail: finding.phrase)
            guard !terms.reasons.contains(reason) else { continue }
            terms.reasons.append(reason)
            told += 1
        }
    }

    private func level(_ terms: Terms, score: Int32) -> UrgencyLevel {
        max(min(max(rules.level(of: score), terms.category), terms.cap), terms.floor)
    }

    private func settle(_ terms: inout Terms) -> Urgency {
        let score = Self.sum(terms.reasons)
        let earned = rules.level(of: score)
        let result = level(terms, score: score)
        if terms.cap < .emergency, terms.floor <= terms.cap {
            terms.reasons.append(Reason(code: Code.cap(terms.cap), points: 0, detail: terms.capCode))
        }
        if result > earned {
            let code = terms.floor >= result ? terms.floorCode : Code.category
            terms.reasons.append(Reason(code: Code.floor(result), points: 0, detail: code))
        }
        return Urgency(score: score, level: result, reasons: terms.reasons)
    }

    private func corroboration(_ witnesses: Int) -> Int32 {
        rules.corroborationPoints.prefix(max(1, witnesses) - 1).reduce(0, &+)
    }

    /// `urgency` as it was before anybody corroborated it.
    private func uncorroborated(_ urgency: Urgency) -> Urgency {
        guard urgency.reasons.contains(where: { $0.code == Code.corroboration }) else { return urgency }
        let reasons = urgency.reasons.filter { $0.code != Code.corroboration }
        let score = Self.sum(reasons)
        return Urgency(score: score, level: min(level(score, reasons, of: urgency), urgency.level), reasons: reasons)
    }

    /// The level of a sum with the floors and the cap that its reasons name.
    private func level(_ score: Int32, _ reasons: [Reason], of urgency: Urgency) -> UrgencyLevel {
        var (floor, cap) = (UrgencyLevel.routine, UrgencyLevel.emergency)
        for reason in reasons {
            if reason.code.hasPrefix("floor.") {
                floor = max(floor, UrgencyLevel(name: String(reason.code.dropFirst(6))) ?? .routine)
            } else if reason.code.hasPrefix("cap.") {
                cap = min(cap, UrgencyLevel(name: String(reason.code.dropFirst(4))) ?? .emergency)
            }
        }
        return max(min(rules.level(of: score), cap), floor)
    }

    private static func sum(_ reasons: [Reason], plus further: Int32 = 0) -> Int32 {
        let sum = reasons.reduce(into: Int64(further)) { $0 &+= Int64($1.points) }
        return Int32(max(0, min(100, sum)))
    }

    // MARK: - Night

    /// Minutes since local midnight, 0…1439, for any timestamp and any offset.
    private func localMinute(_ time: Timestamp) -> Int {
        let day: Int64 = 86_400_000
        let utc = Int((time.milliseconds % day + day) % day / 60_000)
        return (utc + rules.utcOffsetMinutes % 1_440 + 1_440) % 1_440
    }

    /// Whether `time` is at night by the rules.
    public func isNight(_ time: Timestamp) -> Bool { isNight(hour: localMinute(time) / 60) }

    private func isNight(hour: Int) -> Bool {
        rules.nightFrom <= rules.nightUntil
            ? rules.nightFrom <= hour && hour < rules.nightUntil
            : rules.nightFrom <= hour || hour < rules.nightUntil
    }

    private static func clock(_ minute: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return two(minute / 60) + ":" + two(minute % 60)
    }
}
