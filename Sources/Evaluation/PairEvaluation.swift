// Pairs of tips that a person has told apart, or together, through the production path: the first opens an incident, and the
// second is decided upon.

public import TipModel
internal import Triage

/// What ``evaluatePairs(_:rules:)`` found.
public struct PairEvaluation: Sendable, Codable, Equatable {
    public var pairs = 0
    public var attached = 0
    /// The desk is asked.
    public var suggested = 0
    /// Attached where either tip is an emergency by itself.
    public var emergencyAttached = 0
    public var outcomes: [PairOutcome] = []

    enum CodingKeys: String, CodingKey {
        case pairs, attached, suggested
        case emergencyAttached = "emergency_attached"
        case outcomes
    }
}

/// One pair.
public struct PairOutcome: Sendable, Codable, Equatable {
    public var line: Int
    public var kind: String
    public var one: String
    public var other: String
    /// `attached`, `suggested` or `apart`.
    public var outcome: String
    /// Whether either tip is an emergency by itself.
    public var isEmergency: Bool
    public var reasons: [UrgencyMiss.Line]

    enum CodingKeys: String, CodingKey {
        case line, kind, one, other, outcome
        case isEmergency = "emergency"
        case reasons
    }
}

/// Reads a CSV file with the columns kind and, for a and b each, text, category, place, time (RFC 3339), east and north (metres from
/// a common point, both empty where the tip has no position of its own; it then stands at that point, as a post would).
/// - Throws: ``EvaluationError`` with the line that is wrong.
public func evaluatePairs(_ file: String, rules: TriageRules) throws -> PairEvaluation {
    let chunks = try FileChunks(file)
    var rows = CSVRows(file: file) { try chunks.next() }
    try rows.require(["kind"] + ["a", "b"].flatMap { side in ["text", "category", "place", "time", "east", "north"].map { "\($0)_\(side)" } })
    let engine = TriageEngine(rules: rules)
    var result = PairEvaluation()
    while let row = try rows.next() {
        let one = try pairTip(row, "a", file: file, rules: rules)
        let other = try pairTip(row, "b", file: file, rules: rules)
        var outcome = PairOutcome(
            line: row.line, kind: row["kind"] ?? "", one: one.tip.text, other: other.tip.text, outcome: "apart",
            isEmergency: false, reasons: [])
        let first = engine.scorer.score(one.tip), second = engine.scorer.score(other.tip)
        outcome.isEmergency = first.level == .emergency || second.level == .emergency
        let decision = decide(one, first, other, second, engine)
        result.pairs += 1
        switch decision {
        case .attach(_, _, let reasons):
            result.attached += 1
            if outcome.isEmergency { result.emergencyAttached += 1 }
            outcome.outcome = "attached"
            outcome.reasons = reasons.map { .init(code: $0.code, points: $0.points, detail: $0.detail) }
        case .open(let reasons, let suggestion, _):
            if suggestion != nil {
                result.suggested += 1
                outcome.outcome = "suggested"
            }
            outcome.reasons = reasons.map { .init(code: $0.code, points: $0.points, detail: $0.detail) }
        }
        result.outcomes.append(outcome)
    }
    return result
}

private func decide(
    _ one: TipAccepted, _ first: Urgency, _ other: TipAccepted, _ second: Urgency, _ engine: TriageEngine
) -> CorrelationDecision {
    var state = StationState()
    state.apply(
        Record(
            sequence: 1, at: one.receivedAt,
            events: [.tipAccepted(one), .incidentOpened(IncidentOpened(incident: IncidentID(1), urgency: first, reasons: []))]))
    let index = engine.makeIndex(of: state.incidents.values)
    let view = TipView(other, isEmergency: second.level == .emergency, features: engine.features(of: other.tip))
    let candidates = index.candidates(
        for: view, since: Timestamp(milliseconds: .min), clearedSince: Timestamp(milliseconds: .min), bound: 16)
    return engine.correlator.decide(view, candidates: candidates, now: other.receivedAt)
}

private func pairTip(_ row: CSVRow, _ side: String, file: String, rules: TriageRules) throws -> TipAccepted {
    func field(_ name: String) -> String { row["\(name)_\(side)"] ?? "" }
    func wrong(_ name: String, _ what: String) -> EvaluationError {
        EvaluationError(file: file, line: row.line, "\(name)_\(side): \(what), is '\(field(name).prefix(40))'")
    }
    guard let time = Timestamp(rfc3339: field("time")) else { throw wrong("time", "must be like 2026-03-14T02:10:00+08:00") }
    func metres(_ name: String) throws -> Double? {
        if field(name).isEmpty { return nil }
        guard let value = Double(field(name)), abs(value) < 100_000 else { throw wrong(name, "must be metres or empty") }
        return value
    }
    var position = Position(latitude: 39.9, longitude: 116.4, accuracy: rules.correlation.postAccuracy)
    var own: Position?
    if let east = try metres("east"), let north = try metres("north") {
        position = Position(
            latitude: 39.9 + north / 111_194.93, longitude: 116.4 + east / (111_194.93 * 0.767_165_2), accuracy: 10)
        own = position
    }
    let tip = Tip(
        id: TipID(high: UInt64(max(0, time.milliseconds)) << 16, low: UInt64(row.line) << 1 | (side == "a" ? 0 : 1)),
        observedAt: time, category: field("category"), text: field("text"), position: own, place: field("place"))
    return TipAccepted(
        post: PostID(unchecked: "post-\(side)"), zone: ZoneID(unchecked: "zone"), tip: tip, encoded: [], position: position,
        receivedAt: time, skewMilliseconds: 0)
}
