/// Everything that people read, in one language.
///
/// Both languages of a text stand side by side in a switch over an enum (``Message``, and the model's own enums), so
/// that a text without a translation does not compile.
public struct Catalogue: Hashable, Sendable {
    public let language: Language

    public init(_ language: Language) { self.language = language }

    /// The text of `message`, with `{0}`, `{1}`, … replaced by `arguments`. An argument that is missing reads as
    /// nothing; arguments are not searched for marks again, whoever wrote them.
    public func text(_ message: Message, _ arguments: String...) -> String {
        Self.fill(pick(message.texts), arguments)
    }

    /// The side of a pair that belongs to the language.
    func pick(_ texts: (zh: String, en: String)) -> String { language == .zh ? texts.zh : texts.en }

    static func fill(_ template: String, _ arguments: [String]) -> String {
        guard template.contains("{") else { return template }
        var filled = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{") {
            filled += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}"), let number = Int(rest[..<close].dropFirst()) else {
                filled += "{"
                rest = rest.dropFirst()
                continue
            }
            if arguments.indices.contains(number) { filled += arguments[number] }
            rest = rest[rest.index(after: close)...]
        }
        return filled + rest
    }
}
