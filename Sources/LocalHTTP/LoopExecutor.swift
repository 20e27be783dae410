import NIOCore

/// Runs the tasks of a connection on the connection's own event loop.
///
/// A request is then read, handled and answered on one thread. On Swift's pool each of these is handed to another thread, and on an
/// idle machine waking one takes longer than a short request's work. The rule is that of the pool: a handler never blocks.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
