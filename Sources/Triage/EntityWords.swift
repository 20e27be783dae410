/// The words by which ``EntityScanner`` knows an entity. They are grammar and not policy, so they are code: nobody tunes
/// what 单元 means.
enum EntityWords {
    enum Meaning {
        /// A number before it ("3号楼"), and how far off it may stand.
        case numberBefore(Entities.Kind)
        case nothing
        /// A number or letter after it ("building 3").
        case numberAfter(Entities.Kind)
        /// A direction before it ("东门", "east gate").
        case gate
        /// A side of a place, by the direction before it ("东墙", "north fence").
        case side
        /// A street, named by the two characters before it.
        case street
        /// A point of the compass.
        case direction(UInt32)
        case colour(Colour)
        /// A garment, bag or vehicle, which takes the colour before it.
        case thing(Entities.Kind)
        case sex(UInt32)
        case age(UInt32)
        case plateBefore
        case drill
        /// Denies a drill right after it.
        case denial
        /// It was before today.
        case past
        /// A telephone number after it is the reporter's own.
        case ownPhone
        /// A shop or institution of a kind.
        case venue(UInt32)
    }

    static let chinese: [(String, Meaning)] =
        list(["号楼", "栋", "幢", "号院", "座", "#楼", "#"], .numberBefore(.building))
        + list(["单元", "门洞"], .numberBefore(.unit)) + list(["室", "号房", "房间"], .numberBefore(.room))
        + list(["层", "楼"], .numberBefore(.floor))
        + list(["号门"], .numberBefore(.gate)) + list(["门"], .gate)
        + list(["墙", "侧", "围栏", "围墙"], .side) + list(["路", "街"], .street)
        // These have the character and name no street.
        + list(["路灯", "路边", "路上", "路过", "路人", "马路", "公路", "铁路", "街道", "街边", "走路", "带路", "路段", "一路", "半路"], .nothing)
        + list(["东"], .direction(1)) + list(["南"], .direction(2)) + list(["西"], .direction(3)) + list(["北"], .direction(4))
        + list(["红"], .colour(.red)) + list(["橙", "橘"], .colour(.orange)) + list(["黄"], .colour(.yellow))
        + list(["绿"], .colour(.green)) + list(["蓝"], .colour(.blue)) + list(["紫"], .colour(.purple))
        + list(["黑"], .colour(.black)) + list(["灰", "银"], .colour(.grey)) + list(["白"], .colour(.white))
        + list(["棕", "褐", "咖啡色"], .colour(.brown)) + list(["粉"], .colour(.pink))
        + list(
            ["上衣", "外套", "衣服", "衬衫", "衬衣", "t恤", "羽绒服", "夹克", "马甲", "毛衣", "卫衣", "大衣", "棉袄", "衣", "制服", "雨衣", "工装", "工服",
             "工作服", "校服", "睡衣"],
            .thing(.upper))
        + list(["裤子", "长裤", "短裤", "牛仔裤", "裙子", "连衣裙", "短裙", "裤", "裙"], .thing(.lower))
        + list(["帽子", "头盔", "帽", "鸭舌帽", "棒球帽"], .thing(.head))
        + list(["背包", "书包", "挎包", "手提包", "双肩包", "包"], .thing(.bag))
        + list(
            ["轿车", "小车", "面包车", "货车", "电动车", "电瓶车", "摩托车", "摩托", "越野车", "商务车", "suv", "三轮车", "自行车", "皮卡", "车"],
            .thing(.vehicle))
        + list(["男", "小伙", "大爷", "大叔", "老头", "老汉"], .sex(1))
        + list(["女", "大妈", "阿姨", "老太", "姑娘", "妇女"], .sex(2))
        + list(["小孩", "孩子", "儿童", "男孩", "女孩", "小朋友", "娃", "婴儿"], .age(1))
        + list(["老人", "大爷", "老头", "老太", "奶奶", "爷爷", "老汉"], .age(2))
        + list(["演练", "演习", "培训", "彩排"], .drill)
        + list(["不是", "并非", "不算", "没有", "没在", "非"], .denial)
        + list(["昨天", "昨晚", "昨夜", "前天", "前几天", "上周", "上个月", "上礼拜", "去年", "前晚", "几天前"], .past)
        + list(["联系", "我电话", "我的电话", "我手机", "回电", "打我"], .ownPhone)
        + venues([
            ["奶茶店"], ["理发店", "发廊"], ["超市", "便利店", "小卖部"], ["药店"], ["饭店", "餐馆", "餐厅", "面馆", "烧烤店"], ["网吧"],
            ["酒吧", "ktv"], ["银行"], ["幼儿园"], ["小学"], ["中学", "初中", "高中"], ["医院", "诊所", "卫生站"], ["篮球场", "球场"],
            ["操场"], ["公园"], ["游泳池", "泳池"], ["健身房"], ["活动中心", "活动室"], ["菜市场", "农贸市场"], ["公交站", "车站"], ["地铁站"],
            ["工地", "塔吊"], ["食堂"], ["图书馆"], ["宾馆", "酒店", "旅馆"], ["快递站", "驿站"], ["加油站"], ["车棚"], ["洗车店", "修车店"],
        ])

