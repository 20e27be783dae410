internal import FoundationEssentials
internal import TipModel
internal import TipWire

/// Encoded tips of one post, each as field 1 of a SUBMIT: any run of them, as it lies here, is the body of one message.
struct BenchQueue: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Numbers of the tips.
    private(set) var indices: [UInt64] = []
    private var ends: [Int] = []

    var count: Int { indices.count }

    /// Where a tip begins in ``bytes``; for ``count`` their end.
    func begins(_ place: Int) -> Int { place == 0 ? 0 : ends[place - 1] }

    mutating func append(_ index: UInt64, _ tip: [UInt8]) {
        bytes.append(0x0A)
        var length = tip.count
        while length >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(length))
        bytes += tip
        indices.append(index)
        ends.append(bytes.count)
    }
}

/// The tips of one run.
struct BenchLoad: Sendable {
    /// By post.
    var queues: [BenchQueue]
    /// Which post sends, in the order of the numbers.
    var order: [Int32] = []
    var first: UInt64
    var count: Int
    /// Tips about what another post reported just before.
    var duplicates = 0
    var distinctTexts = 0
    var textBytes = 0
}

/// Makes the tips that a district's posts might send, the same ones for the same seed.
///
/// Sixteen categories, Chinese and English. A share of them tell, in other words, of what another post told of just before.
/// With a number of ``open`` events the others tell of one of those, as when a district is busy; without, each is a new event.
struct BenchTips {
    /// Something that happens, as posts see it.
    struct Scene {
        var number: Int
        var category: Int
        var story: Int
        var zone: Int
        var position: Position
        var details: BenchDetails
    }

    let posts: [Post]
    private var zones: [[Int]]
    private let zoneOfPost: [Int]
    private let duplicateShare: Double
    private let open: Int
    private let seed: UInt64
    private var random: BenchRandom
    private var scenes: [[Scene]]
    private var turn: [Int]
    private var numbers: [UInt64]
    private var previous: (scene: Scene, post: Int)?
    private var madeUntil: Int64 = 0
    private var nextPost = 0
    private var active: Int
    private var sceneCount = 0
    private var nextIndex: UInt64 = 1

    /// - Parameters:
    ///   - open: events that go on at a time; 0 for a new one with each tip that is no duplicate.
    ///   - duplicates: share of tips about what another post reported just before.
    init(seed: UInt64, posts: [Post], open: Int, duplicates: Double) {
        self.seed = seed
        self.posts = posts
        active = posts.count
        self.open = open
        duplicateShare = duplicates
        random = BenchRandom(seed: seed)
        let names = Set(posts.map(\.zone)).sorted { $0.rawValue < $1.rawValue }
        zones = names.map { name in posts.indices.filter { posts[$0].zone == name } }
        let places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        zoneOfPost = posts.map { places[$0.zone] ?? 0 }
        scenes = Array(repeating: [], count: zones.count)
        turn = Array(repeating: 0, count: zones.count)
        numbers = Array(repeating: 0, count: posts.count)
        guard open > 0 else { return }
        for number in 0..<max(open, zones.count) {
            // A post at a time, so that zones have as many events as posts.
            let zone = zoneOfPost[number % posts.count]
            scenes[zone].append(scene(in: zone))
        }
    }

    /// From now on only the first `count` posts report.
    mutating func use(posts count: Int) {
        active = max(1, min(count, posts.count))
        zones = zones.indices.map { zone in (0..<active).filter { zoneOfPost[$0] == zone } }
        nextPost = 0
        previous = nil
    }

    /// The next tips.
    /// - Parameters:
    ///   - now: when sending begins. Ids say when they were made, and those of a post ascend over all its runs.
    ///   - perSecond: at which rate they are made.
    ///   - post: the only one that reports, then of any event of its zone; nil for all.
    mutating func make(_ count: Int, post only: Int? = nil, now: Timestamp, perSecond: Int, panic: Bool = false) -> BenchLoad {
        var load = BenchLoad(queues: Array(repeating: BenchQueue(), count: posts.count), first: nextIndex, count: count)
        var texts: Set<String> = []
        let begin = max(now.milliseconds, madeUntil + 1)
        for offset in 0..<count {
            let at = begin + Int64(offset) * 1_000 / Int64(max(1, perSecond))
            let (scene, post, isDuplicate) = pick(only)
            if isDuplicate { load.duplicates += 1 }
            let text = scene.details.text(category: scene.category, story: scene.story, using: &random)
            texts.insert(text)
            load.textBytes += text.utf8.count
            let tip = tip(text, scene, post: post, at: Timestamp(milliseconds: at), panic: panic)
            load.queues[post].append(nextIndex, TipCodec.encode(tip))
            load.order.append(Int32(truncatingIfNeeded: post))
            nextIndex += 1
            madeUntil = at
        }
        load.distinctTexts = texts.count
        return load
    }

