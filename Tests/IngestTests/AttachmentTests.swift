import Crypto
import Foundation
import Synchronization
import TestSupport
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import Ingest

/// Photos on the daemon's disk.
struct AttachmentTests {
    private let folder: TemporaryDirectory
    private let gate = PostID(unchecked: "gate-1")
    private static let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0] + (0..<150_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    init() throws { folder = try TemporaryDirectory() }

    private var directory: String { folder.file("attachments") }

    private func hash(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

    private func part(_ photo: [UInt8], at offset: Int, count: Int = WireLimits.photoPartBytes, sha256: [UInt8]? = nil) -> PhotoPart {
        PhotoPart(
            tip: tip(1).id, sha256: sha256 ?? hash(photo), total: photo.count, offset: offset,
            data: Array(photo[offset..<min(photo.count, offset + count)]))
    }

    /// Sends what the store asks for until it has all, or refuses.
    private func send(_ photo: [UInt8], to store: inout AttachmentStore, sha256: [UInt8]? = nil, post: PostID? = nil) -> PhotoState {
        var state = store.take(part(photo, at: 0, count: 0, sha256: sha256), from: post ?? gate)
        while !state.isComplete, state.refusal == nil {
            state = store.take(part(photo, at: state.nextOffset, sha256: sha256), from: post ?? gate)
        }
        return state
    }

    @Test func aPhotoIsKeptUnderItsHashForItsOwnerOnly() throws {
        var store = AttachmentStore(directory: directory, maxBytes: 1 << 30)
        let state = send(Self.jpeg, to: &store)
        #expect(state == PhotoState(sha256: hash(Self.jpeg), nextOffset: Self.jpeg.count, isComplete: true))
        let path = AttachmentStore.path(of: hash(Self.jpeg), in: directory)
        #expect(path.hasPrefix("\(directory)/\(path.split(separator: "/").last?.prefix(2) ?? "?")/"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(Self.jpeg))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
        // Sent again, it is there.
        #expect(store.take(part(Self.jpeg, at: 0, count: 0), from: gate).isComplete)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/partial").isEmpty)
    }

    @Test func afterACutItGoesOnWhereItWas() throws {
        var store = AttachmentStore(directory: directory, maxBytes: 1 << 30)
        #expect(store.take(part(Self.jpeg, at: 0), from: gate).nextOffset == 65_536)
        // A daemon that starts again.
        store = AttachmentStore(directory: directory, maxBytes: 1 << 30)
        #expect(store.take(part(Self.jpeg, at: 0, count: 0), from: gate).nextOffset == 65_536)
        // A part that was there already, or is too early, changes nothing.
        #expect(store.take(part(Self.jpeg, at: 0), from: gate).nextOffset == 65_536)
        #expect(store.take(part(Self.jpeg, at: 131_072), from: gate).nextOffset == 65_536)
        #expect(send(Self.jpeg, to: &store).isComplete)
    }

    @Test func anotherHashOrKindIsRefusedAndLeavesNothing() throws {
        var store = AttachmentStore(directory: directory, maxBytes: 1 << 30)
        let wrong = send(Self.jpeg, to: &store, sha256: [UInt8](repeating: 9, count: 32))
        #expect(wrong.refusal?.code == .invalidField && wrong.refusal?.field == "photo.sha256")
        let text = Array("<script>alert(1)</script>".utf8)
        let other = send(text, to: &store)
        #expect(other.refusal?.code == .invalidField && other.refusal?.field == "photo.data")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/partial").isEmpty)
        #expect(!FileManager.default.fileExists(atPath: AttachmentStore.path(of: hash(text), in: directory)))
    }

    @Test func atTheBoundANewPhotoIsRefusedAndNoneIsLost() throws {
        var store = AttachmentStore(directory: directory, maxBytes: 200_000)
        #expect(send(Self.jpeg, to: &store).isComplete)
        let second = send([0xFF, 0xD8, 0xFF] + [UInt8](repeating: 1, count: 100_000), to: &store)
        #expect(second.refusal?.code == .unavailable && second.refusal?.retryAfterMilliseconds == 3_600_000)
        // A later start counts what is there.
        store = AttachmentStore(directory: directory, maxBytes: 200_000)
        #expect(send([0xFF, 0xD8, 0xFF] + [UInt8](repeating: 2, count: 100_000), to: &store).refusal?.code == .unavailable)
        #expect(send(Self.jpeg, to: &store).isComplete)
    }

    @Test func aPostHasOneUnfinishedPhoto() throws {
        var store = AttachmentStore(directory: directory, maxBytes: 1 << 30)
        let other = [0xFF, 0xD8, 0xFF] + [UInt8](repeating: 3, count: 100_000)
        _ = store.take(part(Self.jpeg, at: 0), from: gate)
        _ = store.take(part(Self.jpeg, at: 0), from: PostID(unchecked: "gate-2"))
        _ = store.take(part(other, at: 0), from: gate)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/partial").count == 2)
        #expect(store.take(part(Self.jpeg, at: 0, count: 0), from: gate).nextOffset == 0)
    }

    /// The service before the store: only what an accepted tip of this post names.
    @Test func aPhotoThatNoTipOfThePostNamesIsRefused() throws {
        let replies = Mutex<[PhotoState]>([])
        let named = Tip(id: tip(1).id, observedAt: ManualTime.night, category: "theft", text: "", attachments: [hash(Self.jpeg)])
        let gate = gate
        let service = try AttachmentService(
            settings: AttachmentSettings(directory: directory),
            find: { key, reply in
                reply(key.post == gate && key.tip == named.id ? named : nil)
                return true
            },
            reply: { reply in
                if case .photo(let state) = reply.body { replies.withLock { $0.append(state) } }
            }, logger: quiet)
        try service.start()
        defer { _ = service.stop(deadline: patience) }
        let ticket = PostTicket(route: [1], request: 1)
        #expect(service.take(PostID(unchecked: "gate-2"), part(Self.jpeg, at: 0), ticket))
        #expect(service.take(gate, part(Self.jpeg, at: 0, sha256: [UInt8](repeating: 1, count: 32)), ticket))
        #expect(eventually { replies.withLock { $0.count } == 2 })
        #expect(replies.withLock { $0.allSatisfy { $0.refusal?.code == .notFound } })
        #expect(service.take(gate, part(Self.jpeg, at: 0), ticket))
        #expect(eventually { replies.withLock { $0.last?.nextOffset } == 65_536 })
    }
}
