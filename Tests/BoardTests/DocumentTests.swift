import Administration
import Foundation
import Testing
import TestSupport
import TipModel

@testable import Accounts
@testable import Board

@Suite("Documents")
struct DocumentTests {
    private func document() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(PackageResources.openapi_json)) as? [String: Any])
    }

    @Test("the OpenAPI document and the table of routes name the same paths and methods")
    func routes() throws {
        let paths = try #require(try document()["paths"] as? [String: [String: Any]])
        let described = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
        #expect(described == Set(APIRoute.allCases.map { "\($0.method) \($0.path)" }))
    }

    @Test("every reference of the document leads somewhere, and every operation says what happens without a session")
    func references() throws {
        let document = try document()
        let components = try #require(document["components"] as? [String: [String: Any]])
        func walk(_ value: Any) {
            if let object = value as? [String: Any] {
                if let reference = object["$ref"] as? String {
                    let parts = reference.split(separator: "/").map(String.init)
                    #expect(parts.count == 4 && components[parts[2]]?[parts[3]] != nil, "\(reference)")
                }
                object.values.forEach(walk)
            } else if let list = value as? [Any] {
                list.forEach(walk)
            }
        }
        walk(document)
        let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
        for (path, methods) in paths {
            for (method, operation) in methods {
                #expect((operation["responses"] as? [String: Any])?["401"] != nil, "\(method) \(path)")
            }
        }
    }

    @Test("the document names every action")
    func actions() throws {
        let text = String(decoding: PackageResources.openapi_json, as: UTF8.self)
        var body = ActionBody()
        (body.disposition, body.unit, body.to, body.into, body.tips) = ("resolved", "u", "u", 1, ["01KE5Z0000000000000000000A"])
        (body.tip, body.level) = ("01KE5Z0000000000000000000A", "routine")
        for name in ["claim", "join", "en_route", "on_scene", "clear", "release", "acknowledge", "assign", "recall", "hand_over", "reopen", "merge", "split", "detach", "regrade"] {
            #expect(try BoardAction(name, body)?.name == name)
            #expect(text.contains("\"\(name)\""))
        }
        #expect(try BoardAction("explode", body) == nil)
    }

    @Test("CAP is valid by the standard's schema, whatever the incident says", arguments: [false, true])
    func cap(cleared: Bool) throws {
        try #require(FileManager.default.isExecutableFile(atPath: "/usr/bin/xmllint"), "xmllint is in the package libxml2-utils")
        var incident = BoardHarness.incident(7)
        incident.headline = "<冒烟> & \u{1}\"火\" ]]>"
        incident.position = Position(latitude: -0.5, longitude: 179.999_999_9, accuracy: 35.5)
        incident.version = cleared ? 4 : 1
        if cleared { (incident.phase, incident.disposition) = (.cleared, .falseAlarm) }
        var report = IncidentReport(incident)
        let values = AlertValues(incident.urgency)
        report.cap = CAPReport(urgency: values.urgency.rawValue, severity: values.severity.rawValue, certainty: values.certainty.rawValue)
        let text = CAPDocument(
            report, words: .init(event: "火情", zone: "东苑", language: "zh-CN"), nowMs: ManualTime.night.milliseconds, offsetMinutes: 480
        ).xml
        #expect(text.contains("<circle>-0.500000,180.000000 0.036</circle>"))
        #expect(text.contains("<sent>2026-01-01T02:10:00+08:00</sent>"))
        #expect(text.contains(cleared ? "<references>watchpost,watchpost.7.1," : "<msgType>Alert</msgType>"))
        let folder = try TemporaryDirectory()
        try Data(text.utf8).write(to: URL(filePath: folder.file("alert.xml")))
        let schema = try #require(Bundle.module.url(forResource: "cap-1.2", withExtension: "xsd"))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/xmllint")
        process.arguments = ["--noout", "--nonet", "--schema", schema.path, folder.file("alert.xml")]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: said, as: UTF8.self))\n\(text)")
    }

    @Test(
        "times in ISO 8601, with the district's offset",
        arguments: [
            (Int64(0), 0, "1970-01-01T00:00:00-00:00"), (1_767_204_600_000, 480, "2026-01-01T02:10:00+08:00"),
            (-1, 0, "1969-12-31T23:59:59-00:00"), (951_782_400_000, -330, "2000-02-28T18:30:00-05:30"),
            (1_709_164_800_000, 0, "2024-02-29T00:00:00-00:00"),
        ])
    func isoTimes(milliseconds: Int64, offset: Int, text: String) {
        #expect(isoTime(milliseconds: milliseconds, offsetMinutes: offset) == text)
        // Never a trap, whatever a clock said.
        _ = isoTime(milliseconds: .min, offsetMinutes: .min)
        _ = isoTime(milliseconds: .max, offsetMinutes: .max)
    }

    @Test("RFC 3339 is read as it was written, and nothing else is")
    func rfc3339() {
        for milliseconds: Int64 in [0, 1_767_204_600_000, 951_782_399_000, -86_400_000, 4_102_444_799_000] {
            for offset in [0, 480, -330] {
                #expect(Timestamp(rfc3339: isoTime(milliseconds: milliseconds, offsetMinutes: offset))?.milliseconds == milliseconds)
            }
        }
        #expect(Timestamp(rfc3339: "2026-01-01T00:00:00.25Z")?.milliseconds == 1_767_225_600_250)
        #expect(Timestamp(rfc3339: "4389-07-12T06:40:29.5450+22:42") != nil)
        for text in ["", "2026-01-01", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00Zx", "２０26-01-01T00:00:00Z"] {
            #expect(Timestamp(rfc3339: text) == nil, "\(text)")
        }
    }

    @Test("GeoJSON puts the longitude first, and has null where there is no place")
    func geoJSON() throws {
        var here = IncidentReport(BoardHarness.incident(1))
        here.position = PositionReport(latitude: 30.5, longitude: 120.25)
        let bytes = try JSONEncoder().encode(GeoJSONDocument([here, IncidentReport(BoardHarness.incident(2))]))
        let object = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        let features = try #require(object["features"] as? [[String: Any]])
        #expect((features[0]["geometry"] as? [String: Any])?["coordinates"] as? [Double] == [120.25, 30.5])
        #expect(features[1]["geometry"] is NSNull)
    }

    @Test("a form is read as browsers send it, and nothing else")
    func forms() throws {
        let form = try FormFields(text: "name=a+b%26c&tips=1&tips=2&empty=&csrf")
        #expect(form["name"] == "a b&c" && form["empty"] == "" && form["csrf"] == "" && form["other"] == nil)
        #expect(form.all("tips") == ["1", "2"])
        for text in ["a=%", "a=%zz", "a=%ff", String(repeating: "a=1&", count: 257)] {
            #expect(throws: (any Error).self) { try FormFields(text: text) }
        }
    }
}
