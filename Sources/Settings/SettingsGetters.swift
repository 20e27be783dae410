import TipModel

/// Typed getters. A `default` of nil means that the key is required.
extension SettingsSection {
    /// A whole number within `range`.
    func int(_ key: String, default value: Int?, in range: ClosedRange<Int>, unit: String = "") -> Int {
        let fallback = value ?? range.lowerBound
        guard let text = scalar(key, required: value == nil) else { return fallback }
        guard let number = Quantity.integer(text) else {
            issue(key, "must be a whole number, is \(Self.quoted(text))")
            return fallback
        }
        guard range.contains(number) else {
            let suffix = unit.isEmpty ? "" : " " + unit
            issue(key, "must be \(range.lowerBound)…\(range.upperBound)\(suffix), is \(number)")
            return fallback
        }
        return number
    }

    /// Points: a whole number in Int32's range, bounded by `range`.
    func points(_ key: String, default value: Int?, in range: ClosedRange<Int> = 0...100) -> Int32 {
        Int32(clamping: int(key, default: value, in: range, unit: "points"))
    }

    /// A number with decimals within `range`; required.
    func number(_ key: String, in range: ClosedRange<Double>, unit: String) -> Double {
        guard let text = scalar(key, required: true) else { return range.lowerBound }
        guard let number = Double(text), number.isFinite else {
            issue(key, "must be a number, is \(Self.quoted(text))")
            return range.lowerBound
        }
        guard range.contains(number) else {
            issue(key, "must be \(range.lowerBound)…\(range.upperBound) \(unit), is \(text)")
            return range.lowerBound
        }
        return number
    }

    /// A duration such as `250ms`, `30s`, `10m`, `4h`, `14d`.
    func duration(_ key: String, default value: Duration?, in range: ClosedRange<Duration>) -> Duration {
        let fallback = value ?? range.lowerBound
        guard let text = scalar(key, required: value == nil) else { return fallback }
        guard let milliseconds = Quantity.milliseconds(text) else {
            issue(key, "must be a duration such as 250ms, 30s, 10m, 4h or 14d, is \(Self.quoted(text))")
            return fallback
        }
        let low = range.lowerBound.wholeMilliseconds, high = range.upperBound.wholeMilliseconds
        guard (low...high).contains(milliseconds) else {
            issue(key, "must be \(Quantity.text(milliseconds: low))…\(Quantity.text(milliseconds: high)), is \(text)")
            return fallback
        }
        return .milliseconds(milliseconds)
    }

    /// A size in bytes such as `512B`, `64KiB`, `256MiB`, `1GiB`.
    func size(_ key: String, default value: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = scalar(key, required: false) else { return value }
        guard let bytes = Quantity.bytes(text) else {
            issue(key, "must be a size such as 512B, 64KiB, 256MiB or 1GiB, is \(Self.quoted(text))")
            return value
        }
        guard range.contains(bytes) else {
            let low = Quantity.text(bytes: range.lowerBound), high = Quantity.text(bytes: range.upperBound)
            issue(key, "must be \(low)…\(high), is \(text)")
            return value
        }
        return bytes
    }

    /// `true` or `false`; also yes, no, on and off.
    func flag(_ key: String, default value: Bool) -> Bool {
        guard let text = scalar(key, required: false) else { return value }
        switch text {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default:
            issue(key, "must be true or false, is \(Self.quoted(text))")
            return value
        }
    }

    /// Text of `bytes` UTF-8 bytes.
    func text(_ key: String, default value: String?, bytes: ClosedRange<Int> = 1...256) -> String {
        guard let text = scalar(key, required: value == nil) else { return value ?? "" }
        guard bytes.contains(text.utf8.count) else {
            issue(key, Self.lengthMessage(text, bytes))
            return value ?? ""
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) else {
            issue(key, "must have no line breaks or control characters")
            return value ?? ""
        }
        return text
    }

