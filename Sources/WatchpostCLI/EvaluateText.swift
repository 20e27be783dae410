import ArgumentParser
import Evaluation
import Localization
import TipModel

/// `watchpost evaluate text`.
struct EvaluateText: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "text",
            abstract: tell("比较成对的句子，看文字相似度分得多清。", "Compares pairs of sentences: how well the text part tells the same from others."),
            discussion: tell(
                """
                每行两句和 1（同义）或 0，以制表符分隔，无表头。字词的常见程度在文件里数出，不看标记。

                示例：watchpost evaluate text pairs.tsv --json
                """,
                """
                Each line has two sentences and 1 (the same) or 0, separated by tabs, without a header. How common words are is
                counted in the file itself, without its labels.

                Example: watchpost evaluate text pairs.tsv --json
                """))
    }

    @Argument(help: hint("TSV 文件", "TSV file.", "file"))
    var file: String

    @OptionGroup var rules: RulesOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        let words = output.words
        let loaded = try rules.load(words)
        do {
            let result = try evaluateText(file, rules: loaded.rules.correlation.text)
            try output.print(result) {
                var table = Table([.init(words("项目", "WHAT"), most: 60), .init(words("结果", "RESULT"), .right)])
                table.add(words("对数", "pairs"), "\(result.pairs)")
                table.add(words("最好的 F1", "best F1"), percent(result.bestF1))
                table.add(words("召回一半时的准确率", "precision where half is found"), percent(result.precisionAtRecall50))
                table.add(words("每秒对数", "pairs a second"), "\(Int(result.pairsPerSecond))")
                return table.text
            }
        } catch let error as EvaluationError {
            throw CLIFailure(error.description)
        }
    }
}

/// `watchpost evaluate pairs`.
struct EvaluatePairs: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "pairs",
            abstract: tell("成对的线索：并入、提示还是另立。", "Pairs of tips: attached, suggested to the desk, or kept apart."),
            discussion: tell(
                """
                文件是 CSV，列为 kind 和两边（_a、_b）的 text,category,place,time,east,north；east、north 是米，可空。

                示例：watchpost evaluate pairs lookalikes.csv --list
                """,
                """
                The file is CSV with the columns kind and, for both sides (_a, _b), text,category,place,time,east,north; east and
                north are metres and may be empty.

                Example: watchpost evaluate pairs lookalikes.csv --list
                """))
    }

    @Argument(help: hint("CSV 文件", "CSV file.", "file"))
    var file: String

    @OptionGroup var rules: RulesOption

    @Flag(help: hint("逐对列出", "List each pair."))
    var list = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        let words = output.words
        let loaded = try rules.load(words)
        do {
            var result = try evaluatePairs(file, rules: loaded.rules)
            if output.json, !list { result.outcomes = [] }
            try output.print(result) {
                var table = Table([.init(words("项目", "WHAT"), most: 60), .init(words("结果", "RESULT"), .right)])
                table.add(words("对数", "pairs"), "\(result.pairs)")
                table.add(words("并入", "attached"), "\(result.attached)")
                table.add(words("其中有特急的", "of them with an emergency"), "\(result.emergencyAttached)")
                table.add(words("提示值班台", "suggested to the desk"), "\(result.suggested)")
                let lines = list ? result.outcomes.map { Self.describe($0, words) } : []
                return ([table.text] + lines).joined(separator: "\n\n")
            }
        } catch let error as EvaluationError {
            throw CLIFailure(error.description)
        }
    }

    private static func describe(_ pair: PairOutcome, _ words: Words) -> String {
        let outcome =
            switch pair.outcome {
            case "attached": words("并入", "attached")
            case "suggested": words("提示", "suggested")
            default: words("另立", "apart")
            }
        let reasons = pair.reasons.map { Reason(code: $0.code, points: $0.points, detail: $0.detail) }
        return words("第 \(pair.line) 行", "line \(pair.line)") + "  \(clean(pair.kind))  \(outcome)"
            + (pair.isEmergency ? "  " + words("特急", "emergency") : "") + "\n  " + clean(pair.one) + "\n  " + clean(pair.other)
            + "\n  " + clean(words.catalogue.reasons(reasons))
    }
}

/// `watchpost evaluate vocabulary`.
struct EvaluateVocabulary: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "vocabulary",
            abstract: tell("数出线索里的常用字词，供 correlation.text 使用。", "Counts common words in tips, for correlation.text of the rules."),
            discussion: tell(
                "示例：watchpost evaluate vocabulary tips.csv --least 8",
                "Example: watchpost evaluate vocabulary tips.csv --least 8"))
    }

    @Argument(help: hint("有 text 列的 CSV 文件", "CSV files with a column text.", "file"))
    var files: [String]

    @Option(help: hint("至少出现在几条里", "Only what occurs in so many texts.", "count"))
    var least = 8

    @OptionGroup var output: OutputOptions

    func run() throws {
        do {
            let vocabulary = try Vocabulary(files: files, least: max(1, least))
            try output.print(vocabulary) {
                var lines = ["documents: \(vocabulary.documents)", "frequencies:"]
                var line = "  {"
                for (index, entry) in vocabulary.ranked.enumerated() {
                    // YAML reads these as truth values, and numbers as numbers.
                    let isPlain = !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(entry.term) && Double(entry.term) == nil
                    let item = (isPlain ? entry.term : "'\(entry.term)'") + ": \(entry.count)"
                    let isLast = index + 1 == vocabulary.frequencies.count
                    if line.count + item.count > 110 {
                        lines.append(line)
                        line = "   "
                    }
                    line += (line == "  {" ? "" : " ") + item + (isLast ? "}" : ",")
                }
                lines.append(line)
                return lines.joined(separator: "\n")
            }
        } catch let error as EvaluationError {
            throw CLIFailure(error.description)
        }
    }
}
