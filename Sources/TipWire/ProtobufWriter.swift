package import TipModel

/// Writes protobuf's wire format straight into one buffer, for what every tip becomes: a feed event and a journal record.
///
/// The generated code measures each nested message again at every level above it; that was a fifth of the core's time. Everything else uses the generated code, and a test holds this to its bytes:
/// fields in ascending order, defaults left out, which is also what makes the bytes the same on every run.
package struct ProtobufWriter: ~Copyable {
    // Memory of its own: an array looks at its owner and its room for each byte. Every write goes through `room`, which grows it.
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var count = 0

    package init(capacity: Int = 2_048) {
        self.capacity = max(64, capacity)
        memory = .allocate(capacity: self.capacity)
    }

    deinit { memory.deallocate() }

    /// What was written.
    package var bytes: [UInt8] { Array(UnsafeBufferPointer(start: memory, count: count)) }

    /// Makes room for `more` bytes behind ``count``.
    private mutating func room(_ more: Int) {
        if capacity - count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(2 * capacity, count + more)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.update(from: memory, count: count)
        memory.deallocate()
        (memory, capacity) = (moved, larger)
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        room(bytes.count)
        UnsafeMutableRawBufferPointer(start: memory + count, count: bytes.count).copyMemory(from: bytes)
        count += bytes.count
    }

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
        var value = value
        value.withUTF8 { text in
            varint(UInt64(text.count))
            append(UnsafeRawBufferPointer(text))
        }
    }

    package mutating func blob(_ field: Int, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        key(field, 2)
        varint(UInt64(value.count))
        value.withUnsafeBytes { append($0) }
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
        // One byte for the length, which is enough for most; the content moves on where it is not.
        room(1)
        let start = count
        count += 1
        content(&self)
        let length = count - start - 1
        let more = Self.size(UInt64(length)) - 1
        if more > 0 {
            room(more)
            UnsafeMutableRawPointer(memory + start + 1 + more).copyMemory(from: memory + start + 1, byteCount: length)
            count += more
        }
        var rest = length
        for index in 0...more {
            memory[start + index] = UInt8(truncatingIfNeeded: rest) & 0x7F | (index < more ? 0x80 : 0)
            rest >>= 7
        }
    }

    private mutating func key(_ field: Int, _ type: UInt64) { varint(UInt64(field) << 3 | type) }

    /// Seven bits in each byte, the lowest first.
    private mutating func varint(_ value: UInt64) {
        room(10)
        var value = value
        while value >= 0x80 {
            memory[count] = UInt8(truncatingIfNeeded: value) | 0x80
            count += 1
            value >>= 7
        }
        memory[count] = UInt8(truncatingIfNeeded: value)
        count += 1
    }

    /// The same, at the end of an array.
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

    private mutating func littleEndian(_ value: UInt64, bytes size: Int) {
        withUnsafeBytes(of: value.littleEndian) { append(UnsafeRawBufferPointer(rebasing: $0.prefix(size))) }
    }

    private mutating func bigEndian(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { append($0) }
    }
}
