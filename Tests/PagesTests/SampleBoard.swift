import Accounts
import Administration
@testable import Board
import Localization
import Settings
import TestSupport
import TipModel

/// A night in the sample district: one emergency nobody has seen, others in every phase, one drill, two silent posts.
struct SampleBoard {
    static let now = ManualTime.night
    static let desk = BoardUser(name: "zhang", role: .desk, sight: .all, csrfToken: "token")

    static func unit(_ name: String, _ zones: String...) -> BoardUser {
        BoardUser(
            name: name, role: .patrol, sight: .unit(UnitID(unchecked: name), Set(zones.map { ZoneID(unchecked: $0) })), csrfToken: "token")
    }

    static func ago(_ minutes: Double) -> Timestamp { now.advanced(byMilliseconds: -Int64(minutes * 60_000)) }

    private static func shipped(_ file: String) -> String {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(root)/config/district/\(file)"
    }

    let overview: BoardOverview

    init(incidents: [Incident]? = nil) throws {
        let zones = try ZonesFile.load(path: Self.shipped("zones.yaml"))
        let posts = try PostsFile.load(path: Self.shipped("posts.yaml"))
        let units = try UnitsFile.load(path: Self.shipped("units.yaml"))
        let all = incidents ?? Self.incidents(posts)
        overview = BoardOverview(
            now: Self.now, sequence: 90, open: all.filter { $0.phase != .cleared }, openTotal: all.filter { $0.phase != .cleared }.count,
            cleared: all.filter { $0.phase == .cleared }, zones: zones,
            posts: posts.enumerated().map { index, post in
                BoardPost(
                    post: post, condition: index == 7 || index == 23 ? .silent : index == 40 ? .neverHeard : .online,
                    lastHeardAt: index == 40 ? nil : Self.ago(index == 7 ? 42 : index == 23 ? 310 : 0))
            },
            units: units,
            waiting: WaitingRules(claimWithin: [.emergency: 60_000, .urgent: 180_000, .priority: 900_000, .routine: 3_600_000]),
            categories: ["suspicious_person", "theft", "burglary", "assault", "fire", "medical", "disturbance", "fraud", "hazard", "vehicle"],
            utcOffsetMinutes: 480)
    }

    func scope(_ user: BoardUser = desk, _ language: Language = .zh) -> PageScope {
        PageScope(overview, user: user, words: Words(language))
    }

    static func incident(
        _ id: UInt64, _ level: UrgencyLevel, _ category: String, _ headline: String, at post: Post, place: String = "",
        minutes: Double, tips: UInt32 = 1, crew: [(String, Phase, Double)] = [], drill: Bool = false
    ) -> Incident {
        let reasons = [
            Reason(code: "category", points: 30, detail: category), Reason(code: "night", points: 10, detail: "02:08"),
            Reason(code: "words.weapon", points: 25, detail: "手里有工具"),
        ]
        var one = Incident(
            id: IncidentID(id), zone: post.zone, category: category, drill: drill, openedAt: ago(minutes), lastTipAt: ago(minutes * 0.6),
            position: post.position, place: place, headline: headline, urgency: Urgency(score: 65, level: level, reasons: reasons),
            tipCount: tips, posts: [post.id], phaseSince: ago(minutes), lastSequence: id)
        one.crew = crew.map {
            let unit = UnitID(unchecked: $0.0)
            return Assignment(unit: unit, phase: $0.1, since: ago($0.2), by: .unit(unit))
        }
        if let furthest = one.crew.max(by: { $0.phase.rawValue < $1.phase.rawValue }) {
            one.phase = furthest.phase
            one.phaseSince = furthest.since
        }
        return one
    }

