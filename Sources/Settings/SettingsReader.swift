import Yams

/// Reads one configuration file and collects everything that is wrong in it.
///
/// The body asks the root section for every key it knows, with defaults and bounds; whatever it did not ask for is an
/// unknown key. Getters always return a usable value, so that reading goes on after a mistake; when there are issues
/// nobody sees those values.
final class SettingsReader {
    /// Largest file that is read.
    static let maximumBytes = 1 << 20
    /// Issues kept; a file of nonsense need not list all of it.
    static let maximumIssues = 100

    let file: String
    private(set) var issues: [SettingsIssue] = []
    /// Full paths of every key that was asked for, items without their numbers (`zones[].id`).
    private(set) var knownKeys: Set<String> = []
    private var unknown: [(path: String, line: Int?, key: String, siblings: [String])] = []

    private init(file: String) { self.file = file }

    /// Reads `file`, lets `body` take its values from it, and appends what is wrong to `issues`. Nil where the file as
    /// a whole cannot be read; otherwise the body's value, which means something only if no issue was added.
    /// - Parameter secret: whether the file must be readable by its owner only.
    static func read<Value>(
        _ file: String, secret: Bool = false, issues: inout [SettingsIssue], body: (SettingsSection) -> Value
    ) -> Value? {
        let reader = SettingsReader(file: file)
        defer { issues += reader.finished() }
        let content: FileBytes
        do {
            content = try FileBytes.read(file, limit: maximumBytes)
        } catch {
            reader.add(nil, "", error.message)
            return nil
        }
        if secret, content.mode & 0o077 != 0 {
            let mode = String(content.mode & 0o777, radix: 8)
            reader.add(nil, "", "mode 0\(mode), must be 0600: chmod 600 \(file)")
            return nil
        }
        guard let text = String(validating: content.bytes, as: UTF8.self) else {
            reader.add(nil, "", "is not UTF-8 text")
            return nil
        }
        return reader.run(text, body)
    }

    /// The same over text, for tests and for checking text before it is written.
    static func read<Value>(
        text: String, file: String, issues: inout [SettingsIssue], body: (SettingsSection) -> Value
    ) -> Value? {
        let reader = SettingsReader(file: file)
        defer { issues += reader.finished() }
        return reader.run(text, body)
    }

    /// Every key that `body` asks for in an empty file. Keys inside lists of maps do not appear.
    static func knownKeys<Value>(_ body: (SettingsSection) -> Value) -> Set<String> {
        let reader = SettingsReader(file: "")
        _ = body(SettingsSection(reader: reader, path: "", line: nil, entries: [:]))
        return reader.knownKeys
    }

    private func run<Value>(_ text: String, _ body: (SettingsSection) -> Value) -> Value? {
        let root: Node?
        do {
            root = try YAMLSource.tree(text, file: file)
        } catch {
            issues += error.issues
            return nil
        }
        guard let section = section(root ?? .mapping([:]), path: "", line: nil, known: "") else { return nil }
        let value = body(section)
        section.finish()
        return value
    }

    /// A map as a section; nil, with an issue, for anything else.
    func section(_ node: Node, path: String, line: Int?, known: String) -> SettingsSection? {
        guard case .mapping(let pairs) = node else {
            add(line ?? node.mark?.line, path, "must be a map of keys and values, is \(SettingsSection.kind(node))")
            return nil
        }
        var entries: [String: SettingsSection.Entry] = [:]
        for (key, value) in pairs {
            guard case .scalar(let name) = key else {
                add(key.mark?.line, path, "a key must be a word, is \(SettingsSection.kind(key))")
                continue
            }
            entries[name.string] = SettingsSection.Entry(line: name.mark?.line, node: value)
        }
        return SettingsSection(reader: self, path: path, line: line, entries: entries, known: known)
    }

    func add(_ line: Int?, _ keyPath: String, _ message: String) {
        issues.append(SettingsIssue(file: file, line: line, keyPath: keyPath, message: message))
    }

    func know(_ path: String) { knownKeys.insert(path) }

    func foundUnknown(path: String, line: Int?, key: String, siblings: [String]) {
        unknown.append((path, line, key, siblings))
    }

    /// All issues by line. Unknown keys are judged last, when every known key has been asked for.
    private func finished() -> [SettingsIssue] {
        let allKnown = knownKeys.sorted()
        var left = Self.maximumIssues
        for (path, line, key, siblings) in unknown.sorted(by: { ($0.line ?? 0, $0.key) < ($1.line ?? 0, $1.key) }) {
            // Beyond the bound nobody reads the suggestion, and it is what costs time.
            left -= 1
            if left < 0 {
                add(line, path, "unknown key")
            } else if let near = Suggestion.nearest(to: key, among: siblings.sorted()) {
                add(line, path, "unknown key; did you mean \(near)?")
            } else if let elsewhere = allKnown.first(where: { $0.hasSuffix("." + key) || $0 == key }) {
                add(line, path, "unknown key here; it belongs in \(elsewhere)")
            } else {
                add(line, path, "unknown key")
            }
        }
        var sorted = issues.enumerated()
            .sorted { ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset) }
            .map(\.element)
        if sorted.count > Self.maximumIssues {
            let rest = sorted.count - Self.maximumIssues
            sorted.removeLast(rest)
            sorted.append(SettingsIssue(file: file, line: nil, keyPath: "", message: "and \(rest) more"))
        }
        return sorted
    }
}
