import Access
import Administration
import ArgumentParser
import Glibc
import LocalHTTP
import Settings
import TipModel
import Workbench
import ZeroMQ

/// `watchpost keys rotate`.
struct KeyRotate: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "rotate",
            abstract: tell("更换密钥：一段时间内新旧密钥都有效，不丢线索。", "Another key: old and new are valid for a time, and no tip is lost."),
            discussion: tell(
                "示例：watchpost keys rotate post gate-dongyuan-01 --out gate-dongyuan-01.new.yaml",
                "Example: watchpost keys rotate post gate-dongyuan-01 --out gate-dongyuan-01.new.yaml"),
            subcommands: [KeyRotatePost.self, KeyRotateUnit.self, KeyRotateDaemon.self])
    }
}

/// What the rotation of a post's and of a unit's key share.
struct RotateOptions: ParsableArguments {
    @Option(help: hint("新密钥包写到哪里（从不覆盖）", "Where the new bundle goes; never overwritten.", "file"))
    var out: String

    @Option(help: hint("旧密钥还有效几天，0…90；0 为立即失效", "For how many days the old key stays valid, 0…90; 0 refuses it at once.", "days"))
    var keepDays = 7

    @Option(help: hint("写进密钥包的地址，可重复；默认守护进程自己的", "Address for the bundle; may be repeated. (default: the daemon's own)", "endpoint"))
    var endpoint: [String] = []

    func validate() throws {
        guard (0...90).contains(keepDays) else { throw ValidationError(tell("--keep-days 须为 0 到 90", "--keep-days must be 0 to 90")) }
    }

    func run(_ kind: String, _ id: String, _ admin: AdminOptions, _ output: OutputOptions) async throws {
        let words = output.words
        guard access(out, F_OK) != 0 else {
            throw CLIFailure(words("\(out) 已存在，不会覆盖：先移走", "\(out) exists and is never overwritten: move it away first"))
        }
        let list = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.enrolments() }
        guard let known = list.enrolments.first(where: { $0.kind == kind && $0.id == id && !$0.revoked }) else {
            throw CLIFailure(words("没有登记 \(kind):\(id)", "\(kind):\(id) is not enrolled"))
        }
        let pair: CurveKeyPair
        do throws(ZeroMQError) { pair = try CurveKeyPair.generate() } catch { throw CLIFailure("\(error)") }
        let request = RotateKey(kind: kind, id: id, publicKey: pair.publicKey.z85, keepPreviousMs: Int64(keepDays) * 86_400_000)
        let enrolled = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.rotate(request) }
        let zones = known.zones.map { ZoneID(unchecked: $0) }
        let holder: KeyBundle.Holder =
            kind == "post" ? .post(PostID(unchecked: id), zone: zones.first ?? ZoneID(unchecked: "")) : .unit(UnitID(unchecked: id), zones: zones)
        let bundle = KeyBundle(
            holder: holder, endpoints: endpoint.isEmpty ? [kind == "post" ? enrolled.tipsEndpoint : enrolled.feedEndpoint] : endpoint,
            daemonPublicKey: enrolled.daemonPublicKey, publicKey: pair.publicKey.z85, secretKey: SecretText(pair.secretKey.exposedZ85))
        do throws(SecretFile.Failure) { try SecretFile.create(out, Array(bundle.render().utf8)) } catch {
            throw CLIFailure(
                words(
                    "已换密钥，但密钥包没有写成（\(error)）。旧密钥还有效 \(keepDays) 天：排除原因后再换一次",
                    "the key is rotated, but its bundle was not written (\(error)). The old key is valid for \(keepDays) days: mend that and rotate again"))
        }
        let outcome = EnrolmentOutcome(
            state: "rotated", principal: enrolled.principal, publicKey: bundle.publicKey, sequence: enrolled.sequence, bundle: out,
            daemonPublicKey: enrolled.daemonPublicKey, endpoints: bundle.endpoints)
        try output.print(outcome) {
            words(
                "\(enrolled.principal) 的新密钥包是 \(out)（权限 0600）。旧密钥还有效 \(keepDays) 天，期间换上新包并重启其服务；积压的线索照常送出。",
                "The new bundle of \(enrolled.principal) is \(out) (mode 0600). The old key is valid for \(keepDays) days: put the new bundle in its place and restart the service there. Tips that wait are sent as ever.")
        }
    }
}

/// `watchpost keys rotate post`.
struct KeyRotatePost: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "post", abstract: tell("更换哨点的密钥。", "Rotates a post's key."),
            discussion: tell(
                "示例：watchpost keys rotate post gate-dongyuan-01 --out new.yaml", "Example: watchpost keys rotate post gate-dongyuan-01 --out new.yaml"))
    }

    @Argument(help: hint("哨点编号", "The post.", "id"))
    var id: String

    @OptionGroup var rotate: RotateOptions
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await rotate.run("post", id, admin, output) }
}

/// `watchpost keys rotate unit`.
struct KeyRotateUnit: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "unit", abstract: tell("更换巡组的密钥。", "Rotates a patrol unit's key."),
            discussion: tell(
                "示例：watchpost keys rotate unit patrol-dongyuan --out new.yaml", "Example: watchpost keys rotate unit patrol-dongyuan --out new.yaml"))
    }

    @Argument(help: hint("巡组编号", "The unit.", "id"))
    var id: String

    @OptionGroup var rotate: RotateOptions
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await rotate.run("unit", id, admin, output) }
}

