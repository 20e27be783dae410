package import TipModel

/// Writes protobuf's wire format straight into one buffer, for what every tip becomes: a feed event and a journal record.
///
/// The generated code measures each nested message again at every level above it; that was a fifth of the core's time. Everything else uses the
/// generated code, and a test holds this to its bytes: fields in ascending order, defaults left out, which is also what makes the bytes the same on every run.
package struct ProtobufWriter: ~Copyable {
    // Memory of its own: an array looks at its owner and its room for each byte. Every write makes room first.
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// Bytes written so far.
    package private(set) var count = 0

    package init(capacity: Int = 2_048) {
        self.capacity = max(64, capacity)
        memory = .allocate(capacity: self.capacity)
    }

    deinit { memory.deallocate() }

    /// What was written.
    package var bytes: [UInt8] { Array(UnsafeBufferPointer(start: memory, count: count)) }

    /// What was written, lent: nothing may be written meanwhile.
    package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: memory, count: count))
    }

    /// Begins anew, in the same memory.
    package mutating func removeAll() { count = 0 }

    /// Makes room for `more` bytes behind ``count``.
    @inline(__always)
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

    /// Bytes as they are, of no field.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        room(bytes.count)
        put(bytes)
    }

    /// A text as it is, of no field.
    package mutating func append(_ text: String) {
        let isWritten: Void? = text.utf8.withContiguousStorageIfAvailable { append(UnsafeRawBufferPointer($0)) }
        guard isWritten == nil else { return }
        Array(text.utf8).withUnsafeBytes { append($0) }
    }

    /// A number of eight bytes as it is, the lowest first, of no field.
    package mutating func append(_ number: UInt64) {
        room(8)
        put(whole: number.littleEndian)
    }

    /// Puts a number of eight bytes over what was written at `offset`.
    package mutating func replace(at offset: Int, with number: UInt64) {
        precondition(offset >= 0 && offset + 8 <= count)
        UnsafeMutableRawPointer(memory + offset).storeBytes(of: number.littleEndian, as: UInt64.self)
    }

    package mutating func unsigned(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        room(Self.longestKey + Self.longestVarint)
        put(key: field, 0)
        put(varint: value)
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
        // Lent where it lies: a copy to make contiguous would be retained and released.
        let isWritten: Void? = value.utf8.withContiguousStorageIfAvailable { content(field, UnsafeRawBufferPointer($0)) }
        guard isWritten == nil else { return }
        content(field, Array(value.utf8))
    }

    package mutating func blob(_ field: Int, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        content(field, value)
    }

    private mutating func content(_ field: Int, _ value: [UInt8]) {
        value.withUnsafeBytes { content(field, $0) }
    }

    private mutating func content(_ field: Int, _ bytes: UnsafeRawBufferPointer) {
        room(Self.longestKey + Self.longestVarint + bytes.count)
        put(key: field, 2)
        put(varint: UInt64(bytes.count))
        put(bytes)
    }

    /// The 16 bytes of a tip's id.
    package mutating func id(_ field: Int, _ value: TipID) {
        room(Self.longestKey + 17)
        put(key: field, 2)
        put(16)
        put(whole: value.high.bigEndian)
        put(whole: value.low.bigEndian)
    }

    package mutating func fixed64(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        room(Self.longestKey + 8)
        put(key: field, 1)
        put(whole: value.littleEndian)
    }

    package mutating func double(_ field: Int, _ value: Double) { fixed64(field, value.bitPattern) }

    package mutating func float(_ field: Int, _ value: Float) {
        guard value.bitPattern != 0 else { return }
        room(Self.longestKey + 4)
        put(key: field, 5)
        put(whole: value.bitPattern.littleEndian)
    }

    /// A nested message, written even where it has no field. Each module that uses it has this function of its own: it must be
    /// inlined, so that no closure is made for a message.
    @inline(__always)
    mutating func message(_ field: Int, _ content: (inout ProtobufWriter) -> Void) {
        let start = begin(field)
        content(&self)
        end(start)
    }

    /// Writes the key of a nested message and leaves one byte for its length, which is enough for most.
    /// - Returns: where the content begins, for ``end(_:)``.
    package mutating func begin(_ field: Int) -> Int {
        room(Self.longestKey + 1)
        put(key: field, 2)
        count += 1
        return count
    }

    /// Writes the length of the message whose content began at `start`, which moves on where that takes more than a byte.
    package mutating func end(_ start: Int) {
        let length = count - start
        guard length >= 0x80 else {
            memory[start - 1] = UInt8(truncatingIfNeeded: length)
            return
        }
        let more = Self.size(UInt64(length)) - 1
        room(more)
        UnsafeMutableRawPointer(memory + start + more).copyMemory(from: memory + start, byteCount: length)
        let end = count + more
        count = start - 1
        put(varint: UInt64(length))
        count = end
    }

    private static let longestKey = 5
    private static let longestVarint = 10

    // These write where ``room(_:)`` was made before.

    @inline(__always)
    private mutating func put(key field: Int, _ type: UInt64) { put(varint: UInt64(field) << 3 | type) }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        memory[count] = byte
        count += 1
    }

    @inline(__always)
    private mutating func put<Number: FixedWidthInteger & BitwiseCopyable>(whole value: Number) {
        UnsafeMutableRawPointer(memory + count).storeBytes(of: value, as: Number.self)
        count += MemoryLayout<Number>.size
    }

    @inline(__always)
    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(memory + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// Seven bits in each byte, the lowest first.
    @inline(__always)
    private mutating func put(varint value: UInt64) {
        var value = value
        while value >= 0x80 {
            put(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        put(UInt8(truncatingIfNeeded: value))
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
}
