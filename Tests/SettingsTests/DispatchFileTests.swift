import Foundation
import Testing
import TipModel

@testable import Settings

@Suite("The file of escalation") struct DispatchFileTests {
    private func read(_ text: String, zones: Set<ZoneID>? = nil) -> (rules: DispatchRules?, issues: [String]) {
        var issues: [SettingsIssue] = []
        let rules = SettingsReader.read(text: text, file: "dispatch.yaml", issues: &issues) { DispatchFile.rules($0, zones: zones) }
        return (rules, issues.map { "\($0)" })
    }

    @Test func theShippedFileSaysTheStandard() throws {
        let shipped = try DispatchFile.load(path: TemporaryFolder.shipped("dispatch.yaml"))
        var expected = DispatchRules.standard
        expected.quietHours = DispatchRules.QuietHours(from: 1_350, until: 390, utcOffsetMinutes: 480)
        var lake = try #require(expected.levels[.emergency])
        lake.neighboursAfter = 60_000
        expected.zones = [ZoneID(unchecked: "nanhu"): [.emergency: lake]]
        #expect(shipped == expected)
        // With the daemon's own file the neighbours are those of the zones.
        let settings = try DaemonSettings.load(path: TemporaryFolder.shipped("watchpostd.yaml"))
        #expect(settings.dispatch.levels == expected.levels && settings.dispatch.zones == expected.zones)
        #expect(settings.dispatch.neighbours[ZoneID(unchecked: "xuefu")]?.map(\.rawValue) == ["dongyuan", "shiji", "nanhu"])
    }

    @Test func anEmptyFileIsTheStandard() {
        #expect(read("").rules == .standard && read("").issues.isEmpty)
    }

    @Test func aZoneKeepsWhatItDoesNotSay() throws {
        let rules = try #require(
            read(
                """
                levels: { urgent: { desk_after: 90s } }
                zones: [{ id: lake, levels: { urgent: { officer_after: never } } }]
                """
            ).rules)
        let own = try #require(rules.ladder(.urgent, in: ZoneID(unchecked: "lake")))
        #expect(own.officerAfter == nil && own.deskAfter == 90_000 && own.neighboursAfter == 300_000)
        #expect(rules.ladder(.priority, in: ZoneID(unchecked: "lake")) == DispatchRules.standard.levels[.priority])
    }

    @Test(arguments: [
        ("levels: { urgent: { desk_after: 500ms } }", "levels.urgent.desk_after"),
        ("levels: { urgent: { desk_after: soon } }", "must be a duration"),
        ("levels: { urgent: { officer_after: 10m } }", "must not be before officer_after"),
        ("levels: { urgent: { remind_every: 1s } }", "levels.urgent.remind_every"),
        ("levels: { urgent: { reminders_at_most: 1001 } }", "0…1000 reminders"),
        ("levels: { urgentt: { desk_after: 1m } }", "did you mean urgent?"),
        ("levels: { emergency: { held_in_quiet_hours: true } }", "an emergency passes the quiet hours"),
        ("quiet_hours: { from: \"24:00\" }", "must be 00:00…23:59"),
        ("quiet_hours: { from: late }", "must be like '22:30'"),
        ("quiet_hours: { utc_offset: \"8\" }", "must be like '+08:00'"),
        ("zones: [{ id: lak, levels: {} }]", "no zone lak; did you mean lake?"),
        ("zones: [{ id: lake }, { id: lake }]", "given twice"),
    ])
    func whatIsWrongIsNamed(text: String, words: String) {
        let issues = read(text, zones: [ZoneID(unchecked: "lake")]).issues
        #expect(issues.count == 1 && issues.first?.contains(words) == true, "\(issues)")
    }

    @Test func quietHoursEnd() {
        func end(_ minutes: Int64, from: Int32, until: Int32, offset: Int32 = 0) -> Int64? {
            DispatchRules.QuietHours(from: from, until: until, utcOffsetMinutes: offset)
                .end(at: Timestamp(milliseconds: minutes * 60_000)).map { $0.milliseconds / 60_000 }
        }
        // Past midnight.
        #expect(end(1_350, from: 1_350, until: 390) == 1_830)
        #expect(end(0, from: 1_350, until: 390) == 390)
        #expect(end(389, from: 1_350, until: 390) == 390)
        #expect(end(390, from: 1_350, until: 390) == nil)
        #expect(end(1_349, from: 1_350, until: 390) == nil)
        // Within a day, in local time, before 1970, and where both are the same.
        #expect(end(60, from: 30, until: 90) == 90)
        #expect(end(60, from: 510, until: 570, offset: 480) == 90)
        #expect(end(-60, from: 1_350, until: 390) == 390)
        #expect(end(60, from: 60, until: 60) == nil)
        #expect(
            DispatchRules.QuietHours(from: 0, until: 1, utcOffsetMinutes: 60).end(at: Timestamp(milliseconds: .max)) == nil)
    }
}
