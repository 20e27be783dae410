// A patrol's feed as lines, for a pipe, a log or a terminal that cannot be drawn on.

import Access
import Localization
import TipModel
import TipWire

/// The JSON lines of `--json`: one object for each event and for each change of state. Times are milliseconds since
/// 1970 by the daemon's clock.
enum JSONLines {
    static func lines(_ output: PatrolOutput) -> [String] {
        if case .events(let batch) = output {
            return batch.items.map { item in
                let event = item.event
                var fields: [(String, JSONText)] = [
                    ("event", .string("feed")), ("lane", .string(batch.lane.name)),
                    ("sequence", .unsigned(event.sequence)), ("previous", .unsigned(item.previous)),
                    ("kind", .string(event.kind.name)), ("at_ms", .integer(event.at.milliseconds)),
                    ("incident", json(event.incident)),
                ]
                if let tip = event.tip { fields.append(("tip", json(tip))) }
                if let unit = event.unit { fields.append(("unit", .string(unit.rawValue))) }
                if !event.reasons.isEmpty { fields.append(("reasons", json(event.reasons))) }
                if event.alarm { fields.append(("alarm", .flag(true))) }
                if let other = event.other { fields.append(("other", .unsigned(other.rawValue))) }
                if let by = event.by { fields.append(("by", json(by))) }
                if let from = event.from { fields.append(("from", .string(from.rawValue))) }
                if let rung = event.rung {
                    fields += [("rung", .string(rung.name)), ("reminder", .unsigned(UInt64(event.reminder)))]
                }
                return JSONText.object(fields).line
            }
        }
        return [JSONText.object(fields(output)).line]
    }

    private static func fields(_ output: PatrolOutput) -> [(String, JSONText)] {
        func event(_ name: String, _ more: [(String, JSONText)] = []) -> [(String, JSONText)] {
            [("event", .string(name))] + more
        }
        switch output {
        case .events: return []
        case .link(let state, let endpoint):
            return event("link", [("state", .string(name(state))), ("endpoint", .string(endpoint))])
        case .subscribed(let subscribed):
            return event(
                "subscribed",
                [
                    ("zones", .array(subscribed.zones.map { .string($0.rawValue) })),
                    ("begin", json(subscribed.begin)), ("heads", json(subscribed.heads)),
                ])
        case .rewound(let lane, let from, let to):
            return event("rewound", [("lane", .string(lane.name)), ("from", .unsigned(from)), ("to", .unsigned(to))])
        case .caughtUp(let cursor): return event("caught_up", [("cursor", json(cursor))])
        case .behind(let cursor, let heads):
            return event("behind", [("cursor", json(cursor)), ("heads", json(heads))])
        case .stale(let since): return event("stale", [("since_ms", .integer(since.milliseconds))])
        case .fresh: return event("fresh")
        case .clock(let offset): return event("clock", [("offset_ms", .integer(offset))])
        case .action(let outcome): return event("action", fields(outcome))
        case .fault(let fault):
            var fields: [(String, JSONText)] = [("fault", .string(fault.name))]
            if case .gap(let lane, let expected, let found) = fault {
                fields += [("lane", .string(lane.name)), ("expected", .unsigned(expected)), ("found", .unsigned(found))]
            }
            return event("fault", fields)
        case .refused(let rejection): return event("refused", fields(rejection))
        case .remark(let rejection): return event("remark", fields(rejection))
        case .ended(let reason): return event("ended", [("reason", reason.map { .string($0) } ?? .null)])
        }
    }

    private static func fields(_ outcome: ActionOutcome) -> [(String, JSONText)] {
        var fields: [(String, JSONText)] = [
            ("action", .string(outcome.command.verb.name)),
            ("incident_id", .unsigned(outcome.command.incident.rawValue)),
        ]
        switch outcome.result {
        case .done(let incident, let sequence):
            fields += [("result", .string("done")), ("sequence", .unsigned(sequence))]
            if let incident { fields.append(("incident", json(incident))) }
        case .refused(let rejection, let incident):
            fields += [("result", .string("refused"))] + self.fields(rejection)
            if let incident { fields.append(("incident", json(incident))) }
        case .timedOut: fields.append(("result", .string("timed_out")))
        case .notSent: fields.append(("result", .string("not_sent")))
        case .tooMany: fields.append(("result", .string("too_many")))
        }
        return fields
    }

