import TestSupport
import Testing
import TipModel
import TipWire

@testable import Ingest

/// Thousands of messages that were damaged on purpose, from a peer with an enrolled key.
struct HostileTests {
    @Test(arguments: [1, 2] as [UInt64]) func itServesAfterAnything(seed: UInt64) throws {
        let bench = try IngestBench()
        let hostile = try bench.connect(try bench.enrol(post: "gate-1"))
        let honest = try bench.connect(try bench.enrol(post: "gate-2"))
        var mutator = Mutator(seed: seed)
        let count = 2_500
        for _ in 0..<count { try hostile.send(frames: mutator.next()) }

        #expect(eventually { bench.service.counters.messages == UInt64(count) })
        try honest.submit([encoded(tip(1_000_001))], request: 5)
        try honest.send(.postHeartbeat, heartbeat().encoded, request: 6)
        #expect(try honest.receive()?.header == Header(.heartbeatReply, request: 6))
        #expect(bench.core.tips.last?.tip == tip(1_000_001) && bench.core.tips.last?.post.id.rawValue == "gate-2")

        #expect(eventually { bench.service.counters.messages == UInt64(count) + 2 })
        // Whatever got through is a tip within the limits, under the key's own post.
        let counters = bench.service.counters
        #expect(counters.tips == UInt64(bench.core.tipCount))
        for admitted in bench.core.tips.dropLast() {
            #expect(admitted.post.id.rawValue == "gate-1" && (try? TipCodec.decode(admitted.encoded)) == admitted.tip)
        }
        // Each kind of refusal occurred, and each answer is one that a client can read.
        for code in [RejectionCode.malformed, .tooLarge, .invalidField, .unsupported, .version] {
            #expect(counters.rejected[code, default: 0] > 0, "\(code.name)")
        }
        var answers: [RejectionCode: UInt64] = [:]
        while answers.values.reduce(0, +) < counters.rejected.values.reduce(0, +), let (header, body) = try hostile.receive() {
            if header.verb == .heartbeatReply { continue }
            try #require(header.verb == .rejections)
            for refused in try RejectionCodec.decode(body) { answers[refused.rejection.code, default: 0] += 1 }
        }
        #expect(answers == counters.rejected)
    }
}

/// Makes valid messages and then damages them: bits, lengths, frames.
private struct Mutator {
    private var random: SplitMix64
    private var tips: SampleTips
    private var number: UInt64 = 0

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        tips = SampleTips(seed: seed)
    }

    mutating func next() -> [[UInt8]] {
        var frames = valid()
        for _ in 0..<1 + below(3) { damage(&frames) }
        return frames
    }

    private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(1, bound))) }

    private mutating func valid() -> [[UInt8]] {
        if random.oneIn(6) { return [Header(.postHeartbeat, request: 1).encoded, heartbeat().encoded] }
        let batch = (0..<1 + below(4)).map { _ in TipCodec.encode(tips.tip(from: SampleTips.posts[0], at: ManualTime.night)) }
        return [Header(.submit, request: 1).encoded, Submit(tips: batch, sentAt: ManualTime.night).encoded]
    }

    private mutating func damage(_ frames: inout [[UInt8]]) {
        let frame = below(10) == 0 ? 0 : frames.count - 1
        switch below(12) {
        case 0...3: flip(&frames[frame])
        case 4: frames[frame] = Array(frames[frame].prefix(below(frames[frame].count + 1)))
        case 5: frames[frame] += random.bytes(below(40))
        case 6:
            // A length or a number that is far too large.
            let place = below(frames[frame].count + 1)
            frames[frame].insert(contentsOf: [UInt8](repeating: 0xFF, count: 1 + below(12)), at: place)
        case 7:
            let start = below(frames[frame].count)
            frames[frame].removeSubrange(start..<min(frames[frame].count, start + 1 + below(8)))
        case 8: frames[frame] += frames[frame]
        case 9: frames.append(random.bytes(below(20)))
        case 10: if frames.count > 1 { frames.removeLast() }
        default:
            // Large without being damaged: more tips than a message may have, or a tip that is too long.
            let tip = TipCodec.encode(tips.tip(from: SampleTips.posts[0], at: ManualTime.night))
            let batch = random.oneIn(2) ? Array(repeating: tip, count: 513) : [tip + [0x22, 0xA0, 0x40] + [UInt8](repeating: 0x41, count: 8_224)]
            frames = [Header(.submit, request: 1).encoded, Submit(tips: batch, sentAt: nil).encoded]
        }
    }

    private mutating func flip(_ frame: inout [UInt8]) {
        guard !frame.isEmpty else { return }
        for _ in 0..<1 + below(4) { frame[below(frame.count)] ^= 1 << UInt8(below(8)) }
    }
}
