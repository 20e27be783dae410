// What correlating and scoring one tip costs, with few and with very many open incidents. Each size is measured in turn, tip by
// tip, in one run, so that what else the machine does falls on all of them alike.

public import TipModel
internal import Triage

/// Nanoseconds of one layout and size.
public struct TriageCost: Sendable, Codable, Equatable {
    /// `district`: over all zones; `zone`: all in one.
    public var layout: String
    public var open: Int
    public var medianNs: Int64
    public var p99Ns: Int64
    /// Open incidents that a tip was compared with, on average.
    public var compared: Double

    enum CodingKeys: String, CodingKey {
        case layout, open
        case medianNs = "median_ns"
        case p99Ns = "p99_ns"
        case compared
    }
}

/// How much more the largest size costs than the smallest.
public struct TriageCostRatio: Sendable, Codable, Equatable {
    public var layout: String
    public var median: Double
    public var p99: Double
}

/// What ``measureTriageCost(rules:tips:sizes:)`` found.
public struct TriageCostReport: Sendable, Codable, Equatable {
    public var costs: [TriageCost]
    public var ratios: [TriageCostRatio]
}

/// Times reading, score, candidates and decision of `tips` tips beside each of `sizes` open incidents, all within the window.
public func measureTriageCost(
    rules: TriageRules, tips: Int = 20_000, sizes: [Int] = [100, 100_000], progress: (String) -> Void = { _ in }
) -> TriageCostReport {
    let engine = TriageEngine(rules: rules)
    var report = TriageCostReport(costs: [], ratios: [])
    for (layout, zones) in [("district", 12), ("zone", 1)] {
        let town = Town(zones: zones, categories: rules.categories.keys.sorted())
        var benches = sizes.map { size in
            progress("\(layout) \(size)")
            return Bench(engine, town, open: size, rules: rules.correlation)
        }
        var random = Draws(state: 7)
        for round in 0..<tips + tips / 10 {
            let tip = town.tip(&random)
            // The first tenth warms caches up and is not counted.
            for index in benches.indices { benches[index].time(tip, counts: round >= tips / 10) }
        }
        let costs = benches.map { $0.cost(layout) }
        report.costs += costs
        if let first = costs.first, let last = costs.last {
            report.ratios.append(
                TriageCostRatio(
                    layout: layout, median: Double(last.medianNs) / Double(max(1, first.medianNs)),
                    p99: Double(last.p99Ns) / Double(max(1, first.p99Ns))))
        }
    }
    return report
}

private struct Bench {
    private let engine: TriageEngine
    private let index: OpenIncidentIndex
    private let state: StationState
    private let open: Int
    private var nanoseconds: [Int64] = []
    private var compared = 0

    init(_ engine: TriageEngine, _ town: Town, open: Int, rules: CorrelationRules) {
        self.engine = engine
        self.open = open
        var random = Draws(state: 1)
        var state = StationState()
        for number in 1...UInt64(max(1, open)) {
            var accepted = town.tip(&random)
            // Over half the window, so that every one may still take a tip.
            let age = Int64.random(in: 0..<max(1, rules.windowMilliseconds / 2), using: &random)
            accepted.receivedAt = accepted.receivedAt.advanced(byMilliseconds: -age)
            accepted.tip.observedAt = accepted.receivedAt
            let opened = IncidentOpened(
                incident: IncidentID(number), urgency: Urgency(score: 30, level: .priority, reasons: []), reasons: [])
            state.apply(
                Record(sequence: number, at: accepted.receivedAt, events: [.tipAccepted(accepted), .incidentOpened(opened)]))
        }
        index = engine.makeIndex(of: state.incidents.values)
        self.state = state
    }

    mutating func time(_ accepted: TipAccepted, counts: Bool) {
        let clock = ContinuousClock()
        let now = accepted.receivedAt
        let begin = clock.now
        let reading = engine.reading(of: accepted.tip)
        let decision = engine.decide(accepted, reading, state: state, index: index, now: now)
        let spent = begin.duration(to: clock.now)
        // The decision is used, so that no optimiser leaves it out.
        guard counts, !decision.reasons.isEmpty else { return }
        nanoseconds.append(spent.components.seconds * 1_000_000_000 + spent.components.attoseconds / 1_000_000_000)
        let view = TipView(accepted, isEmergency: decision.isAlarm, features: reading.features)
        compared += engine.candidates(for: view, in: index, now: now).open.count
    }

    func cost(_ layout: String) -> TriageCost {
        let sorted = nanoseconds.sorted()
        guard !sorted.isEmpty else { return TriageCost(layout: layout, open: open, medianNs: 0, p99Ns: 0, compared: 0) }
        return TriageCost(
            layout: layout, open: open, medianNs: sorted[sorted.count / 2], p99Ns: sorted[sorted.count * 99 / 100],
            compared: (Double(compared) / Double(sorted.count) * 10).rounded() / 10)
    }
}

/// Tips over a square of six kilometres.
private struct Town {
    let zones: Int
    let categories: [String]
    private let now = Timestamp(milliseconds: 1_793_500_000_000)

    func tip(_ random: inout Draws) -> TipAccepted {
        let zone = Int.random(in: 0..<zones, using: &random)
        let east = Double.random(in: 0..<6_000, using: &random), north = Double.random(in: 0..<6_000, using: &random)
        let position = Position(
            latitude: 39.9 + north / 111_194.93, longitude: 116.4 + east / 85_305, accuracy: Float.random(in: 5...30, using: &random))
        let what = Self.what.randomElement(using: &random) ?? "", place = Self.place.randomElement(using: &random) ?? ""
        let building = Int.random(in: 1...30, using: &random), unit = Int.random(in: 1...6, using: &random)
        let tip = Tip(
            id: TipID(high: random.next(), low: random.next()), observedAt: now,
            category: categories.randomElement(using: &random) ?? "other", text: "\(building)号楼\(unit)单元\(place)\(what)",
            position: position, place: "\(building)号楼")
        return TipAccepted(
            post: PostID(unchecked: "post-\(Int.random(in: 1...41, using: &random))"), zone: ZoneID(unchecked: "zone-\(zone)"),
            tip: tip, encoded: [], position: position, receivedAt: now, skewMilliseconds: 0)
    }

    private static let place = ["门口", "东墙外", "楼道里", "地下车库", "小花园", "三楼", "电梯口", "车棚", "北门岗亭", "垃圾站旁边"]
    private static let what = [
        "有个男的转悠半天了，手里拿着工具", "电动车被偷，锁剪断了", "冒烟，闻到糊味", "两口子吵架，砸东西", "老人摔倒起不来", "停了辆外地面包车，没熄火",
        "有人在撬门", "水管爆了，水流到楼道里", "一群人围着吵，快打起来了", "小孩找不到妈妈", "有人推销，说是燃气公司的", "广场舞音响太大",
        "suspicious man looking into windows", "smell of gas in the stairwell", "a drunk man is kicking the doors",
    ]
}
