import FoundationEssentials

/// A folder for one test, removed when the last reference goes.
public final class TemporaryDirectory: Sendable {
    /// Without a slash at the end.
    public let path: String

    /// - Throws: what the file system says.
    public init() throws {
        var random = SystemRandomNumberGenerator()
        let name = "watchpost-test-" + String(random.next(), radix: 36)
        path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// The path of `name` in the folder.
    public func file(_ name: String) -> String { path + "/" + name }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
