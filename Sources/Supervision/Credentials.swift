import Glibc

/// Secrets that systemd hands to the service (`LoadCredential=`): files in a directory that only the service can read.
public struct Credentials: Sendable {
    private let directory: String?

    /// Reads `CREDENTIALS_DIRECTORY` from `environment`, usually `ProcessInfo.processInfo.environment`.
    public init(environment: [String: String]) {
        directory = environment["CREDENTIALS_DIRECTORY"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    /// The path of the credential `name`; nil if systemd gave no credentials, or not this one, or it cannot be read, or `name` is not a
    /// plain file name.
    public func path(of name: String) -> String? {
        guard let directory, !name.isEmpty, name != ".", name != "..", !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }) else {
            return nil
        }
        let path = directory + "/" + name
        return access(path, R_OK) == 0 ? path : nil
    }

    /// The path of the credential `name`, else of `sealed`: systemd takes one source for each name, and a key may be given in plain
    /// (`LoadCredential=`) or encrypted for this machine (`LoadCredentialEncrypted=`).
    public func path(of name: String, sealed: String) -> String? { path(of: name) ?? path(of: sealed) }
}
