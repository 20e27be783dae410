import Crypto
import CryptoExtras
import FoundationEssentials
import TipModel

/// How long a password is.
public enum PasswordRules {
    public static let leastCharacters = 10
    /// UTF-8 bytes: a bound on what is hashed.
    public static let mostBytes = 256

    /// - Throws: ``AccountError`` `invalidField`.
    static func check(_ password: String) throws(AccountError) {
        guard password.count >= leastCharacters else {
            throw AccountError(.invalidField, field: "password", "a password has at least \(leastCharacters) characters, this one has \(password.count)")
        }
        guard password.utf8.count <= mostBytes else {
            throw AccountError(.invalidField, field: "password", "a password has at most \(mostBytes) bytes")
        }
    }
}

/// A password as it is stored: scrypt's output with the parameters that made it, so that a later version may raise them.
struct PasswordHash: Hashable, Sendable {
    /// N: with r = 8 and p = 1 each hash takes 32 MiB.
    static let standardRounds = 1 << 15
    static let saltBytes = 16
    static let keyBytes = 32

    var rounds: Int
    var blockSize: Int
    var parallelism: Int
    var salt: [UInt8]
    var key: [UInt8]

    /// Hashes a new password. Takes some 100 ms of a processor.
    init(hashing password: String, rounds: Int = Self.standardRounds) throws {
        self = Self.unmatched(rounds: rounds)
        key = try derive(password)
    }

    /// One that no password matches and that costs as much to try: for names that nobody has.
    static func unmatched(rounds: Int = Self.standardRounds) -> PasswordHash {
        var random = SystemRandomNumberGenerator()
        return PasswordHash(
            rounds: rounds, blockSize: 8, parallelism: 1, salt: randomBytes(saltBytes, &random), key: randomBytes(keyBytes, &random))
    }

    private init(rounds: Int, blockSize: Int, parallelism: Int, salt: [UInt8], key: [UInt8]) {
        self.rounds = rounds
        self.blockSize = blockSize
        self.parallelism = parallelism
        self.salt = salt
        self.key = key
    }

    /// Reads `scrypt$N$r$p$salt$key`; nil for anything else, also for parameters that would take too much memory.
    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "scrypt", let rounds = Int(parts[1]), let blockSize = Int(parts[2]),
            let parallelism = Int(parts[3]), let salt = bytes(hex: parts[4]), let key = bytes(hex: parts[5]),
            (2...(1 << 20)).contains(rounds), rounds & (rounds - 1) == 0, (1...32).contains(blockSize), (1...16).contains(parallelism),
            !salt.isEmpty, !key.isEmpty
        else { return nil }
        self.init(rounds: rounds, blockSize: blockSize, parallelism: parallelism, salt: salt, key: key)
    }

    var text: String { "scrypt$\(rounds)$\(blockSize)$\(parallelism)$\(hexadecimal(salt))$\(hexadecimal(key))" }

    /// Whether it is the password, in a time that does not depend on how much of it is right.
    func matches(_ password: String) -> Bool {
        guard let offered = try? derive(password) else { return false }
        return constantTimeEqual(offered, key)
    }

    private func derive(_ password: String) throws -> [UInt8] {
        let derived = try KDF.Scrypt.deriveKey(
            from: Data(password.utf8), salt: Data(salt), outputByteCount: key.count, rounds: rounds, blockSize: blockSize,
            parallelism: parallelism)
        return derived.withUnsafeBytes { Array($0) }
    }
}

// MARK: - Bytes

/// Whether two byte strings are equal, in a time that depends on their length only.
func constantTimeEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one.count == other.count else { return false }
    return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}

func randomBytes(_ count: Int, _ random: inout some RandomNumberGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
}

/// Nil unless it is pairs of lower-case hexadecimal digits.
func bytes(hex text: some StringProtocol) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
    var result: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
        result.append(high << 4 | low)
    }
    return result
}

func sha256(_ bytes: some Sequence<UInt8>) -> [UInt8] { Array(SHA256.hash(data: Data(bytes))) }
