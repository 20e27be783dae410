import FoundationEssentials
import Journal
import TestSupport
import Testing
import TipModel
import Workbench

extension Acceptance {
    /// `watchpost journal stats`, `export` and `compact` with the built programs.
    @Suite struct JournalToolTests {
        private struct Stats: Codable {
            var records: UInt64
            var sequence: UInt64
            var events: [String: UInt64]
            var bytes: Int
        }

        private struct Compacted: Codable {
            var dropped: UInt64
            var records: UInt64
        }

        @Test func figuresExportAndWhatCompactionRefuses() async throws {
            let station = try await Station("journal: {retain_for: 60d}")
            let data = station.daemon.dataDirectory
            let post = try DirectPost(try await station.enrolPost("gate"))
            let texts = ["=cmd|' /C calc'!A0", "东墙外，\"有人\"徘徊\n第二行", "plain"]
            for (index, text) in texts.enumerated() {
                let tip = DirectPost.tip(
                    category: "theft", text: text, position: SampleDistrict.position(north: Double(index) * 3_000, east: 0), place: "+1号楼")
                _ = try await post.receipt(for: tip)
            }
            // Beside the running daemon.
            let (_, output, _) = try await station.tool(["journal", "stats", "--data", data, "--json"])
            let stats = try JSONDecoder().decode(Stats.self, from: Data(output.utf8))
            #expect(stats.events["tip_accepted"] == 3 && stats.events["post_enrolled"] == 1 && stats.records == stats.sequence && stats.bytes > 0)
            let told = try await station.tool(["journal", "stats", "--data", data])
            #expect(told.code == 0 && told.output.contains("tip_accepted"), "\(told)")

            let lines = try await station.tool(["journal", "export", "--data", data]).output.split(separator: "\n")
            #expect(lines.count == 3 && lines.allSatisfy { $0.hasPrefix("{") })
            let csv = try await station.tool(["journal", "export", "--format", "csv", "--data", data])
            #expect(csv.output.hasPrefix("id,zone,category,level,"))
            // Nothing that a guard wrote is a formula, and quotes and lines stay in their field.
            #expect(csv.output.contains(",'=cmd|") && csv.output.contains(",'+1号楼,") && csv.output.contains("\"\"有人\"\""), "\(csv)")
            let none = try await station.tool(["journal", "export", "--until", "2001-01-01", "--data", data])
            #expect(none.code == 0 && none.output.isEmpty)

            let compact = ["journal", "compact", "--config", station.daemon.configuration, "--json"]
            let running = try await station.tool(compact)
            #expect(running.code == 1 && running.errors.contains("another watchpostd uses"), "\(running)")
            await station.daemon.stop()
            let done = try await station.tool(compact)
            let report = try JSONDecoder().decode(Compacted.self, from: Data(done.output.utf8))
            #expect(done.code == 0 && report.dropped == 0 && report.records >= stats.records)

            // Tips that may be sent again must be known: less than the window is a mistake of the configuration.
            let text = text(of: station.daemon.configuration).replacing("retain_for: 60d", with: "retain_for: 20d")
            try write(station.daemon.configuration, text)
            let wrong = try await station.tool(compact)
            #expect(wrong.code == 78 && wrong.errors.contains("retain_for"), "\(wrong)")
            try write(station.daemon.configuration, text.replacing("retain_for: 20d", with: "retain_for: off"))
            let off = try await station.tool(compact)
            #expect(off.code == 1 && off.errors.contains("keeps everything"), "\(off)")
        }
    }
}
