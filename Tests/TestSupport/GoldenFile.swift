public import FoundationEssentials
import Glibc

/// Encodings that were written down once, so that a change of what travels or is stored is seen in a diff.
///
/// The file is text: a name on a line of its own, below it the bytes in hexadecimal, indented; `#` begins a comment.
/// `WATCHPOST_GOLDEN=write swift test --filter Golden` writes the files anew from what the code says now. What is
/// meant to be compatible must never need that.
public struct GoldenFile {
    private var entries: [String: [UInt8]] = [:]
    /// In the order of the file.
    public private(set) var names: [String] = []

    /// - Parameter data: the content of golden.txt in the bundle of the tests.
    public init(_ data: Data) {
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix(" ") {
                guard let name = names.last else { continue }
                entries[name, default: []] += line.split(separator: " ").compactMap { UInt8($0, radix: 16) }
            } else {
                names.append(String(line))
                entries[names[names.count - 1]] = []
            }
        }
    }

    /// The bytes written down under `name`.
    public subscript(name: String) -> [UInt8]? { entries[name] }

    /// Whether the files are to be written anew.
    public static var isRewriting: Bool { getenv("WATCHPOST_GOLDEN").map { String(cString: $0) } == "write" }

    /// Writes golden.txt beside `source`, the test's own file.
    public static func rewrite(beside source: String, comment: String, _ entries: [(name: String, bytes: [UInt8])]) throws {
        var text = comment.split(separator: "\n").map { "# \($0)\n" }.joined()
        for (name, bytes) in entries {
            text += name + "\n"
            for start in stride(from: 0, to: bytes.count, by: 32) {
                let row = bytes[start..<min(start + 32, bytes.count)]
                text += "  " + row.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ") + "\n"
            }
        }
        let folder = source.lastIndex(of: "/").map { String(source[..<$0]) } ?? "."
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/golden.txt"))
    }
}
