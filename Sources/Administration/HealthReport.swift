/// How well the daemon does: for `watchpost top` and `watchpost doctor`.
public struct HealthReport: Codable, Sendable, Equatable {
    /// What a commit took since the start, from a histogram: half of them, and 99 of a hundred, took less. Nil before the first.
    public var commitMedianMs: Double?
    public var commitP99Ms: Double?
    /// The newest commit failed.
    public var failing: Bool
    public var escalations: UInt64
    /// Most that may wait for the core.
    public var limitExpress: Int
    public var limitTips: Int
    public var limitControl: Int
    public var boardStreams: Int
    public var diskFreeBytes: UInt64?
    public var diskSizeBytes: UInt64?
    public var openDescriptors: Int
    public var descriptorLimit: UInt64

    enum CodingKeys: String, CodingKey {
        case commitMedianMs = "commit_median_ms"
        case commitP99Ms = "commit_p99_ms"
        case failing
        case escalations
        case limitExpress = "limit_express"
        case limitTips = "limit_tips"
        case limitControl = "limit_control"
        case boardStreams = "board_streams"
        case diskFreeBytes = "disk_free_bytes"
        case diskSizeBytes = "disk_size_bytes"
        case openDescriptors = "open_descriptors"
        case descriptorLimit = "descriptor_limit"
    }

    public init(
        commitMedianMs: Double?, commitP99Ms: Double?, failing: Bool, escalations: UInt64, limitExpress: Int, limitTips: Int,
        limitControl: Int, boardStreams: Int, diskFreeBytes: UInt64?, diskSizeBytes: UInt64?, openDescriptors: Int, descriptorLimit: UInt64
    ) {
        self.commitMedianMs = commitMedianMs
        self.commitP99Ms = commitP99Ms
        self.failing = failing
        self.escalations = escalations
        self.limitExpress = limitExpress
        self.limitTips = limitTips
        self.limitControl = limitControl
        self.boardStreams = boardStreams
        self.diskFreeBytes = diskFreeBytes
        self.diskSizeBytes = diskSizeBytes
        self.openDescriptors = openDescriptors
        self.descriptorLimit = descriptorLimit
    }
}
