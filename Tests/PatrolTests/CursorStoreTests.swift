import Foundation
import Glibc
import TestSupport
import Testing
import TipModel

@testable import Patrol

@Suite struct CursorStoreTests {
    private let key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

    private func open(_ folder: TemporaryDirectory, unit: UnitID = unitID, key: String? = nil) throws -> CursorStore {
        try CursorStore(folder: folder.file("state/patrol"), unit: unit, daemonKey: key ?? self.key)
    }

    /// The one file that a store writes.
    private func file(_ folder: TemporaryDirectory) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("state/patrol"))
        return folder.file("state/patrol/") + (try #require(names.first { $0.hasSuffix(".json") }))
    }

    private var state: PatrolState {
        PatrolState(
            cursor: cursor(7, 19),
            incidents: [
                incident(3, version: 4, level: .emergency, phase: .enRoute, holder: unitID, headline: "东墙外有人", place: "3号楼", sequence: 7),
                incident(5, level: .routine, drill: true, reasons: [Reason(code: "panic", points: 100)], sequence: 19),
            ])
    }

    private func reopened(_ folder: TemporaryDirectory, unit: UnitID = unitID, key: String? = nil) throws -> (CursorStore.Found, PatrolState) {
        let store = try open(folder, unit: unit, key: key)
        return (store.found, store.restored)
    }

    private func save(_ folder: TemporaryDirectory) throws {
        var store = try open(folder)
        store.note(events: 3)
        try store.save(state, now: 5)
    }

    @Test func theStateIsThereAgainAfterARestart() throws {
        let folder = try TemporaryDirectory()
        #expect(try reopened(folder) == (.fresh, PatrolState()))
        try save(folder)
        let (found, restored) = try reopened(folder)
        #expect(found == .resumed)
        #expect(restored == state)
    }

    @Test func filesArePrivateAndNothingIsLeftBeside() throws {
        let folder = try TemporaryDirectory()
        try save(folder)
        for name in ["state", "state/patrol"] {
            #expect(try FileManager.default.attributesOfItem(atPath: folder.file(name))[.posixPermissions] as? Int == 0o700)
        }
        #expect(try FileManager.default.attributesOfItem(atPath: try file(folder))[.posixPermissions] as? Int == 0o600)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("state/patrol"))
        #expect(names.allSatisfy { $0.hasSuffix(".json") || $0.hasSuffix(".lock") })
    }

    /// Each save replaces the file as a whole: a reader, or a crash, finds the old one or the new one.
    @Test func aFailedSaveLeavesTheOldFileAndIsDueAgain() throws {
        let folder = try TemporaryDirectory()
        try save(folder)
        var store = try open(folder)
        store.note(events: 1)
        // Something stands where the new file is written to.
        let blocker = try file(folder) + ".new"
        try FileManager.default.createDirectory(atPath: blocker, withIntermediateDirectories: false)
        #expect(throws: FileFailure.self) { try store.save(PatrolState(cursor: cursor(9, 99)), now: 1_000) }
        #expect(store.due(now: 1_000) == CursorStore.saveInterval)
        #expect(store.due(now: 1_000 + CursorStore.saveInterval) == 0)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: try file(folder)))
        #expect(String(decoding: bytes, as: UTF8.self).contains("\"main\":19"))
        try FileManager.default.removeItem(atPath: blocker)
        try store.save(PatrolState(cursor: cursor(9, 99)), now: 2_000)
        #expect(store.due(now: 9_999) == nil)
    }

    @Test func aSaveThatFailsHalfWayLeavesNothingBeside() throws {
        let folder = try TemporaryDirectory()
        try save(folder)
        var store = try open(folder)
        let path = try file(folder)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(throws: FileFailure(.rename, code: EISDIR)) { try store.save(state, now: 0) }
        #expect(!FileManager.default.fileExists(atPath: path + ".new"))
    }

    @Test func itIsSavedAtOnceThenAtMostEveryIntervalOrWhenMuchCame() throws {
        let folder = try TemporaryDirectory()
        var store = try open(folder)
        #expect(store.due(now: 0) == nil)
        store.note(events: 1)
        #expect(store.due(now: 0) == 0)
        try store.save(state, now: 1_000)
        #expect(store.due(now: 1_000) == nil)
        store.note(events: 1)
        #expect(store.due(now: 1_050) == CursorStore.saveInterval - 50)
        store.note(events: CursorStore.saveEvents)
        #expect(store.due(now: 1_050) == 0)
    }

    @Test(arguments: [
        "", "{}", "null", "not json", #"{"version":1}"#, String(repeating: "[", count: 10_000),
        #"{"version":1,"unit":"patrol-east","daemon_public_key":"k","alert":-1,"main":0,"incidents":[]}"#,
        #"{"version":1,"unit":"patrol-east","daemon_public_key":"k","alert":1.5,"main":0,"incidents":[]}"#,
    ])
    func aDamagedFileStartsFromTheBeginning(_ content: String) throws {
        let folder = try TemporaryDirectory()
        try save(folder)
        try Data(content.utf8).write(to: URL(fileURLWithPath: try file(folder)))
        let (found, restored) = try reopened(folder)
        #expect(found == .corrupt(.noStateFile))
        #expect(restored == PatrolState())
    }

    /// Any cut and any flipped byte gives either what was saved, where JSON does not mind, or a start from the beginning.
    @Test func noDamageTrapsOrResumesHalfWay() throws {
        let folder = try TemporaryDirectory()
        try save(folder)
        let path = URL(fileURLWithPath: try file(folder))
        let whole = try Data(contentsOf: path)
        var random = SplitMix64(seed: 3)
        for _ in 0..<150 {
            var damaged = whole
            if random.oneIn(2) {
                damaged = whole.prefix(Int(random.next() % UInt64(whole.count)))
            } else {
                damaged[Int(random.next() % UInt64(whole.count))] ^= UInt8(1 << (random.next() % 8))
            }
            try damaged.write(to: path)
            let (found, restored) = try reopened(folder)
            if found == .resumed {
                #expect(restored.incidents.count == 2)
            } else {
                #expect(restored == PatrolState())
            }
        }
    }

    @Test func anIncidentThatCannotBeReadIsNotSilentlyLeftOut() throws {
        let folder = try TemporaryDirectory()
        try save(folder)
        let path = try file(folder)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacingOccurrences(of: "\"incidents\":[\"", with: "\"incidents\":[\"AAAA\",\"").write(
            toFile: path, atomically: false, encoding: .utf8)
        #expect(try reopened(folder) == (.corrupt(.incident), PatrolState()))
    }

    @Test func anotherVersionIsNotGuessedAt() throws {
        let folder = try TemporaryDirectory()
        try save(folder)
        let path = try file(folder)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacingOccurrences(of: "\"version\":1", with: "\"version\":2").write(toFile: path, atomically: false, encoding: .utf8)
        #expect(try reopened(folder) == (.corrupt(.version(2)), PatrolState()))
    }

    @Test func aCursorCountsInOneDaemonsJournalOnly() throws {
        let folder = try TemporaryDirectory()
        try save(folder)
        let other = "A5BbOoXg{RpQ.:Ut5p<-D33Y]}NKh69Vn:ZT-VDw"
        #expect(try reopened(folder, key: other).0 == .fresh)
        #expect(try reopened(folder, unit: otherUnit).0 == .fresh)
        // Also when somebody copies the file over.
        let mine = try file(folder)
        let locks = try FileManager.default.contentsOfDirectory(atPath: folder.file("state/patrol")).filter { $0.hasSuffix(".lock") }
        #expect(locks.count == 3)
        for lock in locks where !mine.hasSuffix(lock.dropLast(5)) {
            try FileManager.default.copyItem(atPath: mine, toPath: folder.file("state/patrol/" + lock.dropLast(5)))
        }
        #expect(try reopened(folder, unit: otherUnit) == (.other, PatrolState()))
        #expect(try reopened(folder, key: other) == (.other, PatrolState()))
    }

    @Test func whatCannotBeReadIsSaid() throws {
        let folder = try TemporaryDirectory()
        try save(folder)
        let path = try file(folder)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        guard case .unreadable(let failure) = try reopened(folder).0 else {
            Issue.record("a folder was read")
            return
        }
        #expect(failure.operation == .read && failure.code == EISDIR)
        try FileManager.default.removeItem(atPath: path)
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT, 0o600)
        #expect(ftruncate(descriptor, off_t(CursorStore.fileBound + 1)) == 0)
        close(descriptor)
        #expect(try reopened(folder).0 == .unreadable(FileFailure(.read, code: EFBIG)))
    }

    @Test func oneFolderServesOneProcessAtATime() throws {
        let folder = try TemporaryDirectory()
        let first = try open(folder)
        #expect(throws: CursorStore.OpenError.locked(path: folder.file("state/patrol"))) { _ = try open(folder) }
        withExtendedLifetime(first.found) {}
        _ = consume first
        _ = try open(folder)
    }

    @Test func aFolderThatCannotBeMadeIsSaid() throws {
        let folder = try TemporaryDirectory()
        try Data().write(to: URL(fileURLWithPath: folder.file("state")))
        #expect(throws: CursorStore.OpenError.self) { _ = try open(folder) }
    }

    @Test func onlyTheMostUrgentAreKeptAtTheBound() throws {
        let folder = try TemporaryDirectory()
        var store = try open(folder)
        let many = (1...UInt64(CursorStore.incidentBound + 5)).map { incident($0) }
        try store.save(PatrolState(cursor: cursor(1, 1), incidents: many), now: 0)
        _ = consume store
        #expect(try reopened(folder).1.incidents.map(\.id) == many.prefix(CursorStore.incidentBound).map(\.id))
    }
}