    static let english: [(String, Meaning)] =
        list(["car park"], .nothing) + list(["building", "bldg", "block", "tower", "warehouse", "house"], .numberAfter(.building))
        + list(["unit", "entrance", "stairwell"], .numberAfter(.unit))
        + list(["room", "apartment", "apt", "flat", "suite"], .numberAfter(.room))
        + list(["floor", "level"], .numberAfter(.floor)) + list(["gate"], .numberAfter(.gate))
        + list(["fence", "wall", "side"], .side) + list(["floor", "fl"], .numberBefore(.floor))
        + list(["gate", "entrance"], .gate)
        + list(["east"], .direction(1)) + list(["south"], .direction(2)) + list(["west"], .direction(3))
        + list(["north"], .direction(4))
        + list(["red"], .colour(.red)) + list(["orange"], .colour(.orange)) + list(["yellow"], .colour(.yellow))
        + list(["green"], .colour(.green)) + list(["blue", "navy"], .colour(.blue)) + list(["purple"], .colour(.purple))
        + list(["black"], .colour(.black)) + list(["grey", "gray", "silver"], .colour(.grey))
        + list(["white"], .colour(.white)) + list(["brown", "tan", "beige"], .colour(.brown)) + list(["pink"], .colour(.pink))
        + list(
            ["jacket", "coat", "hoodie", "shirt", "sweater", "vest", "top", "tshirt", "t-shirt", "jumper", "raincoat",
             "tracksuit", "uniform", "overalls", "suit"],
            .thing(.upper))
        + list(["trousers", "pants", "jeans", "shorts", "skirt", "dress"], .thing(.lower))
        + list(["hat", "cap", "helmet", "beanie"], .thing(.head)) + list(["bag", "backpack", "rucksack"], .thing(.bag))
        + list(
            ["car", "van", "truck", "sedan", "suv", "motorbike", "motorcycle", "scooter", "bike", "bicycle", "minivan",
             "pickup", "lorry", "hatchback", "e-bike"],
            .thing(.vehicle))
        + list(["man", "men", "male", "guy", "boy", "gentleman"], .sex(1))
        + list(["woman", "women", "female", "girl", "lady"], .sex(2))
        + list(["child", "kid", "boy", "girl", "toddler", "baby"], .age(1)) + list(["elderly", "old"], .age(2))
        + list(["plate", "registration", "reg", "licence", "license"], .plateBefore)
        + list(["drill", "drills", "exercise", "rehearsal"], .drill) + list(["not", "no", "isn't", "never"], .denial)
        + list(["yesterday", "last week", "last month", "last night", "days ago", "a week ago"], .past)
        + list(["call me", "contact me", "my number", "my phone", "reach me"], .ownPhone)
        + venues([
            ["supermarket", "convenience store", "corner shop"], ["pharmacy"], ["restaurant", "noodle shop", "cafe", "diner"],
            ["bar", "pub"], ["bank"], ["kindergarten", "nursery"], ["school"], ["hospital", "clinic"], ["basketball court", "court"],
            ["skate park"], ["park"], ["pool"], ["gym"], ["market"], ["bus stop"], ["station"], ["library"], ["hotel", "hostel"],
            ["car wash"], ["barber", "hairdresser"], ["roof garden"], ["riverside"],
        ], offset: 100)