    private static func incidents(_ posts: [Post]) -> [Incident] {
        var all = [
            incident(12, .emergency, "suspicious_person", "两点钟东墙外有人翻墙，手里有刀，保安一人在岗", at: posts[0], place: "3号楼东墙外", minutes: 2, tips: 3),
            incident(11, .emergency, "fire", "地下车库冒烟，有焦糊味，已通知物业疏散", at: posts[10], place: "地下车库B区", minutes: 9, tips: 5, crew: [("patrol-xuefu", .onScene, 1), ("night-east", .enRoute, 4)]),
            incident(10, .urgent, "burglary", "有人正在撬一楼窗户，听到玻璃碎的声音", at: posts[15], place: "5号楼102室", minutes: 5),
            incident(9, .urgent, "disturbance", "烧烤摊前七八个人推搡，有人拿酒瓶", at: posts[17], place: "市集南口", minutes: 14, tips: 2, crew: [("patrol-shiji", .enRoute, 6)]),
            incident(8, .priority, "vehicle", "一辆没有牌照的白色面包车停在学校门口一下午，车里有两个人一直不下车，保安询问时对方说等人但说不出等谁", at: posts[11], place: "学校正门", minutes: 48),
            incident(7, .priority, "suspicious_person", "男子在楼道里逐户试门把手", at: posts[3], place: "银杏花园2栋", minutes: 21, crew: [("patrol-dongyuan", .claimed, 12)]),
            incident(6, .priority, "hazard", "井盖缺失，夜间看不见", at: posts[25], place: "南湖路口", minutes: 33),
            incident(5, .routine, "disturbance", "楼上装修噪音到深夜", at: posts[4], minutes: 65),
            incident(4, .routine, "service_request", "请夜间多巡逻学府路", at: posts[12], minutes: 180),
            incident(3, .emergency, "medical", "演练：老人晕倒在大门口", at: posts[30], place: "北门岗亭", minutes: 4, drill: true),
        ]
        all[2].acknowledgement = Acknowledgement(by: Operator(.desk, "zhang"), at: ago(3))
        all[2].escalation = Escalation(since: ago(5), rung: .officer, toldAt: ago(4), restUntil: now.advanced(byMilliseconds: 120_000))
        all[4].escalation = Escalation(since: ago(48), rung: .desk, toldAt: ago(8), reminders: 2)
        all[6].suggestion = IncidentID(5)
        var cleared = incident(2, .urgent, "assault", "两人争执后一人头部受伤", at: posts[20], place: "西桥菜场", minutes: 95, crew: [("patrol-xiqiao", .onScene, 80)])
        cleared.phase = .cleared
        cleared.phaseSince = ago(55)
        cleared.disposition = .resolved
        all.append(cleared)
        return all
    }

    /// The first incident with three tips, one of them with a photo, and a history of every kind.
    func dossier() -> Dossier {
        let incident = overview.open[0]
        let time = Self.ago
        func accepted(_ post: Int, _ text: String, _ minutes: Double, photo: Bool = false, low: UInt64) -> TipAccepted {
            let place = overview.posts[post].post
            let tip = Tip(
                id: TipID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0000 + low), observedAt: time(minutes + 0.2),
                category: "suspicious_person", text: text, position: place.position, place: "3号楼东墙外",
                attachments: photo ? [[UInt8](repeating: 0xA5, count: 32)] : [], language: "zh-CN")
            return TipAccepted(
                post: place.id, zone: place.zone, tip: tip, encoded: [], position: place.position, receivedAt: time(minutes), skewMilliseconds: 0)
        }
        let first = accepted(0, "两点钟东墙外有人徘徊，手里有工具", 9, low: 1)
        let second = accepted(1, "东墙那边有人翻墙", 6, photo: true, low: 2)
        let third = accepted(0, "看清楚了，手里有刀", 2, low: 3)
        let joined = [Reason(code: "distance", points: 20, detail: "82 m"), Reason(code: "time", points: 12, detail: "3 min"), Reason(code: "text", points: 9, detail: "东墙")]
        func member(_ tip: TipAccepted, _ minutes: Double, _ sequence: UInt64, score: Int32?) -> Dossier.MemberTip {
            Dossier.MemberTip(
                member: MemberTip(
                    sequence: sequence, at: time(minutes), accepted: tip, urgency: incident.urgency, score: score,
                    reasons: score == nil ? [Reason(code: "alone", points: 0)] : joined), pseudonym: sequence == 82 ? "" : "K7Q2")
        }
        let unit = UnitID(unchecked: "patrol-dongyuan")
        let records = [
            Record(sequence: 80, at: time(9), events: [.tipAccepted(first), .incidentOpened(IncidentOpened(incident: incident.id, urgency: incident.urgency, reasons: []))]),
            Record(sequence: 82, at: time(6), events: [.tipAccepted(second), .tipCorrelated(TipCorrelated(incident: incident.id, score: 41, reasons: joined, tipUrgency: incident.urgency))]),
            Record(sequence: 83, at: time(5), events: [.incidentEscalated(IncidentEscalated(incident: incident.id, rung: .officer, reason: Reason(code: "alone", points: 0)))]),
            Record(sequence: 84, at: time(4), events: [.phaseChanged(PhaseChanged(incident: incident.id, unit: unit, phase: .claimed))]),
            Record(sequence: 85, at: time(3), events: [.phaseChanged(PhaseChanged(incident: incident.id, unit: unit, phase: .open, note: "车坏了"))]),
            Record(sequence: 86, at: time(2), events: [.tipAccepted(third), .tipCorrelated(TipCorrelated(incident: incident.id, score: 55, reasons: joined, tipUrgency: incident.urgency)), .urgencyChanged(UrgencyChanged(incident: incident.id, urgency: incident.urgency))]),
            Record(sequence: 87, at: time(1), events: [.identityRevealed(IdentityRevealed(incident: incident.id, post: first.post, tip: first.tip.id, reason: "核对现场情况", by: "zhang"))]),
        ]
        return Dossier(
            incident: incident, tips: [member(first, 9, 80, score: nil), member(second, 6, 82, score: 41), member(third, 2, 86, score: 55)],
            records: records, isCut: false, suggestion: overview.open[6].id, now: Self.now,
            detail: IncidentDetail(incident: IncidentReport(incident), tips: [], history: []))
    }
}
