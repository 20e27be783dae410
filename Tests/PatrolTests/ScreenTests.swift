import Access
import Localization
import TestSupport
import Testing
import TipModel
import TipWire

@testable import Patrol

let zh = Catalogue(.zh)
let en = Catalogue(.en)
let usual = TerminalSize(columns: 80, rows: 24)

/// A screen that is caught up, with these incidents.
func screen(_ incidents: Incident..., caughtUp: Bool = true) -> FeedScreen {
    var screen = FeedScreen(unit: unitID)
    screen.usesColour = false
    screen.link = .connected
    screen.zones = [east]
    for incident in incidents { screen.board.apply(incident) }
    if caughtUp { _ = screen.take(.caughtUp(FeedCursor()), words: en) }
    screen.settle(for: usual, at: ManualTime.night)
    return screen
}

extension FeedScreen {
    /// Takes keys as they are typed, drawing in between as the runner does.
    @discardableResult
    mutating func type(_ keys: String, size: TerminalSize = usual) -> [KeyEffect] {
        keys.map { character in
            defer { settle(for: size, at: ManualTime.night) }
            return press(.character(character), size: size, words: en)
        }
    }

    mutating func happen(_ events: FeedEvent...) -> Bool {
        let items = events.map { FeedItem(previous: $0.sequence - 1, event: $0) }
        return take(.events(FeedBatch(lane: .alert, items: items)), words: en)
    }
}

/// What keys do and what outputs change; how it looks is in RendererTests.
@Suite struct ScreenTests {
    private let one = incident(1, level: .emergency, score: 90)
    private let two = incident(2, level: .urgent)
    private let three = incident(3)

    @Test func theStepsOfAnIncidentFromTheKeyboard() {
        var screen = screen(one, two, three)
        #expect(screen.type("c") == [.perform(PatrolCommand(.claim, IncidentID(1)))])
        #expect(screen.type("jc").last == .perform(PatrolCommand(.claim, IncidentID(2))))
        #expect(screen.type("e") == [.perform(PatrolCommand(.enRoute, IncidentID(2)))])
        #expect(screen.type("s") == [.perform(PatrolCommand(.onScene, IncidentID(2)))])
        #expect(screen.type("r") == [.perform(PatrolCommand(.release, IncidentID(2)))])
        #expect(screen.type("3c").last == .perform(PatrolCommand(.claim, IncidentID(3))))
        #expect(screen.notice?.text == "claim #3 …")
    }

    @Test func clearingAsksHowItEnded() {
        var screen = screen(one, two)
        #expect(screen.type("jx") == [.none, .none])
        #expect(screen.mode == .disposition(IncidentID(2), fromDetail: false))
        // No other key does anything, and not the letter of another step.
        #expect(screen.type("c97k") == [.none, .none, .none, .none])
        #expect(screen.type("3") == [.perform(PatrolCommand(.clear, IncidentID(2), disposition: .falseAlarm))])
        #expect(screen.mode == .list)
        screen.type("x")
        #expect(screen.press(.escape, size: usual, words: en) == .none)
        #expect(screen.mode == .list)
    }

    @Test func detailsAndHelpAreLeftBeforeTheProgramIs() {
        var screen = screen(one)
        _ = screen.press(.enter, size: usual, words: en)
        #expect(screen.mode == .detail && screen.board[IncidentID(1)]?.isNew == false)
        #expect(screen.type("q") == [.none])
        #expect(screen.mode == .list)
        screen.type("?")
        #expect(screen.mode == .help)
        #expect(screen.type("c") == [.none])
        #expect(screen.type("q") == [.none])
        #expect(screen.type("q") == [.quit])
        #expect(screen.press(.interrupt, size: usual, words: en) == .quit)
    }

