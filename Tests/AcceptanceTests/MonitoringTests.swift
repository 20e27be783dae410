import FoundationEssentials
import LocalHTTP
import Patrol
import Settings
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench
import ZeroMQ

extension Acceptance {
    /// What a monitoring system gets from the built programs.
    @Suite struct MonitoringTests {
        @Test func theMetricsTellWhatHappened() async throws {
            let station = try await Station("metrics: {listen: '127.0.0.1:*'}")
            let web = try await Scraper(station.daemon.log)
            #expect(try await web.get("/healthz").status == 200)
            #expect(try await web.get("/readyz").status == 200)

            let bundle = try await station.enrolPost("gate")
            let patrol = try DirectPatrol(try await station.enrolUnit("alpha"))
            let context = try Context()
            let post = try DirectPost(bundle, context: context)
            let tip = DirectPost.tip(category: "theft", text: "a bicycle")
            _ = try await post.receipt(for: tip)
            _ = try await post.receipt(for: tip)
            _ = try await patrol.wait(for: "the event") { $0.events.isEmpty ? nil : true }

            let text = try await web.metrics()
            #expect(text.value("watchpost_ready") == 1)
            #expect(text.value("watchpost_core_answering") == 1)
            #expect(text.value("watchpost_tips_total{verdict=\"new\"}") == 1)
            #expect(text.value("watchpost_tips_total{verdict=\"repeat\"}") == 1)
            #expect(text.value("watchpost_commit_batch_tips_count") == 1)
            #expect(text.value("watchpost_commit_seconds_count") == text.value("watchpost_commits_total"))
            #expect((text.value("watchpost_fsyncs_total") ?? 0) >= (text.value("watchpost_commits_total") ?? .infinity))
            #expect(text.value("watchpost_incidents_unclaimed") == 1)
            #expect(text.value("watchpost_zap_refusals_total") == 0)
            #expect((text.value("watchpost_post_last_seen_seconds{post=\"gate\"}") ?? 99) < 60)
            #expect((text.value("watchpost_disk_free_bytes") ?? 0) > 0)
            let lagged = try await eventually(deadline: .seconds(15)) { () async throws in
                try await web.metrics().value("watchpost_feed_lag_events{unit=\"alpha\",lane=\"main\"}") != nil
            }
            #expect(lagged)
        }

