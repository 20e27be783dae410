import ArgumentParser
import Evaluation
import Localization
import TipModel

/// `watchpost evaluate cost`.
struct EvaluateCost: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "cost",
            abstract: tell("一条线索并案加定级要多久，未结警情少和多时。", "What correlating and scoring a tip costs, with few and many open incidents."),
            discussion: tell(
                """
                请用发布版构建。看同一次运行里的比值，绝对值随机器而变。

                示例：watchpost evaluate cost --json
                """,
                """
                Use a release build. Look at the ratios within one run; the times are the machine's.

                Example: watchpost evaluate cost --json
                """))
    }

    @OptionGroup var cost: CostArguments

    func run() throws { try cost.run() }
}

/// What measuring triage alone takes: `evaluate cost` and `bench triage`.
struct CostArguments: ParsableArguments {
    @Option(help: hint("每种测几条线索", "Tips measured for each.", "count"))
    var tips = 20_000

    @Option(help: hint("未结警情数，少与多", "Open incidents, few and many.", "count"))
    var open = [100, 100_000]

    @OptionGroup var rules: RulesOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (100...1_000_000).contains(tips) else {
            throw ValidationError(tell("--tips 须在 100–1000000 之间", "--tips must be 100…1000000"))
        }
        guard !open.isEmpty, open.allSatisfy({ (1...1_000_000).contains($0) }) else {
            throw ValidationError(tell("--open 须在 1–1000000 之间", "--open must be 1…1000000"))
        }
    }

    func run() throws {
        let words = output.words
        let loaded = try rules.load(words)
        let report = measureTriageCost(rules: loaded.rules, tips: tips, sizes: open) { Output.errorLine($0) }
        try output.print(report) {
            var table = Table([
                .init(words("分布", "LAYOUT")), .init(words("未结警情", "OPEN"), .right), .init(words("中位", "MEDIAN"), .right),
                .init("P99", .right), .init(words("比较了", "COMPARED"), .right),
            ])
            for cost in report.costs {
                table.add(Self.layout(cost.layout, words), "\(cost.open)", Self.micros(cost.medianNs), Self.micros(cost.p99Ns), "\(cost.compared)")
            }
            var ratios = Table([.init(words("多比少", "MANY TO FEW")), .init(words("中位", "MEDIAN"), .right), .init("P99", .right)])
            for ratio in report.ratios {
                ratios.add(Self.layout(ratio.layout, words), Self.ratio(ratio.median), Self.ratio(ratio.p99))
            }
            return table.text + "\n\n" + ratios.text
        }
    }

    private static func layout(_ name: String, _ words: Words) -> String {
        name == "zone" ? words("同一责任区", "one zone") : words("全辖区", "the district")
    }

    private static func micros(_ nanoseconds: Int64) -> String { "\(nanoseconds / 1_000).\(nanoseconds % 1_000 / 100) µs" }

    private static func ratio(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
