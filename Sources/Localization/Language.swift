/// The languages that people read here.
public enum Language: String, CaseIterable, Sendable {
    case zh = "zh-CN"
    case en

    /// The language to speak: what the flag names, else what the environment names, else English.
    ///
    /// The environment counts as in POSIX: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is not empty decides
    /// alone. A flag that is nil, `auto` or names neither language leaves it to the environment.
    public static func choose(flag: String?, environment: [String: String]) -> Language {
        if let flag, let named = Language(tag: flag) { return named }
        for variable in ["LC_ALL", "LC_MESSAGES", "LANG"] {
            if let value = environment[variable], !value.isEmpty { return Language(tag: value) ?? .en }
        }
        return .en
    }

    /// Reads a BCP 47 tag (`zh-CN`) or a locale's name (`zh_CN.UTF-8`); nil for other languages.
    public init?(tag: String) {
        let language = tag.lowercased().prefix { $0 != "-" && $0 != "_" && $0 != "." && $0 != "@" }
        switch language {
        case "zh", "chinese": self = .zh
        case "en", "english": self = .en
        default: return nil
        }
    }
}
