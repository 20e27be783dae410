import Glibc
public import Logging
import Synchronization

// With a socket unit systemd binds and listens, and hands the descriptors to the service, counted from 3 (sd_listen_fds). While the service
// restarts the kernel goes on taking connections into the queue, so nobody is refused. The descriptors are told apart by the address
// they listen on, not by their order or name: the configuration stays the one place that says who listens where.

/// The listening stream sockets that systemd opened for this process.
public final class InheritedSockets: Sendable {
    /// What is taken at most; systemd's own limit is far above what the daemon listens on.
    static let bound = 64

    private let waiting: Mutex<[String: Int32]>

    /// Reads `LISTEN_PID` and `LISTEN_FDS` from `environment`. What is no listening stream socket is closed and left out.
    ///
    /// - Parameters:
    ///   - processID: compared with `LISTEN_PID`; nil is this process.
    ///   - first: where the descriptors begin, 3 by the protocol.
    public init(environment: [String: String], processID: Int32? = nil, first: Int32 = 3, logger: Logger) {
        var found: [String: Int32] = [:]
        let isForUs = environment["LISTEN_PID"] == String(processID ?? getpid())
        if isForUs, let text = environment["LISTEN_FDS"], let count = Int32(text), count > 0 {
            for descriptor in first..<first + min(count, Int32(Self.bound)) {
                if let address = Self.address(of: descriptor), found[address] == nil {
                    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                    found[address] = descriptor
                } else {
                    logger.warning("systemd passed a descriptor that is no listening socket of its own address", metadata: ["number": "\(descriptor)"])
                    close(descriptor)
                }
            }
        }
        waiting = Mutex(found)
    }

    /// The descriptor that listens on a numeric address and port, for the caller to keep; nil if systemd passed none. `*` is 0.0.0.0 or ::.
    public func take(host: String, port: Int) -> Int32? {
        let hosts = host == "*" ? ["0.0.0.0", "::"] : [host]
        return waiting.withLock { waiting in
            for host in hosts {
                if let descriptor = waiting.removeValue(forKey: Self.name(host, port)) { return descriptor }
            }
            return nil
        }
    }

    /// The same for `tcp://address:port`.
    public func take(endpoint: String) -> Int32? {
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":"), let port = Int(endpoint[endpoint.index(after: colon)...]) else {
            return nil
        }
        let host = endpoint[..<colon].dropFirst(6)
        return take(host: host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host), port: port)
    }

    /// The descriptor that listens on the Unix socket `path`.
    public func take(path: String) -> Int32? { waiting.withLock { $0.removeValue(forKey: path) } }

    /// Closes what nobody took: it would let clients connect and never answer them.
    /// - Returns: the addresses.
    public func closeRest() -> [String] {
        waiting.withLock { waiting in
            for descriptor in waiting.values { close(descriptor) }
            defer { waiting = [:] }
            return waiting.keys.sorted()
        }
    }

    private static func name(_ host: String, _ port: Int) -> String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Where a listening stream socket listens; nil for anything else.
    private static func address(of descriptor: Int32) -> String? {
        func option(_ name: Int32) -> Int32? {
            var value: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
        }
        guard option(SO_ACCEPTCONN) == 1, option(SO_TYPE) == Int32(SOCK_STREAM.rawValue) else { return nil }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard code == 0 else { return nil }
        if Int32(storage.ss_family) == AF_UNIX { return path(storage, length) }
        guard [AF_INET, AF_INET6].contains(Int32(storage.ss_family)) else { return nil }
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let named = withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getnameinfo($0, length, &host, socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
            }
        }
        guard named == 0, let number = Int(text(port)) else { return nil }
        return name(text(host), number)
    }

    /// The path of a Unix socket; nil for one without a file.
    private static func path(_ storage: sockaddr_storage, _ length: socklen_t) -> String? {
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? MemoryLayout<sa_family_t>.size
        return withUnsafeBytes(of: storage) { bytes in
            let name = bytes[min(offset, Int(length))..<min(Int(length), bytes.count)].prefix { $0 != 0 }
            return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
        }
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
