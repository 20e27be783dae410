import Access
import Synchronization
import TipModel
import TipWire

@testable import Feed

/// A clock that only the test moves.
final class ManualTime: TimeSource {
    private let milliseconds = Mutex<Int64>(1_000)

    func now() -> Timestamp { Timestamp(milliseconds: 1_800_000_000_000 + monotonicMilliseconds()) }
    func monotonicMilliseconds() -> Int64 { milliseconds.withLock { $0 } }
    func advance(_ delta: Int64) { milliseconds.withLock { $0 += delta } }
}

/// Always the same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

func zone(_ name: String) -> ZoneID { ZoneID(unchecked: name) }
func unitID(_ name: String) -> UnitID { UnitID(unchecked: name) }

/// An event as the core publishes it. `padding` bytes of headline make it as large as a test likes.
func publication(
    _ sequence: SequenceNumber, _ lane: Lane = .main, zone name: String = "east", level: UrgencyLevel? = nil,
    padding: Int = 0, guest: UnitID? = nil
) -> Publication {
    let level = level ?? (lane == .alert ? .emergency : .routine)
    let incident = Incident(
        id: IncidentID(sequence), zone: zone(name), category: "other", drill: false,
        openedAt: Timestamp(milliseconds: 0), lastTipAt: Timestamp(milliseconds: 0), position: nil, place: "",
        headline: String(repeating: "x", count: padding), urgency: Urgency(score: 1, level: level, reasons: []),
        posts: [], phaseSince: Timestamp(milliseconds: 0), lastSequence: sequence)
    let event = FeedEvent(
        sequence: sequence, lane: lane, at: Timestamp(milliseconds: Int64(sequence)), kind: .opened, incident: incident,
        unit: guest)
    return Publication(
        sequence: sequence, lane: lane, zone: zone(name), level: level, event: FeedCodec.encode(event),
        guests: guest.map { [$0] } ?? [])
}

func unit(_ name: String, _ zones: [String]) -> PatrolUnit {
    PatrolUnit(id: unitID(name), name: name, zones: zones.map { ZoneID(unchecked: $0) })
}

/// A key for tests without CURVE.
func fakeKey(_ name: String) -> [UInt8] { Array((Array(name.utf8) + [UInt8](repeating: 7, count: 32)).prefix(32)) }

func enrolment(
    _ unit: PatrolUnit, key: [UInt8]? = nil, generation: SequenceNumber = 1, isRevoked: Bool = false
) -> Enrolment {
    Enrolment(
        subject: .unit(unit), publicKey: key ?? fakeKey(unit.id.rawValue), generation: generation, isRevoked: isRevoked)
}

func enrolment(post name: String) -> Enrolment {
    let post = Post(
        id: PostID(unchecked: name), name: name, zone: zone("east"), position: nil, kind: "shop", members: 1)
    return Enrolment(subject: .post(post), publicKey: fakeKey("p" + name), generation: 1)
}

func userID(_ unit: PatrolUnit, generation: SequenceNumber = 1) -> String {
    Principal(subject: .unit(unit), generation: generation).userID
}

let plenty = Credit(events: WireLimits.creditEvents, bytes: WireLimits.creditBytes)
let nothing = Credit(events: 0, bytes: 0)

func subscribe(
    zones: [String] = [], least: UrgencyLevel = .routine, after resume: FeedCursor? = nil, alert: Credit = plenty,
    main: Credit = plenty
) -> Subscribe {
    Subscribe(
        zones: zones.map { ZoneID(unchecked: $0) }, leastLevel: least, resume: resume, alertCredit: alert,
        mainCredit: main)
}
