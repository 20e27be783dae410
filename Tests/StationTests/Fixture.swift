import TestSupport
import TipModel
import TipWire

@testable import Station

/// A small district, and rules of the suite's own, so that a change of the shipped ones breaks nothing here.
enum Fixture {
    static let posts = [
        post("gate-1", zone: "east", north: 0), post("gate-2", zone: "east", north: 60),
        post("gate-3", zone: "east", north: 20_000), post("gate-4", zone: "west", north: 0),
    ]
    static let east = PatrolUnit(id: UnitID(unchecked: "patrol-1"), name: "东巡组", zones: [ZoneID(unchecked: "east")])
    static let both = PatrolUnit(
        id: UnitID(unchecked: "patrol-2"), name: "机动", zones: [ZoneID(unchecked: "west"), ZoneID(unchecked: "east")])
    static let units = [east, both]

    static func post(_ name: String, zone: String, north metres: Double) -> Post {
        Post(
            id: PostID(unchecked: name), name: name, zone: ZoneID(unchecked: zone),
            position: Position(latitude: 39.9 + metres / 111_195, longitude: 116.4, accuracy: 10), kind: "compound", members: 9)
    }

    static let rules = TriageRules(
        categories: [
            "suspicious_person": category("suspicious_person", base: 30, floor: .routine),
            "burglary": category("burglary", base: 45, floor: .priority),
            "fire": category("fire", base: 50, floor: .urgent),
            "other": category("other", base: 10, floor: .routine),
            // Those of SampleTips too.
            "medical": category("medical", base: 50, floor: .urgent),
            "disturbance": category("disturbance", base: 25, floor: .routine),
            "fraud": category("fraud", base: 20, floor: .routine),
            "vehicle": category("vehicle", base: 15, floor: .routine),
            "service_request": category("service_request", base: 0, floor: .routine),
        ],
        correlation: CorrelationRules(
            windowMilliseconds: 30 * 60_000, timeScaleMilliseconds: 1_000_000 * 60_000, maximumDistance: 300,
            distanceScale: 1e9, spanMetres: 600, spanMilliseconds: 240 * 60_000, postAccuracy: 0,
            points: CorrelationPoints(
                distance: 30, time: 20, category: 20, text: 30, place: 10, identifier: 40, dwelling: 10, appearance: 10,
                contradiction: 25),
            attachAt: 50, suggestAt: 40, emergencyMargin: 0, clearedGraceMilliseconds: 0,
            followMilliseconds: 120 * 60_000, candidateBound: 32,
            affinity: CategoryAffinity(pairs: [.init("suspicious_person", "burglary"): 50, .init("fire", "hazard"): 50]),
            text: TextRules(smoothing: 0, lesser: 1, greater: 0)),
        urgency: UrgencyRules(
            lexicon: Lexicon(
                words: [WordRule(code: "weapon", phrases: ["刀", "knife"], points: 35, floor: .emergency, negatable: true)],
                negations: NegationRules(before: ["没有", "no"])),
            nightFrom: 22, nightUntil: 6, nightPoints: 10, utcOffsetMinutes: 480, corroborationPoints: [8, 8, 8],
            panicPoints: 60, priorityAt: 45, urgentAt: 60, emergencyAt: 80))

    static func category(
        _ code: String, base: Int32, floor: UrgencyLevel
    ) -> TipModel.Category {
        Category(code: code, nameZh: code, nameEn: code, base: base, floor: floor)
    }

    static let lurker = "一名男子在东墙外徘徊"

    /// The tip `number` of a post, made at `time`; what is not said is always the same.
    static func tip(
        _ number: UInt64, from post: Post = posts[0], _ category: String = "suspicious_person",
        text: String = lurker, at time: Timestamp = ManualTime.night, reporter: String = "", panic: Bool = false,
        drill: Bool = false, series: UInt64 = 7
    ) -> TipCommand {
        let tip = Tip(
            id: TipID(high: UInt64(time.milliseconds) << 16, low: number), observedAt: time, category: category,
            text: text, place: "3号楼", reporter: reporter, panic: panic, drill: drill, series: series, number: number)
        return TipCommand(
            ticket: TipTicket(route: [1], request: UInt32(number), index: 0), post: post, tip: tip,
            encoded: TipCodec.encode(tip), skewMilliseconds: 0)
    }
}

extension Receipt {
    /// As it would be told again.
    var repeated: Receipt {
        var again = self
        again.verdict = .repeat
        return again
    }
}

extension TipCommand {
    /// The same id with other bytes.
    var altered: TipCommand {
        var other = self
        other.tip.text += "。"
        other.encoded = TipCodec.encode(other.tip)
        return other
    }

    /// Sent by another post.
    func sent(by post: Post) -> TipCommand {
        var other = self
        other.post = post
        return other
    }
}
