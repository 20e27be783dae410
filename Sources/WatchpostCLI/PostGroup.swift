import ArgumentParser
import Settings
import TipModel
import Workbench

/// `watchpost post`.
struct PostGroup: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "post",
            abstract: tell("哨点的登记、列出和吊销。", "Enrols, lists and revokes posts."),
            discussion: tell("示例：watchpost post list", "Example: watchpost post list"),
            subcommands: [PostAdd.self, PostList.self, PostRevoke.self])
    }
}

/// `watchpost post add`.
struct PostAdd: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "add",
            abstract: tell("登记哨点，生成密钥包。", "Enrols a post and makes its key bundle."),
            discussion: tell(
                """
                密钥在本机生成，只把公钥交给守护进程；密钥包权限 0600，从不覆盖。批量登记可重复运行：已有的跳过。

                示例：
                  watchpost post add gate-dongyuan-01 --zone dongyuan --name 东苑一区东门 --out keys/gate-dongyuan-01.yaml
                  watchpost post add --from config/district/posts.yaml --out-dir var/keys
                """,
                """
                The key is made here and only its public half goes to the daemon; the bundle has mode 0600 and is never
                overwritten. Enrolling from a file may be repeated: what is there is skipped.

                Examples:
                  watchpost post add gate-dongyuan-01 --zone dongyuan --name "East gate" --out keys/gate-dongyuan-01.yaml
                  watchpost post add --from config/district/posts.yaml --out-dir var/keys
                """))
    }

    @Argument(help: hint("编号：1–32 个 a–z、0–9、-", "Its id: 1–32 of a–z, 0–9 and -.", "id"))
    var id: PostID?

    @Option(help: hint("责任区", "Its zone.", "zone"))
    var zone: ZoneID?

    @Option(help: hint("名称；默认同编号", "What users see. (default: the id)", "name"))
    var name: String?

    @Option(help: hint("种类：compound、school、shop 等", "What stands there: compound, school, shop, …", "kind"))
    var kind = "other"

    @Option(help: hint("人数", "How many people belong to it.", "count"))
    var members = 0

    @Option(help: hint("位置：纬度,经度[,精度米]", "LAT,LON[,METRES].", "position"))
    var position: PositionArgument?

    @OptionGroup var options: EnrolOptions
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try options.validate(id: id?.rawValue)
        if id != nil, zone == nil { throw ValidationError(tell("须给出 --zone", "--zone is needed")) }
        guard (0...100_000).contains(members) else { throw ValidationError(tell("--members 须在 0–100000 之间", "--members must be 0…100000")) }
    }

    func run() async throws {
        let enroller = Enroller(admin: admin, options: options, output: output)
        if let from = options.from {
            let posts: [Post]
            do throws(SettingsError) { posts = try PostsFile.load(path: from) } catch { throw CLIFailure(error) }
            return try await enroller.enrolAll(posts.map { .post($0) }, folder: options.outDir ?? ".")
        }
        guard let id, let zone else { return }
        try await enroller.enrol(
            .post(
                Post(id: id, name: name ?? id.rawValue, zone: zone, position: position?.position, kind: kind, members: members)))
    }
}

/// `watchpost post list`.
struct PostList: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list",
            abstract: tell("列出登记过的哨点。", "Lists the posts that were enrolled."),
            discussion: tell("示例：watchpost post list --json", "Example: watchpost post list --json"))
    }

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await listEnrolments("post", admin, output) }
}

/// `watchpost post revoke`.
struct PostRevoke: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "revoke",
            abstract: tell("吊销哨点的密钥，立即生效。", "Revokes a post's key, at once."),
            discussion: tell(
                "示例：watchpost post revoke gate-dongyuan-01 --reason 密钥包遗失",
                "Example: watchpost post revoke gate-dongyuan-01 --reason \"bundle lost\""))
    }

    @Argument(help: hint("编号", "Its id.", "id"))
    var id: PostID

    @Option(help: hint("原因，会记录在案", "Why; it is journalled.", "words"))
    var reason = ""

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await revoke("post", id.rawValue, reason: reason, admin, output) }
}
