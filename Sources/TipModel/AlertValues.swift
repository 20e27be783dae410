// CAP 1.2 (OASIS Common Alerting Protocol) keeps apart what one score mixes: how soon, how grave, how sure. All three
// follow from the reasons that were kept, so an old incident can be told in CAP too. docs/triage.md has the table.

/// `urgency`, `severity` and `certainty` of a CAP 1.2 `info` block.
public struct AlertValues: Hashable, Sendable {
    public enum Urgency: String, CaseIterable, Sendable {
        case immediate = "Immediate"
        case expected = "Expected"
        case future = "Future"
        case past = "Past"
        case unknown = "Unknown"
    }

    public enum Severity: String, CaseIterable, Sendable {
        case extreme = "Extreme"
        case severe = "Severe"
        case moderate = "Moderate"
        case minor = "Minor"
        case unknown = "Unknown"
    }

    public enum Certainty: String, CaseIterable, Sendable {
        case observed = "Observed"
        case likely = "Likely"
        case possible = "Possible"
        case unlikely = "Unlikely"
        case unknown = "Unknown"
    }

    public var urgency: Urgency
    public var severity: Severity
    public var certainty: Certainty

    /// From the level and the reasons of `assessed` alone.
    public init(_ assessed: TipModel.Urgency) {
        func has(_ code: String) -> Bool { assessed.reasons.contains { $0.code == code || $0.code == "cap." + code } }
        func isSet(_ context: String) -> Bool {
            assessed.reasons.contains { $0.code == "context." + context || $0.detail == "context." + context }
        }
        let isSaid = assessed.reasons.contains { $0.code.hasPrefix("words.") && $0.points > 0 }
        let isGiven = isSaid || has("panic") || has("regrade")
        let isUnreal = ["supposed", "feared", "asked", "staged"].contains { isSet($0) }
        let isDenied = has("denied")

        if isSet("settled") || isSet("past") {
            urgency = .past
        } else if assessed.level >= .urgent {
            urgency = isSet("over") ? .expected : .immediate
        } else if !isGiven, isUnreal {
            urgency = .future
        } else if assessed.level == .priority {
            urgency = .expected
        } else {
            urgency = isGiven ? .future : .unknown
        }

        severity =
            switch assessed.level {
            case .emergency: .extreme
            case .urgent: .severe
            case .priority: .moderate
            case .routine: .minor
            }

        if has("panic") || has("regrade") || (isSaid && has("corroboration")) {
            certainty = .observed
        } else if isSaid {
            certainty = .likely
        } else if isUnreal || isDenied || isSet("settled") {
            certainty = .unlikely
        } else {
            certainty = assessed.reasons.contains { $0.code == "category" && $0.points > 0 } ? .possible : .unknown
        }
    }
}
