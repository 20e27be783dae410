import Testing
import TipModel

@testable import Settings

@Suite("Key bundles")
struct KeyBundleTests {
    // Every sign that Z85 has and YAML gives a meaning to.
    private static let awkward = "*&#:!{}[]%@^=+-./?<>()$0123456789abcdefg"
    private static let plain = String(repeating: "Ab3#:", count: 8)

    private static let post = KeyBundle(
        holder: .post(PostID(unchecked: "gate-dongyuan-01"), zone: ZoneID(unchecked: "dongyuan")),
        endpoints: ["tcp://127.0.0.1:7401", "tcp://station.example:7401"], daemonPublicKey: plain, publicKey: awkward,
        secretKey: SecretText(awkward))
    private static let unit = KeyBundle(
        holder: .unit(
            UnitID(unchecked: "night-east"), zones: [ZoneID(unchecked: "dongyuan"), ZoneID(unchecked: "xuefu")]),
        endpoints: ["tcp://[::1]:7402"], daemonPublicKey: awkward, publicKey: plain, secretKey: SecretText(plain))

    @Test("what is written is read again", arguments: [post, unit])
    func roundTrip(bundle: KeyBundle) throws {
        #expect(Self.awkward.utf8.count == 40)
        let folder = try TemporaryFolder()
        let path = try folder.write("b.yaml", bundle.render())
        #expect(try KeyBundle.load(path: path) == bundle)
        #expect(bundle.render().hasPrefix("# SECRET"))
    }

    @Test("the daemon's next key is kept, and checked like the first")
    func nextDaemonKey() throws {
        var bundle = Self.post
        bundle.nextDaemonPublicKey = bundle.publicKey
        let folder = try TemporaryFolder()
        let path = try folder.write("b.yaml", bundle.render())
        #expect(try KeyBundle.load(path: path) == bundle)
        var issues: [SettingsIssue] = []
        let broken = bundle.render().replacing("next_daemon_public_key: '", with: "next_daemon_public_key: '!")
        _ = SettingsReader.read(text: broken, file: "b.yaml", issues: &issues, body: KeyBundle.bundle)
        #expect(issues.contains { "\($0)".contains("next_daemon_public_key") })
    }

    @Test("a bundle that others may read is refused", arguments: [0o644, 0o640, 0o604, 0o620, 0o660])
    func mode(mode: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("b.yaml", Self.post.render(), mode: mode)
        let error = try #require(throws: SettingsError.self) { try KeyBundle.load(path: path) }
        #expect(error.description == "\(path): mode 0\(String(mode, radix: 8)), must be 0600: chmod 600 \(path)")
    }

    @Test("owner-only modes are accepted")
    func ownerOnly() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("b.yaml", Self.post.render(), mode: 0o400)
        #expect(try KeyBundle.load(path: path) == Self.post)
    }

    @Test("the secret is in no description, dump or error")
    func notPrinted() throws {
        let secret = Self.plain
        #expect("\(Self.unit)".contains(secret.prefix(10)))  // the public keys may be seen …
        let only = KeyBundle(
            holder: Self.unit.holder, endpoints: [], daemonPublicKey: "", publicKey: "", secretKey: SecretText(secret))
        var dumped = ""
        dump(only, to: &dumped)
        for text in ["\(only)", String(reflecting: only), dumped, "\(only.secretKey)"] {
            #expect(!text.contains(secret.prefix(10)) && text.contains("<secret>"), "\(text)")
        }
        // … and whatever is wrong with the file, its message does not quote the key.
        let rendered = Self.unit.render()
        for broken in [
            rendered.replacing("'\(secret)'\n", with: "'\(secret)x'\n"), rendered.replacing("'", with: ""),
            rendered + "secret_key: '\(secret)'\n", rendered + "secret_key: [\(secret)\n",
            rendered + "extra: '\(secret)'\n", rendered.replacing("secret_key: ", with: "secret_key: *"),
            rendered.replacing("kind: unit", with: "kind: desk"), rendered.replacing("secret_key: ", with: "secret_key: !"),
        ] {
            var issues: [SettingsIssue] = []
            _ = SettingsReader.read(text: broken, file: "b.yaml", issues: &issues, body: KeyBundle.bundle)
            #expect(!issues.isEmpty)
            #expect(!issues.map(\.description).joined().contains(secret.prefix(5)), "\(issues)")
        }
    }

    @Test("all that is missing is told together")
    func missing() {
        var issues: [SettingsIssue] = []
        _ = SettingsReader.read(
            text: "kind: post\nid: Gate 1\npublic_key: short\n", file: "b.yaml", issues: &issues, body: KeyBundle.bundle)
        #expect(
            Set(issues.map(\.keyPath))
                == ["id", "zone", "tips_endpoints", "daemon_public_key", "public_key", "secret_key"])
        #expect(issues.count == 6)
    }
}
