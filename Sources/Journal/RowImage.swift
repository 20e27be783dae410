internal import TipModel
internal import TipWire

/// One row as the chain of checksums is taken over it: in one piece, in the fixed order of ``Field``, in memory that serves one row
/// after the other. The hash takes it in one go, and the insert binds the same bytes, so that nothing is copied for SQLite.
///
/// First come the checksum before and eleven numbers of eight bytes, the lowest first: sequence, time, which of the next three are
/// there, incident, lane, level, and the length of each field, or -1. What is absent is told from every number, and each field is
/// preceded by its length, so no two different rows read the same.
struct RowImage: ~Copyable {
    enum Field: Int {
        case post, tip, zone, event, payload

        static let count = 5
    }

    private var bytes = ProtobufWriter(capacity: 16_384)
    private var places = [Range<Int>?](repeating: nil, count: Field.count)

    private static let lengths = Chain.bytes + 6 * 8

    /// Begins a row; its fields are added next, each once and in their order.
    mutating func begin(
        after chain: Chain, sequence: SequenceNumber, at: Int64, incident: Int64?, lane: Int64?, level: Int64?
    ) {
        bytes.removeAll()
        bytes.append(UInt64(littleEndian: chain.words.0))
        bytes.append(UInt64(littleEndian: chain.words.1))
        bytes.append(sequence)
        append(at)
        append((incident == nil ? 0 : 1) | (lane == nil ? 0 : 2) | (level == nil ? 0 : 4))
        append(incident ?? 0)
        append(lane ?? 0)
        append(level ?? 0)
        for index in 0..<Field.count {
            append(-1)
            places[index] = nil
        }
    }

    private mutating func append(_ number: Int64) { bytes.append(UInt64(bitPattern: number)) }

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
        let start = bytes.count
        write(&bytes)
        places[field.rawValue] = start..<bytes.count
        bytes.replace(at: Self.lengths + field.rawValue * 8, with: UInt64(bytes.count - start))
    }

    /// All of it, lent.
    borrowing func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try bytes.withBytes(body)
    }

    /// A field's bytes within those that ``withBytes(_:)`` lends; nil for one that is absent.
    borrowing func place(_ field: Field, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        places[field.rawValue].map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
    }
}
