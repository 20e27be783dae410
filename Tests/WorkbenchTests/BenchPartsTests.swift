import Histogram
import Testing
import TipModel
import TipWire

@testable import Workbench

private let tip = TipID(high: 0x0123_4567_89AB_CDEF, low: 42)

private func event(_ sequence: UInt64) -> FeedEvent {
    let at = Timestamp(milliseconds: 1_793_500_000_000)
    let accepted = TipAccepted(
        post: PostID(unchecked: "gate"), zone: ZoneID(unchecked: "dongyuan"),
        tip: Tip(id: tip, observedAt: at, category: "fire", text: "烟", position: nil), encoded: [], position: nil, receivedAt: at,
        skewMilliseconds: 0)
    var state = StationState()
    let opened = IncidentOpened(incident: IncidentID(1), urgency: Urgency(score: 40, level: .priority, reasons: []), reasons: [])
    state.apply(Record(sequence: 1, at: at, events: [.tipAccepted(accepted), .incidentOpened(opened)]))
    guard let incident = state.incidents[IncidentID(1)] else { fatalError("the incident was opened above") }
    let summary = TipSummary(
        id: tip, post: accepted.post, observedAt: at, category: "fire", text: "烟", place: "", position: nil, panic: false)
    return FeedEvent(sequence: sequence, lane: .main, at: at, kind: .opened, incident: incident, tip: summary)
}

@Suite struct BenchScanTests {
    @Test func readsReceiptsAsTheCodecWritesThem() throws {
        let receipts = [Verdict.new, .correlated, .repeat].map {
            Receipt(tip: tip, sequence: 70_000, incident: IncidentID(9), verdict: $0, level: .urgent, score: 61)
        }
        try ReceiptCodec.encode(receipts).withUnsafeBytes { bytes in
            var scan = BenchScan(bytes)
            var verdicts: [UInt64] = []
            while let field = scan.next() {
                let receipt = try #require(BenchReceipt(field.content))
                #expect(receipt.index == 42 && receipt.isDurable)
                verdicts.append(receipt.verdict)
            }
            #expect(verdicts == [1, 2, 3] && !scan.isDamaged)
        }
    }

    @Test func readsFeedItemsAsTheWriterWritesThem() throws {
        var writer = FeedBatchWriter(lane: .main)
        let encoded = FeedCodec.encode(event(300))
        writer.append(previous: 0, event: encoded)
        writer.append(previous: 300, event: FeedCodec.encode(event(70_001)))
        try writer.body.withUnsafeBytes { bytes in
            var scan = BenchScan(bytes)
            #expect(scan.next()?.value == 2)
            let first = try #require(scan.next().flatMap { BenchEvent($0.content) })
            #expect(first.previous == 0 && first.sequence == 300 && first.index == 42 && first.size == encoded.count)
            let second = try #require(scan.next().flatMap { BenchEvent($0.content) })
            #expect(second.previous == 300 && second.sequence == 70_001)
            #expect(scan.next() == nil && !scan.isDamaged)
        }
    }

    @Test func whatIsCutShortIsDamaged() {
        let whole = FeedCodec.encode(event(300))
        for length in 1..<whole.count {
            Array(whole.prefix(length)).withUnsafeBytes { bytes in
                var scan = BenchScan(bytes)
                var fields = 0
                while scan.next() != nil { fields += 1 }
                // Either it ends between two fields, or it is told.
                #expect(scan.isDamaged || fields > 0)
            }
        }
        for bytes in [[0x0A, 0x05, 0x01], [0x80], [0x0B], Array(repeating: 0xFF, count: 20)] as [[UInt8]] {
            bytes.withUnsafeBytes { bytes in
                var scan = BenchScan(bytes)
                while scan.next() != nil {}
                #expect(scan.isDamaged)
            }
        }
    }
}

@Suite struct BenchLedgerTests {
    private func receipt(_ index: UInt64, _ verdict: UInt64 = 1) throws -> BenchReceipt {
        let verdict = try #require(Verdict(rawValue: UInt8(verdict)))
        let one = Receipt(
            tip: TipID(high: 1, low: index), sequence: 1, incident: IncidentID(1), verdict: verdict, level: .routine, score: 0)
        return try ReceiptCodec.encode([one]).withUnsafeBytes { bytes in
            var scan = BenchScan(bytes)
            return try #require(scan.next().flatMap { BenchReceipt($0.content) })
        }
    }

