import Administration
import FoundationEssentials
import GRDB
import Glibc
import Journal
import TestSupport
import Testing
import TipModel
import Workbench
import ZeroMQ

extension Acceptance {
    /// `watchpost backup` and `watchpost restore` with the built programs.
    @Suite struct BackupTests {
        private struct Made: Codable {
            var backup: String
            var sequence: UInt64
            var removed: [String]
        }

        private func backUp(_ station: Station, _ more: [String] = []) async throws -> Made {
            let (code, output, errors) = try await station.tool(
                ["backup", station.file("backups"), "--data", station.daemon.dataDirectory, "--json"] + more)
            try #require(code == 0, "\(errors)")
            return try JSONDecoder().decode(Made.self, from: Data(output.utf8))
        }

        @Test func aBackupDuringAFloodHasEveryTipThatWasAcknowledgedBeforeItBegan() async throws {
            let station = try await Station()
            let context = try Context()
            var random = seeded("backup during a flood")
            var made: [PostStream] = []
            for number in 1...3 {
                let bundle = try await station.enrolPost("post-\(number)", number % 2 == 1 ? east : south)
                made.append(try PostStream(bundle, context: context, window: 64, random: SplitMix64(seed: random.next())))
            }
            let streams = made
            let unit = try await station.enrolUnit("unit", [east, south])
            let patrol = try DirectPatrol(unit)
            var backups: [(made: Made, receipts: [(PostID, Receipt)])] = []
            for round in 1...3 {
                let flowing = try await eventually(within: .seconds(30)) { streams.allSatisfy { $0.receiptCount >= round * 300 } ? true : nil }
                #expect(flowing == true)
                let known = streams.flatMap { stream in stream.receipts.values.map { (stream.post, $0) } }
                backups.append((try await backUp(station), known))
            }
            // What is told after the backups is in none of them, and shows that the flood did not end.
            let after = streams.map(\.receiptCount).reduce(0, +)
            #expect(after > backups[2].receipts.count)
            await patrol.stop()
            for stream in streams {
                stream.mayMake(0)
                stream.stop()
                #expect(stream.faults == [])
            }
            await station.daemon.stop()

            for (index, backup) in backups.enumerated() {
                // Elsewhere: another folder, another daemon.
                let other = try await Station(start: false)
                let (code, output, errors) = try await other.tool(["restore", backup.made.backup, "--to", other.daemon.dataDirectory])
                #expect(code == 0 && output.contains("up to record \(backup.made.sequence)"), "\(output)\(errors)")
                let (verified, words, _) = try await other.tool(["journal", "verify", "--data", other.daemon.dataDirectory])
                #expect(verified == 0 && words.contains("\(backup.made.sequence) records"), "\(words)")
                let journal = try other.journal()
                #expect(journal.faults == [] && journal.last == backup.made.sequence)
                for (post, receipt) in backup.receipts {
                    let entry = journal.tips[TipKey(post: post, tip: receipt.tip)]
                    #expect(entry == .init(sequence: receipt.sequence, incident: receipt.incident), "tip \(receipt.tip) of \(post)")
                }
                guard index == backups.count - 1 else { continue }
                // The restored daemon is the same station: the keys hold, and what it knew is a repeat.
                let status = try await other.daemon.start()
                #expect(status.totals.tips == UInt64(journal.accepted))
                let same = try DirectPatrol(unit, endpoint: other.daemon.feedEndpoint)
                _ = try await same.wait(for: .opened, of: try #require(backup.receipts.first { $0.1.verdict == .new }).1.incident)
                await same.stop()
            }
        }

        @Test func aRunningDaemonAFullDirectoryAndADamagedBackupAreRefused() async throws {
            let station = try await Station()
            let post = try DirectPost(try await station.enrolPost("gate"))
            let receipt = try await post.receipt(for: DirectPost.tip(category: "theft", text: "before"))
            let made = try await backUp(station)
            #expect(made.sequence >= receipt.sequence)
            let data = station.daemon.dataDirectory
            func restore(_ more: [String] = []) async throws -> (code: Int32, output: String, errors: String) {
                try await station.tool(["restore", made.backup, "--to", data] + more)
            }
            let running = try await restore(["--force"])
            #expect(running.code == 1 && running.errors.contains("another watchpostd uses"), "\(running)")

            let lost = try await post.receipt(for: DirectPost.tip(category: "theft", text: "after the backup"))
            await station.daemon.kill()
            let full = try await restore()
            #expect(full.code == 1 && full.errors.contains("is not empty") && full.errors.contains("--force"), "\(full)")
            // Killed, so its write-ahead log is there: beside the restored journal it would be played into it.
            #expect(FileManager.default.fileExists(atPath: data + "/journal.sqlite-wal"))
            let done = try await restore(["--force"])
            #expect(done.code == 0, "\(done)")
            #expect(!FileManager.default.fileExists(atPath: data + "/journal.sqlite-wal"))
            #expect(try station.journal().last == made.sequence && lost.sequence > made.sequence)
            // What was there is not gone.
            let aside = try #require(try FileManager.default.contentsOfDirectory(atPath: data).first { $0.hasPrefix("replaced-") })
            let old = JournalView(path: "\(data)/\(aside)/journal.sqlite")
            try old.read()
            #expect(old.last >= lost.sequence)

            // One flipped bit in the backup.
            let file = made.backup + "/journal.sqlite"
            var bytes = [UInt8](try #require(FileManager.default.contents(atPath: file)))
            bytes[bytes.count / 2] ^= 1
            try Data(bytes).write(to: URL(filePath: file))
            let damaged = try await station.tool(["restore", made.backup, "--to", station.file("elsewhere")])
            #expect(damaged.code == 1 && damaged.errors.contains("is not what the manifest says"), "\(damaged)")
            #expect(!FileManager.default.fileExists(atPath: station.file("elsewhere")))
            try await station.daemon.start()
            #expect(try station.verify() == .sound(records: made.sequence))
        }

        @Test func theNewestStayAndThePhotosShareTheirRoom() async throws {
            let station = try await Station()
            let data = station.daemon.dataDirectory
            // A photo's name is its hash; this one's content is two bytes.
            let name = "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603"
            try FileManager.default.createDirectory(atPath: data + "/attachments/fb", withIntermediateDirectories: true)
            try Data("ab".utf8).write(to: URL(filePath: "\(data)/attachments/fb/\(name)"))
            try Data("no photo".utf8).write(to: URL(filePath: "\(data)/attachments/fb/\(name.dropLast())a"))
            var made: [Made] = []
            for _ in 1...4 { made.append(try await backUp(station, ["--keep", "2"])) }
            let left = try FileManager.default.contentsOfDirectory(atPath: station.file("backups")).sorted()
            #expect(left == made.suffix(2).map { String($0.backup.split(separator: "/").last ?? "") }.sorted())
            #expect(made[3].removed.count == 1)
            var (first, second) = (stat(), stat())
            #expect(stat("\(made[2].backup)/attachments/fb/\(name)", &first) == 0 && stat("\(made[3].backup)/attachments/fb/\(name)", &second) == 0)
            #expect(first.st_ino == second.st_ino && first.st_mode & 0o777 == 0o600)
            let manifest = text(of: made[3].backup + "/manifest.json")
            #expect(manifest.contains("attachments/fb/\(name)") && manifest.contains("\(name.dropLast())a"))
            for file in ["journal.sqlite", "daemon.key", "manifest.json"] {
                var status = stat()
                #expect(stat("\(made[3].backup)/\(file)", &status) == 0 && status.st_mode & 0o777 == 0o600, "\(file)")
            }
        }

        @Test func aDamagedPageIsToldAndABackupBringsTheStationBack() async throws {
            let station = try await Station()
            let post = try DirectPost(try await station.enrolPost("gate"))
            let tips = (1...40).map { DirectPost.tip(category: "theft", text: "report \($0) " + String(repeating: "x", count: 500)) }
            let answers = try await post.submit(tips.map(\.bytes))
            #expect(answers.count == tips.count && answers.values.allSatisfy { $0.receipt != nil })
            let made = try await backUp(station)
            await station.daemon.stop()
            // The page with the newest record becomes noise.
            let file = station.daemon.dataDirectory + "/" + SQLiteJournal.fileName
            var bytes = [UInt8](try #require(FileManager.default.contents(atPath: file)))
            let needle = tips[39].bytes
            let place = try #require(bytes.indices.last { bytes[$0...].starts(with: needle) })
            let page = place / 16_384 * 16_384
            for index in page..<page + 16_384 { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
            try Data(bytes).write(to: URL(filePath: file))
            let refused = try await start(station)
            #expect(refused.code == 74 && refused.errors.contains("damaged"), "\(refused)")
            let verified = try await station.tool(["journal", "verify", "--data", station.daemon.dataDirectory])
            #expect(verified.code == 1 && verified.errors.contains("damaged"), "\(verified)")
            // A backup of it is refused, so that a good one is not pushed out.
            let bad = try await station.tool(["backup", station.file("backups"), "--data", station.daemon.dataDirectory, "--keep", "1"])
            #expect(bad.code == 1 && bad.errors.contains("nothing was backed up"), "\(bad)")
            let restored = try await station.tool(["restore", made.backup, "--to", station.daemon.dataDirectory, "--force"])
            #expect(restored.code == 0, "\(restored)")
            try await station.daemon.start()
            let again = try await post.submit(tips.map(\.bytes))
            #expect(again.count == tips.count && again.values.allSatisfy { $0.receipt?.verdict == .repeat })
        }

        @Test func aNewerSchemaIsRefusedAndLeftAsItIs() async throws {
            let station = try await Station()
            let receipt = try await DirectPost(try await station.enrolPost("gate")).receipt(for: DirectPost.tip(category: "theft", text: "kept"))
            await station.daemon.stop()
            let file = station.daemon.dataDirectory + "/" + SQLiteJournal.fileName
            func change(_ version: Int) throws {
                let queue = try DatabaseQueue(path: file)
                try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = \(version); PRAGMA wal_checkpoint(TRUNCATE)") }
                try queue.close()
            }
            try change(99)
            let refused = try await start(station)
            #expect(refused.code == 74 && refused.errors.contains("the journal has schema 99") && refused.errors.contains("upgrade it"), "\(refused)")
            for command in [["journal", "verify"], ["journal", "stats"], ["backup", station.file("backups")]] {
                let told = try await station.tool(command + ["--data", station.daemon.dataDirectory])
                #expect(told.code == 1 && told.errors.contains("schema 99"), "\(told)")
            }
            try change(4)
            try await station.daemon.start()
            #expect(try station.journal().last >= receipt.sequence)
        }

        private func start(_ station: Station) async throws -> (code: Int32, output: String, errors: String) {
            try await runTool(
                station.binaries.daemon, ["--config", station.daemon.configuration], scratch: station.folder.path, within: .seconds(20))
        }

        @Test func aRestoreThatWasCutOffStartsNoDaemonAndIsDoneAgain() async throws {
            let station = try await Station()
            let made = try await backUp(station)
            await station.daemon.stop()
            try write(station.daemon.dataDirectory + "/restore-unfinished", "")
            let refused = try await start(station)
            #expect(refused.code == 74 && refused.errors.contains("a restore did not finish"), "\(refused)")
            let again = try await station.tool(["restore", made.backup, "--to", station.daemon.dataDirectory])
            #expect(again.code == 0, "\(again)")
            try await station.daemon.start()
        }
    }
}
