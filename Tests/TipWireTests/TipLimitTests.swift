// Section 10 of docs/protocol.md for a tip: each limit at its bound and one beyond, with the code and the field that a
// client is told. The numbers stand here once more, so that one which is changed in the source is seen.

import Foundation
import SwiftProtobuf
import Testing
import TipModel
import TipWire
import WatchpostProtobuf

@Suite("Limits of a tip") struct TipLimitTests {
    private typealias Change = (inout Watchpost_V1_Tip) -> Void

    typealias TextField = any WritableKeyPath<Watchpost_V1_Tip, String> & Sendable

    private static let id = Data(Sample.id.bytes)

    private static func bytes(_ change: Change) -> [UInt8] {
        var message = Watchpost_V1_Tip.with {
            $0.id = id
            $0.observedAtMs = 1_795_197_730_000
            $0.category = "fire"
        }
        change(&message)
        return (try? message.serializedBytes()) ?? []
    }

    private static func decode(_ change: Change) -> Rejection? {
        rejection { () throws(Rejection) in _ = try TipCodec.decode(bytes(change)) }
    }

    private static func expectRefused(
        _ code: RejectionCode, _ field: String, sourceLocation: SourceLocation = #_sourceLocation, _ change: Change
    ) {
        let rejection = decode(change)
        #expect(rejection?.code == code, sourceLocation: sourceLocation)
        #expect(rejection?.field == field, sourceLocation: sourceLocation)
        #expect(rejection?.message.isEmpty == false && rejection?.code.isRetriable == false, sourceLocation: sourceLocation)
        // Its id can be told, so that the answer finds the tip.
        if field != "tip.id" { #expect(TipCodec.id(of: bytes(change)) == Sample.id, sourceLocation: sourceLocation) }
    }

    private static func expectTaken(sourceLocation: SourceLocation = #_sourceLocation, _ change: Change) {
        #expect(decode(change) == nil, sourceLocation: sourceLocation)
    }

    @Test func whatIsNeededIsEnough() {
        Self.expectTaken { _ in }
    }

    @Test func anIDHas16Bytes() {
        for count in [0, 1, 15, 17, 32] {
            Self.expectRefused(.invalidField, "tip.id") { $0.id = Data(repeating: 1, count: count) }
        }
    }

    @Test(arguments: [
        ("tip.category", \.category, 32), ("tip.text", \.text, 4_000), ("tip.place", \.place, 240),
        ("tip.reporter", \.reporter, 64), ("tip.language", \.language, 35),
    ] as [(String, TextField, Int)])
    func textsAreCountedInBytes(field: String, path: TextField, most: Int) {
        Self.expectTaken { $0[keyPath: path] = String(repeating: "x", count: most) }
        Self.expectRefused(.tooLarge, field) { $0[keyPath: path] = String(repeating: "x", count: most + 1) }
        // Three bytes each.
        let fits = String(repeating: "哨", count: most / 3)
        let rest = String(repeating: "x", count: most - fits.utf8.count)
        Self.expectTaken { $0[keyPath: path] = fits + rest }
        Self.expectRefused(.tooLarge, field) { $0[keyPath: path] = fits + rest + "x" }
        Self.expectRefused(.tooLarge, field) { $0[keyPath: path] = String(repeating: "哨", count: most / 3 + 1) }
    }

    @Test func aCategoryIsNeeded() {
        Self.expectTaken { $0.category = "x" }
        Self.expectRefused(.invalidField, "tip.category") { $0.category = "" }
    }

    @Test func theTimeIsAfter1970() {
        for taken in [1, Int64.max] { Self.expectTaken { $0.observedAtMs = taken } }
        for refused in [0, -1, Int64.min] { Self.expectRefused(.invalidField, "tip.observed_at_ms") { $0.observedAtMs = refused } }
    }

    @Test func attachmentsAreEightHashes() {
        func hashes(_ count: Int, of bytes: Int = 32) -> [Data] { Array(repeating: Data(repeating: 7, count: bytes), count: count) }
        for taken in [1, 8] { Self.expectTaken { $0.attachmentSha256 = hashes(taken) } }
        Self.expectRefused(.tooLarge, "tip.attachment_sha256") { $0.attachmentSha256 = hashes(9) }
        for bytes in [0, 31, 33] {
            Self.expectRefused(.invalidField, "tip.attachment_sha256") { $0.attachmentSha256 = hashes(2) + hashes(1, of: bytes) }
        }
    }

    @Test func aPositionIsOnTheGlobe() {
        func position(_ latitude: Double, _ longitude: Double, _ accuracy: Float = 0) -> Change {
            { $0.position = .with { $0.latitude = latitude; $0.longitude = longitude; $0.accuracyM = accuracy } }
        }
        for (latitude, longitude) in [(90, 180), (-90, -180), (0, 0), (-0.0, 180)] as [(Double, Double)] {
            Self.expectTaken(position(latitude, longitude))
        }
        for latitude in [90.nextUp, -90.nextUp.magnitude, 91, .infinity, -.infinity, .nan, .signalingNaN, .greatestFiniteMagnitude] {
            Self.expectRefused(.invalidField, "tip.position", position(latitude, 0))
        }
        for longitude in [180.nextUp, -180.nextUp.magnitude, 360, .infinity, -.infinity, .nan, -.nan] {
            Self.expectRefused(.invalidField, "tip.position", position(0, longitude))
        }
        for accuracy in [0, -0.0, 100_000] as [Float] { Self.expectTaken(position(39.9, 116.4, accuracy)) }
        for accuracy in [Float(100_000).nextUp, -.leastNonzeroMagnitude, -1, .infinity, -.infinity, .nan] {
            Self.expectRefused(.invalidField, "tip.position.accuracy_m", position(39.9, 116.4, accuracy))
        }
    }

    /// No tip within the limits of its fields is that long: what it does not know counts too.
    @Test func anEncodedTipHas8192Bytes() {
        let tip = TipCodec.encode(Sample.tip)
        #expect(rejection { () throws(Rejection) in _ = try TipCodec.decode(padded(tip, to: 8_192)) } == nil)
        let refused = rejection { () throws(Rejection) in _ = try TipCodec.decode(padded(tip, to: 8_193)) }
        #expect(refused?.code == .tooLarge && refused?.field == "tip")
        #expect(TipCodec.id(of: padded(tip, to: 8_193)) == Sample.id)
        // A message beyond the frame is not even looked into.
        #expect(TipCodec.id(of: padded(tip, to: 1 << 20)) == Sample.id)
        #expect(TipCodec.id(of: padded(tip, to: 1 << 20 + 1)) == nil)
    }

    @Test func whatIsNoTipIsMalformed() {
        let tip = TipCodec.encode(Sample.tip)
        var badText = tip
        if let at = badText.firstIndex(of: 0xE7) { badText[at] = 0xFF }
        for bytes in [Array(tip.dropLast()), badText, [0xFF], [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], tip + [0x07]] {
            let refused = rejection { () throws(Rejection) in _ = try TipCodec.decode(bytes) }
            #expect(refused?.code == .malformed && refused?.field == "tip")
            #expect(TipCodec.id(of: bytes) == nil)
        }
        // Nothing at all is a tip without an id.
        #expect(rejection { () throws(Rejection) in _ = try TipCodec.decode([]) }?.field == "tip.id")
    }

    /// The fields are looked at in a fixed order, so that the same tip is always refused for the same reason.
    @Test func ofManyFaultsTheFirstIsTold() {
        Self.expectRefused(.tooLarge, "tip.category") {
            $0.category = String(repeating: "x", count: 33)
            $0.text = String(repeating: "x", count: 4_001)
            $0.observedAtMs = 0
        }
    }

    // MARK: Identity

    /// Two encodings of one tip are two bodies, and each keeps what it was sent as.
    @Test func unknownFieldsAreIgnoredAndStayPartOfTheBytes() throws {
        let tip = TipCodec.encode(Sample.tip)
        for extra in unknownFields {
            for bytes in [tip + extra, extra + tip] {
                #expect(try TipCodec.decode(bytes) == Sample.tip)
                #expect(try TipCodec.decodeStored(bytes) == Sample.tip)
                #expect(TipCodec.id(of: bytes) == Sample.id)
                #expect(bytes != tip)
                // On the way the bytes are not touched.
                #expect(try Submit(Submit(tips: [bytes], sentAt: nil).encoded).tips == [bytes])
            }
        }
    }

    @Test func limitsDoNotHoldForWhatIsStored() throws {
        let long = Tip(id: Sample.id, observedAt: Timestamp(milliseconds: -1), category: "", text: String(repeating: "x", count: 20_000))
        let bytes = TipCodec.encode(long)
        #expect(try TipCodec.decodeStored(bytes) == long)
        for refused in [[], [0xFF], Array(bytes.dropLast())] as [[UInt8]] {
            #expect(rejection { () throws(Rejection) in _ = try TipCodec.decodeStored(refused) }?.code == .malformed)
        }
    }
}

/// A field of each wire type with a number that no message has.
let unknownFields: [[UInt8]] = [
    [0xC0, 0x3E, 0x05], [0xC1, 0x3E, 1, 2, 3, 4, 5, 6, 7, 8], [0xC2, 0x3E, 0x03, 0x61, 0x62, 0x63], [0xC5, 0x3E, 1, 2, 3, 4],
    [0xC3, 0x3E, 0x08, 0x01, 0xC4, 0x3E],
]

/// `message` with an unknown field behind it that makes it `count` bytes long.
func padded(_ message: [UInt8], to count: Int) -> [UInt8] {
    // A length in five bytes, whatever it is, so that any size can be had.
    let length = count - message.count - 7
    precondition(length >= 0)
    let varint = (0..<5).map { UInt8(truncatingIfNeeded: length >> ($0 * 7) & 0x7F) | ($0 < 4 ? 0x80 : 0) }
    return message + [0xC2, 0x3E] + varint + [UInt8](repeating: 0, count: length)
}
