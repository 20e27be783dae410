package import TipModel

/// Writes protobuf's wire format straight into one buffer, for what every tip becomes: a feed event and a journal record.
///
/// The generated code measures each nested message again at every level above it; that was a fifth of the core's time. Everything else uses the generated code, and a test holds this to its bytes:
/// fields in ascending order, defaults left out, which is also what makes the bytes the same on every run.
package struct ProtobufWriter {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 1_024) { bytes.reserveCapacity(capacity) }

    package mutating func unsigned(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        key(field, 0)
        varint(value)
    }

    /// int32 and int64: a negative number takes ten bytes.
    package mutating func signed(_ field: Int, _ value: Int64) { unsigned(field, UInt64(bitPattern: value)) }

    /// sint32 and sint64.
    package mutating func zigzag(_ field: Int, _ value: Int64) {
        unsigned(field, UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    package mutating func bool(_ field: Int, _ value: Bool) { unsigned(field, value ? 1 : 0) }

    package mutating func string(_ field: Int, _ value: String) {
        guard !value.isEmpty else { return }
        element(field, value)
    }

    /// An element of a repeated string, which is written even where it is empty.
    package mutating func element(_ field: Int, _ value: String) {
        key(field, 2)
        varint(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    package mutating func blob(_ field: Int, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        key(field, 2)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// The 16 bytes of a tip's id.
    package mutating func id(_ field: Int, _ value: TipID) {
        key(field, 2)
        varint(16)
        bigEndian(value.high)
        bigEndian(value.low)
    }

    package mutating func fixed64(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        key(field, 1)
        littleEndian(value, bytes: 8)
    }

    package mutating func double(_ field: Int, _ value: Double) { fixed64(field, value.bitPattern) }

    package mutating func float(_ field: Int, _ value: Float) {
        guard value.bitPattern != 0 else { return }
        key(field, 5)
        littleEndian(UInt64(value.bitPattern), bytes: 4)
    }

    /// A nested message, written even where it has no field.
    package mutating func message(_ field: Int, _ content: (inout ProtobufWriter) -> Void) {
        key(field, 2)
        // One byte for the length, which is enough for most; more are pushed in where it is not.
        let start = bytes.count
        bytes.append(0)
        content(&self)
        let length = UInt64(bytes.count - start - 1)
        guard length >= 0x80 else {
            bytes[start] = UInt8(length)
            return
        }
        let more = Self.size(length) - 1
        for _ in 0..<more { bytes.append(0) }
        bytes.withUnsafeMutableBytes { all in
            // Within the buffer: it ends where the content did, and `more` bytes on.
            let content = UnsafeRawBufferPointer(rebasing: all[(start + 1)..<(all.count - more)])
            UnsafeMutableRawBufferPointer(rebasing: all[(start + 1 + more)...]).copyMemory(from: content)
            var rest = length
            for index in 0...more {
                all[start + index] = UInt8(truncatingIfNeeded: rest) & 0x7F | (index < more ? 0x80 : 0)
                rest >>= 7
            }
        }
    }

    private mutating func key(_ field: Int, _ type: UInt64) { varint(UInt64(field) << 3 | type) }

    private mutating func varint(_ value: UInt64) { Self.append(value, to: &bytes) }

    /// The one varint of this module: seven bits in each byte, the lowest first.
    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    /// How many bytes that takes.
    static func size(_ value: UInt64) -> Int { value == 0 ? 1 : (64 - value.leadingZeroBitCount + 6) / 7 }

    private mutating func littleEndian(_ value: UInt64, bytes count: Int) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0.prefix(count)) }
    }

    private mutating func bigEndian(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
