internal import Board
internal import DispatchDesk
internal import Journal
internal import TipModel

// What the station is judged by and what a shift hands over: folds over a stretch of the journal.
extension BoardStation {
    func statistics(
        _ period: DispatchStatistics.Period, _ user: BoardUser
    ) async throws(Rejection) -> BoardStatistics {
        try checkStretch(period.from, period.until, user)
        return try await figures.read { reader throws(JournalError) in
            var figures = DispatchStatistics(period: period)
            let clock = ReadingTime()
            let isWhole = try reader.read(from: period.from, limit: BoardLimits.statisticsRecords) { record in
                figures.apply(record)
                return !figures.isPast(record.at) && !clock.isOver
            }
            return BoardStatistics(report: figures.report, isCut: !isWhole || clock.isOver)
        }
    }

    func shift(_ from: Timestamp, _ until: Timestamp, _ user: BoardUser) async throws(Rejection) -> ShiftSummary {
        try checkStretch(from, until, user)
        let fold = try await figures.read { reader throws(JournalError) in
            var fold = ShiftFold(from: from, until: until)
            let clock = ReadingTime()
            _ = try reader.read(from: from, limit: BoardLimits.statisticsRecords) { record in
                fold.apply(record)
                return record.at < until && !clock.isOver
            }
            return fold
        }
        return fold.summary(try await state())
    }

    private func checkStretch(_ from: Timestamp, _ until: Timestamp, _ user: BoardUser) throws(Rejection) {
        if case .unit = user.sight { throw Rejection(.forbidden, "the figures are for the desk and the officers") }
        guard from < until, until.milliseconds(since: from) <= BoardLimits.statisticsDays * 86_400_000 else {
            throw Rejection(.invalidField, field: "from", "a stretch of time begins before it ends, and spans at most \(BoardLimits.statisticsDays) days")
        }
    }
}

/// How long figures may be read for.
private struct ReadingTime {
    private let end = ContinuousClock.now + BoardLimits.figures

    var isOver: Bool { ContinuousClock.now > end }
}
