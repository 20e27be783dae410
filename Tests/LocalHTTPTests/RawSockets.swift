import Foundation
import Glibc
import Testing

// Sockets without HTTP, for peers that misbehave. Each wait is a poll with a deadline on a thread of its own, not on Swift's pool.

private func unixAddress<T>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
}

/// A client that sends what it likes.
final class RawPeer: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let fd = descriptor
        try #require(unixAddress(path) { connect(fd, $0, $1) } == 0)
    }

    deinit { Glibc.close(descriptor) }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        try #require(Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    }

    /// Sends the same again and again and reads nothing.
    /// - Returns: whether the server closes the connection in time.
    func isClosed(whileSending text: String, withinSeconds limit: Double) async -> Bool {
        let (descriptor, bytes) = (descriptor, Array(text.utf8))
        return await onThread {
            let end = Date().addingTimeInterval(limit)
            var sent = 0
            while Date() < end {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                }
                if count > 0 {
                    sent = (sent + count) % bytes.count
                } else if errno == EAGAIN {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&waiting, 1, 100)
                } else {
                    return true
                }
            }
            return false
        }
    }

    /// Whether the server closes the connection in time, whatever it sends before.
    func isClosed(withinMilliseconds limit: Int32) async -> Bool {
        let descriptor = descriptor
        return await onThread {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&waiting, 1, limit) > 0 else { return false }
                if recv(descriptor, &buffer, buffer.count, 0) <= 0 { return true }
            }
        }
    }
}

/// A listener that does not speak unless told what to say.
final class RawListener: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let fd = descriptor
        try #require(unixAddress(path) { bind(fd, $0, $1) } == 0)
        try #require(listen(fd, 5) == 0)
    }

    /// Stops listening and leaves the file, as a crash does.
    func close() { Glibc.close(descriptor) }

    /// Takes one connection, sends `reply` and closes it. Blocks: only on a thread of its own. False if nobody connected.
    func answerOnce(_ reply: [UInt8]) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 30_000) == 1 else { return false }
        let peer = accept(descriptor, nil, nil)
        guard peer >= 0 else { return false }
        defer { Glibc.close(peer) }
        var request = [UInt8](repeating: 0, count: 4096)
        _ = recv(peer, &request, request.count, 0)
        var sent = 0
        while sent < reply.count {
            let count = reply.withUnsafeBytes { send(peer, $0.baseAddress! + sent, reply.count - sent, Int32(MSG_NOSIGNAL)) }
            // The client may have had enough.
            guard count > 0 else { return true }
            sent += count
        }
        return true
    }
}

func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: body()) }
    }
}

/// The output of a program found in /usr/bin; nil if one of the programs named is not there.
func runTool(_ name: String, _ arguments: String...) async throws -> String? {
    guard ([name] + arguments.filter { $0 == "curl" }).allSatisfy({ access("/usr/bin/" + $0, X_OK) == 0 }) else { return nil }
    return await onThread {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/" + name)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
