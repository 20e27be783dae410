internal import Access
internal import Administration
internal import Board
internal import HTTPTypes
internal import Settings
internal import TipWire
internal import Feed
internal import Glibc
internal import Ingest
internal import Measurement
internal import LocalHTTP
internal import Station
internal import TipModel
internal import ZeroMQ

/// What the admin socket can ask of the daemon's parts.
struct StationView: Sendable {
    let station: StationService
    let ingest: IngestService
    let feed: FeedService
    let gatekeeper: Gatekeeper
    let presence: Presence
    let live: LiveSettings
    let time: any TimeSource
    let startedAt: Timestamp
    let tipsEndpoint: String
    let feedEndpoint: String
    let daemonPublicKey: String
    let journalPath: String
    let board: BoardAddress
    let disk: DiskWatch
    let events: LiveHub
    let limits: StationService.Settings

    /// Where the journal is.
    private var folder: String { journalPath.lastIndex(of: "/").map { String(journalPath[..<$0]) } ?? "." }

    /// Asks the core something; the body runs on its thread and must be short.
    /// - Throws: 503 when too many questions wait.
    func ask<Answer: Sendable>(
        _ body: @escaping @Sendable (StationState, StationCounters) -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let taken = station.offer(
                .inspect { state, counters in continuation.resume(returning: body(state, counters)) })
            if !taken { continuation.resume(throwing: Self.busy) }
        }
    }

    static let busy = JSONRefusal(.serviceUnavailable, code: "busy", message: "the core is busy; try again")

    /// One line for `systemctl status`.
    var statusLine: String {
        let waiting = station.waiting
        let note = disk.reading.level == .enough ? "" : "DISK \(disk.reading.level.rawValue.uppercased()): tips are refused; "
        return String(
            note + "\(Int(presence.tipsPerSecond)) tips/s, \(feed.status.subscriptions.count) patrols, \(waiting.ordinary + waiting.express) waiting")
    }

    /// What the sockets refused since the start, by kind: a few kinds at most.
    var refusals: [String: UInt64] {
        var all = ["handshake: key not enrolled": gatekeeper.refused]
        for (code, count) in ingest.counters.rejected { all["posts: \(code.name)"] = count }
        for (code, count) in feed.status.counters.rejections { all["patrols: \(code.name)"] = count }
        return all
    }

    func status() async throws -> StatusReport {
        let ingest = ingest.counters
        let feed = feed.status
        let waiting = station.waiting
        let memory = peakMemory()
        let reading = disk.reading
        let (space, process) = (DiskSpace(at: folder), ProcessFigures())
        return try await ask { [self] state, counters in
            var levels: [String: Int] = [:]
            var (drills, unclaimed) = (0, 0)
            for level in UrgencyLevel.allCases { levels[level.name] = 0 }
            for incident in state.openIncidents {
                if incident.drill {
                    drills += 1
                    continue
                }
                levels[incident.urgency.level.name, default: 0] += 1
                if incident.holder == nil { unclaimed += 1 }
            }
            var report = StatusReport(
                version: watchpostVersion, startedAtMs: startedAt.milliseconds, nowMs: time.now().milliseconds,
                sequence: state.sequence, openIncidents: levels, openDrills: drills, unclaimed: unclaimed,
                totals: TotalsReport(
                    tips: state.totals.tips, correlated: state.totals.correlated, drills: state.totals.drills,
                    incidents: state.totals.incidents, cleared: state.totals.cleared),
                core: CoreReport(
                    accepted: counters.accepted, repeats: counters.repeats, rejected: named(counters.rejected),
                    commits: counters.commits, syncs: counters.syncs, commitFailures: counters.commitFailures,
                    records: counters.records, largestBatch: counters.largestBatch, waitingExpress: waiting.express,
                    waitingTips: waiting.ordinary, waitingControl: waiting.control,
                    tipsPerSecond: presence.tipsPerSecond),
                ingest: IngestReport(
                    endpoint: tipsEndpoint, messages: ingest.messages, tips: ingest.tips,
                    heartbeats: ingest.heartbeats, receipts: ingest.receipts, rejected: named(ingest.rejected),
                    unreachable: ingest.unreachable, blocked: ingest.blocked, dropped: ingest.dropped,
                    waits: ingest.waits, keysRefused: gatekeeper.refused),
                feed: FeedReport(
                    endpoint: feedEndpoint, alertHead: feed.heads.alert, mainHead: feed.heads.main,
                    messages: feed.counters.received, events: feed.counters.events, batches: feed.counters.batches,
                    rejected: named(feed.counters.rejections), blocked: feed.counters.wouldBlock,
                    unreachable: feed.counters.unreachable, repliesDropped: feed.counters.repliesDropped,
                    queueOverflows: feed.counters.queueOverflows, pages: feed.counters.pages, ringEvents: feed.ringEvents, ringBytes: feed.ringBytes),
                posts: posts(state), patrols: feed.subscriptions.map(patrol), memoryPeakKib: memory, board: board.address,
                health: HealthReport(
                    commitMedianMs: counters.commitSeconds.quantile(0.5).map { $0 * 1_000 },
                    commitP99Ms: counters.commitSeconds.quantile(0.99).map { $0 * 1_000 }, failing: counters.isFailing,
                    escalations: counters.escalations, limitExpress: limits.queueExpress, limitTips: limits.queueTips,
                    limitControl: limits.queueControl, boardStreams: events.watchers, diskFreeBytes: space?.free,
                    diskSizeBytes: space?.size, openDescriptors: process.openDescriptors, descriptorLimit: process.descriptorLimit))
            report.disk = DiskReport(state: reading.level.rawValue, freeBytes: reading.free, reserveBytes: reading.reserve)
            return report
        }
    }

    /// Whether a post is heard, and when it was last.
    func heard(_ post: PostID, _ state: StationState, now: Timestamp) -> (condition: BoardPost.Condition, at: Timestamp?) {
        let silentAfter = live.settings.presence.silentAfter.wholeMilliseconds
        guard let last = [presence[post]?.wall, state.ledgers[post]?.lastTipAt].compactMap(\.self).max() else { return (.neverHeard, nil) }
        return (now.milliseconds(since: last) > silentAfter ? .silent : .online, last)
    }

    func boardPost(_ post: Post, _ state: StationState, now: Timestamp) -> BoardPost {
        let heard = heard(post.id, state, now: now)
        return BoardPost(post: post, condition: heard.condition, lastHeardAt: heard.at)
    }

    private func posts(_ state: StationState) -> [PostReport] {
        let now = time.now()
        return state.enrolments.values.compactMap { enrolment -> PostReport? in
            guard case .post(let post) = enrolment.subject else { return nil }
            let ledger = state.ledgers[post.id] ?? PostLedger()
            let sighting = presence[post.id]
            let heard = heard(post.id, state, now: now)
            let condition = enrolment.isRevoked ? "revoked" : heard.condition.rawValue
            let outstanding = ledger.gaps.reduce(UInt64(0)) { $0 &+ ($1.upperBound - $1.lowerBound &+ 1) }
            return PostReport(
                id: post.id.rawValue, name: post.name, zone: post.zone.rawValue, members: post.members,
                state: condition, lastHeardMs: heard.at?.milliseconds,
                silentSinceMs: ledger.silentSince?.milliseconds, received: ledger.received,
                highestNumber: ledger.highest, outstanding: outstanding, missing: ledger.missing,
                spoolDepth: sighting?.heartbeat.spoolDepth,
                spoolOldestMs: sighting?.heartbeat.spoolOldest?.milliseconds,
                deadLetters: sighting?.heartbeat.deadLetters, skewMs: sighting?.skewMilliseconds,
                software: sighting?.heartbeat.software)
        }
        .sorted { $0.id < $1.id }
    }

    private func patrol(_ subscription: SubscriptionStatus) -> PatrolReport {
        func lane(_ lane: LaneStatus) -> LaneReport {
            LaneReport(
                sent: lane.sent, acknowledged: lane.acknowledged, head: lane.head,
                lag: lane.head > lane.acknowledged ? lane.head - lane.acknowledged : 0,
                creditEvents: lane.credit.events, creditBytes: lane.credit.bytes, catchingUp: lane.isCatchingUp)
        }
        return PatrolReport(
            unit: subscription.unit.rawValue, zones: subscription.zones.map(\.rawValue),
            leastLevel: subscription.leastLevel.name, peer: subscription.peer,
            sinceMs: subscription.since.milliseconds, alert: lane(subscription.alert), main: lane(subscription.main),
            blocked: subscription.isBlocked)
    }

    private func named(_ counts: [RejectionCode: UInt64]) -> [String: UInt64] {
        Dictionary(counts.map { ($0.key.name, $0.value) }, uniquingKeysWith: +)
    }
}

/// VmHWM of this process in KiB; 0 where /proc cannot be read.
private func peakMemory() -> Int {
    guard let file = fopen("/proc/self/status", "re") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
        let text = line.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        if text.hasPrefix("VmHWM:") { return Int(text.filter(\.isNumber)) ?? 0 }
    }
    return 0
}
