import Glibc
import Synchronization
import TestSupport

/// A program on a terminal of its own: what it draws is kept, keys can be pressed, the window resized.
final class PseudoTerminal: Sendable {
    let processID: pid_t
    private let master: Int32
    private let drawn = Mutex<[UInt8]>([])
    private let exit = Mutex<Int32?>(nil)

    struct Failure: Error {
        var what: String
        var code = errno
    }

    /// - Throws: when there is no terminal to be had or the program does not start.
    init(_ executable: String, _ arguments: [String], environment: [String], columns: UInt16, rows: UInt16) throws {
        // Glibc's module lacks posix_openpt and its kin, and these requests of ioctl.
        let (getNumber, setLock, newSession): (UInt, UInt, Int16) = (0x8004_5430, 0x4004_5431, 0x80)
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (number, unlocked): (Int32, Int32) = (0, 0)
        guard master >= 0, ioctl(master, getNumber, &number) == 0, ioctl(master, setLock, &unlocked) == 0 else { throw Failure(what: "open") }
        let slave = "/dev/pts/\(number)"
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        guard ioctl(master, UInt(TIOCSWINSZ), &size) == 0 else { throw Failure(what: "size") }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A session of its own, so that the terminal that it opens becomes its controlling one; no signal blocked.
        posix_spawnattr_setflags(&attributes, newSession | Int16(POSIX_SPAWN_SETSIGMASK))
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, slave, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        let words = ([executable] + arguments).map { strdup($0) } + [nil]
        let values = environment.map { strdup($0) } + [nil]
        defer { for word in words + values { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, executable, &actions, &attributes, words, values)
        guard code == 0 else { throw Failure(what: "spawn", code: code) }
        processID = pid
    }

    deinit {
        if exit.withLock({ $0 }) == nil {
            kill(processID, SIGKILL)
            var status: Int32 = 0
            waitpid(processID, &status, 0)
        }
        close(master)
    }

    /// Everything that came from the program so far.
    var output: String {
        drawn.withLock { drawn in
            var buffer = [UInt8](repeating: 0, count: 16_384)
            while true {
                let count = read(master, &buffer, buffer.count)
                guard count > 0 else { break }
                drawn += buffer[..<count]
            }
            return String(decoding: drawn, as: UTF8.self)
        }
    }

    func press(_ keys: String) { _ = Array(keys.utf8).withUnsafeBytes { write(master, $0.baseAddress, $0.count) } }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    /// Whether keys come as they are typed and are not shown: raw mode.
    var isRaw: Bool {
        var settings = termios()
        return tcgetattr(master, &settings) == 0 && settings.c_lflag & tcflag_t(ICANON | ECHO) == 0
    }

    /// Waits for its end: the exit code, or minus the signal's number; nil when it still runs.
    func waitForExit() async -> Int32? {
        _ = await soon {
            exit.withLock { exit in
                if exit != nil { return true }
                var status: Int32 = 0
                guard waitpid(processID, &status, WNOHANG) == processID else { return false }
                exit = status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
                return true
            }
        }
        return exit.withLock { $0 }
    }
}

/// What stands on a terminal's screen after `output`: enough of one for what RawTerminal sends, and anything else that
/// came is in ``unknown``.
struct ScreenReader {
    private(set) var cells: [[String]]
    /// Sequences and control characters that RawTerminal has no use for.
    private(set) var unknown: [String] = []
    private(set) var isAlternate = false
    private(set) var bells = 0

    init(columns: Int, rows: Int, _ output: String) {
        cells = Array(repeating: Array(repeating: " ", count: columns), count: rows)
        var (row, column) = (0, 0)
        var rest = Array(output.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\u{1B}":
                guard rest.first == "[" else {
                    unknown.append("ESC \(rest.first.map(String.init) ?? "")")
                    continue
                }
                rest = rest.dropFirst()
                let parameters = String(String.UnicodeScalarView(rest.prefix { $0.value < 0x40 }))
                rest = rest.dropFirst(parameters.unicodeScalars.count)
                let final = rest.popFirst().map(String.init) ?? ""
                switch parameters + final {
                case "2J": for row in cells.indices { cells[row] = Array(repeating: " ", count: columns) }
                case "K": if row < rows { for index in min(column, columns - 1)..<columns { cells[row][index] = " " } }
                case "?1049h": isAlternate = true
                case "?1049l": isAlternate = false
                case "?25l", "?25h", "?7l", "?7h": break
                default:
                    if final == "H", let at = Int(parameters.split(separator: ";").first ?? "") {
                        (row, column) = (at - 1, 0)
                    } else if final != "m" {
                        unknown.append("ESC [ \(parameters)\(final)")
                    }
                }
            case "\u{7}": bells += 1
            case "\r": column = 0
            case "\n": row += 1
            case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value): unknown.append("U+\(String(scalar.value, radix: 16))")
            default:
                let width = max(1, TextWidth.columns(scalar))
                if row < rows, column < columns {
                    cells[row][column] = String(scalar)
                    if width == 2, column + 1 < columns { cells[row][column + 1] = "" }
                }
                column = min(column + width, columns)
            }
        }
    }

    func line(_ row: Int) -> String {
        let text = cells[row].joined()
        return String(text.reversed().drop { $0 == " " }.reversed())
    }

    var lines: [String] { cells.indices.map { line($0) } }
}

private enum TextWidth {
    /// Enough for the texts of these tests, and not the code that is tested.
    static func columns(_ scalar: Unicode.Scalar) -> Int { (0x2E80...0xFF60).contains(scalar.value) ? 2 : 1 }
}
