import TestSupport
import Testing
import TipModel
import TipWire
import ZeroMQ

@testable import Patrol

@Suite struct FeedTrackerTests {
    @Test func nextOnesAreTakenRepeatsAreNot() {
        var tracker = FeedTracker(cursor: cursor(3, 0))
        let (taken, action) = tracker.take([item(after: 2, 3, .alert), item(after: 3, 8, .alert), item(after: 8, 9, .alert)], lane: .alert)
        #expect(taken.map(\.event.sequence) == [8, 9])
        #expect(action == .carryOn)
        #expect(tracker.cursor == cursor(9, 0))
        #expect(tracker.repeats == 1 && tracker.gaps == 0)
    }

    @Test func lanesDoNotMindEachOther() {
        var tracker = FeedTracker(cursor: cursor(5, 2))
        #expect(tracker.take([item(after: 2, 4)], lane: .main).accepted.count == 1)
        #expect(tracker.cursor == cursor(5, 4))
    }

    @Test func nothingAfterAGapIsTaken() {
        var tracker = FeedTracker(cursor: cursor(0, 4))
        let (taken, action) = tracker.take([item(after: 4, 5), item(after: 6, 7), item(after: 7, 8)], lane: .main)
        #expect(taken.map(\.event.sequence) == [5])
        #expect(action == .resubscribe(lane: .main, cursor: cursor(0, 5), found: 6))
        #expect(tracker.gaps == 1)
    }

    /// An item that claims to follow something earlier than the cursor: events between were skipped or changed.
    @Test func aStepBackIsAGapToo() {
        var tracker = FeedTracker(cursor: cursor(0, 4))
        #expect(tracker.take([item(after: 2, 9)], lane: .main).accepted.isEmpty)
        #expect(tracker.gaps == 1)
    }

    @Test func aLaneCanBeginElsewhere() {
        var tracker = FeedTracker(cursor: cursor(8, 8))
        tracker.move(.main, to: 0)
        #expect(tracker.cursor == cursor(8, 0))
        #expect(tracker.take([item(after: 0, 2)], lane: .main).accepted.count == 1)
    }
}

@Suite struct CreditWindowTests {
    private func credit(_ events: UInt32, _ bytes: UInt32) -> Credit { Credit(events: events, bytes: bytes) }

    @Test func halfAWindowOfEitherMeasureIsGrantedAgain() {
        var window = CreditWindow(window: credit(10, 1_000))
        #expect(window.restart() == credit(10, 1_000))
        #expect(window.receive(credit(6, 400)) == true)
        #expect(window.consume(credit(4, 200)) == nil)
        #expect(window.consume(credit(1, 100)) == credit(5, 300))
        #expect(window.receive(credit(1, 600)) == true)
        #expect(window.consume(credit(1, 600)) == credit(1, 600))
    }

    @Test func moreThanTheWindowIsRefusedAndNotCounted() {
        var window = CreditWindow(window: credit(2, 1_000))
        #expect(window.receive(credit(2, 10)) == true)
        #expect(window.receive(credit(1, 10)) == false)
        #expect(window.receive(credit(0, 991)) == false)
        #expect(window.held == credit(2, 10))
    }

    @Test func aWindowOfOneStillMoves() {
        var window = CreditWindow(window: credit(1, 100))
        for _ in 0..<3 {
            #expect(window.receive(credit(1, 5)) == true)
            #expect(window.consume(credit(1, 5)) == credit(1, 5))
        }
    }

    @Test func arithmeticFromOutsideNeverTraps() {
        var window = CreditWindow(window: credit(.max, .max))
        #expect(window.receive(credit(.max, .max)) == true)
        #expect(window.consume(credit(.max, .max)) == credit(.max, .max))
        #expect(window.consume(credit(.max, .max)) == credit(.max, .max))
        #expect(credit(3, 3).subtracting(credit(9, 1)) == credit(0, 2))
    }

    /// What the daemon may send + what is held + what was not granted again = the window, whatever happens.
    @Test(arguments: 1...8 as ClosedRange<UInt64>) func nothingIsLostOrMade(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let whole = credit(20, 5_000)
        var window = CreditWindow(window: whole)
        var daemon = window.restart()
        for _ in 0..<2_000 {
            let amount = credit(UInt32(1 + random.next() % 3), UInt32(random.next() % 600))
            switch random.next() % 8 {
            case 0: daemon = window.restart()
            case 1...4 where amount.events <= daemon.events && amount.bytes <= daemon.bytes:
                #expect(window.receive(amount) == true)
                daemon = daemon.subtracting(amount)
            default:
                let held = credit(min(amount.events, window.held.events), min(amount.bytes, window.held.bytes))
                if let grant = window.consume(held) { daemon = daemon.adding(grant) }
            }
            #expect(daemon.adding(window.held).adding(window.returned) == whole)
        }
    }
}

@Suite struct OutputQueueTests {
    private func remark(_ number: Int) -> PatrolOutput { .remark(Rejection(.busy, "\(number)")) }

    @Test func everythingComesOutInOrderAndWakesTheConsumer() throws {
        let queue = OutputQueue(wake: try .init())
        queue.push(.fresh)
        queue.push(.events(FeedBatch(lane: .main, items: [item(after: 0, 1)])))
        queue.push(.stale(since: ManualTime.night))
        #expect(queue.takeAll().count == 3)
        #expect(queue.takeAll().isEmpty)
    }

    @Test func ofAStateTheNewestStaysAndNoEventGoes() throws {
        let queue = OutputQueue(wake: try .init())
        queue.push(.caughtUp(cursor(1, 1)))
        queue.push(.rewound(.main, from: 9, to: 0))
        queue.push(.fresh)
        for number in 1...500 as ClosedRange<UInt64> {
            queue.push(remark(Int(number)))
            if number % 50 == 0 { queue.push(.events(FeedBatch(lane: .main, items: [item(after: number - 50, number)]))) }
        }
        queue.push(.action(ActionOutcome(command: PatrolCommand(.claim, IncidentID(1)), result: .timedOut)))
        let outputs = queue.takeAll()
        // What tells something that nothing newer tells is still there.
        #expect(outputs.first == .caughtUp(cursor(1, 1)))
        #expect(outputs.contains(.rewound(.main, from: 9, to: 0)) && outputs.contains(.fresh))
        #expect(outputs.contains(remark(500)) && !outputs.contains(remark(1)))
        #expect(outputs.count { if case .events = $0 { true } else { false } } == 10)
        #expect(outputs.count { if case .remark = $0 { true } else { false } } == OutputQueue.statusBound - 2)
        #expect(outputs.count == OutputQueue.statusBound + 12)
    }
}
