/// One thing that is wrong in a configuration file, with its place.
public struct SettingsIssue: Hashable, Sendable, CustomStringConvertible {
    /// The file as it was named to the loader.
    public var file: String
    /// Line from 1; nil where the whole file is meant.
    public var line: Int?
    /// The key with its sections, such as `feed.ring_events` or `zones[2].id` (items count from 1); empty for the file.
    public var keyPath: String
    /// What is wrong and what would be right. Never holds a secret.
    public var message: String

    public init(file: String, line: Int?, keyPath: String, message: String) {
        self.file = file
        self.line = line
        self.keyPath = keyPath
        self.message = message
    }

    public var description: String {
        let place = line.map { "\(file):\($0): " } ?? "\(file): "
        return keyPath.isEmpty ? place + message : place + keyPath + ": " + message
    }
}

/// Everything that is wrong in a configuration, so that one correction is enough.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one; in the order of the files and their lines.
    public var issues: [SettingsIssue]

    public init(issues: [SettingsIssue]) { self.issues = issues }

    /// One line for each issue.
    public var description: String { issues.map(\.description).joined(separator: "\n") }
}
