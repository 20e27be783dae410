import Administration
import ArgumentParser
import LocalHTTP
import TipModel
import Workbench

/// `watchpost user`.
struct UserGroup: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "user",
            abstract: tell("看板的用户：添加、列出、改密码、停用。", "The board's users: add, list, passwords, disable."),
            discussion: tell(
                """
                角色：desk 值班台（全部），officer 社区民警（看本责任区、已阅），patrol 巡组（以本组身份操作），admin 管理员（另加用户管理）。
                密码用 scrypt 保存，至少 10 个字符；不能从命令行参数给出。

                示例：
                  watchpost user first-link
                  watchpost user add duty --role desk
                  watchpost user list
                """,
                """
                Roles: desk sees and does everything; officer sees and acknowledges what happens in their zones; patrol acts as its unit;
                admin is a desk that also manages users. Passwords are kept as scrypt, have at least 10 characters, and are never given
                as an argument.

                Examples:
                  watchpost user first-link
                  watchpost user add duty --role desk
                  watchpost user list
                """),
            subcommands: [
                UserAdd.self, UserList.self, UserPasswd.self, UserDisable.self, UserEnable.self, UserSessions.self, UserEndSessions.self,
                UserFirstLink.self,
            ])
    }
}

/// A user's name, safe in a path.
func userName(_ text: String) throws -> String {
    guard isValidName(text) else { throw ValidationError(tell("须为 1–32 个 a–z、0–9、-", "must be 1–32 of a–z, 0–9 and -")) }
    return text
}

/// `watchpost user add`.
struct UserAdd: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "add",
            abstract: tell("添加用户。", "Adds a user."),
            discussion: tell(
                """
                密码在终端上输入两次；用 --password-stdin 时从标准输入读一行。

                示例：
                  watchpost user add duty --role desk
                  watchpost user add wang --role officer --zone dongyuan --zone xuefu
                  watchpost user add night-east --role patrol --unit night-east
                """,
                """
                The password is asked for twice at the terminal; with --password-stdin it is one line of standard input.

                Examples:
                  watchpost user add duty --role desk
                  watchpost user add wang --role officer --zone dongyuan --zone xuefu
                  watchpost user add night-east --role patrol --unit night-east
                """))
    }

    @Argument(help: hint("用户名：1–32 个 a–z、0–9、-", "Their name: 1–32 of a–z, 0–9 and -.", "name"), transform: userName)
    var name: String

    @Option(help: hint("角色：desk、officer、patrol、admin", "desk, officer, patrol or admin.", "role"))
    var role: String

    @Option(help: hint("社区民警的责任区，可重复", "A zone of an officer; may be repeated.", "zone"))
    var zone: [ZoneID] = []

    @Option(help: hint("巡组的编号", "The unit that a patrol acts as.", "unit"))
    var unit: UnitID?

    @OptionGroup var password: PasswordOption
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        let roles = ["desk", "officer", "patrol", "admin"]
        guard roles.contains(role) else { throw ValidationError(tell("角色须为 desk、officer、patrol、admin 之一", "--role is one of \(roles.joined(separator: ", "))")) }
        guard (role == "officer") == !zone.isEmpty else {
            throw ValidationError(tell("officer 须有 --zone，其他角色没有", "an officer needs --zone, and nobody else has one"))
        }
        guard (role == "patrol") == (unit != nil) else {
            throw ValidationError(tell("patrol 须有 --unit，其他角色没有", "a patrol needs --unit, and nobody else has one"))
        }
    }

    func run() async throws {
        let words = output.words
        let secret = try password.read(words)
        let user = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in
            try await client.addUser(
                AddUser(name: name, role: role, zones: zone.isEmpty ? nil : zone.map(\.rawValue), unit: unit?.rawValue, password: secret))
        }
        try output.print(user) { words("已添加 \(user.name)（\(user.role)）", "added \(user.name) (\(user.role))") }
    }
}

/// `watchpost user list`.
struct UserList: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list",
            abstract: tell("列出用户。", "Lists the users."),
            discussion: tell("示例：watchpost user list --json", "Example: watchpost user list --json"))
    }

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        let list = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.users() }
        if output.json {
            for user in list.users { try printJSON(user) }
            return
        }
        var table = Table([
            .init(words("用户", "USER")), .init(words("角色", "ROLE")), .init(words("责任区或巡组", "ZONES OR UNIT"), narrow: .shrinks),
            .init(words("状态", "STATE")), .init(words("会话", "SESSIONS")),
        ])
        for user in list.users {
            table.add(
                user.name, user.role, user.unit ?? user.zones.joined(separator: " "),
                user.disabled ? words("停用", "disabled") : words("正常", "active"), "\(user.sessions)")
        }
        Output.line(table.text)
        if list.users.isEmpty { Output.errorLine(words("还没有用户：watchpost user first-link", "nobody yet: watchpost user first-link")) }
    }
}

