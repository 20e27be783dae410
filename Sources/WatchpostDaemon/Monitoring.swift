internal import Access
internal import Board
internal import Feed
internal import Ingest
internal import LocalHTTP
internal import Measurement
internal import Settings
internal import Station
internal import Supervision
internal import TipModel
internal import TipWire

/// What the daemon tells a monitoring system. Everything is read when it is asked for: from counters that the threads keep
/// anyway, and, by one short question, from the core. So a tip costs what it did without.
struct Monitoring: Sendable {
    /// How long the core may take to answer; one that hangs is told by what is missing, and by `watchpost_core_answering`.
    static let patience = Duration.seconds(2)

    let view: StationView
    let gate: WatchdogGate
    let settings: DaemonSettings

    var probes: Probes {
        Probes(metrics: { await metrics() }, unhealthy: { unhealthy() }, unready: { await unready() })
    }

    /// Threads that do not come round: what systemd's watchdog would end the process for.
    func unhealthy() -> [String] {
        guard case .withhold(let stale) = gate.shouldPing(now: monotonic(view.time)) else { return [] }
        return stale.keys.sorted().map { "the \($0) thread hangs" }
    }

    /// Alive, and the core commits.
    func unready() async -> [String] {
        let hanging = unhealthy()
        guard let figures = await figures() else { return hanging + ["the core does not answer"] }
        return hanging + (figures.counters.isFailing ? ["the journal cannot be written: the newest commit failed"] : [])
    }

    // MARK: Metrics

    /// What only the core knows.
    private struct Figures: Sendable {
        var counters: StationCounters
        var sequence: SequenceNumber
        var open: [UrgencyLevel: Int] = [:]
        var oldestUnclaimed: [UrgencyLevel: Int64] = [:]
        var unclaimed = 0
        var drills = 0
        var posts: [PostFigures] = []
    }

    private struct PostFigures: Sendable {
        var id: String
        var condition: BoardPost.Condition
        /// Milliseconds.
        var silence: Int64?
        var missing: UInt64
        var sighting: Presence.Sighting?
    }

    private func figures() async -> Figures? {
        let answer = PendingAnswer<Figures>()
        let view = view
        let now = view.time.now()
        let taken = view.station.offer(
            .inspect { state, counters in
                var figures = Figures(counters: counters, sequence: state.sequence)
                for incident in state.openIncidents {
                    guard !incident.drill else {
                        figures.drills += 1
                        continue
                    }
                    let level = incident.urgency.level
                    figures.open[level, default: 0] += 1
                    guard incident.holder == nil else { continue }
                    figures.unclaimed += 1
                    figures.oldestUnclaimed[level] = max(figures.oldestUnclaimed[level] ?? 0, now.milliseconds(since: incident.openedAt))
                }
                for enrolment in state.enrolments.values where !enrolment.isRevoked {
                    guard case .post(let post) = enrolment.subject else { continue }
                    let heard = view.heard(post.id, state, now: now)
                    figures.posts.append(
                        PostFigures(
                            id: post.id.rawValue, condition: heard.condition, silence: heard.at.map { now.milliseconds(since: $0) },
                            missing: state.ledgers[post.id]?.missing ?? 0, sighting: view.presence[post.id]))
                }
                figures.posts.sort { $0.id < $1.id }
                answer.give(.success(figures))
            })
        guard taken else { return nil }
        return try? await answer.wait(Self.patience)
    }

    func metrics() async -> String {
        var out = Exposition()
        let figures = await figures()
        let failing = figures?.counters.isFailing ?? true
        out.gauge(
            "watchpost_build_info", "Always 1; its label is the version.", [([("version", watchpostVersion)], 1)])
        out.gauge(
            "watchpost_ready", "1 while tips are taken and stored: the answer of /readyz.",
            unhealthy().isEmpty && !failing ? 1 : 0)
        out.gauge("watchpost_core_answering", "1 while the core answers; what it alone knows is missing where it is 0.", figures == nil ? 0 : 1)
        if let figures {
            core(figures, &out)
            posts(figures, &out)
        }
        sockets(&out)
        feed(&out)
        if let disk = DiskSpace(at: settings.dataDirectory) {
            out.gauge("watchpost_disk_free_bytes", "Space that the journal may still use.", Double(disk.free))
            out.gauge("watchpost_disk_size_bytes", "Size of the disk that holds the journal.", Double(disk.size))
        }
        ProcessFigures().write(into: &out, startedAt: view.startedAt.milliseconds)
        return out.text
    }

