internal import Glibc
internal import Histogram

/// Nanoseconds of the monotonic clock.
func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// When each tip of a run was meant to be sent, what came back, and how long it took. Latency counts from the intended
/// time, so that a stall of the sender does not hide a stall of the daemon (coordinated omission). One thread's.
final class BenchLedger {
    /// Number of the run's first tip.
    let first: UInt64
    let count: Int
    /// Time only the first item of each message: enough where hundreds of thousands a second would cost too much.
    private let samples: Bool
    /// Feeds that are to receive each tip.
    private let feeds: Int
    private var intended: [UInt64]
    private var isReceipted: [Bool]
    private(set) var receipts = BenchLedger.histogram()
    private(set) var events = BenchLedger.histogram()
    private(set) var receiptCount = 0
    private(set) var eventCount = 0
    private(set) var repeats = 0
    private(set) var attached = 0
    private(set) var receiptMessages = 0
    private(set) var feedMessages = 0
    /// When the last receipt came.
    private(set) var lastReceipt: UInt64 = 0
    /// When the last event came.
    private(set) var lastEvent: UInt64 = 0

    init(first: UInt64, count: Int, feeds: Int = 1, samples: Bool = false) {
        (self.first, self.count, self.feeds, self.samples) = (first, count, feeds, samples)
        intended = Array(repeating: 0, count: count)
        isReceipted = Array(repeating: false, count: count)
    }

    /// Receipts beyond one for each tip: nothing was sent twice, so there must be none.
    private(set) var doubles = 0

    static func histogram() -> Histogram<UInt64> {
        Histogram(highestTrackableValue: 600_000_000_000, numberOfSignificantValueDigits: .three)
    }

    /// Every tip has its receipt and reached every feed.
    var isComplete: Bool { receiptCount >= count && eventCount >= count * feeds }

    func willSend(_ index: UInt64, intended time: UInt64) {
        if let place = place(index) { intended[place] = time }
    }

    /// - Returns: whether the tip is one of this run.
    @inline(__always)
    func receipted(_ receipt: BenchReceipt, at now: UInt64, isFirst: Bool) -> Bool {
        guard let place = place(receipt.index) else { return false }
        guard intended[place] > 0 else { return true }
        guard !isReceipted[place] else {
            doubles += 1
            return true
        }
        isReceipted[place] = true
        receiptCount += 1
        if receipt.verdict == 3 { repeats += 1 }
        if receipt.verdict == 2 { attached += 1 }
        if isFirst { receiptMessages += 1 }
        if isFirst || !samples { receipts.record(now &- intended[place]) }
        lastReceipt = now
        return true
    }

    /// - Returns: whether the tip is one of this run.
    @inline(__always)
    func fed(_ index: UInt64, at now: UInt64, isFirst: Bool) -> Bool {
        guard let place = place(index) else { return false }
        guard intended[place] > 0 else { return true }
        eventCount += 1
        lastEvent = now
        if isFirst { feedMessages += 1 }
        if isFirst || !samples { events.record(now &- intended[place]) }
        return true
    }

    @inline(__always)
    private func place(_ index: UInt64) -> Int? {
        let (distance, isEarlier) = index.subtractingReportingOverflow(first)
        return isEarlier || distance >= UInt64(count) ? nil : Int(distance)
    }
}

/// Percentiles of a latency, in milliseconds.
public struct BenchLatency: Codable, Sendable, Equatable {
    public var p50: Double
    public var p90: Double
    public var p99: Double
    public var p999: Double
    public var max: Double
    public var samples: Int

    init(_ histogram: Histogram<UInt64>) {
        func milliseconds(_ percentile: Double) -> Double {
            histogram.totalCount == 0 ? 0 : (Double(histogram.valueAtPercentile(percentile)) / 1_000).rounded() / 1_000
        }
        p50 = milliseconds(50)
        p90 = milliseconds(90)
        p99 = milliseconds(99)
        p999 = milliseconds(99.9)
        max = milliseconds(100)
        samples = Int(histogram.totalCount)
    }
}
