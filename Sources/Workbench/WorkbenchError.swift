/// What went wrong in the workbench, in words to act on.
public struct WorkbenchError: Error, Sendable, CustomStringConvertible {
    public var message: String
    public var description: String { message }

    public init(_ message: String) { self.message = message }
}
