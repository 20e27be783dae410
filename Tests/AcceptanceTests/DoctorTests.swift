import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Workbench

extension Acceptance {
    /// `watchpost doctor` and `watchpost top` against the built daemon.
    @Suite struct DoctorTests {
        private struct Report: Decodable {
            struct Finding: Decodable {
                var check: String
                var verdict: String
                var detail: String
                var advice: String?
            }

            var ok: Bool
            var findings: [Finding]
        }

        private func examine(_ station: Station) async throws -> (code: Int32, report: Report) {
            let run = try await station.tool(["doctor", "--config", station.daemon.configuration, "--json"])
            return (run.code, try JSONDecoder().decode(Report.self, from: Data(run.output.utf8)))
        }

        @Test func aStationThatIsWellPassesAndAKeyThatOthersCanReadDoesNot() async throws {
            let station = try await Station()
            let (code, report) = try await examine(station)
            #expect(code == 0 && report.ok, "\(report)")
            let checks = Dictionary(report.findings.map { ($0.check, $0) }) { first, _ in first }
            let data = station.daemon.dataDirectory
            for check in ["libzmq", "descriptors", "clock", "configuration", "daemon", "daemon.descriptors", "daemon.posts_clocks"] {
                #expect(checks[check] != nil, "no \(check)")
            }
            #expect(checks["libzmq"]?.detail.contains("with CURVE") == true)
            // The paths are told as the configuration has them, so only their ends are compared.
            let fsync = report.findings.first { $0.check.hasPrefix("fsync:") }
            #expect(fsync?.detail.contains("expect a receipt after") == true, "\(String(describing: fsync))")
            #expect(report.findings.contains { $0.check.hasPrefix("space:") })
            #expect(report.findings.contains { $0.check.hasSuffix("daemon.key") && $0.verdict == "ok" })
            // It leaves nothing behind.
            #expect(try FileManager.default.contentsOfDirectory(atPath: data).allSatisfy { !$0.contains("doctor") })

            #expect(chmod(data + "/daemon.key", 0o644) == 0)
            let (failed, after) = try await examine(station)
            let finding = after.findings.first { $0.check.hasSuffix("daemon.key") }
            #expect(failed == 1 && !after.ok && finding?.verdict == "failed")
            #expect(finding?.detail.contains("0644") == true && finding?.advice?.contains("chmod 600") == true)
            #expect(chmod(data + "/daemon.key", 0o600) == 0)

            // Also while nothing runs.
            _ = await station.daemon.stop()
            let (stopped, away) = try await examine(station)
            #expect(stopped == 0 && away.findings.contains { $0.check == "daemon" && $0.verdict == "warning" })
        }

        @Test func aConfigurationThatIsWrongFailsWithItsLine() async throws {
            let station = try await Station(start: false)
            try write(station.file("bad.yaml"), "data_directory: data\nmetrics: {listen: '0.0.0.0:9465'}\n")
            let run = try await station.tool(["doctor", "--config", station.file("bad.yaml")])
            #expect(run.code == 1 && run.output.contains("must be a loopback address"), "\(run)")
            let none = try await station.tool(["doctor", "--config", station.file("none.yaml")])
            #expect(none.code == 78)
        }

        @Test func topShowsOnePageIntoAPipe() async throws {
            let station = try await Station()
            _ = try await station.enrolPost("gate")
            let run = try await station.tool(["top", "--once", "--admin", station.daemon.adminSocket])
            #expect(run.code == 0 && run.output.contains("0 of 1 are heard") && run.output.contains("[..........] 0/1024"), "\(run)")
            let json = try await station.tool(["top", "--once", "--json", "--admin", station.daemon.adminSocket])
            #expect(json.code == 0 && json.output.contains("\"fsyncs_per_second\":") && json.output.contains("\"health\":{"), "\(json)")
        }
    }
}
