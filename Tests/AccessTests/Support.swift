import Access
import Settings
import Synchronization
import Testing
import TipModel
import ZeroMQ

/// The longest that a test waits for something that must happen.
let patience = Duration.seconds(20)

/// A key for tests without CURVE.
func key(_ number: UInt8) -> CurveKey { key(wide: UInt32(number)) }

func key(wide number: UInt32) -> CurveKey {
    let bytes = (0..<32).map { UInt8(truncatingIfNeeded: number >> UInt32($0 % 4 * 8)) }
    return CurveKey(bytes: bytes)!
}

func post(_ name: String, key number: UInt8, generation: SequenceNumber, isRevoked: Bool = false) -> Enrolment {
    post(name, key(number), generation: generation, isRevoked: isRevoked)
}

func post(_ name: String, _ key: CurveKey, generation: SequenceNumber = 1, isRevoked: Bool = false) -> Enrolment {
    let post = Post(
        id: PostID(unchecked: name), name: name, zone: ZoneID(unchecked: "east"), position: nil, kind: "school", members: 3)
    return Enrolment(subject: .post(post), publicKey: key.bytes, generation: generation, isRevoked: isRevoked)
}

func unit(_ name: String, key number: UInt8, generation: SequenceNumber) -> Enrolment {
    let unit = PatrolUnit(id: UnitID(unchecked: name), name: name, zones: [ZoneID(unchecked: "east")])
    return Enrolment(subject: .unit(unit), publicKey: key(number).bytes, generation: generation)
}

/// Keeps what a callback was told.
final class Told<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])
    func add(_ element: Element) { elements.withLock { $0.append(element) } }
    var all: [Element] { elements.withLock { $0 } }
}
