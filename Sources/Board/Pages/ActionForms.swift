import LocalHTTP
import Localization
import TipModel

extension BoardAction {
    /// What a form asks for.
    /// - Throws: a refusal that names the field at fault.
    init(name: String, fields: FormFields) throws(Rejection) {
        switch name {
        case "claim": self = .claim
        case "join": self = .join
        case "en_route": self = .enRoute(divert: fields["divert"] == "1")
        case "on_scene": self = .onScene
        case "clear":
            guard let disposition = fields["disposition"].flatMap({ Disposition(name: $0) }) else { throw Self.bad("disposition") }
            self = .clear(disposition)
        case "release": self = .release
        case "acknowledge": self = .acknowledge
        case "assign": self = .assign(try Self.unit("unit", fields))
        case "recall": self = .recall(try Self.unit("unit", fields))
        case "hand_over":
            let from = fields["from"].flatMap { $0.isEmpty ? nil : $0 }
            self = .handOver(from: from == nil ? nil : try Self.unit("from", fields), to: try Self.unit("to", fields))
        case "reopen": self = .reopen
        case "merge":
            let digits = (fields["into"] ?? "").drop { $0 == "#" || $0 == " " }
            guard let into = UInt64(digits), into > 0 else { throw Self.bad("into") }
            self = .merge(into: IncidentID(into))
        case "split":
            let ids = fields.all("tip").map { TipID($0) }
            guard !ids.isEmpty, !ids.contains(nil) else { throw Self.bad("tip") }
            self = .split(ids.compactMap(\.self))
        case "detach":
            guard let tip = fields["tip"].flatMap({ TipID($0) }) else { throw Self.bad("tip") }
            self = .detach(tip)
        case "regrade":
            let level = fields["level"].flatMap { UrgencyLevel(name: $0) }
            // A form without the field lifts the regrade; one with something else in it is wrong.
            if fields["level"] != nil, level == nil { throw Self.bad("level") }
            self = .regrade(level)
        default: throw Rejection(.unsupported, field: "action", "there is no action of that name")
        }
    }

    private static func unit(_ field: String, _ fields: FormFields) throws(Rejection) -> UnitID {
        guard let unit = fields[field].flatMap({ UnitID($0) }) else { throw bad(field) }
        return unit
    }

    private static func bad(_ field: String) -> Rejection { Rejection(.invalidField, field: field, "missing, or not one of the choices") }

    /// The word on its button.
    var label: PageText {
        switch self {
        case .claim: .claim
        case .join: .join
        case .enRoute: .enRoute
        case .onScene: .onScene
        case .clear: .clear
        case .release: .release
        case .acknowledge: .acknowledge
        case .assign: .assign
        case .recall: .recallStep
        case .handOver: .handOver
        case .reopen: .reopen
        case .merge: .merge
        case .split: .split
        case .detach: .detach
        case .regrade(let level): level == nil ? .liftRegrade : .regrade
        }
    }
}

extension Words {
    /// Why the station refused. In Chinese its own words, which are English, give way to what is possible instead.
    func refusal(_ rejection: Rejection) -> String {
        guard language == .zh, rejection.field.isEmpty else { return catalogue.describe(rejection) }
        let steps: [(String, PageText)] = [
            ("join", .join), ("claim", .claim), ("divert", .enRoute), ("clear", .clear), ("release", .release),
            ("hand over", .handOver), ("reopen", .reopen), ("assign", .assign), ("recall", .recallStep),
        ]
        guard let possible = rejection.message.range(ofText: "possible: ") else { return catalogue.name(rejection.code) }
        let named = steps.filter { rejection.message[possible...].range(ofText: $0.0) != nil }.map { self($0.1) }
        return catalogue.name(rejection.code) + (named.isEmpty ? "" : "。可以：" + named.joined(separator: "、"))
    }
}

extension StringProtocol {
    /// Where `text` ends in it; nil where it is not.
    fileprivate func range(ofText text: String) -> Index? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
