internal import TipModel

/// How much room the disk has, as far as tips are concerned. Claims, steps and the feed go on at every level.
public enum DiskLevel: String, Sendable {
    case enough
    /// Emergencies are taken still, on what is kept for them.
    case low
    /// Nothing but steps is tried.
    case full

    /// Why a new tip is not taken; nil where it is. The post keeps it and sends it again.
    func refusal(isExpress: Bool) -> Rejection? {
        switch self {
        case .enough: return nil
        case .low where isExpress: return nil
        case .low:
            return Rejection(
                .unavailable, "the station's disk is nearly full: only emergencies are taken until it has room again",
                retryAfterMilliseconds: 10_000)
        case .full:
            return Rejection(
                .unavailable, "the station's disk is full: no tip is taken until it has room again; in an emergency, telephone",
                retryAfterMilliseconds: 5_000)
        }
    }
}
