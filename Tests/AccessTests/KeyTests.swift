import Access
import Glibc
import Settings
import TestSupport
import Testing
import TipModel
import ZeroMQ

/// The daemon's key file.
struct DaemonKeyTests {
    private let folder: TemporaryDirectory
    private let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.file("daemon.key")
    }

    /// Were it another after a restart, every client would be locked out.
    @Test func itIsMadeAtTheFirstStartAndTheSameAfterwards() throws {
        let first = try DaemonKey.load(path: path, isCredential: false)
        #expect(try mode(of: path) == 0o600)
        let text = try content()
        #expect(text == first.secretKey.exposedZ85 + "\n" && text.utf8.count == 41)
        for _ in 0..<2 {
            let again = try DaemonKey.load(path: path, isCredential: false)
            #expect(again.publicKey == first.publicKey)
            #expect(again.secretKey.exposedZ85 == first.secretKey.exposedZ85)
        }
        #expect(try content() == text)
    }

    /// In two steps, each of which can be asked for again, and never without a key.
    @Test func aRotationPutsTheNextKeyInItsPlace() throws {
        let first = try DaemonKey.load(path: path, isCredential: false)
        #expect(throws: SecretFile.Failure.self) { try DaemonKey.finishRotation(of: path) }
        let next = try DaemonKey.prepareNext(of: path)
        #expect(try DaemonKey.prepareNext(of: path).publicKey == next.publicKey)
        #expect(try DaemonKey.load(path: path, isCredential: false).publicKey == first.publicKey)
        #expect(try DaemonKey.finishRotation(of: path).publicKey == next.publicKey)
        #expect(try DaemonKey.load(path: path, isCredential: false).publicKey == next.publicKey)
        #expect(try DaemonKey.load(path: DaemonKey.formerPath(path), isCredential: false).publicKey == first.publicKey)
        #expect(try mode(of: path) == 0o600)
        #expect(access(DaemonKey.nextPath(path), F_OK) != 0)
    }

    /// The operator is root and the daemon is not.
    @Test(.enabled(if: geteuid() == 0, "only root makes files for others")) func aKeyThatRootRotatesStaysTheDaemons() throws {
        _ = try DaemonKey.load(path: path, isCredential: false)
        #expect(chown(path, 4_711, 4_712) == 0)
        func owner(_ path: String) -> [UInt32] {
            var status = stat()
            return stat(path, &status) == 0 ? [status.st_uid, status.st_gid] : []
        }
        _ = try DaemonKey.prepareNext(of: path)
        #expect(owner(DaemonKey.nextPath(path)) == [4_711, 4_712])
        // One that an earlier version had made.
        #expect(chown(DaemonKey.nextPath(path), 0, 0) == 0)
        _ = try DaemonKey.finishRotation(of: path)
        #expect(owner(path) == [4_711, 4_712] && owner(DaemonKey.formerPath(path)) == [4_711, 4_712])
    }

    @Test func twoDaemonsMakeTwoKeys() throws {
        let first = try DaemonKey.load(path: path, isCredential: false)
        let second = try DaemonKey.load(path: folder.file("other.key"), isCredential: false)
        #expect(first.publicKey != second.publicKey)
    }

    static let damaged: [(name: String, bytes: [UInt8])] = [
        ("nothing", []),
        ("a line end", [0x0A]),
        ("39 characters", Array("abcdefghijabcdefghijabcdefghijabcdefghi".utf8)),
        ("41 characters", Array("abcdefghijabcdefghijabcdefghijabcdefghijk".utf8)),
        ("a character that Z85 has not", Array("abcdefghijabcdefghij~bcdefghijabcdefghij".utf8)),
        ("a zero", Array("abcdefghijabcdefghij".utf8) + [0] + Array("bcdefghijabcdefghij".utf8)),
        ("more than 32 bits in five characters", Array("#####".utf8) + Array("abcdefghijabcdefghijabcdefghijabcde".utf8)),
        ("32 raw bytes", [UInt8](repeating: 0xFE, count: 32)),
        ("40 bytes that are no text", [UInt8](repeating: 0xFE, count: 40)),
    ]

    /// A truncated key must neither be used nor be replaced by a new one: somebody has to look.
    @Test(arguments: damaged) func whatIsNoKeyIsRefusedAndLeftAsItIs(_ case: (name: String, bytes: [UInt8])) throws {
        try SecretFile.create(path, `case`.bytes)
        let error = #expect(throws: SecretFile.Failure.self) { try DaemonKey.load(path: path, isCredential: false) }
        #expect(error?.message == "is not a secret key (40 characters of Z85)")
        #expect(try SecretFile.read(path) == `case`.bytes)
    }

    @Test func aModeThatOthersCanReadIsRefused() throws {
        _ = try DaemonKey.load(path: path, isCredential: false)
        try #require(chmod(path, 0o644) == 0)
        let error = #expect(throws: SecretFile.Failure.self) { try DaemonKey.load(path: path, isCredential: false) }
        #expect(error?.message.contains("chmod 600 \(path)") == true)
    }

    @Test func aLinkToNowhereIsNoFirstStart() throws {
        let target = folder.file("mounted-later")
        try #require(symlink(target, path) == 0)
        #expect(throws: SecretFile.Failure.self) { try DaemonKey.load(path: path, isCredential: false) }
        #expect(access(target, F_OK) != 0)
    }

    @Test func aCredentialIsOnlyRead() throws {
        #expect(throws: SecretFile.Failure.self) { try DaemonKey.load(path: path, isCredential: true) }
        #expect(access(path, F_OK) != 0)
        let pair = try DaemonKey.load(path: path, isCredential: false)
        try #require(chmod(path, 0o440) == 0)
        #expect(try DaemonKey.load(path: path, isCredential: true).publicKey == pair.publicKey)
    }

    private func content() throws -> String { String(decoding: try SecretFile.read(path), as: UTF8.self) }
}

/// A client's keys, as its bundle has them.
struct ClientKeysTests {
    @Test func aBundleOfTheStationIsUsable() throws {
        let (daemon, own) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
        let keys = try ClientKeys(bundle(daemon: daemon.publicKey.z85, own.publicKey.z85, own.secretKey.exposedZ85))
        #expect(keys.daemon == daemon.publicKey && keys.own.publicKey == own.publicKey)
    }

    @Test func whatIsDamagedIsNamedWithoutTheSecret() throws {
        let (daemon, own, other) = (try CurveKeyPair.generate(), try CurveKeyPair.generate(), try CurveKeyPair.generate())
        let (secret, short) = (own.secretKey.exposedZ85, String(own.secretKey.exposedZ85.dropLast()))
        func failure(_ daemon: String, _ own: String, _ secret: String) -> String? {
            #expect(throws: ClientKeysError.self) { try ClientKeys(bundle(daemon: daemon, own, secret)) }?.description
        }
        #expect(failure("", own.publicKey.z85, secret) == "daemon_public_key is not a key")
        #expect(failure(daemon.publicKey.z85, own.publicKey.z85, short) == "secret_key is not a key")
        #expect(
            failure(daemon.publicKey.z85, other.publicKey.z85, secret)
                == "public_key does not belong to secret_key: the bundle is damaged")
    }

    private func bundle(daemon: String, _ publicKey: String, _ secret: String) -> KeyBundle {
        KeyBundle(
            holder: .post(PostID(unchecked: "gate-1"), zone: ZoneID(unchecked: "east")),
            endpoints: ["tcp://127.0.0.1:7401"], daemonPublicKey: daemon, publicKey: publicKey,
            secretKey: SecretText(secret))
    }
}
