import Glibc
import NIOSSL

/// A server's certificate and key, read and checked once.
public struct TLSIdentity: Sendable, Equatable {
    /// Why a certificate or a key cannot be used, in words to act on.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// The file at fault.
        public let path: String
        /// What is wrong with it.
        public let message: String
        /// Both.
        public var description: String { "\(path): \(message)" }
    }

    let configuration: TLSConfiguration

    /// Reads the two PEM files: the certificate with its chain, its own first, and the key, which only its owner may read.
    ///
    /// - Throws: `Failure` for a file that is missing, not PEM or open to others, and for a key that is not the certificate's.
    public init(certificateFile: String, keyFile: String) throws(Failure) {
        var status = stat()
        guard stat(keyFile, &status) == 0 else {
            throw Failure(path: keyFile, message: "there is no such file, or it cannot be looked at")
        }
        let mode = status.st_mode & 0o777
        guard mode & 0o077 == 0 else {
            throw Failure(path: keyFile, message: "has mode 0\(String(mode & 0o777, radix: 8)), must be 0600: chmod 600 \(keyFile)")
        }
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(certificateFile) } catch {
            throw Failure(path: certificateFile, message: "is not a certificate in PEM form, or cannot be read")
        }
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(file: keyFile, format: .pem) } catch {
            throw Failure(path: keyFile, message: "is not a private key in PEM form, or cannot be read")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        do { _ = try NIOSSLContext(configuration: configuration) } catch {
            throw Failure(path: keyFile, message: "is not the key of \(certificateFile)")
        }
        self.configuration = configuration
    }

    /// Two are equal when they have the same certificate, key and settings.
    public static func == (left: TLSIdentity, right: TLSIdentity) -> Bool { left.configuration.bestEffortEquals(right.configuration) }
}
