public import Administration
public import DispatchDesk
public import TipModel

/// What the board shows at a glance. Already cut to what the user may see.
public struct BoardOverview: Sendable {
    public var now: Timestamp
    /// The newest record in it: where live events go on.
    public var sequence: SequenceNumber
    /// Most urgent first, then oldest; at most ``BoardLimits/openIncidents``.
    public var open: [Incident]
    /// How many are open in all.
    public var openTotal: Int
    /// Recently cleared, newest first.
    public var cleared: [Incident]
    public var zones: [Zone]
    public var posts: [BoardPost]
    public var units: [PatrolUnit]
    /// How long each level may wait to be claimed.
    public var waiting: WaitingRules
    /// The configured categories, in order.
    public var categories: [String]
    /// Minutes from UTC to the district's local time.
    public var utcOffsetMinutes: Int

    public init(
        now: Timestamp, sequence: SequenceNumber, open: [Incident], openTotal: Int, cleared: [Incident], zones: [Zone],
        posts: [BoardPost], units: [PatrolUnit], waiting: WaitingRules, categories: [String], utcOffsetMinutes: Int
    ) {
        self.now = now
        self.sequence = sequence
        self.open = open
        self.openTotal = openTotal
        self.cleared = cleared
        self.zones = zones
        self.posts = posts
        self.units = units
        self.waiting = waiting
        self.categories = categories
        self.utcOffsetMinutes = utcOffsetMinutes
    }
}

/// A post, and whether it is heard.
public struct BoardPost: Hashable, Sendable {
    public enum Condition: String, Sendable {
        case online, silent
        case neverHeard = "never_heard"
    }

    public var post: Post
    public var condition: Condition
    public var lastHeardAt: Timestamp?

    public init(post: Post, condition: Condition, lastHeardAt: Timestamp?) {
        self.post = post
        self.condition = condition
        self.lastHeardAt = lastHeardAt
    }
}

/// Everything that is known of one incident.
public struct Dossier: Sendable {
    /// A member tip without its reporter, who has a pseudonym instead.
    public struct MemberTip: Sendable {
        /// `accepted.tip.reporter` and `accepted.encoded` are empty.
        public var member: TipModel.MemberTip
        /// The same person at the same post has the same one everywhere; "" where the post named nobody.
        public var pseudonym: String

        public init(member: TipModel.MemberTip, pseudonym: String) {
            self.member = member
            self.pseudonym = pseudonym
        }
    }

    public var incident: Incident
    public var tips: [MemberTip]
    /// The records about it, oldest first: the timeline. Events of tips are without their reporter.
    public var records: [Record]
    /// There are more records than are told.
    public var isCut: Bool
    /// An open incident that it may be the same as.
    public var suggestion: IncidentID?
    public var now: Timestamp
    /// The same as reports: what the HTTP API tells. Reporters are pseudonyms here too.
    public var detail: IncidentDetail

    public init(
        incident: Incident, tips: [MemberTip], records: [Record], isCut: Bool, suggestion: IncidentID?, now: Timestamp,
        detail: IncidentDetail
    ) {
        self.incident = incident
        self.tips = tips
        self.records = records
        self.isCut = isCut
        self.suggestion = suggestion
        self.now = now
        self.detail = detail
    }
}

/// Which incidents a list has, newest first.
public struct IncidentQuery: Hashable, Sendable {
    public enum PhaseFilter: Hashable, Sendable {
        /// Everything that is not cleared.
        case active
        case all
        case only(Phase)
    }

    public var zone: ZoneID?
    public var category: String?
    public var level: UrgencyLevel?
    public var phase: PhaseFilter
    /// Only those with a lower number: the last one of the page before.
    public var before: IncidentID?
    public var limit: Int

    public init(
        zone: ZoneID? = nil, category: String? = nil, level: UrgencyLevel? = nil, phase: PhaseFilter = .active,
        before: IncidentID? = nil, limit: Int = 100
    ) {
        self.zone = zone
        self.category = category
        self.level = level
        self.phase = phase
        self.before = before
        self.limit = limit
    }

