import ArgumentParser
import Settings
import TipModel
import Workbench

/// `watchpost patrol-unit`.
struct UnitGroup: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "patrol-unit",
            abstract: tell("巡组的登记、列出和吊销。", "Enrols, lists and revokes patrol units."),
            discussion: tell("示例：watchpost patrol-unit list", "Example: watchpost patrol-unit list"),
            subcommands: [UnitAdd.self, UnitList.self, UnitRevoke.self])
    }
}

/// `watchpost patrol-unit add`.
struct UnitAdd: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "add",
            abstract: tell("登记巡组，生成密钥包。", "Enrols a patrol unit and makes its key bundle."),
            discussion: tell(
                """
                巡组只能看到登记的责任区。其余同 watchpost post add。

                示例：
                  watchpost patrol-unit add night-east --zone dongyuan --zone xuefu --out keys/night-east.yaml
                  watchpost patrol-unit add --from config/district/units.yaml --out-dir var/keys
                """,
                """
                A unit sees the zones that it is enrolled for and no others. The rest is as in watchpost post add.

                Examples:
                  watchpost patrol-unit add night-east --zone dongyuan --zone xuefu --out keys/night-east.yaml
                  watchpost patrol-unit add --from config/district/units.yaml --out-dir var/keys
                """))
    }

    @Argument(help: hint("编号：1–32 个 a–z、0–9、-", "Its id: 1–32 of a–z, 0–9 and -.", "id"))
    var id: UnitID?

    @Option(help: hint("责任区，可重复", "A zone that it may see; may be repeated.", "zone"))
    var zone: [ZoneID] = []

    @Option(help: hint("名称；默认同编号", "What users see. (default: the id)", "name"))
    var name: String?

    @OptionGroup var options: EnrolOptions
    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try options.validate(id: id?.rawValue)
        if id != nil, zone.isEmpty { throw ValidationError(tell("至少给出一个 --zone", "at least one --zone is needed")) }
    }

    func run() async throws {
        let enroller = Enroller(admin: admin, options: options, output: output)
        if let from = options.from {
            let units: [PatrolUnit]
            do throws(SettingsError) { units = try UnitsFile.load(path: from) } catch { throw CLIFailure(error) }
            return try await enroller.enrolAll(units.map { .unit($0) }, folder: options.outDir ?? ".")
        }
        guard let id else { return }
        try await enroller.enrol(.unit(PatrolUnit(id: id, name: name ?? id.rawValue, zones: zone)))
    }
}

/// `watchpost patrol-unit list`.
struct UnitList: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list",
            abstract: tell("列出登记过的巡组。", "Lists the units that were enrolled."),
            discussion: tell("示例：watchpost patrol-unit list --json", "Example: watchpost patrol-unit list --json"))
    }

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await listEnrolments("unit", admin, output) }
}

/// `watchpost patrol-unit revoke`.
struct UnitRevoke: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "revoke",
            abstract: tell("吊销巡组的密钥，立即生效。", "Revokes a unit's key, at once."),
            discussion: tell(
                "示例：watchpost patrol-unit revoke night-east --reason 终端丢失",
                "Example: watchpost patrol-unit revoke night-east --reason \"device lost\""))
    }

    @Argument(help: hint("编号", "Its id.", "id"))
    var id: UnitID

    @Option(help: hint("原因，会记录在案", "Why; it is journalled.", "words"))
    var reason = ""

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await revoke("unit", id.rawValue, reason: reason, admin, output) }
}
