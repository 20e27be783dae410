// The score is a plain sum, so that a guard or an officer can check it by hand: each term is one reason, and
// the reasons are what the journal keeps. Floors and caps change the level only, never the score.

public import TipModel

/// 紧急程度 of a tip and of an incident, by ``UrgencyRules``. A pure function of its arguments. Shared by
/// reference, as its tables are large.
public final class UrgencyScorer: Sendable {
    private let categories: [String: Start]
    private let basics: Basics
    private let placePoints: [Int32]
    private let trackRecord: TrackRecordRules
    private let corroborationPoints: [Int32]
    private let finder: WordFinder
    private let combinations: Combinations
    private let wording: WordingModel?
    private let codes: ReasonCodes

    /// What a category gives before anything is read.
    private struct Start {
        var points: Int32 = 0
        var floor = UrgencyLevel.routine
        /// As ``Combinations`` numbers it.
        var number: Int?
        var wording = WordingModel.Weights.zero
    }

    /// What every tip asks of the rules, without all that they hold.
    private struct Basics {
        /// By score, 0…100.
        var earned: [UrgencyLevel]
        /// By level: the scores that earn it.
        var bands: [ClosedRange<Int32>]
        var nightFrom: Int
        var nightUntil: Int
        var nightPoints: Int32
        var utcOffsetMinutes: Int
        var panicPoints: Int32

        init(_ rules: UrgencyRules) {
            earned = (0...100).map { rules.level(of: $0) }
            bands = UrgencyLevel.allCases.map { rules.scores(of: $0) }
            (nightFrom, nightUntil, nightPoints) = (rules.nightFrom, rules.nightUntil, rules.nightPoints)
            (utcOffsetMinutes, panicPoints) = (rules.utcOffsetMinutes, rules.panicPoints)
        }

        /// - Parameter score: within 0…100.
        func level(of score: Int32) -> UrgencyLevel { earned[Int(score)] }
        func scores(of level: UrgencyLevel) -> ClosedRange<Int32> { bands[Int(level.rawValue) - 1] }
    }

    /// Compiles the phrases of `rules`: some milliseconds once, so that a score takes microseconds.
    public init(_ rules: TriageRules) {
        basics = Basics(rules.urgency)
        placePoints = rules.urgency.repeatPlace.points
        trackRecord = rules.urgency.trackRecord
        corroborationPoints = rules.urgency.corroborationPoints
        finder = WordFinder(rules.urgency.lexicon)
        let combinations = Combinations(rules.urgency.lexicon.words)
        let codes = ReasonCodes(rules.urgency.lexicon)
        let wording = rules.urgency.wording.map { WordingModel($0, codes: codes.names) }
        let known = Set(rules.categories.keys).union(combinations.categories).union(wording?.categories.keys.map { $0 } ?? [])
        categories = Dictionary(
            uniqueKeysWithValues: known.map { name in
                let category = rules.categories[name]
                let start = Start(
                    points: category?.base ?? 0, floor: category?.floor ?? .routine, number: combinations.categories.firstIndex(of: name),
                    wording: wording?.categories[name] ?? .zero)
                return (name, start)
            })
        (self.combinations, self.codes, self.wording) = (combinations, codes, wording)
    }

    /// The urgency of `tip` alone. Reasons in this order: `category` (detail: its code; 0 points where it is not
    /// configured), `words.<code>` (the phrase as it stands in the text), `night` (local time, "02:10"), `wording` (what
    /// brings the sum to what the text says as a whole; the terms that spoke most for it), `panic`, `place` (earlier
    /// incidents there) and `record` (the reporter's, "real/false"); then, with 0 points, what was said and does not count
    /// (`denied`, `context.<code>`), `cap.<level>` where the level goes no higher, and `floor.<level>` where it is above the
    /// score's (detail: the code of the reason that set it).
    public func score(_ tip: Tip, context: UrgencyContext = .none) -> Urgency { score(read(tip), context: context) }

    /// What ``score(_:context:)`` makes of `tip` before anything else is known. It costs nearly all of a score, and asks for
    /// nothing but the tip.
    func read(_ tip: Tip) -> UrgencyReading {
        var text = tip.text
        // A closure that had the whole tip would copy it.
        let facts = Facts(category: tip.category, observedAt: tip.observedAt, panic: tip.panic)
        return text.withUTF8 { read(facts, $0) }
    }

