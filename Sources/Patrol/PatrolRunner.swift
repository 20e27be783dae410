// One thread between the client and the user: it polls the keyboard, the signals and the client's outputs, keeps the
// cursor, and shows. What comes first in every round is what keeps the guarantee: events are shown, then handed back
// (which lets more come), then the cursor is written, then the daemon is told.

import Access
import Glibc
import Localization
import Settings
import TipModel
import TipWire
import ZeroMQ

/// Where the feed goes to.
enum PatrolSink {
    case screen, plain, json
}

struct PatrolRunner: ~Copyable {
    let client: PatrolClient
    var store: CursorStore
    let options: PatrolOptions
    let sink: PatrolSink
    let bell: Bool
    let words: Catalogue
    let usesColour: Bool
    let time = SystemTime()
    var screen: FeedScreen
    /// Everything up to here was shown.
    var shown: FeedCursor
    var exitCode: Int32?
    var saveTrouble: String?

    /// Runs until the user or a signal ends it, or `once` is reached.
    mutating func run(_ signals: borrowing SignalPipe) -> Int32 {
        switch sink {
        case .screen:
            do throws(FileFailure) {
                try runScreen(signals, try RawTerminal())
            } catch {
                Self.warn(words.text(.errorPrefix, words.text(.errorSystem, words.describe(error))))
                return 71
            }
        case .plain, .json: runLines(signals)
        }
        save(isForced: true)
        if let saveTrouble { Self.warn(words.text(.warningPrefix, saveTrouble)) }
        return exitCode ?? 0
    }

    // MARK: - The screen

    private mutating func runScreen(_ signals: borrowing SignalPipe, _ terminal: borrowing RawTerminal) throws(FileFailure) {
        var polls = PollSet()
        var decoder = KeyDecoder()
        let keyboard = polls.add(fileDescriptor: STDIN_FILENO)
        let signal = polls.add(fileDescriptor: signals.descriptor)
        polls.add(fileDescriptor: client.wakeDescriptor)
        var size = RawTerminal.size()
        var drawn: [String] = []
        var drawnAt = Int64.min
        var isDirty = true
        var rings = false
        while exitCode == nil {
            let now = time.monotonicMilliseconds()
            // At most 25 pictures a second while events pour in, and one a second for the ages.
            if drawnAt == .min || now - drawnAt >= (isDirty ? 40 : 1_000) {
                let wall = time.now()
                screen.settle(for: size, at: wall)
                screen.utcOffset = Self.utcOffset(at: wall)
                let lines = render(screen, size: size, now: wall, language: words.language)
                terminal.draw(lines, over: drawn, size: size, bells: rings && bell ? screen.bells : 0)
                drawn = lines
                drawnAt = now
                isDirty = false
                rings = false
            }
            var wait = drawnAt + (isDirty ? 40 : 1_000) - now
            if let due = store.due(now: now) { wait = min(wait, due) }
            _ = try? polls.poll(timeoutMilliseconds: Int(max(0, wait)))
            if !polls.ready(signal).isEmpty {
                for number in signals.read() {
                    if SignalPipe.endsProgram(number) { exitCode = 0 }
                    // After a stop or a resize the screen holds anything.
                    size = RawTerminal.size()
                    drawn = []
                    isDirty = true
                }
            }
            if !polls.ready(keyboard).isEmpty {
                guard let bytes = terminal.read() else {
                    exitCode = 0
                    break
                }
                for key in decoder.keys(in: bytes) {
                    if key == .redraw { drawn = [] }
                    press(key, size)
                }
                isDirty = true
            }
            for output in client.takeOutputs() {
                if screen.take(output, words: words) { rings = true }
                finish(output)
                isDirty = true
            }
            save(isForced: false)
        }
    }

    private mutating func press(_ key: Key, _ size: TerminalSize) {
        switch screen.press(key, size: size, words: words) {
        case .none: break
        case .quit: exitCode = 0
        case .perform(let command): client.perform(command)
        }
    }

    // MARK: - Lines

