import TestSupport
import Testing
import TipModel
import TipWire

@testable import Ingest

/// What is let through to the core, and what is refused with which word.
struct AdmissionTests {
    private let bench: IngestBench
    private let post: TestPost

    init() throws {
        bench = try IngestBench()
        post = try bench.connect(try bench.enrol(post: "gate-1"))
    }

    /// One message that must be refused as a whole, and how.
    struct Bad: Sendable, CustomTestStringConvertible {
        var name: String
        var frames: [[UInt8]]
        var code: RejectionCode
        var field: String
        var request: UInt32 = 0xA1B2_C3D4
        var testDescription: String { name }
    }

    private static func header(_ verb: UInt8, version: UInt8 = 1) -> [UInt8] {
        [UInt8(ascii: "W"), UInt8(ascii: "P"), version, verb, 0xA1, 0xB2, 0xC3, 0xD4]
    }

    private static let submit = Submit(tips: [encoded(tip(1))], sentAt: nil).encoded

    static let bad: [Bad] =
        [
            Bad(name: "one empty frame", frames: [[]], code: .malformed, field: "header", request: 0),
            Bad(name: "a short header", frames: [[0x57, 0x50, 1], []], code: .malformed, field: "header", request: 0),
            Bad(name: "a long header", frames: [header(1) + [0], submit], code: .malformed, field: "header", request: 0),
            Bad(name: "another magic", frames: [[0x57, 0x51] + header(1).dropFirst(2), submit], code: .malformed, field: "header", request: 0),
            Bad(name: "another version", frames: [header(1, version: 2), submit], code: .version, field: "header.version"),
            Bad(name: "no body", frames: [header(1)], code: .malformed, field: "frames"),
            Bad(name: "a third frame", frames: [header(1), submit, []], code: .malformed, field: "frames"),
            Bad(name: "twenty frames", frames: [header(1)] + Array(repeating: submit, count: 19), code: .malformed, field: "frames"),
            Bad(name: "a submit that is no protobuf", frames: [header(1), [0xFF, 0xFF]], code: .malformed, field: "submit"),
            Bad(name: "a heartbeat that is no protobuf", frames: [header(2), [0x0A]], code: .malformed, field: "post_heartbeat"),
            Bad(name: "an empty batch", frames: [header(1), []], code: .invalidField, field: "submit.tips"),
            Bad(
                name: "513 tips", frames: [header(1), Submit(tips: Array(repeating: [1], count: 513), sentAt: nil).encoded],
                code: .tooLarge, field: "submit.tips"),
            Bad(name: "an unknown verb", frames: [header(0x7F), submit], code: .unsupported, field: "header.verb"),
            Bad(name: "verb 0", frames: [header(0), submit], code: .unsupported, field: "header.verb"),
        ]
        + Verb.allCases.filter { ![.submit, .postHeartbeat, .photo, .handled].contains($0) }.map {
            Bad(name: "\($0)", frames: [header($0.rawValue), submit], code: .unsupported, field: "header.verb")
        }

    @Test func eachRefusalIsTypedAndCounted() throws {
        var counts: [RejectionCode: UInt64] = [:]
        for bad in Self.bad {
            try post.send(frames: bad.frames)
            let (request, body) = try #require(try post.receive(.rejections), "\(bad.name)")
            let refused = try RejectionCodec.decode(body)
            #expect(refused.count == 1 && refused[0].tip == nil && request == bad.request, "\(bad.name)")
            #expect(refused[0].rejection.code == bad.code && refused[0].rejection.field == bad.field, "\(bad.name)")
            #expect(!refused[0].rejection.message.isEmpty && !bad.code.isRetriable)
            counts[bad.code, default: 0] += 1
        }
        #expect(eventually { bench.service.counters.rejected == counts })
        #expect(bench.service.counters.messages == UInt64(Self.bad.count))
        #expect(bench.core.tipCount == 0 && bench.core.heartbeats.isEmpty)
        try post.submit([encoded(tip(1))])
        #expect(eventually { bench.core.tipCount == 1 })
    }

