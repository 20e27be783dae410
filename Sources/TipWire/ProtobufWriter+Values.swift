package import TipModel

// The messages of watchpost.proto that are written on the hot path. A field added there is added here, too; the test
// that compares with the generated code fails until it is.
extension ProtobufWriter {
    mutating func write(_ event: FeedEvent) {
        unsigned(1, event.sequence)
        unsigned(2, UInt64(event.lane.rawValue))
        signed(3, event.at.milliseconds)
        unsigned(4, UInt64(event.kind.rawValue))
        message(5) { $0.write(event.incident) }
        if let tip = event.tip { message(6) { $0.write(tip) } }
        string(7, event.unit?.rawValue ?? "")
        write(8, event.reasons)
        bool(9, event.alarm)
        unsigned(10, event.other?.rawValue ?? 0)
        if let by = event.by { message(11) { $0.write(by) } }
        string(12, event.from?.rawValue ?? "")
        unsigned(13, UInt64(event.rung?.rawValue ?? 0))
        unsigned(14, UInt64(event.reminder))
    }

    /// The fields of an Operator.
    package mutating func write(_ by: Operator) {
        unsigned(1, UInt64(by.role.rawValue))
        string(2, by.name)
    }

    /// Repeated Reason.
    package mutating func write(_ field: Int, _ reasons: [Reason]) {
        // By address: a reason taken out of the array would be retained, and a tip has a dozen.
        reasons.withUnsafeBufferPointer { reasons in
            guard var reason = reasons.baseAddress else { return }
            for _ in 0..<reasons.count {
                let start = begin(field)
                string(1, reason.pointee.code)
                zigzag(2, Int64(reason.pointee.points))
                string(3, reason.pointee.detail)
                end(start)
                reason += 1
            }
        }
    }

    package mutating func write(_ field: Int, _ position: Position?) {
        guard let position else { return }
        message(field) {
            $0.double(1, position.latitude)
            $0.double(2, position.longitude)
            $0.float(3, position.accuracy)
        }
    }

    /// The fields of an IncidentSnapshot.
    private mutating func write(_ incident: Incident) {
        unsigned(1, incident.id.rawValue)
        unsigned(2, UInt64(incident.version))
        string(3, incident.zone.rawValue)
        string(4, incident.category)
        unsigned(5, UInt64(incident.urgency.level.rawValue))
        signed(6, Int64(incident.urgency.score))
        write(7, incident.urgency.reasons)
        unsigned(8, UInt64(incident.phase.rawValue))
        string(9, incident.holder?.rawValue ?? "")
        signed(10, incident.phaseSince.milliseconds)
        signed(11, incident.openedAt.milliseconds)
        signed(12, incident.lastTipAt.milliseconds)
        write(13, incident.position)
        string(14, incident.place)
        string(15, incident.headline)
        unsigned(16, UInt64(incident.tipCount))
        for post in incident.posts { element(17, post.rawValue) }
        bool(18, incident.drill)
        unsigned(19, UInt64(incident.disposition?.rawValue ?? 0))
        unsigned(20, incident.mergedInto?.rawValue ?? 0)
        unsigned(21, incident.follows?.rawValue ?? 0)
        for assignment in incident.statedCrew ?? [] { message(22) { $0.write(assignment) } }
        if let seen = incident.acknowledgement {
            message(23) { body in
                body.message(1) { $0.write(seen.by) }
                body.signed(2, seen.at.milliseconds)
            }
        }
        if incident.hasEscalated { message(24) { $0.write(incident.escalation) } }
        for grant in incident.grants {
            message(25) { body in
                body.string(1, grant.unit.rawValue)
                body.signed(2, grant.until.milliseconds)
            }
        }
    }

    private mutating func write(_ assignment: Assignment) {
        string(1, assignment.unit.rawValue)
        unsigned(2, UInt64(assignment.phase.rawValue))
        signed(3, assignment.since.milliseconds)
        if assignment.by != .unit(assignment.unit) { message(4) { $0.write(assignment.by) } }
    }

    private mutating func write(_ escalation: Escalation) {
        signed(1, escalation.since.milliseconds)
        unsigned(2, UInt64(escalation.rung?.rawValue ?? 0))
        signed(3, escalation.toldAt?.milliseconds ?? 0)
        unsigned(4, UInt64(escalation.reminders))
        signed(5, escalation.restUntil?.milliseconds ?? 0)
    }

    /// The fields of a TipSummary.
    private mutating func write(_ tip: TipSummary) {
        id(1, tip.id)
        string(2, tip.post.rawValue)
        signed(3, tip.observedAt.milliseconds)
        string(4, tip.category)
        string(5, tip.text)
        string(6, tip.place)
        write(7, tip.position)
        bool(8, tip.panic)
    }
}
