import Hummingbird
import NIOCore

/// A page. The security headers are set for every answer by ``SecurityHeaders``.
func pageResponse(_ status: HTTPResponse.Status, _ html: String) -> Response {
    Response(
        status: status, headers: [.contentType: "text/html; charset=utf-8"], body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
}

/// The way to another page after a form was taken (POST, redirect, GET).
func seeOther(_ path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }
