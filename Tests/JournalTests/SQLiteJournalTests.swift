// What is SQLite's own: that a commit is on the disk, that one process has the directory, and that no file is taken for
// what it is not.

import Foundation
import GRDB
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Journal

@Suite("The SQLite journal") struct SQLiteJournalTests {
    /// GRDB lowers it to NORMAL when it opens a WAL database, and then nothing is on the disk when a commit returns.
    @Test func commitsAreSyncedAndTheWriteAheadLogIsOn() throws {
        let folder = try TemporaryDirectory()
        let journal = try SQLiteJournal(directory: folder.path)
        #expect(try journal.synchronousLevel() == 2)
        var history = SampleHistory(seed: 31)
        _ = try journal.append(history.drafts(5))
        #expect(try journal.synchronousLevel() == 2)
        #expect(try RawFile(folder).change { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        journal.close()
        // And again for a file that exists.
        let again = try SQLiteJournal(directory: folder.path)
        defer { again.close() }
        #expect(try again.synchronousLevel() == 2)
    }

    @Test func aReopenedJournalGoesOn() throws {
        let folder = try TemporaryDirectory()
        var history = SampleHistory(seed: 32)
        var drafts: [Draft] = []
        for round in 0..<5 {
            let journal = try SQLiteJournal(directory: folder.path)
            defer { journal.close() }
            #expect(journal.lastSequence == SequenceNumber(drafts.count))
            #expect(journal.syncs == 0)
            let group = history.drafts(1 + round * 30)
            #expect(try journal.append(group) == SequenceNumber(drafts.count) + 1)
            drafts += group
            let reader = try journal.makeReader()
            defer { reader.close() }
            #expect(try allRecords(reader) == stored(drafts))
            #expect(try verify(reader) == .sound(records: UInt64(drafts.count)))
            for draft in drafts {
                if let key = draft.tip { #expect(try journal.find(post: key.post, tip: key.tip) != nil) }
            }
        }
    }

    /// What a process that is killed leaves behind are the files as they are, with nothing closed.
    @Test func whatWasAppendedIsInTheFilesOfAProcessThatWasKilled() throws {
        let folder = try TemporaryDirectory()
        let journal = try SQLiteJournal(directory: folder.path)
        defer { journal.close() }
        var history = SampleHistory(seed: 33)
        let drafts = history.drafts(150)
        for draft in drafts { _ = try journal.append([draft]) }
        let copy = try TemporaryDirectory()
        for name in ["journal.sqlite", "journal.sqlite-wal", "lock"] {
            try FileManager.default.copyItem(atPath: folder.file(name), toPath: copy.file(name))
        }
        let survivor = try SQLiteJournal(directory: copy.path)
        defer { survivor.close() }
        let reader = try survivor.makeReader()
        defer { reader.close() }
        #expect(try allRecords(reader) == stored(drafts))
        #expect(try verify(reader) == .sound(records: 150))
    }

    @Test func aReaderAloneReadsAClosedJournalAndMakesNoFile() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file(SQLiteJournal.fileName)
        #expect(throws: JournalError.self) { try SQLiteJournalReader(path: path) }
        #expect(!FileManager.default.fileExists(atPath: path))
        let journal = try SQLiteJournal(directory: folder.path)
        var history = SampleHistory(seed: 34)
        let drafts = history.drafts(20)
        _ = try journal.append(drafts)
        journal.close()
        let reader = try SQLiteJournalReader(path: path)
        defer { reader.close() }
        #expect(try allRecords(reader) == stored(drafts))
    }

    // MARK: One process for each directory

    @Test func aSecondJournalIsRefusedInWordsToActOn() throws {
        let folder = try TemporaryDirectory()
        let journal = try SQLiteJournal(directory: folder.path)
        let error = try #require(refusal(of: folder))
        #expect(error.code == .locked)
        #expect(error.message.contains(folder.path))
        #expect(error.message.contains("process \(getpid())"))
        #expect(error.message.contains("data_directory"))
        // The one that was refused took nothing from the first.
        var history = SampleHistory(seed: 35)
        _ = try journal.append(history.drafts(10))
        journal.close()
        #expect(refusal(of: folder) == nil)
    }