    public func matches(_ incident: Incident) -> Bool {
        let isPhase =
            switch phase {
            case .active: incident.phase != .cleared
            case .all: true
            case .only(let phase): incident.phase == phase
            }
        return isPhase && (zone == nil || incident.zone == zone) && (category == nil || incident.category == category)
            && (level == nil || incident.urgency.level == level) && before.map { incident.id < $0 } != false
    }
}

/// What a user does to an incident.
public enum BoardAction: Hashable, Sendable {
    case claim
    case join
    /// With `divert` the incident that the unit is active on goes back to claimed.
    case enRoute(divert: Bool)
    case onScene
    case clear(Disposition)
    case release
    case acknowledge
    case assign(UnitID)
    case recall(UnitID)
    /// A patrol hands over itself, and `from` is nil; the desk names both.
    case handOver(from: UnitID?, to: UnitID)
    case reopen
    case merge(into: IncidentID)
    case split([TipID])
    case detach(TipID)
    /// Nil lifts the regrade that stands.
    case regrade(UrgencyLevel?)

    /// As routes, forms and the journal name it.
    public var name: String {
        switch self {
        case .claim: "claim"
        case .join: "join"
        case .enRoute: "en_route"
        case .onScene: "on_scene"
        case .clear: "clear"
        case .release: "release"
        case .acknowledge: "acknowledge"
        case .assign: "assign"
        case .recall: "recall"
        case .handOver: "hand_over"
        case .reopen: "reopen"
        case .merge: "merge"
        case .split: "split"
        case .detach: "detach"
        case .regrade: "regrade"
        }
    }
}

/// What became of an action.
public struct BoardOutcome: Hashable, Sendable {
    /// The record it made; 0 where it was so already.
    public var sequence: SequenceNumber
    public var incident: Incident
    /// The other one of a merge or split.
    public var other: Incident?

    public init(sequence: SequenceNumber, incident: Incident, other: Incident? = nil) {
        self.sequence = sequence
        self.incident = incident
        self.other = other
    }
}

/// A tip that somebody at the station writes down: a telephone call, a walk-in.
public struct DeskTip: Hashable, Sendable {
    /// The same id sent twice is one tip.
    public var id: TipID
    public var zone: ZoneID
    public var category: String
    public var text: String
    public var place: String
    public var position: Position?
    public var panic: Bool
    public var drill: Bool
    public var language: String

    public init(
        id: TipID, zone: ZoneID, category: String, text: String, place: String = "", position: Position? = nil,
        panic: Bool = false, drill: Bool = false, language: String = ""
    ) {
        self.id = id
        self.zone = zone
        self.category = category
        self.text = text
        self.place = place
        self.position = position
        self.panic = panic
        self.drill = drill
        self.language = language
    }
}

/// Who reported a tip, told to the desk for a reason that is in the journal.
public struct RevealedReporter: Hashable, Sendable {
    public var tip: TipID
    public var post: PostID
    public var reporter: String
    public var sequence: SequenceNumber

    public init(tip: TipID, post: PostID, reporter: String, sequence: SequenceNumber) {
        self.tip = tip
        self.post = post
        self.reporter = reporter
        self.sequence = sequence
    }
}

/// Figures of a stretch of time, and whether all of its records were read.
public struct BoardStatistics: Sendable {
    public var report: DispatchStatistics.Report
    /// There are more records in it than ``BoardLimits/statisticsRecords``: the newest are missing.
    public var isCut: Bool

    public init(report: DispatchStatistics.Report, isCut: Bool) {
        self.report = report
        self.isCut = isCut
    }
}

/// Bounds of the board.
public enum BoardLimits {
    /// Open incidents in an overview.
    public static let openIncidents = 1_000
    /// Recently cleared ones.
    public static let clearedIncidents = 100
    /// Records that a dossier is told from.
    public static let dossierRecords = 2_000
    /// Records that statistics or a shift are told from: more than a year of a district.
    public static let statisticsRecords = 4_000_000
    /// Days that statistics may span.
    public static let statisticsDays: Int64 = 400
    /// How long reading them may take; what was read by then is told.
    public static let figures = Duration.seconds(20)
    /// How long anything may wait for the core or the journal.
    public static let deadline = Duration.seconds(5)
}