    private mutating func runLines(_ signals: borrowing SignalPipe) {
        var polls = PollSet()
        let signal = polls.add(fileDescriptor: signals.descriptor)
        polls.add(fileDescriptor: client.wakeDescriptor)
        let plain = PlainLines(words: words, usesColour: usesColour, utcOffset: Self.utcOffset(at: time.now()))
        let deadline = time.monotonicMilliseconds() + options.onceWithin
        while exitCode == nil {
            let now = time.monotonicMilliseconds()
            var wait: Int64 = 1_000
            if let due = store.due(now: now) { wait = min(wait, due) }
            _ = try? polls.poll(timeoutMilliseconds: Int(max(0, wait)))
            if !polls.ready(signal).isEmpty, signals.read().contains(where: SignalPipe.endsProgram) { exitCode = 0 }
            if options.once, exitCode == nil, now >= deadline {
                Self.warn(words.text(.errorPrefix, words.text(.onceTimedOut, words.span(options.onceWithin / 1_000))))
                exitCode = 69
            }
            for output in client.takeOutputs() where exitCode == nil {
                guard show(output, plain, signals) else {
                    // Nobody reads any more, or a signal came while nobody read. What was not written was not shown.
                    exitCode = 0
                    break
                }
                _ = screen.take(output, words: words)
                finish(output)
                if options.once { leaveIfReached(output) }
            }
            save(isForced: false)
        }
    }

    private func show(_ output: PatrolOutput, _ plain: PlainLines, _ signals: borrowing SignalPipe) -> Bool {
        if sink == .json { return LineWriter.write(JSONLines.lines(output), until: signals) }
        if case .events(let batch) = output { return LineWriter.write(plain.events(batch), until: signals) }
        if let status = plain.status(output) { Self.warn(status) }
        return true
    }

    private mutating func leaveIfReached(_ output: PatrolOutput) {
        switch output {
        case .caughtUp: exitCode = 0
        case .link(.refused, _), .link(.wrongDaemon, _): exitCode = 77
        case .refused(let rejection) where !rejection.code.isRetriable: exitCode = 77
        default: break
        }
    }

    // MARK: - Both

    /// After an output was shown: hands its credit back and notes the place.
    private mutating func finish(_ output: PatrolOutput) {
        switch output {
        case .events(let batch):
            client.consumed(batch)
            shown[batch.lane] = batch.through
            store.note(events: batch.items.count)
        case .subscribed(let subscribed) where options.fromNow && shown == FeedCursor():
            shown = subscribed.begin
            store.note(events: 0)
        case .rewound(let lane, _, let to):
            shown[lane] = to
            store.note(events: 0)
        case .ended(let reason):
            if reason != nil { exitCode = 71 } else if exitCode == nil { exitCode = 0 }
        default: break
        }
    }

    private mutating func save(isForced: Bool) {
        let now = time.monotonicMilliseconds()
        guard let due = store.due(now: now), isForced || due == 0 else { return }
        let state = PatrolState(cursor: shown, incidents: screen.board.open.map(\.incident))
        do throws(FileFailure) {
            try store.save(state, now: now)
            saveTrouble = nil
            screen.warning = nil
            client.kept(shown)
        } catch {
            let text = words.text(.cursorSaveFailed, words.describe(error))
            if saveTrouble == nil, sink != .screen { Self.warn(words.text(.warningPrefix, text)) }
            screen.warning = text
            saveTrouble = text
        }
    }

    /// A line on stderr.
    static func warn(_ text: String) {
        try? DurableFile.writeAll(STDERR_FILENO, Array((text + "\n").utf8))
    }

    static func utcOffset(at time: Timestamp) -> Int64 {
        var seconds = time_t(time.milliseconds / 1_000)
        var local = tm()
        guard localtime_r(&seconds, &local) != nil else { return 0 }
        return Int64(local.tm_gmtoff)
    }
}

/// Writes lines to standard output at once, and lets go when the program is to end while nobody reads.
enum LineWriter {
    /// - Returns: false when the reader is gone or a signal ended the wait; then only a part may be written.
    static func write(_ lines: [String], until signals: borrowing SignalPipe) -> Bool {
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        var polls = PollSet()
        let output = polls.add(fileDescriptor: STDOUT_FILENO, .writable)
        let signal = polls.add(fileDescriptor: signals.descriptor)
        var written = 0
        while written < bytes.count {
            guard (try? polls.poll(timeoutMilliseconds: 1_000)) != nil else { return false }
            if polls.ready(output).isEmpty {
                // Not every signal ends the program: a window that changed its size is no reason to go.
                if !polls.ready(signal).isEmpty, signals.read().contains(where: SignalPipe.endsProgram) { return false }
                continue
            }
            // A pipe that is writable takes this much without blocking (PIPE_BUF).
            let end = min(bytes.count, written + 4_096)
            let count = bytes[written..<end].withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
