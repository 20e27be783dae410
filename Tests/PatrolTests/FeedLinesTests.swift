import Access
import Foundation
import Localization
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Patrol

@Suite struct JSONLinesTests {
    private func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }

    private func lines(_ output: PatrolOutput) throws -> [[String: Any]] { try JSONLines.lines(output).map(object) }

    @Test func anEventHasAllThatItTells() throws {
        var one = incident(7, version: 3, level: .urgent, score: 65, phase: .claimed, holder: unitID, place: "3号楼", reasons: [Reason(code: "night", points: 10, detail: "02:10")])
        one.position = Position(latitude: 30.5, longitude: 125.25, accuracy: 15)
        let event = event(9, one, .correlated, tip: tip(2, text: "还在"))
        let line = try #require(try lines(.events(FeedBatch(lane: .alert, items: [FeedItem(previous: 4, event: event)]))).first)
        #expect(line["event"] as? String == "feed" && line["lane"] as? String == "alert" && line["kind"] as? String == "correlated")
        #expect(line["sequence"] as? UInt64 == 9 && line["previous"] as? UInt64 == 4)
        let incident = try #require(line["incident"] as? [String: Any])
        #expect(incident["phase"] as? String == "claimed" && incident["holder"] as? String == "patrol-east" && incident["place"] as? String == "3号楼")
        #expect((incident["position"] as? [String: Any])?["latitude"] as? Double == 30.5)
        #expect((line["tip"] as? [String: Any])?["text"] as? String == "还在")
        #expect(line["unit"] == nil)
    }

    @Test func everyOutputIsOneValidLine() throws {
        let claim = PatrolCommand(.claim, IncidentID(1))
        let outputs: [PatrolOutput] = [
            .link(.wrongDaemon, endpoint: "tcp://one"), .subscribed(Subscribed(zones: [east], begin: cursor(1, 2), heads: cursor(3, 4))),
            .rewound(.main, from: 9, to: 0), .caughtUp(cursor(1, 2)), .behind(cursor: cursor(1, 2), heads: cursor(3, 4)),
            .stale(since: ManualTime.night), .fresh, .clock(offset: -5), .fault(.gap(.alert, expected: 1, found: 2)), .fault(.overrun),
            .action(ActionOutcome(command: claim, result: .done(incident(1), sequence: 4))),
            .action(ActionOutcome(command: claim, result: .refused(Rejection(.heldByOther, field: "f", "m"), nil))),
            .action(ActionOutcome(command: claim, result: .timedOut)), .refused(Rejection(.busy, "m")), .remark(Rejection(.unavailable, "m")),
            .ended(nil), .ended("why"),
        ]
        for output in outputs {
            let found = try lines(output)
            #expect(found.count == 1 && found.first?["event"] is String, "\(output)")
        }
        #expect(try lines(outputs[0]).first?["state"] as? String == "wrong_daemon")
        #expect(try lines(outputs[8]).first?["found"] as? Int == 2)
        #expect(try lines(outputs[11]).first?["code"] as? String == "held_by_other")
    }

    /// A JSON line is often looked at in a terminal.
    @Test(arguments: Hostile.texts) func whatATerminalObeysIsEscapedAndStillThere(_ text: String) throws {
        let event = event(1, incident(1, headline: text), tip: tip(1, text: text))
        let line = try #require(JSONLines.lines(.events(FeedBatch(lane: .main, items: [FeedItem(previous: 0, event: event)]))).first)
        let dangerous = line.unicodeScalars.filter {
            switch $0.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
        #expect(dangerous.isEmpty)
        #expect((try object(line)["tip"] as? [String: Any])?["text"] as? String == text)
    }

    @Test func numbersThatJSONHasNot() throws {
        #expect(JSONText.array([.number(.infinity), .number(.nan), .number(1e-7), .number(-0.5)]).line == "[null,null,1e-07,-0.5]")
        #expect(JSONText.object([("a\"\\", .flag(true)), ("b", .null), ("c", .unsigned(.max)), ("d", .integer(.min))]).line
            == #"{"a\"\\":true,"b":null,"c":18446744073709551615,"d":-9223372036854775808}"#)
    }
}

@Suite struct PlainLinesTests {
    private func plain(_ language: Language, colour: Bool = false) -> PlainLines {
        PlainLines(words: Catalogue(language), usesColour: colour, utcOffset: 8 * 3_600)
    }

    private func batch(_ event: FeedEvent) -> FeedBatch { FeedBatch(lane: event.lane, items: [FeedItem(previous: 0, event: event)]) }

    @Test func anEventAsALineWithItsDate() {
        let opened = event(1, incident(7, level: .urgent, reasons: [Reason(code: "night", points: 10)]), tip: tip(1, text: "有人徘徊"))
        #expect(plain(.zh).events(batch(opened)) == ["2026-01-01 02:10:00  !! 紧急  #7  新警情  可疑人员  east  gate-1  有人徘徊  [夜间 +10]"])
        #expect(plain(.en).events(batch(opened)) == ["2026-01-01 02:10:00  !! URGENT  #7  new incident  suspicious person  east  gate-1  有人徘徊  [night +10]"])
        let cleared = event(2, incident(7, level: .urgent, phase: .cleared, drill: true), .cleared, unit: unitID)
        #expect(plain(.zh).events(batch(cleared)) == ["2026-01-01 02:10:00  !! 紧急  #7  【演练】  patrol-east：处置完毕  可疑人员  east  已处置"])
        #expect(plain(.en, colour: true).events(batch(opened)).first?.contains("\u{1B}[1;33m!! URGENT\u{1B}[0m") == true)
    }

    @Test(arguments: Hostile.texts) func oneLineThatATerminalDoesNotObey(_ text: String) {
        var one = incident(1, headline: text, place: text)
        one.category = text
        let event = event(1, one, .correlated, tip: tip(1, text: text), unit: UnitID(unchecked: text))
        let lines = plain(.zh).events(batch(event))
        #expect(lines.count == 1 && lines.allSatisfy(isHarmless))
        let said = plain(.en).status(.remark(Rejection(.busy, field: text, text)))
        #expect(said.map(isHarmless) == true)
    }

    @Test func statesAreSentencesAndTriflesAreNot() {
        let words = plain(.en)
        #expect(words.status(.link(.refused, endpoint: "tcp://one")) == "key not enrolled or revoked: ask the station desk  address tcp://one")
        #expect(words.status(.stale(since: ManualTime.night))?.hasPrefix("stale since 2026-01-01 02:10:00") == true)
        for output in [PatrolOutput.clock(offset: 1), .behind(cursor: FeedCursor(), heads: FeedCursor()), .ended(nil)] { #expect(words.status(output) == nil) }
    }

    @Test func datesOfAnyDay() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00"), (951_827_696, "2000-02-29 12:34:56"), (1_709_251_199, "2024-02-29 23:59:59"),
            (4_107_542_400, "2100-03-01 00:00:00"), (-1, "1969-12-31 23:59:59"),
        ] as [(Int64, String)] {
            #expect(Clock.full(Timestamp(milliseconds: seconds * 1_000), utcOffset: 0) == text)
        }
        #expect(Clock.full(Timestamp(milliseconds: 0), utcOffset: -3_600) == "1969-12-31 23:00:00")
        for milliseconds in [Int64.min, .max] { #expect(!Clock.full(Timestamp(milliseconds: milliseconds), utcOffset: 50_000).isEmpty) }
    }
}
