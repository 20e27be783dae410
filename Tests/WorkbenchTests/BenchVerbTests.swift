import FoundationEssentials
import Testing

@testable import Workbench

/// Each verb once, small, as a user runs it: the built programs, real sockets, a real journal. What they measure says
/// nothing here; that they measure all of it, and lose nothing, does.
@Suite(.serialized, .timeLimit(.minutes(3))) struct BenchVerbTests {
    private func run<Report: Decodable>(_ type: Report.Type, _ words: String...) async throws -> Report {
        let folder = try TemporaryFolder()
        let (code, output, errors) = try await runTool(
            Binaries().tool, ["bench"] + words + ["--json"], scratch: folder.path, within: .seconds(120))
        try #require(code == 0, "\(words): \(code) \(errors)")
        #expect(!errors.isEmpty, "progress goes to standard error")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(output.utf8))
    }

    private func plotted(_ folder: TemporaryFolder) throws -> Int {
        try String(contentsOfFile: folder.path + "/plot.svg", encoding: .utf8).split(separator: "\n").count { $0.hasPrefix("<circle") }
    }

    @Test func throughput() async throws {
        let report = try await run(
            ThroughputReport.self, "throughput", "--tips", "300", "--rounds", "2", "--open", "20", "--posts", "8", "--batch", "4")
        #expect(report.tips == 600 && report.receipts == 600 && report.lost == 0 && report.patrolEvents == 600)
        #expect(report.curve && report.fsyncs >= report.commits && report.commits > 0 && report.batchMean >= 1)
        #expect(report.batchLargest > 0 && report.receiptMessages > 0 && report.feedMessages > 0)
        #expect(report.tipsPerSecond > 0 && report.rounds.count == 2 && report.spread >= 1)
        #expect(report.distinctTexts > 200 && report.cpuMicrosecondsPerTip > 0 && report.peakMemoryMib > 0)
        #expect((1...400).contains(report.incidentsOpenAtEnd) && report.build == "debug")
    }

    @Test func latency() async throws {
        let report = try await run(LatencyReport.self, "latency", "--rate", "50", "--seconds", "2", "--open", "10", "--posts", "4")
        #expect(report.tips == 100 && report.lost == 0 && report.submitToReceiptMs.samples == 100)
        #expect(report.submitToPatrolMs?.samples == 100 && report.fsyncMs > 0 && report.fsyncReplacingMs > 0 && report.fsyncs >= 1)
        #expect(report.receiptFsyncs == nil)
    }

    @Test func latencyOneAtATime() async throws {
        let direct = try await run(LatencyReport.self, "latency", "--direct", "--tips", "40", "--open", "10")
        #expect(direct.tips == 40 && direct.lost == 0 && (direct.receiptFsyncs ?? 0) > 0 && direct.commits >= 40)
        let folder = try TemporaryFolder()
        let agent = try await run(
            LatencyReport.self, "latency", "--agent", "--tips", "10", "--open", "10", "--plot", folder.path + "/plot.svg")
        #expect(agent.tips == 10 && agent.lost == 0 && (agent.agentFsyncs ?? 0) > 0)
        // One in 1, 2, 5 and 10: more is not known of ten.
        #expect(agent.receiptCurve.map(\.oneIn) == [1, 2, 5, 10] && agent.patrolCurve == nil)
        #expect(agent.receiptCurve.map(\.ms) == agent.receiptCurve.map(\.ms).sorted())
        #expect(try plotted(folder) == 4)
    }

    @Test func overtake() async throws {
        let report = try await run(
            OvertakeReport.self, "overtake", "--backlog", "600", "--batch", "32", "--window", "64", "--every-ms", "20", "--rounds", "1", "--open", "10")
        #expect(report.emergencies >= 1 && report.emergencyToPatrolMs.samples == report.emergencies)
    }

    @Test func fanInAndFanOut() async throws {
        let folder = try TemporaryFolder()
        let fanIn = try await run(
            GrowthReport.self, "fanin", "--agents", "3", "90", "--tips", "200", "--open", "10", "--plot", folder.path + "/plot.svg")
        #expect(fanIn.points.map(\.size) == [3, 90] && fanIn.ratio >= 1)
        #expect(try plotted(folder) == 6)
        let fanOut = try await run(
            GrowthReport.self, "fanout", "--patrols", "1", "70", "--tips", "100", "--open", "10", "--posts", "4", "--plot", folder.path + "/plot.svg")
        #expect(fanOut.points.map(\.size) == [1, 70])
        #expect(fanOut.points.allSatisfy { ($0.deliveriesPerSecond ?? 0) > 0 && ($0.cpuMicrosecondsPerDelivery ?? 0) > 0 })
        #expect(fanOut.points[1].cpuMicrosecondsPerFurtherPatrol != nil)
        #expect(try plotted(folder) == 7)
    }

    @Test func recovery() async throws {
        let folder = try TemporaryFolder()
        let report = try await run(
            RecoveryReport.self, "recovery", "--tips-in-journal", "200", "2000", "--tail", "300", "--tips", "100", "--open", "10", "--plot",
            folder.path + "/plot.svg")
        #expect(report.points.map(\.size) == [200, 2_000])
        #expect(report.points.allSatisfy { $0.records >= UInt64($0.size) && $0.startSeconds > 0 && ($0.tipsPerSecond ?? 0) > 0 })
        #expect((300...400).contains(report.points[1].tailRecords) && (1...10).contains(report.points[1].incidentsOpen))
        #expect(try plotted(folder) == 8)
    }

    @Test func memory() async throws {
        let report = try await run(MemoryReport.self, "memory", "--incidents", "300", "--tips", "500", "--open", "10")
        #expect(report.points.map(\.tips) == [500, 1_000, 300, 600])
        #expect(report.points[2].openIncidents == 300 && report.points[3].openIncidents == 600 && report.diskBytesPerTip > 0)
    }

    @Test func triage() async throws {
        struct Report: Decodable { var costs: [Cost] }
        struct Cost: Decodable { var open: Int }
        let report = try await run(Report.self, "triage", "--tips", "100", "--open", "10", "--open", "40")
        #expect(Set(report.costs.map(\.open)) == [10, 40])
    }
}
