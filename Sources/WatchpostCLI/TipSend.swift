import ArgumentParser
import FoundationEssentials
import LocalHTTP
import Localization
import PostAgent
import TipModel

/// `watchpost tip`.
struct TipSend: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "tip",
            abstract: tell("上报一条线索。", "Reports a tip."),
            discussion: tell(
                """
                线索先存到本机，再送值班台。看到“值班台已收到”即已受理；看到“已存在本机”则联网后自动上报，无需重发。

                类别：suspicious_person 可疑人员，theft 盗窃，burglary 入室，assault 伤害，weapon 持械，fire 火情，
                medical 急救，missing_person 走失，traffic 交通，disturbance 扰民斗殴，dispute 纠纷，fraud 诈骗，
                hazard 安全隐患，vehicle 可疑车辆，service_request 点单，other 其他。

                示例：
                  watchpost tip -c suspicious_person --place 3号楼东墙外 "一名男子在墙外徘徊，还在"
                  watchpost tip -c weapon --panic "东门有人持刀"
                  watchpost tip -c fire --drill --position 30.00764,125.01786,15 "消防演练"
                  watchpost tip -c theft --observed-at 02:10 "车库丢失电动车"
                  watchpost tip -c burglary --follow "2号楼门被撬"
                """,
                """
                The tip is kept on this machine first and then sent. "The station has it" means just that; "kept on this
                machine" means that it goes by itself as soon as the station answers: do not send it again.

                Categories: suspicious_person, theft, burglary, assault, weapon, fire, medical, missing_person, traffic,
                disturbance, dispute, fraud, hazard, vehicle, service_request, other.

                Examples:
                  watchpost tip -c suspicious_person --place "outside block 3" "a man loiters at the wall, still there"
                  watchpost tip -c weapon --panic "a man with a knife at the east gate"
                  watchpost tip -c fire --drill --position 30.00764,125.01786,15 "fire drill"
                  watchpost tip -c theft --observed-at 02:10 "a scooter is gone from the garage"
                  watchpost tip -c burglary --follow "the door of block 2 was forced"
                """))
    }

    @Option(name: .shortAndLong, help: hint("类别代码", "What it is: a category's code.", "category"))
    var category: String

    @Argument(help: hint("看到了什么", "What was seen.", "text"))
    var text: [String] = []

    @Option(help: hint("地点，用文字说", "Where, in words.", "words"))
    var place: String?

    @Option(help: hint("上报人代号（巡组看不到）", "Who reports: a pseudonym; patrols do not see it.", "name"))
    var reporter: String?

    @Flag(help: hint("一键报警：一律按特急处理", "The panic button: always an emergency."))
    var panic = false

    @Flag(help: hint("演练：走真实流程，不计入统计", "A drill: travels the real path and counts in no statistic."))
    var drill = false

    @Option(help: hint("位置：纬度,经度[,精度米]；默认为哨点位置", "LAT,LON[,METRES]. (default: the post's own)", "position"))
    var position: PositionArgument?

    @Option(help: hint("看到的时间：02:10 或 2025-11-24T02:10:00+08:00；默认现在", "When: 02:10 or 2025-11-24T02:10:00+08:00. (default: now)", "time"))
    var observedAt: String?

    @Option(help: hint("最多等回执几秒，0–30", "Seconds to wait for the receipt, 0–30.", "seconds"))
    var wait = 5

    @Flag(help: hint("一直显示处置进展，直到处置完毕", "Go on and tell how far the response is, until it is over."))
    var follow = false

    @OptionGroup var agent: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0...30).contains(wait) else { throw ValidationError(tell("--wait 须在 0–30 之间", "--wait must be 0…30")) }
        guard panic || text.contains(where: { !$0.isEmpty }) else {
            throw ValidationError(tell("请写明看到了什么；只有 --panic 可以不写", "say what was seen; only --panic may go without"))
        }
        if observedAt != nil, moment() == nil {
            throw ValidationError(
                tell("--observed-at 须为 02:10 或带时区的 ISO 8601", "--observed-at must be like 02:10, or ISO 8601 with a zone"))
        }
    }

    func moment(now: Timestamp = Clock.now()) -> TipSubmission.Moment? {
        guard let observedAt else { return nil }
        if let time = Clock.latest(observedAt, now: now) { return .milliseconds(time.milliseconds) }
        // The agent reads it again; here only so that a mistake shows at once.
        let isDate =
            (try? Date(observedAt, strategy: .iso8601)) != nil
            || (try? Date(observedAt, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))) != nil
        return isDate ? .text(observedAt) : nil
    }

    var submission: TipSubmission {
        TipSubmission(
            category: category, text: text.joined(separator: " "), place: place, reporter: reporter,
            panic: panic ? true : nil, drill: drill ? true : nil,
            position: position.map {
                TipSubmission.Place(latitude: $0.latitude, longitude: $0.longitude, accuracyM: $0.accuracy)
            },
            observedAt: moment())
    }

    func run() async throws {
        let words = output.words
        let waits = Progress(words("正在上报…", "sending…"), isShown: !output.json && wait > 0)
        let answer: TipReply
        do {
            answer = try await submit(words)
        } catch {
            waits.end()
            throw error
        }
        waits.end()
        if output.json { try printJSON(answer) }
        guard answer.state != .rejected else {
            if output.json { throw ExitCode(ExitStatusCode.failed) }
            throw CLIFailure(rejected(answer, words))
        }
        if !output.json { Output.line(Self.describe(answer, words)) }
        if follow { try await TipFollow(agent: agent, output: output).run(from: answer) }
    }

    private func submit(_ words: Words) async throws -> TipReply {
        let body = try encodeJSON(submission)
        do throws(CLIFailure) {
            let reply = try await agent.ask(
                words, "POST", "/v1/tips?wait=\(wait)", body: body, timeout: .seconds(wait + 10))
            // A tip that was refused for good is answered with 409 and the same body.
            return try reply.decode(TipReply.self, words, accepting: 409)
        } catch {
            guard error.code == ExitStatusCode.failed else { throw error }
            throw CLIFailure(
                words.catalogue.text(.tipRefused, error.message)
                    + words("。线索没有上报：改正后重发，紧急时直接打电话", ". Nothing was reported: correct it and send again; if it is urgent, telephone"))
        }
    }

    private func rejected(_ answer: TipReply, _ words: Words) -> String {
        let reason = answer.error.map { WatchpostCLI.describe($0, words) } ?? words("原因不明", "no reason was given")
        return words.catalogue.text(.tipRefused, reason)
            + words(
                "。线索已存为第 \(answer.number) 号待处理：紧急时直接打电话；原因消除后 watchpost spool retry \(answer.number)",
                ". It is kept as number \(answer.number): if it is urgent, telephone; once the cause is gone, watchpost spool retry \(answer.number)")
    }

    /// The receipt, or that the tip is kept, in words.
    static func describe(_ answer: TipReply, _ words: Words) -> String {
        switch answer.state {
        case .accepted:
            guard let receipt = answer.receipt else { return words("值班台已收到", "the station has it") }
            let level = UrgencyLevel(name: receipt.level).map { words.catalogue.name($0) } ?? clean(receipt.level)
            let urgency = words("\(level) \(receipt.score) 分", "\(level), \(receipt.score) points")
            let number = receipt.incident
            return switch receipt.verdict {
            case "new": words("值班台已收到：警情 #\(number)（新），\(urgency)", "the station has it: incident #\(number) (new), \(urgency)")
            case "correlated":
                words("值班台已收到：并入警情 #\(number)，\(urgency)", "the station has it: joined incident #\(number), \(urgency)")
            default:
                words("值班台此前已收到：警情 #\(number)，\(urgency)", "the station had it already: incident #\(number), \(urgency)")
            }
        case .spooled:
            let link = words.link(answer.link ?? "", detail: answer.linkText)
            return words(
                "已存在本机（第 \(answer.number) 号），值班台还没有收到：\(link)。会自动上报，无需重发；紧急时直接打电话",
                "kept on this machine (number \(answer.number)), the station does not have it yet: \(link). It will be sent by itself, do not send it again; if it is urgent, telephone")
        case .rejected:
            return words.catalogue.text(.tipRefused, answer.error.map { WatchpostCLI.describe($0, words) } ?? "")
        }
    }
}
