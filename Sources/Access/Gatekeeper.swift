import Synchronization
public import ZeroMQ

/// Answers ZAP from the access table and counts what it refuses.
public final class Gatekeeper: Sendable {
    /// The ZAP domain of every socket. Non-empty, because libzmq skips the handler for an empty one.
    public static let domain = "watchpost"
    /// Refused keys that are remembered, so that each is logged once; at the bound the memory starts anew.
    static let rememberedBound = 1_024

    private struct Refusals {
        var total: UInt64 = 0
        var keys: Set<CurveKey> = []
    }

    private let table: AccessTable
    private let refusals = Mutex(Refusals())
    private let onFirstRefusal: @Sendable (CurveKey, String) -> Void

    /// - Parameter onFirstRefusal: called on the ZAP thread once for each refused key, with its address.
    public init(table: AccessTable, onFirstRefusal: @escaping @Sendable (CurveKey, String) -> Void) {
        self.table = table
        self.onFirstRefusal = onFirstRefusal
    }

    /// The decision about one handshake.
    public func decide(_ request: ZAPRequest) -> ZAPReply {
        guard request.domain == Self.domain else { return .deny(reason: "unknown domain") }
        if let userID = table.userID(for: request.publicKey) { return .allow(userID: userID) }
        let isFirst = refusals.withLock { refusals in
            refusals.total += 1
            guard !refusals.keys.contains(request.publicKey) else { return false }
            if refusals.keys.count >= Self.rememberedBound { refusals.keys.removeAll() }
            refusals.keys.insert(request.publicKey)
            return true
        }
        if isFirst { onFirstRefusal(request.publicKey, request.address) }
        return .deny(reason: "key not enrolled")
    }

    /// Handshakes refused since the start.
    public var refused: UInt64 { refusals.withLock { $0.total } }
}