    private func core(_ figures: Figures, _ out: inout Exposition) {
        let counters = figures.counters
        out.counter(
            "watchpost_tips_total", "Tips that the core decided, by what became of them.",
            [
                ([("verdict", "new")], counters.accepted &- counters.correlated), ([("verdict", "correlated")], counters.correlated),
                ([("verdict", "repeat")], counters.repeats),
            ])
        out.histogram("watchpost_commit_seconds", "How long the journal took for a commit, its fsync included.", counters.commitSeconds)
        out.histogram("watchpost_commit_batch_tips", "Tips that shared a commit.", counters.batchTips)
        out.counter("watchpost_commits_total", "Commits.", counters.commits)
        out.counter("watchpost_commit_failures_total", "Commits that failed; nothing of them was acknowledged.", counters.commitFailures)
        out.counter("watchpost_fsyncs_total", "The journal's fsyncs: of commits, snapshots and checkpoints.", counters.syncs)
        out.counter("watchpost_snapshot_failures_total", "Snapshots that could not be stored; a start takes longer.", counters.snapshotFailures)
        out.gauge("watchpost_journal_sequence", "The newest record of the journal.", Double(figures.sequence))
        out.gauge(
            "watchpost_incidents_open", "Open incidents by level, drills apart.",
            UrgencyLevel.allCases.map { ([("level", $0.name)], Double(figures.open[$0] ?? 0)) })
        out.gauge(
            "watchpost_incident_oldest_unclaimed_seconds", "Age of the oldest open incident of each level that no unit has; 0 for none.",
            UrgencyLevel.allCases.map { ([("level", $0.name)], Double(figures.oldestUnclaimed[$0] ?? 0) / 1_000) })
        out.gauge("watchpost_incidents_unclaimed", "Open incidents that no unit has.", Double(figures.unclaimed))
        out.gauge("watchpost_drills_open", "Open drills.", Double(figures.drills))
        out.counter("watchpost_escalations_total", "Notices that nobody comes.", counters.escalations)
    }

    private func posts(_ figures: Figures, _ out: inout Exposition) {
        typealias Sample = (labels: [Exposition.Label], value: Double)
        let now = view.time.now()
        func each(_ value: (PostFigures) -> Double?) -> [Sample] {
            figures.posts.compactMap { post in value(post).map { ([("post", post.id)], $0) } }
        }
        out.gauge(
            "watchpost_posts", "Enrolled posts by whether they are heard.",
            [BoardPost.Condition.online, .silent, .neverHeard].map { condition in
                ([("state", condition.rawValue)], Double(figures.posts.count { $0.condition == condition }))
            })
        out.gauge(
            "watchpost_post_last_seen_seconds", "How long ago a post was heard last; missing for one that never was.",
            each { $0.silence.map { Double(max(0, $0)) / 1_000 } })
        out.gauge("watchpost_post_missing_tips", "Numbers that a post no longer holds and that never arrived.", each { Double($0.missing) })
        out.gauge("watchpost_post_spool_tips", "Tips in a post's spool, as it last told.", each { $0.sighting.map { Double($0.heartbeat.spoolDepth) } })
        out.gauge(
            "watchpost_post_spool_oldest_seconds", "Age of the oldest tip in a post's spool, as it last told; 0 for none.",
            each { post in
                post.sighting.map { sighting in
                    sighting.heartbeat.spoolOldest.map { Double(max(0, now.milliseconds(since: $0))) / 1_000 } ?? 0
                }
            })
        out.gauge(
            "watchpost_post_dead_letters", "Tips that a post keeps after they were refused for good.",
            each { $0.sighting.map { Double($0.heartbeat.deadLetters) } })
        out.gauge(
            "watchpost_post_clock_skew_seconds", "The daemon's clock less the post's.",
            each { $0.sighting.map { Double($0.skewMilliseconds) / 1_000 } })
    }

