import Access
import Administration
import ArgumentParser
import Glibc
import LocalHTTP
import Settings
import Workbench
import ZeroMQ

/// `watchpost keys`.
struct KeyGroup: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "keys",
            abstract: tell("密钥：查看公钥，生成、更换密钥。", "Keys: show the public ones, make and rotate keys."),
            discussion: tell("示例：watchpost keys show", "Example: watchpost keys show"),
            subcommands: [KeyShow.self, KeyGenerate.self, KeyRotate.self, KeyTrust.self])
    }
}

/// `watchpost keys show`.
struct KeyShow: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "show",
            abstract: tell("列出守护进程和所有登记者的公钥；从不显示密钥。", "Shows the public keys of the daemon and of all enrolled; never a secret."),
            discussion: tell(
                """
                给出文件时，显示该密钥文件或密钥包的公钥，用来和登记的核对。

                示例：
                  watchpost keys show
                  watchpost keys show var/keys/gate-dongyuan-01.yaml
                """,
                """
                With a file, shows the public key of that key file or bundle, to compare with what is enrolled.

                Examples:
                  watchpost keys show
                  watchpost keys show var/keys/gate-dongyuan-01.yaml
                """))
    }

    @Argument(help: hint("密钥文件或密钥包", "A key file or bundle.", "file"))
    var file: String?

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    struct PublicKey: Encodable {
        var file: String
        var publicKey: String

        enum CodingKeys: String, CodingKey {
            case file
            case publicKey = "public_key"
        }
    }

    func run() async throws {
        let words = output.words
        if let file {
            let key = try Self.publicKey(of: file, words)
            return try output.print(PublicKey(file: file, publicKey: key)) { key }
        }
        let list = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.enrolments() }
        try output.print(list) {
            words("守护进程公钥：", "daemon's public key: ") + list.daemonPublicKey + "\n\n"
                + words("哨点", "posts") + "\n" + enrolmentTable(list.enrolments.filter { $0.kind == "post" }, words).text + "\n\n"
                + words("巡组", "patrol units") + "\n" + enrolmentTable(list.enrolments.filter { $0.kind == "unit" }, words).text
        }
    }

    static func publicKey(of file: String, _ words: Words) throws(CLIFailure) -> String {
        let bytes: [UInt8]
        do throws(SecretFile.Failure) { bytes = try SecretFile.read(file) } catch { throw CLIFailure("\(error)") }
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        if let secret = CurveSecretKey(z85: text), let key = try? secret.publicKey { return key.z85 }
        do throws(SettingsError) {
            return try KeyBundle.load(path: file).publicKey
        } catch {
            throw CLIFailure(
                words("\(file) 既不是密钥文件也不是密钥包", "\(file) is neither a key file nor a bundle"), code: ExitStatusCode.configuration)
        }
    }
}

/// `watchpost keys generate`.
struct KeyGenerate: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "generate",
            abstract: tell("生成一个密钥文件（权限 0600，从不覆盖），打印公钥。", "Makes a key file (mode 0600, never overwritten) and prints its public key."),
            discussion: tell(
                """
                用作守护进程的 secret_key_file；守护进程首次启动也会自己生成。

                示例：watchpost keys generate /var/lib/watchpost/daemon.key
                """,
                """
                It serves as the daemon's secret_key_file; the daemon also makes one by itself at its first start.

                Example: watchpost keys generate /var/lib/watchpost/daemon.key
                """))
    }

    @Argument(help: hint("写到哪里", "Where it goes.", "file"))
    var file: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        guard access(file, F_OK) != 0 else {
            throw CLIFailure(words("\(file) 已存在，不会覆盖：先移走", "\(file) exists and is never overwritten: move it away first"))
        }
        do {
            let pair = try CurveKeyPair.generate()
            try SecretFile.create(file, Array((pair.secretKey.exposedZ85 + "\n").utf8))
            try output.print(KeyShow.PublicKey(file: file, publicKey: pair.publicKey.z85)) {
                words("密钥已写入 \(file)（权限 0600）。公钥：", "The key is in \(file) (mode 0600). Its public key: ") + pair.publicKey.z85
            }
        } catch {
            throw CLIFailure("\(error)")
        }
    }
}
