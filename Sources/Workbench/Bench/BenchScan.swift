internal import TipModel

/// Walks the fields of a protobuf message in place. The load generator shares the machine with what it measures, so it
/// reads of receipts and feed events no more than it has to know.
struct BenchScan {
    /// One field: its number, and its value or its bytes.
    struct Field {
        var number: UInt64
        var value: UInt64 = 0
        var content = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    private let bytes: UnsafeRawBufferPointer
    private var place = 0
    /// What was read is no protobuf message.
    private(set) var isDamaged = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next field; nil at the end and for what is no message.
    mutating func next() -> Field? {
        guard place < bytes.count, !isDamaged else { return nil }
        let key = varint()
        var field = Field(number: key >> 3)
        switch key & 7 {
        case 0: field.value = varint()
        case 1: skip(8)
        case 2:
            let length = varint()
            let begin = place
            skip(length)
            if !isDamaged { field.content = UnsafeRawBufferPointer(rebasing: bytes[begin..<place]) }
        case 5: skip(4)
        default: isDamaged = true
        }
        return isDamaged ? nil : field
    }

    private mutating func varint() -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while place < bytes.count, shift < 64 {
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        isDamaged = true
        return 0
    }

    private mutating func skip(_ count: UInt64) {
        guard count <= UInt64(bytes.count - place) else {
            isDamaged = true
            return
        }
        place += Int(count)
    }
}

/// What the load generator reads of a receipt.
struct BenchReceipt {
    /// The low half of the tip's id, which is the number of the tip in its run.
    var index: UInt64
    var verdict: UInt64
    var isDurable: Bool

    /// - Returns: nil for what is no receipt.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var scan = BenchScan(bytes)
        var id: UInt64?
        (verdict, isDurable) = (0, false)
        while let field = scan.next() {
            switch field.number {
            case 1: id = lowHalf(field.content)
            case 4: verdict = field.value
            case 7: isDurable = field.value == 1
            default: break
            }
        }
        guard let id, !scan.isDamaged else { return nil }
        index = id
    }
}

/// What the load generator reads of a FeedItem.
struct BenchEvent {
    var previous: UInt64 = 0
    var sequence: UInt64 = 0
    /// Nil for an event without a tip, such as an escalation.
    var index: UInt64?
    /// Bytes of the encoded event: what it costs of the lane's credit.
    var size = 0

    /// - Returns: nil for what is no item.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var item = BenchScan(bytes)
        while let field = item.next() {
            switch field.number {
            case 1: previous = field.value
            case 2:
                size = field.content.count
                var event = BenchScan(field.content)
                // The tip is behind the incident, which is long but skipped in one step.
                while let part = event.next() {
                    if part.number == 1 { sequence = part.value }
                    if part.number == 6 {
                        var tip = BenchScan(part.content)
                        if let id = tip.next(), id.number == 1 { index = lowHalf(id.content) }
                        break
                    }
                    if part.number > 6 { break }
                }
                if event.isDamaged { return nil }
            default: break
            }
        }
        guard sequence > 0, !item.isDamaged else { return nil }
    }
}

/// Bytes 8–15 of an id, big-endian; nil for another length.
private func lowHalf(_ id: UnsafeRawBufferPointer) -> UInt64? {
    guard id.count == 16 else { return nil }
    return UInt64(bigEndian: id.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
}
