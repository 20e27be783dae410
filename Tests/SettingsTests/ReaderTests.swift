import Foundation
import Testing
import TipModel

@testable import Settings

@Suite("Reading configuration")
struct ReaderTests {
    private func daemonIssues(_ text: String) -> [String] {
        var issues: [SettingsIssue] = []
        _ = SettingsReader.read(text: text, file: "watchpostd.yaml", issues: &issues, body: DaemonSettings.settings)
        return issues.map(\.description)
    }

    @Test("a bad file lists everything that is wrong at once, each with its line")
    func allAtOnce() {
        let issues = daemonIssues(
            """
            tips_endpoint: 127.0.0.1:7401
            log_level: loud
            unknown_thing: 1
            ingest:
              queue_tips: many
              id_window: 14d
              batch_tips: [1, 2]
              max_posts:
            feed:
              ring_events: 3
              ring_bytes: 8MB
              rign_bytes: 8MiB
              heartbeat_timeout: 15
              busy: 5s
            presence: 90s
            """)
        #expect(
            issues == [
                "watchpostd.yaml:1: tips_endpoint: must be tcp://host:port; is '127.0.0.1:7401'",
                "watchpostd.yaml:2: log_level: must be one of trace, debug, info, notice, warning, error, critical; "
                    + "is 'loud'",
                "watchpostd.yaml:3: unknown_thing: unknown key",
                "watchpostd.yaml:5: ingest.queue_tips: must be a whole number, is 'many'",
                "watchpostd.yaml:6: ingest.id_window: must be 15d…365d, is 14d",
                "watchpostd.yaml:7: ingest.batch_tips: must be a single value, is a list",
                "watchpostd.yaml:8: ingest.max_posts: must be a single value, is empty",
                "watchpostd.yaml:10: feed.ring_events: must be 64…1000000 events, is 3",
                "watchpostd.yaml:11: feed.ring_bytes: must be a size such as 512B, 64KiB, 256MiB or 1GiB, is '8MB'",
                "watchpostd.yaml:12: feed.rign_bytes: unknown key; did you mean ring_bytes?",
                "watchpostd.yaml:13: feed.heartbeat_timeout: must be a duration such as 250ms, 30s, 10m, 4h or 14d, "
                    + "is '15'",
                "watchpostd.yaml:14: feed.busy: unknown key here; it belongs in journal.busy",
                "watchpostd.yaml:15: presence: must be a map of keys and values, is '90s'",
            ])
    }

    @Test("the daemon's three files are checked together")
    func crossFile() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("d.yaml", "triage_file: t.yaml\nzones_file: z.yaml\nlog_level: x\n")
        _ = try folder.write(
            "t.yaml",
            """
            categories:
              - { code: fire, zh: 火情, en: Fire, base: 60, floor: emergency }
              - { code: hazard, zh: 隐患, en: Hazard, base: 200 }
            correlation: { attach_at: 900, affinity: { fire: { hazrad: 10, hazard: 200 }, hazard: { fire: 20 } } }
            urgency:
              words:
                - { code: fire, phrases: [着火], points: 35, floor: high, exceptions: [着火] }
              night: { utc_offset: +8 }
              levels: { priority: 50, urgent: 40 }
            """)
        _ = try folder.write(
            "z.yaml",
            """
            zones:
              - { id: a, name: A, party_cell: p, police_grid: g, community_grid: c, officer_role: o, neighbours: [b, x] }
              - { id: b, name: B, party_cell: p, police_grid: g, community_grid: c, officer_role: o }
              - { id: b, name: B, party_cell: p, police_grid: g, community_grid: c }
            """)
        let error = try #require(throws: SettingsError.self) { try DaemonSettings.load(path: path) }
        let found = error.issues.map { "\($0.file.suffix(6)):\($0.line ?? 0): \($0.keyPath): \($0.message)" }
        #expect(
            found == [
                "d.yaml:3: log_level: must be one of trace, debug, info, notice, warning, error, critical; is 'x'",
                "t.yaml:3: categories[2].base: must be 0…100 points, is 200",
                "t.yaml:4: correlation.attach_at: no tip could ever attach: all points together are 203",
                "t.yaml:4: correlation.affinity.fire.hazard: must be 0…100 points, is 200",
                "t.yaml:4: correlation.affinity.fire.hazrad: no category 'hazrad'; did you mean hazard?",
                "t.yaml:4: correlation.affinity.hazard.fire: hazard and fire are given twice; a pair is given once, in either order",
                "t.yaml:7: urgency.words[1].exceptions: '着火' is also a phrase, which could then never match",
                "t.yaml:7: urgency.words[1].floor: must be one of routine, priority, urgent, emergency; is 'high'",
                "t.yaml:8: urgency.night.utc_offset: must be like '+08:00' (in quotes), is '+8'",
                "t.yaml:9: urgency.levels.urgent: must be above priority (50), is 40",
                "z.yaml:2: zones[1].neighbours: b does not list a in turn",
                "z.yaml:2: zones[1].neighbours: no zone x",
                "z.yaml:4: zones[3].officer_role: is missing",
                "z.yaml:4: zones[3].id: zone b is given twice",
            ].map { String($0) })
    }

    @Test("a key given twice")
    func duplicateKey() {
        #expect(
            daemonIssues("log_level: info\nfeed:\n  ring_events: 100\n  page_events: 20\n  ring_events: 200\n")
                == ["watchpostd.yaml:5: ring_events: is given twice; already in line 3"])
    }

    @Test("text that is no YAML, or no map", arguments: [
        ("feed: [1, 2", true), ("- a\n- b\n", false), ("just words\n", false), ("a: b: c\n", true), ("\u{1}", true),
        ("a: 1\n---\nb: 2\n", true),
    ])
    func notYAML(text: String, isSyntax: Bool) {
        let issues = daemonIssues(text)
        #expect(issues.count == 1)
        #expect(issues[0].contains("is not valid YAML") == isSyntax, "\(issues)")
    }

    @Test("an empty file means every default")
    func empty() {
        #expect(daemonIssues("") == [])
        #expect(daemonIssues("# nothing\n") == [])
    }

    @Test("anchors and aliases are refused before they unfold", arguments: [
        "a: &x 1\nb: *x\n",
        "a: &a [1]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
        "- &a !!str x\n",
        "? *x : 1\n",
        "a: !!str &x hello\n",
        "a: {b: &x 1}\n",
        "a: - '\nb: &x 1\n",
    ])
    func anchors(text: String) {
        let issues = daemonIssues(text)
        #expect(issues.count == 1)
        #expect(issues[0].contains("anchors") || issues[0].contains("not valid YAML"), "\(issues)")
    }

    @Test("a bomb of aliases as a key, which the parser itself would unfold, ends at once")
    func bomb() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1..<40 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        text += "? *a39\n: 1\n"
        #expect(daemonIssues(text).count == 1)
    }

    @Test("stars and ampersands in values are no aliases")
    func noAliases() {
        #expect(daemonIssues("tips_endpoint: tcp://127.0.0.1:* # *any* & all\nfeed_endpoint: 'tcp://*:7402'\n") == [])
        #expect(daemonIssues("tips_endpoint: tcp://*:7401\n# &x *y\nfeed_endpoint: \"tcp://127.0.0.1:*\"\n") == [])
    }

    @Test("deep nesting is refused, not followed")
    func deep() {
        #expect(daemonIssues(String(repeating: "[", count: 100_000)).count == 1)
        #expect(daemonIssues(String(repeating: "{a: ", count: 100_000)).count == 1)
        #expect(daemonIssues(String(repeating: "- ", count: 100_000) + "x").count == 1)
    }

    @Test("files that cannot be read are one clear issue")
    func unreadable() throws {
        let folder = try TemporaryFolder()
        let big = try folder.write("big.yaml", String(repeating: "# filler\n", count: (2 << 20) / 9))
        let missing = folder.path + "/missing.yaml"
        for (path, message) in [
            (big, "is larger than 1MiB"), (missing, "cannot be opened: No such file or directory"),
            (folder.path, "is not a regular file"),
        ] {
            let error = try #require(throws: SettingsError.self) { try AgentSettings.load(path: path) }
            #expect(error.description == "\(path): \(message)")
        }
    }

    @Test("text that is not UTF-8")
    func notUTF8() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.yaml", "")
        try Data([0x61, 0x3A, 0x20, 0xFF]).write(to: URL(fileURLWithPath: path))
        let error = try #require(throws: SettingsError.self) { try AgentSettings.load(path: path) }
        #expect(error.issues.map(\.message) == ["is not UTF-8 text"])
    }

    @Test("the agent listens for HTTP on loopback only", arguments: [
        ("127.0.0.1:7410", true), ("off", true), ("'[::1]:0'", true), ("localhost:80", true), ("0.0.0.0:7410", false),
        ("192.168.1.5:7410", false), ("127.0.0.1", false), ("127.0.0.1.example.com:80", false), ("'*:80'", false),
    ])
    func loopback(text: String, isGood: Bool) {
        var issues: [SettingsIssue] = []
        let settings = SettingsReader.read(
            text: "bundle_file: b\nhttp_listen: \(text)\n", file: "agent.yaml", issues: &issues,
            body: AgentSettings.settings)
        #expect(issues.isEmpty == isGood, "\(issues)")
        if text == "off" { #expect(settings?.httpListen == nil) }
    }

    @Test("endpoints", arguments: [
        ("tcp://127.0.0.1:7401", true, true), ("tcp://127.0.0.1:*", true, false), ("tcp://*:7401", true, false),
        ("tcp://[::1]:7401", true, true), ("tcp://station.example:7401", false, true), ("tcp://:7401", false, false),
        ("tcp://127.0.0.1:0", false, false), ("tcp://127.0.0.1:70000", false, false), ("ipc:///tmp/x", false, false),
        ("tcp://127.0.0.300:1", false, false), ("tcp://127.0.0.1:+80", false, false), ("tcp://a b:1", false, false),
    ])
    func endpoints(text: String, binds: Bool, connects: Bool) {
        #expect((Endpoint.problem(text, use: .bind) == nil) == binds)
        #expect((Endpoint.problem(text, use: .connect) == nil) == connects)
    }

    @Test("durations and sizes")
    func quantities() {
        #expect(Quantity.milliseconds("250ms") == 250)
        #expect(Quantity.milliseconds("30s") == 30_000)
        #expect(Quantity.milliseconds("10m") == 600_000)
        #expect(Quantity.milliseconds("4h") == 14_400_000)
        #expect(Quantity.milliseconds("14d") == 1_209_600_000)
        #expect(Quantity.milliseconds("14 d") == 1_209_600_000)
        for bad in ["", "30", "s", "-1s", "1.5h", "30S", "9223372036854775807d", "99999999999999999999s", "1h30m"] {
            #expect(Quantity.milliseconds(bad) == nil, "\(bad)")
        }
        #expect(Quantity.bytes("512B") == 512)
        #expect(Quantity.bytes("64KiB") == 65_536)
        #expect(Quantity.bytes("256MiB") == 268_435_456)
        for bad in ["64", "64KB", "64kib", "-1B", "9223372036854775807GiB"] {
            #expect(Quantity.bytes(bad) == nil, "\(bad)")
        }
        #expect(Quantity.text(milliseconds: 90_000) == "90s")
        #expect(Quantity.text(milliseconds: 0) == "0s")
        #expect(Quantity.text(bytes: 1 << 20) == "1MiB")
        #expect(Quantity.integer("1_000") == 1_000)
        #expect(Quantity.integer("-5") == -5)
        #expect(Quantity.integer("0x10") == nil)
    }

    @Test("a socket's path that would not fit its address, also by default")
    func longSocketPath() {
        let long = "/" + String(repeating: "d", count: 95)
        let issues = daemonIssues("data_directory: \(long)\n")
        #expect(issues.count == 1)
        #expect(issues[0].contains("admin_socket: the socket's path has 107 bytes, at most 100"), "\(issues)")
    }

    @Test("the board: beyond this machine only with a certificate, and certificate and key together")
    func board() throws {
        for listen in ["127.0.0.1:7420", "'[::1]:1'", "localhost:80", "127.0.0.1:*", "off"] {
            #expect(daemonIssues("board: {listen: \(listen)}\n") == [], "\(listen)")
        }
        for listen in ["7420", "station:7420", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1", "*:7420"] {
            #expect(daemonIssues("board: {listen: '\(listen)'}\n").first?.contains("board.listen: must be address:port") == true, "\(listen)")
        }
        for listen in ["0.0.0.0:7420", "10.0.0.5:7420", "'[::]:7420'"] {
            let issues = daemonIssues("board: {listen: \(listen)}\n")
            #expect(issues.count == 1 && issues[0].contains("is beyond this machine"), "\(issues)")
            #expect(daemonIssues("board: {listen: \(listen), tls_certificate: a.crt, tls_key: a.key}\n") == [])
        }
        #expect(daemonIssues("board: {tls_key: a.key}\n").first?.contains("certificate and key belong together") == true)
    }

    @Test("paths start from the file's folder")
    func paths() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("agent.yaml", "bundle_file: keys/b.yaml\ndata_directory: /srv/agent\n")
        let settings = try AgentSettings.load(path: path)
        #expect(settings.bundleFile == folder.path + "/keys/b.yaml")
        #expect(settings.socketPath == "/srv/agent/agent.sock")
        #expect(joinPath("", "a") == "a")
        #expect(folderOf("a.yaml") == ".")
        #expect(folderOf("/a.yaml") == "/")
    }

    @Test("what a reload can take over, and what it cannot")
    func reload() throws {
        let before = try DaemonSettings.load(path: TemporaryFolder.shipped("watchpostd.yaml"))
        var after = before
        after.logLevel = .debug
        after.zones.removeLast()
        after.triage.urgency.nightPoints = 20
        #expect(after.restartOnlyDifferences(from: before) == [])
        after.feed.ringEvents = 100
        after.tipsEndpoint = "tcp://127.0.0.1:1"
        #expect(after.restartOnlyDifferences(from: before) == ["tips_endpoint", "feed.ring_events"])
    }

    @Test("reload knows every key: all but triage, dispatch, zones and log level need a restart")
    func reloadIsComplete() throws {
        let before = try DaemonSettings.load(path: TemporaryFolder.shipped("watchpostd.yaml"))
        var after = DaemonSettings(dataDirectory: "/x", zones: [], triage: .empty)
        after.tipsEndpoint = ""
        after.feedEndpoint = ""
        after.ingest.queueTips = 0
        after.ingest.batchTips = 0
        after.ingest.idWindow = .zero
        after.ingest.maxPosts = 0
        after.feed.ringEvents = 0
        after.feed.ringBytes = 0
        after.feed.pageEvents = 0
        after.feed.maxSubscriptions = 0
        after.feed.perUnitSubscriptions = 0
        after.feed.heartbeatTimeout = .zero
        after.journal.snapshotEvery = 0
        after.journal.busy = .zero
        after.attachments.maxBytes = 0
        after.disk.reserve = 0
        after.disk.lowWater = 0
        after.presence.silentAfter = .zero
        after.board.listen = nil
        after.board.tlsCertificate = ""
        after.board.tlsKey = ""
        after.board.sessionIdle = .zero
        after.board.sessionMax = .zero
        after.board.maxConnections = 0
        after.board.maxStreams = 0
        after.metrics.listen = nil
        let sections: Set = [
            "attachments", "board", "disk", "ingest", "feed", "journal", "metrics", "presence", "triage_file", "dispatch_file", "zones_file", "log_level",
        ]
        // The daemon itself does not compact: `watchpost journal compact` reads what is retained.
        let known = SettingsReader.knownKeys(DaemonSettings.settings).subtracting(sections)
            .subtracting(["journal.retain_for", "journal.retain_bytes"])
        #expect(Set(after.restartOnlyDifferences(from: before)) == known)
    }
}
