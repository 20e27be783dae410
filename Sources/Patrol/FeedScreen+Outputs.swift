import Access
public import Localization
import TipModel
import TipWire

extension FeedScreen {
    /// Takes what the client tells.
    /// - Returns: whether the bell should ring: an alert (urgent or more) that nobody has claimed came up or rose while
    ///   the feed was live, or was found once it was caught up; for one of our own when it rises. Whoever has it, a tip that
    ///   is an emergency on its own rings, and so does one of ours that the desk merged away. History does not ring.
    ///   It also rings when the feed falls silent: who waits for the bell must hear that none will come.
    public mutating func take(_ output: PatrolOutput, words: Catalogue) -> Bool {
        var rings = false
        bells = 1
        switch output {
        case .link(let state, let endpoint):
            link = state
            self.endpoint = endpoint
            if state != .connected { isCaughtUp = false }
        case .subscribed(let subscribed):
            zones = subscribed.zones
            refusal = nil
        case .events(let batch):
            for item in batch.items {
                let before = board[item.event.incident.id]?.incident.urgency.level
                board.apply(item.event)
                noteWhereWeAre(item.event.incident)
                guard isCaughtUp, let incident = board[item.event.incident.id]?.incident else { continue }
                let isNews = before.map { $0 < incident.urgency.level } ?? true
                let isUrgent = isNews && (needsSomebody(incident) || isOurAlert(incident))
                if isUrgent || item.event.alarm && incident.phase != .cleared || isForUs(item.event) {
                    rings = true
                    bells = max(bells, Self.bells(incident.urgency.level))
                }
                if item.event.kind == .merged, let survivor = item.event.incident.mergedInto, isMine(incident) {
                    notice = Notice(words.text(.goneInto, "\(incident.id)", "\(survivor)"), .bad)
                    rings = true
                }
            }
        case .caughtUp:
            rings = !isCaughtUp && board.open.contains { needsSomebody($0.incident) && $0.isNew }
            isCaughtUp = true
        case .behind: isCaughtUp = false
        case .stale(let since):
            staleSince = since
            rings = true
        case .fresh: staleSince = nil
        case .action(let outcome):
            if case .done(let incident?, _) = outcome.result {
                board.apply(incident)
                noteWhereWeAre(incident)
            }
            if case .refused(let rejection, let incident) = outcome.result {
                if let incident {
                    board.apply(incident)
                } else if rejection.code == .notFound {
                    // Nothing more would be told of it: it would stand here for ever.
                    board.remove(outcome.command.incident)
                }
            }
            if case .done = outcome.result {
                notice = Notice(words.describe(outcome), .good)
            } else {
                notice = Notice(words.describe(outcome), .bad)
            }
        case .fault(let fault): notice = Notice(words.describe(fault))
        case .rewound(let lane, let from, let to):
            if to < from { board.removeAll() }
            notice = Notice(words.text(.rewound, words.name(lane), "\(to)", "\(from)"))
        case .refused(let rejection):
            refusal = rejection
            isCaughtUp = false
        case .remark(let rejection): notice = Notice(words.text(.daemonSays, words.describe(rejection)), .bad)
        case .ended(let reason):
            if let reason { notice = Notice(words.text(.errorPrefix, reason), .bad) }
        case .clock(let offset): clockOffset = offset
        }
        return rings
    }

    private func needsSomebody(_ incident: Incident) -> Bool {
        incident.urgency.level >= .urgent && incident.phase == .open
    }

    private func isOurAlert(_ incident: Incident) -> Bool {
        incident.urgency.level >= .urgent && isMine(incident) && incident.phase != .cleared
    }

    /// The desk sent us or took us off, another unit handed over to us, nobody comes to what we may see, or we are
    /// reminded that we do not get on.
    private func isForUs(_ event: FeedEvent) -> Bool {
        switch event.kind {
        case .assigned, .recalled, .handedOver: event.unit == unit && event.by != .unit(unit)
        case .escalated: event.rung == .neighbours || event.unit == unit
        default: false
        }
    }

    /// More for what is graver, so that it is told by the ear alone.
    private static func bells(_ level: UrgencyLevel) -> Int {
        switch level {
        case .emergency: 3
        case .urgent: 2
        case .priority, .routine: 1
        }
    }

    private mutating func noteWhereWeAre(_ incident: Incident) {
        if let position = incident.position, let phase = incident.assignment(of: unit)?.phase, phase != .claimed { here = position }
    }
}
