import NIOSSL

/// A server's certificate and key, checked once. Who may read the key's file is for the caller to look at.
public struct TLSIdentity: Sendable, Equatable {
    /// Why a certificate or a key cannot be used.
    public enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// Not a certificate in PEM form.
        case certificate
        /// Not a private key in PEM form.
        case key
        /// The key is another certificate's.
        case mismatch

        /// What is wrong.
        public var description: String {
            switch self {
            case .certificate: "the file is no certificate in PEM form"
            case .key: "the file is no private key in PEM form"
            case .mismatch: "the key does not belong to the certificate"
            }
        }
    }

    let configuration: TLSConfiguration

    /// Reads the contents of two PEM files: the certificate with its chain, its own first, and the key.
    public init(certificate: [UInt8], key: [UInt8]) throws(Failure) {
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(certificate), !chain.isEmpty else { throw .certificate }
        guard let key = try? NIOSSLPrivateKey(bytes: key, format: .pem) else { throw .key }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        do { _ = try NIOSSLContext(configuration: configuration) } catch { throw .mismatch }
        self.configuration = configuration
    }

    /// Two are equal when they have the same certificate, key and settings.
    public static func == (left: TLSIdentity, right: TLSIdentity) -> Bool { left.configuration.bestEffortEquals(right.configuration) }
}
