// Section 10 of docs/protocol.md for the messages around tips, and what a reader does with values that it does not know.

import Foundation
import SwiftProtobuf
import Testing
import TipModel
import TipWire
import WatchpostProtobuf

@Suite("Limits of messages") struct MessageLimitTests {
    private static func encode(_ message: some SwiftProtobuf.Message) -> [UInt8] { (try? message.serializedBytes()) ?? [] }

    private static func refusal<Value>(_ decode: ([UInt8]) throws(Rejection) -> Value, _ bytes: [UInt8]) -> String? {
        rejection { () throws(Rejection) in _ = try decode(bytes) }.map { "\($0.code.name) \($0.field)" }
    }

    @Test func aSubmitHas1To512Tips() throws {
        let tip = TipCodec.encode(Sample.bareTip)
        func body(_ count: Int) -> [UInt8] { Submit(tips: Array(repeating: tip, count: count), sentAt: Sample.sent).encoded }
        for count in [1, 512] { #expect(try Submit(body(count)).tips.count == count) }
        #expect(Self.refusal({ b throws(Rejection) in try Submit(b) }, body(0)) == "invalid_field submit.tips")
        #expect(Self.refusal({ b throws(Rejection) in try Submit(b) }, body(513)) == "too_large submit.tips")
        // What is in them is looked at one by one, later.
        #expect(try Submit(Submit(tips: [[], [0xFF]], sentAt: nil).encoded).tips == [[], [0xFF]])
        for none in [0, -1, Int64.min] {
            #expect(try Submit(Self.encode(Watchpost_V1_Submit.with { $0.tips = [Data(tip)]; $0.sentAtMs = none })).sentAt == nil)
        }
    }

    @Test func aSubscribeHas64Zones() throws {
        func body(_ zones: [String]) -> [UInt8] { Self.encode(Watchpost_V1_Subscribe.with { $0.zones = zones }) }
        let names = (1...65).map { "zone-\($0)" }
        #expect(try Subscribe(body(Array(names.prefix(64)))).zones.map(\.rawValue) == Array(names.prefix(64)))
        #expect(Self.refusal({ b throws(Rejection) in try Subscribe(b) }, body(names)) == "too_large subscribe.zones")
        #expect(try Subscribe(body([String(repeating: "z", count: 32)])).zones.count == 1)
        for bad in ["", "Zone", "-a", "a-", "a/b", "区", "a b", String(repeating: "z", count: 33)] {
            #expect(Self.refusal({ b throws(Rejection) in try Subscribe(b) }, body(["zone-1", bad])) == "invalid_field subscribe.zones")
        }
    }

    @Test func aNoteHas1000Bytes() throws {
        func body(_ note: String) -> [UInt8] { Action(incident: IncidentID(9), note: note).encoded }
        let fits = String(repeating: "哨", count: 333) + "x"
        #expect(try Action(body(fits)).note == fits)
        #expect(Self.refusal({ b throws(Rejection) in try Action(b) }, body(fits + "x")) == "too_large action.note")
        #expect(Self.refusal({ b throws(Rejection) in try Action(b) }, body(String(repeating: "x", count: 1_001))) == "too_large action.note")
    }

    @Test func aDispositionIsKnownOrNone() throws {
        func body(_ disposition: Watchpost_V1_Disposition) -> [UInt8] { Self.encode(Watchpost_V1_Action.with { $0.disposition = disposition }) }
        #expect(try Action(body(.unspecified)).disposition == nil)
        for known in Disposition.allCases {
            #expect(try Action(body(.init(rawValue: Int(known.rawValue)) ?? .unspecified)).disposition == known)
        }
        for unknown in [6, 255, 256 + 1, -1, Int(Int32.min)] {
            #expect(Self.refusal({ b throws(Rejection) in try Action(b) }, body(.UNRECOGNIZED(unknown))) == "invalid_field action.disposition")
        }
    }

    @Test func creditIsForALane() {
        for lane in [.unspecified, .UNRECOGNIZED(3), .UNRECOGNIZED(257), .UNRECOGNIZED(-1)] as [Watchpost_V1_Lane] {
            let body = Self.encode(Watchpost_V1_Credit.with { $0.lane = lane; $0.credit.events = 1 })
            #expect(Self.refusal({ b throws(Rejection) in try CreditGrant(b) }, body) == "invalid_field credit.lane")
        }
    }

    /// An agent deletes a tip on this word only.
    @Test func aReceiptIsCompleteAndDurable() throws {
        func body(_ change: (inout Watchpost_V1_Receipt) -> Void) -> [UInt8] {
            var one = Watchpost_V1_Receipt.with {
                $0.tipID = Data(Sample.id.bytes)
                $0.sequence = 3
                $0.verdict = .new
                $0.level = .urgent
                $0.durable = true
            }
            change(&one)
            return Self.encode(Watchpost_V1_Receipts.with { $0.receipts = [one] })
        }
        #expect(try ReceiptCodec.decode(body { _ in }).count == 1)
        let changes: [(inout Watchpost_V1_Receipt) -> Void] = [
            { $0.durable = false }, { $0.tipID = Data() }, { $0.tipID.append(1) }, { $0.verdict = .unspecified },
            { $0.verdict = .UNRECOGNIZED(4) }, { $0.level = .unspecified }, { $0.level = .UNRECOGNIZED(5) },
            { $0.level = .UNRECOGNIZED(257) },
        ]
        for change in changes { #expect(Self.refusal(ReceiptCodec.decode, body(change)) == "invalid_field receipts") }
    }

    @Test func aFullReceiptsMessageFitsAFrame() throws {
        let receipts = (0..<1_024).map {
            Receipt(
                tip: Sample.id, sequence: .max - UInt64($0), incident: IncidentID(.max), verdict: .repeat, level: .emergency, score: 100)
        }
        let body = ReceiptCodec.encode(receipts)
        #expect(body.count < 1 << 20)
        #expect(try ReceiptCodec.decode(body) == receipts)
        #expect(WireLimits.receiptsPerMessage == 1_024)
        #expect(WireLimits.creditEvents == 65_536 && WireLimits.creditBytes == 67_108_864)
        #expect(WireLimits.feedBatchBytes == 65_536)
    }

    @Test func softwareIsCutTo64BytesAtACharacter() throws {
        func software(_ text: String) throws -> String {
            try PostHeartbeat(Self.encode(Watchpost_V1_PostHeartbeat.with { $0.software = text })).software
        }
        let exact = String(repeating: "x", count: 64)
        #expect(try software(exact) == exact)
        #expect(try software(exact + "y") == exact)
        #expect(try software(String(repeating: "哨", count: 30)) == String(repeating: "哨", count: 21))
    }

    /// A body beyond the frame's limit is refused before it is read, whatever it is.
    @Test(arguments: WireCase.all.filter { !$0.name.hasPrefix("tip") && $0.name != "FEED" })
    func aBodyHasAMebibyte(one: WireCase) throws {
        #expect(try one.isSame(padded(one.encoded, to: 1 << 20)))
        let refused = #expect(throws: Rejection.self) { _ = try one.again(padded(one.encoded, to: 1 << 20 + 1)) }
        #expect(refused?.code == .tooLarge)
    }

    /// The daemon is believed: one event may be larger than any limit of ours.
    @Test func aFeedHasNoLimitOfItsReader() throws {
        let feed = try #require(WireCase.all.first { $0.name == "FEED" })
        #expect(try feed.isSame(padded(feed.encoded, to: 3 << 20)))
    }

    @Test(arguments: WireCase.all)
    func unknownFieldsAreIgnored(one: WireCase) throws {
        for extra in unknownFields {
            #expect(try one.isSame(one.encoded + extra))
            #expect(try one.isSame(extra + one.encoded))
        }
    }

    @Test(arguments: WireCase.all)
    func whatIsNoProtobufIsMalformedWithTheNameOfTheBody(one: WireCase) {
        for bytes in [[0xFF], one.encoded + [0x07], [0x0A, 0x7F]] as [[UInt8]] {
            let refused = #expect(throws: Rejection.self) { _ = try one.again(bytes) }
            #expect(refused?.code == .malformed && refused?.field.isEmpty == false)
        }
    }
}

/// A value from a newer version becomes the cautious one of what is known here.
@Suite("Values of a newer version") struct UnknownValueTests {
    private static func encode(_ message: some SwiftProtobuf.Message) -> [UInt8] { (try? message.serializedBytes()) ?? [] }

    private func event(_ change: (inout Watchpost_V1_FeedEvent) -> Void) -> [UInt8] {
        var message = (try? Watchpost_V1_FeedEvent(serializedBytes: FeedCodec.encode(Sample.event(.opened)))) ?? .init()
        change(&message)
        return Self.encode(message)
    }

    @Test func anUnknownLevelIsShownAsAnEmergency() throws {
        for level in [.unspecified, .UNRECOGNIZED(5), .UNRECOGNIZED(256 + 1), .UNRECOGNIZED(-1)] as [Watchpost_V1_UrgencyLevel] {
            let decoded = try FeedCodec.decodeEvent(event { $0.incident.level = level })
            #expect(decoded.incident.urgency.level == .emergency)
            // Asked for, it leaves nothing out.
            #expect(try Subscribe(Self.encode(Watchpost_V1_Subscribe.with { $0.leastLevel = level })).leastLevel == .routine)
        }
    }

    @Test func anUnknownPhaseIsOpenAndAnUnknownDispositionNone() throws {
        let decoded = try FeedCodec.decodeEvent(
            event {
                $0.incident.phase = .UNRECOGNIZED(6)
                $0.incident.disposition = .UNRECOGNIZED(77)
                $0.tip.id = Data([1])
            })
        #expect(decoded.incident.phase == .open && decoded.incident.disposition == nil && decoded.tip == nil)
    }

    /// The lane goes on, with the incident as it is.
    @Test(arguments: [20, 254, 257, 1 << 20]) func aKindOfANewerVersionIsAChange(kind: Int) throws {
        let decoded = try FeedCodec.decodeEvent(event { $0.kind = .UNRECOGNIZED(kind) })
        #expect(decoded.kind == .changed && decoded.sequence > 0)
    }

    @Test func anEventThatCannotBePlacedIsRefused() {
        let changes: [(inout Watchpost_V1_FeedEvent) -> Void] = [
            { $0.sequence = 0 }, { $0.lane = .unspecified }, { $0.lane = .UNRECOGNIZED(3) }, { $0.kind = .unspecified },
        ]
        for change in changes {
            let refused = rejection { () throws(Rejection) in _ = try FeedCodec.decodeEvent(event(change)) }
            #expect(refused?.code == .invalidField && refused?.field == "feed_event")
            var batch = FeedBatchWriter(lane: .main)
            batch.append(previous: 1, event: event(change))
            #expect(rejection { () throws(Rejection) in _ = try FeedCodec.decode(batch.body) }?.field == "feed_event")
        }
        for lane in [0, 3, 0x7F] as [UInt8] {
            #expect(rejection { () throws(Rejection) in _ = try FeedCodec.decode([0x08, lane]) }?.field == "feed.lane")
        }
        // An item without an event.
        #expect(rejection { () throws(Rejection) in _ = try FeedCodec.decode([0x08, 0x01, 0x12, 0x02, 0x08, 0x05]) }?.code == .invalidField)
    }

    @Test(arguments: [0, 17, 255, 256 + 12, -1])
    func anUnknownRejectionIsReadByWhetherToTryAgain(number: Int) throws {
        func code(retriable: Bool) throws -> RejectionCode? {
            let body = Self.encode(
                Watchpost_V1_Rejections.with {
                    $0.rejections = [.with { $0.code = .init(rawValue: number) ?? .unspecified; $0.retriable = retriable }]
                })
            return try RejectionCodec.decode(body).first?.rejection.code
        }
        #expect(try code(retriable: true)?.isRetriable == true)
        #expect(try code(retriable: false)?.isRetriable == false)
    }

    @Test func aResultWithoutAReasonIsStillARefusal() throws {
        let result = try ActionResult(Self.encode(Watchpost_V1_ActionResult.with { $0.incidentID = 9 }))
        #expect(result.refusal?.code.isRetriable == false)
        #expect(result.incident == nil)
    }
}
