internal import CZlib
internal import Glibc

/// A file's bytes, 64 KiB at a time; what gzip packed is unpacked.
public final class FileChunks {
    private let file: String
    private let handle: gzFile

    /// - Throws: ``EvaluationError`` where it cannot be opened.
    public init(_ file: String) throws {
        self.file = file
        guard let handle = gzopen(file, "rb") else {
            throw EvaluationError(file: file, line: nil, "cannot be opened: \(String(cString: strerror(errno)))")
        }
        self.handle = handle
    }

    deinit { gzclose(handle) }

    /// The next bytes; empty at the end.
    /// - Throws: ``EvaluationError`` where it cannot be read or is no good gzip.
    public func next() throws -> [UInt8] {
        var failure: Int32 = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            let read = gzread(handle, buffer.baseAddress, UInt32(buffer.count))
            failure = min(0, read)
            count = Int(max(0, read))
        }
        guard failure == 0 else {
            var code: Int32 = 0
            let message = gzerror(handle, &code).map { String(cString: $0) } ?? "error \(code)"
            throw EvaluationError(file: file, line: nil, "cannot be read: \(message)")
        }
        return chunk
    }

    /// Lines without their ends, from the next byte on.
    func lines() throws -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest: [UInt8] = []
        while true {
            let chunk = try next()
            if chunk.isEmpty { break }
            var parts = chunk.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            rest += parts.removeFirst()
            for part in parts {
                lines.append(rest)
                rest = Array(part)
            }
        }
        if !rest.isEmpty { lines.append(rest) }
        return lines.map { $0.last == UInt8(ascii: "\r") ? Array($0.dropLast()) : $0 }
    }
}
