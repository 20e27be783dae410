internal import Board
internal import DispatchDesk
internal import Journal
internal import Synchronization
internal import TipModel

/// One statistic is worked out at a time, so that a year's records never keep the board from a look at an incident.
final class StatisticsTurn: Sendable {
    private let isTaken = Mutex(false)

    func take() -> Bool {
        isTaken.withLock { taken in
            guard !taken else { return false }
            taken = true
            return true
        }
    }

    func end() { isTaken.withLock { $0 = false } }
}

extension BoardStation {
    /// Most records that one statistic is told from: some seconds of reading.
    static let statisticsRecords = 400_000

    func statistics(_ from: Timestamp, _ until: Timestamp, _ utcOffsetMinutes: Int, _ user: BoardUser) async throws(Rejection) -> BoardStatistics {
        guard user.isDesk else { throw Rejection(.forbidden, "statistics are for the desk") }
        guard statisticsTurn.take() else {
            throw Rejection(.busy, "another statistic is being worked out; try again", retryAfterMilliseconds: 2_000)
        }
        defer { statisticsTurn.end() }
        let period = DispatchStatistics.Period(from: from, until: until, utcOffsetMinutes: Int32(clamping: utcOffsetMinutes))
        return try await reads.read { reader throws(JournalError) in try Self.told(period, reader) }
    }

    private static func told(_ period: DispatchStatistics.Period, _ reader: SQLiteJournalReader) throws(JournalError) -> BoardStatistics {
        var fold = DispatchStatistics(period: period)
        var after = try last(before: period.from, reader)
        var left = statisticsRecords
        reading: while left > 0 {
            let page = try reader.records(after: after, limit: min(1_000, left), bytes: 4 << 20)
            guard let last = page.last else { break }
            for stored in page {
                if fold.isPast(stored.record.at) { break reading }
                fold.apply(stored.record)
            }
            after = last.record.sequence
            left -= page.count
        }
        let report = fold.report
        return BoardStatistics(
            tips: counts(report.tips), incidents: counts(report.incidents), response: response(report.response),
            zones: report.zones.mapValues { zone in
                BoardStatistics.ZoneFigures(tips: zone.tips, incidents: zone.incidents, response: response(zone.response))
            }, isCut: left == 0 || report.notFollowed > 0)
    }

    /// The last record before a moment, by halving: sequences are dense, and times rise but for a clock that was set.
    private static func last(before moment: Timestamp, _ reader: SQLiteJournalReader) throws(JournalError) -> SequenceNumber {
        var (low, high): (SequenceNumber, SequenceNumber) = (0, try reader.lastSequence())
        while low < high {
            let middle = low + (high - low + 1) / 2
            guard let found = try reader.records(after: middle - 1, limit: 1, bytes: 1 << 20).first, found.record.at < moment else {
                high = middle - 1
                continue
            }
            low = middle
        }
        return low
    }

    private static func counts(_ counts: DispatchStatistics.Counts) -> BoardStatistics.Counts {
        BoardStatistics.Counts(total: counts.total, hours: counts.hours, categories: counts.categories)
    }

    private static func response(_ response: DispatchStatistics.Response) -> BoardStatistics.Response {
        BoardStatistics.Response(
            arrived: response.arrived, median: response.median, ninetieth: response.ninetieth, share: response.share)
    }
}
