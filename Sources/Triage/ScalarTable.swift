// A tip's text is read several times, for its phrases, its wording, its terms and what it names. Each reading asks
// something of every character, so the answer must be a table look-up and not a hash.

/// A number for each of some Unicode scalars, 0 for all others. Only pages of 256 scalars that have one take memory.
struct ScalarTable: Sendable {
    /// By the scalar's upper bits: which page of ``values``; page 0 is empty.
    private var pages = [UInt16](repeating: 0, count: 0x1100)
    private var values = [UInt32](repeating: 0, count: 256)

    init() {}

    /// 1 for each of `characters`.
    init(ones characters: String) {
        for scalar in characters.unicodeScalars { self[scalar.value] = 1 }
    }

    subscript(scalar: UInt32) -> UInt32 {
        @inline(__always)
        get {
            let page = Int(scalar >> 8)
            guard page < pages.count else { return 0 }
            return values[Int(pages[page]) << 8 | Int(scalar & 0xFF)]
        }
        set {
            let page = Int(scalar >> 8)
            guard page < pages.count else { return }
            if pages[page] == 0 {
                pages[page] = UInt16(values.count >> 8)
                values.append(contentsOf: repeatElement(0, count: 256))
            }
            values[Int(pages[page]) << 8 | Int(scalar & 0xFF)] = newValue
        }
    }

    /// Lends the table for many questions.
    @inline(__always)
    func withLookup<Result>(_ body: (Lookup) -> Result) -> Result {
        pages.withUnsafeBufferPointer { pages in
            values.withUnsafeBufferPointer { body(Lookup(pages: pages, values: $0)) }
        }
    }

    struct Lookup {
        fileprivate let pages: UnsafeBufferPointer<UInt16>
        fileprivate let values: UnsafeBufferPointer<UInt32>

        subscript(scalar: UInt32) -> UInt32 {
            @inline(__always)
            get {
                let page = Int(scalar >> 8)
                // A page that is named has its 256 values.
                return page < pages.count ? values[Int(pages[page]) << 8 | Int(scalar & 0xFF)] : 0
            }
        }
    }
}

/// Reads the scalar that begins at `index` and moves behind it. What is not UTF-8 (which no `String` lends) is read as single bytes.
@inline(__always)
func nextScalar(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32 {
    // An index within a buffer leaves room to count on.
    let first = UInt32(bytes[index])
    if first < 0xC0 {
        index &+= 1
        return first
    }
    let left = bytes.count &- index
    if left < 2 {
        index &+= 1
        return first
    }
    let second = UInt32(bytes[index &+ 1] & 0x3F)
    if first < 0xE0 || left < 3 {
        index &+= 2
        return (first & 0x1F) << 6 | second
    }
    let third = UInt32(bytes[index &+ 2] & 0x3F)
    if first < 0xF0 || left < 4 {
        index &+= 3
        return (first & 0x0F) << 12 | second << 6 | third
    }
    let fourth = UInt32(bytes[index &+ 3] & 0x3F)
    index &+= 4
    return (first & 0x07) << 18 | second << 12 | third << 6 | fourth
}
