extension TipReply {
    /// What ``encodeJSON(_:)`` gives, for a tip that was accepted and of which no more is known: the answer that a guard waits for. It has
    /// numbers and words of ours only, and is written here in a tenth of the time.
    var acceptedJSON: [UInt8]? {
        guard state == .accepted, let receipt, link == nil, linkText == nil, error == nil, progress == nil else { return nil }
        let (level, verdict) = (receipt.level, receipt.verdict)
        guard [level, verdict, tip].allSatisfy({ $0.utf8.allSatisfy(Self.isPlain) }) else { return nil }
        return Array(
            """
            {"number":\(number),"receipt":{"at_ms":\(receipt.atMs),"incident":\(receipt.incident),"level":"\(level)",\
            "score":\(receipt.score),"sequence":\(receipt.sequence),"verdict":"\(verdict)"},"state":"accepted","tip":"\(tip)"}
            """.utf8)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
    }
}
