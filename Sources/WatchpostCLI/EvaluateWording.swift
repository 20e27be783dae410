import ArgumentParser
import Evaluation
import Glibc
import Localization
import Settings
import TipModel

/// `watchpost evaluate wording`.
struct EvaluateWording: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "wording",
            abstract: tell("检验或生成全文措辞的权重表。", "Tries or fits the weights by which the wording of a tip counts."),
            discussion: tell(
                """
                文件与 evaluate urgency 相同，每个来源一个文件。不带 --fit 时，逐个文件用其余文件生成权重，再以此给该文件定级：
                这才是对没见过的措辞可以期待的结果。

                示例：
                  watchpost evaluate wording a.csv b.csv c.csv
                  watchpost evaluate wording a.csv b.csv c.csv --fit config/urgency-words.tsv
                """,
                """
                The files are those of evaluate urgency, one for each source. Without --fit, each file in turn is graded with
                what the others taught: that is what to expect of wordings nobody has read.

                Examples:
                  watchpost evaluate wording a.csv b.csv c.csv
                  watchpost evaluate wording a.csv b.csv c.csv --fit config/urgency-words.tsv
                """))
    }

    @Argument(help: hint("CSV 文件，每个来源一个", "CSV files, one for each source.", "file"))
    var files: [String]

    @Option(help: hint("把由全部文件生成的权重表写到此文件", "Write the table fitted on all files.", "file"))
    var fit: String?

    @OptionGroup var rules: RulesOption

    @OptionGroup var output: OutputOptions

    private struct Fitted: Encodable {
        var rows: Int
        var terms: Int
        var file: String
    }

    private struct Report: Encodable {
        var files: [WordingTrial.HeldOut]
        var all: UrgencyEvaluation
    }

    func validate() throws {
        if fit == nil, files.count < 2 {
            throw ValidationError(
                tell("至少要两个文件，才能用其余的检验一个", "at least two files are needed, to try one with what the others taught"))
        }
    }

    func run() throws {
        let words = output.words
        let loaded = try rules.load(words)
        do {
            let trial = try WordingTrial(files, rules: loaded.rules)
            if let fit {
                let (table, rows) = trial.fit()
                let heading = [
                    "What the words of a tip speak for: term, routine, priority, urgent, emergency, in hundredths of a logit.",
                    "Fitted on \(rows) labelled tips; docs/triage.md has the command. Change the tips and fit again, not this file.",
                ]
                try Self.write(WordingFile.text(table, heading: heading), to: fit, words)
                let done = Fitted(rows: rows, terms: table.terms.count, file: fit)
                try output.print(done) {
                    words(
                        "\(done.rows) 条 → \(done.terms) 个词，已写入 \(done.file)",
                        "\(done.rows) tips → \(done.terms) terms, written to \(done.file)")
                }
            } else {
                let (held, all) = try trial.holdingOut { Output.errorLine($0.file + "  " + Self.describe($0.result, words)) }
                try output.print(Report(files: held, all: all)) { EvaluateUrgency.render(all, words) }
            }
        } catch let error as EvaluationError {
            throw CLIFailure(error.description)
        }
    }

    private static func describe(_ result: UrgencyEvaluation, _ words: Words) -> String {
        words(
            "准确率 \(percent(result.accuracy))，差两级及以上 \(result.missesByTwoOrMore)，特急定到紧急以下 \(result.emergencyBelowUrgent)",
            "accuracy \(percent(result.accuracy)), two levels off \(result.missesByTwoOrMore), emergency below urgent \(result.emergencyBelowUrgent)")
    }

    private static func write(_ text: String, to path: String, _ words: Words) throws {
        guard let file = fopen(path, "we") else {
            throw CLIFailure(words("无法写入 \(path)：", "cannot write \(path): ") + String(cString: strerror(errno)))
        }
        var text = text
        let count = text.utf8.count
        let written = text.withUTF8 { fwrite($0.baseAddress, 1, $0.count, file) }
        guard fclose(file) == 0, written == count else {
            throw CLIFailure(words("无法写完 \(path)", "\(path) could not be written in full"))
        }
    }
}
