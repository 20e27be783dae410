import Administration
import FoundationEssentials
import Glibc
import Journal
import Patrol
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench

extension Acceptance {
    /// The built daemon on a disk of 64 MiB that really fills up: a tmpfs, which only root may mount.
    @Suite(.enabled(if: geteuid() == 0, "mounting a small disk needs root")) struct DiskFullTests {
        private let mebi = 1 << 20

        /// Writes until only `left` bytes are free; the reserve is free when it was given up.
        private func fill(_ directory: String, leaving left: Int, name: String) throws {
            let descriptor = open(directory + "/" + name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            let block = [UInt8](repeating: 7, count: 64 << 10)
            while true {
                var status = statvfs()
                try #require(statvfs(directory, &status) == 0)
                let free = Int(status.f_bavail) * Int(status.f_frsize) - left
                if free < 4_096 { return }
                guard block.withUnsafeBytes({ Glibc.write(descriptor, $0.baseAddress, min($0.count, free)) }) > 0 else { return }
            }
        }

        @Test func tipsAreRefusedEarlyWhileClaimsAndFeedsGoOnAndAllComesBackByItself() async throws {
            let station = try await Station("disk: {low_water: 16MiB, reserve: 8MiB}", start: false)
            let data = station.daemon.dataDirectory
            try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
            let mounted = try await runTool(
                "/bin/mount", ["-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", data], scratch: station.folder.path, within: .seconds(10))
            try #require(mounted.code == 0, "\(mounted.errors)")
            do {
                try await story(station, data)
            } catch {
                Issue.record(error)
            }
            await station.daemon.stop()
            let left = try await runTool("/bin/umount", [data], scratch: station.folder.path, within: .seconds(10))
            #expect(left.code == 0, "\(left.errors)")
        }

        private func story(_ station: Station, _ data: String) async throws {
            try await station.daemon.start()
            let post = try DirectPost(try await station.enrolPost("gate"))
            let patrol = try DirectPatrol(try await station.enrolUnit("unit"))
            var receipts: [Receipt] = []
            let before = DirectPost.tip(category: "theft", text: "before")
            receipts.append(try await post.receipt(for: before))
            let roomy = try #require(await station.status { $0.disk?.state == "enough" }?.disk)
            #expect(roomy.reserveBytes == 8 * mebi && FileManager.default.fileExists(atPath: data + "/reserve"))

            // Early: there is room still, and the reserve is untouched.
            try fill(data, leaving: 10 * mebi, name: "ballast")
            #expect(try await station.status { $0.disk?.state == "low" }?.disk?.reserveBytes == 8 * mebi)
            let waiting = DirectPost.tip(category: "theft", text: "while it is nearly full")
            let refused = try await post.rejection(of: waiting)
            #expect(refused.code == .unavailable && refused.message.contains("disk is nearly full") && refused.retryAfterMilliseconds > 0)
            #expect(try await post.answer(to: before).receipt?.verdict == .repeat)
            let fire = try await post.receipt(for: DirectPost.tip(category: "fire", text: "smoke from block 3"))
            receipts.append(fire)
            // The feed goes on, and so does a claim.
            _ = try await patrol.wait(for: .opened, of: fire.incident)
            try await perform(patrol, .claim, fire.incident)

            // Full: the reserve is given up, and what it held is what steps are written with.
            try fill(data, leaving: 0, name: "ballast")
            #expect(try await station.status { $0.disk?.reserveBytes == 0 } != nil)
            #expect(!FileManager.default.fileExists(atPath: data + "/reserve"))
            try await perform(patrol, .enRoute, fire.incident)
            try await perform(patrol, .onScene, fire.incident)
            let medical = try await post.receipt(for: DirectPost.tip(category: "fire", text: "another fire, in block 9"))
            receipts.append(medical)

            // That is gone as well: no tip is taken any more, and each is told so.
            try fill(data, leaving: 0, name: "more ballast")
            #expect(try await station.status { $0.disk?.state == "full" } != nil)
            #expect(try await post.rejection(of: DirectPost.tip(category: "fire", text: "too late")).code == .unavailable)
            #expect(try await station.status { !$0.patrols.isEmpty } != nil, "the feed stands")

            // Killed and started on the full disk: nothing is lost, and it is the same station.
            await station.daemon.kill()
            try await station.daemon.start()
            #expect(try await post.answer(to: before).receipt?.verdict == .repeat)

            // There is room again: by itself, the reserve too, and the tip that waited is taken.
            try FileManager.default.removeItem(atPath: data + "/ballast")
            try FileManager.default.removeItem(atPath: data + "/more ballast")
            #expect(try await station.status { $0.disk?.state == "enough" }?.disk?.reserveBytes == 8 * mebi)
            let taken = try await post.receipt(for: waiting)
            #expect(taken.verdict != .repeat)
            receipts.append(taken)

            let journal = try station.journal()
            #expect(journal.faults == [] && journal.accepted == receipts.count)
            for receipt in receipts {
                #expect(journal.tips.values.contains(.init(sequence: receipt.sequence, incident: receipt.incident)))
            }
            #expect(try station.verify() == .sound(records: journal.last))
            #expect(patrol.seen.faults == [])
            await patrol.stop()
            // Each change is told once.
            let log = text(of: station.daemon.log)
            #expect(log.components(of: "the disk has room again") == 1 && log.components(of: "its reserve is given up") == 1, "\(log)")
        }

        private func perform(_ patrol: DirectPatrol, _ verb: PatrolVerb, _ incident: IncidentID) async throws {
            guard case .done = try await patrol.perform(PatrolCommand(verb, incident)) else {
                Issue.record("\(verb) was refused")
                return
            }
        }
    }
}

extension String {
    /// How often a text stands in it.
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
