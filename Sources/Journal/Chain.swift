internal import Crypto
internal import TipModel

/// The checksum chained over the rows: each row's is SHA-256 over the one before and everything stored of the row,
/// cut to 16 bytes. A changed, missing or exchanged row breaks the chain at its place.
struct Chain {
    static let bytes = 16
    private(set) var value: [UInt8]

    init() { value = [UInt8](repeating: 0, count: Self.bytes) }

    init(value: [UInt8]) { self.value = value }

    /// One row as it is stored, in the fixed order that the checksum is taken over.
    struct Row {
        var sequence: SequenceNumber
        var at: Int64
        var post: String?
        var tip: [UInt8]?
        var incident: Int64?
        var lane: Int64?
        var zone: String?
        var level: Int64?
        var event: [UInt8]?
        var payload: [UInt8]
    }

    mutating func extend(by row: Row) {
        var hash = SHA256()
        hash.update(value)
        // Each variable field is preceded by its length, and what is absent is told from every number, so that no two
        // different rows read the same.
        let present = (row.incident == nil ? 0 : 1) | (row.lane == nil ? 0 : 2) | (row.level == nil ? 0 : 4)
        hash.update(integers: [
            Int64(bitPattern: row.sequence), row.at, Int64(present), row.incident ?? 0, row.lane ?? 0, row.level ?? 0,
            Int64(row.post?.utf8.count ?? -1), Int64(row.tip?.count ?? -1), Int64(row.zone?.utf8.count ?? -1),
            Int64(row.event?.count ?? -1), Int64(row.payload.count),
        ])
        if let post = row.post { hash.update(text: post) }
        if let tip = row.tip { hash.update(tip) }
        if let zone = row.zone { hash.update(text: zone) }
        if let event = row.event { hash.update(event) }
        hash.update(row.payload)
        value = hash.finalize().withUnsafeBytes { [UInt8]($0.prefix(Self.bytes)) }
    }
}

extension SHA256 {
    fileprivate mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update(bufferPointer: $0) }
    }

    fileprivate mutating func update(text: String) {
        var text = text
        text.withUTF8 { update(bufferPointer: UnsafeRawBufferPointer($0)) }
    }

    fileprivate mutating func update(integers: [Int64]) {
        integers.map { $0.littleEndian }.withUnsafeBytes { update(bufferPointer: $0) }
    }
}
