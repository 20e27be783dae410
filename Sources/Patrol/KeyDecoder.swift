/// A key that the terminal's user pressed.
public enum Key: Hashable, Sendable {
    case up, down, pageUp, pageDown, home, end, enter, escape, interrupt
    case character(Character)
}

/// Reads keys from what a terminal in raw mode sends.
public enum KeyDecoder {
    /// The keys in one read. An escape sequence that a read cut in two counts as Escape; its rest is ignored, as no
    /// key of ours looks like it.
    public static func keys(in bytes: [UInt8]) -> [Key] {
        var keys: [Key] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case 0x1B:
                guard index < bytes.count, bytes[index] == UInt8(ascii: "[") || bytes[index] == UInt8(ascii: "O") else {
                    keys.append(.escape)
                    continue
                }
                index += 1
                let start = index
                // Parameters, then one final byte.
                while index < bytes.count, bytes[index] < 0x40 { index += 1 }
                guard index < bytes.count else { return keys }
                if let key = key(parameters: bytes[start..<index], final: bytes[index]) { keys.append(key) }
                index += 1
            case 0x03: keys.append(.interrupt)
            case 0x0D, 0x0A: keys.append(.enter)
            case 0x20..<0x7F: keys.append(.character(Character(UnicodeScalar(byte))))
            default: break
            }
        }
        return keys
    }

    private static func key(parameters: ArraySlice<UInt8>, final: UInt8) -> Key? {
        switch (final, parameters.first) {
        case (UInt8(ascii: "A"), _): .up
        case (UInt8(ascii: "B"), _): .down
        case (UInt8(ascii: "H"), _): .home
        case (UInt8(ascii: "F"), _): .end
        case (UInt8(ascii: "~"), UInt8(ascii: "5")): .pageUp
        case (UInt8(ascii: "~"), UInt8(ascii: "6")): .pageDown
        default: nil
        }
    }
}
