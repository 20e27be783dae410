public import Accounts
public import TipModel

/// Who is signed in, and what the station lets them see.
public struct BoardUser: Hashable, Sendable {
    /// What a person may see of the incidents.
    public enum Sight: Hashable, Sendable {
        /// The desk.
        case all
        /// An officer's zones.
        case zones(Set<ZoneID>)
        /// A patrol's zones, and what it was granted or has.
        case unit(UnitID, Set<ZoneID>)
    }

    public var name: String
    public var role: Role
    public var sight: Sight
    /// What a form must carry back as `csrf`, or a script as `X-CSRF-Token`.
    public var csrfToken: String

    public init(name: String, role: Role, sight: Sight, csrfToken: String) {
        self.name = name
        self.role = role
        self.sight = sight
        self.csrfToken = csrfToken
    }

    /// Whether they may do what the desk does: assign, recall, merge, split, regrade, reopen, reveal.
    public var isDesk: Bool { role == .desk || role == .admin }
    public var isAdmin: Bool { role == .admin }
    /// The unit that a patrol acts as.
    public var unit: UnitID? { if case .unit(let unit, _) = sight { unit } else { nil } }

    /// Who acts, as the journal names them: a patrol acts as its unit.
    public var acting: Operator {
        switch sight {
        case .unit(let unit, _): .unit(unit)
        case .zones: Operator(.officer, name)
        case .all: Operator(.desk, name)
        }
    }

    /// Whether they may see this incident. A patrol sees what lies in its zones, what it has, and what it was granted.
    public func sees(_ incident: Incident, at now: Timestamp) -> Bool {
        switch sight {
        case .all: true
        case .zones(let zones): zones.contains(incident.zone)
        case .unit(let unit, let zones): zones.contains(incident.zone) || incident.admits(unit, at: now)
        }
    }
}
