internal import Access
internal import Board
internal import DispatchDesk
internal import Feed
internal import Ingest
internal import Journal
internal import Logging
internal import Settings
internal import Station
internal import Supervision
internal import Synchronization
internal import TipModel
internal import TipWire
internal import ZeroMQ

/// How the services meet: each knows its ports, this knows who is behind them.
///
/// Ingest and feed need the core and the core needs both, so the core's side is filled in by ``connect(ingest:feed:)``
/// before anything runs.
final class Wiring: Sendable {
    private struct Ends {
        var ingest: IngestService?
        var feed: FeedService?
        var live: LiveHub?
    }

    private let ends = Mutex(Ends())
    /// Tips that the desk took down and that wait for their answer.
    let deskTips = DeskTips()

    func connect(ingest: IngestService, feed: FeedService, live: LiveHub) {
        ends.withLock { $0 = Ends(ingest: ingest, feed: feed, live: live) }
    }

    private var ingest: IngestService? { ends.withLock { $0.ingest } }
    private var feed: FeedService? { ends.withLock { $0.feed } }
    private var live: LiveHub? { ends.withLock { $0.live } }

    func stationPorts(table: AccessTable, beat: @escaping @Sendable () -> Void) -> StationPorts {
        StationPorts(
            tips: { [self] outcomes in
                for outcome in outcomes where outcome.ticket.route.isEmpty { deskTips.answer(outcome.ticket.request, outcome.result) }
                ingest?.answer(
                    outcomes.lazy.filter { !$0.ticket.route.isEmpty }.map {
                        TipAnswer(
                            route: $0.ticket.route, request: $0.ticket.request, index: $0.ticket.index, tip: $0.tip,
                            result: $0.result)
                    })
            },
            publish: { [self] events in
                feed?.publish(
                    events.map {
                        Publication(
                            sequence: $0.sequence, lane: $0.lane, zone: $0.zone, level: $0.level, event: $0.event,
                            guests: $0.guests)
                    })
                live?.publish(events.map { .init(sequence: $0.sequence, event: $0.event, guests: $0.guests) })
            },
            progress: { [self] post, news in ingest?.tell(PostNews(post: post, news: news)) },
            enrolments: { [self] enrolments in
                table.replace(with: enrolments)
                feed?.accessChanged()
            },
            beat: beat)
    }

    func ingestPorts(
        station: StationService, presence: Presence, attachments: AttachmentService, live: LiveSettings, time: some TimeSource,
        beat: @escaping @Sendable () -> Void
    ) -> IngestPorts {
        IngestPorts(
            offer: { tips, express in
                station.offer(
                    tips.map {
                        TipCommand(
                            ticket: TipTicket(route: $0.route, request: $0.request, index: $0.index), post: $0.post,
                            enrolment: $0.enrolment, tip: $0.tip, encoded: $0.encoded, skewMilliseconds: $0.skewMilliseconds)
                    }, express: express)
            },
            heartbeat: { post, heartbeat in
                presence.heard(post, heartbeat, time: time)
                // Refused at the bound: the next heartbeat is seconds away.
                _ = station.offer(
                    .heartbeat(post, series: heartbeat.series, lowestUnsent: heartbeat.lowestUnsent))
            },
            // Refused at the bound, as the heartbeat itself.
            progress: { [self] post, after, request in
                _ = station.offer(
                    .progress(
                        ProgressQuery(post: post, after: after) { [self] news in
                            ingest?.tell(PostNews(post: post, request: request, news: news))
                        }))
            },
            handled: { [self] post, handled, ticket in
                station.offer(
                    .postHandled(
                        PostHandledCommand(post: post, incident: handled.incident, note: handled.note) { [self] outcome in
                            ingest?.reply(
                                PostReply(
                                    ticket,
                                    .handled(
                                        ActionResult(
                                            incidentID: outcome.incidentID, refusal: outcome.refusal, incident: nil,
                                            sequence: outcome.sequence))))
                        }))
            },
            photo: { attachments.take($0, $1, $2) },
            isExpress: { live.isExpress($0) },
            time: { station.time(toldTo: $1, by: $0) },
            beat: beat)
    }

    func attachments(
        _ settings: DaemonSettings, station: StationService, disk: DiskWatch, logger: Logger
    ) throws(ZeroMQError) -> AttachmentService {
        var kept = AttachmentSettings(directory: settings.dataDirectory + "/attachments")
        kept.maxBytes = settings.attachments.maxBytes
        kept.hasRoom = { disk.reading.level == .enough }
        return try AttachmentService(
            settings: kept,
            find: { key, reply in
                station.offer(.find(key) { reply($0.flatMap { try? TipCodec.decodeStored($0.encoded) }) })
            },
            reply: { [self] in ingest?.reply($0) }, logger: logger)
    }

