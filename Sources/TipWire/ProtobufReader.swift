internal import TipModel

/// Reads protobuf's wire format where it lies, for what every tip comes in.
///
/// The generated code keeps each message in an object of its own and reads a tip in four times the time. This reads only what is
/// written plainly; whatever else comes (another wire type, an unknown field, bad UTF-8, an end in the middle) ends in nil, and the
/// generated code then says what it is. A test compares both over random and damaged bytes.
struct ProtobufReader {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    /// - Parameter bytes: must stay valid while this is used.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { at >= bytes.count }

    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while at < bytes.count, shift < 70 {
            let byte = bytes[at]
            at += 1
            // The tenth byte has room for one bit.
            guard shift < 63 || byte <= 1 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    /// A bool as it is plainly written.
    mutating func bool() -> Bool? {
        switch varint() {
        case 0: false
        case 1: true
        default: nil
        }
    }

    mutating func fixed64() -> UInt64? {
        guard bytes.count - at >= 8 else { return nil }
        defer { at += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    mutating func fixed32() -> UInt32? {
        guard bytes.count - at >= 4 else { return nil }
        defer { at += 4 }
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
    }

    mutating func content() -> UnsafeRawBufferPointer? {
        guard let length = varint(), length <= UInt64(bytes.count - at) else { return nil }
        let range = at..<at + Int(length)
        at = range.upperBound
        return UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    /// A text of at most `limit` bytes of valid UTF-8.
    mutating func string(limit: Int) -> String? {
        guard let content = content(), content.count <= limit else { return nil }
        return String(validating: content, as: UTF8.self)
    }
}

extension TipID {
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}
