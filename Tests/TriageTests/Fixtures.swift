import TipModel

@testable import Triage

/// Rules of the tests' own, so that a change of the shipped ones breaks no arithmetic here.
enum Fixture {
    static let rules = TriageRules(
        categories: [
            "suspicious_person": Category(
                code: "suspicious_person", nameZh: "可疑人员", nameEn: "Suspicious person", base: 30, floor: .routine),
            "burglary": Category(
                code: "burglary", nameZh: "入室", nameEn: "Burglary", base: 45, floor: .priority),
            "fire": Category(
                code: "fire", nameZh: "火情", nameEn: "Fire", base: 50, floor: .urgent),
            "hazard": Category(
                code: "hazard", nameZh: "安全隐患", nameEn: "Hazard", base: 15, floor: .routine),
            "other": Category(code: "other", nameZh: "其他", nameEn: "Other", base: 10, floor: .routine),
        ],
        // Scales far beyond the ends, so that points fall in straight lines.
        correlation: CorrelationRules(
            windowMilliseconds: 30 * minute, timeScaleMilliseconds: 1_000_000 * minute, maximumDistance: 300,
            distanceScale: 1e9, spanMetres: 600, spanMilliseconds: 240 * minute, postAccuracy: 0,
            points: CorrelationPoints(
                distance: 30, time: 20, category: 20, text: 30, place: 10, identifier: 40, dwelling: 10, appearance: 10,
                contradiction: 25),
            attachAt: 50, suggestAt: 40, emergencyMargin: 0, clearedGraceMilliseconds: 10 * minute,
            followMilliseconds: 120 * minute, candidateBound: 32,
            affinity: CategoryAffinity(pairs: [.init("suspicious_person", "burglary"): 50, .init("fire", "hazard"): 50]),
            text: TextRules(smoothing: 0, lesser: 1, greater: 0)),
        urgency: UrgencyRules(
            lexicon: Lexicon(words: [
                WordRule(
                    code: "weapon", phrases: ["刀", "持刀", "砍", "knife", "weapon", "gun"], points: 35,
                    floor: .emergency, negatable: true, exceptions: ["刀削面", "砍价", "knife shop"]),
                WordRule(
                    code: "injury", phrases: ["受伤", "流血", "injured"], points: 25, floor: .urgent,
                    negatable: true),
                WordRule(
                    code: "fire", phrases: ["火", "fire", "着火"], points: 30, floor: nil, negatable: true,
                    exceptions: ["灭火器", "器材", "fire drill"]),
                WordRule(
                    code: "unconscious", phrases: ["没呼吸", "not breathing"], points: 40, floor: .emergency,
                    negatable: false),
                WordRule(code: "gone", phrases: ["已经离开", "left already"], points: -15, floor: nil, negatable: false),
            ],
            negations: NegationRules(before: ["没有", "没", "不是", "无", "no", "not", "without"], reach: 4)),
            nightFrom: 22, nightUntil: 6, nightPoints: 10, utcOffsetMinutes: 480, corroborationPoints: [5, 5, 5],
            panicPoints: 60, priorityAt: 40, urgentAt: 60, emergencyAt: 80))

    static let minute: Int64 = 60_000
    static let hour: Int64 = 60 * minute
    static let zone = ZoneID(unchecked: "east-1")

    /// 2026-03-02 at `hours`:`minutes` by the station's clock (UTC+8).
    static func local(_ hours: Int64, _ minutes: Int64 = 0) -> Timestamp {
        Timestamp(milliseconds: 20_514 * 24 * hour + (hours - 8) * hour + minutes * minute)
    }

    /// A tip at noon: no night term.
    static func tip(
        _ text: String, category: String = "other", at time: Timestamp = local(12), panic: Bool = false
    ) -> Tip {
        Tip(id: TipID(high: 1, low: 1), observedAt: time, category: category, text: text, panic: panic)
    }

    /// `north` and `east` metres from the compound's gate.
    static func position(north: Double = 0, east: Double = 0, accuracy: Float = 0) -> Position {
        Position(
            latitude: 39.9 + north / 111_194.93, longitude: 116.4 + east / (111_194.93 * 0.767_165_2),
            accuracy: accuracy)
    }

    static func evidence(
        _ text: String, category: String = "suspicious_person", at time: Timestamp = local(2, 10),
        position: Position? = position(), place: String = ""
    ) -> Evidence {
        Evidence(
            post: PostID(unchecked: "gate-3"), observedAt: time, category: category, position: position, text: text, place: place)
    }

    /// An open incident whose only evidence, unless given, is a lurker at the gate.
    static func incident(
        _ id: UInt64 = 7, zone: ZoneID = Fixture.zone, category: String = "suspicious_person", drill: Bool = false,
        lastTipAt: Timestamp = local(2, 10), position: Position? = position(), evidence: [Evidence]? = nil,
        phase: Phase = .open
    ) -> Incident {
        Incident(
            id: IncidentID(id), zone: zone, category: category, drill: drill, openedAt: lastTipAt,
            lastTipAt: lastTipAt, position: position, place: "", headline: "",
            urgency: Urgency(score: 40, level: .priority, reasons: []), posts: [],
            evidence: evidence
                ?? [Self.evidence(lurker, category: category, at: lastTipAt, position: position)],
            phase: phase, phaseSince: lastTipAt, lastSequence: id)
    }

    static let lurker = "3号楼东墙外有一名可疑男子徘徊"
}

extension Fixture {
    static let weights = TermWeights(rules.correlation.text)

    static func features(_ text: String, place: String = "") -> TipFeatures {
        TipFeatures(text: text, place: place, weights: weights)
    }

    static func view(_ incident: Incident) -> IncidentView { IncidentView(incident, weights: weights) }

    /// A tip as correlation sees it: the lurker at the gate, ten minutes after ``incident(_:)``, unless said otherwise.
    static func tipView(
        _ text: String = lurker, category: String = "suspicious_person", at time: Timestamp = local(2, 20),
        position: Position? = position(), place: String = "", zone: ZoneID = zone, drill: Bool = false, isEmergency: Bool = false
    ) -> TipView {
        TipView(
            post: PostID(unchecked: "gate-3"), zone: zone, observedAt: time, category: category, position: position,
            drill: drill, isEmergency: isEmergency, features: features(text, place: place))
    }
}

extension Correlator {
    func compare(_ tip: TipView, with incident: Incident, now: Timestamp) -> PairScore {
        compare(tip, with: Fixture.view(incident), now: now)
    }

    func decide(_ tip: TipView, candidates: [Incident], now: Timestamp) -> CorrelationDecision {
        let views = candidates.map { Fixture.view($0) }
        return decide(
            tip, candidates: Candidates(open: views.filter(\.isOpen), cleared: views.filter { !$0.isOpen }), now: now)
    }
}

/// SplitMix64: the same numbers on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
