import Glibc

/// The address of systemd's notify socket, and sending to it: one datagram, never waiting.
struct NotifyAddress: Sendable, Equatable {
    /// The bytes of `sun_path`: a path, or a NUL and an abstract name.
    let bytes: [UInt8]

    /// Reads `NOTIFY_SOCKET`. Nil for what systemd never sets: a relative path, nothing at all, or too long for an address.
    init?(environmentValue text: String) {
        var bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count > 1 else { return nil }
        switch first {
        case UInt8(ascii: "@"): bytes[0] = 0
        case UInt8(ascii: "/"): break
        default: return nil
        }
        guard bytes.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
        self.bytes = bytes
    }

    /// Sends `payload` as one datagram.
    ///
    /// - Returns: 0, or the errno of what failed. A receiver with a full queue counts as a failure (EAGAIN): nobody waits for systemd.
    func send(_ payload: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // An abstract name is as long as the address says; the zeros after it would be part of the name.
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? MemoryLayout<sa_family_t>.size
        let isPath = bytes.first != 0
        let length = socklen_t(offset + bytes.count + (isPath ? 1 : 0))
        let message = Array(payload.utf8)
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        let sent = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, message, message.count, flags, $0, length)
            }
        }
        return sent < 0 ? errno : 0
    }
}