    /// flock(1) of util-linux stands for another daemon.
    @Test func aJournalInAnotherProcessIsRefusedUntilThatProcessIsDead() throws {
        let folder = try TemporaryDirectory()
        let other = Process()
        other.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        other.arguments = ["--no-fork", folder.file("lock"), "/bin/sleep", "600"]
        try other.run()
        #expect(eventually { refusal(of: folder)?.code == .locked })
        kill(other.processIdentifier, SIGKILL)
        other.waitUntilExit()
        #expect(refusal(of: folder) == nil)

        let journal = try SQLiteJournal(directory: folder.path)
        defer { journal.close() }
        let late = Process()
        late.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        late.arguments = ["--nonblock", folder.file("lock"), "/bin/true"]
        try late.run()
        late.waitUntilExit()
        #expect(late.terminationStatus == 1)
    }

    @Test func aDirectoryThatIsNotThereIsNamed() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("nowhere")
        let error = #expect(throws: JournalError.self) { try SQLiteJournal(directory: path) }
        #expect(error?.code == .inputOutput)
        #expect(error?.message.contains(path) == true)
    }

    // MARK: Files that are something else

    @Test func aNewerSchemaIsRefusedInWordsAndLeftAlone() throws {
        let folder = try TemporaryDirectory()
        let journal = try SQLiteJournal(directory: folder.path)
        journal.close()
        let raw = RawFile(folder)
        try raw.change { try $0.execute(sql: "PRAGMA user_version = 6") }
        let before = try Data(contentsOf: URL(fileURLWithPath: raw.path))
        let error = try #require(refusal(of: folder))
        #expect(error.code == .newerSchema)
        #expect(error.message == "the journal has schema 6, this program knows 5: upgrade it")
        let readers = #expect(throws: JournalError.self) { try SQLiteJournalReader(path: raw.path) }
        #expect(readers?.code == .newerSchema)
        #expect(try Data(contentsOf: URL(fileURLWithPath: raw.path)) == before)
        // It let go of the directory.
        try raw.change { try $0.execute(sql: "PRAGMA user_version = 2") }
        #expect(refusal(of: folder) == nil)
    }

    /// A journal of version 1 is one without guests: it is read as it is, and brought up to date by the next daemon.
    @Test func aJournalOfVersionOneIsUpgraded() throws {
        let folder = try TemporaryDirectory()
        var history = SampleHistory(seed: 37)
        let drafts = history.drafts(60).map { draft in
            var draft = draft
            draft.feed?.guests = []
            return draft
        }
        let old = try SQLiteJournal(directory: folder.path)
        _ = try old.append(drafts)
        old.close()
        let raw = RawFile(folder)
        try raw.change { try $0.execute(sql: "DROP TABLE guest; \(RawFile.plainIndex); PRAGMA user_version = 1") }

        func check(_ reader: any JournalReader) throws {
            defer { reader.close() }
            #expect(try allRecords(reader) == stored(drafts))
            #expect(try verify(reader) == .sound(records: 60))
            let ask = FeedPageRequest(
                lane: .main, after: 0, through: 60, zones: Set(SampleTips.zones), guest: SampleTips.units[0], leastLevel: .routine,
                limit: .max, bytes: .max)
            #expect(try reader.feedPage(ask).items.count == drafts.count { $0.feed?.lane == .main })
        }
        try check(try SQLiteJournalReader(path: raw.path))
        #expect(try raw.change { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 1)

        let journal = try SQLiteJournal(directory: folder.path)
        defer { journal.close() }
        #expect(try raw.change { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 2)
        try check(try journal.makeReader())
        // It goes on with guests.
        var guest = drafts[0]
        (guest.tip, guest.feed) = (nil, FeedDraft(
            lane: .alert, zone: ZoneID(unchecked: "elsewhere"), level: .urgent, event: [1], guests: [SampleTips.units[0]]))
        #expect(try journal.append([guest]) == 61)
        let reader = try journal.makeReader()
        defer { reader.close() }
        let ask = FeedPageRequest(
            lane: .alert, after: 60, through: 61, zones: [], guest: SampleTips.units[0], leastLevel: .routine, limit: 9, bytes: 9)
        #expect(try reader.feedPage(ask).items == [FeedPage.Item(sequence: 61, event: [1])])
        #expect(try verify(reader) == .sound(records: 61))
    }

    @Test func aRecordOfANewerVersionIsNamed() throws {
        let folder = try TemporaryDirectory()
        let journal = try SQLiteJournal(directory: folder.path)
        var history = SampleHistory(seed: 36)
        _ = try journal.append(history.drafts(10))
        journal.close()
        // version = 2, and an event of version 9.
        for payload in [[0x08, 0x02], [0x08, 0x01, 0x12, 0x02, 0x08, 0x09]] as [[UInt8]] {
            try RawFile(folder).change {
                try $0.execute(sql: "UPDATE record SET payload = ? WHERE sequence = 4", arguments: [Data(payload)])
            }
            let reader = try SQLiteJournalReader(path: RawFile(folder).path)
            defer { reader.close() }
            let error = #expect(throws: JournalError.self) { try reader.records(after: 0, limit: 10, bytes: .max) }
            #expect(error?.code == .newerSchema)
            #expect(error?.message == "record 4 was written by a newer version of Watchpost")
            #expect(try reader.records(after: 0, limit: 3, bytes: .max).count == 3)
        }
    }

    @Test func anotherProgramsDatabaseIsLeftAsItIs() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file(SQLiteJournal.fileName)
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "CREATE TABLE photo (id INTEGER PRIMARY KEY)") }
        try queue.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let error = try #require(refusal(of: folder))
        #expect(error.code == .misuse)
        #expect(error.message.contains("another program"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test func aFileThatIsNoDatabaseIsDamaged() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file(SQLiteJournal.fileName)
        let text = Data(String(repeating: "这不是数据库。", count: 500).utf8)
        try text.write(to: URL(fileURLWithPath: path))
        let error = try #require(refusal(of: folder))
        #expect(error.code == .corrupt)
        #expect(error.message.contains(path))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == text)
    }

    // MARK: A full disk

    @Test func aFullDiskTakesNothingOfAGroupAndThenGoesOn() throws {
        let folder = try TemporaryDirectory()
        var history = SampleHistory(seed: 37)
        var options = SQLiteJournal.Options()
        options.maximumPages = 16
        let journal = try SQLiteJournal(directory: folder.path, options: options)
        var kept: [Draft] = []
        var refused: [Draft] = []
        while refused.isEmpty, kept.count < 1_000 {
            let group = history.drafts(20)
            do throws(JournalError) {
                _ = try journal.append(group)
                kept += group
            } catch {
                #expect(error.code == .full && error.isRetriable)
                #expect(error.message.contains("disk is full"))
                refused = group
            }
        }
        try #require(!refused.isEmpty)
        #expect(journal.lastSequence == SequenceNumber(kept.count))
        #expect(throws: JournalError.self) { try journal.append(refused) }
        let reader = try journal.makeReader()
        #expect(try allRecords(reader) == stored(kept))
        for draft in refused {
            if let key = draft.tip { #expect(try journal.find(post: key.post, tip: key.tip) == nil) }
        }
        reader.close()
        journal.close()

        // Space again: the same group is taken, and the chain holds across it.
        let roomy = try SQLiteJournal(directory: folder.path)
        defer { roomy.close() }
        #expect(try roomy.append(refused) == SequenceNumber(kept.count) + 1)
        let again = try roomy.makeReader()
        defer { again.close() }
        #expect(try allRecords(again) == stored(kept + refused))
        #expect(try verify(again) == .sound(records: UInt64(kept.count + refused.count)))
    }
}
