/// When tips are refused because of the disk, and when the reserve is given up and taken back: a state machine without I/O.
///
/// `low` begins at the low-water mark, while there is room still, so that what is refused is refused early and in words. When
/// even that room goes, the reserve is given up; claims, steps and emergencies go on with it. When that is used up too, nothing
/// but steps is tried. The way back has a margin, so that a disk at the mark does not make it flicker.
public struct DiskPlan: Sendable {
    public enum Action: Hashable, Sendable {
        case giveUpReserve, takeReserve
    }

    private let lowWater: Int
    private let reserve: Int
    public private(set) var level = DiskLevel.enough

    /// - Parameters:
    ///   - lowWater: free bytes below which ordinary tips are refused.
    ///   - reserve: bytes of the reserve; 0 for none.
    public init(lowWater: Int, reserve: Int) {
        self.lowWater = lowWater
        self.reserve = reserve
    }

    /// Free space below which the reserve goes: the write-ahead log may need so much for a checkpoint and more.
    private var last: Int { min(lowWater / 4, 32 << 20) }
    /// Free space below which there is nothing left to work with.
    private var end: Int { min(lowWater / 8, 4 << 20) }

    /// - Parameters:
    ///   - free: bytes that this user may still write.
    ///   - hasReserve: whether the file is there in its whole size.
    /// - Returns: what to do about the reserve; look again when it is done.
    public mutating func look(free: Int, hasReserve: Bool) -> Action? {
        if hasReserve, free < last {
            level = .low
            return .giveUpReserve
        }
        let mark = level == .enough ? lowWater : lowWater + lowWater / 4
        if reserve > 0, !hasReserve {
            if free >= reserve, free - reserve >= mark { return .takeReserve }
            level = free < end ? .full : .low
            return nil
        }
        level = free >= mark ? .enough : free < end ? .full : .low
        return nil
    }
}
