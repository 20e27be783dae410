import GRDB
import LocalHTTP
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire

@testable import PostAgent

/// What the agent keeps of what became of its tips.
@Suite struct ProgressTests {
    private let folder: TemporaryDirectory
    private let spool: Spool

    init() throws {
        folder = try TemporaryDirectory()
        spool = try Spool.open(folder)
    }

    static func item(
        _ incident: UInt64, _ tips: [TipID], _ sequence: UInt64, _ phase: Phase = .claimed, merged: UInt64? = nil
    ) -> ProgressItem {
        ProgressItem(
            incident: IncidentID(incident), tips: tips, sequence: sequence,
            progress: IncidentProgress(
                phase: phase, level: .urgent, since: ManualTime.night, claimedAt: ManualTime.night,
                mergedInto: merged.map { IncidentID($0) }), unitName: "东巡组")
    }

    private func news(_ items: ProgressItem..., after: UInt64 = 0) -> PostProgress {
        PostProgress(items: items, after: after, through: items.map(\.sequence).max() ?? after)
    }

    private func accepted() throws -> TipID {
        var drafts = Drafts()
        let draft = drafts.next()
        try spool.put(draft)
        _ = try spool.accept([receipt(draft.tip.id)], at: ManualTime.night)
        return draft.tip.id
    }

    @Test func progressIsKeptOverARestart() async throws {
        let tip = try accepted()
        try spool.keep(news(Self.item(1, [tip], 5, .enRoute)), startsAnew: false)
        #expect(spool.counts.progressAfter == 5)
        spool.close()
        let again = try Spool.open(folder)
        defer { again.close() }
        #expect(again.counts.progressAfter == 5)
        #expect(try await again.state(of: tip)?.progress == Self.item(1, [tip], 5, .enRoute))
        #expect(try await again.recent(10).map(\.progress?.progress.phase) == [.enRoute])
    }

    /// What waits is listed from the spool, of what left it a line was kept; nothing is there twice or out of order.
    @Test func theListHasWhatWaitsAndWhatLeft() async throws {
        defer { spool.close() }
        var drafts = Drafts()
        let all = (1...6).map { drafts.next(text: "tip \($0)", panic: $0 == 5) }
        for draft in all { try spool.put(draft) }
        let before = try await spool.recent(10)
        #expect(before.map(\.text) == ["tip 6", "tip 5", "tip 4", "tip 3", "tip 2", "tip 1"])
        _ = try spool.accept([receipt(all[1].tip.id), receipt(all[4].tip.id, 2)], at: ManualTime.night)
        _ = try spool.bury([(id: all[2].tip.id, rejection: Rejection(.unknownCategory, "no such category"))], at: ManualTime.night)
        let after = try await spool.recent(10)
        // But for what became of them, the lines say the same.
        #expect(after.map { line in before.first { $0.id == line.id }.map { old in
            var old = old
            old.record = line.record
            return old == line
        } } == Array(repeating: true, count: 6))
        #expect(after.map(\.record.isAccepted) == [false, true, false, false, true, false])
        #expect(after.map(\.panic) == [false, true, false, false, false, false])
        #expect(try await spool.recent(3).map(\.text) == ["tip 6", "tip 5", "tip 4"])
        // Spooled again under another id, it is the newest, and its old line is gone.
        _ = try spool.bury([(id: all[0].tip.id, rejection: Rejection(.tooOld, "too old"))], at: ManualTime.night)
        _ = try await spool.retryDeadLetter(1, newID: drafts.next().tip.id, at: ManualTime.night)
        #expect(try await spool.recent(10).map(\.text) == ["tip 1", "tip 6", "tip 5", "tip 4", "tip 3", "tip 2"])
    }

    @Test func whereAMessageWasLostTheMarkStays() async throws {
        defer { spool.close() }
        let tip = try accepted()
        try spool.keep(news(Self.item(1, [tip], 5)), startsAnew: false)
        // The one with 7 was lost; this one begins behind it.
        try spool.keep(news(Self.item(2, [], 9), after: 7), startsAnew: false)
        #expect(spool.counts.progressAfter == 5)
        // What the heartbeat brings again.
        try spool.keep(news(Self.item(3, [], 7), Self.item(2, [], 9), after: 5), startsAnew: false)
        #expect(spool.counts.progressAfter == 9)
    }

    @Test func anOlderWordDoesNotReplaceANewerOne() async throws {
        defer { spool.close() }
        let tip = try accepted()
        try spool.keep(news(Self.item(1, [tip], 9, .onScene)), startsAnew: false)
        try spool.keep(news(Self.item(1, [tip], 5, .claimed)), startsAnew: false)
        #expect(try await spool.state(of: tip)?.progress?.progress.phase == .onScene)
        #expect(spool.counts.progressAfter == 9)
    }

    @Test func aMergedTipFollowsItsNewIncident() async throws {
        defer { spool.close() }
        let tip = try accepted()
        try spool.keep(
            news(Self.item(1, [tip], 8, .cleared, merged: 4), Self.item(4, [tip], 9, .enRoute)), startsAnew: false)
        #expect(try await spool.state(of: tip)?.progress?.incident == IncidentID(4))
    }

    @Test func anotherJournalStartsAnew() async throws {
        defer { spool.close() }
        let tip = try accepted()
        try spool.keep(news(Self.item(1, [tip], 900)), startsAnew: false)
        try spool.keep(PostProgress(items: [], after: 0, through: 0), startsAnew: true)
        #expect(spool.counts.progressAfter == 0)
        #expect(try await spool.state(of: tip)?.progress == nil)
    }

    @Test func onlyTheNewestAreKept() async throws {
        defer { spool.close() }
        for sequence in 1...300 { try spool.keep(news(Self.item(UInt64(sequence), [], UInt64(sequence))), startsAnew: false) }
        let count = try spool.read { db in try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM progress") }
        #expect(count == 256)
    }
}

