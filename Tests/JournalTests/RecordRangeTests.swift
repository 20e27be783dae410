import Journal
import TestSupport
import Testing
import TipModel

@Suite("A stretch of time") struct RecordRangeTests {
    @Test(arguments: Engine.allCases)
    func everyMomentBeginsAtItsFirstRecord(engine: Engine) throws {
        let bench = try engine.open()
        var history = SampleHistory(seed: 71)
        let drafts = history.drafts(300)
        _ = try bench.journal.append(drafts)
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        for moment in [drafts[0].at, drafts[150].at, drafts[299].at].flatMap({ [$0, $0.advanced(byMilliseconds: 1)] })
            + [Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)]
        {
            let expected = drafts.filter { $0.at >= moment }.count
            var got: [Record] = []
            let isWhole = try reader.read(from: moment, limit: 1_000) { record in
                got.append(record)
                return true
            }
            #expect(isWhole && got.count == expected && got.last?.sequence ?? 300 == 300)
            #expect(try reader.sequence(before: moment) == SequenceNumber(300 - expected))
        }
        // It ends where it is told, and says when a limit ended it.
        var count = 0
        let wantedNoMore = try reader.read(from: drafts[0].at, limit: 1_000) { _ in
            count += 1
            return count < 7
        }
        #expect(wantedNoMore && count == 7)
        #expect(try !reader.read(from: drafts[0].at, limit: 299) { _ in true })
        #expect(try reader.read(from: drafts[0].at, limit: 300) { _ in true })
    }

    @Test(arguments: Engine.allCases) func anEmptyJournalHasNone(engine: Engine) throws {
        let bench = try engine.open()
        let reader = try bench.journal.makeReader()
        defer { reader.close() }
        #expect(try reader.read(from: Timestamp(milliseconds: 0), limit: 9) { _ in false })
    }
}
