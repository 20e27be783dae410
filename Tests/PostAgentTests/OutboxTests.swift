import Settings
import TestSupport
import Testing
import TipModel
import TipWire

@testable import PostAgent

@Suite struct OutboxTests {
    private static func tip(_ number: UInt64, express: Bool = false, size: Int = 100) -> OutboxTip {
        OutboxTip(
            number: number, id: TipID(high: 1 << 16, low: number), isExpress: express,
            bytes: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size))
    }

    private static func outbox(window: Int = 16, batch: Int = 4, bytes: Int = 64 << 10, timeout: Int64 = 1_000) -> Outbox {
        var sending = AgentSettings.Sending()
        sending.window = window
        sending.batchTips = batch
        sending.batchBytes = bytes
        sending.receiptTimeout = .milliseconds(timeout)
        return Outbox(limits: .init(sending))
    }

    private static func fill(_ outbox: inout Outbox, others: ClosedRange<UInt64>? = nil, express: ClosedRange<UInt64>? = nil) {
        outbox.loaded((express.map(Array.init) ?? []).map { tip($0, express: true) }, isExpress: true, limit: .max)
        outbox.loaded((others.map(Array.init) ?? []).map { tip($0) }, isExpress: false, limit: .max)
    }

    private static func drain(_ outbox: inout Outbox, at now: Int64 = 0) -> [[UInt64]] {
        var batches: [[UInt64]] = []
        while let batch = outbox.next(at: now) { batches.append(batch.tips.map(\.number)) }
        return batches
    }

    private static func refusal(_ code: RejectionCode, _ number: UInt64? = nil, after: UInt32 = 0) -> TipRejection {
        TipRejection(tip: number.map { tip($0).id }, Rejection(code, "", retryAfterMilliseconds: after))
    }

    @Test func expressTipsGoFirstAndAloneOthersInBatches() {
        var outbox = Self.outbox()
        Self.fill(&outbox, others: 1...6, express: 7...8)
        #expect(Self.drain(&outbox) == [[7], [8], [1, 2, 3, 4], [5, 6]])
        #expect(outbox.inFlight == 8 && outbox.waiting == 0)
    }

    @Test func anIdleOutboxSendsASingleTipAtOnce() {
        var outbox = Self.outbox()
        Self.fill(&outbox, others: 1...1)
        #expect(Self.drain(&outbox) == [[1]])
    }

    @Test func aBatchEndsAtItsBytes() {
        var outbox = Self.outbox(bytes: 250)
        Self.fill(&outbox, others: 1...5)
        #expect(Self.drain(&outbox) == [[1, 2], [3, 4], [5]])
    }

    @Test func aTipLargerThanABatchStillGoes() {
        var outbox = Self.outbox(bytes: 50)
        Self.fill(&outbox, others: 1...2)
        #expect(Self.drain(&outbox) == [[1], [2]])
    }

    @Test func theWindowHoldsAndKeepsRoomForAnEmergency() {
        var outbox = Self.outbox(window: 16, batch: 8)
        Self.fill(&outbox, others: 1...40)
        #expect(Self.drain(&outbox).flatMap { $0 } == Array(1...14))
        outbox.loaded([Self.tip(41, express: true), Self.tip(42, express: true), Self.tip(43, express: true)], isExpress: true, limit: .max)
        #expect(Self.drain(&outbox) == [[41], [42]])
        // With a backlog, room for one tip is not used for a batch of one.
        outbox.settle(Self.tip(1).id, number: 1)
        #expect(Self.drain(&outbox) == [[43]])
        for number in 2...6 as ClosedRange<UInt64> { outbox.settle(Self.tip(number).id, number: number) }
        #expect(Self.drain(&outbox) == [[15, 16, 17, 18, 19]])
    }

    @Test func aSmallWindowNeverStalls() {
        for window in 1...4 {
            var outbox = Self.outbox(window: window, batch: 256)
            Self.fill(&outbox, others: 1...9)
            var seen: [UInt64] = []
            while let batch = outbox.next(at: 0) {
                seen += batch.tips.map(\.number)
                for tip in batch.tips { outbox.settle(tip.id, number: tip.number) }
            }
            #expect(seen == Array(1...9))
        }
    }

    @Test func withoutAReceiptTheSameBytesGoAgain() throws {
        var outbox = Self.outbox(timeout: 1_000)
        Self.fill(&outbox, others: 1...2)
        let firstBatch = outbox.next(at: 0)
        let first = try #require(firstBatch)
        outbox.settle(Self.tip(1).id, number: 1)
        #expect(outbox.deadline() == 1_000)
        #expect(outbox.recallOverdue(at: 999) == 0)
        #expect(outbox.recallOverdue(at: 1_000) == 1)
        let secondBatch = outbox.next(at: 1_000)
        let second = try #require(secondBatch)
        #expect(second.tips == [first.tips[1]])
        #expect(second.request != first.request)
        // The answer to the first sending is as good.
        outbox.settle(Self.tip(2).id, number: 2)
        #expect(outbox.inFlight == 0 && outbox.waiting == 0)
    }

    @Test func aReceiptThatComesWhileTheTipWaitsToGoAgainSettlesIt() {
        var outbox = Self.outbox(timeout: 1_000)
        Self.fill(&outbox, others: 1...3)
        _ = Self.drain(&outbox)
        #expect(outbox.recallOverdue(at: 5_000) == 3)
        outbox.settle(Self.tip(2).id, number: 2)
        #expect(Self.drain(&outbox, at: 5_000) == [[1, 3]])
    }

    @Test func afterALostConnectionAllGoesAgainEmergenciesFirst() {
        var outbox = Self.outbox()
        Self.fill(&outbox, others: 1...6, express: 7...7)
        _ = Self.drain(&outbox)
        outbox.loaded([Self.tip(8)], isExpress: false, limit: .max)
        outbox.linkLost()
        #expect(outbox.inFlight == 0)
        #expect(Self.drain(&outbox) == [[7], [1, 2, 3, 4], [5, 6, 8]])
    }

    @Test func whatCouldNotBeHandedOverWaitsInItsPlace() throws {
        var outbox = Self.outbox()
        Self.fill(&outbox, others: 1...3)
        let batchBatch = outbox.next(at: 0)
        let batch = try #require(batchBatch)
        outbox.unsent(batch.request)
        #expect(outbox.inFlight == 0 && outbox.deadline() == nil)
        #expect(Self.drain(&outbox) == [[1, 2, 3]])
    }

    @Test(arguments: [RejectionCode.busy, .unavailable]) func busyKeepsTheTipAndPausesItsLane(_ code: RejectionCode) {
        var outbox = Self.outbox(timeout: 60_000)
        Self.fill(&outbox, others: 1...1)
        _ = Self.drain(&outbox)
        let refusals = outbox.refused(1, [Self.refusal(code, 1, after: 700)], at: 100)
        #expect(refusals.dead.isEmpty && refusals.barred == nil && refusals.kept == 1)
        #expect(refusals.deferred?.code == code)
        #expect(outbox.deadline() == 800)
        // An emergency does not wait for the pause of the others.
        outbox.loaded([Self.tip(2, express: true)], isExpress: true, limit: .max)
        #expect(Self.drain(&outbox, at: 799) == [[2]])
        #expect(Self.drain(&outbox, at: 800) == [[1]])
    }

    @Test func aBusyAnswerToAnEmergencyHoldsBothLanesAndNotForLong() {
        var outbox = Self.outbox(timeout: 60_000)
        Self.fill(&outbox, express: 1...1)
        _ = Self.drain(&outbox)
        _ = outbox.refused(1, [Self.refusal(.busy, 1, after: 600_000)], at: 0)
        outbox.loaded([Self.tip(2)], isExpress: false, limit: .max)
        #expect(Self.drain(&outbox, at: 4_999) == [])
        #expect(Self.drain(&outbox, at: 5_000) == [[1], [2]])
    }

    @Test func aPauseIsBoundedAndJittered() {
        for (wish, jitter, until) in [(0, 0, 250), (1_000, 25, 1_250), (9_000_000, 100, 60_000)] as [(UInt32, Int64, Int64)] {
            var outbox = Self.outbox(timeout: 600_000)
            Self.fill(&outbox, others: 1...1)
            _ = Self.drain(&outbox)
            _ = outbox.refused(1, [Self.refusal(.busy, 1, after: wish)], at: 0, jitter: jitter)
            #expect(outbox.deadline() == until)
        }
    }

    @Test(arguments: RejectionCode.allCases.filter { !$0.isRetriable && $0 != .revoked })
    func aFinalRejectionOfATipStaysUntilItIsBuried(_ code: RejectionCode) {
        var outbox = Self.outbox()
        Self.fill(&outbox, others: 1...2)
        _ = Self.drain(&outbox)
        let refusals = outbox.refused(1, [Self.refusal(code, 2), Self.refusal(code, 99)], at: 0)
        #expect(refusals.dead.map(\.tip.number) == [2])
        #expect(refusals.dead.first?.rejection.code == code)
        #expect(outbox.inFlight == 2)
        outbox.settle(Self.tip(2).id, number: 2)
        #expect(outbox.inFlight == 1)
    }

    @Test func aRevokedKeyIsThePostsTroubleAndLosesNoTip() {
        for rejection in [Self.refusal(.revoked, 1), Self.refusal(.revoked), Self.refusal(.forbidden), Self.refusal(.version)] {
            var outbox = Self.outbox()
            Self.fill(&outbox, others: 1...1)
            _ = Self.drain(&outbox)
            let refusals = outbox.refused(1, [rejection], at: 0)
            #expect(refusals.dead.isEmpty)
            #expect(refusals.barred == rejection.rejection)
            #expect(outbox.waiting == 1 && outbox.inFlight == 0)
        }
        // The answer to a heartbeat says it too.
        var outbox = Self.outbox()
        let beat = outbox.nextRequest()
        #expect(outbox.refused(beat, [Self.refusal(.revoked)], at: 0).barred?.code == .revoked)
    }

    @Test func ofABatchRefusedAsAWholeEachTipGoesAlone() {
        var outbox = Self.outbox()
        Self.fill(&outbox, others: 1...3)
        _ = Self.drain(&outbox)
        let whole = outbox.refused(1, [Self.refusal(.malformed)], at: 0)
        #expect(whole.dead.isEmpty && whole.kept == 3)
        outbox.loaded([Self.tip(4), Self.tip(5)], isExpress: false, limit: .max)
        #expect(Self.drain(&outbox) == [[1], [2], [3], [4, 5]])
        #expect(outbox.refused(3, [Self.refusal(.malformed)], at: 0).dead.map(\.tip.number) == [2])
    }

    @Test func pagesAreAskedForAsRoomComesAndARewindBringsNoTipTwice() throws {
        var outbox = Self.outbox(window: 8, batch: 4)
        var page = try #require(outbox.wantedPage())
        #expect(page.isExpress && page.after == 0 && page.limit == 4)
        outbox.loaded([], isExpress: true, limit: 4)
        page = try #require(outbox.wantedPage())
        #expect(!page.isExpress)
        outbox.loaded((1...4).map { Self.tip($0) }, isExpress: false, limit: 4)
        #expect(outbox.wantedPage() == nil)
        _ = outbox.next(at: 0)
        page = try #require(outbox.wantedPage())
        #expect(page.after == 4)
        outbox.loaded([Self.tip(5)], isExpress: false, limit: 4)
        #expect(outbox.wantedPage() == nil)
        outbox.rewind(to: 6)
        #expect(outbox.wantedPage()?.isExpress == true)

        outbox.settle(Self.tip(2).id, number: 2)
        outbox.rewind(to: 2)
        outbox.loaded([], isExpress: true, limit: 4)
        page = try #require(outbox.wantedPage())
        #expect(page.after == 1)
        outbox.loaded([2, 3, 4, 5].map { Self.tip($0) }, isExpress: false, limit: 4)
        #expect(outbox.waiting == 2)
        outbox.linkLost()
        #expect(Self.drain(&outbox).flatMap { $0 } == [1, 2, 3, 4, 5])
    }

    @Test func theNewestTipNeedsNoPage() {
        var outbox = Self.outbox(batch: 3)
        outbox.loaded([], isExpress: true, limit: 3)
        outbox.loaded([1, 2, 3].map { Self.tip($0) }, isExpress: false, limit: 3)
        // Something may be in the spool that is not here yet: the order holds.
        outbox.spooled(Self.tip(5))
        #expect(outbox.wantedPage() == nil && outbox.waiting == 3)
        _ = outbox.next(at: 0)
        #expect(outbox.wantedPage().map { $0.isExpress } == false && outbox.wantedPage()?.after == 3)
        outbox.loaded([4, 5].map { Self.tip($0) }, isExpress: false, limit: 9)
        #expect(Self.drain(&outbox).flatMap { $0 } == [4, 5])
        outbox.spooled(Self.tip(6))
        outbox.spooled(Self.tip(7, express: true))
        #expect(outbox.wantedPage() == nil)
        #expect(Self.drain(&outbox) == [[7], [6]])
        // A page's worth is held, the rest stays in the spool.
        for number in 8...20 as ClosedRange<UInt64> { outbox.spooled(Self.tip(number)) }
        #expect(outbox.waiting == 3)
        _ = outbox.next(at: 0)
        #expect(outbox.wantedPage()?.after == 10)
    }

    /// The next tip was passed on before it was known that one below it had been spooled elsewhere.
    @Test func aTipThatWasOvertakenIsNotForgotten() {
        var outbox = Self.outbox()
        Self.fill(&outbox)
        outbox.spooled(Self.tip(2))
        outbox.spooled(Self.tip(3))
        #expect(outbox.next(at: 0)?.tips.map(\.number) == [2, 3])
        outbox.spooled(Self.tip(4))
        outbox.rewind(to: 1)
        #expect(outbox.wantedPage()?.isExpress == true)
        outbox.loaded([], isExpress: true, limit: 9)
        #expect(outbox.wantedPage()?.after == 0)
        outbox.loaded([1, 2, 3, 4].map { Self.tip($0) }, isExpress: false, limit: 9)
        #expect(Self.drain(&outbox) == [[1, 4]])
    }

    /// Any order of answers, losses and refusals: every tip ends exactly once, the window holds, memory is bounded.
    @Test(arguments: 1...20 as ClosedRange<UInt64>) func underAnyWeatherEveryTipArrives(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var outbox = Self.outbox(window: 12, batch: 5, timeout: 50)
        var spool = Dictionary(uniqueKeysWithValues: (1...120 as ClosedRange<UInt64>).map { ($0, Self.tip($0, express: $0 % 9 == 0)) })
        var now: Int64 = 0
        var onTheWire: [Outbox.Batch] = []
        var rounds = 0
        while !spool.isEmpty, rounds < 20_000 {
            rounds += 1
            now += Int64(random.next() % 20)
            while let page = outbox.wantedPage() {
                let tips = spool.values.filter { $0.isExpress == page.isExpress && $0.number > page.after }
                    .sorted { $0.number < $1.number }.prefix(page.limit)
                outbox.loaded(Array(tips), isExpress: page.isExpress, limit: page.limit)
            }
            _ = outbox.recallOverdue(at: now)
            while let batch = outbox.next(at: now) { onTheWire.append(batch) }
            #expect(outbox.inFlight <= 12)
            #expect(outbox.waiting <= 12 + 2 * 5)
            guard !onTheWire.isEmpty else { continue }
            let batch = onTheWire.remove(at: Int(random.next() % UInt64(onTheWire.count)))
            switch random.next() % 8 {
            case 0: break
            case 1: outbox.linkLost()
            case 2: _ = outbox.refused(batch.request, [Self.refusal(.busy)], at: now)
            case 3: _ = outbox.refused(batch.request, [Self.refusal(.malformed)], at: now)
            default:
                for tip in batch.tips where !random.oneIn(4) {
                    #expect(tip.bytes == Self.tip(tip.number).bytes)
                    spool[tip.number] = nil
                    outbox.settle(tip.id, number: tip.number)
                }
            }
        }
        #expect(spool.isEmpty)
        #expect(outbox.inFlight == 0 && outbox.waiting == 0)
    }
}
