import SwiftProtobuf
import TestSupport
import Testing
import TipModel
import WatchpostProtobuf

@testable import TipWire

/// FEED bodies are written by hand around events that are already encoded: they must be what the generated code writes.
@Suite("FEED bodies") struct FeedBatchTests {
    private static let numbers: [UInt64] = [0, 1, 127, 128, 16_383, 16_384, 1 << 32, .max]

    @Test func whatIsWrittenByHandIsWhatTheGeneratedCodeWrites() throws {
        for lane in Lane.allCases {
            var writer = FeedBatchWriter(lane: lane)
            var message = Watchpost_V1_Feed()
            message.lane = lane == .alert ? .alert : .main
            #expect(writer.body == (try message.serializedBytes()))
            for previous in Self.numbers {
                // Sizes on both sides of where a length needs another byte.
                for padding in [0, 20, 100, 16_100, 16_400] {
                    var event = try Watchpost_V1_FeedEvent(serializedBytes: FeedCodec.encode(Sample.event(.claimed)))
                    event.incident.headline = String(repeating: "x", count: padding)
                    writer.append(previous: previous, event: try event.serializedBytes())
                    message.items.append(.with { $0.previous = previous; $0.event = event })
                }
            }
            #expect(writer.body == (try message.serializedBytes()))
            #expect(writer.count == message.items.count)
        }
    }

    /// What a patrol returns as credit must be what the daemon took.
    @Test func theSizeOfAnEventIsReadOffTheWire() throws {
        var random = SplitMix64(seed: 5)
        for _ in 0..<50 {
            var writer = FeedBatchWriter(lane: .main)
            var sizes: [Int] = []
            for _ in 0..<Int(random.next() % 6) {
                var event = FeedCodec.encode(Sample.event(EventKind.allCases[Int(random.next() % 7)]))
                // A field of a newer daemon counts too.
                if random.oneIn(2) { event += unknownFields[Int(random.next() % 4)] }
                sizes.append(event.count)
                writer.append(previous: random.next() >> (random.next() % 64), event: event)
            }
            let body = random.oneIn(2) ? writer.body + unknownFields[2] : writer.body
            #expect(FeedCodec.eventSizes(body) == sizes)
            #expect(try FeedCodec.decode(body).items.map(\.encodedBytes) == sizes)
        }
    }

    @Test func sizesOfWhatIsNoMessageAreNone() {
        for bytes in [[0xFF], [0x12, 0x05, 0x01], [0x13], [0x0F], [UInt8](repeating: 0x80, count: 30)] as [[UInt8]] {
            #expect(FeedCodec.eventSizes(bytes).isEmpty)
        }
    }
}
