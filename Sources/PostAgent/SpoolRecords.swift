import TipModel
import TipWire

/// A tip as it was submitted, before the spool has numbered it.
struct TipDraft: Sendable {
    /// Series and number are 0.
    var tip: Tip
    /// Goes before everything else.
    var isExpress: Bool
    /// What the submitter said, in one number; the same for a repeated submission.
    var content: Int64

    /// - Parameter isTimeGiven: whether the submitter named `observedAt`. A time that the agent filled in does not count
    ///   as content: it differs at each repetition.
    init(tip: Tip, isExpress: Bool, isTimeGiven: Bool) {
        self.tip = tip
        self.isExpress = isExpress
        var content = tip
        if !isTimeGiven { content.observedAt = Timestamp(milliseconds: 0) }
        self.content = Self.digest(TipCodec.encode(content))
    }
}

/// What became of a tip.
enum TipRecord: Hashable, Sendable {
    case spooled(number: UInt64, isExpress: Bool)
    case accepted(number: UInt64, Receipt, at: Timestamp)
    case dead(DeadLetter)
}

/// A tip that will not be sent by itself any more, kept for the guard to see.
struct DeadLetter: Hashable, Sendable {
    var number: UInt64
    var id: TipID
    var isExpress: Bool
    var bytes: [UInt8]
    /// A rejection's code, or ``expired``.
    var code: String
    var field: String
    var message: String
    var at: Timestamp

    /// The code of a tip that waited longer than `spool.max_age`.
    static let expired = "expired"

    /// Whether the daemon can take the tip only under another id.
    ///
    /// Ids that are too old or from the future stay so, and one that stands for another tip stays taken. Every other
    /// tip keeps its id: the daemon then still recognises it if it was accepted after all (an expired tip whose receipt
    /// was lost), and its submitter can still ask for it.
    var needsNewID: Bool {
        [RejectionCode.tooOld, .inFuture, .conflict].contains { $0.name == code }
    }
}

/// How full the spool is. Kept in memory, so that no tip costs a count over the table.
struct SpoolCounts: Hashable, Sendable {
    var series: UInt64 = 0
    /// What the next tip will be numbered.
    var nextNumber: UInt64 = 1
    var depth = 0
    var bytes = 0
    /// The lowest number not receipted; nil when empty.
    var lowest: UInt64?
    /// When the tip with the lowest number was spooled.
    var oldest: Timestamp?
    var deadLetters = 0
    /// The newest progress that is here for good.
    var progressAfter: SequenceNumber = 0
}

/// A tip as this post's own list shows it.
struct RecentTip: Hashable, Sendable {
    var id: TipID
    var category: String
    var text: String
    var place: String
    var panic: Bool
    var drill: Bool
    var photos: Int
    var at: Timestamp
    var record: TipRecord
    var progress: ProgressItem?
}
