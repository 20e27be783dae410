#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Localization
import TipModel

/// The district drawn from its own coordinates: zones as the hulls of their posts, posts as dots, incidents with the shape of
/// their level. No tiles of anybody.
struct DistrictMap {
    static let width = 420.0
    static let margin = 34.0

    struct ZoneShape {
        /// `x,y x,y …` of the hull; the style sheet pads it by a thick stroke.
        let points: String
        let name: String
        let nameX: String
        let nameY: String
    }

    struct PostDot {
        let x: String
        let y: String
        let isOnline: Bool
        let isSilent: Bool
        let isUnheard: Bool
        let title: String
    }

    struct Marker {
        let number: String
        let level: LevelView
        /// `translate(x y)` of its middle.
        let place: String
        let title: String
    }

    let height: String
    let zones: [ZoneShape]
    let posts: [PostDot]
    let markers: [Marker]
    let description: String
    let unplaced: String?
    /// There is something to draw.
    let isDrawn: Bool
    let legend: [LevelView]

    init(_ scope: PageScope, incidents: [Incident]) {
        let overview = scope.overview
        let placed = incidents.compactMap { incident in incident.position.map { (incident, $0) } }
        let all = overview.posts.compactMap(\.post.position)
        let projection = Projection(all.isEmpty ? placed.map(\.1) : all, width: Self.width, margin: Self.margin)
        isDrawn = projection != nil
        height = Self.number(projection?.height ?? 0)
        legend = UrgencyLevel.allCases.reversed().map { scope.level($0) }
        description = scope.words(
            .mapDescription, "\(overview.zones.count)", "\(overview.posts.count)", "\(placed.count)")
        let missing = incidents.count - placed.count
        unplaced = missing > 0 ? scope.words(.notPlaced, "\(missing)") : nil
        guard let projection else {
            (zones, posts, markers) = ([], [], [])
            return
        }
        zones = overview.zones.compactMap { zone in
            let points = overview.posts.filter { $0.post.zone == zone.id }.compactMap { $0.post.position.map(projection.point) }
            // A post alone is drawn too: a polygon of one point would be nothing.
            let hull = convexHull(points.count > 2 ? points : points + points.map { MapPoint(x: $0.x + 0.5, y: $0.y + 0.5) })
            guard let top = hull.map(\.y).min(), let left = hull.map(\.x).min(), let right = hull.map(\.x).max() else { return nil }
            return ZoneShape(
                points: hull.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " "), name: scope.names[zone.id],
                nameX: Self.number(min(max((left + right) / 2, 60), Self.width - 60)), nameY: Self.number(max(15, top - 16)))
        }
        posts = overview.posts.compactMap { post in
            guard let position = post.post.position else { return nil }
            let point = projection.point(position)
            let condition = scope.words(post.condition == .silent ? .mapSilent : post.condition == .neverHeard ? .neverHeard : .mapPost)
            return PostDot(
                x: Self.number(point.x), y: Self.number(point.y), isOnline: post.condition == .online,
                isSilent: post.condition == .silent, isUnheard: post.condition == .neverHeard, title: "\(scope.names[post.post.id]) · \(condition)")
        }
        var taken: [MapPoint] = []
        // The most urgent is drawn last, on top, and takes its place first.
        markers = placed.map { incident, position in
            let point = Self.free(projection.inside(position), taken)
            taken.append(point)
            let level = scope.level(incident.urgency.level)
            return Marker(
                number: "\(incident.id.rawValue)", level: level,
                place: "translate(\(Self.number(point.x)) \(Self.number(point.y)))",
                title: "\(level.word) #\(incident.id.rawValue) \(scope.title(incident)) · \(scope.words.catalogue.name(incident.phase))")
        }.reversed()
    }

    /// The nearest place around `point` where no marker is yet; several incidents are often at one gate. Gives up after three
    /// turns: then they overlap.
    private static func free(_ point: MapPoint, _ taken: [MapPoint]) -> MapPoint {
        let apart = 32.0
        func isFree(_ point: MapPoint) -> Bool {
            taken.allSatisfy { hypot($0.x - point.x, $0.y - point.y) >= apart - 0.5 }
        }
        if isFree(point) { return point }
        for turn in 1...3 {
            let count = 6 * turn
            for step in 0..<count {
                let angle = 2 * Double.pi * Double(step) / Double(count)
                let next = MapPoint(x: point.x + apart * Double(turn) * cos(angle), y: point.y + apart * Double(turn) * sin(angle))
                if next.x > 14, next.x < width - margin, isFree(next) { return next }
            }
        }
        return point
    }

    private static func number(_ value: Double) -> String {
        let tenths = (value * 10).rounded()
        guard tenths.magnitude < 1_000_000 else { return "0" }
        let whole = Int(tenths)
        return whole % 10 == 0 ? "\(whole / 10)" : "\(Double(whole) / 10)"
    }
}

/// A place in the drawing, y downwards.
struct MapPoint: Hashable {
    var x: Double
    var y: Double
}

/// From degrees to the drawing: equirectangular about the middle, which is true to shape within a district.
struct Projection {
    let width: Double
    let height: Double
    private let margin: Double
    private let scale: Double
    private let west: Double
    private let north: Double
    private let shrink: Double

    /// Nil without positions.
    init?(_ positions: [Position], width: Double, margin: Double) {
        guard let south = positions.map(\.latitude).min(), let north = positions.map(\.latitude).max(),
            let west = positions.map(\.longitude).min(), let east = positions.map(\.longitude).max()
        else { return nil }
        shrink = max(0.01, cos((south + north) / 2 * .pi / 180))
        // A single post is drawn in the middle of some 500 m.
        let across = max((east - west) * shrink, 0.004)
        let down = max(north - south, 0.002)
        self.width = width
        self.margin = margin
        // A district that is much taller than wide is not drawn taller than three halves of the width.
        scale = min((width - 2 * margin) / across, (width * 1.5 - 2 * margin) / down)
        height = down * scale + 2 * margin
        self.west = (west + east) / 2 - (width - 2 * margin) / scale / shrink / 2
        self.north = (south + north) / 2 + down / 2
    }

    func point(_ position: Position) -> MapPoint {
        MapPoint(x: margin + (position.longitude - west) * shrink * scale, y: margin + (north - position.latitude) * scale)
    }

    /// Likewise, but one that lies beyond the drawing is at its edge.
    func inside(_ position: Position) -> MapPoint {
        let point = point(position)
        return MapPoint(x: min(max(point.x, 14), width - 14), y: min(max(point.y, 14), height - 14))
    }
}

/// The convex hull by Andrew's monotone chain, in order around it; fewer than three points as they are.
func convexHull(_ points: [MapPoint]) -> [MapPoint] {
    let sorted = Set(points).sorted { $0.x == $1.x ? $0.y < $1.y : $0.x < $1.x }
    guard sorted.count > 2 else { return sorted }
    func half(_ points: some Sequence<MapPoint>) -> [MapPoint] {
        var chain: [MapPoint] = []
        for point in points {
            while chain.count > 1 {
                let (a, b) = (chain[chain.count - 2], chain[chain.count - 1])
                if (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) > 0 { break }
                chain.removeLast()
            }
            chain.append(point)
        }
        return chain
    }
    return half(sorted).dropLast() + half(sorted.reversed()).dropLast()
}
