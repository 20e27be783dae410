internal import Glibc
internal import Logging
internal import Settings
internal import Station
internal import Synchronization
internal import ZeroMQ

/// Looks at the free space of the data directory four times a second, on a thread of its own, keeps the reserve, and tells the
/// core when the level changes.
final class DiskWatch: Sendable {
    struct Reading: Sendable {
        var level = DiskLevel.enough
        /// Bytes that this user may still write; nil where the system does not tell.
        var free: Int?
        /// Bytes of the reserve that are held.
        var reserve = 0
    }

    private let directory: String
    private let settings: DaemonSettings.Disk
    private let onChange: @Sendable (DiskLevel) -> Bool
    private let logger: Logger
    private let wake: WakeSignal
    private let isStopping = Atomic<Bool>(false)
    private let lacksReserve = Atomic<Bool>(false)
    private let thread = Mutex<ThreadHandle?>(nil)
    private let latest = Mutex(Reading())

    /// - Parameter onChange: is told a new level; false when it could not be taken, and then it is told again.
    init(
        directory: String, settings: DaemonSettings.Disk, logger: Logger, onChange: @escaping @Sendable (DiskLevel) -> Bool
    ) throws(ZeroMQError) {
        self.directory = directory
        self.settings = settings
        self.logger = logger
        self.onChange = onChange
        wake = try WakeSignal()
    }

    var reading: Reading { latest.withLock { $0 } }

    /// Looks once, so that the level holds before a tip is taken, and goes on beside.
    func start() throws(ZeroMQError) {
        // Of another size than is configured now: it would hold room for nothing.
        if !holdsReserve { unlink(path) }
        var plan = DiskPlan(lowWater: settings.lowWater, reserve: settings.reserve)
        var told = DiskLevel.enough
        look(&plan, &told)
        let handle = try spawnThread(name: "disk") { [self, plan, told] in
            var (plan, told) = (plan, told)
            var polls = PollSet()
            polls.add(fileDescriptor: wake.fileDescriptor)
            while !isStopping.load(ordering: .acquiring) {
                _ = try? polls.poll(timeoutMilliseconds: 250)
                look(&plan, &told)
            }
        }
        thread.withLock { $0 = handle }
    }

    func stop(deadline: Duration) -> Bool {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        return thread.withLock { $0 }?.join(deadline: deadline) ?? true
    }

    private func look(_ plan: inout DiskPlan, _ told: inout DiskLevel) {
        // A file system that does not tell is no reason to refuse anything.
        guard var free = freeSpace() else { return }
        var hasReserve = holdsReserve
        // Where none can be held (a quota, a file system without it), the level goes by the free space alone.
        var cannotHold = false
        // Given up or taken, the free space is another: once more with that.
        for _ in 0..<2 {
            guard let action = plan.look(free: free, hasReserve: hasReserve || cannotHold) else { break }
            switch action {
            case .giveUpReserve:
                if hasReserve {
                    logger.error("the disk is full: its reserve is given up, so that claims and steps go on", metadata: ["free": "\(free)"])
                }
                unlink(path)
            case .takeReserve: cannotHold = !takeReserve()
            }
            (free, hasReserve) = (freeSpace() ?? free, holdsReserve)
        }
        tellReserve(isMissing: cannotHold)
        latest.withLock { $0 = Reading(level: plan.level, free: free, reserve: hasReserve ? settings.reserve : 0) }
        guard plan.level != told, onChange(plan.level) else { return }
        told = plan.level
        tell(plan.level, free: free)
    }

    /// Once for each time that it becomes so.
    private func tellReserve(isMissing: Bool) {
        let isNew = lacksReserve.exchange(isMissing, ordering: .relaxed) != isMissing
        guard isNew, isMissing else { return }
        logger.warning("no reserve can be held for a full disk", metadata: ["file": "\(path)", "bytes": "\(settings.reserve)"])
    }

    private func tell(_ level: DiskLevel, free: Int) {
        let free: Logger.Metadata = ["free": "\(free)", "low_water": "\(settings.lowWater)", "directory": "\(directory)"]
        switch level {
        case .enough: logger.notice("the disk has room again: tips are taken", metadata: free)
        case .low: logger.error("the disk is nearly full: tips other than emergencies are refused and wait at their posts", metadata: free)
        case .full: logger.critical("the disk is full: every tip is refused and waits at its post", metadata: free)
        }
    }

    // MARK: - Files

    private var path: String { directory + "/reserve" }

    private func freeSpace() -> Int? {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return nil }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : Int(clamping: bytes)
    }

    private var holdsReserve: Bool {
        var status = stat()
        return settings.reserve > 0 && lstat(path, &status) == 0 && status.st_size == settings.reserve
    }

    /// Blocks are asked of the file system: a file with a hole would hold no room.
    private func takeReserve() -> Bool {
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard posix_fallocate(descriptor, 0, off_t(settings.reserve)) == 0 else {
            unlink(path)
            return false
        }
        return true
    }
}
