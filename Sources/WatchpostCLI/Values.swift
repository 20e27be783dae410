// Values on the command line.

public import ArgumentParser
public import TipModel

extension ZoneID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension PostID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension UnitID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension TipID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension UrgencyLevel: ExpressibleByArgument {
    public init?(argument: String) { self.init(name: argument) }

    public static var allValueStrings: [String] { allCases.map(\.name) }
}

extension Disposition: ExpressibleByArgument {
    public init?(argument: String) { self.init(name: argument) }

    public static var allValueStrings: [String] { allCases.map(\.name) }
}

/// `LAT,LON` or `LAT,LON,ACCURACY`: degrees WGS 84 and metres.
struct PositionArgument: ExpressibleByArgument, Hashable {
    var latitude: Double
    var longitude: Double
    var accuracy: Double?

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map {
            Double($0.trimming { $0 == " " })
        }
        guard (2...3).contains(parts.count), let latitude = parts[0], let longitude = parts[1], abs(latitude) <= 90,
            abs(longitude) <= 180
        else { return nil }
        if parts.count == 3 {
            guard let accuracy = parts[2], (0...100_000).contains(accuracy) else { return nil }
            self.accuracy = accuracy
        }
        self.latitude = latitude
        self.longitude = longitude
    }

    var position: Position { Position(latitude: latitude, longitude: longitude, accuracy: Float(accuracy ?? 0)) }
}

extension StringProtocol {
    /// Without leading and trailing characters that `isDropped` names.
    func trimming(_ isDropped: (Character) -> Bool) -> SubSequence {
        var part = self[...]
        while let first = part.first, isDropped(first) { part = part.dropFirst() }
        while let last = part.last, isDropped(last) { part = part.dropLast() }
        return part
    }
}