    private func sockets(_ out: inout Exposition) {
        let ingest = view.ingest.counters
        let feed = view.feed.status.counters
        let waiting = view.station.waiting
        out.gauge(
            "watchpost_queue_items", "What waits for the core.",
            [([("queue", "express")], Double(waiting.express)), ([("queue", "tips")], Double(waiting.ordinary)), ([("queue", "control")], Double(waiting.control))])
        let limits = view.limits
        out.gauge(
            "watchpost_queue_limit_items", "Most that may wait for the core.",
            [
                ([("queue", "express")], Double(limits.queueExpress)), ([("queue", "tips")], Double(limits.queueTips)),
                ([("queue", "control")], Double(limits.queueControl)),
            ])
        out.counter("watchpost_ingest_messages_total", "Messages of posts.", ingest.messages)
        out.counter("watchpost_ingest_waits_total", "Times the posts' socket was not read because the core had no room.", ingest.waits)
        out.counter(
            "watchpost_ingest_answers_lost_total", "Answers to posts that did not get out; the post sends again.",
            [
                ([("reason", "unreachable")], ingest.unreachable), ([("reason", "blocked")], ingest.blocked),
                ([("reason", "dropped")], ingest.dropped),
            ])
        let refused = [("ingest", ingest.rejected), ("feed", feed.rejections)].flatMap { socket, codes in
            codes.sorted { $0.key.name < $1.key.name }.map { ([("socket", socket), ("code", $0.key.name)] as [Exposition.Label], $0.value) }
        }
        out.counter("watchpost_rejections_total", "Messages and tips refused, by code.", refused.map { (labels: $0.0, value: $0.1) })
        out.counter("watchpost_zap_refusals_total", "Handshakes refused because the key is not enrolled.", view.gatekeeper.refused)
        out.gauge("watchpost_board_streams", "Live streams of the board.", Double(view.events.watchers))
    }

    private func feed(_ out: inout Exposition) {
        let status = view.feed.status
        var lag: [String: (alert: UInt64, main: UInt64)] = [:]
        for subscription in status.subscriptions {
            let unit = subscription.unit.rawValue
            // Of a unit's devices the one that is furthest behind.
            let known = lag[unit] ?? (0, 0)
            lag[unit] = (max(known.alert, Self.behind(subscription.alert)), max(known.main, Self.behind(subscription.main)))
        }
        out.gauge("watchpost_feed_subscriptions", "Patrols' subscriptions.", Double(status.subscriptions.count))
        out.gauge("watchpost_feed_blocked_subscriptions", "Subscriptions that do not read.", Double(status.subscriptions.count { $0.isBlocked }))
        out.gauge(
            "watchpost_feed_lag_events", "Records between what a unit confirmed and the head of the lane; 0 for one that has all that is for it.",
            lag.sorted { $0.key < $1.key }.flatMap { unit, lanes in
                [
                    ([("unit", unit), ("lane", "alert")], Double(lanes.alert)), ([("unit", unit), ("lane", "main")], Double(lanes.main)),
                ]
            })
        out.counter("watchpost_feed_events_total", "Events sent to patrols.", status.counters.events)
        out.counter("watchpost_feed_pages_total", "Pages read from the journal for patrols that catch up.", status.counters.pages)
        out.counter("watchpost_feed_page_failures_total", "Pages that could not be read.", status.counters.pageFailures)
        out.counter(
            "watchpost_feed_queue_overflows_total", "Times that patrols fell back to the journal because the queue from the core was full.",
            status.counters.queueOverflows)
    }

    /// The newest record of a lane may be of a zone that a unit does not follow: who has confirmed all that it was sent, and
    /// is to be sent no more, is not behind.
    private static func behind(_ lane: LaneStatus) -> UInt64 {
        if lane.acknowledged >= lane.sent, !lane.isCatchingUp, lane.credit.events > 0 { return 0 }
        return lane.head > lane.acknowledged ? lane.head - lane.acknowledged : 0
    }
}
