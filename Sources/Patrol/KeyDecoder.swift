/// A key that the terminal's user pressed.
public enum Key: Hashable, Sendable {
    case up, down, pageUp, pageDown, home, end, enter, escape, redraw, interrupt
    /// Letters come as small ones: with Caps Lock on, at night and in gloves, the keys must still work.
    case character(Character)
}

/// Reads keys from what a terminal in raw mode sends.
///
/// A slow line may deliver an escape sequence in pieces. What is begun is kept for the next read, because its rest can
/// look like keys of ours: the `3` of a Delete key would say "false alarm" to the question how an incident ended.
public struct KeyDecoder: Sendable {
    /// Longest escape sequence that is waited for; a longer one is none of a keyboard's.
    static let sequenceBound = 16

    private var begun: [UInt8] = []

    public init() {}

    /// The keys in one read.
    public mutating func keys(in read: [UInt8]) -> [Key] {
        var keys: [Key] = []
        // Escape alone was told already; only a sequence makes it more than that.
        let goesOn = begun.count > 1 || (begun == [0x1B] && read.first.map(Self.introduces) == true)
        let bytes = goesOn ? begun + read : read
        begun = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case 0x1B:
                guard index + 1 < bytes.count, Self.introduces(bytes[index + 1]) else {
                    keys.append(.escape)
                    if index + 1 == bytes.count { begun = [byte] }
                    index += 1
                    continue
                }
                let end = Self.end(ofSequence: bytes[index...])
                guard end < bytes.count else {
                    if bytes.count - index <= Self.sequenceBound { begun = Array(bytes[index...]) }
                    return keys
                }
                // A control character breaks a sequence off and counts itself: Ctrl-C always ends the program.
                guard bytes[end] >= 0x20 else {
                    index = end
                    continue
                }
                if let key = Self.key(bytes[index...end]) { keys.append(key) }
                index = end + 1
                continue
            case 0x03: keys.append(.interrupt)
            case 0x0C: keys.append(.redraw)
            case 0x0D, 0x0A: keys.append(.enter)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): keys.append(.character(Character(UnicodeScalar(byte | 0x20))))
            case 0x20..<0x7F: keys.append(.character(Character(UnicodeScalar(byte))))
            default: break
            }
            index += 1
        }
        return keys
    }

    private static func introduces(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O") }

    /// Where the sequence that `bytes` begins with ends (Escape, `[` or `O`, parameters, one final byte): its last byte,
    /// or the control character that breaks it off; the end of `bytes` when neither is there yet.
    private static func end(ofSequence bytes: ArraySlice<UInt8>) -> Int {
        var end = bytes.startIndex + 2
        // The Linux console's function keys: ESC [ [ A.
        if end < bytes.endIndex, bytes[end] == UInt8(ascii: "[") { end += 1 }
        while end < bytes.endIndex, (0x20..<0x40).contains(bytes[end]) { end += 1 }
        return end
    }

    private static func key(_ sequence: ArraySlice<UInt8>) -> Key? {
        let parameters = sequence.dropFirst(2).dropLast()
        switch (sequence.last, parameters.first) {
        case (_, UInt8(ascii: "[")): return nil
        case (UInt8(ascii: "A"), _): return .up
        case (UInt8(ascii: "B"), _): return .down
        case (UInt8(ascii: "H"), _): return .home
        case (UInt8(ascii: "F"), _): return .end
        case (UInt8(ascii: "~"), _): break
        default: return nil
        }
        // With a modifier the number is followed by a semicolon and another.
        switch String(decoding: parameters.prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self) {
        case "1", "7": return .home
        case "4", "8": return .end
        case "5": return .pageUp
        case "6": return .pageDown
        default: return nil
        }
    }
}
