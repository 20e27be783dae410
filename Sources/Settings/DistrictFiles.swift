public import TipModel

/// `zones.yaml`: the district's areas of responsibility.
public enum ZonesFile {
    /// Reads and checks the file: ids differ, neighbours exist and name each other.
    /// - Throws: everything that is wrong in it.
    public static func load(path: String) throws(SettingsError) -> [Zone] {
        try loading { issues in read(path, issues: &issues) }
    }

    static func read(_ path: String, issues: inout [SettingsIssue]) -> [Zone]? {
        SettingsReader.read(path, issues: &issues) { root in
            var seen: [ZoneID: (section: SettingsSection, neighbours: [ZoneID])] = [:]
            let zones = root.items("zones", count: 1...512) { item in
                let zone = Zone(
                    id: item.name("id"), name: item.text("name", default: nil, bytes: 1...128),
                    partyCell: item.text("party_cell", default: nil, bytes: 1...128),
                    policeGrid: item.text("police_grid", default: nil, bytes: 1...128),
                    communityGrid: item.text("community_grid", default: nil, bytes: 1...128),
                    officerRole: item.text("officer_role", default: nil, bytes: 1...128),
                    neighbours: item.names("neighbours", count: 0...64))
                if seen.updateValue((item, zone.neighbours), forKey: zone.id) != nil, !zone.id.rawValue.isEmpty {
                    item.issue("id", "zone \(zone.id) is given twice")
                }
                return zone
            }
            for (id, entry) in seen where !id.rawValue.isEmpty {
                for neighbour in entry.neighbours {
                    if neighbour == id {
                        entry.section.issue("neighbours", "\(id) is no neighbour of itself")
                    } else if let back = seen[neighbour] {
                        if !back.neighbours.contains(id) {
                            entry.section.issue("neighbours", "\(neighbour) does not list \(id) in turn")
                        }
                    } else {
                        entry.section.issue("neighbours", unknownZone(neighbour, among: seen.keys.map(\.rawValue)))
                    }
                }
            }
            return zones
        }
    }

    static func unknownZone(_ zone: ZoneID, among known: [String]) -> String {
        let near = Suggestion.nearest(to: zone.rawValue, among: known.sorted())
        return "no zone \(zone)" + (near.map { "; did you mean \($0)?" } ?? "")
    }
}

/// `posts.yaml`: posts to enrol together.
public enum PostsFile {
    /// Reads and checks the file.
    /// - Parameter zones: the zones that exist; nil leaves that check to the daemon.
    /// - Throws: everything that is wrong in it.
    public static func load(path: String, zones: Set<ZoneID>? = nil) throws(SettingsError) -> [Post] {
        try loading { issues in
            SettingsReader.read(path, issues: &issues) { root in
                var seen: Set<PostID> = []
                return root.items("posts", count: 1...10_000) { item in
                    let post = Post(
                        id: item.name("id"), name: item.text("name", default: nil, bytes: 1...128),
                        zone: item.name("zone"), position: position(item),
                        kind: item.text("kind", default: "other", bytes: 1...32),
                        members: item.int("members", default: 0, in: 0...10_000, unit: "people"))
                    if !post.id.rawValue.isEmpty, !seen.insert(post.id).inserted {
                        item.issue("id", "post \(post.id) is given twice")
                    }
                    if let zones, !post.zone.rawValue.isEmpty, !zones.contains(post.zone) {
                        item.issue("zone", ZonesFile.unknownZone(post.zone, among: zones.map(\.rawValue)))
                    }
                    return post
                }
            }
        }
    }

    /// `position: { latitude, longitude, accuracy }`, or nil where the post has none.
    private static func position(_ item: SettingsSection) -> Position? {
        guard item.isGiven("position") else {
            _ = item.entry("position", required: false)
            return nil
        }
        return item.section("position") { part in
            Position(
                latitude: part.number("latitude", in: -90...90, unit: "degrees"),
                longitude: part.number("longitude", in: -180...180, unit: "degrees"),
                accuracy: Float(part.int("accuracy", default: 0, in: 0...10_000, unit: "metres")))
        }
    }
}

/// `units.yaml`: patrol units to enrol together.
public enum UnitsFile {
    /// Reads and checks the file.
    /// - Parameter zones: the zones that exist; nil leaves that check to the daemon.
    /// - Throws: everything that is wrong in it.
    public static func load(path: String, zones: Set<ZoneID>? = nil) throws(SettingsError) -> [PatrolUnit] {
        try loading { issues in
            SettingsReader.read(path, issues: &issues) { root in
                var seen: Set<UnitID> = []
                return root.items("units", count: 1...1_024) { item in
                    let unit = PatrolUnit(
                        id: item.name("id"), name: item.text("name", default: nil, bytes: 1...128),
                        zones: item.names("zones", required: true, count: 1...64))
                    if !unit.id.rawValue.isEmpty, !seen.insert(unit.id).inserted {
                        item.issue("id", "unit \(unit.id) is given twice")
                    }
                    for zone in unit.zones {
                        if let zones, !zones.contains(zone) {
                            item.issue("zones", ZonesFile.unknownZone(zone, among: zones.map(\.rawValue)))
                        }
                    }
                    return unit
                }
            }
        }
    }
}
