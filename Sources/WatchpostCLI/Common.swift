import ArgumentParser
import FoundationEssentials
import Glibc
import LocalHTTP
import Localization
import Settings
import UnixSignals

/// Exit codes, as in sysexits.h.
enum ExitStatusCode {
    /// Refused, failed, or something differs from what it should be.
    static let failed: Int32 = 1
    /// Nobody answers.
    static let unreachable: Int32 = 69
    /// A configuration file or key bundle is wrong.
    static let configuration: Int32 = 78
}

/// A command that failed, in the words for its user.
struct CLIFailure: Error, CustomStringConvertible {
    var message: String
    var code: Int32

    init(_ message: String, code: Int32 = ExitStatusCode.failed) {
        self.message = message
        self.code = code
    }

    /// A configuration that is wrong: one line for each thing, with its place.
    init(_ error: SettingsError) {
        self.init(error.description, code: ExitStatusCode.configuration)
    }

    var description: String { message }
}

/// Says that a configuration file is not there, and what to do, before the loader says only that.
func requireFile(_ path: String, _ words: Words) throws(CLIFailure) {
    guard access(path, F_OK) != 0, errno == ENOENT else { return }
    throw CLIFailure(
        words("没有配置文件 \(path)：用 --config 指定", "there is no configuration file \(path): name it with --config"),
        code: ExitStatusCode.configuration)
}

/// The language of help, which is made before any option is read.
enum HelpLanguage {
    static let words = Words(language(arguments: CommandLine.arguments, environment: ProcessInfo.processInfo.environment))

    static func language(arguments: [String], environment: [String: String]) -> Language {
        var flag: String?
        for (index, argument) in arguments.enumerated() {
            if argument == "--lang", arguments.indices.contains(index + 1) { flag = arguments[index + 1] }
            if argument.hasPrefix("--lang=") { flag = String(argument.dropFirst(7)) }
        }
        return Language.choose(flag: flag, environment: environment)
    }
}

/// Help in the user's language.
func tell(_ zh: String, _ en: String) -> String { HelpLanguage.words(zh, en) }

/// An option's help in the user's language.
func hint(_ zh: String, _ en: String, _ valueName: String? = nil) -> ArgumentHelp {
    ArgumentHelp(stringLiteral: HelpLanguage.words(zh, en)).named(valueName)
}

extension ArgumentHelp {
    fileprivate func named(_ valueName: String?) -> ArgumentHelp {
        var help = self
        if let valueName { help.valueName = valueName }
        return help
    }
}

/// A language on the command line.
struct LanguageTag: ExpressibleByArgument {
    let language: Language

    init?(argument: String) {
        guard let language = Language(tag: argument) else { return nil }
        self.language = language
    }

    static var allValueStrings: [String] { ["zh-CN", "en"] }
}

/// What every command takes.
struct LanguageOption: ParsableArguments {
    @Option(help: hint("语言（默认随系统）", "Language. (default: the locale's)", "language"))
    var lang: LanguageTag?

    var words: Words {
        Words(lang?.language ?? Language.choose(flag: nil, environment: ProcessInfo.processInfo.environment))
    }
}

/// What every command that prints takes.
struct OutputOptions: ParsableArguments {
    @OptionGroup var language: LanguageOption

    @Flag(help: hint("输出 JSON，每行一个对象", "Print JSON, one object a line."))
    var json = false

    var words: Words { language.words }

    /// Prints the value as JSON, or the text.
    func print(_ value: some Encodable, text: () -> String) throws {
        if json { try printJSON(value) } else { Output.line(text()) }
    }
}

/// One JSON object on one line.
func printJSON(_ value: some Encodable) throws {
    Output.line(String(decoding: try encodeJSON(value), as: UTF8.self))
}

/// Standard output and error, written at once: piped output that waits in a buffer is lost in a crash.
enum Output {
    static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    static func errorLine(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                // The reader has gone (`| head`): there is nobody to tell.
                if errno == EPIPE, descriptor == STDOUT_FILENO { Glibc.exit(0) }
                return
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Of the terminal that standard output is; nil where it is none.
    static var columns: Int? { window.map { Int($0.ws_col) } }
    static var rows: Int? { window.map { Int($0.ws_row) } }

    private static var window: winsize? {
        var window = winsize()
        guard isTerminal, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
            return nil
        }
        return window
    }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}

/// A word on the terminal while something may take seconds; it leaves no trace.
struct Progress {
    private let isShown: Bool

    init(_ text: String, isShown: Bool) {
        self.isShown = isShown && Output.errorIsTerminal
        if self.isShown { Output.write(text, to: STDERR_FILENO) }
    }

    func end() {
        if isShown { Output.write("\r\u{1B}[K", to: STDERR_FILENO) }
    }
}

/// Makes SIGINT, SIGTERM and SIGHUP end the process through `exit`, so that children are killed and temporary folders
/// removed. For the commands that start programs.
func exitOnSignals() {
    Task.detached {
        for await signal in await UnixSignalsSequence(trapping: [.sigint, .sigterm, .sighup]) {
            Glibc.exit(128 + signal.rawValue)
        }
    }
}
