import Foundation
import Testing
import TipModel

@testable import Settings

@Suite("Shipped configuration")
struct ShippedFilesTests {
    @Test("the daemon's file loads, and says the defaults")
    func daemon() throws {
        let path = TemporaryFolder.shipped("watchpostd.yaml")
        let settings = try DaemonSettings.load(path: path)
        #expect(settings.zones.count == 6)
        #expect(settings.triage.categories.count == 16)
        #expect(settings.dataDirectory.hasSuffix("config/../var/watchpostd"))
        #expect(settings.secretKeyFile == settings.dataDirectory + "/daemon.key")
        var defaults = DaemonSettings(
            dataDirectory: settings.dataDirectory, zones: settings.zones, triage: settings.triage)
        defaults.triageFile = settings.triageFile
        defaults.zonesFile = settings.zonesFile
        // What the file of escalation says is in DispatchFileTests.
        defaults.dispatchFile = settings.dispatchFile
        defaults.dispatch = settings.dispatch
        #expect(settings == defaults)
    }

    @Test("the agent's and the patrol's files load, and say the defaults")
    func clients() throws {
        let agent = try AgentSettings.load(path: TemporaryFolder.shipped("agent.yaml"))
        #expect(agent == AgentSettings(bundleFile: agent.bundleFile, dataDirectory: agent.dataDirectory))
        let patrol = try PatrolSettings.load(path: TemporaryFolder.shipped("patrol.yaml"))
        #expect(patrol == PatrolSettings(bundleFile: patrol.bundleFile, stateDirectory: patrol.stateDirectory))
    }

    @Test("triage: the values that the design names")
    func triage() throws {
        let rules = try TriageFile.load(path: TemporaryFolder.shipped("triage.yaml"))
        // The words decide; a category is only where the sum begins, and which tips overtake others.
        #expect(rules.categories.values.allSatisfy { $0.floor == .routine })
        #expect(["fire", "weapon", "medical", "assault"].allSatisfy { rules.categories[$0]?.base == rules.urgency.urgentAt })
        #expect(rules.correlation.windowMilliseconds == 2_400_000)
        #expect(rules.correlation.attachAt == 78)
        #expect(rules.urgency.utcOffsetMinutes == 480)
        #expect(rules.urgency.emergencyAt == 80)
        let weapon = try #require(rules.urgency.lexicon.words.first { $0.code == "weapon" })
        #expect(weapon.floor == .emergency)
        #expect(weapon.exceptions.contains("水枪"))
        // Folded lines of a list must not leave a phrase with two spaces or a line break.
        for phrase in rules.urgency.lexicon.words.flatMap({ $0.phrases + $0.exceptions }) {
            #expect(!phrase.contains("  ") && !phrase.contains("\n"), "\(phrase)")
        }
        #expect(rules.correlation.affinity["theft", "burglary"] == rules.correlation.affinity["burglary", "theft"])
        #expect(rules.correlation.affinity["fire", "fraud"] == 0)
    }

    @Test("the district: 41 posts with 491 members in known zones, every zone with a unit")
    func district() throws {
        let zones = try ZonesFile.load(path: TemporaryFolder.shipped("district/zones.yaml"))
        let known = Set(zones.map(\.id))
        let posts = try PostsFile.load(path: TemporaryFolder.shipped("district/posts.yaml"), zones: known)
        let units = try UnitsFile.load(path: TemporaryFolder.shipped("district/units.yaml"), zones: known)
        #expect(posts.count == 41)
        #expect(posts.map(\.members).reduce(0, +) == 491)
        #expect(Set(posts.map(\.zone)) == known)
        #expect(Set(units.flatMap(\.zones)) == known)
        #expect((6...8).contains(units.count))
        #expect(units.contains { $0.zones.count == 2 })
        let centre = Position(latitude: 30, longitude: 125)
        for post in posts {
            let position = try #require(post.position)
            #expect(position.distance(to: centre) < 2_500)
        }
        #expect(Set(posts.map(\.name)).count == 41)
    }

    @Test(
        "every key that a loader knows stands in its shipped file, commented out or not, and the reverse",
        arguments: ["watchpostd.yaml", "agent.yaml", "patrol.yaml"])
    func noDrift(name: String) throws {
        // A commented key is `#key: value` without a space; a comment in words has one.
        let text = try String(contentsOfFile: TemporaryFolder.shipped(name), encoding: .utf8)
        let everything = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.firstIndex(of: "#").map { hash in
                let rest = line[line.index(after: hash)...]
                let isKey = line[..<hash].allSatisfy { $0 == " " } && rest.first?.isLetter == true
                return isKey ? String(line[..<hash] + rest) : String(line)
            } ?? String(line)
        }.joined(separator: "\n")
        var issues: [SettingsIssue] = []
        var known: Set<String> = []
        var given: Set<String> = []
        func collect<Value>(_ body: (SettingsSection) -> Value) {
            known = SettingsReader.knownKeys(body)
            _ = SettingsReader.read(text: everything, file: TemporaryFolder.shipped(name), issues: &issues, body: body)
        }
        switch name {
        case "watchpostd.yaml": collect(DaemonSettings.settings)
        case "agent.yaml": collect(AgentSettings.settings)
        default: collect(PatrolSettings.settings)
        }
        #expect(issues == [])
        var section = ""
        for line in everything.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let key = line[..<colon].drop { $0 == " " }
            let nested = line.hasPrefix(" ")
            if !nested { section = String(key) }
            given.insert(nested ? section + "." + key : String(key))
        }
        #expect(given == known)
    }
}
