import Testing
import TipModel
import TipWire

@Suite("The header frame") struct HeaderTests {
    private func read(_ bytes: [UInt8]) -> Result<Header, HeaderError> {
        bytes.withUnsafeBytes { frame in
            do throws(HeaderError) { return .success(try Header(frame)) } catch { return .failure(error) }
        }
    }

    private func failure(_ bytes: [UInt8]) -> HeaderError? {
        if case .failure(let error) = read(bytes) { error } else { nil }
    }

    /// The numbers of docs/protocol.md, section 4.
    @Test(arguments: [
        (.submit, 0x01), (.postHeartbeat, 0x02), (.subscribe, 0x10), (.credit, 0x11), (.acknowledge, 0x12),
        (.patrolHeartbeat, 0x13), (.claim, 0x14), (.enRoute, 0x15), (.onScene, 0x16), (.clear, 0x17), (.release, 0x18),
        (.postStatus, 0x20), (.notice, 0x21), (.photo, 0x22), (.regrade, 0x23), (.merge, 0x24), (.split, 0x25),
        (.assign, 0x26), (.join, 0x19), (.handOver, 0x1A), (.seen, 0x1B), (.receipts, 0x81), (.rejections, 0x82), (.heartbeatReply, 0x83), (.subscribed, 0x90),
        (.feed, 0x91), (.actionResult, 0x92),
    ] as [(Verb, UInt8)])
    func aVerbHasItsNumber(verb: Verb, number: UInt8) {
        let bytes: [UInt8] = [0x57, 0x50, 0x01, number, 0x01, 0x02, 0xFE, 0xFF]
        #expect(Header(verb, request: 0x0102_FEFF).encoded == bytes)
        #expect(read(bytes) == .success(Header(verb, request: 0x0102_FEFF)))
    }

    @Test func everyOtherVerbIsUnsupportedAndAnsweredUnderItsNumber() {
        #expect(Verb.allCases.count == 30)
        let known = Set(Verb.allCases.map(\.rawValue))
        for number in UInt8.min...UInt8.max where !known.contains(number) {
            let error = failure([0x57, 0x50, 0x01, number, 0, 0, 0, 9])
            #expect(error?.rejection.code == .unsupported && error?.rejection.field == "header.verb")
            #expect(error?.request == 9)
        }
    }

    @Test func everyOtherVersionIsToldSoUnderItsNumber() {
        for version in UInt8.min...UInt8.max where version != 1 {
            let error = failure([0x57, 0x50, version, 0x01, 0xFF, 0xFF, 0xFF, 0xFF])
            #expect(error?.rejection.code == .version && error?.rejection.field == "header.version")
            #expect(error?.request == .max)
        }
        // The version comes first: what its verbs are is not known here.
        #expect(failure([0x57, 0x50, 0x02, 0xEE, 0, 0, 0, 1])?.rejection.code == .version)
    }

    @Test func anotherLengthOrMagicIsMalformed() {
        let whole = Header(.submit, request: 7).encoded
        for count in [0, 1, 2, 7] { #expect(failure(Array(whole.prefix(count)))?.rejection.code == .malformed) }
        for more in [1, 8, 1_000] { #expect(failure(whole + [UInt8](repeating: 0, count: more))?.rejection.code == .malformed) }
        for (index, byte) in [(0, 0x77), (0, 0), (1, 0x70), (1, 0x57)] as [(Int, UInt8)] {
            var wrong = whole
            wrong[index] = byte
            let error = failure(wrong)
            #expect(error?.rejection.code == .malformed && error?.rejection.field == "header")
            // Nothing of it can be trusted, the number neither.
            #expect(error?.request == 0)
        }
    }

    @Test(arguments: [0, 1, 255, 256, 0x0102_0304, 0x8000_0000, .max] as [UInt32])
    func requestNumbersAreBigEndian(request: UInt32) {
        #expect(Header(.credit, request: request).encoded.suffix(4).reduce(0) { $0 << 8 | UInt32($1) } == request)
        #expect(read(Header(.credit, request: request).encoded) == .success(Header(.credit, request: request)))
    }
}