    private static func fields(_ rejection: Rejection) -> [(String, JSONText)] {
        [
            ("code", .string(rejection.code.name)), ("field", .string(rejection.field)),
            ("message", .string(rejection.message)), ("retriable", .flag(rejection.code.isRetriable)),
        ]
    }

    static func name(_ state: LinkState) -> String {
        switch state {
        case .connecting: "connecting"
        case .connected: "connected"
        case .refused: "refused"
        case .wrongDaemon: "wrong_daemon"
        case .unreachable: "unreachable"
        }
    }

    private static func json(_ cursor: FeedCursor) -> JSONText {
        .object([("alert", .unsigned(cursor.alert)), ("main", .unsigned(cursor.main))])
    }

    private static func json(_ reasons: [Reason]) -> JSONText {
        .array(
            reasons.map {
                .object([
                    ("code", .string($0.code)), ("points", .integer(Int64($0.points))), ("detail", .string($0.detail)),
                ])
            })
    }

    private static func json(_ position: Position) -> JSONText {
        .object([
            ("latitude", .number(position.latitude)), ("longitude", .number(position.longitude)),
            ("accuracy_m", .number(Double(position.accuracy))),
        ])
    }

    private static func json(_ incident: Incident) -> JSONText {
        // Apart, because one literal of everything costs the compiler minutes.
        var fields: [(String, JSONText)] = told(incident)
        fields.append(("crew", .array(incident.crew.map { json($0) })))
        let seen: JSONText? = incident.acknowledgement.map { seen in
            .object([("by", json(seen.by)), ("at_ms", .integer(seen.at.milliseconds))])
        }
        fields.append(("acknowledged", seen ?? .null))
        let rung: JSONText? = incident.escalation.rung.map { .string($0.name) }
        fields.append(("escalated", rung ?? .null))
        let grants: [JSONText] = incident.grants.map { grant in
            .object([("unit", .string(grant.unit.rawValue)), ("until_ms", .integer(grant.until.milliseconds))])
        }
        fields.append(("grants", .array(grants)))
        return .object(fields)
    }

    private static func told(_ incident: Incident) -> [(String, JSONText)] {
        [
            ("id", .unsigned(incident.id.rawValue)), ("version", .unsigned(UInt64(incident.version))),
            ("zone", .string(incident.zone.rawValue)), ("category", .string(incident.category)),
            ("level", .string(incident.urgency.level.name)), ("score", .integer(Int64(incident.urgency.score))),
            ("reasons", json(incident.urgency.reasons)), ("phase", .string(incident.phase.name)),
            ("holder", incident.holder.map { .string($0.rawValue) } ?? .null),
            ("phase_since_ms", .integer(incident.phaseSince.milliseconds)),
            ("opened_at_ms", .integer(incident.openedAt.milliseconds)),
            ("last_tip_at_ms", .integer(incident.lastTipAt.milliseconds)),
            ("position", incident.position.map { json($0) } ?? .null), ("place", .string(incident.place)),
            ("headline", .string(incident.headline)), ("tips", .unsigned(UInt64(incident.tipCount))),
            ("posts", .array(incident.posts.map { .string($0.rawValue) })), ("drill", .flag(incident.drill)),
            ("disposition", incident.disposition.map { .string($0.name) } ?? .null),
            ("merged_into", incident.mergedInto.map { .unsigned($0.rawValue) } ?? .null),
            ("follows", incident.follows.map { .unsigned($0.rawValue) } ?? .null),
        ]
    }

    private static func json(_ by: Operator) -> JSONText {
        .object([("role", .string(by.role.name)), ("name", .string(by.name))])
    }

    private static func json(_ assignment: Assignment) -> JSONText {
        .object([
            ("unit", .string(assignment.unit.rawValue)), ("phase", .string(assignment.phase.name)),
            ("since_ms", .integer(assignment.since.milliseconds)), ("by", json(assignment.by)),
        ])
    }

    private static func json(_ tip: TipSummary) -> JSONText {
        .object([
            ("id", .string("\(tip.id)")), ("post", .string(tip.post.rawValue)),
            ("observed_at_ms", .integer(tip.observedAt.milliseconds)), ("category", .string(tip.category)),
            ("text", .string(tip.text)), ("place", .string(tip.place)),
            ("position", tip.position.map { json($0) } ?? .null), ("panic", .flag(tip.panic)),
        ])
    }
}

