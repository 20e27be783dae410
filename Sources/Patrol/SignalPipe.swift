import Glibc

/// Signals as bytes on a descriptor that a thread can poll. One at a time in a process.
struct SignalPipe: ~Copyable {
    private static let watched = [SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT]
    /// Safe unguarded: written before the handlers are in and after they are out; a handler only reads it.
    nonisolated(unsafe) private static var writing: Int32 = -1

    /// Readable when a signal came.
    let descriptor: Int32
    private let other: Int32
    private let before: [sigaction]

    /// - Throws: when descriptors ran out.
    init() throws(FileFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw FileFailure(.pipe) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        other = ends[1]
        Self.writing = other
        before = Self.watched.map { number in
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                let code = errno
                var byte = UInt8(truncatingIfNeeded: number)
                // A full pipe holds enough to be read; nothing else can be done here.
                _ = write(SignalPipe.writing, &byte, 1)
                errno = code
            }
            action.sa_flags = SA_RESTART
            var old = sigaction()
            sigaction(number, &action, &old)
            return old
        }
    }

    deinit {
        for (number, action) in zip(Self.watched, before) {
            var action = action
            sigaction(number, &action, nil)
        }
        Self.writing = -1
        close(descriptor)
        close(other)
    }

    /// The signals that came.
    func read() -> [Int32] {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? buffer[..<count].map { Int32($0) } : []
    }

    static func endsProgram(_ signal: Int32) -> Bool { signal == SIGINT || signal == SIGTERM || signal == SIGHUP }
}
