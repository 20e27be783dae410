/// A category as the guard's page offers it. Which categories exist at all is the daemon's configuration.
public struct PageCategory: Hashable, Sendable {
    /// Words that one tap adds.
    public struct Phrase: Hashable, Sendable {
        public var zh: String
        public var en: String

        public init(zh: String, en: String) {
            self.zh = zh
            self.en = en
        }
    }

    public var code: String
    public var zh: String
    public var en: String
    public var phrases: [Phrase]

    /// Bounds of what is configured.
    public static let most = 64
    public static let mostPhrases = 8

    public init(_ code: String, zh: String, en: String, phrases: [Phrase] = []) {
        self.code = code
        self.zh = zh
        self.en = en
        self.phrases = phrases
    }

    private init(_ code: String, _ zh: String, _ en: String, _ phrases: [(zh: String, en: String)]) {
        self.init(code, zh: zh, en: en, phrases: phrases.map { Phrase(zh: $0.zh, en: $0.en) })
    }

    /// Those of config/triage.yaml, what guards report most first.
    public static let defaults: [PageCategory] = [
        PageCategory(
            "suspicious_person", "可疑人员", "Suspicious person",
            [("有人徘徊", "loitering"), ("翻墙", "climbing over the wall"), ("携带工具", "carrying tools"), ("还在现场", "still there"), ("已离开", "has left")]),
        PageCategory(
            "disturbance", "扰民斗殴", "Disturbance",
            [("打架", "a fight"), ("酒后闹事", "drunk and disorderly"), ("噪音", "noise"), ("还在现场", "still there")]),
        PageCategory(
            "theft", "盗窃", "Theft",
            [("电动车被盗", "an e-bike is gone"), ("正在偷", "theft in progress"), ("嫌疑人已跑", "the thief ran off")]),
        PageCategory(
            "fire", "火情", "Fire",
            [("冒烟", "smoke"), ("明火", "flames"), ("有人被困", "somebody is trapped"), ("电动车着火", "an e-bike burns")]),
        PageCategory(
            "medical", "急救", "Medical",
            [("有人晕倒", "somebody collapsed"), ("受伤流血", "bleeding"), ("没有意识", "unconscious"), ("已打120", "ambulance called")]),
        PageCategory(
            "vehicle", "可疑车辆", "Suspicious vehicle",
            [("无牌车", "no number plate"), ("长时间停放", "parked for long"), ("尾随进入", "followed somebody in")]),
        PageCategory(
            "hazard", "安全隐患", "Hazard",
            [("堵塞消防通道", "fire lane blocked"), ("电线外露", "bare wires"), ("井盖缺失", "manhole open")]),
        PageCategory(
            "missing_person", "走失", "Missing person",
            [("老人走失", "an elderly person"), ("孩子走失", "a child"), ("刚刚走失", "just now")]),
        PageCategory(
            "weapon", "持械", "Weapon",
            [("有人持刀", "a knife"), ("有人持棍棒", "a club"), ("有人受伤", "somebody is hurt")]),
        PageCategory(
            "assault", "伤害", "Assault",
            [("正在打人", "going on now"), ("有人受伤", "somebody is hurt"), ("嫌疑人已跑", "the attacker ran off")]),
        PageCategory(
            "burglary", "入室", "Burglary",
            [("门窗被撬", "door or window forced"), ("人可能还在里面", "may still be inside")]),
        PageCategory(
            "traffic", "交通", "Traffic",
            [("撞车", "a collision"), ("道路堵塞", "road blocked"), ("有人受伤", "somebody is hurt")]),
        PageCategory(
            "fraud", "诈骗", "Fraud",
            [("正在转账", "transferring money now"), ("上门推销", "selling at the door"), ("冒充公检法", "posing as police")]),
        PageCategory(
            "dispute", "纠纷", "Dispute",
            [("邻里争吵", "neighbours quarrel"), ("家庭争吵", "a family quarrel"), ("可能动手", "may come to blows")]),
        PageCategory(
            "service_request", "点单", "Request",
            [("请求巡逻", "asks for a patrol"), ("老人求助", "an elderly person needs help")]),
        PageCategory(
            "other", "其他", "Other",
            [("请来人看看", "please come and look")]),
    ]
}
