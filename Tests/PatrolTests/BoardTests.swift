import TestSupport
import Testing
import TipModel

@testable import Patrol

@Suite struct IncidentBoardTests {
    private func ids(_ board: IncidentBoard) -> [UInt64] { board.open.map(\.incident.id.rawValue) }

    private func later(_ seconds: Int64) -> Timestamp { ManualTime.night.advanced(byMilliseconds: seconds * 1_000) }

    @Test func theMostUrgentComeFirstRealBeforeDrillThenTheNewest() {
        var board = IncidentBoard()
        board.apply(incident(1, level: .routine))
        board.apply(incident(2, level: .emergency, score: 80, at: later(1)))
        board.apply(incident(3, level: .emergency, score: 99, drill: true))
        board.apply(incident(4, level: .emergency, score: 80, at: later(9)))
        board.apply(incident(5, level: .urgent, score: 100))
        board.apply(incident(6, level: .emergency, phase: .cleared))
        #expect(ids(board) == [4, 2, 3, 5, 1])
    }

    /// The lanes overtake each other, so an older snapshot may come after a newer one.
    @Test func anOlderSnapshotChangesNothingButItsTipIsKept() {
        var board = IncidentBoard()
        #expect(board.apply(event(9, incident(1, version: 3, level: .emergency), .correlated, tip: tip(2))) == true)
        #expect(board.apply(event(4, incident(1, version: 1), tip: tip(1))) == false)
        #expect(board[IncidentID(1)]?.incident.version == 3)
        #expect(board[IncidentID(1)]?.tips.count == 2)
        #expect(board.apply(incident(1, version: 3)) == false)
        #expect(board.apply(incident(1, version: 4)) == true)
    }

    @Test func tipsAndStepsAreBoundedAndNoneTwice() {
        var board = IncidentBoard()
        for number in 1...20 as ClosedRange<UInt64> {
            let event = event(
                number, incident(1, version: UInt32(number)), .correlated, tip: tip(number), at: later(Int64(number)))
            board.apply(event)
            board.apply(event)
        }
        let entry = board[IncidentID(1)]
        #expect(entry?.tips.map(\.id.low) == [17, 18, 19, 20])
        #expect(entry?.steps.count == IncidentBoard.stepsKept)
        #expect(entry?.steps.last?.at == later(20))
    }

    @Test func stepsStandInTheOrderInWhichTheyHappened() {
        var board = IncidentBoard()
        board.apply(event(9, incident(1, version: 2, level: .urgent, phase: .claimed, holder: unitID), .claimed, unit: unitID, at: later(9)))
        board.apply(event(3, incident(1), .opened, tip: tip(1), at: later(1)))
        #expect(board[IncidentID(1)]?.steps.map(\.kind) == [.opened, .claimed])
    }

    @Test func aLookMakesItSeenAndANewTipUnseenAgain() {
        var board = IncidentBoard()
        board.apply(event(1, incident(1), tip: tip(1)))
        #expect(board[IncidentID(1)]?.isNew == true)
        board.markSeen(IncidentID(1))
        board.apply(event(2, incident(1, version: 2, phase: .claimed, holder: unitID), .claimed, unit: unitID))
        #expect(board[IncidentID(1)]?.isNew == false)
        board.apply(event(3, incident(1, version: 3), .correlated, tip: tip(2)))
        #expect(board[IncidentID(1)]?.isNew == true)
        board.markSeen(IncidentID(99))
    }

    @Test func thePanicButtonShowsEvenWithoutTheTip() {
        var board = IncidentBoard()
        board.apply(incident(1, level: .emergency, reasons: [Reason(code: "panic", points: 100)]))
        board.apply(event(2, incident(2), tip: tip(1, panic: true)))
        board.apply(incident(3))
        #expect(board[IncidentID(1)]?.isPanic == true && board[IncidentID(2)]?.isPanic == true)
        #expect(board[IncidentID(3)]?.isPanic == false)
    }

    // MARK: The bound

    @Test func clearedOnesGoFirstThenTheOldestOfTheLeastUrgent() {
        var board = IncidentBoard(bound: 4)
        board.apply(incident(1, level: .routine, phase: .cleared, at: later(1)))
        board.apply(incident(2, level: .emergency))
        board.apply(incident(3, level: .routine, at: later(3)))
        board.apply(incident(4, level: .routine, at: later(4)))
        board.apply(incident(5, level: .priority))
        #expect(board.count == 4 && board[IncidentID(1)] == nil && board.droppedOpen == 0)
        board.apply(incident(6, level: .urgent))
        #expect(ids(board) == [2, 6, 5, 4])
        #expect(board.droppedOpen == 1)
    }

    /// The alert lane is ahead of the main lane in a long history: it may tell the end of an incident whose beginning the
    /// main lane brings after the board has forgotten it.
    @Test func aForgottenIncidentDoesNotComeBackAsOpen() {
        var board = IncidentBoard(bound: 2)
        board.apply(event(50, incident(1, version: 5, level: .urgent, phase: .cleared), .cleared, unit: unitID))
        board.apply(event(51, incident(2, level: .urgent)))
        board.apply(event(52, incident(3, level: .urgent)))
        #expect(board[IncidentID(1)] == nil)
        #expect(board.apply(event(3, incident(1, version: 1), tip: tip(1))) == false)
        #expect(board.apply(incident(1, version: 1)) == false)
        #expect(ids(board) == [3, 2])
        board.removeAll()
        #expect(board.apply(event(3, incident(1, version: 1), tip: tip(1))) == true)
    }

    @Test func aLongHistoryStaysWithinTheBounds() {
        var board = IncidentBoard(bound: 16)
        for id in 1...3_000 as ClosedRange<UInt64> {
            board.apply(event(2 * id, incident(id, level: .urgent)))
            board.apply(event(2 * id + 1, incident(id, version: 2, level: .urgent, phase: .cleared), .cleared, unit: unitID))
            #expect(board.count <= 16)
        }
        #expect(board.open.isEmpty && board.droppedOpen == 0)
    }
}
