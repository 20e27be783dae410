import Administration
import FoundationEssentials
import Glibc
import Journal
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench
import ZeroMQ

extension Acceptance {
    /// The daemon's end, and its beginnings that fail.
    @Suite struct ShutdownTests {
        @Test func sigtermUnderLoadCommitsWhatWasReceiptedAndEndsInTime() async throws {
            let station = try await Station()
            var random = seeded("ShutdownTests")
            let context = try Context()
            var streams: [PostStream] = []
            for (number, zone) in [east, south, east, south].enumerated() {
                let bundle = try await station.enrolPost("post-\(number)", zone)
                streams.append(try PostStream(bundle, context: context, window: 300, random: SplitMix64(seed: random.next())))
            }
            let follower = try Follower(await station.enrolUnit("unit", [east, south]), zones: [east, south], context: context)
            for round in 1...3 {
                let before = streams.reduce(0) { $0 + $1.receiptCount }
                let went = try await eventually(deadline: .seconds(60)) { [streams] () async throws in
                    streams.reduce(0) { $0 + $1.receiptCount } >= before + 600
                }
                #expect(went)
                let begun = ContinuousClock.now
                #expect(await station.daemon.stop(within: .seconds(5)) == .code(0), "round \(round)")
                print("ShutdownTests: ended under load in \(ContinuousClock.now - begun)")
                #expect(text(of: station.daemon.log).contains("stopped; everything acknowledged is on disk"))
                let journal = try station.journal()
                for stream in streams {
                    let lost = stream.receipts.values.filter {
                        journal.tips[TipKey(post: stream.post, tip: $0.tip)]
                            != JournalView.Entry(sequence: $0.sequence, incident: $0.incident)
                    }
                    #expect(lost.isEmpty, "receipted and not in the journal: \(lost.prefix(3))")
                }
                #expect(journal.faults == [])
                // The next start reads a snapshot and nothing after it.
                let reader = try SQLiteJournalReader(path: station.daemon.dataDirectory + "/" + SQLiteJournal.fileName)
                #expect(try reader.latestSnapshot()?.sequence == journal.last)
                reader.close()
                try await station.daemon.start()
            }
            for stream in streams { stream.mayMake(0) }
            let answered = try await eventually(deadline: .seconds(60)) { [streams] () async throws in
                streams.allSatisfy { $0.unansweredCount == 0 }
            }
            #expect(answered)
            let journal = try station.journal()
            #expect(journal.accepted == streams.reduce(0) { $0 + $1.receiptCount } && journal.faults == [])
            #expect(streams.allSatisfy { $0.faults == [] }, "\(streams.flatMap(\.faults).prefix(3))")
            #expect(try await eventually(deadline: .seconds(60)) { () async throws in follower.witness.isComplete(journal) })
            #expect(follower.witness.faults(against: journal, through: follower.witness.mark) == [])
            for stream in streams { stream.stop() }
            await follower.patrol.stop()
        }

        @Test func aSecondDaemonOnTheSameDirectoryIsTurnedAway() async throws {
            let station = try await Station()
            let second = try await run(station, station.daemon.configuration)
            #expect(second.code == 75)
            #expect(second.errors.contains("another watchpostd uses \(station.daemon.dataDirectory) (process \(station.daemon.processID))"))
            #expect(second.errors.contains("stop it, or give this one another data_directory"))
            // The first one notices nothing, and one that was killed leaves no lock behind.
            _ = try await station.daemon.admin.status()
            await station.daemon.kill()
            try await station.daemon.start()
        }

        @Test(arguments: [true, false]) func anAddressThatIsTakenIsTold(tips: Bool) async throws {
            let station = try await Station()
            let taken = tips ? station.daemon.tipsEndpoint : station.daemon.feedEndpoint
            let free = "tcp://127.0.0.1:*"
            try write(
                station.file("second.yaml"),
                """
                data_directory: second
                tips_endpoint: '\(tips ? taken : free)'
                feed_endpoint: '\(tips ? free : taken)'
                zones_file: zones.yaml
                triage_file: triage.yaml
                """)
            let second = try await run(station, station.file("second.yaml"))
            #expect(second.code == 69)
            #expect(second.errors.contains(taken) && second.errors.lowercased().contains("address already in use"), "\(second.errors)")
        }

        @Test func aBadConfigurationTellsAllThatIsWrong() async throws {
            let station = try await Station(start: false)
            try write(
                station.file("bad.yaml"),
                """
                data_directory: never-made
                tips_endpoint: nowhere
                bogus: 1
                ingest: { batch_tips: 0, id_window: 3d }
                zones_file: bad-zones.yaml
                triage_file: bad-triage.yaml
                """)
            try write(station.file("bad-zones.yaml"), "zones: []\n")
            try write(station.file("bad-triage.yaml"), "categories:\n  - { code: theft, zh: 盗窃, en: Theft, base: 35000, floor: high }\n")
            for arguments in [[], ["--check-config"]] {
                let (code, output, errors) = try await run(station, station.file("bad.yaml"), arguments)
                #expect(code == 78 && output.isEmpty)
                for wrong in [
                    "bad.yaml:2: tips_endpoint", "bad.yaml:3: bogus: unknown key", "bad.yaml:4: ingest.batch_tips", "bad.yaml:4: ingest.id_window",
                    "bad-triage.yaml:2: categories[1].base", "bad-triage.yaml:2: categories[1].floor", "bad-zones.yaml:1: zones",
                ] { #expect(errors.contains(wrong), "\(errors)") }
            }
            #expect(!FileManager.default.fileExists(atPath: station.file("never-made")), "nothing is touched")
            let missing = try await run(station, station.file("no.yaml"))
            #expect(missing.code == 78 && missing.errors.contains("no.yaml"))
        }

        private func run(_ station: Station, _ configuration: String, _ more: [String] = []) async throws -> (
            code: Int32, output: String, errors: String
        ) {
            try await runTool(
                station.binaries.daemon, ["--config", configuration] + more, scratch: station.folder.path, within: .seconds(20))
        }
    }
}
