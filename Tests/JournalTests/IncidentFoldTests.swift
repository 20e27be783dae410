import TestSupport
import Testing
import TipModel

@testable import Journal

@Suite("Every incident as it last was") struct IncidentFoldTests {
    @Test(arguments: Engine.allCases)
    func eachIsToldOnceAlsoWhenTheStateHasForgottenIt(engine: Engine) throws {
        let bench = try engine.open()
        var history = SampleHistory(seed: 91)
        var expected: [IncidentID: Incident] = [:]
        var drafts: [Draft] = []
        for _ in 0..<3_000 {
            let draft = history.next()
            drafts.append(draft)
            for incident in history.state.incidents.values where incident.lastSequence == history.state.sequence {
                expected[incident.id] = incident
            }
        }
        _ = try bench.journal.append(drafts)
        var sequence = bench.journal.lastSequence
        var state = history.state
        for id in expected.keys.sorted() where state.incidents[id] != nil && state.incidents[id]?.phase != .cleared {
            sequence += 1
            let events: [Event] = [.phaseChanged(PhaseChanged(incident: id, unit: nil, phase: .cleared, disposition: .resolved))]
            state.apply(Record(sequence: sequence, at: history.time, events: events))
            expected[id] = state.incidents[id]
            _ = try bench.journal.append([Draft(at: history.time, events: events, incident: id)])
        }
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        var told: [IncidentID: Incident] = [:]
        try IncidentFold.each(of: reader) { incident in
            #expect(told.updateValue(incident, forKey: incident.id) == nil, "\(incident.id) is told twice")
        }
        let differing = Set(told.keys).union(expected.keys).filter { told[$0] != expected[$0] }.sorted()
        #expect(differing == [])
        #expect(expected.count > StationState.clearedBound + 50 && state.incidents.count < expected.count, "some are forgotten")
    }
}
