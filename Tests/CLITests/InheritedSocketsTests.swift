import Glibc
import Logging
import Testing

@testable import Supervision

@Suite("sockets from systemd", .serialized)
struct InheritedSocketsTests {
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    /// Far above what the test's process has open.
    private static let first: Int32 = 700

    /// Puts listening sockets where systemd would, and returns their ports.
    private func place(_ addresses: [UInt32], listening: Bool = true) throws -> [Int] {
        try addresses.enumerated().map { index, host in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = host.bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    bind(descriptor, address, length) == 0 && (!listening || listen(descriptor, 4) == 0)
                        ? getsockname(descriptor, address, &length) : -1
                }
            }
            try #require(code == 0)
            try #require(dup2(descriptor, Self.first + Int32(index)) >= 0)
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }

    private func sockets(_ count: String, pid: String = "42") -> InheritedSockets {
        InheritedSockets(environment: ["LISTEN_PID": pid, "LISTEN_FDS": count], processID: 42, first: Self.first, logger: quiet)
    }

    @Test("each is found by its address, once, and closed on exec")
    func byAddress() throws {
        let ports = try place([0x7F00_0001, 0])
        let inherited = sockets("2")
        #expect(inherited.take(endpoint: "tcp://127.0.0.1:\(ports[0])") == Self.first)
        #expect(inherited.take(host: "127.0.0.1", port: ports[0]) == nil)
        #expect(inherited.take(endpoint: "tcp://*:\(ports[1])") == Self.first + 1)
        #expect(fcntl(Self.first, F_GETFD) & FD_CLOEXEC != 0)
        #expect(inherited.closeRest() == [])
        close(Self.first)
        close(Self.first + 1)
    }

    @Test("what the configuration does not name is closed and told")
    func rest() throws {
        let ports = try place([0x7F00_0001])
        let inherited = sockets("1")
        for wrong in ["tcp://127.0.0.2:\(ports[0])", "tcp://*:\(ports[0])", "tcp://127.0.0.1:*", "nonsense", "tcp://"] {
            #expect(inherited.take(endpoint: wrong) == nil)
        }
        #expect(inherited.closeRest() == ["127.0.0.1:\(ports[0])"])
        #expect(fcntl(Self.first, F_GETFD) == -1)
    }

    @Test("a socket that does not listen is closed")
    func notListening() throws {
        _ = try place([0x7F00_0001], listening: false)
        #expect(sockets("1").closeRest() == [])
        #expect(fcntl(Self.first, F_GETFD) == -1)
    }

    @Test("another process's, and nonsense, is left alone", arguments: [("1", "43"), ("0", "42"), ("-1", "42"), ("many", "42"), ("", "")])
    func notOurs(count: String, pid: String) throws {
        let ports = try place([0x7F00_0001])
        #expect(sockets(count, pid: pid).take(host: "127.0.0.1", port: ports[0]) == nil)
        #expect(fcntl(Self.first, F_GETFD) >= 0)
        close(Self.first)
    }
}
