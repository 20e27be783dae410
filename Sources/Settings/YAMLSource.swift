import Yams

/// A file's text as a tree of nodes, or the one reason why it is none.
///
/// Anchors and aliases are refused: a few lines of them unfold into gigabytes, and settings have no use for them.
/// Twice, because Yams compares the keys of a map while it parses and would unfold an alias there: once in the text,
/// roughly, before parsing, and once in the tree, exactly. Scalars stay text (`Resolver.basic`), so `no`, `1e3` and
/// `2024-01-01` mean what is written and the typed getters decide.
enum YAMLSource {
    /// Parses `text`; nil for an empty document. Never puts the file's own text into a message: it may be a key bundle.
    static func tree(_ text: String, file: String) throws(SettingsError) -> Node? {
        func failure(_ line: Int?, _ message: String, _ keyPath: String = "") -> SettingsError {
            SettingsError(issues: [SettingsIssue(file: file, line: line, keyPath: keyPath, message: message)])
        }
        let refusal = "anchors (&name) and aliases (*name) are not accepted; write the value out, or quote the text"
        if let line = firstAnchorLine(text) { throw failure(line, refusal) }
        do {
            // The encoding is given because Yams' default looks at an environment variable and prints.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            let root = try parser.singleRoot()
            // Nodes hold their anchors weakly; the parser owns them.
            let anchored = withExtendedLifetime(parser) { root.flatMap(firstAnchored) }
            if let anchored { throw failure(anchored.mark?.line, refusal) }
            return root
        } catch let error as SettingsError {
            throw error
        } catch let error as YamlError {
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                throw failure(mark.line, "is not valid YAML: \(problem) (column \(mark.column))")
            case .reader(let problem, _, _, _):
                throw failure(nil, "is not valid YAML: \(problem)")
            case .duplicatedKeysInMapping(let names, let context):
                let name = names.first ?? ""
                let again = secondLine(of: name, firstLine: context.mark.line, text)
                throw failure(
                    again ?? context.mark.line,
                    again == nil ? "is given twice" : "is given twice; already in line \(context.mark.line)", name)
            default:
                throw failure(nil, "is not valid YAML")
            }
        } catch {
            throw failure(nil, "is not valid YAML")
        }
    }

    /// The first line with `&` or `*` where a value begins, outside comments and quotes.
    private static func firstAnchorLine(_ text: String) -> Int? {
        var line = 1
        var quote: UInt8?
        var valueMayBegin = true  // only indicators or nothing so far on the line
        var previous = UInt8(ascii: "\n")
        var inComment = false
        for character in text.utf8 {
            defer { previous = character }
            if character == UInt8(ascii: "\n") {
                line += 1
                inComment = false
                valueMayBegin = true
                continue
            }
            if inComment { continue }
            if let open = quote {
                if character == open, !(open == UInt8(ascii: "\"") && previous == UInt8(ascii: "\\")) { quote = nil }
                continue
            }
            let afterSpace = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n")].contains(previous)
            switch character {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                // A colon begins a value only before a space: `tcp://host:*` is a word.
                if previous == UInt8(ascii: ":") { valueMayBegin = true }
            case UInt8(ascii: "#") where afterSpace: inComment = true
            case UInt8(ascii: "'") where valueMayBegin, UInt8(ascii: "\"") where valueMayBegin:
                quote = character
                valueMayBegin = false
            case UInt8(ascii: "&") where valueMayBegin, UInt8(ascii: "*") where valueMayBegin: return line
            case UInt8(ascii: "-"), UInt8(ascii: "?"): break  // an item, a key, or inside a word: nothing changes
            case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","): valueMayBegin = true
            default: valueMayBegin = false
            }
        }
        return nil
    }

    private static func firstAnchored(_ node: Node) -> Node? {
        if node.anchor != nil { return node }
        switch node {
        case .scalar: return nil
        case .alias: return node
        case .sequence(let items):
            for item in items { if let found = firstAnchored(item) { return found } }
            return nil
        case .mapping(let pairs):
            for (key, value) in pairs { if let found = firstAnchored(key) ?? firstAnchored(value) { return found } }
            return nil
        }
    }

    /// Yams tells where a doubled key stands first; the line that a person has to change is the later one.
    private static func secondLine(of key: String, firstLine: Int, _ text: String) -> Int? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(firstLine - 1) else { return nil }
        let head = lines[firstLine - 1].prefix { $0 == " " } + key + ":"
        return lines[firstLine...].firstIndex { $0.hasPrefix(head) }.map { $0 + 1 }
    }
}