/// Lines for people: one for each event, and the changes of state apart, since those belong on stderr.
struct PlainLines {
    let words: Catalogue
    let usesColour: Bool
    let utcOffset: Int64

    func events(_ batch: FeedBatch) -> [String] { batch.items.map { line($0.event) } }

    /// Nil for what a reader of a log need not know.
    func status(_ output: PatrolOutput) -> String? { sentence(output).map { TerminalText.clean($0) } }

    private func sentence(_ output: PatrolOutput) -> String? {
        switch output {
        case .events, .clock, .behind, .ended(nil): nil
        case .link(let state, let endpoint): words.name(state) + "  " + words.text(.linkEndpoint, endpoint)
        case .subscribed(let subscribed):
            words.text(
                .subscribedTo,
                subscribed.zones.isEmpty ? words.text(.allZones) : subscribed.zones.map(\.rawValue).joined(separator: " "))
        case .caughtUp: words.text(.caughtUp)
        case .stale(let since): words.text(.linkStale, Clock.full(since, utcOffset: utcOffset))
        case .fresh: words.text(.linkConnected)
        case .action(let outcome): words.describe(outcome)
        case .fault(let fault): words.describe(fault)
        case .rewound(let lane, let from, let to): words.text(.rewound, words.name(lane), "\(to)", "\(from)")
        case .refused(let rejection): words.text(.subscriptionRefused, words.describe(rejection))
        case .remark(let rejection): words.text(.daemonSays, words.describe(rejection))
        case .ended(let reason?): words.text(.errorPrefix, reason)
        }
    }

    private func line(_ event: FeedEvent) -> String {
        let incident = event.incident
        let level = incident.urgency.level
        let kind = words.name(event.kind, about: incident.id, mergedInto: incident.mergedInto, other: event.other)
        var parts = [
            "\(incident.id)", (event.unit?.rawValue ?? event.by?.name).map { words.text(.lineBy, $0, kind) } ?? kind,
            words.category(incident.category), incident.zone.rawValue,
        ]
        if incident.drill { parts.insert(words.text(.drill), at: 1) }
        if event.tip?.panic == true { parts.append(words.text(.panic)) }
        if let disposition = incident.disposition { parts.append(words.name(disposition)) }
        if let tip = event.tip {
            parts += [tip.post.rawValue, tip.place, tip.text]
            for reasons in [incident.urgency.reasons, event.kind == .correlated ? event.reasons : []] where !reasons.isEmpty {
                parts.append("[\(words.reasons(reasons))]")
            }
        }
        switch event.kind {
        case .merged, .split, .regraded: parts += [incident.headline, "[\(words.reasons(event.reasons))]"]
        case .escalated: parts += [event.rung.map { words.name($0) } ?? "", incident.headline]
        case .handedOver: parts.append(event.from.map { words.text(.lineFrom, $0.rawValue) } ?? "")
        case .assigned: parts += [incident.place, incident.headline]
        default: break
        }
        let isDesks = event.by != nil && event.rung == nil
        if isDesks, !event.reasons.isEmpty { parts.append("[\(words.reasons(event.reasons))]") }
        let badge = FeedRenderer.symbol(level).filter { $0 != " " } + " " + words.name(level)
        // Everything from outside is cleaned before any colour is added.
        let rest = parts.map { TerminalText.clean($0) }.filter { !$0.isEmpty }
        return ([Clock.full(event.at, utcOffset: utcOffset), paint(badge, FeedRenderer.ink(level))] + rest)
            .joined(separator: "  ")
    }

    private func paint(_ text: String, _ ink: Ink?) -> String {
        guard usesColour, let ink else { return text }
        return "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m"
    }
}

extension Catalogue {
    /// The connection in words to act on.
    func name(_ state: LinkState) -> String {
        switch state {
        case .connecting: text(.linkConnecting)
        case .connected: text(.linkConnected)
        case .refused: text(.linkRefused)
        case .wrongDaemon: text(.linkWrongDaemon)
        case .unreachable: text(.linkUnreachable)
        }
    }
}
