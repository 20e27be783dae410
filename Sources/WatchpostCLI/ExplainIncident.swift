import Administration
import ArgumentParser
import LocalHTTP
import Localization
import TipModel
import Workbench

/// `watchpost explain`.
struct ExplainIncident: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "explain",
            abstract: tell("一条警情为什么是这个级别，逐项算给你看。", "Why an incident has its level, the sum line by line."),
            discussion: tell(
                """
                逐项列出分数、下限和上限、说了但不算的（否认、假设、演练、以前的事），离上一级差几分，等了多久，
                以及 CAP 1.2 的三个值：时效、严重程度、确定程度。

                示例：
                  watchpost explain 12
                  watchpost explain 12 --json
                """,
                """
                Lists the points, the floors and caps, what was said and does not count (denied, supposed, a drill, long
                past), how far it is to the next level, how long it has waited, and the three values of CAP 1.2.

                Examples:
                  watchpost explain 12
                  watchpost explain 12 --json
                """))
    }

    @Argument(help: hint("警情号", "Its number.", "number"), transform: { text in
        guard let number = UInt64(text.hasPrefix("#") ? String(text.dropFirst()) : text) else {
            throw ValidationError(tell("警情号是一个数，如 12", "an incident's number is a number such as 12"))
        }
        return number
    })
    var incident: UInt64

    @OptionGroup var admin: AdminOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let words = output.words
        let detail = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.incident(incident) }
        try output.print(detail.incident) { ExplainText(words).lines(detail.incident).joined(separator: "\n") }
    }
}

/// An explanation as text.
struct ExplainText {
    let words: Words

    init(_ words: Words) { self.words = words }

    private var catalogue: Catalogue { words.catalogue }

    func lines(_ incident: IncidentReport) -> [String] {
        var lines = [
            "#\(incident.id)  \(level(incident.level)) \(incident.score)  \(catalogue.category(incident.category))  "
                + clean(incident.headline)
        ]
        let reasons = incident.reasons.map { Reason(code: clean($0.code), points: $0.points, detail: clean($0.detail)) }
        let terms = reasons.filter { $0.points != 0 }
        var sum = Table([.init(words("分", "POINTS"), .right), .init(words("因为", "BECAUSE"), most: 100)])
        for term in terms {
            var bare = term
            bare.points = 0
            sum.add(term.points > 0 ? "+\(term.points)" : "\(term.points)", catalogue.reason(bare))
        }
        let plain = terms.reduce(0) { $0 + Int($1.points) }
        sum.add("\(incident.score)", plain == Int(incident.score) ? words("合计", "in all") : words("合计，限于 0–100", "in all, within 0–100"))
        lines += [""] + sum.lines
        let told = reasons.filter { $0.points == 0 && $0.code != "category" }
        let bounds = told.filter { $0.code.hasPrefix("floor") || $0.code.hasPrefix("cap.") || $0.code.hasPrefix("regrade") }
        let others = told.filter { reason in !bounds.contains(reason) && !reason.code.hasPrefix("words.") }
        if !bounds.isEmpty { lines += ["", words("级别的界限", "Bounds of the level")] + bounds.map { "  " + catalogue.reason($0) } }
        if !others.isEmpty { lines += ["", words("说了但不算", "Said, but does not count")] + others.map { "  " + catalogue.reason($0) } }
        lines.append("")
        if let standing = incident.standing { lines += self.standing(standing) }
        if let cap = incident.cap {
            lines.append("CAP 1.2: urgency \(clean(cap.urgency)), severity \(clean(cap.severity)), certainty \(clean(cap.certainty))")
        }
        return lines
    }

    private func standing(_ standing: StandingReport) -> [String] {
        var lines: [String] = []
        if let next = standing.nextLevel, let points = standing.pointsToNext {
            lines.append(words("离\(level(next))还差 \(points) 分", "\(points) points below \(level(next))"))
        }
        if let waiting = standing.waitingMs { lines.append(Self.waiting(waiting, standing, words)) }
        return lines
    }

    /// How long nobody has claimed it, and whether that is too long.
    static func waiting(_ milliseconds: Int64, _ standing: StandingReport, _ words: Words) -> String {
        let span = words.catalogue.span(milliseconds / 1_000)
        let limit = standing.claimWithinMs.map { words.catalogue.span($0 / 1_000) } ?? ""
        if standing.overdue { return words("待接单 \(span)，超时（限 \(limit)）", "unclaimed for \(span), overdue (limit \(limit))") }
        return words("待接单 \(span)", "unclaimed for \(span)") + (limit.isEmpty ? "" : words("（限 \(limit)）", " (limit \(limit))"))
    }

    private func level(_ name: String) -> String { UrgencyLevel(name: name).map { catalogue.name($0) } ?? clean(name) }
}
