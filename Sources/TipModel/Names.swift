/// A name that people give to a post, unit or zone and that keys, logs and files carry: 1–32 characters of
/// a–z, 0–9 and `-`, not beginning or ending with `-`. One rule for all keeps every one of them safe as a file
/// name and in a ZAP user id.
public func isValidName(_ text: String) -> Bool {
    let characters = text.utf8
    guard (1...32).contains(characters.count), characters.first != UInt8(ascii: "-"),
        characters.last != UInt8(ascii: "-")
    else { return false }
    return characters.allSatisfy { character in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(character)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) || character == UInt8(ascii: "-")
    }
}

/// Common shape of the named ids: validated where text enters, plain values afterwards.
public protocol Name: Hashable, Comparable, Sendable, CustomStringConvertible {
    var rawValue: String { get }
    init(unchecked rawValue: String)
}

extension Name {
    /// Nil unless ``isValidName(_:)``.
    public init?(_ text: String) {
        guard isValidName(text) else { return nil }
        self.init(unchecked: text)
    }

    public var description: String { rawValue }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// 哨点: a place that reports.
public struct PostID: Name {
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }

    /// The station itself: what the desk takes down from telephone calls and walk-ins. No key is enrolled for it.
    public static let desk = PostID(unchecked: "desk")
}

/// 巡组: a patrol unit that subscribes to zones.
public struct UnitID: Name {
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// 责任区: an area of responsibility.
public struct ZoneID: Name {
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// 警情 number: counts from 1 in order of opening, short enough to be said over a radio.
public struct IncidentID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public var description: String { "#" + String(rawValue) }

    public static func < (left: IncidentID, right: IncidentID) -> Bool { left.rawValue < right.rawValue }
}

/// A record's place in the journal: dense from 1, total order.
public typealias SequenceNumber = UInt64
