import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Synchronization

// Hummingbird binds by itself and takes no socket that listens already (2.28). So for one from systemd the accept loop is here; everything
// that happens on a connection is Hummingbird's, by the same channel as for the other binds.

/// Accepts on a socket that listens already.
struct InheritedServer: Sendable {
    let descriptor: Int32
    let connections: Int
    let logger: Logger

    /// Serves until graceful shutdown; then nothing more is accepted, and requests in progress finish. Connections that wait in the kernel's
    /// queue stay there for the next process.
    func run<Child: ServerChildChannel>(_ child: Child, whenListening: @escaping @Sendable () async -> Void) async throws {
        let open = OpenChannels()
        let (connections, logger) = (connections, logger)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let bound = AvailableConnectionsChannelHandler(delegate: MaximumAvailableConnections(connections, logger: logger))
                    try channel.pipeline.syncOperations.addHandler(bound)
                }
            }
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .bind(descriptor, serverBackPressureStrategy: nil) { channel in
                open.add(channel)
                return child.setup(channel: channel, logger: logger)
            }
        await withGracefulShutdownHandler {
            await whenListening()
            await withDiscardingTaskGroup { group in
                do {
                    try await listener.executeThenClose { inbound in
                        for try await value in inbound {
                            group.addTask { await child.handle(value: value, logger: logger) }
                        }
                    }
                } catch {
                    logger.error("accepting on a socket from systemd ended", metadata: ["reason": "\(error)"])
                }
            }
        } onGracefulShutdown: {
            listener.channel.close(promise: nil)
            open.quiesce()
        }
    }

    /// What Hummingbird's Application does with a request: asks the routes, and dates the answer.
    static func answer(_ responder: LimitedResponder, logger: Logger) -> HTTPChannelHandler.Responder {
        { request, writer, channel in
            let context = PeerRequestContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
            var response: Response
            do {
                response = try await responder.respond(to: request, context: context)
            } catch let error as HTTPParserError {
                throw error
            } catch {
                response = Response(status: .internalServerError)
            }
            response.headers[.date] = httpDate()
            try await writer.write(response: response.head, body: response.body)
        }
    }
}

/// The connections that are open, to tell them that the server ends.
private final class OpenChannels: Sendable {
    private let state = Mutex<(channels: [ObjectIdentifier: any Channel], isQuiescing: Bool)>(([:], false))

    func add(_ channel: any Channel) {
        let isQuiescing = state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = channel
            return state.isQuiescing
        }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { _ = $0.channels.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        if isQuiescing { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    func quiesce() {
        let channels = state.withLock { state in
            state.isQuiescing = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }
}

/// The `Date` header's form of now (RFC 9110, section 5.6.7).
private func httpDate() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    var text = [CChar](repeating: 0, count: 40)
    let length = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
    return String(decoding: text.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
