import Administration
import Hummingbird
import LocalHTTP

/// Turns what a page's handler throws into a page: nobody signed in leads to the login, and back from there.
struct PageErrors: RouterMiddleware {
    typealias Context = BoardContext

    func handle(
        _ request: Request, context: BoardContext, next: (Request, BoardContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let refusal as JSONRefusal {
            if refusal.status == .unauthorized, refusal.error.code != "wrong_credentials" {
                return seeOther(request.method == .get ? "/login?next=" + percentEncoded(request.uri.path) : "/login")
            }
            var response = errorPage(refusal, context.language)
            if let seconds = refusal.retryAfterSeconds { response.headers[.retryAfter] = "\(seconds)" }
            return response
        }
    }
}

/// A path as a query's value.
func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"):
            bytes.append(byte)
        default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// Text for HTML.
func escaped(_ text: String) -> String { xmlEscaped(text) }
