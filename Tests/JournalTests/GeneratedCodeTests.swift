import SwiftProtobuf
import TestSupport
import Testing
import TipModel
import WatchpostProtobuf

@testable import Journal

/// The writer of the hot path knows the fields by hand. Whatever it writes, the code generated from the proto files must
/// read without a field unknown to it, and write again as the same bytes.
@Suite("Records written by hand") struct GeneratedCodeTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func recordsAndFeedEventsAreTheGeneratedCodesBytes(seed: UInt64) throws {
        var history = SampleHistory(seed: seed)
        var kinds: Set<Int> = []
        for draft in history.drafts(1_000) {
            let bytes = EventCodec.encode(draft.events)
            let record = try Watchpost_Journal_V1_JournalRecord(serializedBytes: bytes)
            #expect(try record.serializedBytes() as [UInt8] == bytes)
            #expect(try EventCodec.decode(bytes, sequence: 1) == draft.events)
            for event in record.events { kinds.insert(kind(event)) }
            guard let feed = draft.feed?.event else { continue }
            #expect(try Watchpost_V1_FeedEvent(serializedBytes: feed).serializedBytes() as [UInt8] == feed)
        }
        #expect(kinds == Set(2...18))
    }

    @Test func extremesAreTheGeneratedCodesBytes() throws {
        let long = String(repeating: "警", count: 1_300)
        let events: [Event] = [
            .tipsMissing(PostID(unchecked: ""), series: .max, numbers: 0...UInt64.max),
            .cursorAdvanced(UnitID(unchecked: ""), alert: .max, main: 0),
            .postFellSilent(PostID(unchecked: long), since: Timestamp(milliseconds: -1)),
            .postEnrolled(
                PostEnrolled(
                    post: Post(
                        id: PostID(unchecked: "p"), name: long, zone: ZoneID(unchecked: "z"),
                        position: Position(latitude: -0.0, longitude: .infinity, accuracy: -0.0), kind: "", members: -1),
                    publicKey: [])),
            .unitEnrolled(
                UnitEnrolled(
                    unit: PatrolUnit(id: UnitID(unchecked: "u"), name: "", zones: [ZoneID(unchecked: ""), ZoneID(unchecked: "z")]),
                    publicKey: [0])),
            .urgencyChanged(
                UrgencyChanged(
                    incident: IncidentID(0),
                    urgency: Urgency(
                        score: .min, level: .routine,
                        reasons: [Reason(code: "", points: .min, detail: ""), Reason(code: long, points: .max, detail: long)]))),
        ]
        let bytes = EventCodec.encode(events)
        let record = try Watchpost_Journal_V1_JournalRecord(serializedBytes: bytes)
        #expect(record.events.count == events.count)
        #expect(try record.serializedBytes() as [UInt8] == bytes)
        #expect(record.events[0].tipsMissing.last == .max)
        #expect(record.events[5].urgencyChanged.urgency.reasons[0].points == .min)
    }

    /// The field number of the event's kind.
    private func kind(_ event: Watchpost_Journal_V1_JournalEvent) -> Int {
        switch event.kind {
        case .tipAccepted: 2
        case .incidentOpened: 3
        case .tipCorrelated: 4
        case .urgencyChanged: 5
        case .phaseChanged: 6
        case .postEnrolled: 7
        case .unitEnrolled: 8
        case .revoked: 9
        case .postFellSilent: 10
        case .postHeard: 11
        case .tipsMissing: 12
        case .cursorAdvanced: 13
        case .incidentMerged: 14
        case .incidentRestated: 15
        case .incidentRegraded: 16
        case .incidentAcknowledged: 17
        case .incidentEscalated: 18
        case .accountChanged: 30
        case .identityRevealed: 31
        case nil: 0
        }
    }
}
