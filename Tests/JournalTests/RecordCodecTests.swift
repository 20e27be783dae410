import Foundation
import SwiftProtobuf
import TestSupport
import Testing
import TipModel
import TipWire
import WatchpostProtobuf

@testable import Journal

/// The journal is kept for years and read by every later version: what stands in golden.txt must stay readable, whatever
/// becomes of the types. An entry there may be added and never changed.
@Suite("Records as bytes") struct RecordGoldenTests {
    private static let post = Post(
        id: PostID(unchecked: "gate-7"), name: "东门哨点", zone: ZoneID(unchecked: "zone-3"),
        position: Position(latitude: 39.9, longitude: 116.4, accuracy: 15), kind: "compound", members: 12)
    private static let unit = PatrolUnit(
        id: UnitID(unchecked: "patrol-2"), name: "二组", zones: [ZoneID(unchecked: "zone-3"), ZoneID(unchecked: "zone-4")])
    private static let key = [UInt8](1...32)
    private static let urgency = Urgency(
        score: 55, level: .urgent, reasons: [Reason(code: "words.left", points: -5, detail: "已经离开")])
    private static let tip = Tip(
        id: TipID(high: 0x01A1_FA1F_82AC_0B1C, low: 0x2D3E_4F50_6172_8394),
        observedAt: Timestamp(milliseconds: 1_795_197_730_000), category: "fire", text: "冒烟",
        series: 0x1122_3344_5566_7788, number: 1)
    private static let at = Timestamp(milliseconds: 1_795_197_731_600)

    private static let events: [(name: String, event: Event)] = [
        (
            "tipAccepted",
            .tipAccepted(
                TipAccepted(
                    post: post.id, zone: post.zone, tip: tip, encoded: TipCodec.encode(tip), position: post.position,
                    receivedAt: at, skewMilliseconds: -250))
        ),
        (
            "incidentOpened",
            .incidentOpened(
                IncidentOpened(
                    incident: IncidentID(9), urgency: urgency, reasons: [Reason(code: "too_far", points: 0, detail: "2310 m")]))
        ),
        (
            "tipCorrelated",
            .tipCorrelated(
                TipCorrelated(
                    incident: IncidentID(9), score: 71, reasons: [Reason(code: "distance", points: 31, detail: "82 m")],
                    tipUrgency: urgency))
        ),
        ("urgencyChanged", .urgencyChanged(UrgencyChanged(incident: IncidentID(9), urgency: urgency))),
        (
            "phaseChanged",
            .phaseChanged(
                PhaseChanged(incident: IncidentID(9), unit: unit.id, phase: .cleared, disposition: .handedOver, note: "已移交"))
        ),
        ("postEnrolled", .postEnrolled(PostEnrolled(post: post, publicKey: key))),
        ("unitEnrolled", .unitEnrolled(UnitEnrolled(unit: unit, publicKey: key))),
        ("revoked post", .revoked(Revoked(principal: .post(post.id), reason: "钥匙丢失"))),
        ("revoked unit", .revoked(Revoked(principal: .unit(unit.id), reason: "钥匙丢失"))),
        ("postFellSilent", .postFellSilent(post.id, since: at)),
        ("postHeard", .postHeard(post.id, silentSince: at)),
        ("tipsMissing", .tipsMissing(post.id, series: 0x1122_3344_5566_7788, numbers: 3...7)),
        ("cursorAdvanced", .cursorAdvanced(unit.id, alert: 300, main: 70_000)),
    ]