    /// Beyond the bound libzmq drops the connection unread; the post connects again and is served.
    @Test func aFrameBeyondTheLimitCostsTheConnectionOnly() throws {
        try post.send(.submit, [UInt8](repeating: 0, count: WireLimits.messageBytes + 1))
        #expect(
            try eventually {
                try post.send(.postHeartbeat, heartbeat().encoded)
                return try post.receive(for: .milliseconds(100))?.header.verb == .heartbeatReply
            })
        #expect(bench.service.counters.rejected.isEmpty && bench.core.tipCount == 0)
    }

    @Test func oneBadTipTakesNoOtherWithIt() throws {
        var bad: [(bytes: [UInt8], id: TipID?, code: RejectionCode, field: String)] = []
        func add(_ tip: Tip, _ code: RejectionCode, _ field: String) { bad.append((encoded(tip), tip.id, code, field)) }
        bad.append(([0xFF, 0xFF], nil, .malformed, "tip"))
        bad.append(([], nil, .invalidField, "tip.id"))
        let unknownField = [0xFA, 0x3F, 0x80, 0x40] as [UInt8] + [UInt8](repeating: 0, count: 8_192)
        bad.append((encoded(tip(102)) + unknownField, tip(102).id, .tooLarge, "tip"))
        add(tip(103, ""), .invalidField, "tip.category")
        add(tip(104, String(repeating: "x", count: 33)), .tooLarge, "tip.category")
        add(tip(105, text: String(repeating: "字", count: 1_334)), .tooLarge, "tip.text")
        add(tip(106, position: Position(latitude: .nan, longitude: 0, accuracy: 0)), .invalidField, "tip.position")
        add(tip(107, position: Position(latitude: 0, longitude: 0, accuracy: .nan)), .invalidField, "tip.position.accuracy_m")

        var batch: [[UInt8]] = []
        for (index, one) in bad.enumerated() { batch += [encoded(tip(UInt64(index))), one.bytes] }
        try post.submit(batch, request: 77)
        let (request, body) = try #require(try post.receive(.rejections))
        let refused = try RejectionCodec.decode(body)
        #expect(request == 77 && refused.count == bad.count)
        for (index, (one, told)) in zip(bad, refused).enumerated() {
            #expect(told.rejection.code == one.code && told.rejection.field == one.field, "\(one)")
            #expect(told.tip == one.id && told.index == UInt32(index * 2 + 1), "\(one)")
        }
        #expect(eventually { bench.core.tipCount == bad.count })
        #expect(bench.core.tips.map(\.tip.number) == Array(0..<UInt64(bad.count)))
        #expect(bench.core.tips.map(\.index) == (0..<bad.count).map { UInt32($0 * 2) })
        #expect(eventually { bench.service.counters.rejected == [.malformed: 1, .tooLarge: 3, .invalidField: 4] })
        #expect(bench.service.counters.tips == UInt64(bad.count))
    }

    /// The bytes are the tip's identity, unknown fields and all.
    @Test func aTipIsHandedOverAsItWasSent() throws {
        let bytes = encoded(tip(1)) + [0xFA, 0x3F, 0x02, 0x68, 0x69]
        try post.submit([bytes], request: 0xFFFF_FFFF, sentAt: ManualTime.night.advanced(byMilliseconds: -1_500))
        #expect(eventually { bench.core.tipCount == 1 })
        let admitted = try #require(bench.core.tips.first)
        #expect(admitted.encoded == bytes && admitted.tip == tip(1))
        #expect(admitted.request == 0xFFFF_FFFF && admitted.index == 0 && admitted.skewMilliseconds == 1_500)
    }

    @Test func aClockFromOutsideDoesNotTrap() throws {
        let clocks = [nil, Timestamp(milliseconds: 1), Timestamp(milliseconds: .max), Timestamp(milliseconds: .min)]
        for (index, clock) in clocks.enumerated() {
            var late = tip(UInt64(index))
            late.observedAt = Timestamp(milliseconds: .max)
            try post.submit([encoded(late)], sentAt: clock)
        }
        #expect(eventually { bench.core.tipCount == 4 })
        let now = ManualTime.night.milliseconds
        #expect(bench.core.tips.map(\.skewMilliseconds) == [0, now - 1, now - .max, 0])
    }

    @Test func emergenciesTakeALaneOfTheirOwn() throws {
        try post.submit([encoded(tip(1)), encoded(tip(2, "fire")), encoded(tip(3, panic: true)), encoded(tip(4))])
        #expect(eventually { bench.core.offers.count == 2 })
        #expect(bench.core.offers.map(\.express) == [true, false])
        #expect(bench.core.offers.map { $0.tips.map(\.tip.number) } == [[2, 3], [1, 4]])
    }
}
