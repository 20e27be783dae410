internal import FoundationEssentials
internal import TipModel
internal import TipWire

/// Tips as the district's posts might send them, encoded beforehand so that making them costs the measurement nothing.
///
/// Sixteen categories, Chinese and English; `duplicateShare` of them report what another post reported just before
/// (same category, same place, other words), as neighbours do.
struct BenchTips {
    private var random: SystemRandomNumberGenerator = .init()
    private let duplicateShare: Double
    private var lastEvent: (category: Int, position: Position)?

    init(duplicateShare: Double) { self.duplicateShare = duplicateShare }

    /// Tips whose ids were made one after the other until `end`, as those of posts are: an id that says when it was made
    /// goes to the end of the daemon's index, and a run whose ids all say the same would measure another.
    mutating func tips(_ count: Int, first: UInt64, until end: Timestamp, perSecond rate: Int) -> [(id: TipID, bytes: [UInt8])] {
        (0..<count).map { index in
            let before = Int64(count - index) * 1_000 / Int64(max(1, rate))
            return next(index: first + UInt64(index), at: end.advanced(byMilliseconds: -before))
        }
    }

    /// One tip; its id's low half carries `index`, so that a receipt or feed event finds its send time.
    mutating func next(index: UInt64, at time: Timestamp) -> (id: TipID, bytes: [UInt8]) {
        let isDuplicate = Double.random(in: 0..<1, using: &random) < duplicateShare
        let event: (category: Int, position: Position)
        if isDuplicate, let lastEvent {
            event = lastEvent
        } else {
            event = (
                Int.random(in: 0..<Self.texts.count, using: &random),
                Position(
                    latitude: 30 + Double.random(in: -0.015...0.015, using: &random),
                    longitude: 125 + Double.random(in: -0.02...0.02, using: &random), accuracy: 15)
            )
        }
        lastEvent = event
        let (category, texts) = Self.texts[event.category]
        let id = TipID(high: TipID.make(at: time, using: &random).high, low: index)
        let tip = Tip(
            id: id, observedAt: time, category: category,
            text: texts[Int.random(in: 0..<texts.count, using: &random)], position: event.position,
            place: "\(Int.random(in: 1...20, using: &random))号楼", reporter: "g\(Int.random(in: 1...12, using: &random))")
        return (id, TipCodec.encode(tip))
    }

    static let texts: [(String, [String])] = [
        ("suspicious_person", ["两点钟东墙外有人徘徊，手里有工具", "一名男子在围墙外来回走动，往院里看", "Man lurking by the east wall with a bag of tools"]),
        ("theft", ["电动车电瓶被偷，监控拍到一人", "快递柜旁的包裹不见了", "A bicycle was taken from the rack"]),
        ("burglary", ["一楼窗户被撬开，屋里有翻动痕迹", "听到隔壁有砸门的声音", "Someone is prying open a ground floor window"]),
        ("assault", ["两个人在门口打起来了，一人流血", "停车场有人被推倒在地", "Two men fighting at the gate, one is hurt"]),
        ("weapon", ["有人持刀在小区门口", "看到一人拿着棍棒追人", "A man with a knife at the north gate"]),
        ("fire", ["三楼厨房起火，有浓烟", "车棚冒烟，闻到焦味", "Smoke from the bicycle shed"]),
        ("medical", ["老人在花园晕倒，没有反应", "有人胸口疼，需要救护车", "An elderly woman has fainted"]),
        ("missing_person", ["六岁小孩走失，穿红色上衣", "老人早上出门至今未归", "A child in a red coat is missing"]),
        ("traffic", ["路口两车相撞，堵住了消防通道", "货车占道卸货", "A truck blocks the fire lane"]),
        ("disturbance", ["楼下烧烤摊吵闹到半夜", "广场音响太大，居民投诉", "Loud music after midnight"]),
        ("dispute", ["邻居因为漏水争吵", "业主和物业为停车费争执", "Neighbours argue about a leaking pipe"]),
        ("fraud", ["老人接到冒充公检法的电话，要转账", "有人上门推销假药", "Caller pretends to be from the bank"]),
        ("hazard", ["井盖松动，有人差点掉下去", "电线垂到地面", "A manhole cover is loose"]),
        ("vehicle", ["一辆无牌面包车停在校门口很久", "可疑车辆绕小区三圈", "White van without plates near the school"]),
        ("service_request", ["新生儿怎么办户口登记", "希望夜间增加巡逻", "Please patrol the night route more often"]),
        ("other", ["捡到一个钱包，交到岗亭", "路灯坏了两天", "Found a wallet at the gate"]),
    ]
}
