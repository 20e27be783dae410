import Localization
import PostAgent
import TipModel

/// What became of a tip, told as it happens: `watchpost tip --follow`.
struct TipFollow {
    /// How often the agent is asked; it answers from this machine.
    static let interval = Duration.seconds(1)

    let agent: AgentOptions
    let output: OutputOptions

    /// Ends when the incident is over, or the tip was refused.
    func run(from first: TipReply) async throws {
        let words = output.words
        var last = first
        while last.progress?.phase != Phase.cleared.name {
            try await Task.sleep(for: Self.interval)
            let now: TipReply
            do throws(CLIFailure) {
                now = try await agent.ask(words, "GET", "/v1/tips/\(first.tip)").decode(TipReply.self, words)
            } catch {
                // The agent may be starting again; what it knows is on its disk.
                guard error.code == ExitStatusCode.unreachable else { throw error }
                continue
            }
            defer { last = now }
            guard now.state != last.state || now.progress != last.progress else { continue }
            if output.json {
                try printJSON(now)
            } else if now.state != last.state {
                Output.line(TipSend.describe(now, words))
            }
            if !output.json, let progress = now.progress, progress != last.progress { Output.line(Self.describe(progress, words)) }
            guard now.state != .rejected else { return }
        }
    }

    static func describe(_ progress: TipReply.Progress, _ words: Words) -> String {
        let time = Clock.text(progress.sinceMs)
        let unit = clean(progress.unit ?? words("巡组", "a patrol"))
        let number = "#\(progress.incident)"
        return switch Phase.allCases.first(where: { $0.name == progress.phase }) {
        case .open:
            if let rung = EscalationRung.allCases.first(where: { $0.name == progress.escalated }) {
                number + " " + words.catalogue.name(rung)
            } else if let seen = progress.acknowledgedAtMs {
                words("\(Clock.text(seen)) 值班台已看到警情 \(number)", "\(Clock.text(seen)) incident \(number) has been seen")
            } else {
                words("\(time) 警情 \(number) 等待接单", "\(time) incident \(number) waits for a patrol")
            }
        case .claimed: words("\(time) \(unit) 已接单", "\(time) \(unit) has it")
        case .enRoute: words("\(time) \(unit) 正在路上", "\(time) \(unit) is on the way")
        case .onScene: words("\(time) \(unit) 已到场", "\(time) \(unit) is on scene")
        case .cleared:
            words("\(time) 处置完毕", "\(time) over")
                + (Disposition(name: progress.disposition ?? "").map { words("：", ": ") + words.catalogue.name($0) } ?? "")
        case nil: clean(progress.phase)
        }
    }
}
