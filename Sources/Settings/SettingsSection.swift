import Yams

/// One map of a configuration file, with getters that check type and bounds and note the key as known.
final class SettingsSection {
    struct Entry {
        var line: Int?
        var node: Node
    }

    /// A list's item with its line.
    struct Item {
        var text: String
        var line: Int?
    }

    let reader: SettingsReader
    /// `feed`, `zones[2]`; empty for the root.
    let path: String
    /// Where the section begins.
    let line: Int?
    private let entries: [String: Entry]
    private let known: String
    private var asked: Set<String> = []

    init(reader: SettingsReader, path: String, line: Int?, entries: [String: Entry], known: String = "") {
        self.reader = reader
        self.path = path
        self.line = line
        self.entries = entries
        self.known = known
    }

    /// The key's full path.
    func path(_ key: String) -> String { path.isEmpty ? key : path + "." + key }

    /// The key's line, or the section's where it is not given.
    func line(_ key: String) -> Int? { entries[key]?.line ?? line }

    func isGiven(_ key: String) -> Bool { entries[key] != nil }

    /// The keys as they stand in the file, in the order of their names: for maps whose keys are data.
    var givenKeys: [String] { entries.keys.sorted() }

    /// An issue with `key`.
    func issue(_ key: String, _ message: String, line: Int? = nil) {
        reader.add(line ?? self.line(key), path(key), message)
    }

    /// Reports every key that nobody asked for.
    func finish() {
        for (key, entry) in entries where !asked.contains(key) {
            reader.foundUnknown(path: path(key), line: entry.line, key: key, siblings: Array(asked))
        }
    }

    /// The key's node, noting that the key is known; an issue where it is required and missing.
    func entry(_ key: String, required: Bool) -> Entry? {
        asked.insert(key)
        reader.know(known.isEmpty ? key : known + "." + key)
        if let entry = entries[key] { return entry }
        if required { issue(key, "is missing") }
        return nil
    }

    /// The key's text, or nil, with an issue where it is required and missing or not text.
    func scalar(_ key: String, required: Bool) -> String? {
        guard let entry = entry(key, required: required) else { return nil }
        guard let text = Self.text(entry.node) else {
            issue(key, "must be a single value, is \(Self.kind(entry.node))")
            return nil
        }
        return text
    }

    /// A nested map; an absent one reads as empty, so that every key keeps its default.
    func section<Value>(_ key: String, _ body: (SettingsSection) -> Value) -> Value {
        let inner = known.isEmpty ? key : known + "." + key
        var found: SettingsSection?
        if let entry = entry(key, required: false) {
            found = reader.section(entry.node, path: path(key), line: entry.line, known: inner)
        }
        let section =
            found ?? SettingsSection(reader: reader, path: path(key), line: line(key), entries: [:], known: inner)
        defer { section.finish() }
        return body(section)
    }

    /// A list of maps with `count` items; the body reads each. Required unless said otherwise.
    func items<Value>(
        _ key: String, required: Bool = true, count: ClosedRange<Int>, _ body: (SettingsSection) -> Value
    ) -> [Value] {
        guard let entry = entry(key, required: required), let nodes = list(key, entry.node, count: count) else { return [] }
        let inner = (known.isEmpty ? key : known + "." + key) + "[]"
        return nodes.enumerated().compactMap { index, node in
            let itemPath = "\(path(key))[\(index + 1)]"
            guard let section = reader.section(node, path: itemPath, line: node.mark?.line, known: inner) else {
                return nil
            }
            defer { section.finish() }
            return body(section)
        }
    }

    /// A list of texts with their lines; `[]` where the key is absent and not required.
    func texts(
        _ key: String, required: Bool = false, count: ClosedRange<Int>, bytes: ClosedRange<Int> = 1...256,
        allowsRepeats: Bool = false
    ) -> [Item]? {
        guard let entry = entry(key, required: required), let nodes = list(key, entry.node, count: count) else {
            return nil
        }
        var items: [Item] = []
        var seen: Set<String> = []
        for (index, node) in nodes.enumerated() {
            let itemPath = "\(path(key))[\(index + 1)]"
            guard let text = Self.text(node) else {
                reader.add(node.mark?.line, itemPath, "must be a single value, is \(Self.kind(node))")
                continue
            }
            guard bytes.contains(text.utf8.count) else {
                reader.add(node.mark?.line, itemPath, Self.lengthMessage(text, bytes))
                continue
            }
            guard seen.insert(text).inserted || allowsRepeats else {
                reader.add(node.mark?.line, itemPath, "\(Self.quoted(text)) is given twice")
                continue
            }
            items.append(Item(text: text, line: node.mark?.line))
        }
        return items
    }

    private func list(_ key: String, _ node: Node, count: ClosedRange<Int>) -> [Node]? {
        guard case .sequence(let nodes) = node else {
            issue(key, "must be a list, is \(Self.kind(node))")
            return nil
        }
        guard count.contains(nodes.count) else {
            issue(key, "must have \(count.lowerBound)…\(count.upperBound) items, has \(nodes.count)")
            return nil
        }
        return Array(nodes)
    }

    // MARK: - Words for messages

    /// The text of a scalar; nil for a list, a map, or no value at all.
    static func text(_ node: Node) -> String? {
        guard case .scalar(let scalar) = node else { return nil }
        if scalar.style == .plain || scalar.style == .any, ["", "~", "null"].contains(scalar.string) { return nil }
        return scalar.string
    }

    static func kind(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar): text(node) == nil ? "empty" : quoted(scalar.string)
        case .sequence: "a list"
        case .mapping: "a map"
        case .alias: "an alias"
        }
    }

    /// A value as it appears in messages: cut at 40 characters, control characters replaced.
    static func quoted(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(40).map { $0.value < 32 || $0.value == 127 ? "?" : String($0) }.joined()
        return "'" + shown + (text.unicodeScalars.count > 40 ? "…'" : "'")
    }

    static func lengthMessage(_ text: String, _ bytes: ClosedRange<Int>) -> String {
        text.isEmpty ? "is empty" : "must have \(bytes.lowerBound)…\(bytes.upperBound) bytes, has \(text.utf8.count)"
    }
}
