#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The rule for addresses in configuration: `tcp://host:port`. libzmq's other transports are not for networks, and it
/// reports a bad address only as EINVAL.
enum Endpoint {
    enum Use {
        /// A numeric address or `*` for all, port 1…65535 or `*` for any free one.
        case bind
        /// An address or host name, port 1…65535.
        case connect
    }

    /// Why `text` is no endpoint, or nil.
    static func problem(_ text: String, use: Use) -> String? {
        let found = "is \(SettingsSection.quoted(text))"
        guard text.utf8.allSatisfy({ (33...126).contains($0) }), text.hasPrefix("tcp://"), let (host, port) = split(String(text.dropFirst(6))) else {
            return "must be tcp://host:port; \(found)"
        }
        if !(use == .bind && port == "*"), !isPort(port, least: 1) {
            return "must end with a port 1…65535\(use == .bind ? " or *" : ""); \(found)"
        }
        switch use {
        case .bind:
            return host == "*" || isAddress(host) ? nil : "must be a numeric address or * to listen on; \(found)"
        case .connect:
            return isAddress(host) || isHostName(host) ? nil : "must name a host to connect to; \(found)"
        }
    }

    /// `host:port` or `[v6]:port`, the host without brackets.
    static func split(_ text: String) -> (host: String, port: String)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = String(text[..<colon])
        let port = String(text[text.index(after: colon)...])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        return host.isEmpty || port.isEmpty ? nil : (host, port)
    }

    static func isPort(_ text: String, least: Int) -> Bool {
        text.utf8.count <= 5 && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && (least...65_535).contains(Int(text) ?? -1)
    }

    /// A numeric IPv4 or IPv6 address.
    static func isAddress(_ host: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1
    }

    /// Only this machine can reach it.
    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || (host.hasPrefix("127.") && isAddress(host))
    }

    private static func isHostName(_ host: String) -> Bool {
        // All digits and dots would be a mistyped address, not a name.
        guard host.utf8.count <= 253, host.contains(where: \.isLetter) else { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                }
        }
    }
}
