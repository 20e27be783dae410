public import TipModel

/// How much of a journal stays.
public struct Retention: Hashable, Sendable {
    /// Records older than this go; nil for no bound. In milliseconds.
    public var age: Int64?
    /// The oldest go while the journal holds more than about this; nil for no bound.
    public var bytes: Int?
    /// Nothing younger goes, whatever ``bytes`` says: tips are recognised again for as long. In milliseconds.
    public var youngest: Int64
    /// Drops also where the clock leapt between the last record that goes and the first that stays.
    public var trustsClock = false

    public init(age: Int64?, bytes: Int?, youngest: Int64) {
        self.age = age
        self.bytes = bytes
        self.youngest = youngest
    }

    /// A clock that was wrong makes records look old. Between two records of a station that works are minutes.
    static let leap: Int64 = 30 * 86_400_000
}

/// What compaction did, or would do.
public struct Compaction: Hashable, Sendable {
    /// What kept it from dropping more than it could by age and size.
    public enum Bound: Hashable, Sendable {
        /// A unit has not been sent this event of its zones yet.
        case unread(UnitID, SequenceNumber)
        /// The clock leapt after this record, by so many milliseconds.
        case leap(SequenceNumber, Int64)
    }

    public var dropped: UInt64 = 0
    /// Records that are old and stay, because the daemon still remembers their incidents.
    public var kept: UInt64 = 0
    /// Everything up to here was looked at.
    public var through: SequenceNumber = 0
    public var records: UInt64 = 0
    public var bytesBefore: Int = 0
    public var bytesAfter: Int = 0
    public var bound: Bound?

    public init() {}
}
