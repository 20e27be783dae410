/// What posts that see one event agree on, and how they put it in words.
struct BenchDetails: Sendable {
    private var building: Int
    private var unit: Int
    private var floor: Int
    private var place: Int
    private var colour: Int
    private var number: Int
    private var plate: String

    init(using random: inout BenchRandom) {
        building = 1 + random.below(60)
        unit = 1 + random.below(6)
        floor = 1 + random.below(24)
        place = random.below(Self.places.count)
        colour = random.below(Self.colours.count)
        number = 2 + random.below(18)
        let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZ")
        plate = "\(letters[random.below(letters.count)])\(letters[random.below(letters.count)])\(1_000 + random.below(9_000))"
    }

    /// The tip's place in words.
    var placeName: String { "\(building)号楼\(Self.places[place].zh)" }

    /// A way to tell the story.
    func text(category: Int, story: Int, using random: inout BenchRandom) -> String {
        let tellings = BenchStories.categories[category].stories[story]
        let telling = tellings[random.below(tellings.count)]
        let isChinese = telling.unicodeScalars.contains { $0.value > 0x2E80 }
        let openings = isChinese ? Self.openings.zh : Self.openings.en
        let endings = isChinese ? Self.endings.zh : Self.endings.en
        // Most reports have one of the two, as guards write them.
        let opening = random.below(3) == 0 ? "" : openings[random.below(openings.count)]
        let ending = random.below(3) == 0 ? "" : endings[random.below(endings.count)]
        return opening + filled(telling, isChinese, &random) + ending
    }

    private func filled(_ telling: String, _ isChinese: Bool, _ random: inout BenchRandom) -> String {
        var text = ""
        text.reserveCapacity(telling.utf8.count + 40)
        var slot: Bool = false
        for character in telling {
            switch character {
            case "{": slot = true
            case "}": slot = false
            case _ where slot: text += value(character, isChinese, &random)
            default: text.append(character)
            }
        }
        return text
    }

    private func value(_ slot: Character, _ isChinese: Bool, _ random: inout BenchRandom) -> String {
        switch slot {
        case "b": return isChinese ? (random.below(2) == 0 ? "\(building)号楼" : "\(building)栋") : "building \(building)"
        case "u": return isChinese ? "\(unit)单元" : "unit \(unit)"
        case "f": return isChinese ? (random.below(2) == 0 ? "\(floor)楼" : "\(floor)层") : "floor \(floor)"
        case "p": return isChinese ? Self.places[place].zh : Self.places[place].en
        case "c": return isChinese ? Self.colours[colour].zh : Self.colours[colour].en
        case "v": return isChinese ? "浙" + plate : plate
        case "n": return "\(number)"
        case "t": return time(isChinese, &random)
        default: return ""
        }
    }

    private func time(_ isChinese: Bool, _ random: inout BenchRandom) -> String {
        let minutes = 1 + random.below(9)
        switch random.below(4) {
        case 0: return isChinese ? "刚才" : "just now"
        case 1: return isChinese ? "\(minutes)分钟前" : "\(minutes) minutes ago"
        case 2: return isChinese ? "这会儿" : "at this moment"
        default: return isChinese ? "刚刚" : "a moment ago"
        }
    }

    private static let places: [(zh: String, en: String)] = [
        ("东门", "the east gate"), ("西门", "the west gate"), ("南门", "the south gate"), ("北门", "the north gate"),
        ("东墙外", "the east wall"), ("车棚", "the bike shed"), ("地下车库", "the underground garage"), ("小花园", "the little garden"),
        ("快递柜旁", "the parcel lockers"), ("垃圾站", "the refuse station"), ("幼儿园门口", "the kindergarten"), ("健身广场", "the exercise ground"),
        ("菜市场口", "the market entrance"), ("公交站", "the bus stop"), ("河边步道", "the river path"), ("社区食堂", "the canteen"),
        ("医务室门口", "the clinic"), ("物业办公室", "the property office"), ("篮球场", "the basketball court"), ("银杏大道", "Ginkgo Avenue"),
        ("配电房旁边", "the substation"), ("自行车道", "the cycle lane"), ("水果店", "the fruit shop"), ("棋牌室", "the chess room"),
    ]

    private static let colours: [(zh: String, en: String)] = [
        ("黑色", "black"), ("白色", "white"), ("红色", "red"), ("蓝色", "blue"), ("灰色", "grey"), ("绿色", "green"), ("黄色", "yellow"),
        ("棕色", "brown"), ("银色", "silver"), ("紫色", "purple"), ("橙色", "orange"),
    ]

    private static let openings: (zh: [String], en: [String]) = (
        [
            "报告，", "门岗报：", "居民反映，", "邻居说", "您好，", "保洁看到", "巡逻时发现，", "对讲里说", "业主来电：", "值班室，", "我是门卫，", "监控室：",
            "有人来说，", "住户打电话说", "小区群里说",
        ],
        [
            "hi, ", "gate here: ", "resident says ", "reported by a neighbour: ", "cctv shows ", "on patrol, ", "desk please note, ", "cleaner tells us ",
            "urgent? ", "just phoned in: ", "update: ", "we have ",
        ]
    )

    private static let endings: (zh: [String], en: [String]) = (
        [
            "，麻烦来看看", "，我在现场", "，请派人", "，人还在", "，已经拍照", "，有监控", "，围了几个人", "，等回话", "，我先看着", "，需要支援", "。已告知物业",
            "，离岗亭不远", "，电话里说得急", "，不止一次了",
        ],
        [
            ", please check", ", I am on site", ", send someone", ", still here", ", took a photo", ", it is on camera", ", people are gathering",
            ", waiting for your call", ", we keep an eye on it", ", not the first time", ", property office knows",
        ]
    )
}