    /// The provinces that begin a Chinese number plate.
    static let provinces = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"

    /// Words of one kind share a number.
    private static func venues(_ kinds: [[String]], offset: UInt32 = 0) -> [(String, Meaning)] {
        kinds.enumerated().flatMap { index, words in list(words, .venue(offset + UInt32(index))) }
    }

    private static func list(_ words: [String], _ meaning: Meaning) -> [(String, Meaning)] { words.map { ($0, meaning) } }
}

/// What may begin with a character.
struct EntityStarts: OptionSet {
    var rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }
    init(_ value: UInt32) { rawValue = value }

    static let digit = EntityStarts(1)
    static let letter = EntityStarts(2)
    static let chinese = EntityStarts(4)
    static let english = EntityStarts(8)
    static let province = EntityStarts(16)
    /// The character is a Chinese word by itself.
    static let single = EntityStarts(32)
    static let alphanumeric: EntityStarts = [digit, letter]
    static let onlyFirst: EntityStarts = [digit, letter, english]

    static let table: ScalarTable = {
        var table = ScalarTable()
        func add(_ scalars: some Sequence<UInt32>, _ start: EntityStarts) { for scalar in scalars { table[scalar] |= start.rawValue } }
        func firsts(_ words: [(String, EntityWords.Meaning)]) -> [UInt32] { words.compactMap { $0.0.unicodeScalars.first?.value } }
        add(0x30...0x39, .digit)
        add(0x61...0x7A, .letter)
        add(firsts(EntityWords.chinese), .chinese)
        add(firsts(EntityWords.chinese.filter { $0.0.unicodeScalars.count == 1 }), .single)
        add(firsts(EntityWords.english), .english)
        add(EntityWords.provinces.unicodeScalars.map(\.value), .province)
        return table
    }()
}

/// Words found by their first two characters, the longest first. Two for the whole process, shared by reference.
final class EntityLexicon: Sendable {
    /// A word that was found.
    struct Match {
        /// In scalars.
        var count: Int
        /// Of ``EntityLexicon/meanings``.
        var meanings: Range<Int>
    }

    private struct Entry {
        var count: Int32
        /// Where the word begins in ``scalars``.
        var word: Int32
        var meanings: Range<Int32>
    }

    /// Words with the same first two characters; free where it has no entries. An open-addressing table of them.
    private struct Pair {
        var first: UInt32 = 0
        var second: UInt32 = 0
        var entries: Range<Int32> = 0..<0
    }

    /// By character: the number of the entry that it is by itself, from 1.
    private let singles: ScalarTable
    private let pairs: [Pair]
    /// 1,024 bits, of which that of each pair is set: most characters in a text begin a word with others than their next.
    private let filter: [UInt64]
    private let entries: [Entry]
    private let scalars: [UInt32]
    let meanings: [EntityWords.Meaning]
    /// Whether a match must stand between letters' ends, as Latin words must.
    private let wholeWords: Bool

