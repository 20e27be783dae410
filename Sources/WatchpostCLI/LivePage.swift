import Localization
import Patrol
import TipModel

/// A page that a live command draws over and over in place.
struct LivePage {
    private let words: Words
    private var heardAt: Timestamp?
    private var failure: String?
    private var drawnIn: (columns: Int, rows: Int)?

    init(_ words: Words) { self.words = words }

    var hasContent: Bool { heardAt != nil }

    mutating func heard(at now: Timestamp) {
        heardAt = now
        failure = nil
    }

    /// From now on the page is marked as old.
    mutating func fail(_ reason: String) { failure = reason }

    /// What to send to a terminal: each line written over the one before and its rest erased, so that nothing flickers;
    /// no more lines than the window has. In a window of another size the terminal has wrapped the lines of the page before, and
    /// remembers it of lines that are only written over: there all is erased first.
    mutating func picture(_ content: [String], columns: Int, rows: Int, at now: Timestamp) -> String {
        var lines = content
        if let failure, let heardAt {
            let stale = words.catalogue.text(.asOf, words.catalogue.ago(heardAt, now: now))
            lines.insert("\u{1B}[1;97;41m" + TerminalText.pad(clean(" " + stale + " " + failure), columns) + "\u{1B}[0m", at: 0)
        }
        if lines.count > rows - 1 {
            let hidden = lines.count - (rows - 2)
            lines = lines.prefix(max(1, rows - 2)) + [words.catalogue.text(.more, "\(hidden)")]
        }
        // Erasing after a full line would take its last character.
        let drawn = lines.map { $0 + (TerminalText.width(drawn: $0) < columns ? "\u{1B}[K" : "") + "\n" }
        let isAnew = drawnIn.map { $0 != (columns, rows) } ?? true
        drawnIn = (columns, rows)
        return (isAnew ? "\u{1B}[2J" : "") + "\u{1B}[H" + drawn.joined() + "\u{1B}[J"
    }

    /// Waits for the next page: two seconds, or until the window has another size.
    func rest() async throws {
        for _ in 0..<20 {
            try await Task.sleep(for: .milliseconds(100))
            guard let drawnIn, let columns = Output.columns, let rows = Output.rows else { continue }
            if drawnIn != (columns, rows) { return }
        }
    }
}
