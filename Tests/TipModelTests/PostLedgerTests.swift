import TestSupport
import Testing
import TipModel

@Suite struct PostLedgerTests {
    private let time = ManualTime.night

    private func ledger(_ numbers: [UInt64], series: UInt64 = 9) -> PostLedger {
        var ledger = PostLedger()
        for number in numbers { ledger.accept(series: series, number: number, at: time) }
        return ledger
    }

    @Test func numbersInOrderLeaveNoHole() {
        let ledger = ledger([1, 2, 3])
        #expect(ledger.gaps == [])
        #expect(ledger.highest == 3 && ledger.received == 3 && ledger.missing == 0)
        #expect(ledger.lastTipAt == time)
    }

    @Test func aClientThatDoesNotNumberIsOnlyCounted() {
        let ledger = ledger([0, 0])
        #expect(ledger.received == 2 && ledger.highest == 0 && ledger.gaps == [])
    }

    @Test func holesCloseAsTheirNumbersArrive() {
        var ledger = ledger([2, 9])
        #expect(ledger.gaps == [1...1, 3...8])
        ledger.accept(series: 9, number: 5, at: time)
        #expect(ledger.gaps == [1...1, 3...4, 6...8])
        ledger.accept(series: 9, number: 3, at: time)
        ledger.accept(series: 9, number: 8, at: time)
        #expect(ledger.gaps == [1...1, 4...4, 6...7])
        for number in [7, 1, 4, 6] as [UInt64] { ledger.accept(series: 9, number: number, at: time) }
        #expect(ledger.gaps == [] && ledger.missing == 0 && ledger.received == 9)
    }

    @Test func anyOrderOfArrivalEndsTheSame() {
        var random = SplitMix64(seed: 11)
        for _ in 0..<50 {
            let last = 1 + random.next() % 200
            let ledger = ledger((1...last).shuffled(using: &random))
            #expect(ledger.gaps == [] && ledger.highest == last && ledger.received == last)
        }
    }

    @Test func aNewSeriesBeginsAgain() {
        var ledger = ledger([1, 5])
        ledger.accept(series: 10, number: 2, at: time)
        #expect(ledger.series == 10 && ledger.highest == 2 && ledger.gaps == [1...1])
        #expect(ledger.lost(series: 9, lowestUnsent: 100) == [])
        #expect(ledger.received == 3)
    }

    @Test func whatThePostNoLongerHoldsIsLost() {
        let ledger = ledger([2, 9])
        #expect(ledger.lost(series: 9, lowestUnsent: 0) == [])
        #expect(ledger.lost(series: 9, lowestUnsent: 1) == [])
        #expect(ledger.lost(series: 9, lowestUnsent: 2) == [1...1])
        #expect(ledger.lost(series: 9, lowestUnsent: 5) == [1...1, 3...4])
        #expect(ledger.lost(series: 9, lowestUnsent: 10) == [1...1, 3...8])
        #expect(ledger.lost(series: 8, lowestUnsent: 10) == [])
    }

    @Test func whatIsGivenUpIsNoHoleAnyMore() {
        var ledger = ledger([10])
        ledger.giveUp(series: 9, numbers: 3...5)
        #expect(ledger.gaps == [1...2, 6...9] && ledger.missing == 3)
        #expect(ledger.lost(series: 9, lowestUnsent: 7) == [1...2, 6...6])
        ledger.giveUp(series: 9, numbers: 1...9)
        #expect(ledger.gaps == [] && ledger.missing == 12)
    }

    @Test func aTipThatComesAfterItWasGivenUpIsCountedBack() {
        var ledger = ledger([4])
        ledger.giveUp(series: 9, numbers: 1...3)
        #expect(ledger.missing == 3)
        ledger.accept(series: 9, number: 2, at: time)
        #expect(ledger.missing == 2 && ledger.gaps == [] && ledger.received == 2)
    }

    @Test func anotherSeriesIsCountedAndTouchesNoHole() {
        var ledger = ledger([4])
        ledger.giveUp(series: 1, numbers: 1...3)
        #expect(ledger.missing == 3 && ledger.gaps == [1...3])
    }

    @Test func holesAreBoundedHoweverTheyArise() {
        // By skipping.
        var skipping = PostLedger()
        for number in 1...1_000 as ClosedRange<UInt64> { skipping.accept(series: 9, number: number * 2, at: time) }
        #expect(skipping.gaps.count == PostLedger.gapBound)
        #expect(skipping.forgotten == 1_000 - UInt64(PostLedger.gapBound))
        // By splitting one large hole.
        var splitting = PostLedger()
        splitting.accept(series: 9, number: 1_000_000, at: time)
        for number in 1...1_000 as ClosedRange<UInt64> { splitting.accept(series: 9, number: number * 2, at: time) }
        #expect(splitting.gaps.count == PostLedger.gapBound)
        #expect(splitting.gaps.allSatisfy { $0.upperBound < 1_000_000 })
    }

    @Test func theLargestNumbersDoNotTrap() {
        var ledger = ledger([.max])
        #expect(ledger.gaps == [1...UInt64.max - 1])
        #expect(ledger.lost(series: 9, lowestUnsent: .max) == [1...UInt64.max - 1])
        ledger.accept(series: 9, number: .max - 1, at: time)
        ledger.accept(series: 9, number: 1, at: time)
        #expect(ledger.gaps == [2...UInt64.max - 2])
        ledger.giveUp(series: 9, numbers: 0...UInt64.max)
        #expect(ledger.gaps == [] && ledger.missing == .max)
        ledger.giveUp(series: 9, numbers: 0...UInt64.max)
        #expect(ledger.missing == .max)
        ledger.giveUp(series: .max, numbers: UInt64.max...UInt64.max)
        ledger.accept(series: .max, number: .max, at: Timestamp(milliseconds: .max))
        ledger.accept(series: .max, number: .max, at: Timestamp(milliseconds: .min))
        #expect(ledger.highest == .max)
    }

    @Test func holesStayAscendingDisjointAndBelowTheHighest() {
        var random = SplitMix64(seed: 21)
        let edges: [UInt64] = [0, 1, 2, 255, 256, 257, 1 << 32, .max - 1, .max]
        for _ in 0..<200 {
            var ledger = PostLedger()
            for _ in 0..<400 {
                func number() -> UInt64 {
                    switch random.next() % 4 {
                    case 0: edges[Int(random.next() % UInt64(edges.count))]
                    case 1: random.next()
                    default: random.next() % 600
                    }
                }
                let series = random.next() % 20 == 0 ? number() : 3
                switch random.next() % 8 {
                case 0:
                    let (one, other) = (number(), number())
                    ledger.giveUp(series: series, numbers: min(one, other)...max(one, other))
                case 1:
                    for range in ledger.lost(series: series, lowestUnsent: number()) {
                        ledger.giveUp(series: series, numbers: range)
                    }
                default: ledger.accept(series: series, number: number(), at: time)
                }
                #expect(ledger.gaps.count <= PostLedger.gapBound)
                #expect(ledger.gaps.allSatisfy { $0.lowerBound > 0 && $0.upperBound < ledger.highest })
                #expect(zip(ledger.gaps, ledger.gaps.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
            }
        }
    }
}
