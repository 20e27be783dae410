import Accounts
@testable import Board
import LocalHTTP
import Localization
import Testing
import TipModel

/// Which buttons stand beside an incident, for every role and state.
struct OfferTests {
    private let units = ["patrol-1", "patrol-2", "night-1"].map {
        PatrolUnit(id: UnitID(unchecked: $0), name: $0, zones: [ZoneID(unchecked: $0 == "night-1" ? "south" : "east")])
    }
    private let now = SampleBoard.now
    private let post = Post(id: PostID(unchecked: "gate"), name: "gate", zone: ZoneID(unchecked: "east"), position: nil, kind: "", members: 1)

    private func incident(_ crew: (String, Phase)...) -> Incident {
        SampleBoard.incident(7, .urgent, "theft", "x", at: post, minutes: 3, crew: crew.map { ($0.0, $0.1, 1) })
    }

    private func offers(_ user: BoardUser, _ incident: Incident, active: IncidentID? = nil) -> [String] {
        Offer.all(for: user, on: incident, active: active, units: units, now: now).map(\.action)
    }

    private var unit: BoardUser { SampleBoard.unit("patrol-1", "east") }
    private let officer = BoardUser(name: "li", role: .officer, sight: .zones([ZoneID(unchecked: "east")]), csrfToken: "")

    @Test func anOpenOneCanBeClaimedAndSeen() {
        #expect(offers(unit, incident()) == ["claim", "acknowledge"])
        #expect(offers(officer, incident()) == ["acknowledge"])
        #expect(offers(SampleBoard.desk, incident()) == ["acknowledge", "assign", "clear", "regrade", "merge"])
    }

    @Test func anAcknowledgementIsOfferedAgainWhenItsRestIsOver() {
        var one = incident()
        one.acknowledgement = Acknowledgement(by: Operator(.desk, "zhang"), at: now)
        one.escalation.restUntil = now.advanced(byMilliseconds: 1)
        #expect(offers(officer, one).isEmpty)
        one.escalation.restUntil = now
        #expect(offers(officer, one) == ["acknowledge"])
    }

    @Test func theHolderGoesOn() {
        #expect(offers(unit, incident(("patrol-1", .claimed))) == ["en_route", "on_scene", "clear", "hand_over", "release"])
        #expect(offers(unit, incident(("patrol-1", .enRoute))) == ["on_scene", "clear", "hand_over", "release"])
        // Alone on scene: leaving without a word is not possible.
        #expect(offers(unit, incident(("patrol-1", .onScene))) == ["clear", "hand_over"])
        #expect(offers(unit, incident(("patrol-1", .onScene), ("patrol-2", .enRoute))) == ["clear", "release"])
    }

    @Test func anotherUnitJoins() {
        #expect(offers(unit, incident(("patrol-2", .enRoute))) == ["join"])
        // One that joined does not clear it: the lead does.
        #expect(offers(unit, incident(("patrol-2", .enRoute), ("patrol-1", .claimed))) == ["en_route", "on_scene", "release"])
    }

    @Test func aUnitThatIsActiveElsewhereDiverts() {
        let found = Offer.all(for: unit, on: incident(("patrol-1", .claimed)), active: IncidentID(3), units: units, now: now)
        #expect(found.first == .enRoute(setsAside: IncidentID(3)))
        #expect(!found.contains(.onScene))
    }

    @Test func theDeskSendsThoseOfTheZoneFirst() {
        let found = Offer.all(for: SampleBoard.desk, on: incident(("patrol-2", .claimed)), units: units, now: now)
        #expect(found.contains(.assign([UnitID(unchecked: "patrol-1"), UnitID(unchecked: "night-1")])))
        #expect(found.contains(.recall(UnitID(unchecked: "patrol-2"))))
    }

    @Test func aClearedOneIsReopenedByTheDeskOnlyAndAMergedOneByNobody() {
        var one = incident()
        one.phase = .cleared
        #expect(offers(SampleBoard.desk, one) == ["reopen"])
        #expect(offers(unit, one).isEmpty)
        one.mergedInto = IncidentID(2)
        #expect(offers(SampleBoard.desk, one).isEmpty)
    }

    @Test func aRegradeThatStandsCanBeLifted() {
        var one = incident()
        one.regrade = Regrade(level: .routine, reason: "x", by: "zhang", at: now, sequence: 4)
        #expect(Offer.all(for: SampleBoard.desk, on: one, units: units, now: now).contains(.liftRegrade))
    }

    // MARK: What forms ask for

    private func action(_ name: String, _ form: String) throws -> BoardAction { try BoardAction(name: name, fields: FormFields(text: form)) }

    @Test func formsBecomeActions() throws {
        #expect(try action("en_route", "divert=1") == .enRoute(divert: true))
        #expect(try action("clear", "disposition=false_alarm") == .clear(.falseAlarm))
        #expect(try action("hand_over", "from=&to=patrol-2") == .handOver(from: nil, to: UnitID(unchecked: "patrol-2")))
        #expect(try action("merge", "into=%2312") == .merge(into: IncidentID(12)))
        #expect(try action("regrade", "level=urgent") == .regrade(.urgent))
        #expect(try action("regrade", "") == .regrade(nil))
    }

    @Test(arguments: [
        ("clear", ""), ("clear", "disposition=gone"), ("assign", "unit=NOT+A+NAME"), ("merge", "into=0"), ("merge", "into=x"),
        ("split", ""), ("split", "tip=x"), ("detach", ""), ("regrade", "level=worse"), ("hand_over", "from=a"), ("explode", ""),
    ])
    func formsThatSayNothingSensibleAreRefused(_ name: String, _ form: String) {
        #expect(throws: Rejection.self) { try action(name, form) }
    }

    @Test func aRefusalTellsInChineseWhatIsPossible() {
        let refusal = Rejection(.heldByOther, "#7 is with night-1; possible: join")
        #expect(Words(.zh).refusal(refusal) == "已由其他巡组接单。可以：支援")
        #expect(Words(.en).refusal(refusal).hasSuffix("possible: join"))
    }
}
