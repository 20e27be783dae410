import Testing

@testable import Accounts
import TipModel

@Suite("Passwords")
struct PasswordTests {
    @Test("a hash matches its password and nothing else, also when it was read back")
    func matches() throws {
        let hash = try PasswordHash(hashing: "值班台的密码 123", rounds: 16)
        let read = try #require(PasswordHash(hash.text))
        #expect(read == hash)
        #expect(read.matches("值班台的密码 123"))
        #expect(!read.matches("值班台的密码 124"))
        #expect(!read.matches(""))
    }

    @Test("two hashes of one password differ: each has a salt")
    func salted() throws {
        let one = try PasswordHash(hashing: "the same", rounds: 16)
        let other = try PasswordHash(hashing: "the same", rounds: 16)
        #expect(one.salt != other.salt)
        #expect(one.key != other.key)
    }

    @Test("the parameters are stored, and scrypt gives what RFC 7914 says")
    func knownAnswer() throws {
        // RFC 7914, section 12: scrypt("pleaseletmein", "SodiumChloride", 16384, 8, 1).
        let key = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
        let hash = try #require(PasswordHash("scrypt$16384$8$1$\(hexadecimal(Array("SodiumChloride".utf8)))$\(key)"))
        #expect(hash.matches("pleaseletmein"))
        #expect(!hash.matches("pleaseletmeim"))
        #expect(PasswordHash.unmatched().text.hasPrefix("scrypt$32768$8$1$"))
    }

    @Test(
        "what is no hash is none, and parameters that would take the memory away are refused",
        arguments: ["", "x", "scrypt$16$8$1$00", "scrypt$17$8$1$00$00", "scrypt$16$8$1$$00", "scrypt$1073741824$8$1$00$00", "scrypt$16$8$1$0$0", "bcrypt$16$8$1$00$00"])
    func malformed(text: String) { #expect(PasswordHash(text) == nil) }

    @Test("a password is long enough and not too long, and the message says how long it is")
    func lengths() throws {
        try PasswordRules.check("1234567890")
        let short = #expect(throws: AccountError.self) { try PasswordRules.check("123456789") }
        #expect(short?.message.contains("10") == true && short?.message.contains("9") == true)
        #expect(throws: AccountError.self) { try PasswordRules.check(String(repeating: "x", count: 257)) }
        // Characters and not bytes: ten of Chinese are ten.
        try PasswordRules.check("一二三四五六七八九十")
    }

    @Test("no more hashes run at once than allowed, and beyond the queue one is refused")
    func bounded() async throws {
        let hasher = PasswordHasher(parallel: 1, queued: 0)
        let gate = Gate()
        async let first = hasher.run { gate.wait() }
        try await gate.entered()
        #expect(await refusal { try await hasher.run { true } } == .busy)
        gate.open()
        #expect(try await first)
        #expect(try await hasher.run { true })
    }
}
