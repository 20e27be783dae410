public import Journal
internal import TipModel

extension StationCore {
    /// Commands that were decided together, with what is to be appended and told of them.
    public struct Group: Sendable {
        /// The sequence of its first record.
        let first: SequenceNumber
        /// To be appended with one sync. Who appends them beside the core takes them out: they are a large part of what a tip leaves
        /// to be freed.
        public internal(set) var drafts: [Draft] = []
        /// How many those are, or were.
        var records = 0
        var committed: [CommittedEvent] = []
        /// What became of tips. One that rests on this group holds only once the group is durable; a repeat or a refusal of what
        /// was accepted in it, or in one before it that is not durable yet, does too.
        var tips: [(outcome: TipOutcome, restsOnBatch: Bool)] = []
        /// What the journal has of this group's tips, or why it could not be asked.
        var stored: Result<[TipKey: StoredTip], JournalError> = .success([:])
        /// Tips of this group that the journal does not know yet.
        var pending: [TipKey: PendingTip] = [:]
        /// What posts hear of it.
        var progress: [(post: PostID, news: PostProgress)] = []
        /// Answers that hold only once the group is durable, each told the failure instead if it is not. Even one that
        /// changes nothing waits: it may rest on another command of the group.
        var replies: [@Sendable (JournalError?) -> Void] = []
        /// Questions, answered from the state as it is after the commit.
        var questions: [@Sendable (StationState, StationCounters) -> Void] = []
        var enrolmentsChanged = false
        var rulesChanged = false
        /// Incidents that changed, so that when they are to be looked at next may have.
        var touched: Set<IncidentID> = []

        /// It has questions, which are answered when it is durable: until then nothing may be decided that they would tell.
        var asksForState: Bool { !questions.isEmpty }

        init(first: SequenceNumber) { self.first = first }
    }

    /// A tip that was accepted and is not durable yet.
    struct PendingTip: Sendable {
        var encoded: [UInt8]
        var receipt: Receipt
    }

    /// What became of an append.
    public struct Appended: Sendable {
        /// The sequence of the first record.
        let first: Result<SequenceNumber, JournalError>
        let seconds: Double

        /// Appends, and waits until it is durable.
        init(_ drafts: [Draft], to journal: any Journal) {
            let begun = ContinuousClock.now
            do throws(JournalError) {
                first = .success(try journal.append(drafts))
            } catch {
                first = .failure(error)
            }
            seconds = (ContinuousClock.now - begun) / .seconds(1)
        }
    }
}
