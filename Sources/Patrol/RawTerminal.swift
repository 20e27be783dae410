// The terminal itself: raw mode, the alternate screen, its size, and giving all of it back however the program ends.

import Glibc

/// The terminal in raw mode with the alternate screen. One at a time; belongs to one thread.
struct RawTerminal: ~Copyable {
    private let saved: termios

    /// Nil when standard input and output are no terminal, or one that cannot be drawn on.
    static func canDraw(environment: [String: String]) -> Bool {
        isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
            && !["", "dumb"].contains(environment["TERM"] ?? "")
    }

    /// - Throws: what `tcgetattr` or `tcsetattr` said.
    init() throws(FileFailure) {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { throw FileFailure(.readTerminal) }
        let saved = settings
        LastResort.arm(saved)
        // ISIG off as well: Ctrl-C and Ctrl-Z are keys here, so that nothing stops us with the screen unrestored.
        settings.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG | IEXTEN)
        settings.c_iflag &= ~tcflag_t(IXON | ICRNL | INPCK | ISTRIP)
        settings.c_oflag &= ~tcflag_t(OPOST)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) == 0 else {
            LastResort.disarm()
            throw FileFailure(.setTerminal)
        }
        self.saved = saved
        // Alternate screen, no cursor, no automatic line breaks, clear.
        Self.print("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J")
    }

    deinit {
        Self.print(Self.leave)
        var settings = saved
        _ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
        LastResort.disarm()
    }

    static let leave = "\u{1B}[0m\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

    /// The window, or 80 × 24 where the terminal does not say.
    static func size() -> TerminalSize {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return TerminalSize(columns: 80, rows: 24)
        }
        return TerminalSize(columns: min(Int(size.ws_col), 500), rows: min(Int(size.ws_row), 200))
    }

    /// Draws the lines that differ from those drawn before.
    /// - Parameter before: what is on the screen; empty for a screen to be cleared.
    func draw(_ lines: [String], over before: [String], size: TerminalSize, bells: Int) {
        let text = Self.changes(lines, over: before, size: size) + String(repeating: "\u{7}", count: max(0, min(bells, 3)))
        if !text.isEmpty { Self.print(text) }
    }

    /// What to send so that `lines` stand where `before` stood. A line is written over the one before and its rest erased
    /// after, so that nothing goes dark in between.
    static func changes(_ lines: [String], over before: [String], size: TerminalSize) -> String {
        var text = before.isEmpty ? "\u{1B}[2J" : ""
        for row in 0..<max(lines.count, before.count) {
            let line = row < lines.count ? lines[row] : ""
            if row < before.count, before[row] == line { continue }
            text += "\u{1B}[\(row + 1);1H\(line)\u{1B}[0m"
            // After a full line the cursor stands on its last character, and erasing would take that away.
            if TerminalText.width(drawn: line) < size.columns { text += "\u{1B}[K" }
        }
        return text
    }

    /// What was typed; nil when the terminal is gone.
    func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
        if count > 0 { return Array(buffer[..<count]) }
        return count < 0 && (errno == EINTR || errno == EAGAIN) ? [] : nil
    }

    private static func print(_ text: String) {
        // A terminal that is gone shows up as the end of its input.
        try? DurableFile.writeAll(STDOUT_FILENO, Array(text.utf8))
    }
}

/// Gives the terminal back when the program is about to be killed by a fault: a shell in raw mode is useless to
/// somebody who cannot type `reset` blind.
private enum LastResort {
    static let signals = [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE]
    /// Safe unguarded: written by the one thread that owns the terminal, before the handlers are in and after they are
    /// out; a handler only reads it.
    nonisolated(unsafe) static let settings = UnsafeMutablePointer<termios>.allocate(capacity: 1)

    static func arm(_ saved: termios) {
        settings.initialize(to: saved)
        for number in signals {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                // Only calls that are safe in a handler: tcsetattr, write, signal, raise.
                tcsetattr(STDIN_FILENO, TCSANOW, LastResort.settings)
                let text: StaticString = "\u{1B}[0m\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"
                _ = write(STDOUT_FILENO, text.utf8Start, text.utf8CodeUnitCount)
                Glibc.signal(number, SIG_DFL)
                raise(number)
            }
            sigaction(number, &action, nil)
        }
    }

    static func disarm() {
        for number in signals { Glibc.signal(number, SIG_DFL) }
    }
}