    /// The tip that is told next, as a value, with the number of what it tells of.
    /// - Parameter isInOrder: the first tips tell of one event each, in turn, and not of any.
    mutating func next(now: Timestamp, isInOrder: Bool = false) -> (tip: Tip, post: Post, scene: Int) {
        var (scene, post, _) = choose()
        if isInOrder, nextIndex <= UInt64(open) {
            scene = inOrder(Int(nextIndex - 1))
            post = zones[scene.zone][0]
        }
        let text = scene.details.text(category: scene.category, story: scene.story, using: &random)
        let at = Timestamp(milliseconds: max(now.milliseconds, madeUntil))
        let tip = tip(text, scene, post: post, at: at, panic: false)
        nextIndex += 1
        madeUntil = at.milliseconds
        return (tip, posts[post], scene.number)
    }

    private func inOrder(_ place: Int) -> Scene {
        var rest = place
        for zone in scenes {
            if rest < zone.count { return zone[rest] }
            rest -= zone.count
        }
        return scenes[0][0]
    }

    private mutating func tip(_ text: String, _ scene: Scene, post: Int, at: Timestamp, panic: Bool) -> Tip {
        numbers[post] += 1
        // The low half counts up, so that ids ascend within a millisecond and a receipt names its tip.
        let id = TipID(high: UInt64(max(0, at.milliseconds)) << 16 | seed & 0xFFFF, low: nextIndex)
        let position = Position(
            latitude: scene.position.latitude + random.between(-0.0001, 0.0001),
            longitude: scene.position.longitude + random.between(-0.0001, 0.0001),
            accuracy: Float(8 + random.below(12)))
        return Tip(
            id: id, observedAt: at, category: BenchStories.categories[scene.category].code, text: text, position: position,
            place: scene.details.placeName, reporter: "g\(1 + random.below(12))", panic: panic, series: seed &+ UInt64(post) &+ 1,
            number: numbers[post])
    }

    private mutating func pick(_ only: Int?) -> (Scene, post: Int, isDuplicate: Bool) {
        guard let only else { return choose() }
        return (scene(for: zoneOfPost[only]), only, false)
    }

    private mutating func choose() -> (Scene, post: Int, isDuplicate: Bool) {
        if let before = previous, random.between(0, 1) < duplicateShare {
            // Another post of the same zone, where there is one.
            let others = zones[before.scene.zone]
            var post = others[turn[before.scene.zone] % others.count]
            turn[before.scene.zone] += 1
            if post == before.post {
                post = others[turn[before.scene.zone] % others.count]
                turn[before.scene.zone] += 1
            }
            previous = (before.scene, post)
            return (before.scene, post, true)
        }
        let post = nextPost
        nextPost = (nextPost + 1) % active
        let scene = scene(for: zoneOfPost[post])
        previous = (scene, post)
        return (scene, post, false)
    }

    private mutating func scene(for zone: Int) -> Scene {
        open > 0 ? scenes[zone][random.below(scenes[zone].count)] : scene(in: zone)
    }


    private mutating func scene(in zone: Int) -> Scene {
        let near = posts[zones[zone][random.below(zones[zone].count)]]
        // Some 400 metres around a post.
        let centre = near.position ?? Position(latitude: 30, longitude: 125, accuracy: 15)
        let category = random.below(BenchStories.categories.count)
        sceneCount += 1
        return Scene(
            number: sceneCount, category: category, story: random.below(BenchStories.categories[category].stories.count), zone: zone,
            position: Position(
                latitude: centre.latitude + random.between(-0.0036, 0.0036),
                longitude: centre.longitude + random.between(-0.0042, 0.0042), accuracy: 15),
            details: BenchDetails(using: &random))
    }
}

/// Seeded random numbers (Steele, Lea and Flood's SplitMix64): the same tips for the same seed.
struct BenchRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

    mutating func between(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * Double(next() >> 11) / Double(1 << 53)
    }
}
