internal import Crypto
internal import TipModel

/// The checksum chained over the rows: each row's is SHA-256 over the one before and everything stored of the row,
/// cut to 16 bytes. A changed, missing or exchanged row breaks the chain at its place.
struct Chain: Equatable {
    static let bytes = 16
    /// The bytes in their order, the first eight and the others.
    private(set) var words: (UInt64, UInt64) = (0, 0)

    /// Before the first row.
    init() {}

    init(value: [UInt8]) {
        words = value.withUnsafeBytes { Self.words($0) }
    }

    /// After the row that was laid out last.
    init(over row: borrowing RowImage) {
        words = row.withLast { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: bytes)
            return hash.finalize().withUnsafeBytes { Self.words($0) }
        }
    }

    var value: [UInt8] {
        withUnsafeBytes(of: words.0) { first in withUnsafeBytes(of: words.1) { [UInt8](first) + [UInt8]($0) } }
    }

    /// The first 16 bytes; what lacks counts as 0.
    private static func words(_ bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
        var words: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.bytes))) }
        return words
    }

    static func == (left: Chain, right: Chain) -> Bool { left.words == right.words }
}
