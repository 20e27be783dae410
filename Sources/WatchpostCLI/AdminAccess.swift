import ArgumentParser
import FoundationEssentials
import Glibc
import LocalHTTP
import Localization
import Settings
import TipModel
import Workbench

/// How a command finds the daemon.
struct AdminOptions: ParsableArguments {
    @Option(help: hint("守护进程的管理套接字", "The daemon's admin socket.", "path"))
    var admin: String?

    @Option(help: hint("watchpostd.yaml，从中取套接字路径", "watchpostd.yaml, for the path of the socket.", "file"))
    var config: String?

    static let searched = ["./var/watchpostd/admin.sock", "/run/watchpost/admin.sock", "/var/lib/watchpost/admin.sock"]

    /// The socket: what is named, else `$WATCHPOST_ADMIN_SOCKET`, else the first of ``searched`` that exists.
    func socket(_ words: Words, environment: [String: String] = ProcessInfo.processInfo.environment) throws(CLIFailure) -> String {
        if let admin { return admin }
        if let config {
            do throws(SettingsError) { return try DaemonSettings.load(path: config).adminSocket } catch { throw CLIFailure(error) }
        }
        if let named = environment["WATCHPOST_ADMIN_SOCKET"], !named.isEmpty { return named }
        // One that may not be looked at counts as found: connecting then says "permission denied".
        for path in Self.searched where access(path, F_OK) == 0 || errno == EACCES { return path }
        let tried = Self.searched.joined(separator: words("、", ", "))
        throw CLIFailure(
            words(
                "找不到守护进程的管理套接字（已查 \(tried)）：启动 watchpostd，或用 --admin 指定路径",
                "no admin socket found (looked at \(tried)): start watchpostd, or name the socket with --admin"),
            code: ExitStatusCode.unreachable)
    }

    /// Asks the daemon.
    func ask<Answer>(
        _ words: Words, timeout: Duration = .seconds(10),
        _ body: (AdminClient) async throws(LocalHTTPClientError) -> Answer
    ) async throws(CLIFailure) -> Answer {
        let socket = try socket(words)
        do throws(LocalHTTPClientError) {
            return try await body(AdminClient(socket: socket, timeout: timeout))
        } catch {
            throw failure(error, socket: socket, words)
        }
    }

    private func failure(_ error: LocalHTTPClientError, socket: String, _ words: Words) -> CLIFailure {
        switch error {
        case .cannotConnect(_, let reason) where reason == "permission denied":
            CLIFailure(
                words(
                    "无权访问 \(socket)：请以 root 或守护进程所属用户运行",
                    "\(socket): permission denied; run as root or as the daemon's own user"),
                code: ExitStatusCode.unreachable)
        case .cannotConnect, .timedOut, .cancelled:
            CLIFailure(
                words.catalogue.text(.errorDaemonUnreachable, socket)
                    + words("：守护进程没有运行或没有应答（systemctl status watchpostd）", ": it is not running or hangs (systemctl status watchpostd)"),
                code: ExitStatusCode.unreachable)
        case .refused(_, let refusal): CLIFailure(describe(refusal, words, asked: true))
        case .malformed, .tooLarge:
            CLIFailure(words("守护进程的应答无法理解：两边版本是否一致？（\(error)）", "the daemon's answer is not understood; are both of one version? (\(error))"))
        }
    }
}
