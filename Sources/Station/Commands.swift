public import DispatchDesk
public import Journal
public import TipModel
internal import Triage

/// What the core is asked to do. Everything that changes anything comes through here, from any thread, and is
/// decided by one: that is what makes two racing claims or two copies of a tip a matter of order.
public enum StationCommand: Sendable {
    /// One tip in the order of other commands; the service hands tips over in portions of their own.
    case tip(TipCommand)
    case step(StepCommand)
    case desk(DeskCommand)
    case acknowledge(AcknowledgeCommand)
    case postHandled(PostHandledCommand)
    /// A post's heartbeat: it may end a silence, or tell that numbers were lost.
    case heartbeat(PostID, series: UInt64, lowestUnsent: UInt64)
    case silent(PostID, since: Timestamp)
    /// What became of a post's tips; answered only where there is news.
    case progress(ProgressQuery)
    /// A tip that was accepted; nil where there is none, or the journal cannot be asked.
    case find(TipKey, reply: @Sendable (StoredTip?) -> Void)
    case cursor(UnitID, FeedCursor)
    case enrol(EnrolCommand)
    case rotate(RotateCommand)
    /// Puts something on record that changes nothing in the state: what was done to an account, or a look at a reporter, which
    /// belongs to its incident.
    case record(Event, about: IncidentID?, reply: @Sendable (Result<SequenceNumber, Rejection>) -> Void)
    case revoke(PrincipalID, reason: String, reply: @Sendable (Result<SequenceNumber, Rejection>) -> Void)
    /// New rules from a reload; open incidents keep what was decided, granted and acknowledged. Nil keeps those of escalation.
    case rules(TriageRules, dispatch: DispatchRules? = nil)
    /// Tells whom the ladders name by now, in the order of other commands; the service asks for it behind the tips of a group.
    case escalate
    /// Reads the state on the core's thread. The body must be short.
    case inspect(@Sendable (StationState, StationCounters) -> Void)
    /// How much room the disk has from now on.
    case disk(DiskLevel)
    /// A snapshot that was encoded beside the core.
    case snapshot(StoredSnapshot)
}

extension StationCommand {
    /// Whether it may be decided only while the journal has everything that the state has: it reads or writes the journal, tells of
    /// the whole state, or changes who may speak.
    var needsAgreement: Bool {
        switch self {
        case .find, .snapshot, .inspect, .rules, .disk, .enrol, .rotate, .revoke: true
        case .desk(let command):
            switch command.action {
            // They read the incident's tips from the journal.
            case .split, .detach: true
            case .merge, .regrade, .step: false
            }
        case .tip, .step, .acknowledge, .postHandled, .heartbeat, .silent, .progress, .cursor, .record, .escalate: false
        }
    }
}

/// A tip that was let in and decoded.
public struct TipCommand: Sendable {
    public var ticket: TipTicket
    public var post: Post
    /// The record that enrolled the post when its message was let in. A tip may wait behind the command that revokes or
    /// replaces that enrolment, and is then refused. Nil is not checked.
    public var enrolment: SequenceNumber?
    public var tip: Tip
    public var encoded: [UInt8]
    public var skewMilliseconds: Int64
    /// What the tip says by itself, where it was read already, by the rules of that moment.
    var reading: TipReading?

    var key: TipKey { TipKey(post: post.id, tip: tip.id) }

    public init(
        ticket: TipTicket, post: Post, enrolment: SequenceNumber? = nil, tip: Tip, encoded: [UInt8], skewMilliseconds: Int64
    ) {
        self.ticket = ticket
        self.post = post
        self.enrolment = enrolment
        self.tip = tip
        self.encoded = encoded
        self.skewMilliseconds = skewMilliseconds
    }
}

/// Where the answer about a tip goes.
public struct TipTicket: Hashable, Sendable {
    /// The connection's routing id. Chosen by the peer, so good for answering and nothing else.
    public var route: [UInt8]
    public var request: UInt32
    /// The tip's place in its SUBMIT.
    public var index: UInt32

    public init(route: [UInt8], request: UInt32, index: UInt32) {
        self.route = route
        self.request = request
        self.index = index
    }
}

public struct TipOutcome: Sendable {
    public var ticket: TipTicket
    public var tip: TipID
    public var result: Result<Receipt, Rejection>
}

/// A post that says how much it has heard.
public struct ProgressQuery: Sendable {
    public var post: PostID
    public var after: SequenceNumber
    public var reply: @Sendable (PostProgress) -> Void

    public init(post: PostID, after: SequenceNumber, reply: @escaping @Sendable (PostProgress) -> Void) {
        self.post = post
        self.after = after
        self.reply = reply
    }
}

/// A unit's step.
public struct StepCommand: Sendable {
    public var step: Step
    public var unit: PatrolUnit
    public var incident: IncidentID
    public var disposition: Disposition?
    public var note: String
    /// Of a hand-over: who takes it.
    public var to: UnitID?
    /// 改派: may set aside what the unit is active on.
    public var diverts: Bool
    public var reply: @Sendable (StepOutcome) -> Void

    public init(
        step: Step, unit: PatrolUnit, incident: IncidentID, disposition: Disposition?, note: String, to: UnitID? = nil,
        diverts: Bool = false, reply: @escaping @Sendable (StepOutcome) -> Void
    ) {
        self.step = step
        self.unit = unit
        self.incident = incident
        self.disposition = disposition
        self.note = note
        self.to = to
        self.diverts = diverts
        self.reply = reply
    }
}

/// 已阅: somebody has seen it, and the alarm rests.
public struct AcknowledgeCommand: Sendable {
    /// What who asks may see.
    public enum Scope: Sendable {
        case everything
        case zones(Set<ZoneID>)
        case unit(PatrolUnit)
    }

