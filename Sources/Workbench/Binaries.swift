import Glibc

/// Where the two programs are.
public struct Binaries: Hashable, Sendable {
    /// `watchpostd`.
    public var daemon: String
    /// `watchpost`.
    public var tool: String

    /// - Parameter folder: nil for the folder of the program that is running, where a build puts all of them.
    /// - Throws: when one is not there.
    public init(folder: String? = nil) throws(WorkbenchError) {
        let folder = folder ?? Self.ownFolder()
        daemon = folder + "/watchpostd"
        tool = folder + "/watchpost"
        for path in [daemon, tool] where access(path, X_OK) != 0 {
            throw WorkbenchError("\(path) is not there or cannot be run: build it, or name its folder with --bin-dir")
        }
    }

    private static func ownFolder() -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return String(path[..<slash])
    }
}
