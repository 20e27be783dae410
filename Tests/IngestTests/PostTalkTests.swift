import TestSupport
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import Ingest

/// Progress to posts, and what they say beside tips.
struct PostTalkTests {
    private let gate = PostID(unchecked: "gate-1")

    private func beat(after: SequenceNumber?) -> [UInt8] {
        var beat = heartbeat()
        beat.progressAfter = after
        return beat.encoded
    }

    private func news(_ sequence: SequenceNumber) -> PostProgress {
        PostProgress(
            items: [
                ProgressItem(
                    incident: IncidentID(3), tips: [tip(1).id], sequence: sequence,
                    progress: IncidentProgress(
                        phase: .enRoute, level: .urgent, unit: nil, since: ManualTime.night, claimedAt: ManualTime.night,
                        enRouteAt: ManualTime.night, escalated: .desk), unitName: "东巡组")
            ], after: 0, through: sequence)
    }

    @Test func aPostIsToldWhereItsHeartbeatSaysSo() throws {
        let bench = try IngestBench()
        let post = try bench.connect(try bench.enrol(post: "gate-1"))
        try post.send(.postHeartbeat, beat(after: 7), request: 5)
        _ = try post.receive(.heartbeatReply)
        let asked = try #require(bench.core.questions.first)
        #expect(asked.0 == gate && asked.1 == 7 && asked.request == 5)
        bench.service.tell(PostNews(post: gate, news: news(9)))
        bench.service.tell(PostNews(post: gate, request: 5, news: news(10)))
        let (first, body) = try #require(try post.receive(.progress))
        #expect(first == 0)
        #expect(try ProgressCodec.decode(body) == news(9))
        #expect(try post.receive(.progress)?.request == 5)
        #expect(eventually { bench.service.counters.news == 2 })
    }

    @Test func anOlderAgentIsToldNothing() throws {
        let bench = try IngestBench()
        let post = try bench.connect(try bench.enrol(post: "gate-1"))
        try post.send(.postHeartbeat, beat(after: 0))
        _ = try post.receive(.heartbeatReply)
        // The same post went back to an older version.
        try post.send(.postHeartbeat, beat(after: nil))
        _ = try post.receive(.heartbeatReply)
        bench.service.tell(PostNews(post: gate, news: news(9)))
        try post.send(.postHeartbeat, beat(after: nil), request: 77)
        #expect(try post.receive(.heartbeatReply)?.request == 77)
        #expect(bench.core.questions.count == 1 && bench.service.counters.news == 0)
    }

    @Test func aConnectionWithAReplacedKeyIsToldNothing() throws {
        let bench = try IngestBench()
        let old = try bench.connect(try bench.enrol(post: "gate-1"))
        try old.send(.postHeartbeat, beat(after: 0))
        _ = try old.receive(.heartbeatReply)
        _ = try bench.enrol(post: "gate-1")
        bench.service.tell(PostNews(post: gate, news: news(9)))
        try old.send(.postHeartbeat, beat(after: 0))
        #expect(try old.rejections().first?.rejection.code == .revoked)
        #expect(bench.service.counters.news == 0)
    }

    @Test func handledGoesToTheCoreAndItsAnswerBack() throws {
        let bench = try IngestBench()
        let post = try bench.connect(try bench.enrol(post: "gate-1"))
        try post.send(.handled, Handled(incident: IncidentID(3), note: "已劝离").encoded, request: 31)
        #expect(eventually { bench.core.handled.count == 1 })
        let (who, what, ticket) = try #require(bench.core.handled.first)
        #expect(who == gate && what == Handled(incident: IncidentID(3), note: "已劝离"))
        bench.service.reply(
            PostReply(ticket, .handled(ActionResult(incidentID: IncidentID(3), refusal: nil, incident: nil, sequence: 12))))
        let (request, body) = try #require(try post.receive(.actionResult))
        let result = try ActionResult(body)
        #expect(request == 31 && result.refusal == nil && result.incident == nil && result.sequence == 12)
    }

    @Test func withoutRoomAPostIsToldToAskAgain() throws {
        let bench = try IngestBench()
        let post = try bench.connect(try bench.enrol(post: "gate-1"))
        bench.core.setFull(ordinary: true)
        try post.send(.handled, Handled(incident: IncidentID(3), note: "").encoded, request: 31)
        let refused = try #require(try post.rejections().first)
        #expect(refused.rejection.code == .busy && refused.rejection.retryAfterMilliseconds == 1_000)
    }

    @Test func whatIsBeyondTheLimitsIsRefusedWithItsField() throws {
        let bench = try IngestBench()
        let post = try bench.connect(try bench.enrol(post: "gate-1"))
        let hash = [UInt8](repeating: 7, count: 32)
        let parts: [(PhotoPart, RejectionCode, String)] = [
            (PhotoPart(tip: tip(1).id, sha256: [1], total: 10, offset: 0, data: []), .invalidField, "photo.sha256"),
            (PhotoPart(tip: tip(1).id, sha256: hash, total: 0, offset: 0, data: []), .invalidField, "photo.total"),
            (PhotoPart(tip: tip(1).id, sha256: hash, total: WireLimits.photoBytes + 1, offset: 0, data: []), .tooLarge, "photo.total"),
            (PhotoPart(tip: tip(1).id, sha256: hash, total: 100_000, offset: 0, data: [UInt8](repeating: 0, count: WireLimits.photoPartBytes + 1)), .tooLarge, "photo.data"),
            (PhotoPart(tip: tip(1).id, sha256: hash, total: 10, offset: 8, data: [1, 2, 3]), .invalidField, "photo.offset"),
        ]
        for (part, code, field) in parts {
            try post.send(.photo, part.encoded)
            let refused = try #require(try post.rejections().first?.rejection)
            #expect(refused.code == code && refused.field == field)
        }
        try post.send(.handled, Handled(incident: IncidentID(0), note: "").encoded)
        #expect(try post.rejections().first?.rejection.field == "handled.incident_id")
        try post.send(.handled, Handled(incident: IncidentID(1), note: String(repeating: "长", count: 334)).encoded)
        #expect(try post.rejections().first?.rejection.field == "handled.note")
    }
}
