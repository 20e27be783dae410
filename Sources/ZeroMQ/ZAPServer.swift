// The thread that answers libzmq's question "may this key come in?". It must be running before a CURVE server binds. When it is
// gone, CURVE servers let nobody in, since SocketOptions makes libzmq insist on an answer.

import CZeroMQ
import Glibc
import Synchronization

/// Answers the ZAP requests of every socket in one context, on a thread of its own. Anything but CURVE is refused without asking
/// the handler. Letting it go stops the thread.
public final class ZAPServer: Sendable {
    /// Decides about one client. Runs on the ZAP thread and holds up other handshakes meanwhile: only look things up, do not wait.
    public typealias Handler = @Sendable (ZAPRequest) -> ZAPReply

    private let loop: ZAPLoop
    private let thread = Mutex<ThreadHandle?>(nil)

    /// - Throws: `EMFILE` when descriptors ran out.
    public init(_ context: Context, handler: @escaping Handler) throws(ZeroMQError) {
        loop = try ZAPLoop(context, handler)
    }

    /// Starts the thread and returns once it is bound, so that a server may bind next. Started once; a new start needs a
    /// new server.
    /// - Throws: `EADDRINUSE` when the context already has a ZAP server, `EALREADY` when it was started before, `ETERM`,
    ///   and `ETIMEDOUT` when it took more than five seconds.
    public func start() throws(ZeroMQError) {
        let loop = loop
        let started: Result<Void, ZeroMQError> = thread.withLock { thread in
            guard thread == nil else {
                return .failure(ZeroMQError(code: EALREADY, operation: "start the ZAP server"))
            }
            do throws(ZeroMQError) {
                thread = try spawnThread(name: "zap") { loop.run() }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try started.get()
        guard loop.bound.wait(.seconds(5)) else {
            loop.stop()
            throw ZeroMQError(code: ETIMEDOUT, operation: "start the ZAP server")
        }
        if let error = loop.failure.withLock({ $0 }) { throw error }
    }

    /// Stops the thread and closes its socket. From then on nobody new is let in.
    /// - Parameter deadline: how long to wait at most; the handler may be at work.
    /// - Returns: false when the thread was still running at the deadline.
    @discardableResult
    public func stop(deadline: Duration) -> Bool {
        loop.stop()
        return thread.withLock { $0 }?.join(deadline: deadline) ?? true
    }

    deinit { loop.stop() }
}

/// What the thread runs; apart from `ZAPServer`, so that the thread does not keep the server alive.
private final class ZAPLoop: Sendable {
    let bound: Latch
    let failure = Mutex<ZeroMQError?>(nil)
    private let context: Context
    private let handler: ZAPServer.Handler
    private let wake: WakeSignal
    private let isStopping = Atomic<Bool>(false)

    init(_ context: Context, _ handler: @escaping ZAPServer.Handler) throws(ZeroMQError) {
        self.context = context
        self.handler = handler
        bound = try Latch()
        wake = try WakeSignal()
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
    }

    func run() {
        defer { bound.open() }
        do throws(ZeroMQError) {
            let socket = try Socket(context, .rep)
            try socket.bind("inproc://zeromq.zap.01")
            bound.open()
            try serve(socket)
        } catch {
            // Before binding, start() reports it. Later it can only be the end of the context, or a fault after which
            // nobody is let in.
            failure.withLock { $0 = error }
        }
    }

    private func serve(_ socket: borrowing Socket) throws(ZeroMQError) {
        var polls = PollSet()
        polls.add(socket.handle)
        polls.add(fileDescriptor: wake.fileDescriptor)
        // Seven frames are a CURVE request; an eighth shows that there was more than one credential.
        var message = Multipart(maxFrames: 8)
        while !isStopping.load(ordering: .acquiring) {
            try polls.poll(timeoutMilliseconds: 1_000)
            while !isStopping.load(ordering: .acquiring) {
                guard try socket.tryReceive(into: &message) else { break }
                try socket.send(frames: answer(message), dontWait: true)
            }
        }
    }

    private func answer(_ message: borrowing Multipart) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        for index in 0..<message.frameCount { frames.append(message.bytes(index)) }
        switch ZAPParsed(frames) {
        case .request(let request): return handler(request).frames(for: request.requestID)
        case .refuse(let requestID, let status, let text):
            return ZAPReply.frames(requestID: requestID, status: status, text: text)
        }
    }
}