    func feedPorts(
        station: StationService, journalPath: String, beat: @escaping @Sendable () -> Void
    ) -> FeedPorts {
        FeedPorts(
            onAction: { [self] action in
                let (ticket, asked) = (action.ticket, action.action)
                let reply: @Sendable (StepOutcome) -> Void = { [self] outcome in
                    feed?.reply(
                        ticket,
                        ActionResult(
                            incidentID: outcome.incidentID, refusal: outcome.refusal,
                            incident: outcome.incident, sequence: outcome.sequence))
                }
                if action.verb == .seen {
                    return station.offer(
                        .acknowledge(
                            AcknowledgeCommand(
                                incident: asked.incident, by: .unit(action.unit.id), scope: .unit(action.unit), reply: reply)))
                }
                guard let step = Step(verb: action.verb) else { return false }
                return station.offer(
                    .step(
                        StepCommand(
                            step: step, unit: action.unit, incident: asked.incident, disposition: asked.disposition,
                            note: asked.note, to: asked.to, diverts: asked.divert, reply: reply)))
            },
            // Refused at the bound: it is for status only, and the next one is half a minute away.
            onCursor: { unit, cursor in _ = station.offer(.cursor(unit, cursor)) },
            makeReader: { try SQLiteJournalReader(path: journalPath) },
            beat: beat)
    }
}

extension Step {
    init?(verb: Verb) {
        switch verb {
        case .claim: self = .claim
        case .enRoute: self = .goEnRoute
        case .onScene: self = .arrive
        case .clear: self = .clear
        case .release: self = .release
        case .join: self = .join
        case .handOver: self = .handOver
        default: return nil
        }
    }
}

/// The part of the settings that a reload replaces, shared with the socket threads.
final class LiveSettings: Sendable {
    private struct Contents {
        var settings: DaemonSettings
        var express: Set<String>
    }

    private let contents: Mutex<Contents>

    init(_ settings: DaemonSettings) {
        contents = Mutex(Contents(settings: settings, express: settings.triage.expressCategories))
    }

    var settings: DaemonSettings { contents.withLock { $0.settings } }

    func replace(_ settings: DaemonSettings) {
        contents.withLock { $0 = Contents(settings: settings, express: settings.triage.expressCategories) }
    }

    /// Whether tips of this category overtake others: those that are urgent before a word is read.
    func isExpress(_ category: String) -> Bool { contents.withLock { $0.express.contains(category) } }
}

extension Duration {
    /// Whole milliseconds, clamped to what fits.
    var wholeMilliseconds: Int64 {
        let (seconds, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? (components.seconds < 0 ? .min : .max) : seconds &+ components.attoseconds / 1_000_000_000_000_000
    }
}

extension StationService.Settings {
    init(_ settings: DaemonSettings) {
        self.init()
        core.idWindowMilliseconds = settings.ingest.idWindow.wholeMilliseconds
        core.snapshotEvery = UInt64(settings.journal.snapshotEvery)
        queueTips = max(settings.ingest.queueTips, WireLimits.tipsPerSubmit)
        batchTips = settings.ingest.batchTips
    }
}

extension IngestSettings {
    init(_ settings: DaemonSettings, inherited: InheritedSockets) {
        self.init(endpoint: settings.tipsEndpoint)
        listeningDescriptor = inherited.take(endpoint: settings.tipsEndpoint)
        idWindowMilliseconds = settings.ingest.idWindow.wholeMilliseconds
    }
}

extension LiveHub.Limits {
    init(_ settings: DaemonSettings.Board) {
        self.init()
        streams = settings.maxStreams
    }
}

extension FeedSettings {
    init(_ settings: DaemonSettings, inherited: InheritedSockets) {
        self.init()
        endpoint = settings.feedEndpoint
        listeningDescriptor = inherited.take(endpoint: settings.feedEndpoint)
        ringEvents = settings.feed.ringEvents
        ringBytes = settings.feed.ringBytes
        pageEvents = settings.feed.pageEvents
        maxSubscriptions = settings.feed.maxSubscriptions
        perUnitSubscriptions = settings.feed.perUnitSubscriptions
        heartbeatTimeout = settings.feed.heartbeatTimeout
        idWindowMilliseconds = settings.ingest.idWindow.wholeMilliseconds
    }
}
