import FoundationEssentials
import Glibc

/// One connection to the agent's door that is kept, as a phone's page keeps it. Blocking and plain, so that what is timed is the agent
/// and not its client. Used by one thread.
final class BenchDoor {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 16_384)

    /// - Parameter socket: the agent's Unix socket.
    /// - Throws: ``WorkbenchError`` when it cannot be reached.
    init(socket path: String) throws {
        descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw WorkbenchError("no socket: errno \(errno)") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard bytes.count < room.count else { return false }
            room.copyBytes(from: bytes)
            return true
        }
        // A lost answer must not hold the benchmark.
        var limit = timeval(tv_sec: 15, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard fits, connected == 0 else {
            close(descriptor)
            throw WorkbenchError("\(path) cannot be reached: errno \(errno)")
        }
    }

    deinit { close(descriptor) }

    /// A request as it goes onto the wire, made before the clock starts.
    static func request(_ body: some Encodable) throws -> [UInt8] {
        let json = try JSONEncoder().encode(body)
        let head = "POST /v1/tips?wait=10 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(json.count)\r\n\r\n"
        return Array(head.utf8) + json
    }

    /// Sends a request and reads its whole answer.
    /// - Returns: the body.
    /// - Throws: ``WorkbenchError`` when the connection ends, or nothing comes for 15 seconds, or the answer is over 16 KiB.
    func exchange(_ request: [UInt8]) throws -> [UInt8] {
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes { send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw WorkbenchError("the agent's door closed: errno \(errno)") }
            sent += count
        }
        var filled = 0
        while true {
            guard filled < buffer.count else { throw WorkbenchError("the door's answer is over \(buffer.count) bytes") }
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + filled, $0.count - filled, 0) }
            guard count > 0 else { throw WorkbenchError("the agent's door did not answer: errno \(errno)") }
            filled += count
            if let body = Self.body(buffer[..<filled]) { return body }
        }
    }

    private static let field = Array("\r\ncontent-length:".utf8)

    /// The body, once all of it is there. Byte by byte, because it is part of what is timed.
    static func body(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        bytes.withUnsafeBufferPointer { bytes in
            var length: Int?
            var place = 0
            while place + 4 <= bytes.count {
                defer { place += 1 }
                guard bytes[place] == 13 else { continue }
                if bytes[place + 1] == 10, bytes[place + 2] == 13, bytes[place + 3] == 10 {
                    guard let length, length <= bytes.count - place - 4 else { return nil }
                    return Array(bytes[(place + 4)..<(place + 4 + length)])
                }
                guard place + field.count < bytes.count, field.indices.allSatisfy({ field[$0] == bytes[place + $0] | ($0 > 1 ? 0x20 : 0) })
                else { continue }
                length = number(bytes[(place + field.count)...])
            }
            return nil
        }
    }

    /// Digits after spaces; nil where there are none, or too many for an answer.
    private static func number(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        let digits = bytes.drop { $0 == 32 }.prefix { (48...57).contains($0) }
        guard (1...7).contains(digits.count) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
    }
}
