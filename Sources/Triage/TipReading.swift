internal import Synchronization
public import TipModel

/// What a tip says by itself: all of a decision that asks neither for the state nor for the clock, and most of its cost. So any thread
/// may work it out, and the one that decides only puts it together with what is known. Shared by reference: it goes through queues.
public final class TipReading: Sendable {
    public let features: TipFeatures
    let urgency: UrgencyReading
    /// Of the engine that made it.
    private let engine: EngineID

    fileprivate init(features: TipFeatures, urgency: UrgencyReading, engine: EngineID) {
        (self.features, self.urgency, self.engine) = (features, urgency, engine)
    }

    /// Whether `engine` reads tips by the same rules: a reading may outlive the rules that it was made by.
    public func isCurrent(for engine: TriageEngine) -> Bool { self.engine == engine.id }
}

extension TriageEngine {
    /// What `tip` says by itself. A pure function of the tip and the rules.
    public func reading(of tip: Tip) -> TipReading {
        TipReading(features: features(of: tip), urgency: scorer.read(tip), engine: id)
    }

    /// `reading`, where it is of this engine's rules, else a new one of `tip`.
    public func current(_ reading: TipReading, of tip: Tip) -> TipReading {
        reading.isCurrent(for: self) ? reading : self.reading(of: tip)
    }
}

/// Tells the engines of a process apart. An address would not do: that of one that is gone is given out again.
struct EngineID: Hashable, Sendable {
    private let number: UInt64
    private static let last = Atomic<UInt64>(0)

    init() { number = Self.last.wrappingAdd(1, ordering: .relaxed).newValue }
}
