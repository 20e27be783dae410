import ArgumentParser
import Evaluation
import Localization
import Settings
import TipModel

/// `watchpost evaluate correlation`.
struct EvaluateCorrelation: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "correlation",
            abstract: tell("把一串带重复标记的请求当线索过一遍并案。", "Streams requests with known duplicates through correlation as tips."),
            discussion: tell(
                """
                文件是 CSV（可为 .gz），列为 id,open_dt,type,case_title,location,latitude,longitude,duplicate,duplicate_of，按时间
                排列。标记只有一面：未标的也可能是重复，所以看的是其余行有 5 % 或 10 % 并入时，标记的行有多少并入。

                示例：
                  watchpost evaluate correlation requests.csv.gz --json
                  watchpost evaluate correlation requests.csv.gz --from 2018-01-01 --baseline   与最简单的打分比
                  watchpost evaluate correlation requests.csv.gz --until 2018-01-01 --fit       寻找参数
                """,
                """
                The file is CSV (.gz too) with the columns id,open_dt,type,case_title,location,latitude,longitude,duplicate,
                duplicate_of in the order of time. Its labels are one-sided: a row without one may be a duplicate as well. So
                the figure is how many flagged rows attach where 5 % or 10 % of the others do.

                Examples:
                  watchpost evaluate correlation requests.csv.gz --json
                  watchpost evaluate correlation requests.csv.gz --from 2018-01-01 --baseline   beside the simplest score
                  watchpost evaluate correlation requests.csv.gz --until 2018-01-01 --fit       search for settings
                """))
    }

    @Argument(help: hint("CSV 文件，可为 .gz", "CSV file, .gz too.", "file"))
    var file: String

    @Option(help: hint(
        "规则文件；默认 config/evaluation/requests.yaml", "Rules. (default: config/evaluation/requests.yaml)", "file"))
    var rules: String?

    @Option(help: hint("只看此日及以后", "Only rows of this day and later.", "date"))
    var from: String?

    @Option(help: hint("只看此日之前", "Only rows before this day.", "date"))
    var until: String?

    @Flag(help: hint("与最简单的打分比较（成对自助法）", "Compare with the simplest score (paired bootstrap)."))
    var baseline = false

    @Flag(help: hint("寻找参数", "Search for settings."))
    var fit = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if fit, baseline { throw ValidationError(tell("--fit 与 --baseline 只能选一个", "--fit and --baseline exclude each other")) }
    }

    func run() throws {
        let words = output.words
        let path = try shippedFile(rules, "evaluation/requests.yaml", words)
        let settings: CorrelationRules
        do { settings = try TriageFile.loadCorrelation(path: path) } catch { throw CLIFailure(error) }
        do {
            var trial = try CorrelationTrial(file, rules: settings, from: from, until: until)
            if fit {
                let found = trial.fit { Output.errorLine(words("更好：", "better: ") + Self.describe($0)) }
                try output.print(found) { Self.describe(found) }
            } else if baseline {
                let result = trial.compareWithBaseline { Output.errorLine(words("阈值 \($0)", "threshold \($0)")) }
                try output.print(result) { Self.render(result, words) }
            } else {
                let result = trial.evaluate { Output.errorLine(words("阈值 \($0)", "threshold \($0)")) }
                try output.print(result) { Self.render(result, words) }
            }
        } catch let error as EvaluationError {
            throw CLIFailure(error.description)
        }
    }

    private static func describe(_ found: FittedCorrelation) -> String {
        "distance_scale: \(found.distanceScaleMetres)  time_scale: \(found.timeScaleMinutes)m  "
            + "points: {distance: \(found.distancePoints), time: \(found.timePoints), category: \(found.categoryPoints)}  "
            + "affinity_of_others: \(found.affinityOfOthers)  # \(percent(found.objective))"
    }

    private static func render(_ result: CorrelationEvaluation, _ words: Words) -> String {
        var table = Table([.init(words("项目", "WHAT"), most: 60), .init(words("结果", "RESULT"), .right)])
        table.add(words("行数", "rows"), "\(result.rows)")
        table.add(words("标为重复", "flagged as duplicates"), "\(result.flagged)")
        table.add(words("其余行并入（所配阈值）", "others that attach, at the configured threshold"), percent(result.attachRate))
        table.add(words("召回，其余并入 5 % 时", "recall where 5 % of the others attach"), percent(result.recallAt5))
        table.add(words("召回，其余并入 10 % 时", "recall where 10 % of the others attach"), percent(result.recallAt10))
        table.add(
            words("并入所指的那一件", "attached to the case that is named"), result.namedIncidentHit.map { percent($0) } ?? "–")
        table.add(words("每秒行数", "rows a second"), "\(Int(result.rowsPerSecond))")
        return table.text
    }

    private static func render(_ result: BaselineComparison, _ words: Words) -> String {
        var table = Table([.init(words("其余行并入 5 % 时", "WHERE 5 % OF THE OTHERS ATTACH"), most: 60), .init("", .right)])
        table.add(words("召回", "recall"), percent(result.recall))
        table.add(words("最简单的打分", "the simplest score"), percent(result.baselineRecall))
        table.add(words("相差", "difference"), percent(result.difference))
        table.add(
            words("95 % 区间（\(result.resamples) 次成对自助抽样）", "95 % interval, \(result.resamples) paired resamples"),
            percent(result.lower) + " … " + percent(result.upper))
        return table.text
    }
}

/// A share as "43.1 %".
func percent(_ share: Double) -> String {
    let tenths = Int((abs(share) * 1_000).rounded())
    return (share < 0 && tenths > 0 ? "-" : "") + "\(tenths / 10).\(tenths % 10) %"
}
