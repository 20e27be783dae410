import Administration
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench

extension Acceptance {
    /// What the daemon knows of a tip does not depend on having been there when it came.
    @Suite struct RestartTests {
        @Test(arguments: [true, false]) func repeatConflictAndAgeAreToldAsBefore(orderly: Bool) async throws {
            let station = try await Station()
            let post = try DirectPost(try await station.enrolPost("gate"), endpoint: station.daemon.tipsEndpoint)
            let tips = (0..<5).map { DirectPost.tip(category: $0 == 0 ? "fire" : "theft", text: "tip \($0)") }
            // Within the window of 30 days, but not within one of 15.
            let late = made(daysAgo: 20, "late")
            var receipts: [Receipt] = []
            for tip in tips + [late] { receipts.append(try await post.receipt(for: tip)) }
            #expect(try await post.rejection(of: made(daysAgo: 31, "ancient")).code == .tooOld)

            if orderly { #expect(await station.daemon.stop() == .code(0)) } else { await station.daemon.kill() }
            try await station.daemon.start()
            for (tip, first) in zip(tips + [late], receipts) {
                var again = first
                again.verdict = .repeat
                #expect(try await post.receipt(for: tip) == again)
            }
            for tip in tips {
                var other = try TipCodec.decode(tip.bytes)
                other.text += " with other words"
                #expect(try await post.rejection(of: (tip.id, TipCodec.encode(other))).code == .conflict)
            }
            #expect(try await post.rejection(of: made(daysAgo: 31, "ancient")).code == .tooOld)
            let status = try await station.daemon.admin.status()
            #expect(status.core.repeats == 6 && status.core.accepted == 0 && status.totals.tips == 6)
            #expect(try station.journal().accepted == 6)
        }

        @Test func aRepeatIsRecognisedEvenWhenItsIDHasGrownTooOld() async throws {
            let station = try await Station("ingest:\n  id_window: 30d")
            let bundle = try await station.enrolPost("gate")
            let late = made(daysAgo: 20, "late")
            let first = try await DirectPost(bundle).receipt(for: late)
            await station.daemon.stop()
            // The same data under a shorter window: as if ten days had gone by.
            var plan = station.daemon.plan
            plan.more = "ingest:\n  id_window: 15d"
            let daemon = try DaemonProcess(plan)
            try await daemon.start()
            let post = try DirectPost(bundle, endpoint: daemon.tipsEndpoint)
            let again = try await post.receipt(for: late)
            #expect(again.verdict == .repeat && again.sequence == first.sequence && again.incident == first.incident)
            #expect(try await post.rejection(of: made(daysAgo: 20, "another")).code == .tooOld)
            await daemon.stop()
        }

        /// A tip whose id says that it was made so long ago.
        private func made(daysAgo days: Int64, _ text: String) -> (id: TipID, bytes: [UInt8]) {
            var random = SystemRandomNumberGenerator()
            let now = SystemTime().now()
            let id = TipID.make(at: now.advanced(byMilliseconds: -days * 86_400_000), using: &random)
            return (id, TipCodec.encode(Tip(id: id, observedAt: now, category: "theft", text: text)))
        }
    }
}
