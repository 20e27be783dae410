internal import SwiftProtobuf
internal import TipModel

/// Parses a body, turning every failure into a rejection that names the body.
/// - Throws: `tooLarge` beyond `limit` bytes, `malformed` otherwise.
func parse<Body: SwiftProtobuf.Message>(
    _ bytes: some SwiftProtobufContiguousBytes, field: String, limit: Int = WireLimits.messageBytes
) throws(Rejection) -> Body {
    guard bytes.count <= limit else {
        throw Rejection(.tooLarge, field: field, "at most \(limit) bytes, has \(bytes.count)")
    }
    do {
        return try Body(serializedBytes: bytes)
    } catch {
        throw Rejection(.malformed, field: field, "not a valid protobuf \(Body.protoMessageName)")
    }
}

/// Encodes a message of ours. It cannot fail: proto3 has no required fields and our texts are valid UTF-8.
func encodeBody(_ message: some SwiftProtobuf.Message) -> [UInt8] {
    (try? message.serializedBytes()) ?? []
}
