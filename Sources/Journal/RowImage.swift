internal import TipModel
internal import TipWire

/// Rows as the chain of checksums is taken over them: each in one piece, in the fixed order of ``Field``, one behind the other in memory
/// that serves again and again. The hash takes a row in one go, and the insert binds the same bytes, so that nothing is copied for
/// SQLite.
///
/// First come the checksum before and eleven numbers of eight bytes, the lowest first: sequence, time, which of the next three are
/// there, incident, lane, level, and the length of each field, or -1. What is absent is told from every number, and each field is
/// preceded by its length, so no two different rows read the same.
struct RowImage: ~Copyable {
    enum Field: Int {
        case post, tip, zone, event, payload

        static let count = 5
    }

    private var bytes = ProtobufWriter(capacity: 32_768)
    private var starts: [Int] = []
    private var places: [Range<Int>?] = []

    private static let lengths = Chain.bytes + 6 * 8

    mutating func removeAll() {
        bytes.removeAll()
        starts.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    /// Begins a row; its fields are added next, each once and in their order.
    mutating func begin(
        after chain: Chain, sequence: SequenceNumber, at: Int64, incident: Int64?, lane: Int64?, level: Int64?
    ) {
        starts.append(bytes.count)
        add(chain)
        bytes.append(sequence)
        append(at)
        append((incident == nil ? 0 : 1) | (lane == nil ? 0 : 2) | (level == nil ? 0 : 4))
        append(incident ?? 0)
        append(lane ?? 0)
        append(level ?? 0)
        for _ in 0..<Field.count {
            append(-1)
            places.append(nil)
        }
    }

    private mutating func append(_ number: Int64) { bytes.append(UInt64(bitPattern: number)) }

    /// Adds a checksum: that of the last row, so that each row's stands behind it.
    mutating func add(_ chain: Chain) {
        bytes.append(UInt64(littleEndian: chain.words.0))
        bytes.append(UInt64(littleEndian: chain.words.1))
    }

    mutating func add(_ field: Field, text: String?) {
        guard let text else { return }
        add(field) { $0.append(text) }
    }

    mutating func add(_ field: Field, _ content: UnsafeRawBufferPointer?) {
        guard let content else { return }
        add(field) { $0.append(content) }
    }

    /// Adds what `write` writes.
    @inline(__always)
    mutating func add(_ field: Field, _ write: (inout ProtobufWriter) -> Void) {
        guard let row = starts.last else { return }
        let start = bytes.count
        write(&bytes)
        places[places.count - Field.count + field.rawValue] = start..<bytes.count
        bytes.replace(at: row + Self.lengths + field.rawValue * 8, with: UInt64(bytes.count - start))
    }

    /// The row that was begun last, lent.
    borrowing func withLast<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withBytes { body(UnsafeRawBufferPointer(rebasing: $0[(starts.last ?? 0)...])) }
    }

    /// All of it, lent.
    borrowing func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try bytes.withBytes(body)
    }

    /// A field of a row, within the bytes that ``withBytes(_:)`` lends; nil for one that is absent.
    borrowing func place(_ field: Field, of row: Int, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        places[row * Field.count + field.rawValue].map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
    }

    /// The checksum of a row: what the next begins with, or what was added last.
    borrowing func checksum(of row: Int, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let start = row + 1 < starts.count ? starts[row + 1] : bytes.count - Chain.bytes
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + Chain.bytes])
    }
}