    /// Kinds and fields that came later, each with a value in every field.
    private static let later: [(name: String, event: Event)] = [
        ("postEnrolled rotated", .postEnrolled(PostEnrolled(post: post, publicKey: key, previousUntil: at))),
        ("unitEnrolled rotated", .unitEnrolled(UnitEnrolled(unit: unit, publicKey: key, previousUntil: at))),
        (
            "incidentOpened with links",
            .incidentOpened(
                IncidentOpened(
                    incident: IncidentID(9), urgency: urgency, reasons: [], follows: IncidentID(3), suggestion: IncidentID(8)))
        ),
        (
            "urgencyChanged overruling",
            .urgencyChanged(UrgencyChanged(incident: IncidentID(9), urgency: urgency, overrules: true))
        ),
        (
            "incidentMerged",
            .incidentMerged(
                IncidentMerged(absorbed: IncidentID(15), survivor: IncidentID(12), reason: "同一名男子", by: "duty"))
        ),
        (
            "incidentRestated",
            .incidentRestated(
                IncidentRestated(
                    incident: incident, cause: .split, other: IncidentID(300),
                    moved: [TipKey(post: post.id, tip: tip.id), TipKey(post: PostID(unchecked: "shop-1"), tip: tip.id)],
                    reason: "隔壁的另一个人", by: "duty"))
        ),
        (
            "incidentRegraded",
            .incidentRegraded(IncidentRegraded(incident: IncidentID(9), level: .routine, reason: "已核实", by: "duty"))
        ),
        (
            "incidentRegraded lifted",
            .incidentRegraded(IncidentRegraded(incident: IncidentID(9), level: nil, reason: "误判", by: "duty"))
        ),
        (
            "phaseChanged by the desk",
            .phaseChanged(
                PhaseChanged(
                    incident: IncidentID(9), unit: unit.id, phase: .claimed, note: "更近", action: .handOver,
                    by: Operator(.desk, "duty"), from: UnitID(unchecked: "patrol-9")))
        ),
        (
            "phaseChanged of no unit",
            .phaseChanged(
                PhaseChanged(
                    incident: IncidentID(9), unit: nil, phase: .open, note: "又来了", action: .reopen, by: Operator(.officer, "wang")))
        ),
        (
            "incidentAcknowledged",
            .incidentAcknowledged(IncidentAcknowledged(incident: IncidentID(9), by: .unit(unit.id), restUntil: at))
        ),
        (
            "incidentEscalated",
            .incidentEscalated(
                IncidentEscalated(
                    incident: IncidentID(9), rung: .neighbours, reminder: 2, granted: [unit.id, UnitID(unchecked: "patrol-9")],
                    until: at, reason: Reason(code: "escalation.unclaimed", points: 0, detail: "120 s")))
        ),
        ("incidentRestated with a crew", .incidentRestated(IncidentRestated(
            incident: crewed, cause: .merge, other: IncidentID(300), reason: "一起", by: "duty"))),
        ("accountChanged", .accountChanged(AccountChanged(name: "li-wei", action: .sessionsEnded, role: "officer", by: "admin"))),
        (
            "identityRevealed",
            .identityRevealed(
                IdentityRevealed(incident: IncidentID(9), post: post.id, tip: tip.id, reason: "回访报警人", by: "duty"))
        ),
    ]

    /// With every field that the desk sets.
    private static let incident: Incident = {
        var incident = Incident(
            id: IncidentID(9), version: 4, zone: post.zone, category: "fire", drill: false,
            openedAt: Timestamp(milliseconds: 11), lastTipAt: Timestamp(milliseconds: 12), position: post.position,
            place: "地下车库", headline: "冒烟", urgency: urgency, tipCount: 5, posts: [post.id], witnesses: [1, .max],
            phase: .cleared, holder: unit.id, phaseSince: Timestamp(milliseconds: 13), disposition: .duplicate, lastSequence: 14)
        incident.mergedInto = IncidentID(12)
        incident.follows = IncidentID(3)
        incident.suggestion = IncidentID(8)
        incident.apart = [IncidentID(4), IncidentID(700)]
        incident.regrade = Regrade(
            level: .priority, reason: "已核实", by: "duty", at: Timestamp(milliseconds: 15), sequence: 13, isOverruled: true)
        incident.setUrgency(urgency)
        return incident
    }()

    /// With every field that came with crews.
    private static let crewed: Incident = {
        var one = incident
        one.crew = [
            Assignment(unit: unit.id, phase: .onScene, since: Timestamp(milliseconds: 21), by: .unit(unit.id)),
            Assignment(
                unit: UnitID(unchecked: "patrol-9"), phase: .claimed, since: Timestamp(milliseconds: 22), by: Operator(.desk, "duty")),
        ]
        one.acknowledgement = Acknowledgement(by: Operator(.officer, "wang"), at: Timestamp(milliseconds: 23))
        one.escalation = Escalation(
            since: Timestamp(milliseconds: 24), rung: .desk, toldAt: Timestamp(milliseconds: 25), reminders: 26,
            restUntil: Timestamp(milliseconds: 27))
        one.grants = [Grant(unit: UnitID(unchecked: "patrol-8"), until: Timestamp(milliseconds: 28))]
        return one
    }()