    init(_ words: [(String, EntityWords.Meaning)], wholeWords: Bool) {
        var table: [[UInt32]: [EntityWords.Meaning]] = [:]
        for (word, meaning) in words { table[word.unicodeScalars.map(\.value), default: []].append(meaning) }
        var (singles, entries) = (ScalarTable(), [Entry]())
        var (scalars, meanings) = ([UInt32](), [EntityWords.Meaning]())
        let groups = Dictionary(grouping: table, by: { Array($0.key.prefix(2)) })
        var filter = [UInt64](repeating: 0, count: 16)
        var pairs = [Pair](repeating: Pair(), count: (groups.count * 2).nextPowerOfTwo)
        for (beginning, group) in groups {
            let start = Int32(entries.count)
            for (word, meant) in group.sorted(by: { $0.key.count > $1.key.count }) {
                entries.append(
                    Entry(
                        count: Int32(word.count), word: Int32(scalars.count),
                        meanings: Int32(meanings.count)..<Int32(meanings.count + meant.count)))
                scalars += word
                meanings += meant
            }
            guard beginning.count == 2 else {
                if let single = beginning.first { singles[single] = UInt32(entries.count) }
                continue
            }
            let hash = Self.hash(beginning[0], beginning[1])
            filter[hash >> 6 & 15] |= 1 << UInt64(hash & 63)
            var slot = hash & (pairs.count - 1)
            while !pairs[slot].entries.isEmpty { slot = (slot + 1) & (pairs.count - 1) }
            pairs[slot] = Pair(first: beginning[0], second: beginning[1], entries: start..<Int32(entries.count))
        }
        (self.singles, self.pairs, self.filter, self.entries) = (singles, pairs, filter, entries)
        (self.scalars, self.meanings) = (scalars, meanings)
        self.wholeWords = wholeWords
    }

    static let chinese = EntityLexicon(EntityWords.chinese, wholeWords: false)
    static let english = EntityLexicon(EntityWords.english, wholeWords: true)

    private static func hash(_ first: UInt32, _ second: UInt32) -> Int { Int(((first &* 31 &+ second) &* 2_654_435_761) >> 16) }

    /// The longest word that begins at `index`; for whole words, where no letter or digit stands before it.
    /// - Parameter isSingle: whether the character at `index` may be a word by itself.
    @inline(__always)
    func match(_ text: UnsafeBufferPointer<UInt32>, at index: Int, isSingle: Bool) -> Match? {
        if index + 1 < text.count {
            let hash = Self.hash(text[index], text[index + 1])
            if filter[hash >> 6 & 15] & (1 << UInt64(hash & 63)) != 0, let longer = match(text, at: index, hash) { return longer }
        }
        return isSingle ? match(single: text, at: index) : nil
    }

    private func match(_ text: UnsafeBufferPointer<UInt32>, at index: Int, _ hash: Int) -> Match? {
        let (first, second) = (text[index], text[index + 1])
        // The mask keeps within the slots, of which half are free.
        let longer = pairs.withUnsafeBufferPointer { pairs in
            var slot = hash & (pairs.count - 1)
            while pairs[slot].first != first || pairs[slot].second != second, !pairs[slot].entries.isEmpty {
                slot = (slot + 1) & (pairs.count - 1)
            }
            return pairs[slot].entries
        }
        for place in longer {
            if let match = match(entries[Int(place)], text, at: index) { return match }
        }
        return nil
    }

    private func match(single text: UnsafeBufferPointer<UInt32>, at index: Int) -> Match? {
        let single = Int(singles[text[index]])
        return single == 0 ? nil : match(entries[single - 1], text, at: index)
    }

    /// Whether a word whose first two characters stand at `index` stands there.
    private func match(_ entry: Entry, _ text: UnsafeBufferPointer<UInt32>, at index: Int) -> Match? {
        let count = Int(entry.count)
        guard count <= text.count - index else { return nil }
        for offset in 2..<max(2, count) where scalars[Int(entry.word) + offset] != text[index + offset] { return nil }
        if wholeWords, index + count < text.count, EntityScanner.isAlphanumeric(text[index + count]) { return nil }
        return Match(count: count, meanings: Int(entry.meanings.lowerBound)..<Int(entry.meanings.upperBound))
    }
}

extension EntityWords.Meaning: Sendable {}
