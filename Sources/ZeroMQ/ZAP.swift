// RFC 27 (ZAP) as values: what libzmq asks about a client and what is answered. No sockets here.

import Glibc

/// What libzmq asks about a client that has proved to hold a key: may it come in? Only CURVE requests get this far.
public struct ZAPRequest: Sendable, Equatable {
    /// Always `1.0`.
    public let version: String
    /// libzmq's tag, repeated in the reply.
    public let requestID: [UInt8]
    /// The `zapDomain` of the socket that the client came to.
    public let domain: String
    /// The client's IP address.
    public let address: String
    /// The routing id that the client chose; proves nothing.
    public let identity: [UInt8]
    /// Always `CURVE`.
    public let mechanism: String
    /// The client's public key, which it has proved to hold the secret of.
    public let publicKey: CurveKey

    /// The public key's 32 bytes.
    public var credentials: [UInt8] { publicKey.bytes }
}

/// The decision about one client.
public enum ZAPReply: Sendable, Equatable {
    /// Let in; each of its messages carries this user id (1–255 bytes, no zero).
    case allow(userID: String)
    /// Refused (status 400). The reason reaches no client; it is for a log on this side.
    case deny(reason: String)
}

/// A request as read from the wire, or the status that answers one that cannot be put to the handler.
enum ZAPParsed: Equatable {
    case request(ZAPRequest)
    case refuse(requestID: [UInt8], status: Int, text: String)

    /// - Parameter frames: version, request id, domain, address, identity, mechanism, then the credentials.
    init(_ frames: [[UInt8]]) {
        let requestID = frames.count > 1 && frames[1].count <= 255 ? frames[1] : []
        guard frames.count >= 6 else {
            self = .refuse(requestID: requestID, status: 500, text: "Malformed request")
            return
        }
        guard frames[0] == Array("1.0".utf8) else {
            self = .refuse(requestID: requestID, status: 500, text: "Version not supported")
            return
        }
        guard !requestID.isEmpty else {
            self = .refuse(requestID: requestID, status: 500, text: "Malformed request")
            return
        }
        guard frames[5] == Array("CURVE".utf8) else {
            self = .refuse(requestID: requestID, status: 400, text: "Mechanism refused")
            return
        }
        guard frames.count == 7, let key = CurveKey(bytes: frames[6]) else {
            self = .refuse(requestID: requestID, status: 400, text: "Malformed credentials")
            return
        }
        self = .request(
            ZAPRequest(
                version: "1.0", requestID: requestID, domain: String(decoding: frames[2], as: UTF8.self),
                address: String(decoding: frames[3], as: UTF8.self), identity: frames[4], mechanism: "CURVE",
                publicKey: key))
    }
}

extension ZAPReply {
    /// The six frames: version, request id, status code, status text, user id, metadata.
    static func frames(requestID: [UInt8], status: Int, text: String, userID: String = "") -> [[UInt8]] {
        [
            Array("1.0".utf8), requestID, Array(String(status).utf8), Array(text.utf8.prefix(255)), Array(userID.utf8), [],
        ]
    }

    func frames(for requestID: [UInt8]) -> [[UInt8]] {
        switch self {
        case .deny(let reason): return Self.frames(requestID: requestID, status: 400, text: reason)
        case .allow(let userID):
            // libzmq could not give such an id back whole, and half a name is somebody else's.
            guard (1...255).contains(userID.utf8.count), !userID.utf8.contains(0) else {
                return Self.frames(requestID: requestID, status: 500, text: "Unusable user id")
            }
            return Self.frames(requestID: requestID, status: 200, text: "OK", userID: userID)
        }
    }
}
