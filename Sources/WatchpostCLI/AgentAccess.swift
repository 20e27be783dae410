import ArgumentParser
import FoundationEssentials
import Glibc
import LocalHTTP
import Localization
import PostAgent
import Settings

/// How a command finds the agent of this machine.
struct AgentOptions: ParsableArguments {
    @Option(help: hint("哨点服务的套接字", "The agent's socket.", "path"))
    var socket: String?

    @Option(help: hint("agent.yaml，从中取套接字路径", "agent.yaml, for the path of the socket.", "file"))
    var config: String?

    static let searched = ["./var/agent/agent.sock", "/run/watchpost-agent/agent.sock"]

    /// The socket: what is named, else `$WATCHPOST_AGENT_SOCKET`, else the first of ``searched`` that exists.
    func path(_ words: Words, environment: [String: String] = ProcessInfo.processInfo.environment) throws(CLIFailure) -> String {
        if let socket { return socket }
        if let config {
            do throws(SettingsError) { return try AgentSettings.load(path: config).socketPath } catch { throw CLIFailure(error) }
        }
        if let named = environment["WATCHPOST_AGENT_SOCKET"], !named.isEmpty { return named }
        for path in Self.searched where access(path, F_OK) == 0 || errno == EACCES { return path }
        throw unreachable(Self.searched.joined(separator: words("、", ", ")), words)
    }

    /// One request to the agent.
    /// - Returns: the reply whatever its status; see ``AgentReply``.
    func ask(
        _ words: Words, _ method: String, _ path: String, body: [UInt8]? = nil, timeout: Duration = .seconds(10)
    ) async throws(CLIFailure) -> AgentReply {
        let socket = try self.path(words)
        do throws(LocalHTTPClientError) {
            let reply = try await LocalHTTPClient(.unix(socket)).request(
                method: method, path: path, body: body, timeout: timeout)
            return AgentReply(status: reply.status, body: reply.body)
        } catch {
            switch error {
            case .cannotConnect(_, let reason) where reason == "permission denied":
                throw CLIFailure(
                    words(
                        "无权访问 \(socket)：请用哨点服务所属用户运行，或请管理员把您加入该用户组",
                        "\(socket): permission denied; run as the agent's user, or be added to its group"),
                    code: ExitStatusCode.unreachable)
            case .cannotConnect, .cancelled: throw unreachable(socket, words)
            case .timedOut:
                throw CLIFailure(
                    words(
                        "哨点服务没有应答（\(socket)）：不能确定是否已存下，请用 watchpost spool status 查看",
                        "the agent at \(socket) does not answer; whether it kept the tip is not known: see watchpost spool status"),
                    code: ExitStatusCode.unreachable)
            case .malformed, .tooLarge, .refused: throw CLIFailure("\(socket): \(error)")
            }
        }
    }

    private func unreachable(_ socket: String, _ words: Words) -> CLIFailure {
        CLIFailure(
            words.catalogue.text(.errorAgentUnreachable, socket)
                + words(
                    "。线索没有上报：请直接打电话；启动服务：systemctl start watchpost-agent",
                    ". Nothing was reported: telephone the station; start it with systemctl start watchpost-agent"),
            code: ExitStatusCode.unreachable)
    }
}

/// What the agent answered.
struct AgentReply {
    private struct Envelope: Decodable { var error: JSONError }

    var status: Int
    var body: [UInt8]

    /// The body as a `Value`.
    /// - Throws: the agent's refusal, or that the answer is not understood.
    func decode<Value: Decodable>(_ type: Value.Type, _ words: Words, accepting extra: Int? = nil) throws(CLIFailure) -> Value {
        if (200...299).contains(status) || status == extra, let value = try? JSONDecoder().decode(type, from: Data(body)) {
            return value
        }
        if let refusal = try? JSONDecoder().decode(Envelope.self, from: Data(body)) {
            throw CLIFailure(describe(refusal.error, words, asked: true))
        }
        throw CLIFailure(
            words("哨点服务的应答无法理解（状态 \(status)）：两边版本是否一致？", "the agent's answer is not understood (status \(status)); are both of one version?"))
    }
}

extension Words {
    /// How the agent stands with the daemon, by the code that it tells.
    func link(_ code: String, detail: String?) -> String {
        switch code {
        case "connecting": catalogue.text(.linkConnecting)
        case "connected": catalogue.text(.linkConnected)
        case "refused": catalogue.text(.linkRefused)
        case "wrong_daemon": catalogue.text(.linkWrongDaemon)
        case "unreachable": catalogue.text(.linkUnreachable)
        case "silent": catalogue.text(.linkSilent)
        case "barred": self("值班台不接收本哨点的消息", "the station does not take this post's messages") + (detail.map { self("：", ": ") + clean($0) } ?? "")
        default: clean(detail ?? code)
        }
    }
}
