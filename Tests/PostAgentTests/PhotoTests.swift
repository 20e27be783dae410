import Crypto
import Foundation
import LocalHTTP
import Settings
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire

@testable import PostAgent

/// Where the sending of a photo stands, answer by answer.
@Suite struct PhotoSendingTests {
    private let photo = WaitingPhoto(sha256: [UInt8](repeating: 1, count: 32), tip: TipID(high: 1, low: 1), size: 100_000)
    private var sending = PhotoSending()

    init() { sending.begin(photo) }

    private func state(_ next: Int, complete: Bool = false, refusal: Rejection? = nil) -> PhotoState {
        PhotoState(sha256: photo.sha256, nextOffset: next, isComplete: complete, refusal: refusal)
    }

    @Test mutating func itAsksFirstAndGoesOnWhereTheDaemonIs() {
        #expect(sending.part()?.isQuestion == true)
        sending.sent(1, at: 0)
        #expect(sending.part() == nil)
        #expect(sending.answered(state(65_536), request: 1, at: 1) == .next)
        #expect(sending.part()?.offset == 65_536 && sending.part()?.isQuestion == false)
        sending.sent(2, at: 2)
        #expect(sending.answered(state(100_000, complete: true), request: 2, at: 3) == .done(photo))
        #expect(sending.wantsPhoto(at: 3))
    }

    @Test mutating func anAnswerToAnotherMessageIsNone() {
        sending.sent(1, at: 0)
        #expect(sending.answered(state(5), request: 9, at: 1) == .ignored)
        var other = state(5)
        other.sha256 = [9]
        #expect(sending.answered(other, request: 1, at: 1) == .ignored)
    }

    @Test mutating func withoutAnAnswerItRestsThenBeginsAgain() {
        sending.sent(1, at: 0)
        sending.recallOverdue(at: 10_000)
        #expect(sending.isAwaiting(1))
        sending.recallOverdue(at: 10_001)
        #expect(!sending.wantsPhoto(at: 40_000) && sending.wantsPhoto(at: 40_001))
    }

    @Test mutating func aRefusalForGoodEndsItAndOneThatPassesWaits() {
        sending.sent(1, at: 0)
        #expect(sending.answered(state(0, refusal: Rejection(.unavailable, "full", retryAfterMilliseconds: 60_000)), request: 1, at: 0) == .next)
        #expect(!sending.wantsPhoto(at: 59_999) && sending.wantsPhoto(at: 60_000))
        sending.begin(photo)
        sending.sent(2, at: 60_000)
        let rejection = Rejection(.notFound, "no tip names it")
        #expect(sending.answered(state(0, refusal: rejection), request: 2, at: 60_001) == .refused(photo, rejection))
    }

    @Test mutating func anOlderDaemonIsLeftAlone() {
        sending.sent(1, at: 0)
        #expect(sending.refused(Rejection(.unsupported, "unknown verb"), at: 0) == .next)
        #expect(!sending.wantsPhoto(at: 599_999) && sending.wantsPhoto(at: 600_000))
    }

    @Test mutating func aDaemonThatLosesItOverAndOverIsLeftAlone() {
        for request: UInt32 in 1...8 {
            guard sending.part() != nil else { break }
            sending.sent(request, at: 0)
            _ = sending.answered(state(0), request: request, at: 0)
        }
        #expect(sending.part() == nil && !sending.wantsPhoto(at: 29_999))
    }
}

