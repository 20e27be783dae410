package import TipModel
package import WatchpostProtobuf

// Crews, acknowledgements and escalations to protobuf and back.

extension Incident {
    /// Whether its ladder differs from one that has only just begun, which is not written.
    var hasEscalated: Bool { escalation != Escalation(since: phaseSince) }
}

extension Watchpost_V1_Operator {
    package init(_ by: Operator) {
        self.init()
        role = .init(rawValue: Int(by.role.rawValue)) ?? .unspecified
        name = by.name
    }
}

extension Operator {
    /// A role of a newer version counts as the desk's.
    package init(_ message: Watchpost_V1_Operator) {
        self.init(UInt8(exactly: message.role.rawValue).flatMap(Role.init(rawValue:)) ?? .desk, message.name)
    }
}

extension EscalationRung {
    /// Nil for unspecified and unknown.
    package init?(_ message: Watchpost_V1_EscalationRung) {
        guard let value = UInt8(exactly: message.rawValue) else { return nil }
        self.init(rawValue: value)
    }
}

extension Watchpost_V1_EscalationRung {
    package init(_ rung: EscalationRung?) { self = .init(rawValue: Int(rung?.rawValue ?? 0)) ?? .unspecified }
}

extension Watchpost_V1_Assignment {
    init(_ assignment: Assignment) {
        self.init()
        unit = assignment.unit.rawValue
        phase = .init(rawValue: Int(assignment.phase.rawValue)) ?? .unspecified
        sinceMs = assignment.since.milliseconds
        if assignment.by != .unit(assignment.unit) { by = .init(assignment.by) }
    }
}

extension Assignment {
    init(_ message: Watchpost_V1_Assignment) {
        let unit = UnitID(unchecked: message.unit)
        self.init(
            unit: unit, phase: UInt8(exactly: message.phase.rawValue).flatMap(Phase.init(rawValue:)) ?? .claimed,
            since: Timestamp(milliseconds: message.sinceMs), by: message.hasBy ? Operator(message.by) : .unit(unit))
    }
}

extension Watchpost_V1_Acknowledgement {
    init(_ seen: Acknowledgement) {
        self.init()
        by = .init(seen.by)
        atMs = seen.at.milliseconds
    }
}

extension Acknowledgement {
    init(_ message: Watchpost_V1_Acknowledgement) {
        self.init(by: Operator(message.by), at: Timestamp(milliseconds: message.atMs))
    }
}

extension Watchpost_V1_Escalation {
    init(_ escalation: Escalation) {
        self.init()
        sinceMs = escalation.since.milliseconds
        rung = .init(escalation.rung)
        toldAtMs = escalation.toldAt?.milliseconds ?? 0
        reminders = escalation.reminders
        restUntilMs = escalation.restUntil?.milliseconds ?? 0
    }
}

extension Escalation {
    init(_ message: Watchpost_V1_Escalation) {
        self.init(
            since: Timestamp(milliseconds: message.sinceMs), rung: EscalationRung(message.rung),
            toldAt: Timestamp(known: message.toldAtMs), reminders: message.reminders,
            restUntil: Timestamp(known: message.restUntilMs))
    }
}

extension Watchpost_V1_Grant {
    init(_ grant: Grant) {
        self.init()
        unit = grant.unit.rawValue
        untilMs = grant.until.milliseconds
    }
}

extension Grant {
    init(_ message: Watchpost_V1_Grant) {
        self.init(unit: UnitID(unchecked: message.unit), until: Timestamp(milliseconds: message.untilMs))
    }
}

extension Timestamp {
    /// Nil for 0, which stands for none.
    package init?(known milliseconds: Int64) {
        guard milliseconds != 0 else { return nil }
        self.init(milliseconds: milliseconds)
    }
}
