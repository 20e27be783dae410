/// 责任区: party cell + police grid + community grid (三格合一), with its officer's role and its neighbours.
public struct Zone: Hashable, Sendable {
    public var id: ZoneID
    public var name: String
    public var partyCell: String
    public var policeGrid: String
    public var communityGrid: String
    /// The role that answers for the zone, never a person's name.
    public var officerRole: String
    public var neighbours: [ZoneID]

    public init(
        id: ZoneID, name: String, partyCell: String, policeGrid: String, communityGrid: String, officerRole: String,
        neighbours: [ZoneID]
    ) {
        self.id = id
        self.name = name
        self.partyCell = partyCell
        self.policeGrid = policeGrid
        self.communityGrid = communityGrid
        self.officerRole = officerRole
        self.neighbours = neighbours
    }
}

/// 哨点 as enrolled.
public struct Post: Hashable, Sendable {
    public var id: PostID
    public var name: String
    public var zone: ZoneID
    public var position: Position?
    /// What stands there: compound, school, shop, firm, …
    public var kind: String
    /// How many people belong to it.
    public var members: Int

    public init(id: PostID, name: String, zone: ZoneID, position: Position?, kind: String, members: Int) {
        self.id = id
        self.name = name
        self.zone = zone
        self.position = position
        self.kind = kind
        self.members = members
    }
}

/// 巡组 as enrolled.
public struct PatrolUnit: Hashable, Sendable {
    public var id: UnitID
    public var name: String
    public var zones: [ZoneID]

    public init(id: UnitID, name: String, zones: [ZoneID]) {
        self.id = id
        self.name = name
        self.zones = zones
    }
}