    /// What is asked of a tip beside its text.
    private struct Facts {
        var category: String
        var observedAt: Timestamp
        var panic: Bool
    }

    /// The urgency of a tip that was read by this scorer.
    func score(_ reading: UrgencyReading, context: UrgencyContext) -> Urgency {
        let place = placePoints(earlier: context.earlierAtPlace)
        let record = recordPoints(context, reading, place)
        guard place != 0 || record != 0 else { return reading.alone }
        var reasons: [Reason] = []
        reasons.reserveCapacity(reading.settled + 4)
        reasons += reading.alone.reasons[..<reading.experience]
        if place != 0 { reasons.append(Reason(code: codes.names[ReasonCodes.place], points: place, detail: "\(context.earlierAtPlace)")) }
        if record != 0 {
            reasons.append(
                Reason(
                    code: codes.names[ReasonCodes.record], points: record, detail: "\(context.record.real)/\(context.record.wrong)"))
        }
        reasons += reading.alone.reasons[reading.experience..<reading.settled]
        return settled(reasons, sum: reading.sum + Int64(place) + Int64(record), category: reading.category, reading.bounds)
    }

    private func read(_ tip: Facts, _ text: UnsafeBufferPointer<UInt8>) -> UrgencyReading {
        let category = categories[tip.category] ?? Start()
        let minute = localMinute(tip.observedAt)
        let night = isNight(hour: minute / 60)
        var found = WordFinder.Reading()
        finder.read(text, &found)
        let isBare = isBare(text, found)
        combinations.apply(to: &found, category: category.number, night: night, bare: isBare)
        // What a closure might still change would be copied for each call.
        let reading = found
        return codes.withLookup { read(tip, text, reading, category, night: night ? minute : nil, isBare: isBare, $0) }
    }

