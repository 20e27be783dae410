internal import Histogram

/// One closed-loop run of a load.
/// - Returns: what came back, and receipts a second.
func closedRound(
    _ clients: BenchClients, _ load: BenchLoad, _ pace: BenchPace, seconds: UInt64 = 300
) async throws -> (BenchLedger, rate: Double) {
    let round = BenchHandOver(BenchLedger(first: load.first, count: load.count, feeds: clients.patrols.count, samples: pace.rests))
    let begun = try await offPool("bench") {
        defer { clients.detach() }
        return try clients.closedLoop(load, round.held, pace, deadline: nanoseconds() + seconds * 1_000_000_000)
    }
    guard round.held.doubles == 0 else { throw WorkbenchError("\(round.held.doubles) receipts came twice") }
    let took = Double(round.held.lastReceipt &- begun) / 1e9
    return (round.held, (Double(round.held.receiptCount) / max(took, 1e-9)).rounded())
}

/// Safe to send: the thread of the run alone uses it until the run has ended, and whoever waited for that afterwards.
struct BenchHandOver<Held: AnyObject>: @unchecked Sendable {
    let held: Held

    init(_ held: Held) { self.held = held }
}

/// Sums over rounds.
struct RoundSums {
    var cpu = 0.0
    var own = 0.0
    var rates: [Double] = []
    var receipts = 0
    var events = 0
    var receiptMessages = 0
    var feedMessages = 0
    var repeats = 0
    var attached = 0
    var receiptTimes = BenchLedger.histogram()
    var eventTimes = BenchLedger.histogram()

    mutating func add(_ ledger: BenchLedger, _ rate: Double) {
        rates.append(rate)
        receipts += ledger.receiptCount
        events += ledger.eventCount
        receiptMessages += ledger.receiptMessages
        feedMessages += ledger.feedMessages
        repeats += ledger.repeats
        attached += ledger.attached
        receiptTimes.add(ledger.receipts)
        eventTimes.add(ledger.events)
    }

    var median: Double { rates.isEmpty ? 0 : rates.sorted()[rates.count / 2] }
    /// The largest rate by the smallest.
    var spread: Double { ((rates.max() ?? 0) / max(rates.min() ?? 1, 1)).rounded(places: 2) }
}