    /// What is marked on screen is what a key is about, whatever comes up above it.
    @Test func aMoreUrgentIncidentDoesNotSlipUnderTheFinger() {
        var screen = screen(two)
        _ = screen.happen(event(9, incident(7, level: .emergency), tip: tip(1)))
        #expect(screen.listed.first?.incident.id == IncidentID(7))
        #expect(screen.type("c") == [.perform(PatrolCommand(.claim, IncidentID(2)))])
    }

    @Test func whenTheSelectedOneEndsTheFirstIsSelectedAndStays() {
        var screen = screen(one, two, three)
        screen.type("j")
        _ = screen.happen(event(9, incident(2, version: 2, level: .urgent, phase: .cleared), .cleared, unit: otherUnit))
        screen.settle(for: usual, at: ManualTime.night)
        #expect(screen.selected == IncidentID(1))
        _ = screen.happen(event(10, incident(8, level: .emergency, score: 99), tip: tip(2)))
        #expect(screen.type("c") == [.perform(PatrolCommand(.claim, IncidentID(1)))])
    }

    @Test func withoutIncidentsAKeySaysSo() {
        var screen = screen()
        for key in "cesrx" {
            #expect(screen.type(String(key)) == [.none])
            #expect(screen.notice?.text == "no incident is selected")
        }
        #expect(screen.type("1j") == [.none, .none])
        #expect(screen.press(.enter, size: usual, words: en) == .none)
        #expect(screen.mode == .list)
    }

    @Test func theListScrollsWithTheSelection() {
        var screen = screen()
        for id in 1...20 as ClosedRange<UInt64> { screen.board.apply(incident(id)) }
        screen.settle(for: usual, at: ManualTime.night)
        #expect(FeedScreen.capacity(usual) == 6)
        screen.type("jjjjjj")
        #expect(screen.selected == IncidentID(14) && screen.top == 1)
        // The digit counts what is on screen.
        #expect(screen.type("1c").last == .perform(PatrolCommand(.claim, IncidentID(19))))
        #expect(screen.type("7") == [.none])
        _ = screen.press(.end, size: usual, words: en)
        screen.settle(for: usual, at: ManualTime.night)
        #expect(screen.selected == IncidentID(1) && screen.top == 14)
        _ = screen.press(.pageUp, size: usual, words: en)
        _ = screen.press(.home, size: usual, words: en)
        screen.settle(for: usual, at: ManualTime.night)
        #expect(screen.selected == IncidentID(20) && screen.top == 0)
    }

    // MARK: Outputs

    @Test func anActionsResultShowsAtOnceAndARefusalSaysWhoHasIt() {
        var screen = screen(one)
        let claim = PatrolCommand(.claim, IncidentID(1))
        let mine = incident(1, version: 2, level: .emergency, phase: .claimed, holder: unitID)
        _ = screen.take(.action(ActionOutcome(command: claim, result: .done(mine, sequence: 5))), words: en)
        #expect(screen.board[IncidentID(1)]?.incident.holder == unitID)
        #expect(screen.notice == FeedScreen.Notice("claim #1: done", .good))
        let theirs = incident(1, version: 3, level: .emergency, phase: .onScene, holder: otherUnit)
        _ = screen.take(
            .action(ActionOutcome(command: claim, result: .refused(Rejection(.heldByOther, "x"), theirs))), words: en)
        #expect(screen.notice == FeedScreen.Notice("claim #1 refused: another unit has it (on scene by patrol-west)", .bad))
        _ = screen.take(.action(ActionOutcome(command: claim, result: .refused(Rejection(.heldByOther, "x"), theirs))), words: zh)
        #expect(screen.notice?.text == "接单 #1 未成：已由其他巡组接单（到场 · patrol-west）")
        for (result, text) in [
            (ActionOutcome.Result.timedOut, "claim #1: no answer; look at its state before you try again"),
            (.notSent, "claim #1: not sent, there is no connection"), (.tooMany, "too many actions at once: wait a moment"),
        ] {
            _ = screen.take(.action(ActionOutcome(command: claim, result: result)), words: en)
            #expect(screen.notice == FeedScreen.Notice(text, .bad))
        }
    }

