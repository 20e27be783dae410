import Localization

/// What the argument parser says (help, and what is wrong with the words of a command), in the user's language.
///
/// The parser knows English only. Its sentences are few, so they are recognised by their words; one that a later version
/// words otherwise stays English, and nothing is lost.
struct UsageText {
    private let words: Words

    init(_ words: Words) { self.words = words }

    func text(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line(String($0)) }.joined(separator: "\n")
    }

    private func line(_ line: String) -> String {
        if let group = phrase(line, "", " SUBCOMMANDS:") { return group[0] + words("：", ":") }
        guard words.language == .zh else { return line }
        for (english, chinese) in Self.beginnings where line.hasPrefix(english) {
            return chinese + note(sentence(String(line.dropFirst(english.count))))
        }
        for (english, chinese) in Self.endings where line.hasSuffix(english) {
            return line.dropLast(english.count) + chinese
        }
        return note(sentence(line))
    }

    private static let beginnings = [
        ("OVERVIEW: ", "说明："), ("USAGE: ", "用法："), ("Usage: ", "用法："), ("Help:  ", "说明："), ("ARGUMENTS:", "参数："),
        ("OPTIONS:", "选项："), ("SUBCOMMANDS:", "子命令："), ("error: ", "错误："),
    ]

    private static let endings = [("Show the version.", "显示版本。"), ("Show help information.", "显示帮助。")]

    private func sentence(_ text: String) -> String {
        if let parts = phrase(text, "  See '", "' for more information.") { return "  详见 '\(parts[0])'。" }
        if let parts = phrase(text, "  See '", "' for detailed help.") { return "  详见 '\(parts[0])'。" }
        if let parts = phrase(text, "Unknown option '", "'. Did you mean '", "'?") {
            return "没有选项 '\(parts[0])'，是不是 '\(parts[1])'？"
        }
        if let parts = phrase(text, "Unknown option '", "'") { return "没有选项 '\(parts[0])'" }
        if let parts = phrase(text, "Missing value for '", "'") { return "'\(parts[0])' 后面缺少内容" }
        if let parts = phrase(text, "Missing expected argument '", "'") { return "缺少 '\(parts[0])'" }
        if let parts = phrase(text, "The option '", "' does not take any value, but '", "' was specified.") {
            return "选项 '\(parts[0])' 后面不带内容，多了 '\(parts[1])'"
        }
        if let parts = phrase(text, "Unexpected argument '", "'") { return "多余的内容 '\(parts[0])'" }
        if let parts = phrase(text, "", " unexpected arguments: ", "") { return "多余的内容 \(parts[1])" }
        if text == "Missing required subcommand." { return "缺少子命令" }
        if let parts = phrase(text, "The value '", "' is invalid for '", "'. Please provide one of ", ".") {
            let choices = parts[2].split(separator: " ").filter { $0 != "or" && $0 != "and" }.map { $0.filter { $0 != "," } }
            return "'\(parts[0])' 不能用于 '\(parts[1])'，只能是 \(choices.joined(separator: "、"))"
        }
        if let parts = phrase(text, "The value '", "' is invalid for '", "': ", "") {
            return "'\(parts[0])' 不能用于 '\(parts[1])'：\(parts[2])"
        }
        if let parts = phrase(text, "The value '", "' is invalid for '", "'") {
            return "'\(parts[0])' 不能用于 '\(parts[1])'"
        }
        return text
    }

    /// The parser's own note at the end of an option's help.
    private func note(_ text: String) -> String {
        if let parts = phrase(text, "", " (values: ", "; default: ", ")") {
            return "\(parts[0])（可选 \(parts[1])，默认 \(parts[2])）"
        }
        if let parts = phrase(text, "", " (values: ", ")") { return "\(parts[0])（可选 \(parts[1])）" }
        if let parts = phrase(text, "", " (default: ", ")") { return "\(parts[0])（默认 \(parts[1])）" }
        return text
    }
}
