internal import Journal
internal import TipModel

// What the wall clock should show at the start.
extension StationCore {
    /// Where the wall clock stood when the monotonic one began, as far as the journal lets believe it.
    static func clockOrigin(_ time: any TimeSource, _ journal: any Journal, newest: SequenceNumber) -> Timestamp {
        plausibleNow(time.now(), journal, newest: newest).advanced(byMilliseconds: -time.monotonicMilliseconds())
    }

    /// What the clock should show at the start, as far as the newest records tell: times that follow each other, and neither fall
    /// by a day nor rise by a year. What was written by a clock that had leapt is passed over; one that stays where it leapt to is
    /// believed when it has written so many.
    private static func plausibleNow(_ now: Timestamp, _ journal: any Journal, newest: SequenceNumber) -> Timestamp {
        let looked: SequenceNumber = 2_048
        guard newest > 0, let reader = try? journal.makeReader() else { return now }
        defer { reader.close() }
        let records = (try? reader.records(after: newest - min(newest, looked), limit: Int(looked), bytes: 16 << 20)) ?? []
        guard var known = records.first?.record.at else { return now }
        func follows(_ moment: Timestamp) -> Bool { (-86_400_000...365 * 86_400_000).contains(moment.milliseconds(since: known)) }
        for stored in records where follows(stored.record.at) { known = max(known, stored.record.at) }
        return follows(now) ? now : known
    }
}
