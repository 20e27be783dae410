public import TipModel

/// `triage.yaml`: categories, correlation and urgency. config/triage.yaml documents every key.
public enum TriageFile {
    /// Reads and checks the file.
    /// - Throws: everything that is wrong in it.
    public static func load(path: String) throws(SettingsError) -> TriageRules {
        try loading { issues in read(path, issues: &issues) }
    }

    static func read(_ path: String, issues: inout [SettingsIssue]) -> TriageRules? {
        SettingsReader.read(path, issues: &issues, body: rules)
    }

    static func rules(_ root: SettingsSection) -> TriageRules {
        let categories = categories(root)
        return TriageRules(
            categories: categories,
            correlation: root.section("correlation") { correlation($0, categories: Set(categories.keys)) },
            urgency: root.section("urgency", urgency))
    }

    // MARK: - Categories

    private static func categories(_ root: SettingsSection) -> [String: Category] {
        var codes: Set<String> = []
        let list = root.items("categories", count: 1...128) { item in
            let code = item.code("code")
            if !code.isEmpty, !codes.insert(code).inserted { item.issue("code", "category \(code) is given twice") }
            return Category(
                code: code, nameZh: item.text("zh", default: nil, bytes: 1...64),
                nameEn: item.text("en", default: nil, bytes: 1...64), base: item.points("base", default: nil),
                floor: item.level("floor", default: .routine))
        }
        return Dictionary(list.map { ($0.code, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

/// Runs a loader and throws what it collected.
func loading<Value>(_ load: (inout [SettingsIssue]) -> Value?) throws(SettingsError) -> Value {
    var issues: [SettingsIssue] = []
    let value = load(&issues)
    guard let value, issues.isEmpty else { throw SettingsError(issues: issues) }
    return value
}