/// `watchpost user passwd`.
struct UserPasswd: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "passwd",
            abstract: tell("设置密码，其会话随即结束。", "Sets a password; the user's sessions end."),
            discussion: tell("示例：watchpost user passwd duty", "Example: watchpost user passwd duty"))
    }

    @Argument(help: hint("用户名", "Their name.", "name"), transform: userName)
    var name: String

    @OptionGroup var password: PasswordOption
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        let secret = try password.read(words)
        let user = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in
            try await client.setPassword(name, SetPassword(password: secret))
        }
        try output.print(user) { words("\(user.name) 的密码已设置，其会话已结束", "the password of \(user.name) is set, and their sessions ended") }
    }
}

/// `watchpost user disable`.
struct UserDisable: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "disable",
            abstract: tell("停用用户，其会话随即结束。用户不删除，名字不再给别人。", "Disables a user, at once. Users are never deleted: their name stays theirs."),
            discussion: tell("示例：watchpost user disable wang", "Example: watchpost user disable wang"))
    }

    @Argument(help: hint("用户名", "Their name.", "name"), transform: userName)
    var name: String

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await setUser(name, disabled: true, admin, output) }
}

/// `watchpost user enable`.
struct UserEnable: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "enable",
            abstract: tell("重新启用用户。", "Enables a user again."),
            discussion: tell("示例：watchpost user enable wang", "Example: watchpost user enable wang"))
    }

    @Argument(help: hint("用户名", "Their name.", "name"), transform: userName)
    var name: String

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await setUser(name, disabled: false, admin, output) }
}

private func setUser(_ name: String, disabled: Bool, _ admin: AdminOptions, _ output: OutputOptions) async throws {
    let words = output.words
    let user = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.setUser(name, disabled: disabled) }
    try output.print(user) {
        user.disabled ? words("\(user.name) 已停用", "\(user.name) is disabled") : words("\(user.name) 已启用", "\(user.name) is enabled")
    }
}

/// `watchpost user sessions`.
struct UserSessions: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "sessions",
            abstract: tell("列出用户打开的会话。", "Lists a user's open sessions."),
            discussion: tell("示例：watchpost user sessions duty", "Example: watchpost user sessions duty"))
    }

    @Argument(help: hint("用户名", "Their name.", "name"), transform: userName)
    var name: String

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        let list = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.sessions(name) }
        if output.json {
            for session in list.sessions { try printJSON(session) }
            return
        }
        var table = Table([.init(words("登录于", "OPENED")), .init(words("上次使用", "LAST USED")), .init(words("来自", "FROM"))])
        for session in list.sessions {
            table.add(
                Clock.text(session.openedAtMs, now: Clock.now()), Clock.text(session.usedAtMs, now: Clock.now()), clean(session.address))
        }
        Output.line(table.text)
    }
}

/// `watchpost user end-sessions`.
struct UserEndSessions: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "end-sessions",
            abstract: tell("结束用户的全部会话。", "Ends all sessions of a user."),
            discussion: tell("示例：watchpost user end-sessions duty", "Example: watchpost user end-sessions duty"))
    }

    @Argument(help: hint("用户名", "Their name.", "name"), transform: userName)
    var name: String

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        let ended = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.endSessions(name) }
        try output.print(ended) {
            words("已结束 \(ended.user) 的 \(ended.ended) 个会话", ended.ended == 1 ? "1 session of \(ended.user) ended" : "\(ended.ended) sessions of \(ended.user) ended")
        }
    }
}

/// `watchpost user first-link`.
struct UserFirstLink: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "first-link",
            abstract: tell("打印创建第一名管理员的链接。", "Prints the link that makes the first admin."),
            discussion: tell(
                "只在还没有用户时可用；24 小时内有效，只能用一次，之前的链接随即失效。\n\n示例：watchpost user first-link",
                "Only while there are no users. It holds for 24 hours and works once; earlier links hold no more.\n\nExample: watchpost user first-link"))
    }

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let link = try await admin.ask(output.words) { (client) throws(LocalHTTPClientError) in try await client.firstLink() }
        try output.print(link) { link.url }
    }
}
