public import LocalHTTP
import TipModel
import TipWire

/// What became of a tip, as the door answers it: the body of `POST /v1/tips` and `GET /v1/tips/{id}`.
public struct TipReply: Codable, Sendable, Equatable {
    /// Where the tip is.
    public enum State: String, Codable, Sendable {
        /// The daemon has it on its disk.
        case accepted
        /// It is on this post's disk and will be sent.
        case spooled
        /// It will not be sent by itself; it is among the dead letters.
        case rejected
    }

    /// The daemon's receipt.
    public struct Receipt: Codable, Sendable, Hashable {
        /// The tip's place in the daemon's journal.
        public var sequence: UInt64
        /// The incident's number.
        public var incident: UInt64
        /// `new`, `correlated` or `repeat`.
        public var verdict: String
        /// `routine`, `priority`, `urgent` or `emergency`.
        public var level: String
        /// 0…100.
        public var score: Int
        /// When the receipt came, milliseconds since 1970 by the post's clock.
        public var atMs: Int64

        enum CodingKeys: String, CodingKey {
            case sequence, incident, verdict, level, score
            case atMs = "at_ms"
        }
    }

    /// What became of it at the station: who comes, and how far they are. All times are the daemon's, in milliseconds since 1970.
    public struct Progress: Codable, Sendable, Hashable {
        /// The incident that the tip belongs to now.
        public var incident: UInt64
        /// `open`, `claimed`, `en_route`, `on_scene` or `cleared`.
        public var phase: String
        /// The incident's level now.
        public var level: String
        /// The name of the unit that leads.
        public var unit: String?
        /// Of the phase.
        public var sinceMs: Int64
        /// When somebody first said that it was seen.
        public var acknowledgedAtMs: Int64?
        /// When a unit claimed it.
        public var claimedAtMs: Int64?
        /// When it set out.
        public var enRouteAtMs: Int64?
        /// When it was there.
        public var onSceneAtMs: Int64?
        /// When it was over.
        public var clearedAtMs: Int64?
        /// How it ended.
        public var disposition: String?
        /// The rung of escalation that was reached last.
        public var escalated: String?
        /// The journal's record of the newest change.
        public var sequence: UInt64

        enum CodingKeys: String, CodingKey {
            case incident, phase, level, unit, disposition, escalated, sequence
            case sinceMs = "since_ms"
            case acknowledgedAtMs = "acknowledged_at_ms"
            case claimedAtMs = "claimed_at_ms"
            case enRouteAtMs = "en_route_at_ms"
            case onSceneAtMs = "on_scene_at_ms"
            case clearedAtMs = "cleared_at_ms"
        }

        init(_ item: ProgressItem) {
            let progress = item.progress
            incident = item.incident.rawValue
            phase = progress.phase.name
            level = progress.level.name
            unit = item.unitName.isEmpty ? nil : item.unitName
            sinceMs = progress.since.milliseconds
            acknowledgedAtMs = progress.acknowledgedAt?.milliseconds
            claimedAtMs = progress.claimedAt?.milliseconds
            enRouteAtMs = progress.enRouteAt?.milliseconds
            onSceneAtMs = progress.onSceneAt?.milliseconds
            clearedAtMs = progress.clearedAt?.milliseconds
            disposition = progress.disposition?.name
            escalated = progress.escalated?.name
            sequence = item.sequence
        }
    }

    /// The tip's id as a ULID.
    public var tip: String
    /// Its number at this post.
    public var number: UInt64
    /// Where it is.
    public var state: State
    /// For `accepted`.
    public var receipt: Receipt?
    /// For `spooled`: a code of the link's state (`connected`, `refused`, `unreachable`, …).
    public var link: String?
    /// For `spooled`: the same in a sentence.
    public var linkText: String?
    /// For `rejected`: why.
    public var error: JSONError?
    /// For `accepted`, once more has happened than the receipt tells.
    public var progress: Progress?

    enum CodingKeys: String, CodingKey {
        case tip, number, state, receipt, link, error, progress
        case linkText = "link_text"
    }

    init(_ id: TipID, _ record: TipRecord, _ progress: ProgressItem? = nil, link: AgentBoard.Link) {
        tip = id.description
        self.progress = progress.map { Progress($0) }
        switch record {
        case .spooled(let number, _):
            self.number = number
            state = .spooled
            self.link = link.condition.code
            linkText = link.condition.words(endpoint: link.endpoint)
        case .accepted(let number, let receipt, let at):
            self.number = number
            state = .accepted
            self.receipt = Receipt(
                sequence: receipt.sequence, incident: receipt.incident.rawValue, verdict: receipt.verdict.name,
                level: receipt.level.name, score: Int(receipt.score), atMs: at.milliseconds)
        case .dead(let letter):
            number = letter.number
            state = .rejected
            error = JSONError(code: letter.code, message: letter.message, field: letter.field.isEmpty ? nil : letter.field)
        }
    }
}

/// `GET /v1/tips?recent=N`: the newest tips of this post, the newest first.
public struct RecentTips: Codable, Sendable {
    /// One of them.
    public struct Entry: Codable, Sendable {
        /// Where it is and what became of it.
        public var reply: TipReply
        /// A category's code.
        public var category: String
        /// What was said, cut to 240 bytes.
        public var text: String
        /// Where, in words, cut likewise.
        public var place: String
        /// The panic button.
        public var panic: Bool
        /// A drill.
        public var drill: Bool
        /// How many photos it names.
        public var photos: Int
        /// When it was kept, milliseconds since 1970.
        public var atMs: Int64

