#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file's bytes and mode, read through one descriptor so that the mode is that of the file that was read.
struct FileBytes {
    var bytes: [UInt8]
    /// Permission bits, such as 0o600.
    var mode: UInt32

    /// Why a file could not be read, as a message for a person.
    struct Failure: Error {
        var message: String
    }

    /// Reads at most `limit` bytes; a longer file, a folder, a pipe or a missing file is a failure.
    static func read(_ path: String, limit: Int) throws(Failure) -> FileBytes {
        // O_NONBLOCK: opening a pipe that nobody writes to would otherwise wait for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(message: "cannot be opened: \(reason(errno))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(message: "cannot be examined: \(reason(errno))") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(message: "is not a regular file") }
        // Room for one byte more than the limit shows a file that grew after fstat.
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                #if canImport(Glibc)
                Glibc.read(descriptor, buffer.baseAddress! + length, buffer.count - length)
                #else
                Darwin.read(descriptor, buffer.baseAddress! + length, buffer.count - length)
                #endif
            }
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(message: "cannot be read: \(reason(errno))")
            }
            length += count
        }
        guard length <= limit else { throw Failure(message: "is larger than \(Quantity.text(bytes: limit))") }
        bytes.removeLast(bytes.count - length)
        return FileBytes(bytes: bytes, mode: UInt32(status.st_mode) & 0o7777)
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