        /// `promtool check metrics` and every name that rules and dashboard use, on what the programs really say.
        @Test func promtoolLikesItAndTheRulesNameOnlyWhatThereIs() async throws {
            let station = try await Station("metrics: {listen: '127.0.0.1:*'}")
            let bundle = try await station.enrolPost("gate")
            let patrol = try DirectPatrol(try await station.enrolUnit("alpha"))
            let agent = try AgentProcess(
                binaries: station.binaries, directory: station.file("agent"), bundle: bundle, more: "metrics: {listen: '127.0.0.1:*'}")
            try await agent.start()
            _ = try await agent.tip(["-c", "theft", "a bicycle"])
            let web = try await Scraper(station.daemon.log)
            let there = try await eventually(deadline: .seconds(20)) { () async throws in
                let text = try await web.metrics()
                return text.contains("watchpost_feed_lag_events{") && text.contains("watchpost_post_spool_tips{")
            }
            #expect(there)
            let post = try await Scraper(agent.log)
            // The tip leaves the spool in a quiet moment after its receipt.
            let isPutDown = try await eventually(deadline: .seconds(20)) { () async throws in
                try await post.metrics().value("watchpost_agent_spool_tips") == 0
            }
            #expect(isPutDown)
            let (daemon, atPost) = (try await web.metrics(), try await post.metrics())
            #expect(atPost.value("watchpost_agent_tips_total") == 1)
            #expect(atPost.value("watchpost_agent_link_up{condition=\"connected\"}") == 1)
            withExtendedLifetime(patrol) {}
            let names = Set((daemon + atPost).split(separator: "\n").compactMap { line in
                line.hasPrefix("# TYPE ") ? line.split(separator: " ").dropFirst(2).first.map(String.init) : nil
            })
            for file in ["watchpost-alerts.yaml", "grafana-dashboard.json"] {
                let used = metricNames(in: AcceptanceTests.text(of: monitoringFolder + file))
                #expect(used.count > 10)
                for name in used {
                    let family = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) }
                    #expect(names.contains(name) || names.contains(family ?? name), "\(file) names \(name), which nothing tells")
                }
            }
            guard let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first(where: { FileManager.default.isExecutableFile(atPath: $0) })
            else { return print("promtool is not installed: its checks are left out") }
            for (name, text) in [("daemon", daemon), ("agent", atPost)] {
                try write(station.file(name + ".prom"), text)
                let run = try await runTool(
                    "/bin/sh", ["-c", "\(promtool) check metrics < \(station.file(name + ".prom")) 2>&1"], scratch: station.folder.path, within: .seconds(30))
                #expect(run.code == 0, "\(name): \(run.output)")
            }
            for command in ["check rules \(monitoringFolder)watchpost-alerts.yaml", "test rules \(monitoringFolder)watchpost-alerts-test.yaml"] {
                let run = try await runTool("/bin/sh", ["-c", "\(promtool) \(command) 2>&1"], scratch: station.folder.path, within: .seconds(30))
                #expect(run.code == 0, "\(run.output)")
            }
        }

        @Test func eachAlertHasItsSectionInTheRunbook() throws {
            let rules = AcceptanceTests.text(of: monitoringFolder + "watchpost-alerts.yaml")
            let runbook = AcceptanceTests.text(of: monitoringFolder + "../../docs/runbook.md")
            let alerts = rules.split(separator: "\n").compactMap { line in
                line.contains("- alert: ") ? line.split(separator: " ").last.map(String.init) : nil
            }
            #expect(alerts.count > 10)
            for alert in alerts {
                #expect(runbook.contains("\n## \(alert)\n"), "docs/runbook.md has no section \(alert)")
                #expect(rules.contains("runbook: docs/runbook.md#\(alert.lowercased())\n"))
            }
            for heading in runbook.split(separator: "\n") where heading.hasPrefix("## Watchpost") {
                #expect(alerts.contains(String(heading.dropFirst(3))), "\(heading) is no alert")
            }
        }

        @Test func aPageOfAnotherSiteReadsNothing() async throws {
            let station = try await Station("metrics: {listen: '127.0.0.1:*'}")
            let web = try await Scraper(station.daemon.log)
            let foreign = try await curl(web.port, "-H 'Host: evil.example'", station)
            #expect(foreign == "421")
            #expect(try await curl(web.port, "-H 'Origin: http://evil.example'", station) == "403")
            #expect(try await curl(web.port, "", station) == "200")
        }

        @Test func aTakenPortStopsNothing() async throws {
            let first = try await Station("metrics: {listen: '127.0.0.1:*'}")
            let port = try await Scraper(first.daemon.log).port
            let second = try await Station("metrics: {listen: '127.0.0.1:\(port)'}")
            let said = try await eventually(deadline: .seconds(10)) { () async throws in
                AcceptanceTests.text(of: second.daemon.log).contains("the monitoring address is not available")
            }
            #expect(said)
            let context = try Context()
            let post = try DirectPost(try await second.enrolPost("gate"), context: context)
            _ = try await post.receipt(for: DirectPost.tip(category: "theft", text: "a bicycle"))
        }

        private func curl(_ port: Int, _ options: String, _ station: Station) async throws -> String {
            let command = "curl -s -m 5 -o /dev/null -w '%{http_code}' \(options) http://127.0.0.1:\(port)/healthz"
            return try await runTool("/bin/sh", ["-c", command], scratch: station.folder.path, within: .seconds(15)).output
        }
    }
}

private let monitoringFolder = URL(filePath: #filePath).deletingLastPathComponent().path() + "../../config/monitoring/"

/// The names of metrics in rules or a dashboard.
private func metricNames(in text: String) -> Set<String> {
    var names: Set<String> = []
    for word in text.split(whereSeparator: { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == ".")) })
    where (word.hasPrefix("watchpost_") || word.hasPrefix("process_")) && !word.contains("-") && !word.contains(".") { names.insert(String(word)) }
    return names
}

/// Asks the monitoring port that a log names.
private struct Scraper {
    let port: Int

    init(_ log: String) async throws {
        var found: Int?
        _ = try await eventually(deadline: .seconds(10)) { () async throws in
            // The only TCP port of such a daemon or agent.
            let line = text(of: log).split(separator: "\n").last { $0.contains("listening") && $0.contains("port=") }
            found = line?.split(separator: " ").first { $0.hasPrefix("port=") }.flatMap { Int($0.dropFirst(5)) }
            return found != nil
        }
        port = try #require(found, "no port in \(text(of: log))")
    }

    func get(_ path: String) async throws -> (status: Int, body: [UInt8]) {
        try await LocalHTTPClient(.tcp(host: "127.0.0.1", port: port)).request(method: "GET", path: path, timeout: .seconds(5))
    }

    func metrics() async throws -> String { String(decoding: try await get("/metrics").body, as: UTF8.self) }
}

extension String {
    /// The value of one sample of an exposition.
    fileprivate func value(_ sample: String) -> Double? {
        split(separator: "\n").first { $0.hasPrefix(sample + " ") }.flatMap { Double($0.dropFirst(sample.count + 1)) }
    }
}