    @Test func countsEachTipOnceAndFromWhenItWasDue() throws {
        let ledger = BenchLedger(first: 10, count: 3)
        for index in 10..<13 { ledger.willSend(UInt64(index), intended: 1_000_000) }
        #expect(ledger.receipted(try receipt(10), at: 3_000_000, isFirst: true))
        #expect(ledger.receipted(try receipt(10), at: 9_000_000, isFirst: true))
        #expect(ledger.receipted(try receipt(12, 2), at: 5_000_000, isFirst: false))
        #expect(!ledger.receipted(try receipt(9), at: 3_000_000, isFirst: true))
        #expect(!ledger.receipted(try receipt(13), at: 3_000_000, isFirst: true))
        #expect(ledger.receiptCount == 2 && ledger.attached == 1 && ledger.receiptMessages == 1 && !ledger.isComplete)
        #expect(BenchLatency(ledger.receipts).max >= 4 && BenchLatency(ledger.receipts).p50 >= 2)
        #expect(ledger.receipted(try receipt(11), at: 5_000_000, isFirst: true))
        for index in 10..<13 { #expect(ledger.fed(UInt64(index), at: 2_000_000, isFirst: true)) }
        #expect(ledger.isComplete && ledger.eventCount == 3)
    }

    @Test func percentilesAreThoseOfTheSamples() {
        var histogram = BenchLedger.histogram()
        for milliseconds in 1...1_000 { histogram.record(UInt64(milliseconds) * 1_000_000) }
        let latency = BenchLatency(histogram)
        for (value, exact) in [(latency.p50, 500.0), (latency.p90, 900), (latency.p99, 990), (latency.p999, 999), (latency.max, 1_000)] {
            #expect(abs(value - exact) <= exact / 500, "\(value) for \(exact)")
        }
        #expect(latency.samples == 1_000)
        #expect(BenchLatency(BenchLedger.histogram()).max == 0)
    }

    @Test func ratiosAreOfTheLargestToTheSmallest() {
        #expect(GrowthReport.ratio([4, 2, 5]) == 2.5)
        #expect(GrowthReport.ratio([]) == 0)
        #expect(GrowthReport.ratio([0, 3]) == 0)
        var sums = RoundSums()
        #expect(sums.median == 0)
        for rate in [3.0, 1, 2] { sums.add(BenchLedger(first: 0, count: 0), rate) }
        #expect(sums.median == 2 && sums.spread == 3)
    }
}

/// The answer of the agent's door as its client reads it.
@Suite struct BenchDoorTests {
    @Test(arguments: [
        ("HTTP/1.1 201 Created\r\nContent-Type: a\r\nContent-Length: 4\r\n\r\nbody", "body"),
        ("HTTP/1.1 201 Created\r\ncontent-length:4\r\nServer: x\r\n\r\nbody and more", "body"),
        ("HTTP/1.1 204 No\r\nCONTENT-LENGTH: 0\r\n\r\n", ""),
        ("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nbody", nil),
        ("HTTP/1.1 201 Created\r\nContent-Length: 4\r\n", nil),
        ("HTTP/1.1 201 Created\r\nContent-Length: x\r\n\r\nbody", nil),
        ("HTTP/1.1 201 Created\r\nContent-Length: 99999999\r\n\r\nbody", nil),
        ("HTTP/1.1 201 Created\r\n\r\nbody", nil), ("\r\ncontent-length:", nil), ("", nil),
    ] as [(String, String?)])
    func theBodyIsFound(_ answer: String, _ body: String?) {
        #expect(BenchDoor.body(Array(answer.utf8)[...]) == body.map { Array($0.utf8) })
    }
}

@Suite struct BenchPlotTests {
    @Test(arguments: [
        (0, [0, 1]), (4.5, [0, 1, 2, 3, 4, 5]), (100_000, [0, 20_000, 40_000, 60_000, 80_000, 100_000]),
    ] as [(Double, [Double])])
    func ticksAreRound(_ most: Double, _ ticks: [Double]) { #expect(BenchPlot.ticks(upTo: most) == ticks) }

    @Test func decadesEncloseTheSizes() {
        #expect(BenchPlot.decades([10, 5_000]) == 1...4)
        #expect(BenchPlot.decades([1]) == 0...1)
        #expect(BenchPlot.decades([10_000, 10_000_000]) == 4...7)
    }

    @Test func numbersAreShort() {
        #expect([0, 0.5, 12, 1_000, 20_000, 2_500_000].map { BenchPlot.short($0) } == ["0", "0.5", "12", "1k", "20k", "2.5M"])
    }

    @Test func everyPointIsDrawnWithinThePanelAndWordsAreEscaped() throws {
        let plot = BenchPlot(
            axis: "agents <connected>",
            panels: [
                BenchPlot.Panel(title: "Cost & rate", axis: "CPU, µs", lines: [BenchPlot.Line("daemon", [(10, 20), (1_000, 25), (0, 3), (5, .nan)])]),
                BenchPlot.Panel(title: "Nothing", axis: "s", lines: [BenchPlot.Line("none", [])]),
            ])
        let svg = plot.svg
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
        #expect(svg.contains("Cost &amp; rate") && svg.contains("agents &lt;connected&gt;") && !svg.contains("nan"))
        let circles = svg.split(separator: "\n").filter { $0.hasPrefix("<circle") }
        #expect(circles.count == 2)
        for circle in circles {
            let parts = circle.split(separator: "\"")
            let x = try #require(Double(parts[1])), y = try #require(Double(parts[3]))
            #expect((74...616).contains(x) && (44...234).contains(y))
        }
    }
}
