import Testing

@testable import ZeroMQ

@Suite struct ReadySetTests {
    /// More sockets than one call names: each must be named while it has something, and none once it was read.
    @Test func namesEverySocketThatHasSomething() throws {
        let context = try Context()
        var ready = try ReadySet()
        var message = Multipart()
        // Sockets cannot be copied into an array, so each sits in a box.
        final class Box {
            let pull: Socket
            let push: Socket
            init(_ context: Context, _ number: Int) throws {
                pull = try Socket(context, .pull)
                push = try Socket(context, .push)
                try pull.bind("inproc://ready-\(number)")
                try push.connect("inproc://ready-\(number)")
            }
        }
        let boxes = try (0..<150).map { try Box(context, $0) }
        for (number, box) in boxes.enumerated() {
            try ready.add(box.pull, tag: number - 75)
            while try box.pull.tryReceive(into: &message) {}
        }
        let text: [UInt8] = Array("hello".utf8)
        for box in boxes {
            try text.withUnsafeBytes { bytes in
                let frames = [UnsafeRawBufferPointer(bytes), UnsafeRawBufferPointer(rebasing: bytes.prefix(2))]
                let outcome = try frames.withUnsafeBufferPointer { try box.push.trySendFrames($0) }
                #expect(outcome == .sent)
            }
        }
        var seen: Set<Int> = []
        for _ in 0..<100 where seen.count < boxes.count {
            var named: [Int] = []
            try ready.wait(nanoseconds: 5_000_000_000) { named.append($0) }
            #expect(named.count <= 64)
            for tag in named {
                let box = try #require(boxes.indices.contains(tag + 75) ? boxes[tag + 75] : nil)
                while try box.pull.tryReceive(into: &message) {
                    #expect(message.frameCount == 2 && message.bytes(0) == text && message.bytes(1) == Array("he".utf8))
                    let isNew = seen.insert(tag).inserted
                    #expect(isNew)
                }
            }
        }
        #expect(seen.count == boxes.count)
        let left = try ready.wait(nanoseconds: 0) { _ in }
        #expect(left == 0)
    }

    @Test func waitsNoLongerThanAsked() throws {
        var ready = try ReadySet()
        let begun = ContinuousClock.now
        let named = try ready.wait(nanoseconds: 2_000_000) { _ in } + ready.wait(nanoseconds: -1) { _ in }
        #expect(named == 0)
        #expect(ContinuousClock.now - begun >= .milliseconds(2))
    }
}
