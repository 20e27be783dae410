import Testing
import TipModel

@testable import Feed

@Suite struct CursorReportsTests {
    @Test func reportsAreRareAndOnlyWhenSomethingAdvanced() {
        var reports = CursorReports(interval: 100, bound: 10)
        let east = unitID("east-1")
        reports.advance(east, to: FeedCursor(alert: 0, main: 0), now: 0)
        var due = reports.takeDue(now: 1_000)
        #expect(due.isEmpty)
        reports.advance(east, to: FeedCursor(alert: 1, main: 5), now: 1_000)
        reports.advance(east, to: FeedCursor(alert: 0, main: 9), now: 1_050)
        due = reports.takeDue(now: 1_099)
        #expect(due.isEmpty)
        due = reports.takeDue(now: 1_100)
        #expect(due.count == 1 && due.first?.1 == FeedCursor(alert: 1, main: 9))
        reports.advance(east, to: FeedCursor(alert: 1, main: 9), now: 1_200)
        var taken = reports.take(east)
        #expect(taken == nil)
        reports.advance(east, to: FeedCursor(alert: 2, main: 3), now: 1_200)
        taken = reports.take(east)
        #expect(taken == FeedCursor(alert: 2, main: 9))
        taken = reports.take(east)
        due = reports.takeDue(now: 9_000)
        #expect(taken == nil && due.isEmpty)
    }

    @Test func thoseWithNothingToTellAreForgottenAtTheBound() {
        var reports = CursorReports(interval: 100, bound: 2)
        reports.advance(unitID("a"), to: FeedCursor(alert: 1, main: 0), now: 0)
        _ = reports.take(unitID("a"))
        reports.advance(unitID("b"), to: FeedCursor(alert: 1, main: 0), now: 0)
        reports.advance(unitID("c"), to: FeedCursor(alert: 1, main: 0), now: 0)
        let due = reports.takeDue(now: 100)
        #expect(due.map(\.0).sorted() == [unitID("b"), unitID("c")])
    }
}
