public import Hummingbird
public import LocalHTTP
public import TipModel

/// The station's pages and HTTP API, on top of its ports.
public struct Board: Sendable {
    public let ports: BoardPorts
    public let time: any TimeSource

    public init(ports: BoardPorts, time: any TimeSource) {
        self.ports = ports
        self.time = time
    }

    /// All routes. Errors under /api are JSON, those of pages are pages.
    public func router() -> Router<PeerRequestContext> {
        let router = Router<PeerRequestContext>(context: PeerRequestContext.self)
        router.add(middleware: JSONErrors())
        let pages = router.group(context: BoardContext.self)
        addPages(to: pages)
        return router
    }
}
