public import TipModel

/// What happened in a period, drills not counted.
public struct BoardStatistics: Sendable {
    /// Something counted by the local hour of the day and by category.
    public struct Counts: Hashable, Sendable {
        public var total: UInt64
        /// 24 of them.
        public var hours: [UInt64]
        public var categories: [String: UInt64]

        public init(total: UInt64, hours: [UInt64], categories: [String: UInt64]) {
            self.total = total
            self.hours = hours
            self.categories = categories
        }
    }

    /// How soon somebody was on scene, from the first tip.
    public struct Response: Hashable, Sendable {
        /// Incidents that somebody came to.
        public var arrived: Int
        /// Half of them and nine in ten of them within, milliseconds; nil where nobody came to any.
        public var median: Int64?
        public var ninetieth: Int64?
        /// 0…1 of those that somebody came to, or should have; nil where there are none.
        public var share: Double?

        public init(arrived: Int, median: Int64?, ninetieth: Int64?, share: Double?) {
            self.arrived = arrived
            self.median = median
            self.ninetieth = ninetieth
            self.share = share
        }
    }

    public struct ZoneFigures: Hashable, Sendable {
        public var tips: UInt64
        public var incidents: UInt64
        public var response: Response

        public init(tips: UInt64, incidents: UInt64, response: Response) {
            self.tips = tips
            self.incidents = incidents
            self.response = response
        }
    }

    public var tips: Counts
    public var incidents: Counts
    public var response: Response
    public var zones: [ZoneID: ZoneFigures]
    /// The period has more records than are read at once: what is told is of its beginning.
    public var isCut: Bool

    public init(tips: Counts, incidents: Counts, response: Response, zones: [ZoneID: ZoneFigures], isCut: Bool) {
        self.tips = tips
        self.incidents = incidents
        self.response = response
        self.zones = zones
        self.isCut = isCut
    }
}
