public import TipModel
import TipWire

/// Makes tips as posts of a district send them: one series for each post, numbered from 1, ids in time order.
public struct SampleTips: Sendable {
    public static let posts = (1...8).map { PostID(unchecked: "gate-\($0)") }
    public static let zones = (1...4).map { ZoneID(unchecked: "zone-\($0)") }
    public static let units = (1...3).map { UnitID(unchecked: "patrol-\($0)") }

    static let reports: [(category: String, text: String, place: String)] = [
        ("suspicious_person", "监控里看到一名男子在小区外墙徘徊，随身带着工具包", "3号楼东墙外"),
        ("burglary", "有人翻墙进了院子，正在撬一楼的窗户", "5号楼102室"),
        ("fire", "地下车库冒烟，有焦糊味", "地下车库B区"),
        ("medical", "一位老人晕倒在大门口，叫不醒", "南门岗亭"),
        ("disturbance", "楼下几个人喝酒吵闹，有人打起来了", "中心花园"),
        ("fraud", "老人说接到公检法的电话，要去银行转账", "社区服务站"),
        ("vehicle", "A white van without plates has been parked by the school gate since noon", "School gate"),
        ("service_request", "新生儿户口登记要带哪些材料", ""),
    ]

    public var random: SplitMix64
    private var numbers: [PostID: UInt64] = [:]

    public init(seed: UInt64 = 1) { random = SplitMix64(seed: seed) }

    /// The zone that a post of the sample stands in.
    public static func zone(of post: PostID) -> ZoneID {
        let place = posts.firstIndex(of: post) ?? 0
        return zones[place % zones.count]
    }

    /// Where a post of the sample stands: 300 m from one to the next.
    public static func position(of post: PostID) -> Position {
        let place = posts.firstIndex(of: post) ?? 0
        return Position(latitude: 39.9042 + Double(place) * 0.0027, longitude: 116.4074, accuracy: 15)
    }

    /// The next tip of `post`, observed at `time`.
    public mutating func tip(from post: PostID, at time: Timestamp) -> Tip {
        let report = Self.reports[Int(random.next() % UInt64(Self.reports.count))]
        let number = numbers[post, default: 0] + 1
        numbers[post] = number
        let place = Self.position(of: post)
        let drift = Double(random.next() % 1_000) / 1_000_000
        return Tip(
            id: .make(at: time, using: &random), observedAt: time, category: report.category, text: report.text,
            position: random.oneIn(4)
                ? nil
                : Position(latitude: place.latitude + drift, longitude: place.longitude - drift, accuracy: 8),
            place: report.place, reporter: "员工\(random.next() % 20)", panic: random.oneIn(50),
            drill: random.oneIn(20), attachments: random.oneIn(10) ? [random.bytes(32)] : [],
            language: report.category == "vehicle" ? "en" : "zh-CN", series: Self.series(of: post), number: number)
    }

    /// The tip as the daemon accepts it, a moment after it was observed.
    public mutating func accepted(from post: PostID, at time: Timestamp) -> TipAccepted {
        let tip = tip(from: post, at: time)
        return TipAccepted(
            post: post, zone: Self.zone(of: post), tip: tip, encoded: TipCodec.encode(tip),
            position: tip.position ?? Self.position(of: post), receivedAt: time.advanced(byMilliseconds: 180),
            skewMilliseconds: Int64(random.next() % 4_000) - 2_000)
    }

    /// The series that a post of the sample numbers its tips in.
    public static func series(of post: PostID) -> UInt64 { witnessHash(post: post, reporter: "series") }
}
