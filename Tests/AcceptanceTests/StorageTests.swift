import Administration
import FoundationEssentials
import GRDB
import Glibc
import Journal
import Patrol
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench

extension Acceptance {
    /// A data directory or a journal that does not do what it should.
    @Suite struct StorageTests {
        @Test func aDirectoryThatCannotBeMadeOrWrittenIsTold() async throws {
            let station = try await Station(start: false)
            let folder = station.folder.path
            try write(folder + "/file", "")
            try FileManager.default.createDirectory(atPath: folder + "/locked/journal", withIntermediateDirectories: true)
            chmod(folder + "/locked/journal", 0o500)
            chmod(folder + "/locked", 0o500)
            defer {
                chmod(folder + "/locked", 0o700)
                chmod(folder + "/locked/journal", 0o700)
            }
            for (name, words) in [
                ("file/data", "\(folder)/file/data: cannot be made: Not a directory"),
                ("locked/data/deep", "\(folder)/locked/data: cannot be made: Permission denied"),
                ("locked/journal", "\(folder)/locked/journal: cannot be written: Permission denied"),
            ] {
                try write(
                    folder + "/bad.yaml",
                    """
                    data_directory: \(name)
                    admin_socket: admin.sock
                    tips_endpoint: 'tcp://127.0.0.1:*'
                    feed_endpoint: 'tcp://127.0.0.1:*'
                    zones_file: zones.yaml
                    triage_file: triage.yaml
                    """)
                let (code, _, errors) = try await asOrdinaryUser(station, ["--config", folder + "/bad.yaml"])
                #expect(code == 74 && errors.contains(words), "\(name): \(code) \(errors)")
            }
        }

        /// Root may write anywhere, unless the capability for that is taken away.
        private func asOrdinaryUser(_ station: Station, _ arguments: [String]) async throws -> (code: Int32, output: String, errors: String) {
            let daemon = station.binaries.daemon
            return getuid() == 0
                ? try await runTool(
                    "/usr/bin/setpriv", ["--bounding-set", "-dac_override,-dac_read_search", daemon] + arguments,
                    scratch: station.folder.path, within: .seconds(20))
                : try await runTool(daemon, arguments, scratch: station.folder.path, within: .seconds(20))
        }

        @Test func aCommitThatFailsIsToldAndTriedAgainWhileAllElseGoesOn() async throws {
            let station = try await Station("journal:\n  busy: 100ms")
            let post = try DirectPost(try await station.enrolPost("gate"))
            let patrol = try DirectPatrol(try await station.enrolUnit("unit"))
            let before = DirectPost.tip(category: "theft", text: "before")
            let receipt = try await post.receipt(for: before)
            _ = try await patrol.wait(for: .opened, of: receipt.incident)

            // Somebody else's transaction on the journal's file, as a backup that hangs has it.
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: station.daemon.dataDirectory + "/" + SQLiteJournal.fileName, configuration: configuration)
            try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
            let tip = DirectPost.tip(category: "theft", text: "meanwhile")
            let refused = try await post.rejection(of: tip)
            #expect(refused.code == .unavailable && refused.code.isRetriable && refused.retryAfterMilliseconds > 0, "\(refused)")
            // A claim is tried at once, a tip after a pause; and what is durable is answered as a repeat, although nothing can
            // be stored.
            guard case .refused(let step, nil) = try await patrol.perform(PatrolCommand(.claim, receipt.incident)) else {
                Issue.record("a claim was done that could not be stored")
                return
            }
            #expect(step.code == .unavailable)
            let repeated = try await eventually(deadline: .seconds(20)) { () async throws in
                try await post.answer(to: before).receipt?.verdict == .repeat
            }
            #expect(repeated)
            let status = try await station.daemon.admin.status()
            #expect(status.core.commitFailures >= 1 && status.totals.tips == 1 && status.core.accepted == 1)
            #expect(text(of: station.daemon.log).contains("commit failed"))

            try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            try other.close()
            let taken = try await eventually(deadline: .seconds(20)) { () async throws in
                if case .receipt(let receipt) = try await post.answer(to: tip) { receipt.verdict != .repeat } else { false }
            }
            #expect(taken, "the same bytes are taken when it can be stored")
            guard case .done = try await patrol.perform(PatrolCommand(.claim, receipt.incident)) else {
                Issue.record("the claim is still refused")
                return
            }
            #expect(try station.journal().accepted == 2)
            #expect(patrol.seen.faults == [])
            await patrol.stop()
        }
    }
}