    /// - Parameter night: minutes since midnight, where it is night.
    private func read(
        _ tip: Facts, _ text: UnsafeBufferPointer<UInt8>, _ reading: WordFinder.Reading, _ category: Start, night: Int?, isBare: Bool,
        _ codes: ReasonCodes.Lookup
    ) -> UrgencyReading {
        UrgencyTerms.with(category: category.floor, findings: reading.findings.count) { terms in
            UrgencyTerms.with(category: category.floor, findings: 0) { untold in
                tell(reading, text, codes, in: &untold)
                terms.add(ReasonCodes.category, category.points, .category)
                for index in reading.findings.indices where reading.findings[index].suppression == nil {
                    count(reading.findings[index], index, codes, in: &terms)
                }
                if let night { terms.add(ReasonCodes.night, basics.nightPoints, .clock(night)) }
                var telling = ""
                if let wording {
                    let marks = marks(of: wording, reading, untold, codes, in: &terms)
                    let verdict = wording.read(text, category: category.wording, night: night != nil, marks: marks)
                    // Where nothing is said, nothing speaks against an alarm either.
                    weigh(verdict, doubt: isBare ? 0 : wording.doubt, in: &terms)
                    telling = verdict.telling
                } else {
                    bound(reading, codes, in: &terms)
                }
                if tip.panic {
                    terms.add(ReasonCodes.panic, basics.panicPoints, .none)
                    terms.raise(to: .emergency, by: ReasonCodes.panic)
                }
                let experience = terms.count
                terms.add(untold)

                var reasons: [Reason] = []
                reasons.reserveCapacity(terms.count + 2)
                for line in terms.lines {
                    let detail =
                        switch line.detail {
                        case .none: ""
                        case .category: tip.category
                        case .clock(let minute): Self.clock(minute)
                        case .telling: telling
                        case .phrase(let finding): reading.text(of: reading.findings[finding], in: text)
                        case .code(let code): codes.names[code]
                        }
                    reasons.append(Reason(code: codes.names[Int(line.code)], points: line.points, detail: detail))
                }
                return UrgencyReading(
                    alone: settled(reasons, sum: terms.sum, category: terms.category, terms.bounds), experience: experience,
                    settled: terms.count, sum: terms.sum, category: terms.category, bounds: terms.bounds)
            }
        }
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
            reasons.append(Reason(code: ReasonCodes.floor + current.level.name, points: 0, detail: "earlier"))
        }
        if points != 0 {
            reasons.append(Reason(code: ReasonCodes.corroboration, points: points, detail: "\(witnesses)"))
        }
        return Urgency(score: score, level: max(explained, current.level), reasons: reasons)
    }

    // MARK: - Terms

    /// A word that counts. One that a context limits counts half.
    private func count(_ finding: WordFinder.Finding, _ index: Int, _ codes: ReasonCodes.Lookup, in terms: inout UrgencyTerms) {
        let (word, code) = (codes.rules[finding.rule], codes.words[finding.rule])
        if let level = word.floor { terms.raise(to: min(level, finding.limit), by: code) }
        if let level = word.cap { terms.limit(to: level, by: code) }
        // A rule without points or bounds only serves others.
        guard !word.isServing else { return }
        terms.add(code, finding.limit < .emergency ? word.points / 2 : word.points, .phrase(index))
    }

    /// What the words set besides their points: caps of contexts, and doubt.
    private func bound(_ reading: WordFinder.Reading, _ codes: ReasonCodes.Lookup, in terms: inout UrgencyTerms) {
        for index in reading.contexts {
            if let cap = codes.caps[index] { terms.limit(to: cap, by: codes.contexts[index]) }
        }
        doubt(reading, codes, in: &terms)
    }

    /// What the lexicon's judgement of the tip speaks for: its level, and each of its reasons but category and night, which
    /// are weighed by themselves. `terms` are left as they were.
    private func marks(
        of wording: WordingModel, _ reading: WordFinder.Reading, _ untold: UrgencyTerms, _ codes: ReasonCodes.Lookup, in terms: inout UrgencyTerms
    ) -> WordingModel.Weights {
        let (count, bounds) = (terms.count, terms.bounds)
        bound(reading, codes, in: &terms)
        terms.add(untold)
        let level = settle(UrgencyTerms.score(terms.sum), category: terms.category, terms.bounds) { terms.add($0, 0, .code($1)) }
        var sum = wording.mark(level: level)
        let lines = terms.lines
        for index in lines.indices {
            let code = Int(lines[index].code)
            if code == ReasonCodes.category || code == ReasonCodes.night { continue }
            // Each once.
            if !lines[..<index].contains(where: { $0.code == lines[index].code }) { sum &+= wording.mark(code: code) }
        }
        terms.take(backTo: count)
        terms.bounds = bounds
        return sum
    }

    /// Brings the sum to where the text as a whole belongs: into its level, the higher in it the more speaks for a higher
    /// one. Single words then set no bounds any more, but for an emergency that the whole does not deny.
    private func weigh(_ verdict: WordingModel.Verdict, doubt: Double, in terms: inout UrgencyTerms) {
        if let code = terms.release() {
            if verdict.emergency >= doubt {
                terms.raise(to: .emergency, by: code)
            } else {
                terms.add(ReasonCodes.doubted, 0, .code(code))
            }
        }
        let band = basics.scores(of: verdict.level)
        let target = band.lowerBound + Int32(verdict.leaning * Double(band.upperBound - band.lowerBound))
        terms.add(ReasonCodes.wording, Int32(clamping: Int64(target) - terms.sum), .telling)
    }

    /// The longest text that may say nothing: longer ones tell something in words that no rule has. As `reach` counts.
    private static let bareLength = 16

    /// Whether `text` neither names nor denies anything ("3号楼有情况", or empty).
    private func isBare(_ text: UnsafeBufferPointer<UInt8>, _ reading: WordFinder.Reading) -> Bool {
        guard !reading.isDenying, reading.contexts.isEmpty, reading.excepted.isEmpty else { return false }
        guard reading.findings.allSatisfy({ codes.rules[$0.rule].isServing }) else { return false }
        return Clauses.isWithin(Self.bareLength, from: 0, to: text.count, in: text)
    }

    /// A grave thing that is denied, only supposed or meant otherwise (灭火器), with none that is so: then the category,
    /// which the guard chose for that thing, is no ground for more than `priority`.
    private func doubt(_ reading: WordFinder.Reading, _ codes: ReasonCodes.Lookup, in terms: inout UrgencyTerms) {
        guard terms.bounds.floor < .urgent else { return }
        func isGrave(_ rule: Int) -> Bool { codes.rules[rule].floor ?? .routine >= .urgent }
        if reading.findings.contains(where: { $0.suppression != nil && isGrave($0.rule) }) || reading.excepted.contains(where: isGrave) {
            terms.limit(to: .priority, by: ReasonCodes.denied)
        }
    }

    // MARK: - Experience

    private func placePoints(earlier: Int) -> Int32 {
        placePoints.prefix(max(0, earlier)).reduce(0, &+)
    }

    /// A record never lowers what is an emergency without it.
    private func recordPoints(_ context: UrgencyContext, _ reading: UrgencyReading, _ place: Int32) -> Int32 {
        let record = trackRecord.points(context.record)
        guard record < 0 else { return record }
        let score = UrgencyTerms.score(reading.sum + Int64(place))
        return level(score, category: reading.category, reading.bounds) == .emergency ? 0 : record
    }

    /// Why words did not count: a line for each, as far as ``UrgencyTerms/untold`` goes.
    private func tell(
        _ reading: WordFinder.Reading, _ text: UnsafeBufferPointer<UInt8>, _ codes: ReasonCodes.Lookup, in untold: inout UrgencyTerms
    ) {
        for (index, finding) in reading.findings.enumerated() where untold.count < UrgencyTerms.untold {
            let rule = codes.rules[finding.rule]
            guard rule.points > 0 || rule.floor != nil else { continue }
            let code: Int
            switch finding.suppression {
            case .denied: code = ReasonCodes.denied
            case .context(let index): code = codes.contexts[index]
            case nil:
                guard let index = finding.limitedBy, finding.limit < rule.floor ?? .routine else { continue }
                code = codes.contexts[index]
            }
            let isKnown = untold.lines.contains { line in
                guard line.code == Int32(truncatingIfNeeded: code), case .phrase(let known) = line.detail else { return false }
                return reading.text(of: reading.findings[known], in: text) == reading.text(of: finding, in: text)
            }
            if !isKnown { untold.add(code, 0, .phrase(index)) }
        }
    }

    private func level(_ score: Int32, category: UrgencyLevel, _ bounds: UrgencyTerms.Bounds) -> UrgencyLevel {
        max(min(max(basics.level(of: score), category), bounds.cap), bounds.floor)
    }

    /// What a score and its bounds come to, and the lines that tell of bounds: each with the code of what set it.
    private func settle(
        _ score: Int32, category: UrgencyLevel, _ bounds: UrgencyTerms.Bounds, _ tell: (_ code: Int, _ by: Int) -> Void
    ) -> UrgencyLevel {
        let result = level(score, category: category, bounds)
        if bounds.cap < .emergency, bounds.floor <= bounds.cap { tell(ReasonCodes.cap(bounds.cap), bounds.capCode) }
        if result > basics.level(of: score) {
            tell(ReasonCodes.floor(result), bounds.floor >= result ? bounds.floorCode : ReasonCodes.category)
        }
        return result
    }

    private func settled(_ reasons: consuming [Reason], sum: Int64, category: UrgencyLevel, _ bounds: UrgencyTerms.Bounds) -> Urgency {
        let score = UrgencyTerms.score(sum)
        let level = settle(score, category: category, bounds) { code, by in
            reasons.append(Reason(code: codes.names[code], points: 0, detail: codes.names[by]))
        }
        return Urgency(score: score, level: level, reasons: reasons)
    }

    private func corroboration(_ witnesses: Int) -> Int32 {
        corroborationPoints.prefix(max(1, witnesses) - 1).reduce(0, &+)
    }

    /// `urgency` as it was before anybody corroborated it.
    private func uncorroborated(_ urgency: Urgency) -> Urgency {
        guard urgency.reasons.contains(where: { $0.code == ReasonCodes.corroboration }) else { return urgency }
        let reasons = urgency.reasons.filter { $0.code != ReasonCodes.corroboration }
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
        return max(min(basics.level(of: score), cap), floor)
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
        return (utc + basics.utcOffsetMinutes % 1_440 + 1_440) % 1_440
    }

    /// Whether `time` is at night by the rules.
    public func isNight(_ time: Timestamp) -> Bool { isNight(hour: localMinute(time) / 60) }

    private func isNight(hour: Int) -> Bool {
        basics.nightFrom <= basics.nightUntil
            ? basics.nightFrom <= hour && hour < basics.nightUntil
            : basics.nightFrom <= hour || hour < basics.nightUntil
    }

    private static func clock(_ minute: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return two(minute / 60) + ":" + two(minute % 60)
    }
}
