/// The id of a tip: 16 bytes made at the post, a ULID or a UUIDv7. Both begin with 48 bits of milliseconds, so
/// ids sort by time of making (SQLite's index takes time-ordered keys far faster than random ones) and the
/// daemon can tell how old an id is without having seen it.
public struct TipID: Hashable, Comparable, Sendable {
    /// Bytes 0–7, big-endian.
    public let high: UInt64
    /// Bytes 8–15, big-endian.
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Takes exactly 16 bytes; nil for any other length. Inlinable, as every tip, receipt and event passes here and
    /// the unspecialised form costs more than the rest of its decoding.
    @inlinable
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in bytes {
            high = high << 8 | low >> 56
            low = low << 8 | UInt64(byte)
        }
        self.init(high: high, low: low)
    }

    /// A new ULID for `time`, with 80 random bits.
    public static func make(at time: Timestamp, using random: inout some RandomNumberGenerator) -> TipID {
        let clamped = UInt64(max(0, min(time.milliseconds, 0xFFFF_FFFF_FFFF)))
        return TipID(high: clamped << 16 | UInt64.random(in: 0...0xFFFF, using: &random), low: random.next())
    }

    /// When the post made it.
    public var madeAt: Timestamp { Timestamp(milliseconds: Int64(high >> 16)) }

    /// The 16 bytes, as they travel.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        for word in [high, low] {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
        }
        return bytes
    }

    public static func < (left: TipID, right: TipID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension TipID: CustomStringConvertible {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// The ULID text form: 26 characters of Crockford's base 32.
    public var description: String {
        var digits = [UInt8](repeating: 0, count: 26)
        var (high, low) = (self.high, self.low)
        for index in stride(from: 25, through: 0, by: -1) {
            digits[index] = Self.alphabet[Int(low & 31)]
            low = low >> 5 | high << 59
            high >>= 5
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// Reads the ULID text form (case-insensitive) or a UUID's (8-4-4-4-12); nil when it is neither.
    public init?(_ text: String) {
        let characters = Array(text.utf8)
        var (high, low): (UInt64, UInt64) = (0, 0)
        if characters.count == 36 {
            for (index, digit) in characters.enumerated() {
                if [8, 13, 18, 23].contains(index) {
                    guard digit == UInt8(ascii: "-") else { return nil }
                    continue
                }
                guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
                high = high << 4 | low >> 60
                low = low << 4 | UInt64(value)
            }
        } else {
            guard characters.count == 26, characters[0] <= UInt8(ascii: "7") else { return nil }
            for character in characters {
                let upper = character >= UInt8(ascii: "a") ? character &- 32 : character
                guard let value = Self.alphabet.firstIndex(of: upper) else { return nil }
                high = high << 5 | low >> 59
                low = low << 5 | UInt64(value)
            }
        }
        self.init(high: high, low: low)
    }
}
