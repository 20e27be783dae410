// Whatever arrives is decoded or refused with a reason; nothing traps. A trap here would end the daemon for everybody,
// and the test process with it.

import TestSupport
import Testing
import TipModel

@testable import TipWire

@Suite("Mutated messages") struct MutationTests {
    private static func mutate(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<1 + random.next() % 4 {
            let place = bytes.isEmpty ? 0 : Int(random.next() % UInt64(bytes.count))
            switch random.next() % 8 {
            case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8(random.next() % 8)
            case 1 where !bytes.isEmpty: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
            case 3 where !bytes.isEmpty: bytes.remove(at: place)
            case 4: bytes.removeLast(bytes.count - place)
            // Lengths and numbers as large as a varint can say.
            case 5: bytes.insert(contentsOf: [UInt8](repeating: 0xFF, count: Int(1 + random.next() % 11)), at: place)
            case 6: bytes.append(contentsOf: bytes[place...].prefix(Int(random.next() % 40)))
            default: bytes.append(contentsOf: random.bytes(Int(random.next() % 12)))
            }
        }
        return bytes
    }

    @Test func bodiesAreDecodedOrRefusedWithAReason() async throws {
        var random = SplitMix64(seed: 71)
        let cases = WireCase.all
        var (taken, refused): (Int, [RejectionCode: Int]) = (0, [:])
        for round in 0..<30_000 {
            if round.isMultiple(of: 200) { await Task.yield() }
            let one = cases[round % cases.count]
            let bytes = Self.mutate(one.encoded, &random)
            // Now and then it is read as what it is not.
            let reader = random.oneIn(4) ? cases[Int(random.next() % UInt64(cases.count))] : one
            do {
                let again = try reader.again(bytes)
                taken += 1
                // What was read is written as something that is read as the same.
                #expect(try reader.again(again) == again, "\(one.name): \(bytes)")
            } catch let error as Rejection {
                refused[error.code, default: 0] += 1
                #expect(!error.field.isEmpty && !error.message.isEmpty && !error.code.isRetriable)
            }
        }
        #expect(taken > 1_500)
        #expect(Set(refused.keys).isSubset(of: [.malformed, .tooLarge, .invalidField]))
        #expect(refused[.malformed, default: 0] > 3_000 && refused[.invalidField, default: 0] > 300)
    }

    /// What is read where it lies is read as the generated code reads it, or left to that.
    @Test func plainReadingAgreesWithTheGeneratedCode() async throws {
        var random = SplitMix64(seed: 73)
        var (plain, left) = (0, 0)
        let tips = [Sample.fullTip, Sample.tip]
        for round in 0..<20_000 {
            if round.isMultiple(of: 200) { await Task.yield() }
            let tip = TipCodec.encode(tips[round % 2])
            let submit = Submit(tips: (0...round % 3).map { _ in tip }, sentAt: round.isMultiple(of: 5) ? nil : Sample.tip.observedAt).encoded
            for (isTip, bytes) in [(true, tip), (false, submit)].map({ ($0, round < 8 ? $1 : Self.mutate($1, &random)) }) {
                if isTip {
                    let read = bytes.withUnsafeBytes { TipCodec.plain($0) }
                    if let read, bytes.count <= TipLimits.encodedBytes { #expect(try TipCodec.any(bytes) == read, "\(bytes)") }
                    if read != nil { plain += 1 } else { left += 1 }
                    #expect(round >= 8 || read != nil)
                } else {
                    let read = bytes.withUnsafeBytes { Submit.plain($0) }
                    if let read { #expect(try Submit(any: bytes) == read, "\(bytes)") }
                    if read != nil { plain += 1 } else { left += 1 }
                    #expect(round >= 8 || read != nil)
                }
            }
        }
        #expect(plain > 2_000 && left > 2_000)
    }

    /// A tip that got through is within every limit that the rest of the daemon relies on.
    @Test func aMutatedTipThatIsTakenIsWithinTheLimits() async throws {
        var random = SplitMix64(seed: 72)
        var taken = 0
        for round in 0..<10_000 {
            if round.isMultiple(of: 200) { await Task.yield() }
            let bytes = Self.mutate(TipCodec.encode(round.isMultiple(of: 2) ? Sample.fullTip : Sample.tip), &random)
            let id = TipCodec.id(of: bytes)
            guard let tip = try? TipCodec.decode(bytes) else { continue }
            taken += 1
            #expect(id == tip.id)
            #expect(bytes.count <= 8_192 && (1...32).contains(tip.category.utf8.count) && tip.text.utf8.count <= 4_000)
            #expect(tip.place.utf8.count <= 240 && tip.reporter.utf8.count <= 64 && tip.language.utf8.count <= 35)
            #expect(tip.attachments.count <= 8 && tip.attachments.allSatisfy { $0.count == 32 })
            #expect(tip.observedAt.milliseconds > 0)
            if let position = tip.position {
                #expect((-90...90).contains(position.latitude) && (-180...180).contains(position.longitude))
                #expect((0...100_000).contains(position.accuracy))
            }
            #expect(try TipCodec.decodeStored(bytes) == tip)
            #expect(try TipCodec.decode(TipCodec.encode(tip)) == tip)
        }
        #expect(taken > 300)
    }

    @Test func everyTruncationIsDecodedOrRefused() {
        for one in WireCase.all {
            for count in 0..<one.encoded.count {
                do {
                    _ = try one.again(Array(one.encoded.prefix(count)))
                } catch {
                    #expect(error is Rejection)
                }
            }
        }
    }

    /// Messages within messages without end must not exhaust the stack.
    @Test func deepNestingIsRefused() {
        var bytes: [UInt8] = []
        for _ in 0..<5_000 { bytes += [0xC3, 0x3E] }
        for one in WireCase.all {
            let refused = #expect(throws: Rejection.self) { _ = try one.again(bytes) }
            #expect(refused?.code == .malformed || refused?.code == .tooLarge)
        }
    }

    @Test func headersOfAnyBytesAreReadOrRefused() {
        var random = SplitMix64(seed: 73)
        var read = 0
        for _ in 0..<5_000 {
            var bytes = Header(Verb.allCases[Int(random.next() % 24)], request: UInt32(truncatingIfNeeded: random.next())).encoded
            bytes = Self.mutate(bytes, &random)
            bytes.withUnsafeBytes { frame in
                do throws(HeaderError) {
                    let header = try Header(frame)
                    #expect(header.encoded == bytes)
                    read += 1
                } catch {
                    #expect([.malformed, .version, .unsupported].contains(error.rejection.code))
                }
            }
        }
        #expect(read > 100)
    }
}
