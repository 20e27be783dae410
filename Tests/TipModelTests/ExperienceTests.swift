import Testing

@testable import TipModel

@Suite("What happened before")
struct ExperienceTests {
    private static let hour: Int64 = 3_600_000

    @Test("each ending counts for its witness, and a duplicate for nobody")
    func endings() {
        var record = TrackRecord()
        for (index, ending) in [Disposition.resolved, .handledByPost, .handedOver, .falseAlarm, .duplicate].enumerated() {
            record.note(ending, of: 7, at: SequenceNumber(index) + 1)
        }
        #expect(record.counts(7) == TrackRecord.Counts(real: 3, wrong: 1))
        #expect(record.counts(8) == TrackRecord.Counts())
    }

    @Test("at the bound those changed longest ago go, and the rest is as it was")
    func bound() {
        var record = TrackRecord()
        for witness in 1...UInt64(TrackRecord.bound) { record.note(.resolved, of: witness, at: witness) }
        record.note(.falseAlarm, of: 1, at: 10_000)
        record.note(.resolved, of: 9_999_999, at: 10_001)
        #expect(record.sorted.count == TrackRecord.bound * 7 / 8)
        #expect(record.counts(1) == TrackRecord.Counts(real: 1, wrong: 1))
        #expect(record.counts(2) == TrackRecord.Counts())
        #expect(record.counts(9_999_999).real == 1)
    }

    @Test("a long record is halved, so that it can change")
    func forgets() {
        var record = TrackRecord()
        for step in 1...UInt64(TrackRecord.forgetAt) { record.note(.falseAlarm, of: 7, at: step) }
        #expect(record.counts(7).wrong == TrackRecord.forgetAt / 2)
    }

    @Test("a place counts what was opened there an hour to some days before")
    func places() {
        var places = PlaceHistory()
        for hours in [0, 10, 20, 30, 40, 50] as [Int64] {
            places.note(3, opened: Timestamp(milliseconds: hours * Self.hour), at: SequenceNumber(hours) + 1)
        }
        func count(_ hours: Int64, days: Int32 = 30) -> Int {
            places.count(3, days: days, now: Timestamp(milliseconds: hours * Self.hour))
        }
        #expect(count(60) == PlaceHistory.perPlace)
        #expect(count(50) == PlaceHistory.perPlace - 1)
        #expect(count(60, days: 1) == 2)
        #expect(count(60, days: 0) == 0)
        #expect(places.count(4, days: 30, now: Timestamp(milliseconds: 0)) == 0)
        #expect(places.count(3, days: 30, now: Timestamp(milliseconds: .min)) == 0)
    }

    @Test("a snapshot's entries make the same again")
    func again() {
        var places = PlaceHistory()
        for place in 1...UInt64(PlaceHistory.bound + 50) { places.note(place, opened: Timestamp(milliseconds: 5), at: place) }
        #expect(PlaceHistory(places.sorted) == places)
        #expect(places.sorted.count <= PlaceHistory.bound)
    }
}
