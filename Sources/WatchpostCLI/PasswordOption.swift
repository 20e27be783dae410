import ArgumentParser
import Glibc
import Localization

/// How a command gets a password: never as an argument, which every user of the machine could read.
struct PasswordOption: ParsableArguments {
    @Flag(help: hint("从标准输入读一行作密码", "Read the password from one line of standard input."))
    var passwordStdin = false

    /// Longer lines are refused.
    private static let bound = 1_024

    func read(_ words: Words) throws(CLIFailure) -> String {
        if passwordStdin { return try line(words) }
        guard isatty(STDIN_FILENO) == 1 else {
            throw CLIFailure(words("标准输入不是终端：用 --password-stdin", "standard input is no terminal: use --password-stdin"))
        }
        let password = try ask(words("密码：", "Password: "), words)
        guard try ask(words("再输一次：", "Once more: "), words) == password else {
            throw CLIFailure(words("两次输入不一致", "the two differ"))
        }
        return password
    }

    /// Reads a line that is not shown.
    private func ask(_ prompt: String, _ words: Words) throws(CLIFailure) -> String {
        Output.write(prompt, to: STDERR_FILENO)
        var shown = termios()
        let isKnown = tcgetattr(STDIN_FILENO, &shown) == 0
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        if isKnown { tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) }
        defer {
            if isKnown { tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown) }
            Output.write("\n", to: STDERR_FILENO)
        }
        return try line(words)
    }

    private func line(_ words: Words) throws(CLIFailure) -> String {
        guard let line = readLine(strippingNewline: true), !line.isEmpty else {
            throw CLIFailure(words("没有输入密码", "no password was given"))
        }
        guard line.utf8.count <= Self.bound else { throw CLIFailure(words("密码太长", "the password is too long")) }
        return line
    }
}
