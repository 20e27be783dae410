// Text for a terminal: what may be printed at all, and how many columns it takes.
//
// A tip's text is outside input. Printed as it is, it could move the cursor, repaint the screen or retitle the window,
// and show a patrol what is not there; so every control character goes, and with them the invisible ones that reorder
// or hide text. What remains has a width that all terminals agree on, as far as that can be had: one column, two for
// East Asian wide characters, none for combining marks.

/// Rules for text from outside.
public enum TerminalText {
    /// Combining marks kept on one character; a name in any real language needs fewer.
    static let marks = 3

    /// `text` on one line and without anything that a terminal would obey: line breaks and tabs become a space,
    /// other controls and invisible characters go, private and unassigned ones become `?`.
    public static func clean(_ text: String) -> String {
        var cleaned = String.UnicodeScalarView()
        var marks = 0
        for scalar in text.unicodeScalars {
            switch kind(of: scalar) {
            case .space:
                marks = 0
                cleaned.append(" ")
            case .mark:
                marks += 1
                if marks <= Self.marks, !cleaned.isEmpty { cleaned.append(scalar) }
            case .plain:
                marks = 0
                cleaned.append(scalar)
            case .unknown:
                marks = 0
                cleaned.append("?")
            case .dropped: break
            }
        }
        return String(cleaned)
    }

    /// Columns that cleaned text takes.
    public static func width(_ text: String) -> Int {
        var width = 0
        for scalar in text.unicodeScalars { width += columns(of: scalar) }
        return width
    }

    /// Columns that a drawn line takes: cleaned text with our own colours (SGR) in it.
    public static func width(drawn line: String) -> Int {
        var width = 0
        var inColour = false
        for scalar in line.unicodeScalars {
            if scalar == "\u{1B}" { inColour = true }
            if !inColour { width += columns(of: scalar) }
            if inColour, scalar == "m" { inColour = false }
        }
        return width
    }

    /// `text` cut to at most `columns`, with an ellipsis where something was cut.
    public static func fit(_ text: String, _ columns: Int) -> String {
        guard columns > 0 else { return "" }
        guard width(text) > columns else { return text }
        var fitted = String.UnicodeScalarView()
        var used = 0
        for scalar in text.unicodeScalars {
            let more = Self.columns(of: scalar)
            guard used + more <= columns - 1 else { break }
            fitted.append(scalar)
            used += more
        }
        return String(fitted) + "…"
    }

    /// `text` cut or filled with spaces to exactly `columns`.
    public static func pad(_ text: String, _ columns: Int) -> String {
        let fitted = fit(text, columns)
        return fitted + String(repeating: " ", count: max(0, columns - width(fitted)))
    }

    /// `text` in lines of at most `columns`, broken at spaces where there are some and between Chinese characters; no line
    /// begins with a closing mark or ends with an opening one.
    public static func wrap(_ text: String, _ columns: Int) -> [String] {
        guard columns > 1 else { return [] }
        var lines: [String] = []
        var line: [Unicode.Scalar] = []
        var used = 0
        // Where the line may be broken: its end before, and where the next one begins after it.
        var lastBreak: (end: Int, next: Int)?
        func joined(_ scalars: some Sequence<Unicode.Scalar>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            return String(view)
        }
        for scalar in text.unicodeScalars {
            let more = Self.columns(of: scalar)
            // Chinese may break before and after any character, but for marks that belong to one of the two.
            if let last = line.last, more == 2 || Self.columns(of: last) == 2, !closing.contains(scalar), !opening.contains(last),
                more > 0, scalar != " "
            {
                lastBreak = (line.count, line.count)
            }
            if used + more > columns {
                if scalar == " " || lastBreak == nil {
                    lines.append(joined(line))
                    line = []
                } else if let place = lastBreak {
                    lines.append(joined(line[..<place.end]))
                    line = Array(line[place.next...])
                }
                used = line.reduce(0) { $0 + Self.columns(of: $1) }
                lastBreak = nil
                if scalar == " " { continue }
            }
            line.append(scalar)
            used += more
            if scalar == " " { lastBreak = (line.count - 1, line.count) }
        }
        if !line.isEmpty || lines.isEmpty { lines.append(joined(line)) }
        return lines
    }

    private static let closing = Set("，。、；：？！）】」』》〉”’…,.;:?!)]}".unicodeScalars)
    private static let opening = Set("（【「『《〈“‘([{".unicodeScalars)

    // MARK: - Characters

    private enum Kind { case plain, mark, space, unknown, dropped }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        let value = scalar.value
        if value >= 0x20, value < 0x7F { return .plain }
        switch value {
        case 0x09, 0x0A, 0x0D, 0x85, 0x2028, 0x2029: return .space
        case 0x115F, 0x1160, 0x3164, 0xFFA0: return .dropped  // Hangul fillers: letters that show nothing
        // Variation selectors: with one, terminals disagree on whether a sign takes one column or two.
        case 0xFE00...0xFE0F, 0xE0100...0xE01EF: return .dropped
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate: return .dropped
        case .lineSeparator, .paragraphSeparator: return .space
        case .privateUse, .unassigned: return .unknown
        case .nonspacingMark, .enclosingMark: return .mark
        case .spaceSeparator: return value == 0x3000 ? .plain : .space
        default: return .plain
        }
    }

    static func columns(of scalar: Unicode.Scalar) -> Int {
        let value = scalar.value
        if value < 0x300 { return value < 0x20 || (0x7F..<0xA0).contains(value) ? 0 : 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        // Vowels and finals of a decomposed Hangul syllable join the consonant before them.
        if (0x1160...0x11FF).contains(value) { return 0 }
        return isWide(value) ? 2 : 1
    }

    private static func isWide(_ value: UInt32) -> Bool {
        guard value >= 0x1100 else { return false }
        var (low, high) = (0, wide.count)
        while low < high {
            let middle = (low + high) / 2
            if wide[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < wide.count && wide[low].contains(value)
    }

    /// Characters of East Asian width W or F (Unicode Standard Annex 11), with neighbours joined; ascending.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x231A...0x231B, 0x2329...0x232A, 0x23E9...0x23EC, 0x23F0...0x23F0, 0x23F3...0x23F3,
        0x25FD...0x25FE, 0x2614...0x2615, 0x2630...0x2637, 0x2648...0x2653, 0x267F...0x267F, 0x268A...0x268F,
        0x2693...0x2693, 0x26A1...0x26A1, 0x26AA...0x26AB, 0x26BD...0x26BE, 0x26C4...0x26C5, 0x26CE...0x26CE,
        0x26D4...0x26D4, 0x26EA...0x26EA, 0x26F2...0x26F3, 0x26F5...0x26F5, 0x26FA...0x26FA, 0x26FD...0x26FD,
        0x2705...0x2705, 0x270A...0x270B, 0x2728...0x2728, 0x274C...0x274C, 0x274E...0x274E, 0x2753...0x2755,
        0x2757...0x2757, 0x2795...0x2797, 0x27B0...0x27B0, 0x27BF...0x27BF, 0x2B1B...0x2B1C, 0x2B50...0x2B50,
        0x2B55...0x2B55, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4DC0...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
        0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF,
        0x1AFF0...0x1B2FF, 0x1D300...0x1D376, 0x1F004...0x1F004, 0x1F0CF...0x1F0CF, 0x1F18E...0x1F18E,
        0x1F191...0x1F19A, 0x1F1E6...0x1F265, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F7E0...0x1F7F0,
        0x1F90C...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD,
    ]
}
