import Foundation
import Settings
import TestSupport
import Testing
import TipModel
import Workbench

/// The command over a journal that the daemon's core wrote and still holds.
struct CommandTests {
    private func run(_ words: [String]) async throws -> (code: Int32, output: String, errors: String) {
        let scratch = try TemporaryDirectory()
        return try await runTool(
            try Binaries().tool, ["triage", "replay"] + words, environment: ["PATH=/usr/bin:/bin", "TZ=Asia/Shanghai"],
            scratch: scratch.path, within: .seconds(30))
    }

    private func write(_ folder: TemporaryDirectory, _ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file(name)))
        return folder.file(name)
    }

    /// Every byte of what the journal consists of.
    private func bytes(_ folder: TemporaryDirectory) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in ["journal.sqlite", "journal.sqlite-wal"] {
            files[name] = try Data(contentsOf: URL(fileURLWithPath: folder.file(name)))
        }
        return files
    }

    @Test func beforeAndAfter() async throws {
        let folder = try TemporaryDirectory()
        let current = try write(folder, "triage.yaml", SampleDistrict.triage())
        let history = try History(try TriageFile.load(path: current), folder: folder)
        try history.tip("一辆面包车停在门口", "vehicle", from: 2)
        try history.tip("浓烟", "fire", drill: true)
        let before = try bytes(folder)
        #expect(before.values.allSatisfy { !$0.isEmpty })

        let same = try await run(["--rules", current, "--data", folder.path, "--lang", "zh-CN"])
        #expect(same.code == 0 && same.errors.isEmpty && same.output.contains("没有变化。"), "\(same)")

        let raised = SampleDistrict.triage().replacing("base: 25, floor: routine", with: "base: 25, floor: urgent")
        let new = try write(folder, "new.yaml", raised)
        let json = try await run(["--rules", new, "--journal", folder.file("journal.sqlite"), "--json"])
        #expect(json.code == 0 && json.errors.isEmpty)
        let lines = try json.output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        try #require(lines.count == 2, "\(json.output)")
        #expect(lines[0]["type"] as? String == "change" && lines[0]["kind"] as? String == "level")
        #expect(lines[0]["alert"] as? String == "gained" && lines[0]["zone"] as? String == "west")
        #expect(lines[1]["type"] as? String == "summary" && lines[1]["unchanged"] as? Bool == false)
        #expect((lines[1]["drills"] as? [String: Any])?["tips"] as? Int == 1)
        #expect((lines[1]["alerts"] as? [[String: Any]])?.first?["unit"] as? String == "patrol-2")

        let chinese = try await run(["--rules", new, "--data", folder.path, "--lang", "zh-CN"])
        for text in ["【新增警报】", "→ #1 紧急", "patrol-2", "加上：", "演练另计：1 条线索"] {
            #expect(chinese.output.contains(text), "\(text): \(chinese.output)")
        }
        let english = try await run(["--rules", new, "--data", folder.path, "--lang", "en", "--limit", "0"])
        #expect(english.output.contains("Who would be alerted:") && english.output.contains("and 1 more (--limit)"))
        let later = try await run(["--rules", new, "--data", folder.path, "--lang", "en", "--from", "2030-01-01"])
        #expect(later.code == 0 && later.output.contains("There is no tip in that time."))
        #expect(try bytes(folder) == before, "the journal is untouched")
    }

    @Test func whatIsWrongIsSaid() async throws {
        let folder = try TemporaryDirectory()
        let bad = try write(folder, "bad.yaml", SampleDistrict.triage().replacing("base: 25", with: "base: 2500").replacing("points: 15", with: "points: x"))
        let wrong = try await run(["--rules", bad, "--data", folder.path, "--lang", "en"])
        #expect(wrong.code == 78 && wrong.errors.split(separator: "\n").count == 2, "\(wrong.errors)")
        let good = try write(folder, "good.yaml", SampleDistrict.triage())
        let missing = try await run(["--rules", good, "--data", folder.path, "--lang", "en"])
        #expect(missing.code == 1 && missing.errors.contains("journal.sqlite does not exist"))
        #expect(try await run(["--rules", folder.file("none.yaml"), "--data", folder.path]).code == 78)
        _ = try write(folder, "journal.sqlite", "not a journal")
        #expect(try await run(["--rules", good, "--data", folder.path]).code == 1)
        for usage in [
            ["--data", folder.path], ["--rules", good, "--data", "a", "--journal", "b"], ["--rules", good, "--from", "yesterday"],
            ["--rules", good, "--from", "2026-03-02", "--until", "2026-03-02T00:00:00"], ["--rules", good, "--limit", "-1"],
        ] {
            #expect(try await run(usage).code == 64, "\(usage)")
        }
    }
}