        enum CodingKeys: String, CodingKey {
            case reply, category, text, place, panic, drill, photos
            case atMs = "at_ms"
        }
    }

    /// The newest first.
    public var tips: [Entry]
}

extension RecentTips.Entry {
    init(_ tip: RecentTip, link: AgentBoard.Link) {
        self.init(
            reply: TipReply(tip.id, tip.record, tip.progress, link: link), category: tip.category, text: tip.text, place: tip.place,
            panic: tip.panic, drill: tip.drill, photos: tip.photos, atMs: tip.at.milliseconds)
    }
}

/// `GET /v1/dead-letters`: a page, in order of number.
public struct DeadLetterPage: Codable, Sendable, Hashable {
    /// One tip that will not be sent by itself any more.
    public struct Letter: Codable, Sendable, Hashable {
        /// Its number at this post; names it in the other requests.
        public var number: UInt64
        /// The tip's id as a ULID.
        public var tip: String
        /// A rejection's code, or `expired`.
        public var code: String
        /// The field at fault, where there is one.
        public var field: String?
        /// The daemon's words.
        public var message: String
        /// When it became one, milliseconds since 1970 by the post's clock.
        public var atMs: Int64
        /// Whether a retry would give it another id.
        public var needsNewID: Bool
        /// From here on: what the tip says.
        public var category: String
        /// In the guard's words.
        public var text: String
        /// Where, in words.
        public var place: String
        /// A pseudonym or staff number.
        public var reporter: String
        /// The panic button.
        public var panic: Bool
        /// Milliseconds since 1970 by the post's clock.
        public var observedAtMs: Int64

        enum CodingKeys: String, CodingKey {
            case number, tip, code, field, message, category, text, place, reporter, panic
            case atMs = "at_ms"
            case needsNewID = "needs_new_id"
            case observedAtMs = "observed_at_ms"
        }
    }

    /// In order of number.
    public var letters: [Letter]
    /// Give it as `after` for the next page; absent on the last.
    public var next: UInt64?
}

extension DeadLetterPage.Letter {
    init(_ letter: DeadLetter) {
        let tip = try? TipCodec.decodeStored(letter.bytes)
        self.init(
            number: letter.number, tip: letter.id.description, code: letter.code, field: letter.field.isEmpty ? nil : letter.field,
            message: letter.message, atMs: letter.at.milliseconds, needsNewID: letter.needsNewID, category: tip?.category ?? "",
            text: tip?.text ?? "", place: tip?.place ?? "", reporter: tip?.reporter ?? "", panic: tip?.panic ?? false,
            observedAtMs: tip?.observedAt.milliseconds ?? 0)
    }
}

/// `GET /v1/status`.
public struct AgentStatus: Codable, Sendable, Hashable {
    /// The durable queue.
    public struct Spool: Codable, Sendable, Hashable {
        /// Tips that wait.
        public var depth: Int
        /// Bytes of the tips that wait.
        public var bytes: Int
        /// The bound on tips.
        public var maxTips: Int
        /// The bound on bytes.
        public var maxBytes: Int
        /// Of `max_tips`, places that only emergencies get.
        public var emergencyReserve: Int
        /// When the oldest waiting tip was spooled; absent when nothing waits.
        public var oldestMs: Int64?

        enum CodingKeys: String, CodingKey {
            case depth, bytes
            case maxTips = "max_tips"
            case maxBytes = "max_bytes"
            case emergencyReserve = "emergency_reserve"
            case oldestMs = "oldest_ms"
        }
    }

    /// The post's id.
    public var post: String
    /// The post's zone.
    public var zone: String
    /// A code of the link's state.
    public var link: String
    /// The same in a sentence.
    public var linkText: String
    /// Since when; milliseconds since 1970 by the post's clock, as all times here.
    public var linkSinceMs: Int64?
    /// The daemon's address that is in use.
    public var endpoint: String
    /// Why the daemon cannot take tips now, in its own words; absent where it takes them.
    public var deferred: String?
    /// How full the spool is.
    public var spool: Spool
    /// The spool's series, 16 hexadecimal digits.
    public var series: String
    /// What the next tip will be numbered.
    public var nextNumber: UInt64
    /// The lowest number without a receipt; `next_number` when nothing waits.
    public var lowestUnsent: UInt64
    /// Tips that will not be sent by themselves.
    public var deadLetters: Int
    /// The daemon's clock less the post's; absent before the daemon answered.
    public var skewMs: Int64?
    /// When the daemon was last heard.
    public var lastHeardMs: Int64?
    /// When the last receipt came.
    public var lastReceiptMs: Int64?

    enum CodingKeys: String, CodingKey {
        case post, zone, link, endpoint, deferred, spool, series
        case linkText = "link_text"
        case linkSinceMs = "link_since_ms"
        case nextNumber = "next_number"
        case lowestUnsent = "lowest_unsent"
        case deadLetters = "dead_letters"
        case skewMs = "skew_ms"
        case lastHeardMs = "last_heard_ms"
        case lastReceiptMs = "last_receipt_ms"
    }
}
