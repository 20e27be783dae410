import FoundationEssentials
import Glibc
import Synchronization

/// A new folder under /tmp (short, because a Unix socket's path has a limit), removed with the last reference or, where
/// the process ends before, at its exit: it may hold keys.
public final class TemporaryFolder: Sendable {
    public let path: String
    private let keeps: Bool

    /// - Parameters:
    ///   - keeps: leave it in place, for a look afterwards.
    ///   - parent: another place than /tmp, made when missing; nil for /tmp.
    public init(keeps: Bool = false, in parent: String? = nil) throws(WorkbenchError) {
        let parent = parent ?? "/tmp"
        try makeFolder(parent)
        var template = Array((parent + "/watchpost-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw WorkbenchError("no folder can be made in \(parent): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.keeps = keeps
        if !keeps { Self.remember(path) }
    }

    deinit {
        guard !keeps else { return }
        Self.present.withLock { _ = $0.remove(path) }
        try? FileManager.default.removeItem(atPath: path)
    }

    private static let present = Mutex<Set<String>>([])

    /// Registered at the first folder, so that it runs after the handler that kills children.
    private static let atExit: Void = {
        atexit {
            for path in TemporaryFolder.present.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
        }
    }()

    private static func remember(_ path: String) {
        atExit
        present.withLock { _ = $0.insert(path) }
    }
}

/// Makes a folder and those above it, mode 0700.
func makeFolder(_ path: String) throws(WorkbenchError) {
    do {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
        throw WorkbenchError("\(path) cannot be made: \(error)")
    }
}

/// Writes a file, replacing what was there.
func writeFile(_ path: String, _ text: String) throws(WorkbenchError) {
    do {
        try Data(text.utf8).write(to: URL(filePath: path))
    } catch {
        throw WorkbenchError("\(path) cannot be written: \(error)")
    }
}

/// The end of a text file, for an error message; at most `lines` lines.
func tail(_ path: String, lines: Int = 5) -> String {
    guard let data = FileManager.default.contents(atPath: path) else { return "" }
    let all = String(decoding: data.suffix(16 << 10), as: UTF8.self).split(separator: "\n")
    return all.suffix(lines).joined(separator: "\n")
}
