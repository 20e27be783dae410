import TipModel

/// The board's changing part as it was drawn last, for all who look at the same: two hundred open boards ask for it at the same
/// moment, and it is drawn once. While one thing happens after the other it is drawn four times a second at most.
actor PartCache {
    struct Key: Hashable {
        let sight: BoardUser.Sight
        let language: String
        let address: String
    }

    struct Part: Sendable {
        let html: String
        /// The newest record in it.
        let sequence: SequenceNumber
    }

    private struct Entry {
        let number: UInt64
        let startedAt: ContinuousClock.Instant
        let task: Task<Part, any Error>
    }

    /// Views that are kept; the oldest goes.
    private static let bound = 64
    private static let pace = Duration.milliseconds(250)
    private var entries: [Key: Entry] = [:]
    private var number: UInt64 = 0

    /// The part with everything up to `wanted`, if it was drawn lately; else drawn now.
    func part(
        _ key: Key, wanted: SequenceNumber, draw: @escaping @Sendable () async throws -> Part
    ) async throws -> Part {
        while let entry = entries[key] {
            let age = ContinuousClock.now - entry.startedAt
            guard age < Self.pace else { break }
            let part = try await entry.task.value
            if part.sequence >= wanted { return part }
            try await Task.sleep(for: Self.pace - age)
            // Somebody else may have had it drawn meanwhile.
            if entries[key]?.number == entry.number { break }
        }
        number += 1
        if entries[key] == nil, entries.count >= Self.bound, let oldest = entries.min(by: { $0.value.startedAt < $1.value.startedAt })?.key {
            entries[oldest] = nil
        }
        let entry = Entry(number: number, startedAt: .now, task: Task { try await draw() })
        entries[key] = entry
        return try await entry.task.value
    }
}
