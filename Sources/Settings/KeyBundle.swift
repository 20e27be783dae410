public import TipModel

/// What one post or unit needs to connect, in one file of mode 0600: who it is, where the daemon is, the daemon's
/// public key and its own key pair. Keys are kept as Z85 text here; Access makes keys of them.
public struct KeyBundle: Hashable, Sendable {
    /// Whom the bundle is for.
    public enum Holder: Hashable, Sendable {
        case post(PostID, zone: ZoneID)
        case unit(UnitID, zones: [ZoneID])
    }

    public var holder: Holder
    /// Where the daemon listens for this kind of holder, in order of preference; at least one.
    public var endpoints: [String]
    /// Z85, 40 characters.
    public var daemonPublicKey: String
    /// The key that the daemon is about to have, or has by now: tried where it does not prove the first. Z85.
    public var nextDaemonPublicKey: String?
    /// Z85, 40 characters.
    public var publicKey: String
    /// Z85, 40 characters.
    public var secretKey: SecretText

    public init(
        holder: Holder, endpoints: [String], daemonPublicKey: String, nextDaemonPublicKey: String? = nil, publicKey: String,
        secretKey: SecretText
    ) {
        self.nextDaemonPublicKey = nextDaemonPublicKey
        self.holder = holder
        self.endpoints = endpoints
        self.daemonPublicKey = daemonPublicKey
        self.publicKey = publicKey
        self.secretKey = secretKey
    }
}

// MARK: - Reading and writing

extension KeyBundle {
    /// Reads a bundle. A file that its group or others can read is refused: then the key is no secret any more.
    /// - Parameter isCredential: the file comes from systemd, in a private folder and with a mode of systemd's choice.
    /// - Throws: everything that is wrong in it; the message never shows a key.
    public static func load(path: String, isCredential: Bool = false) throws(SettingsError) -> KeyBundle {
        try loading { issues in SettingsReader.read(path, secret: !isCredential, issues: &issues, body: bundle) }
    }

    static func bundle(_ root: SettingsSection) -> KeyBundle {
        let isUnit = root.optionalChoice("kind", from: [("post", false), ("unit", true)])
        if isUnit == nil, !root.isGiven("kind") { root.issue("kind", "is missing") }
        let holder: Holder
        let endpoints: [String]?
        if isUnit == true {
            holder = .unit(root.name("id"), zones: root.names("zones", required: true, count: 1...64))
            endpoints = root.endpoints("feed_endpoints", required: true)
        } else {
            holder = .post(root.name("id"), zone: root.name("zone"))
            endpoints = root.endpoints("tips_endpoints", required: true)
        }
        return KeyBundle(
            holder: holder, endpoints: endpoints ?? [], daemonPublicKey: root.key("daemon_public_key"),
            nextDaemonPublicKey: root.isGiven("next_daemon_public_key") ? root.key("next_daemon_public_key") : nil,
            publicKey: root.key("public_key"), secretKey: SecretText(root.key("secret_key")))
    }

    /// The file's text. Whoever writes it creates the file with mode 0600 before the first byte.
    public func render() -> String {
        // Z85 has no quote and no backslash, so single quotes hold every key as it is.
        var lines = [
            "# SECRET: the key below is this post's or unit's identity. Mode 0600; never mail or print it.",
            "# 机密：本文件含密钥，等同身份。权限须为 0600，不得转发、打印。丢失请立即报告值班台吊销。",
        ]
        let list = endpoints.map { "\n  - '\($0)'" }.joined()
        switch holder {
        case .post(let id, let zone):
            lines += ["kind: post", "id: '\(id)'", "zone: '\(zone)'", "tips_endpoints:" + list]
        case .unit(let id, let zones):
            let names = zones.map { "\n  - '\($0)'" }.joined()
            lines += ["kind: unit", "id: '\(id)'", "zones:" + names, "feed_endpoints:" + list]
        }
        lines.append("daemon_public_key: '\(daemonPublicKey)'")
        if let nextDaemonPublicKey { lines.append("next_daemon_public_key: '\(nextDaemonPublicKey)'") }
        lines += [
            "public_key: '\(publicKey)'",
            "secret_key: '\(secretKey.revealed)'",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}

extension SettingsSection {
    /// A required Z85 key of 40 characters. Its text is in no message, whatever is wrong with it.
    fileprivate func key(_ key: String) -> String {
        guard let text = scalar(key, required: true) else { return "" }
        let alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".utf8
        guard text.utf8.count == 40, text.utf8.allSatisfy({ alphabet.contains($0) }) else {
            issue(key, "must be a Z85 key of 40 characters in single quotes")
            return ""
        }
        return text
    }
}
