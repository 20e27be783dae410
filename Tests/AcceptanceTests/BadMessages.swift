import TestSupport
import TipModel
import TipWire
import Workbench

/// One message that must be refused, or might be, with what it must be answered by.
struct BadMessage {
    var header: [UInt8]
    /// Frames after the header.
    var rest: [[UInt8]]
    /// The refusals it must be answered with, one for each tip at fault. Nil for a mutated one: nobody knows, but it must
    /// be answered.
    var codes: [RejectionCode]?
    /// Answers in all: refusals, receipts, results.
    var answers: Int
}

/// Protobuf by hand, so that what no encoder of ours would make can be made.
enum Proto {
    static func varint(_ number: Int, _ value: UInt64) -> [UInt8] { varint(UInt64(number) << 3) + varint(value) }

    static func bytes(_ number: Int, _ value: [UInt8]) -> [UInt8] {
        varint(UInt64(number) << 3 | 2) + varint(UInt64(value.count)) + value
    }

    static func text(_ number: Int, _ value: String) -> [UInt8] { bytes(number, Array(value.utf8)) }

    static func double(_ number: Int, _ value: Double) -> [UInt8] {
        varint(UInt64(number) << 3 | 1) + (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
    }

    static func fixed(_ number: Int, _ value: UInt64) -> [UInt8] { double(number, Double(bitPattern: value)) }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

/// Makes bad messages from a seed.
struct BadMessages {
    var random: SplitMix64

    mutating func header(_ verb: UInt8, _ request: UInt32) -> [UInt8] {
        var header = Header(.submit, request: request).encoded
        header[3] = verb
        return header
    }

    func many(_ byte: UInt8, _ count: Int) -> [UInt8] { Array(repeating: byte, count: count) }

    /// Bytes that are no protobuf message: a field that runs past the end, a wire type that does not exist, groups without end.
    mutating func garbage() -> [UInt8] {
        [[0x0A, 0xFF, 0x7F] + random.bytes(5), [0xFF], [0x0F, 1], many(0x0B, 5_000), [0x00, 0x00]].randomElement(using: &random) ?? []
    }

    /// Cuts, flips, doubles and moves bytes.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        guard !bytes.isEmpty else { return random.bytes(8) }
        var bytes = bytes
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch random.next() % 6 {
        case 0: bytes.removeLast(bytes.count - place)
        case 1:
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8(random.next() % 8)
            }
        case 2: bytes.insert(contentsOf: random.bytes(Int.random(in: 1...12, using: &random)), at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...12, using: &random)))
        case 4: bytes.append(contentsOf: bytes[place...])
        default: bytes = random.bytes(Int.random(in: 0...200, using: &random))
        }
        return bytes
    }

    // MARK: - Framing, which both endpoints refuse alike

    /// - Parameter verb: one that the endpoint knows; `foreign` are those that it must not.
    mutating func framing(_ verb: Verb, foreign: [Verb], _ request: UInt32) -> BadMessage {
        func bad(_ header: [UInt8], _ rest: [[UInt8]], _ code: RejectionCode) -> BadMessage {
            BadMessage(header: header, rest: rest, codes: [code], answers: 1)
        }
        let good = header(verb.rawValue, request)
        switch random.next() % 9 {
        case 0: return bad(good, [], .malformed)
        case 1: return bad(good, [[], []], .malformed)
        case 2: return bad(good, Array(repeating: random.bytes(3), count: 9), .malformed)
        case 3: return bad(random.bytes(Int.random(in: 0...7, using: &random)), [[]], .malformed)
        case 4: return bad(many(0, 8), [random.bytes(20)], .malformed)
        case 5: return bad(Array(good.prefix(2)) + [random.oneIn(2) ? 0 : 2] + good[3...], [[]], .version)
        case 6: return bad(header([0x00, 0x03, 0x7F, 0xFF].randomElement(using: &random) ?? 0, request), [[]], .unsupported)
        case 7: return bad(header((foreign.randomElement(using: &random) ?? .notice).rawValue, request), [[]], .unsupported)
        default: return bad(good, [garbage()], .malformed)
        }
    }

    // MARK: - Tips

    /// A SUBMIT of one tip with one fault, and the code it must be refused with.
    mutating func badTip() -> ([UInt8], RejectionCode) {
        let id = TipID.make(at: SystemTime().now(), using: &random)
        func tip(id: [UInt8]? = nil, observed: UInt64 = 1_700_000_000_000, category: String = "theft", _ more: [UInt8] = []) -> [UInt8] {
            Proto.bytes(1, id ?? makeID.bytes) + Proto.varint(2, observed) + Proto.text(3, category) + more
        }
        let makeID = id
        func old(_ days: Int64) -> TipID {
            TipID(high: UInt64(SystemTime().now().milliseconds - days * 86_400_000) << 16, low: makeID.low)
        }
        func long(_ count: Int) -> String { String(repeating: "a", count: count) }
        let kinds: [([UInt8], RejectionCode)] = [
            (tip(id: many(7, 15)), .invalidField), (tip(id: []), .invalidField), (tip(category: ""), .invalidField),
            (tip(observed: 0), .invalidField), (tip(observed: .max), .invalidField),
            (tip(Proto.bytes(5, Proto.double(1, 91))), .invalidField), (tip(Proto.bytes(5, Proto.double(2, -181))), .invalidField),
            (tip(Proto.bytes(5, Proto.double(1, .nan))), .invalidField), (tip(Proto.bytes(5, [0x1D, 0, 0, 0x80, 0xBF])), .invalidField),
            (tip(Proto.bytes(10, many(1, 31))), .invalidField),
            (tip(Proto.text(4, long(4_001))), .tooLarge), (tip(Proto.text(6, long(241))), .tooLarge),
            (tip(Proto.text(7, long(65))), .tooLarge), (tip(category: long(33)), .tooLarge), (tip(Proto.text(11, long(36))), .tooLarge),
            (tip((0..<9).flatMap { Proto.bytes(10, many($0, 32)) }), .tooLarge), (tip(Proto.bytes(99, many(0, 8_192))), .tooLarge),
            (tip(category: "no_such_category"), .unknownCategory), (tip(category: "盗窃"), .unknownCategory),
            (tip(id: old(31).bytes), .tooOld), (tip(id: many(0, 16)), .tooOld), (tip(id: old(-2).bytes), .inFuture),
            (tip(id: many(0xFF, 16)), .inFuture), (garbage(), .malformed), (tip(Proto.bytes(4, [0xFF, 0xFE])), .malformed),
        ]
        return kinds.randomElement(using: &random) ?? ([], .malformed)
    }

    /// - Parameter accepted: a tip that was accepted, for a conflict.
    mutating func forTips(_ request: UInt32, accepted: TipID) -> BadMessage {
        let submit = header(Verb.submit.rawValue, request)
        func bad(_ body: [UInt8], _ codes: [RejectionCode]) -> BadMessage {
            BadMessage(header: submit, rest: [body], codes: codes, answers: codes.count)
        }
        switch random.next() % 12 {
        case 0, 1, 2:
            let own: [Verb] = [.submit, .postHeartbeat]
            return framing(
                own.randomElement(using: &random) ?? .submit, foreign: [.subscribe, .claim, .notice, .assign, .receipts, .feed], request)
        case 3: return bad(Proto.varint(2, 5), [.invalidField])
        case 4: return bad((0..<513).flatMap { _ in Proto.bytes(1, []) }, [.tooLarge])
        case 5: return bad(Proto.bytes(1, Proto.bytes(1, accepted.bytes) + Proto.varint(2, 9) + Proto.text(3, "theft")), [.conflict])
        case 6:
            let tips = (0..<Int.random(in: 2...5, using: &random)).map { _ in badTip() }
            return bad(tips.flatMap { Proto.bytes(1, $0.0) }, tips.map(\.1))
        case 7, 8, 9:
            let tip = badTip()
            return bad(Proto.bytes(1, tip.0), [tip.1])
        default:
            var stream = StreamTips(random: SplitMix64(seed: random.next()), express: 3)
            let tips = (0..<Int.random(in: 1...3, using: &random)).map { _ in stream.next().bytes }
            let body = mutated(Submit(tips: tips, sentAt: SystemTime().now()).encoded)
            // As many answers as it has tips, if it still is a SUBMIT.
            return BadMessage(header: submit, rest: [body], codes: nil, answers: (try? Submit(body))?.tips.count ?? 1)
        }
    }

    // MARK: - The feed

    /// For a connection that has no subscription.
    mutating func forFeed(_ request: UInt32) -> BadMessage {
        func bad(_ verb: Verb, _ body: [UInt8], _ code: RejectionCode) -> BadMessage {
            BadMessage(header: Header(verb, request: request).encoded, rest: [body], codes: [code], answers: 1)
        }
        let zones = { (names: [String]) in names.flatMap { Proto.text(1, $0) } }
        let lane = Proto.varint(1, 2) + Proto.bytes(2, Proto.varint(1, 100))
        switch random.next() % 16 {
        case 0, 1, 2, 3:
            let own: [Verb] = [.subscribe, .credit, .acknowledge, .patrolHeartbeat, .claim, .clear]
            let foreign: [Verb] = [.submit, .postHeartbeat, .photo, .merge, .subscribed, .actionResult]
            return framing(own.randomElement(using: &random) ?? .claim, foreign: foreign, request)
        case 4: return bad(.subscribe, zones((0..<65).map { "zone-\($0)" }), .tooLarge)
        case 5: return bad(.subscribe, zones(["no zone"]), .invalidField)
        case 6: return bad(.subscribe, zones(["nanhu"]), .forbidden)
        case 7: return bad(.subscribe, Proto.varint(3, .max) + Proto.varint(4, 1), .invalidField)
        case 8: return bad(.credit, Proto.varint(1, 3), .invalidField)
        case 9: return bad(.credit, lane, .notFound)
        case 10: return bad(.acknowledge, Proto.varint(1, .max), .notFound)
        case 11: return bad(.patrolHeartbeat, Proto.varint(1, .max), .notFound)
        case 12: return bad(.claim, Proto.varint(1, 1) + Proto.text(3, String(repeating: "n", count: 1_001)), .tooLarge)
        case 13: return bad(.clear, Proto.varint(1, 1) + Proto.varint(2, 99), .invalidField)
        default:
            let verbs: [Verb] = [.credit, .acknowledge, .patrolHeartbeat, .claim, .enRoute, .onScene, .release]
            let header = Header(verbs.randomElement(using: &random) ?? .claim, request: request).encoded
            return BadMessage(header: header, rest: [mutated(lane)], codes: nil, answers: 1)
        }
    }
}
