import Administration
import Localization
import Patrol
import TipModel

/// What `status --watch` shows.
struct StatusPage {
    private let words: Words
    private var status: StatusReport?
    private var heardAt = Timestamp(milliseconds: 0)
    private var failure: String?

    init(_ words: Words) { self.words = words }

    var hasContent: Bool { status != nil }

    mutating func update(_ status: StatusReport, at now: Timestamp) {
        self.status = status
        heardAt = now
        failure = nil
    }

    mutating func fail(_ reason: String) { failure = reason }

    /// What to send to a terminal: each line written over the one before and its rest erased, so that nothing flickers;
    /// no more lines than the window has.
    func picture(columns: Int, rows: Int, at now: Timestamp) -> String {
        var lines = status.map { StatusText($0, words).lines(within: columns) } ?? []
        if let failure {
            let stale = words.catalogue.text(.asOf, words.catalogue.ago(heardAt, now: now))
            lines.insert("\u{1B}[1;97;41m" + TerminalText.pad(clean(" " + stale + " " + failure), columns) + "\u{1B}[0m", at: 0)
        }
        if lines.count > rows - 1 {
            let hidden = lines.count - (rows - 2)
            lines = lines.prefix(max(1, rows - 2)) + [words.catalogue.text(.more, "\(hidden)")]
        }
        // Erasing after a full line would take its last character.
        let drawn = lines.map { $0 + (TerminalText.width(drawn: $0) < columns ? "\u{1B}[K" : "") + "\n" }
        return "\u{1B}[H" + drawn.joined() + "\u{1B}[J"
    }
}
