internal import Access
internal import Accounts
internal import Board
internal import LocalHTTP
internal import Logging
internal import ServiceLifecycle
public import Settings
internal import Station
internal import Supervision
internal import Synchronization
internal import TipModel

/// Where the board can be opened, once it listens; for status and for the first link.
final class BoardAddress: Sendable {
    private let known = Mutex<String?>(nil)

    var address: String? {
        get { known.withLock { $0 } }
        set { known.withLock { $0 = newValue } }
    }
}

/// Moves live events, and ends the streams first when the daemon stops: the server waits for its answers.
struct LiveService: Service, CustomStringConvertible {
    let description = "live events"
    let live: LiveHub

    func run() async throws { await cancelWhenGracefulShutdown { await live.run() } }
}

/// Opens the accounts; what is done to them is journalled by the core.
func openAccounts(
    _ settings: DaemonSettings, station: StationService, time: any TimeSource, logger: Logger
) throws(DaemonError) -> Accounts {
    var limits = AccountLimits()
    limits.idleMilliseconds = settings.board.sessionIdle.wholeMilliseconds
    limits.sessionMilliseconds = settings.board.sessionMax.wholeMilliseconds
    do throws(AccountError) {
        return try Accounts(directory: settings.dataDirectory, limits: limits, time: time) { change async throws(AccountError) in
            let answer = PendingAnswer<SequenceNumber>()
            let taken = station.offer(.record(.accountChanged(change), about: nil) { answer.give($0) })
            do throws(Rejection) {
                guard taken else { throw Rejection(.busy, "the core is busy") }
                _ = try await answer.wait(BoardLimits.deadline)
            } catch {
                logger.error(
                    "an account was changed, and the journal did not take the record of it",
                    metadata: ["account": "\(change.name)", "action": "\(change.action.name)", "by": "\(change.by)", "reason": "\(error.message)"])
                throw AccountError(.inputOutput, "it was done, but the journal did not take the record of it: \(error.message)")
            }
        }
    } catch {
        throw DaemonError(.inputOutput, error.message)
    }
}

/// The board's server as configured; nil where it is turned off.
func makeBoardServer(
    _ settings: DaemonSettings.Board, board: Board, address: BoardAddress, inherited: InheritedSockets, ready: Readiness, logger: Logger
) throws(DaemonError) -> LocalServer? {
    guard let listen = settings.listen else { return nil }
    let identity = try boardIdentity(settings)
    let bind: LocalServer.Bind =
        if let identity {
            .tls(host: listen.host, port: listen.port, identity: identity)
        } else {
            .tcp(host: listen.host, port: listen.port)
        }
    let descriptor = inherited.take(host: listen.host == "localhost" ? "127.0.0.1" : listen.host, port: listen.port)
    var limits = LocalServer.Limits()
    limits.connections = settings.maxConnections
    return LocalServer(router: board.router(), binds: [bind], limits: limits, inherited: descriptor.map { [0: $0] } ?? [:], logger: logger) { addresses in
        defer { ready.arrived() }
        guard case .tcp(let host, let port) = addresses.first else { return }
        let name = host.contains(":") ? "[\(host)]" : host
        let url = "\(identity == nil ? "http" : "https")://\(name):\(port)"
        address.address = url
        // The link itself opens the board, so it goes to a terminal and never to a log.
        guard board.accounts.isEmpty else { return }
        logger.notice(
            "nobody has an account yet; `watchpost user first-link` prints a link that makes the first admin",
            metadata: ["board": "\(url)"])
    }
}

/// Certificate and key of the board, checked; nil where it speaks plain HTTP.
private func boardIdentity(_ settings: DaemonSettings.Board) throws(DaemonError) -> TLSIdentity? {
    guard let certificate = settings.tlsCertificate, let key = settings.tlsKey else { return nil }
    let (chain, secret): ([UInt8], [UInt8])
    do throws(SecretFile.Failure) {
        chain = try SecretFile.read(certificate, requirePrivate: false)
        secret = try SecretFile.read(key)
    } catch {
        throw DaemonError(.configuration, "board: \(error)")
    }
    do throws(TLSIdentity.Failure) { return try TLSIdentity(certificate: chain, key: secret) } catch {
        throw DaemonError(.configuration, "board: \(error == .certificate ? certificate : key): \(error)")
    }
}

/// Checks what only the files that the configuration names can tell: the board's certificate and key.
public func checkFiles(_ settings: DaemonSettings) throws(DaemonError) {
    if settings.board.listen != nil { _ = try boardIdentity(settings.board) }
}
