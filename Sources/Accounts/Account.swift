public import TipModel

/// What a person may do at the board.
public enum Role: String, CaseIterable, Codable, Sendable {
    /// 值班台: sees everything, puts things right, assigns.
    case desk
    /// 社区民警: sees and acknowledges what happens in their zones.
    case officer
    /// 巡组: acts as its unit and sees what its unit sees.
    case patrol
    /// Manages accounts, and may do what the desk may.
    case admin
}

/// A person who may sign in; never the password.
public struct Account: Hashable, Sendable {
    /// 2–32 characters of a–z, 0–9 and `-`, as every name here.
    public var name: String
    public var role: Role
    /// Of an officer; empty for the other roles.
    public var zones: [ZoneID]
    /// Of a patrol; nil for the other roles.
    public var unit: UnitID?
    public var isDisabled: Bool
    public var createdAt: Timestamp

    public init(name: String, role: Role, zones: [ZoneID] = [], unit: UnitID? = nil, isDisabled: Bool = false, createdAt: Timestamp) {
        self.name = name
        self.role = role
        self.zones = zones
        self.unit = unit
        self.isDisabled = isDisabled
        self.createdAt = createdAt
    }
}
