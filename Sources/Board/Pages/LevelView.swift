import Localization
import TipModel

/// A level as a page shows it: a word, a shape and a colour, so that no one of them carries it alone.
struct LevelView {
    /// Names the colour in the style sheets.
    let css: String
    let word: String
    /// Of the shape, in a square of 16: square, triangle, disc, ring.
    let path: String

    init(_ level: UrgencyLevel, _ words: Words) {
        css = level.name
        word = words.catalogue.name(level).capitalizedWord
        path = Self.path(level)
    }

    static func path(_ level: UrgencyLevel) -> String {
        switch level {
        case .emergency: "M1 1H15V15H1Z"
        case .urgent: "M8 0.5L16 15H0Z"
        case .priority: "M8 0.5A7.5 7.5 0 1 0 8 15.5A7.5 7.5 0 1 0 8 0.5Z"
        case .routine: "M8 2A6 6 0 1 0 8 14A6 6 0 1 0 8 2Z"
        }
    }
}

extension String {
    /// `EMERGENCY` as `Emergency`: the terminal shouts, a page has colour.
    fileprivate var capitalizedWord: String { prefix(1) + dropFirst().lowercased() }
}
