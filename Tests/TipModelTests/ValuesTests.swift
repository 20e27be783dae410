import TestSupport
import Testing
import TipModel

@Suite struct ValuesTests {
    @Test func namesAreSafeAsFilesAndUserIDs() {
        for name in ["a", "gate-1", "0", "a-b--c", String(repeating: "z", count: 32)] { #expect(isValidName(name)) }
        for name in [
            "", "-a", "a-", "-", "A", "gate_1", "gate 1", "../x", "a/b", "a#1", "a:b", "哨点", "gate\n", "a\0",
            String(repeating: "z", count: 33),
        ] {
            #expect(!isValidName(name))
            #expect(PostID(name) == nil)
        }
        #expect(PostID("gate-1")?.description == "gate-1")
        #expect(IncidentID(17).description == "#17")
    }

    @Test func timestampsSaturate() {
        let time = Timestamp(milliseconds: 1_000)
        #expect(time.advanced(byMilliseconds: -2_000).milliseconds == -1_000)
        #expect(Timestamp(milliseconds: .max).advanced(byMilliseconds: 1).milliseconds == .max)
        #expect(Timestamp(milliseconds: .min).advanced(byMilliseconds: -1).milliseconds == .min)
        #expect(Timestamp(milliseconds: .max).milliseconds(since: Timestamp(milliseconds: -1)) == .max)
        #expect(Timestamp(milliseconds: .min).milliseconds(since: Timestamp(milliseconds: 1)) == .min)
        #expect(Timestamp(milliseconds: 0).milliseconds(since: Timestamp(milliseconds: .min)) == .max)
        #expect(Timestamp(milliseconds: 5).milliseconds(since: Timestamp(milliseconds: 8)) == -3)
    }

    @Test func clippingKeepsWholeCharacters() {
        #expect(clipped("abc", bytes: 3) == "abc")
        #expect(clipped("abc", bytes: 2) == "ab")
        #expect(clipped("abc", bytes: 0) == "")
        #expect(clipped("", bytes: 0) == "")
        // Three bytes a character.
        for bytes in 0...12 { #expect(clipped("翻墙撬窗", bytes: bytes) == String("翻墙撬窗".prefix(bytes / 3))) }
        // Four bytes, beyond the basic plane.
        for bytes in 0...3 { #expect(clipped("𠮷", bytes: bytes) == "") }
        #expect(clipped("𠮷", bytes: 4) == "𠮷")
        let random = "é🚓a线\u{301}b👨‍👩‍👧墙x"
        for bytes in 0...40 {
            let cut = clipped(random, bytes: bytes)
            #expect(cut.utf8.count <= bytes)
            #expect(Array(random.utf8).starts(with: Array(cut.utf8)))
            #expect(!cut.unicodeScalars.contains("\u{FFFD}"))
        }
    }

    /// Against the great circle on the same sphere, worked out by the haversine formula elsewhere.
    @Test(arguments: [
        (39.9042, 116.4074, 39.9042, 116.4074, 0.0),
        (39.9042, 116.4074, 39.9132, 116.4074, 1_000.754),
        (39.9042, 116.4074, 39.9042, 116.4191, 998.006),
        (39.90, 116.40, 39.95, 116.45, 7_006.412),
        (0.0, 0.0, 0.0, 0.1, 11_119.493),
        (-33.8688, 151.2093, -33.8700, 151.2100, 148.261),
    ])
    func distancesAreTheGreatCirclesWithinADistrict(
        _ latitude: Double, _ longitude: Double, _ otherLatitude: Double, _ otherLongitude: Double, _ metres: Double
    ) {
        let one = Position(latitude: latitude, longitude: longitude)
        let other = Position(latitude: otherLatitude, longitude: otherLongitude)
        #expect(abs(one.distance(to: other) - metres) <= metres * 0.001 + 0.05)
        #expect(one.distance(to: other) == other.distance(to: one))
    }

    @Test func namesOfEnumsAreReadBack() {
        for level in UrgencyLevel.allCases { #expect(UrgencyLevel(name: level.name) == level) }
        for disposition in Disposition.allCases { #expect(Disposition(name: disposition.name) == disposition) }
        #expect(UrgencyLevel(name: "panic") == nil)
        #expect(Lane(level: .urgent) == .alert && Lane(level: .emergency) == .alert)
        #expect(Lane(level: .priority) == .main && Lane(level: .routine) == .main)
        #expect(Set(RejectionCode.allCases.map(\.name)).count == RejectionCode.allCases.count)
        #expect(RejectionCode.allCases.filter(\.isRetriable) == [.busy, .unavailable])
        for phase in Phase.allCases where phase != .open {
            let change = PhaseChanged(incident: IncidentID(1), unit: UnitID("patrol-1"), phase: phase)
            #expect(EventKind(change, after: phase).name == phase.name)
        }
        let left = PhaseChanged(incident: IncidentID(1), unit: UnitID("patrol-1"), phase: .open)
        #expect(EventKind(left, after: .open) == .released && EventKind(left, after: .onScene) == .left)
    }
}