    public var incident: IncidentID
    public var by: Operator
    public var scope: Scope
    public var reply: @Sendable (StepOutcome) -> Void

    public init(incident: IncidentID, by: Operator, scope: Scope, reply: @escaping @Sendable (StepOutcome) -> Void) {
        self.incident = incident
        self.by = by
        self.scope = scope
        self.reply = reply
    }
}

/// 自行处置: a post has dealt with an incident of its own that nobody has claimed.
public struct PostHandledCommand: Sendable {
    public var post: PostID
    public var incident: IncidentID
    public var note: String
    public var reply: @Sendable (StepOutcome) -> Void

    public init(post: PostID, incident: IncidentID, note: String, reply: @escaping @Sendable (StepOutcome) -> Void) {
        self.post = post
        self.incident = incident
        self.note = note
        self.reply = reply
    }
}

public struct StepOutcome: Sendable {
    public var incidentID: IncidentID
    /// Nil when it was done, or was so already.
    public var refusal: Rejection?
    /// As it is now; nil where the unit may not see it.
    public var incident: Incident?
    /// The record it made; 0 for none.
    public var sequence: SequenceNumber
}

/// What the duty officer does: puts right, sends units.
public struct DeskCommand: Sendable {
    public enum Action: Hashable, Sendable {
        /// The first is closed as a part of the second.
        case merge(IncidentID, into: IncidentID)
        /// These tips leave into one new incident.
        case split(IncidentID, tips: [TipID])
        case detach(IncidentID, tip: TipID)
        /// Nil lifts the regrade that stands.
        case regrade(IncidentID, UrgencyLevel?)
        case step(IncidentID, DeskStep)
    }

    public var action: Action
    /// Why: 1 to ``DeskLimits/reasonBytes`` bytes; may be empty for a step other than reopen.
    public var reason: String
    /// Who says so.
    public var by: Operator
    public var reply: @Sendable (Result<DeskOutcome, Rejection>) -> Void

    public init(
        action: Action, reason: String, by: Operator, reply: @escaping @Sendable (Result<DeskOutcome, Rejection>) -> Void
    ) {
        self.action = action
        self.reason = reason
        self.by = by
        self.reply = reply
    }
}

/// What became of both sides.
public struct DeskOutcome: Hashable, Sendable {
    /// The last record of it; 0 for a step that was done already.
    public var sequence: SequenceNumber
    /// The survivor of a merge, the source of a split, or the one that it was done to.
    public var incident: Incident
    /// The absorbed one of a merge, the new one of a split.
    public var other: Incident? = nil
    /// The unit that had the absorbed one, where the survivor is with another: somebody has to tell it.
    public var unitLeft: UnitID? = nil
}

public struct EnrolCommand: Sendable {
    public var subject: Enrolment.Subject
    /// CURVE public key, 32 bytes.
    public var publicKey: [UInt8]
    /// Whether an enrolment under the same name may be replaced; its old key is then refused.
    public var replace: Bool
    public var reply: @Sendable (Result<SequenceNumber, Rejection>) -> Void

    public init(
        subject: Enrolment.Subject, publicKey: [UInt8], replace: Bool,
        reply: @escaping @Sendable (Result<SequenceNumber, Rejection>) -> Void
    ) {
        self.subject = subject
        self.publicKey = publicKey
        self.replace = replace
        self.reply = reply
    }
}

/// Another key for somebody who is enrolled.
public struct RotateCommand: Sendable {
    public var principal: PrincipalID
    /// CURVE public key, 32 bytes.
    public var publicKey: [UInt8]
    /// How long the key that it has now is let in beside it.
    public var keepMilliseconds: Int64
    public var reply: @Sendable (Result<SequenceNumber, Rejection>) -> Void

    public init(
        principal: PrincipalID, publicKey: [UInt8], keepMilliseconds: Int64,
        reply: @escaping @Sendable (Result<SequenceNumber, Rejection>) -> Void
    ) {
        self.principal = principal
        self.publicKey = publicKey
        self.keepMilliseconds = keepMilliseconds
        self.reply = reply
    }
}

/// A record that patrols are sent, once it is durable.
public struct CommittedEvent: Sendable {
    public var sequence: SequenceNumber
    public var lane: Lane
    public var zone: ZoneID
    public var level: UrgencyLevel
    /// An encoded `FeedEvent`.
    public var event: [UInt8]
    /// Units that are sent it whatever their zones.
    public var guests: [UnitID]
}

/// Where the core's results go, each called on the core's thread after the commit. None may block.
public struct StationPorts: Sendable {
    /// Receipts and rejections of a batch.
    public var tips: @Sendable ([TipOutcome]) -> Void
    public var publish: @Sendable ([CommittedEvent]) -> Void
    /// What posts hear of their tips.
    public var progress: @Sendable (PostID, PostProgress) -> Void
    /// The enrolments after a change.
    public var enrolments: @Sendable ([Enrolment]) -> Void
    /// Called each time round, for the watchdog.
    public var beat: @Sendable () -> Void

    public init(
        tips: @escaping @Sendable ([TipOutcome]) -> Void, publish: @escaping @Sendable ([CommittedEvent]) -> Void,
        progress: @escaping @Sendable (PostID, PostProgress) -> Void = { _, _ in },
        enrolments: @escaping @Sendable ([Enrolment]) -> Void, beat: @escaping @Sendable () -> Void
    ) {
        self.tips = tips
        self.publish = publish
        self.progress = progress
        self.enrolments = enrolments
        self.beat = beat
    }
}
