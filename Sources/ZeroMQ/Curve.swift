import CZeroMQ
import Glibc

/// A CURVE public key: 32 bytes, written as 40 characters of Z85.
public struct CurveKey: Sendable, Hashable, CustomStringConvertible {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// `nil` unless there are 32 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == curveKeySize else { return nil }
        self.bytes = Array(bytes)
    }

    /// `nil` unless it is 40 characters of Z85 that stand for 32 bytes.
    public init?(z85: String) {
        guard let bytes = decodeZ85(z85) else { return nil }
        self.bytes = bytes
    }

    /// 40 characters.
    public var z85: String { bytes.withUnsafeBytes(encodeZ85) }

    public var description: String { z85 }
}

/// A CURVE secret key. It does not print itself, not in a dump either, and its memory is overwritten when the last copy goes.
public struct CurveSecretKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let storage: SecretBytes

    /// `nil` unless there are 32 bytes. Wiping the caller's copy is up to the caller.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == curveKeySize else { return nil }
        storage = SecretBytes(bytes)
    }

    /// `nil` unless it is 40 characters of Z85 that stand for 32 bytes.
    public init?(z85: String) {
        guard var bytes = decodeZ85(z85) else { return nil }
        storage = SecretBytes(bytes)
        wipe(&bytes)
    }

    /// Lends the 32 bytes.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(storage.buffer))
    }

    /// The key as text, for the one place that writes the key file. Never log it.
    public var exposedZ85: String { withUnsafeBytes(encodeZ85) }

    /// The public key that belongs to it.
    /// - Throws: `ENOTSUP` when libzmq was built without CURVE.
    public var publicKey: CurveKey { get throws(ZeroMQError) { try ZeroMQ.publicKey(of: self) } }

    public var description: String { "<secret>" }
    public var debugDescription: String { "<secret>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A public key with its secret.
public struct CurveKeyPair: Sendable {
    public let publicKey: CurveKey
    public let secretKey: CurveSecretKey

    /// Puts a pair together; that they belong together is not checked.
    public init(publicKey: CurveKey, secretKey: CurveSecretKey) {
        self.publicKey = publicKey
        self.secretKey = secretKey
    }

    /// The pair of a secret key.
    /// - Throws: `ENOTSUP` when libzmq was built without CURVE.
    public init(secretKey: CurveSecretKey) throws(ZeroMQError) {
        self.init(publicKey: try ZeroMQ.publicKey(of: secretKey), secretKey: secretKey)
    }

    /// A new random pair.
    /// - Throws: `ENOTSUP` when libzmq was built without CURVE.
    public static func generate() throws(ZeroMQError) -> CurveKeyPair {
        var publicText = [CChar](repeating: 0, count: z85Size + 1)
        var secretText = [CChar](repeating: 0, count: z85Size + 1)
        defer { wipe(&secretText) }
        guard zmq_curve_keypair(&publicText, &secretText) == 0 else { throw ZeroMQError.last("generate key pair") }
        guard var secretBytes = decodeZ85(secretText), let publicBytes = decodeZ85(publicText),
            let publicKey = CurveKey(bytes: publicBytes), let secretKey = CurveSecretKey(bytes: secretBytes)
        else { throw ZeroMQError(code: EINVAL, operation: "generate key pair") }
        wipe(&secretBytes)
        return CurveKeyPair(publicKey: publicKey, secretKey: secretKey)
    }
}

/// The public key that belongs to a secret key.
/// - Throws: `ENOTSUP` when libzmq was built without CURVE.
public func publicKey(of secret: CurveSecretKey) throws(ZeroMQError) -> CurveKey {
    var publicText = [CChar](repeating: 0, count: z85Size + 1)
    var secretText = [CChar](repeating: 0, count: z85Size + 1)
    defer { wipe(&secretText) }
    secret.withUnsafeBytes { bytes in
        _ = zmq_z85_encode(&secretText, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
    }
    guard zmq_curve_public(&publicText, secretText) == 0 else { throw ZeroMQError.last("derive public key") }
    guard let bytes = decodeZ85(publicText), let key = CurveKey(bytes: bytes) else {
        throw ZeroMQError(code: EINVAL, operation: "derive public key")
    }
    return key
}

let curveKeySize = 32
let z85Size = 40

/// Bytes that are overwritten before their memory is given back.
private final class SecretBytes: @unchecked Sendable {
    // Safe to share: written once in init, before anyone else has it, and only read until deinit.
    let buffer: UnsafeMutableRawBufferPointer

    init(_ bytes: some Collection<UInt8>) {
        buffer = .allocate(byteCount: bytes.count, alignment: 8)
        buffer.copyBytes(from: bytes)
    }

    deinit {
        wp_wipe(buffer.baseAddress, buffer.count)
        buffer.deallocate()
    }
}

private func wipe<Element: BitwiseCopyable>(_ array: inout [Element]) {
    array.withUnsafeMutableBytes { wp_wipe($0.baseAddress, $0.count) }
}

private func encodeZ85(_ bytes: UnsafeRawBufferPointer) -> String {
    var text = [CChar](repeating: 0, count: z85Size + 1)
    defer { wipe(&text) }
    guard zmq_z85_encode(&text, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count) != nil else { return "" }
    return String(decoding: text.prefix(z85Size).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

private func decodeZ85(_ text: String) -> [UInt8]? {
    guard text.utf8.count == z85Size else { return nil }
    var characters = text.utf8.map { CChar(bitPattern: $0) } + [0]
    defer { wipe(&characters) }
    return decodeZ85(characters)
}

private func decodeZ85(_ text: [CChar]) -> [UInt8]? {
    // A zero inside would end the text early, and libzmq would write fewer bytes than we report.
    guard text.count == z85Size + 1, text.firstIndex(of: 0) == z85Size else { return nil }
    var bytes = [UInt8](repeating: 0, count: curveKeySize)
    guard zmq_z85_decode(&bytes, text) != nil else { return nil }
    return bytes
}
