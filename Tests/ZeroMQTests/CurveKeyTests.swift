import Testing
import ZeroMQ

@Suite struct CurveKeyTests {
    @Test func libzmqHasCurve() {
        #expect(ZeroMQ.hasCurve == true)
        let major = ZeroMQ.version.prefix(2)
        #expect(major == "4.")
    }

    @Test func keysSurviveZ85() throws {
        for _ in 0..<20 {
            let pair = try CurveKeyPair.generate()
            #expect(pair.publicKey.bytes.count == 32)
            #expect(pair.publicKey.z85.utf8.count == 40)
            #expect(CurveKey(z85: pair.publicKey.z85) == pair.publicKey)
            let again = try #require(CurveSecretKey(z85: pair.secretKey.exposedZ85))
            #expect(try publicKey(of: again) == pair.publicKey)
            #expect(try CurveKeyPair(secretKey: again).publicKey == pair.publicKey)
        }
    }

    /// The test vector of RFC 32: eight bytes that read HelloWorld, four times over.
    @Test func z85MatchesTheSpecification() throws {
        let once: [UInt8] = [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B]
        let key = try #require(CurveKey(bytes: once + once + once + once))
        #expect(key.z85 == "HelloWorldHelloWorldHelloWorldHelloWorld")
        #expect(CurveKey(z85: key.z85) == key)
    }

    @Test(arguments: [
        "", "HelloWorld", String(repeating: "#", count: 40), String(repeating: "\"", count: 40),
        String(repeating: "a", count: 39), String(repeating: "a", count: 41), String(repeating: " ", count: 40),
        String(repeating: "a", count: 20) + "\0" + String(repeating: "a", count: 19), String(repeating: "哨", count: 40),
        String(repeating: "é", count: 20),
    ])
    func whatIsNoZ85KeyIsRefused(_ text: String) {
        #expect(CurveKey(z85: text) == nil)
        #expect(CurveSecretKey(z85: text) == nil)
    }

    @Test func otherLengthsAreRefused() {
        for count in [0, 31, 33, 64] {
            #expect(CurveKey(bytes: [UInt8](repeating: 1, count: count)) == nil)
            #expect(CurveSecretKey(bytes: [UInt8](repeating: 1, count: count)) == nil)
        }
    }

    @Test func aSecretIsNotPrinted() throws {
        let pair = try CurveKeyPair.generate()
        var options = SocketOptions()
        options.curveServer(secretKey: pair.secretKey)
        var printed = "\(pair.secretKey) \(String(reflecting: pair.secretKey)) \(pair) \(String(reflecting: pair)) \(options)"
        dump(pair, to: &printed)
        dump(options, to: &printed)
        #expect(!printed.contains(pair.secretKey.exposedZ85))
        #expect(printed.contains("<secret>"))
        let raw = pair.secretKey.withUnsafeBytes { [UInt8]($0) }
        #expect(!printed.contains(raw.prefix(4).map(String.init).joined(separator: ", ")))
    }
}
