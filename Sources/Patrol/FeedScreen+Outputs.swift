import Access
public import Localization
import TipModel
import TipWire

extension FeedScreen {
    /// Takes what the client tells.
    /// - Returns: whether the bell should ring: an emergency that nobody has claimed came up while the feed was
    ///   live, or was found once it was caught up. History does not ring.
    public mutating func take(_ output: PatrolOutput, words: Catalogue) -> Bool {
        var rings = false
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
                let isNew = item.event.kind == .opened || before.map { $0 < .emergency } ?? true
                if isCaughtUp, isNew, isUnclaimedEmergency(item.event.incident.id) { rings = true }
            }
        case .caughtUp:
            rings = !isCaughtUp && board.open.contains { isUnclaimedEmergency($0.incident.id) && $0.isNew }
            isCaughtUp = true
        case .behind: isCaughtUp = false
        case .stale(let since): staleSince = since
        case .fresh: staleSince = nil
        case .action(let outcome):
            if case .done(let incident?, _) = outcome.result { board.apply(incident) }
            if case .refused(_, let incident?) = outcome.result { board.apply(incident) }
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
        case .clock: break
        }
        return rings
    }

    private func isUnclaimedEmergency(_ id: IncidentID) -> Bool {
        guard let incident = board[id]?.incident else { return false }
        return incident.urgency.level == .emergency && incident.phase == .open
    }
}
