import ArgumentParser
import Glibc
import Localization
import Settings
import TipModel

/// `watchpost evaluate`.
struct EvaluateGroup: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "evaluate",
            abstract: tell("用标注过的文件检验规则。", "Tries the rules on labelled files that they have never seen."),
            discussion: tell(
                "示例：watchpost evaluate urgency tips.csv --json",
                "Example: watchpost evaluate urgency tips.csv --json"),
            subcommands: [
                EvaluateCorrelation.self, EvaluateCost.self, EvaluatePairs.self, EvaluateText.self, EvaluateUrgency.self, EvaluateVocabulary.self, EvaluateWording.self,
            ])
    }
}

/// Where the rules come from.
struct RulesOption: ParsableArguments {
    @Option(
        help: hint(
            "规则文件；默认依次找 ./config/triage.yaml、本程序源码目录、/etc/watchpost/triage.yaml",
            "Rules. (default: ./config/triage.yaml, that of this program's checkout, /etc/watchpost/triage.yaml)", "file"))
    var rules: String?

    /// The file, and what it says.
    func load(_ words: Words) throws(CLIFailure) -> (path: String, rules: TriageRules) {
        let path = try shippedFile(rules, "triage.yaml", words)
        try requireFile(path, words)
        do { return (path, try TriageFile.load(path: path)) } catch { throw CLIFailure(error) }
    }
}

/// `given`, or the file of the shipped configuration: under ./config, under the config of this program's checkout, or under /etc/watchpost.
func shippedFile(_ given: String?, _ name: String, _ words: Words) throws(CLIFailure) -> String {
    if let given { return given }
    // A build lies in .build/…/debug of its checkout: look upwards from there.
    var places = ["config/" + name]
    var folder = ownFolder()
    while let slash = folder.lastIndex(of: "/"), slash > folder.startIndex {
        folder = String(folder[..<slash])
        places.append(folder + "/config/" + name)
    }
    places.append("/etc/watchpost/" + name)
    if let found = places.first(where: { access($0, R_OK) == 0 }) { return found }
    throw CLIFailure(
        words("找不到规则文件 \(name)：用 --rules 指定", "there is no rules file \(name): name it with --rules"),
        code: ExitStatusCode.configuration)
}

private func ownFolder() -> String {
    var buffer = [CChar](repeating: 0, count: 4_096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
