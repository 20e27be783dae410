public import Administration
public import DispatchDesk
public import TipModel

/// What the board needs of the station. Who is behind it is said in `WatchpostDaemon`; every closure waits at most
/// ``BoardLimits/deadline`` and holds no thread of Swift's pool meanwhile. Each takes the user, because policy is decided
/// where the state is, and answers with what that user may see.
public struct BoardPorts: Sendable {
    public var overview: @Sendable (BoardUser) async throws(Rejection) -> BoardOverview
    /// Incidents that the user may see, newest first; whether there are more.
    public var list: @Sendable (IncidentQuery, BoardUser) async throws(Rejection) -> (incidents: [IncidentReport], more: Bool)
    /// Throws `notFound` for one that does not exist and for one that the user may not see, in the same words.
    public var dossier: @Sendable (IncidentID, BoardUser) async throws(Rejection) -> Dossier
    /// The text is the note of a step, or the reason of what the desk does.
    public var perform: @Sendable (BoardAction, IncidentID, String, BoardUser) async throws(Rejection) -> BoardOutcome
    public var submit: @Sendable (DeskTip, BoardUser) async throws(Rejection) -> Receipt
    /// Journals the look first, then tells.
    public var reveal: @Sendable (IncidentID, TipID, _ reason: String, BoardUser) async throws(Rejection) -> RevealedReporter
    /// A photo by its SHA-256 (64 hexadecimal digits), if a tip of this incident has it.
    public var photo: @Sendable (String, IncidentID, BoardUser) async throws(Rejection) -> [UInt8]
    /// What the station is judged by, over a stretch of time: for the desk and officers.
    public var statistics: @Sendable (DispatchStatistics.Period, BoardUser) async throws(Rejection) -> BoardStatistics
    /// What the next shift must know.
    public var shift: @Sendable (_ from: Timestamp, _ until: Timestamp, BoardUser) async throws(Rejection) -> ShiftSummary
    /// Feed events after a sequence and up to another, from the journal, oldest first: at most `limit`, and how far was read.
    public var events:
        @Sendable (_ after: SequenceNumber, _ through: SequenceNumber, _ limit: Int) async throws(Rejection) -> (
            events: [FeedEvent], reached: SequenceNumber
        )
    /// What a user may see today: a patrol's zones come from its enrolment. Throws `revoked` for a unit that has none.
    public var sight: @Sendable (UnitID) async throws(Rejection) -> Set<ZoneID>

    public init(
        overview: @escaping @Sendable (BoardUser) async throws(Rejection) -> BoardOverview,
        list: @escaping @Sendable (IncidentQuery, BoardUser) async throws(Rejection) -> (incidents: [IncidentReport], more: Bool),
        dossier: @escaping @Sendable (IncidentID, BoardUser) async throws(Rejection) -> Dossier,
        perform: @escaping @Sendable (BoardAction, IncidentID, String, BoardUser) async throws(Rejection) -> BoardOutcome,
        submit: @escaping @Sendable (DeskTip, BoardUser) async throws(Rejection) -> Receipt,
        reveal: @escaping @Sendable (IncidentID, TipID, String, BoardUser) async throws(Rejection) -> RevealedReporter,
        photo: @escaping @Sendable (String, IncidentID, BoardUser) async throws(Rejection) -> [UInt8],
        statistics: @escaping @Sendable (DispatchStatistics.Period, BoardUser) async throws(Rejection) -> BoardStatistics,
        shift: @escaping @Sendable (Timestamp, Timestamp, BoardUser) async throws(Rejection) -> ShiftSummary,
        events: @escaping @Sendable (SequenceNumber, SequenceNumber, Int) async throws(Rejection) -> (
            events: [FeedEvent], reached: SequenceNumber
        ),
        sight: @escaping @Sendable (UnitID) async throws(Rejection) -> Set<ZoneID>
    ) {
        self.overview = overview
        self.list = list
        self.dossier = dossier
        self.perform = perform
        self.submit = submit
        self.reveal = reveal
        self.photo = photo
        self.statistics = statistics
        self.shift = shift
        self.events = events
        self.sight = sight
    }
}