/// Photos through the whole agent.
@Suite(.timeLimit(.minutes(2))) struct PhotoAgentTests {
    private static let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0] + (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }

    /// Collects parts, loses what came before its first answer to data, and says when it has all.
    private final class Station: Sendable {
        struct Contents {
            var bytes: [UInt8] = []
            var parts: [PhotoPart] = []
            var hasCut = false
        }
        let contents = Mutex(Contents())

        @Sendable func answer(_ message: FakeDaemon.Received) -> [(Header, [UInt8])] {
            guard message.header.verb == .photo, let part = try? PhotoPart(message.body) else { return FakeDaemon.accepting(message) }
            let state = contents.withLock { contents in
                contents.parts.append(part)
                if part.offset == contents.bytes.count { contents.bytes += part.data }
                return PhotoState(sha256: part.sha256, nextOffset: contents.bytes.count, isComplete: contents.bytes.count == part.total)
            }
            // The first answer to data is lost, as in a cut: the agent asks again and goes on.
            let isLost = contents.withLock { contents in
                guard !part.data.isEmpty, !contents.hasCut else { return false }
                contents.hasCut = true
                return true
            }
            if isLost { return [(Header(.rejections, request: message.header.request), RejectionCodec.encode([TipRejection(tip: nil, Rejection(.busy, "later"))]))] }
            return [(Header(.photoState, request: message.header.request), state.encoded)]
        }
    }

    @Test func aPhotoFollowsItsTipAndGoesOnAfterACut() async throws {
        let station = Station()
        let daemon = try FakeDaemon(answer: station.answer)
        defer { daemon.stop() }
        try await DoorTests.withAgent(daemon) { agent in
            let kept = try await agent.unix.request(method: "POST", path: "/v1/photos", body: Self.jpeg)
            #expect(kept.status == 201)
            let hash = try JSONDecoder().decode(PhotoReply.self, from: Data(kept.body)).sha256
            #expect(hash == hexadecimal(SHA256.hash(data: Self.jpeg)))
            let (_, tip) = try await agent.tip(#"{"category":"vehicle","photos":["\#(hash)"]}"#, wait: 20)
            #expect(tip.state == .accepted && daemon.tips.first?.attachments == [Array(SHA256.hash(data: Self.jpeg))])
            #expect(await soon { station.contents.withLock { $0.bytes } == Self.jpeg })
            #expect(station.contents.withLock { $0.parts.first?.data.isEmpty } == true)
            // Asked again after the cut, and nothing was sent twice from the beginning.
            #expect(station.contents.withLock { $0.parts.filter { $0.offset == 0 && !$0.data.isEmpty }.count } == 1)
            let folder = agent.settings.dataDirectory + "/photos"
            #expect(await soon { (try? FileManager.default.contentsOfDirectory(atPath: folder))?.isEmpty == true })
        }
    }

    @Test func whatIsNoPhotoIsRefused() async throws {
        try await DoorTests.withAgent { agent in
            func refused(_ body: [UInt8]) async throws -> (Int, String) {
                let reply = try await agent.unix.request(method: "POST", path: "/v1/photos", body: body, timeout: .seconds(30))
                return (reply.status, (try? JSONDecoder().decode(DoorTests.Refused.self, from: Data(reply.body)))?.error.code ?? "")
            }
            let (type, code) = try await refused(Array("<svg onload='x'/>".utf8))
            #expect(type == 415 && code == "photo_type")
            let (size, _) = try await refused([0xFF, 0xD8, 0xFF] + [UInt8](repeating: 0, count: 2 << 20))
            #expect(size == 413)
            let unknown = try await agent.post(#"{"category":"fire","photos":["\#(String(repeating: "ab", count: 32))"]}"#)
            #expect(unknown.status == 422 && String(decoding: unknown.body, as: UTF8.self).contains("photo_unknown"))
            let odd = try await agent.post(#"{"category":"fire","photos":["xyz"]}"#)
            #expect(odd.status == 422 && String(decoding: odd.body, as: UTF8.self).contains("photos"))
        }
    }

    @Test func withoutADaemonThePhotoWaitsOnTheDisk() async throws {
        try await DoorTests.withAgent { agent in
            let kept = try await agent.unix.request(method: "POST", path: "/v1/photos", body: Self.jpeg)
            let hash = try JSONDecoder().decode(PhotoReply.self, from: Data(kept.body)).sha256
            let (status, tip) = try await agent.tip(#"{"category":"vehicle","photos":["\#(hash)"]}"#)
            #expect(status == 202 && tip.state == .spooled)
            let file = agent.settings.dataDirectory + "/photos/" + hash
            #expect(FileManager.default.contents(atPath: file) == Data(Self.jpeg))
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? NSNumber
            #expect(mode?.intValue == 0o600)
        }
    }
}
