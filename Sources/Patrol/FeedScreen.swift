public import Access
public import TipModel

/// Columns and rows of a window.
public struct TerminalSize: Hashable, Sendable {
    public var columns: Int
    public var rows: Int

    public init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }
}

/// Everything that the terminal shows: a value, from which ``FeedRenderer`` makes lines.
public struct FeedScreen: Sendable {
    public enum Mode: Hashable, Sendable {
        case list
        case detail
        case help
        /// Waiting for the key that says how this incident ended; then back to the mode given.
        case disposition(IncidentID, fromDetail: Bool)
    }

    /// Which of the open incidents are listed.
    public enum Part: Hashable, Sendable, CaseIterable {
        case all
        /// This unit is in the crew.
        case mine
        /// Of its zones, the nearest first.
        case near
        /// Nobody has looked at them here.
        case new
    }

    /// One line about what just happened.
    public struct Notice: Hashable, Sendable {
        public enum Tone: Hashable, Sendable { case plain, good, bad }

        public var text: String
        public var tone: Tone
        /// Set when it is drawn for the first time: an old notice tells its age, so that it is not taken for news.
        var since: Timestamp?

        public init(_ text: String, _ tone: Tone = .plain) {
            self.text = text
            self.tone = tone
        }
    }

    public var unit: UnitID
    /// As the daemon confirmed them; empty before.
    public var zones: [ZoneID] = []
    public var link = LinkState.connecting
    public var endpoint = ""
    /// Why there is no subscription.
    public var refusal: Rejection?
    /// By our own clock.
    public var staleSince: Timestamp?
    /// The daemon's clock minus ours, milliseconds: the ages of incidents are by the daemon's.
    public var clockOffset: Int64 = 0
    public var isCaughtUp = false
    public var board = IncidentBoard()
    public var selected: IncidentID?
    /// The first incident on screen, as an index into the order.
    public var top = 0
    /// The first line of the details on screen.
    public var detailTop = 0
    public var mode = Mode.list
    public var part = Part.all
    /// Where this unit last was: of the newest of its incidents that has a place.
    public internal(set) var here: Position?
    /// How often the bell rings when it does.
    public internal(set) var bells = 1
    public var notice: Notice?
    /// Stays where the notice is for as long as it holds.
    public var warning: String?
    public var usesColour = true
    /// Seconds to add to UTC for the clock times in the details.
    public var utcOffset: Int64 = 0

    public init(unit: UnitID) { self.unit = unit }

    /// The open incidents of the part that is shown, in the order of the screen.
    public var listed: [BoardEntry] {
        switch part {
        case .all: board.open
        case .mine: board.open.filter { isMine($0.incident) }
        case .near:
            // What has no place, or while we do not know where we are: by urgency, behind what is known to be near.
            board.open.enumerated()
                .map { (order: $0.offset, entry: $0.element, distance: distance($0.element.incident) ?? .infinity) }
                .sorted { ($0.distance, $0.order) < ($1.distance, $1.order) }.map(\.entry)
        case .new: board.open.filter(\.isNew)
        }
    }

    func isMine(_ incident: Incident) -> Bool { incident.assignment(of: unit) != nil }

    /// Metres from where this unit last was.
    func distance(_ incident: Incident) -> Double? {
        guard let here, let position = incident.position else { return nil }
        let metres = here.distance(to: position)
        return metres.isFinite ? metres : nil
    }

    /// The selected incident: the one chosen, cleared or not while its details are open, else the first of the list.
    public func current(in listed: [BoardEntry]) -> BoardEntry? {
        if let selected, let entry = board[selected], mode != .list || entry.incident.phase != .cleared { return entry }
        return listed.first
    }

    /// Rows that one incident takes in the list.
    static let rowsPerIncident = 3
    /// Rows above the list.
    static let headerRows = 2
    /// Rows below it: the notice and the keys.
    static let footerRows = 2

    /// How many incidents fit, with a row below them for what does not.
    public static func capacity(_ size: TerminalSize) -> Int {
        max(1, (size.rows - headerRows - footerRows - 1) / rowsPerIncident)
    }

    /// To be called before it is drawn: selects an incident where none is, so that what is marked on screen is what a key
    /// is about even when a more urgent one comes up in between; scrolls to it, and no further than the list goes.
    public mutating func settle(for size: TerminalSize, at now: Timestamp) {
        board.removeBeyond(zones, unit: unit, at: now.advanced(byMilliseconds: clockOffset))
        let listed = self.listed
        let current = current(in: listed)?.incident.id
        if selected == nil || mode == .list { selected = current }
        let capacity = Self.capacity(size)
        if let index = listed.firstIndex(where: { $0.incident.id == current }) {
            if index < top { top = index }
            if index >= top + capacity { top = index - capacity + 1 }
        }
        top = max(0, min(top, listed.count - capacity))
        if notice?.since == nil { notice?.since = now }
    }
}
