import TestSupport
import Testing

@testable import TipModel

/// What is shared by reference keeps the meaning of a value.
@Suite struct SharedValuesTests {
    private func accepted(_ text: String) -> TipAccepted {
        TipAccepted(
            post: SampleTips.posts[0], zone: SampleTips.zone(of: SampleTips.posts[0]),
            tip: Tip(id: TipID(high: 1, low: 1), observedAt: ManualTime.night, category: "fire", text: text, reporter: "a"), encoded: [1],
            position: Position(latitude: 30, longitude: 120), receivedAt: ManualTime.night, skewMilliseconds: 5)
    }

    @Test func aChangedCopyLeavesTheTipAsItWas() {
        let one = accepted("smoke")
        var other = one
        other.tip.reporter = "b"
        other.encoded = []
        #expect(one.tip.reporter == "a" && one.encoded == [1] && other.tip.reporter == "b" && other != one)
        #expect(one.witness == witnessHash(post: one.post, reporter: "a") && other.witness == witnessHash(post: one.post, reporter: "b"))
        other.tip.reporter = "a"
        other.encoded = [1]
        #expect(other == one && other.hashValue == one.hashValue && Set([one, other, accepted("flames")]).count == 2)
    }

    @Test func evidenceIsEqualByWhatItSays() {
        let (one, other) = (Evidence(accepted("smoke")), Evidence(accepted("smoke")))
        #expect(one == other && one.hashValue == other.hashValue && one != Evidence(accepted("flames")))
        #expect(Evidence(accepted(String(repeating: "烟", count: 400))).text.utf8.count == Evidence.textBytes)
    }

    @Test func progressIsTrueWhereItWouldBeToldAgain() {
        var incident = Incident(
            opening: MemberTip(
                sequence: 1, at: ManualTime.night, accepted: accepted("smoke"), urgency: Urgency(score: 50, level: .urgent, reasons: [])),
            id: IncidentID(1), zone: SampleTips.zone(of: SampleTips.posts[0]), phaseSince: ManualTime.night, sequence: 1)
        var progress = IncidentProgress(incident)
        let unit = SampleTips.units[0]
        let steps: [(inout Incident, Timestamp) -> Void] = [
            { $0.attach(accepted("flames"), urgency: Urgency(score: 9, level: .routine, reasons: []), sequence: 2); _ = $1 },
            { $0.acknowledge(IncidentAcknowledged(incident: IncidentID(1), by: .unit(unit), restUntil: $1), at: $1, sequence: 3) },
            { $0.move(PhaseChanged(incident: IncidentID(1), unit: unit, phase: .claimed), at: $1, sequence: 4) },
            { $0.setUrgency(Urgency(score: 90, level: .emergency, reasons: [])); $0.restartLadder(from: .urgent, at: $1) },
            { $0.move(PhaseChanged(incident: IncidentID(1), unit: unit, phase: .onScene), at: $1, sequence: 5) },
            { $0.move(PhaseChanged(incident: IncidentID(1), unit: unit, phase: .open), at: $1, sequence: 6) },
            {
                $0.move(
                    PhaseChanged(incident: IncidentID(1), unit: nil, phase: .cleared, disposition: .resolved), at: $1, sequence: 7)
            },
            { $0.move(PhaseChanged(incident: IncidentID(1), unit: nil, phase: .open, action: .reopen), at: $1, sequence: 8) },
        ]
        for (index, step) in steps.enumerated() {
            step(&incident, ManualTime.night.advanced(byMilliseconds: Int64(index + 1) * 1_000))
            let after = IncidentProgress(incident, after: progress)
            #expect(progress.isTrue(of: incident) == (after == progress))
            // Only what a tip changes is no news.
            #expect((after == progress) == (index == 0))
            progress = after
            #expect(progress.isTrue(of: incident))
        }
    }
}
