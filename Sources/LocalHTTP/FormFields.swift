public import Hummingbird

/// The fields of a form as a browser sends them, `application/x-www-form-urlencoded`.
public struct FormFields: Sendable {
    /// Further ones are refused.
    public static let mostFields = 256

    private let fields: [(name: String, value: String)]

    /// Whether the body is said to be a form.
    public static func isForm(_ request: Request) -> Bool {
        guard let type = request.headers[.contentType]?.split(separator: ";").first else { return false }
        return type.filter { $0 != " " }.lowercased() == "application/x-www-form-urlencoded"
    }

    /// Reads the body, which the server has already read within its limit.
    /// - Throws: 415 for another type, 400 for what is no form or has too many fields.
    public init(_ request: Request) async throws {
        guard Self.isForm(request) else {
            throw JSONRefusal(.unsupportedMediaType, code: "not_a_form", message: "send the form as application/x-www-form-urlencoded", field: "Content-Type")
        }
        let body = try await request.body.collect(upTo: LocalServer.Limits.greatestBody)
        try self.init(text: String(buffer: body))
    }

    /// Reads a form's text.
    public init(text: String) throws {
        // No further than tells that there are too many, and by bytes: a body may be megabytes, and this may be an event loop.
        let pairs = text.utf8.split(separator: UInt8(ascii: "&"), maxSplits: Self.mostFields)
        guard pairs.count <= Self.mostFields else {
            throw JSONRefusal(.badRequest, code: "too_many_fields", message: "a form may have at most \(Self.mostFields) fields")
        }
        fields = try pairs.map { pair in
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(parts[0]), let value = parts.count > 1 ? Self.decode(parts[1]) : "" else {
                throw JSONRefusal(.badRequest, code: "bad_form", message: "the form is not properly encoded")
            }
            return (name, value)
        }
    }

    /// The first value; nil where the field is missing.
    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// All values of a field that may come more than once, such as check boxes.
    public func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    private static func decode(_ text: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var rest = text.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
