import Administration
import Hummingbird
import LocalHTTP
import TipModel

/// What an action needs besides its name: `POST /api/v1/incidents/{id}/{action}`, and the fields of the pages' forms.
struct ActionBody: Codable {
    /// Why, of what the desk does; of a step a remark.
    var reason: String?
    /// Of clear.
    var disposition: String?
    /// Of assign and recall.
    var unit: String?
    /// Of a hand-over.
    var from: String?
    var to: String?
    /// Of en_route.
    var divert: Bool?
    /// Of merge.
    var into: UInt64?
    /// Of split.
    var tips: [String]?
    /// Of detach and reveal.
    var tip: String?
    /// Of regrade: a level, or lift.
    var level: String?
    var lift: Bool?

    init() {}

    /// From a form's fields.
    init(_ form: FormFields) throws {
        func given(_ name: String) -> String? { form[name].flatMap { $0.isEmpty ? nil : $0 } }
        reason = given("reason")
        disposition = given("disposition")
        unit = given("unit")
        from = given("from")
        to = given("to")
        divert = given("divert").map { $0 == "true" || $0 == "on" }
        into = try given("into").map {
            guard let id = incidentID($0) else { throw invalid("into", "is no number of an incident") }
            return id.rawValue
        }
        tips = form.all("tips").isEmpty ? nil : form.all("tips")
        tip = given("tip")
        level = given("level")
        lift = given("lift").map { $0 == "true" || $0 == "on" }
    }
}

extension BoardAction {
    /// Tips that one split may name.
    static let tipsBound = 1_000

    /// The action of this name with what belongs to it; nil for a name that there is none of.
    init?(_ name: String, _ body: ActionBody) throws {
        switch name {
        case "claim": self = .claim
        case "join": self = .join
        case "en_route": self = .enRoute(divert: body.divert ?? false)
        case "on_scene": self = .onScene
        case "clear":
            guard let disposition = body.disposition.flatMap({ Disposition(name: $0) }) else {
                throw invalid("disposition", "one of \(Disposition.allCases.map(\.name).joined(separator: ", "))")
            }
            self = .clear(disposition)
        case "release": self = .release
        case "acknowledge": self = .acknowledge
        case "assign": self = .assign(try unitID(body.unit, field: "unit"))
        case "recall": self = .recall(try unitID(body.unit, field: "unit"))
        case "hand_over":
            self = .handOver(from: try body.from.map { try unitID($0, field: "from") }, to: try unitID(body.to, field: "to"))
        case "reopen": self = .reopen
        case "merge":
            guard let into = body.into, into <= UInt64(Int64.max) else { throw invalid("into", "the number of the incident that stays") }
            self = .merge(into: IncidentID(into))
        case "split":
            guard let tips = body.tips, (1...Self.tipsBound).contains(tips.count) else {
                throw invalid("tips", "1…\(Self.tipsBound) ids of the tips that leave")
            }
            self = .split(try tips.map { try tipID($0, field: "tips") })
        case "detach": self = .detach(try tipID(body.tip, field: "tip"))
        case "regrade":
            // A level that was forgotten must not lift one.
            guard (body.lift ?? false) == (body.level == nil) else { throw invalid("level", "either a level, or lift: true") }
            self = .regrade(try body.level.map { try TipModelLevel.named($0) })
        default: return nil
        }
    }
}

/// Here and not a free function, whose name the enum's own case would hide.
private enum TipModelLevel {
    static func named(_ name: String) throws -> UrgencyLevel { try level(name, field: "level") }
}

/// What became of an action.
struct ActionReport: Codable {
    var action: String
    /// The record it made; 0 where it was so already.
    var sequence: UInt64
    var incident: IncidentReport
    var other: IncidentReport?
}

/// What a look at a reporter told.
struct RevealReport: Codable {
    var tip: String
    var post: String
    var reporter: String
    var sequence: UInt64
}

/// `POST /api/v1/tips`.
struct TipBody: Codable {
    /// A ULID. The same one sent twice is one tip; without it every request is a new one.
    var id: String?
    var zone: String
    var category: String
    var text: String
    var place: String?
    var position: PositionReport?
    var panic: Bool?
    var drill: Bool?
    var language: String?
}

struct ReceiptReport: Codable {
    var tip: String
    var sequence: UInt64
    var incident: UInt64
    var verdict: String
    var level: String
    var score: Int32

    init(_ receipt: Receipt) {
        tip = "\(receipt.tip)"
        sequence = receipt.sequence
        incident = receipt.incident.rawValue
        verdict = receipt.verdict.name
        level = receipt.level.name
        score = receipt.score
    }
}

extension Board {
    func act(_ request: Request, _ context: BoardContext) async throws -> Response {
        let user = try context.requireUser()
        let id = try incidentID(context)
        let name = context.parameters.get("action") ?? ""
        let body = try await apiBody(ActionBody.self, request)
        if name == "reveal" {
            let found = try await reveal(id, body, context)
            return jsonResponse(
                .ok,
                RevealReport(tip: "\(found.tip)", post: found.post.rawValue, reporter: found.reporter, sequence: found.sequence))
        }
        guard let action = try BoardAction(name, body) else {
            throw JSONRefusal(.notFound, code: "unknown_action", message: "there is no action '\(clipped(name, bytes: 40))'")
        }
        let outcome = try await answered { () async throws(Rejection) in try await ports.perform(action, id, body.reason ?? "", user) }
        return jsonResponse(
            .ok,
            ActionReport(
                action: name, sequence: outcome.sequence, incident: IncidentReport(outcome.incident),
                other: outcome.other.map { IncidentReport($0) }))
    }

    /// Journals the look, and tells who reported.
    func reveal(_ id: IncidentID, _ body: ActionBody, _ context: BoardContext) async throws -> RevealedReporter {
        let user = try context.requireDesk()
        let tip = try tipID(body.tip, field: "tip")
        return try await answered { () async throws(Rejection) in try await ports.reveal(id, tip, body.reason ?? "", user) }
    }

    func submit(_ request: Request, _ context: BoardContext) async throws -> Response {
        let user = try context.requireUser()
        let body = try await apiBody(TipBody.self, request)
        let receipt = try await submit(body, user)
        return jsonResponse(receipt.verdict == .repeat ? .ok : .created, ReceiptReport(receipt))
    }

    /// Takes a tip down at the station.
    func submit(_ body: TipBody, _ user: BoardUser) async throws -> Receipt {
        guard user.isDesk else { throw JSONRefusal(.forbidden, code: "not_desk", message: "only the desk takes tips down here") }
        guard let zone = ZoneID(body.zone) else { throw invalid("zone", "is no name of a zone") }
        var random = SystemRandomNumberGenerator()
        let id = try body.id.map { try tipID($0, field: "id") } ?? TipID.make(at: time.now(), using: &random)
        var position: Position?
        if let given = body.position {
            guard let place = given.position else { throw invalid("position", "is no place on earth") }
            position = place
        }
        let tip = DeskTip(
            id: id, zone: zone, category: body.category, text: body.text, place: body.place ?? "", position: position,
            panic: body.panic ?? false, drill: body.drill ?? false, language: body.language ?? "")
        return try await answered { () async throws(Rejection) in try await ports.submit(tip, user) }
    }
}