    /// A ghost would stand on the screen for ever: nothing more is told of it.
    @Test func whatTheDaemonDoesNotKnowLeavesTheScreen() {
        var screen = screen(one, two)
        let claim = PatrolCommand(.claim, IncidentID(1))
        _ = screen.take(.action(ActionOutcome(command: claim, result: .refused(Rejection(.notFound, "x"), nil))), words: en)
        #expect(screen.listed.map(\.incident.id) == [IncidentID(2)])
        _ = screen.take(
            .action(ActionOutcome(command: PatrolCommand(.claim, IncidentID(2)), result: .refused(Rejection(.busy, "x"), nil))), words: en)
        #expect(screen.listed.count == 1)
    }

    @Test func aRewindForgetsTheBoard() {
        var screen = screen(one)
        _ = screen.take(.rewound(.main, from: 4, to: 9), words: en)
        #expect(screen.listed.count == 1)
        _ = screen.take(.rewound(.main, from: 9, to: 0), words: en)
        #expect(screen.listed.isEmpty && screen.notice != nil)
    }

    // MARK: The bell

    @Test func theBellRingsForAnAlertThatNeedsSomebody() {
        var screen = screen()
        #expect(screen.happen(event(1, incident(1, level: .urgent), tip: tip(1))) == true)
        #expect(screen.happen(event(2, incident(2, level: .priority), tip: tip(2))) == false)
        #expect(screen.happen(event(3, incident(2, version: 2, level: .urgent), .correlated, tip: tip(3))) == true)
        // Another tip that changes nothing, and one that somebody has already.
        #expect(screen.happen(event(4, incident(2, version: 3, level: .urgent), .correlated, tip: tip(4))) == false)
        #expect(screen.happen(event(5, incident(2, version: 4, level: .urgent, phase: .claimed, holder: otherUnit), .claimed, unit: otherUnit)) == false)
        #expect(screen.happen(event(6, incident(2, version: 5, level: .emergency, phase: .claimed, holder: otherUnit), .correlated, tip: tip(5))) == false)
    }

    @Test func theBellRingsWhenOurOwnGetsWorse() {
        var screen = screen(incident(1, level: .urgent, phase: .enRoute, holder: unitID))
        #expect(screen.happen(event(2, incident(1, version: 2, level: .emergency, phase: .enRoute, holder: unitID), .correlated, tip: tip(1))) == true)
    }

    @Test func historyIsQuietUntilItIsCaughtUpThenRingsOnce() {
        var screen = screen(caughtUp: false)
        #expect(screen.happen(event(1, incident(1, level: .emergency), tip: tip(1))) == false)
        #expect(screen.happen(event(2, incident(2, level: .emergency, phase: .cleared), .cleared, unit: otherUnit)) == false)
        #expect(screen.take(.caughtUp(cursor(2, 0)), words: en) == true)
        #expect(screen.take(.caughtUp(cursor(2, 0)), words: en) == false)
        var quiet = FeedScreen(unit: unitID)
        #expect(quiet.take(.caughtUp(FeedCursor()), words: en) == false)
    }

    @Test func silenceOfTheFeedRingsToo() {
        var screen = screen()
        #expect(screen.take(.stale(since: ManualTime.night), words: en) == true)
        #expect(screen.take(.fresh, words: en) == false)
        #expect(screen.staleSince == nil)
    }

    @Test func aLostConnectionIsNotCaughtUp() {
        var screen = screen()
        _ = screen.take(.link(.unreachable, endpoint: "tcp://one"), words: en)
        #expect(screen.link == .unreachable && !screen.isCaughtUp)
        _ = screen.take(.refused(Rejection(.forbidden, "x")), words: en)
        #expect(screen.refusal?.code == .forbidden)
        _ = screen.take(.subscribed(Subscribed(zones: [east], begin: FeedCursor(), heads: FeedCursor())), words: en)
        #expect(screen.refusal == nil)
    }
}
