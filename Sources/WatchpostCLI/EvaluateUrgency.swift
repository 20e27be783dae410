import ArgumentParser
import Evaluation
import Localization
import TipModel

/// `watchpost evaluate urgency`.
struct EvaluateUrgency: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "urgency",
            abstract: tell("逐条定级，与标注比较。", "Grades each tip of a file and compares with what was expected."),
            discussion: tell(
                """
                文件是 CSV，列为 text,category,time,expected_level，时间如 2026-03-02T02:10:00+08:00。
                低估率：应为特急或紧急、却低两级及以上的比例。上限为单侧 95 %（Clopper–Pearson）。

                示例：
                  watchpost evaluate urgency tips.csv
                  watchpost evaluate urgency tips.csv --misses     逐条列出不符的和理由
                  watchpost evaluate urgency tips.csv --rules new.yaml --json
                """,
                """
                The file is CSV with the columns text,category,time,expected_level; times like 2026-03-02T02:10:00+08:00.
                Under-triage: of those expected emergency or urgent, the share graded two levels lower or more. Upper bounds
                are one-sided, 95 % (Clopper–Pearson).

                Examples:
                  watchpost evaluate urgency tips.csv
                  watchpost evaluate urgency tips.csv --misses     each wrong row with its reasons
                  watchpost evaluate urgency tips.csv --rules new.yaml --json
                """))
    }

    @Argument(help: hint("CSV 文件", "CSV file.", "file"))
    var file: String

    @OptionGroup var rules: RulesOption

    @Flag(help: hint("列出不符的各条", "List each wrong row."))
    var misses = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        let words = output.words
        let loaded = try rules.load(words)
        let result: UrgencyEvaluation
        do {
            let chunks = try FileChunks(file)
            var rows = CSVRows(file: file) { try chunks.next() }
            result = try evaluateUrgency(&rows, file: file, rules: loaded.rules, keepingMisses: misses)
        } catch let error as EvaluationError {
            throw CLIFailure(error.description)
        }
        try output.print(result) { Self.render(result, words) }
    }

    static func render(_ result: UrgencyEvaluation, _ words: Words) -> String {
        let catalogue = words.catalogue
        var summary = Table([.init(words("项目", "WHAT"), most: 60), .init(words("结果", "RESULT"), .right)])
        summary.add(words("条数", "rows"), "\(result.rows)")
        summary.add(words("准确率", "accuracy"), share(result.accuracy))
        summary.add(words("宏平均 F1", "macro F1"), share(result.macroF1))
        summary.add(words("低估率（两级及以上）", "under-triage (two levels or more)"), share(result.underTriageRate))
        summary.add(words("低估率 95 % 上限", "under-triage, 95 % upper bound"), share(result.underTriageUpper95))
        summary.add(words("差一级", "one level off"), "\(result.missesByOne)")
        summary.add(words("差一级 95 % 上限", "one level off, 95 % upper bound"), share(result.missesByOneUpper95))
        summary.add(words("差两级及以上", "two levels off or more"), "\(result.missesByTwoOrMore)")
        summary.add(words("特急定到紧急以下", "emergency graded below urgent"), "\(result.emergencyBelowUrgent)")
        let levels = UrgencyLevel.allCases.reversed()
        var confusion = Table(
            [.init(words("应为＼定为", "EXPECTED\\GRADED"))] + levels.map { .init(catalogue.name($0), .right) })
        for expected in levels {
            let counts = levels.map { "\(result.confusion[expected.name]?[$0.name] ?? 0)" }
            confusion.add(catalogue.name(expected), counts[0], counts[1], counts[2], counts[3])
        }
        var text = summary.text + "\n\n" + confusion.text
        for miss in result.misses ?? [] { text += "\n\n" + describe(miss, words) }
        return text
    }

    private static func describe(_ miss: UrgencyMiss, _ words: Words) -> String {
        func level(_ name: String) -> String { UrgencyLevel(name: name).map { words.catalogue.name($0) } ?? name }
        let reasons = miss.reasons.map { Reason(code: $0.code, points: $0.points, detail: $0.detail) }
        return words(
            "第 \(miss.line) 行 应为\(level(miss.expected))，定为\(level(miss.scored)) \(miss.score)（\(words.catalogue.category(miss.category))）",
            "line \(miss.line): expected \(level(miss.expected)), graded \(level(miss.scored)) \(miss.score) (\(words.catalogue.category(miss.category)))")
            + "\n  " + clean(miss.text) + "\n  " + clean(words.catalogue.reasons(reasons))
    }

    private static func share(_ value: Double) -> String {
        let tenths = Int((value * 1_000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }
}