/// Progress through the whole agent, from a daemon that a test speaks for.
@Suite(.timeLimit(.minutes(2))) struct ProgressAgentTests {
    @Test func whatTheDaemonTellsIsAtTheDoorAndInTheNextHeartbeat() async throws {
        let ids = Mutex<[TipID]>([])
        let daemon = try FakeDaemon(answer: { message in
            switch message.header.verb {
            case .submit:
                let tips = message.tips.map(\.id)
                ids.withLock { $0 += tips }
                let news = PostProgress(items: [ProgressTests.item(1, tips, 6, .enRoute)], after: 0, through: 6)
                return FakeDaemon.accepting(message) + [(Header(.progress), ProgressCodec.encode(news))]
            default: return FakeDaemon.accepting(message)
            }
        })
        defer { daemon.stop() }
        try await DoorTests.withAgent(daemon) { agent in
            let (_, tip) = try await agent.tip(#"{"category":"fire","text":"smoke"}"#, wait: 20)
            #expect(await soon { (try? await agent.unix.requestJSON(method: "GET", path: "/v1/tips/\(tip.tip)") as TipReply)?.progress?.phase == "en_route" })
            let recent: RecentTips = try await agent.unix.requestJSON(method: "GET", path: "/v1/tips?recent=5")
            #expect(recent.tips.map(\.reply.progress?.unit) == ["东巡组"] && recent.tips.first?.category == "fire")
            #expect(await soon { daemon.heartbeats.last?.progressAfter == 6 })
            #expect(daemon.heartbeats.first?.progressAfter == 0)
        }
    }

    @Test func selfHandlingIsAskedAndAnswered() async throws {
        let daemon = try FakeDaemon(answer: { message in
            guard message.header.verb == .handled, let handled = try? Handled(message.body) else { return FakeDaemon.accepting(message) }
            let refusal = handled.incident == IncidentID(9) ? Rejection(.heldByOther, "patrol-1 has it") : nil
            let result = ActionResult(incidentID: handled.incident, refusal: refusal, incident: nil, sequence: refusal == nil ? 12 : 0)
            return [(Header(.actionResult, request: message.header.request), result.encoded)]
        })
        defer { daemon.stop() }
        try await DoorTests.withAgent(daemon) { agent in
            #expect(await soon { (try? await agent.status().link) == "connected" })
            let done = try await agent.unix.request(method: "POST", path: "/v1/incidents/3/handled", body: Array(#"{"note":"已劝离"}"#.utf8))
            #expect(done.status == 200 && String(decoding: done.body, as: UTF8.self) == #"{"sequence":12}"#)
            let refused = try await agent.unix.request(method: "POST", path: "/v1/incidents/9/handled", body: Array("{}".utf8))
            #expect(refused.status == 409 && String(decoding: refused.body, as: UTF8.self).contains("held_by_other"))
        }
    }

    @Test func withoutTheDaemonSelfHandlingIsRefusedAtOnce() async throws {
        try await DoorTests.withAgent { agent in
            let reply = try await agent.unix.request(method: "POST", path: "/v1/incidents/3/handled", body: Array("{}".utf8))
            #expect(reply.status == 503 && String(decoding: reply.body, as: UTF8.self).contains("not_connected"))
        }
    }
}
