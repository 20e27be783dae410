import Hummingbird
import LocalHTTP
import NIOCore
import Settings
import TipModel

/// `POST /v1/page/links`: how to open the guard's page.
public struct PageLink: Codable, Sendable {
    /// Opens it once, within five minutes, on this machine; absent where `http_listen` is off.
    public var local: String?
    /// The page's address over HTTPS; absent where `page.listen` is off.
    public var remote: String?
    /// The file with the PIN for that.
    public var pinFile: String

    enum CodingKeys: String, CodingKey {
        case local, remote
        case pinFile = "pin_file"
    }
}

extension Door {
    /// Only who may use the Unix socket gets a link: over TCP a token in a script would be enough to become the guard.
    func link(_ sessions: PageSessions, _ context: PeerRequestContext) throws(JSONRefusal) -> Response {
        guard context.transport == .unix else {
            throw JSONRefusal(.forbidden, code: "unix_socket_only", message: "a link is given over the Unix socket only")
        }
        let port = ports.http ?? settings.httpListen?.port
        let local = settings.httpListen.flatMap { listen in
            port.map { "http://\(listen.host.contains(":") ? "[\(listen.host)]" : listen.host):\($0)/open?code=\(sessions.makeCode())" }
        }
        let remote = settings.page.listen.map { listen in "https://\(listen.host):\(ports.page ?? listen.port)/" }
        return jsonResponse(.ok, PageLink(local: local, remote: remote, pinFile: settings.page.pinFile))
    }

    /// A photo that a tip will name: the raw body.
    func keepPhoto(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: LocalServer.Limits.greatestBody)
        do throws(SpoolError) {
            let hash = try await spool.keepPhoto(Array(body.readableBytesView), at: clock.time.now())
            return jsonResponse(.created, PhotoReply(sha256: hexadecimal(hash)))
        } catch {
            throw Self.refusal(error)
        }
    }
}

/// `POST /v1/photos`: what a tip names the photo by.
struct PhotoReply: Codable {
    var sha256: String
}