    /// A path; a relative one is taken from the file's own folder. The default, where given, is used as it is.
    func path(_ key: String, default value: String?, bytes: Int = 1_024) -> String {
        let folder = folderOf(reader.file)
        guard isGiven(key) || value == nil else {
            _ = entry(key, required: false)
            return value ?? ""
        }
        let given = text(key, default: nil, bytes: 1...1_024)
        let path = joinPath(folder == "." ? "" : folder, given)
        if path.utf8.count > bytes {
            issue(key, "the path \(Self.quoted(path)) has \(path.utf8.count) bytes, at most \(bytes) are possible")
        }
        return path
    }

    /// One of a few words.
    func choice<Value>(_ key: String, default value: Value, from names: [(name: String, value: Value)]) -> Value {
        optionalChoice(key, from: names) ?? value
    }

    /// One of a few words, or nil where the key is absent.
    func optionalChoice<Value>(_ key: String, from names: [(name: String, value: Value)]) -> Value? {
        guard let text = scalar(key, required: false) else { return nil }
        if let match = names.first(where: { $0.name == text }) { return match.value }
        issue(key, "must be one of \(names.map(\.name).joined(separator: ", ")); is \(Self.quoted(text))")
        return nil
    }

    /// An urgency level by its name.
    func level(_ key: String, default value: UrgencyLevel) -> UrgencyLevel {
        choice(key, default: value, from: Self.levelNames)
    }

    static var levelNames: [(name: String, value: UrgencyLevel)] { UrgencyLevel.allCases.map { ($0.name, $0) } }

    func logLevel(_ key: String, default value: LogLevel) -> LogLevel {
        choice(key, default: value, from: LogLevel.allCases.map { ($0.rawValue, $0) })
    }

    /// A required post, unit or zone id.
    func name<N: Name>(_ key: String, as type: N.Type = N.self) -> N {
        guard let text = scalar(key, required: true) else { return N(unchecked: "") }
        if let name = N(text) { return name }
        issue(key, Self.nameMessage(text))
        return N(unchecked: "")
    }

    /// A list of ids; empty where the key is absent and not required.
    func names<N: Name>(
        _ key: String, as type: N.Type = N.self, required: Bool = false, count: ClosedRange<Int>
    ) -> [N] {
        (texts(key, required: required, count: count) ?? []).compactMap { item in
            if let name = N(item.text) { return name }
            issue(key, Self.nameMessage(item.text), line: item.line)
            return nil
        }
    }

    static func nameMessage(_ text: String) -> String {
        "must be 1…32 of a–z, 0–9 and -, not beginning or ending with -; is \(quoted(text))"
    }

    /// An endpoint to bind.
    func endpoint(_ key: String, default value: String) -> String {
        guard let text = scalar(key, required: false) else { return value }
        if let problem = Endpoint.problem(text, use: .bind) { issue(key, problem) }
        return text
    }

    /// Endpoints to connect to: one text or a list of at most 8. Nil where absent.
    func endpoints(_ key: String, required: Bool = false) -> [String]? {
        guard let entry = entry(key, required: required) else { return nil }
        let items: [Item]
        if let single = Self.text(entry.node) {
            items = [Item(text: single, line: entry.line)]
        } else {
            items = texts(key, count: 1...8) ?? []
        }
        for item in items {
            if let problem = Endpoint.problem(item.text, use: .connect) { issue(key, problem, line: item.line) }
        }
        return items.map(\.text)
    }

    /// A category's or word rule's code.
    static func isCode(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
            }
    }

    static func codeMessage(_ text: String) -> String { "must be 1…32 of a–z, 0–9 and _; is \(quoted(text))" }

    /// A required code.
    func code(_ key: String) -> String {
        guard let text = scalar(key, required: true) else { return "" }
        if !Self.isCode(text) { issue(key, Self.codeMessage(text)) }
        return text
    }

    /// A list of codes; nil where absent.
    func codes(_ key: String, count: ClosedRange<Int>) -> [Item]? {
        texts(key, count: count)?.filter { item in
            if Self.isCode(item.text) { return true }
            issue(key, Self.codeMessage(item.text), line: item.line)
            return false
        }
    }
}

extension SettingsSection {
    /// A path, or nil where the key is absent.
    func optionalPath(_ key: String) -> String? {
        guard isGiven(key) else {
            _ = entry(key, required: false)
            return nil
        }
        return path(key, default: "")
    }
}