/// `watchpost keys rotate daemon`.
struct KeyRotateDaemon: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "daemon",
            abstract: tell("更换守护进程的密钥，分两步。", "Rotates the daemon's key, in two steps."),
            discussion: tell(
                """
                第一步生成下一个密钥（旁边的 .next 文件）并打印公钥；在每个哨点和巡组用 watchpost keys trust 把它写进密钥包，重启其
                服务。从此它们新旧密钥都认。第二步加 --finish，再重启守护进程。期间的线索留在哨点，不会丢。

                示例：
                  watchpost keys rotate daemon /var/lib/watchpost/daemon.key
                  watchpost keys trust /etc/watchpost/post.bundle --key 公钥
                  watchpost keys rotate daemon /var/lib/watchpost/daemon.key --finish && systemctl restart watchpostd
                """,
                """
                The first step makes the next key (a file .next beside the present one) and prints its public key. With watchpost keys
                trust it goes into the bundle of every post and unit, whose services are then restarted: from then on they accept
                either. The second step, --finish, and a restart of the daemon change the key. Tips wait at their posts meanwhile, and
                none is lost.

                Examples:
                  watchpost keys rotate daemon /var/lib/watchpost/daemon.key
                  watchpost keys trust /etc/watchpost/post.bundle --key KEY
                  watchpost keys rotate daemon /var/lib/watchpost/daemon.key --finish && systemctl restart watchpostd
                """))
    }

    @Argument(help: hint("守护进程的密钥文件", "The secret_key_file.", "file"))
    var file: String

    @Flag(help: hint("第二步：换上", "The second step: put the next key in place."))
    var finish = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        let pair: CurveKeyPair
        do throws(SecretFile.Failure) {
            pair = finish ? try DaemonKey.finishRotation(of: file) : try DaemonKey.prepareNext(of: file)
        } catch {
            throw CLIFailure("\(error)")
        }
        try output.print(KeyShow.PublicKey(file: finish ? file : DaemonKey.nextPath(file), publicKey: pair.publicKey.z85)) {
            finish
                ? words(
                    "已换上，旧密钥是 \(DaemonKey.formerPath(file))。现在重启守护进程。公钥：",
                    "It is in place; the old key is \(DaemonKey.formerPath(file)). Restart the daemon now. Public key: ") + pair.publicKey.z85
                : words(
                    "下一个密钥是 \(DaemonKey.nextPath(file))。每个密钥包加上它：watchpost keys trust 密钥包 --key '",
                    "The next key is \(DaemonKey.nextPath(file)). Put it into every bundle: watchpost keys trust BUNDLE --key '")
                    + pair.publicKey.z85 + "'"
        }
    }
}

/// `watchpost keys trust`.
struct KeyTrust: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "trust",
            abstract: tell("在密钥包里写入守护进程的下一个公钥。", "Puts the daemon's next public key into bundles."),
            discussion: tell(
                """
                密钥包里旧公钥仍然有效；--only 只留新的，在更换完成后用。权限和属主不变。重启用到它的服务才生效。

                示例：
                  watchpost keys trust /etc/watchpost/post.bundle --key 公钥
                  watchpost keys trust /etc/watchpost/post.bundle --key 公钥 --only
                """,
                """
                The key that a bundle has stays valid; --only leaves nothing but the new one, for afterwards. Mode and owner stay. It
                counts once the service that uses the bundle is restarted.

                Examples:
                  watchpost keys trust /etc/watchpost/post.bundle --key KEY
                  watchpost keys trust /etc/watchpost/post.bundle --key KEY --only
                """))
    }

    @Argument(help: hint("密钥包", "The bundles.", "file"))
    var bundles: [String]

    // A key may begin with a dash.
    @Option(parsing: .unconditional, help: hint("守护进程的下一个公钥（Z85）", "The daemon's next public key (Z85).", "key"))
    var key: String

    @Flag(help: hint("不再认旧公钥", "Accept no other any more."))
    var only = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        guard CurveKey(z85: key) != nil else { throw CLIFailure(words("--key 须为 40 个字符的 Z85", "--key must be 40 characters of Z85"), code: 64) }
        for path in bundles {
            let bundle: KeyBundle
            do throws(SettingsError) { bundle = try KeyBundle.load(path: path) } catch { throw CLIFailure(error) }
            guard let trusting = Self.trusting(key, bundle, only: only) else {
                throw CLIFailure(
                    words(
                        "\(path) 已有另一个下一密钥：上次更换完成后先用 --only 只留守护进程现在的公钥（watchpost keys show）",
                        "\(path) has another next key: after that rotation leave only the key that the daemon has now, with --only (watchpost keys show)"))
            }
            let changed = trusting.render()
            do throws(SecretFile.Failure) { try SecretFile.replace(path, Array(changed.utf8)) } catch { throw CLIFailure("\(error)") }
            try output.print(KeyShow.PublicKey(file: path, publicKey: key)) {
                only ? words("\(path) 只认这个公钥了", "\(path) accepts this key only") : words("\(path) 新旧公钥都认", "\(path) accepts either key")
            }
        }
    }

    /// - Returns: nil where the bundle waits for another key. Which of its two the daemon has by now is not known here, and dropping
    ///   that one would lock its holder out.
    static func trusting(_ key: String, _ bundle: KeyBundle, only: Bool) -> KeyBundle? {
        var bundle = bundle
        if only {
            bundle.daemonPublicKey = key
            bundle.nextDaemonPublicKey = nil
        } else if bundle.daemonPublicKey != key {
            guard bundle.nextDaemonPublicKey == nil || bundle.nextDaemonPublicKey == key else { return nil }
            bundle.nextDaemonPublicKey = key
        }
        return bundle
    }
}