    /// A state with everything in it that a snapshot holds.
    private static func state() -> StationState {
        var state = StationState()
        for (index, one) in events.enumerated() {
            let events = one.name == "incidentOpened" || one.name == "tipCorrelated" ? [events[0].event, one.event] : [one.event]
            state.apply(Record(sequence: SequenceNumber(index) + 1, at: at, events: events))
        }
        return state
    }

    @Test func everyRecordIsAsItWasWrittenDown() throws {
        let snapshot = SnapshotCodec.encode(Self.state())
        if GoldenFile.isRewriting {
            try GoldenFile.rewrite(
                beside: #filePath,
                comment: "Records of the journal as they are stored, and a snapshot. Must stay readable for ever: see RecordCodecTests.swift.",
                Self.events.map { ($0.name, EventCodec.encode([$0.event])) } + [("snapshot", snapshot.bytes)]
                    + Self.later.map { ($0.name, EventCodec.encode([$0.event])) })
            return
        }
        let golden = GoldenFile(try Data(contentsOf: try #require(Bundle.module.url(forResource: "golden", withExtension: "txt"))))
        #expect(golden.names == Self.events.map(\.name) + ["snapshot"] + Self.later.map(\.name))
        for (name, event) in Self.events + Self.later {
            let bytes = try #require(golden[name])
            #expect(EventCodec.encode([event]) == bytes, "\(name)")
            #expect(try EventCodec.decode(bytes, sequence: 1) == [event], "\(name)")
        }
        #expect(golden["snapshot"] == snapshot.bytes)
        let stored = StoredSnapshot(sequence: snapshot.sequence, bytes: try #require(golden["snapshot"]))
        #expect(try SnapshotCodec.decode(stored) == Self.state())
    }

    /// Each field has a value of its own, so that none can be left out or stand for another.
    @Test func aSnapshotHoldsEveryFieldOfTheState() throws {
        var incident = Incident(
            id: IncidentID(9), version: 4, zone: Self.post.zone, category: "fire", drill: true,
            openedAt: Timestamp(milliseconds: 11), lastTipAt: Timestamp(milliseconds: 12), position: Self.post.position,
            place: "地下车库", headline: "冒烟", urgency: Self.urgency, tipCount: 5, posts: [Self.post.id, PostID(unchecked: "shop-1")],
            witnesses: [1, .max], evidence: [], phase: .cleared, holder: Self.unit.id, phaseSince: Timestamp(milliseconds: 13),
            disposition: .falseAlarm, lastSequence: 14)
        incident.leadLevel = .priority
        incident.leadScore = 31
        incident.evidence = [nil, Self.post.position].map {
            Evidence(
                post: Self.post.id, observedAt: Timestamp(milliseconds: 15), category: "hazard", position: $0,
                text: "地下车库冒烟", place: "地下车库")
        }
        var ledger = PostLedger()
        ledger.series = 21
        ledger.highest = 22
        ledger.received = 23
        ledger.gaps = [1...2, 5...5]
        ledger.missing = 24
        ledger.forgotten = 25
        ledger.silentSince = Timestamp(milliseconds: 26)
        ledger.lastTipAt = Timestamp(milliseconds: 27)
        let enrolments = [
            Enrolment(subject: .post(Self.post), publicKey: Self.key, generation: 31, isRevoked: true),
            Enrolment(
                subject: .unit(Self.unit), publicKey: Self.key.reversed(), generation: 32,
                previous: .init(publicKey: Self.key, generation: 30, until: Timestamp(milliseconds: 33))),
        ]
        let state = StationState(
            sequence: 41, nextIncident: 42, incidents: [incident, {
                var other = Self.incident
                other.id = IncidentID(10)
                return other
            }()],
            enrolments: Dictionary(uniqueKeysWithValues: enrolments.map { ($0.principal, $0) }), ledgers: [Self.post.id: ledger],
            cursors: [Self.unit.id: FeedCursor(alert: 43, main: 44)],
            totals: Totals(tips: 51, correlated: 52, drills: 53, incidents: 54, cleared: 55),
            records: TrackRecord([.init(witness: 61, counts: .init(real: 62, wrong: 63), at: 64)]),
            places: PlaceHistory([.init(place: 71, opened: [Timestamp(milliseconds: 72), Timestamp(milliseconds: 73)], at: 74)]))
        #expect(try SnapshotCodec.decode(SnapshotCodec.encode(state)) == state)
    }

    @Test func allEventsOfARecordComeBackInTheirOrder() throws {
        let events = (Self.events + Self.later).map(\.event)
        #expect(try EventCodec.decode(EventCodec.encode(events), sequence: 1) == events)
        #expect(try EventCodec.decode(EventCodec.encode([]), sequence: 1).isEmpty)
    }
}

@Suite("What is no record of ours") struct RecordRefusalTests {
    private func code(_ payload: [UInt8]) -> JournalError.Code? {
        do throws(JournalError) {
            _ = try EventCodec.decode(payload, sequence: 5)
            return nil
        } catch {
            #expect(error.message.contains("record 5"))
            return error.code
        }
    }

    private func code(changed change: (inout Watchpost_Journal_V1_JournalRecord) -> Void) throws -> JournalError.Code? {
        var message = Watchpost_Journal_V1_JournalRecord.with {
            $0.version = 1
            $0.events = [.with { $0.version = 1; $0.postHeard = .with { $0.post = "gate-1" } }]
        }
        change(&message)
        return code(try message.serializedBytes())
    }

    @Test func aWholeRecordIsTaken() throws {
        #expect(try code(changed: { _ in }) == nil)
    }

    /// Nothing at all is a valid protobuf message too, and would be folded as a record in which nothing happened.
    @Test func aRecordWithoutItsVersionIsDamaged() throws {
        #expect(code([]) == .corrupt)
        #expect(try code(changed: { $0.version = 0 }) == .corrupt)
        #expect(code([0x08]) == .corrupt)
    }

    @Test func aNewerRecordOrEventIsToldApartFromDamage() throws {
        #expect(try code(changed: { $0.version = 2 }) == .newerSchema)
        #expect(try code(changed: { $0.events[0].version = 2 }) == .newerSchema)
    }

    @Test func anEventThatMakesNoSenseIsDamage() throws {
        #expect(try code(changed: { $0.events[0].kind = nil }) == .corrupt)
        #expect(try code(changed: { $0.events[0].tipsMissing = .with { $0.first = 5; $0.last = 4 } }) == .corrupt)
        #expect(try code(changed: { $0.events[0].phaseChanged = .with { $0.phase = .unspecified } }) == .corrupt)
        #expect(try code(changed: { $0.events[0].phaseChanged = .with { $0.phase = .UNRECOGNIZED(9) } }) == .corrupt)
        #expect(try code(changed: { $0.events[0].tipAccepted = .with { $0.tip = Data([1, 2, 3]) } }) == .corrupt)
    }

    /// Limits may become tighter; what was accepted under the old ones stays readable.
    @Test func anAcceptedTipBeyondTheLimitsOfTodayIsRead() throws {
        let text = String(repeating: "x", count: 9_000)
        let long = Tip(id: TipID(high: 1, low: 2), observedAt: Timestamp(milliseconds: -5), category: "", text: text)
        let accepted = TipAccepted(
            post: SampleTips.posts[0], zone: SampleTips.zones[0], tip: long, encoded: TipCodec.encode(long), position: nil,
            receivedAt: ManualTime.night, skewMilliseconds: .min)
        #expect(throws: Rejection.self) { try TipCodec.decode(accepted.encoded) }
        #expect(try EventCodec.decode(EventCodec.encode([.tipAccepted(accepted)]), sequence: 1) == [.tipAccepted(accepted)])
    }

    @Test func everyFlippedByteOfASnapshotIsSeen() throws {
        var history = SampleHistory(seed: 2)
        _ = history.drafts(40)
        let snapshot = SnapshotCodec.encode(history.state)
        #expect(SnapshotCodec.isIntact(snapshot))
        for index in snapshot.bytes.indices {
            var damaged = snapshot
            damaged.bytes[index] ^= 1 << UInt8(index % 8)
            guard !SnapshotCodec.isIntact(damaged) else {
                Issue.record("byte \(index)")
                return
            }
        }
        for count in [0, 1, 15, 16, snapshot.bytes.count - 1] {
            let cut = StoredSnapshot(sequence: snapshot.sequence, bytes: Array(snapshot.bytes.prefix(count)))
            #expect(!SnapshotCodec.isIntact(cut))
            #expect(throws: JournalError.self) { try SnapshotCodec.decode(cut) }
        }
    }
}
