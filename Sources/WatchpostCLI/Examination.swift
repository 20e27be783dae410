import Administration
import Glibc
import Measurement
import PostAgent
import Workbench
import ZeroMQ

/// What one check of `doctor` found.
struct Finding: Encodable, Hashable {
    enum Verdict: String, Encodable { case ok, warning, failed }

    /// Stable, for programs.
    var check: String
    var verdict: Verdict
    var detail: String
    /// What to do; nil where nothing is.
    var advice: String?

    init(_ check: String, _ verdict: Verdict, _ detail: String, _ advice: String? = nil) {
        self.check = check
        self.verdict = verdict
        self.detail = detail
        self.advice = advice
    }

    func lines(_ words: Words) -> [String] {
        let mark =
            switch verdict {
            case .ok: words("通过　", "ok      ")
            case .warning: words("提醒　", "warning ")
            case .failed: words("不通过", "FAILED  ")
            }
        return ["\(mark) \(clean(check)): \(clean(detail))"] + (advice.map { [words("　　　　→ ", "          → ") + clean($0)] } ?? [])
    }
}

/// The checks of `doctor`. Each tells what it saw and what that means.
struct Examination {
    let words: Words

    init(_ words: Words) { self.words = words }

    // MARK: The machine

    func machine() -> [Finding] { [zeroMQ(), descriptors(ProcessFigures().descriptorLimit, name: "descriptors"), clock(KernelClock())] }

    private func zeroMQ() -> Finding {
        let version = ZeroMQ.version
        guard ZeroMQ.hasCurve else {
            return Finding(
                "libzmq", .failed, words("\(version)，没有 CURVE", "\(version), without CURVE"),
                words("没有加密就不能启动：安装发行版的 libzmq5（带 libsodium）", "nothing starts without encryption: install the distribution's libzmq5, built with libsodium"))
        }
        // Before 4.3.4 a peer without a key could exhaust a server's memory.
        let parts = version.split(separator: ".").compactMap { Int($0) }
        let isOld = parts.lexicographicallyPrecedes([4, 3, 4])
        return Finding(
            "libzmq", isOld ? .warning : .ok, words("\(version)，有 CURVE", "\(version), with CURVE"),
            isOld ? words("低于 4.3.4，有已知漏洞：升级", "below 4.3.4, which mended known holes: upgrade") : nil)
    }

    /// - Parameter name: of the check.
    func descriptors(_ limit: UInt64, name: String, open: Int = 0) -> Finding {
        let isLow = limit < 4_096
        let isUsed = UInt64(max(0, open)) > limit / 5 * 4
        return Finding(
            name, isUsed ? .failed : isLow ? .warning : .ok,
            words("上限 \(limit)", "at most \(limit)") + (open > 0 ? words("，已用 \(open)", ", \(open) in use") : ""),
            isUsed || isLow ? words("每个连接用一个：在 systemd 单元里设 LimitNOFILE=65536", "each connection takes one: set LimitNOFILE=65536 in the systemd unit") : nil)
    }

    /// - Parameter kernel: nil where the kernel may not be asked.
    func clock(_ kernel: KernelClock?) -> Finding {
        guard let kernel else {
            return Finding("clock", .warning, words("无法询问内核", "the kernel may not be asked"), words("看 timedatectl", "see timedatectl"))
        }
        if kernel.isSynchronized {
            let most = TopText.number(Double(kernel.maximumError) / 1_000)
            return Finding("clock", .ok, words("已校准，误差至多 \(most) ms", "synchronised, off by at most \(most) ms"))
        }
        return Finding(
            "clock", .warning, words("没有校时服务校准过时钟", "no time service has synchronised the clock"),
            words("timedatectl set-ntp true；用 chrony 的机器看 chronyc -n sources", "timedatectl set-ntp true; where chrony runs see chronyc -n sources"))
    }

    // MARK: Files

    /// - Parameter isMade: by the program itself at its first start, so that it may be missing.
    func secret(_ path: String, isMade: Bool) -> [Finding] {
        let name = "key:" + path
        var status = stat()
        guard lstat(path, &status) == 0 else {
            let reason = errno
            if reason == ENOENT, isMade { return [] }
            return [
                Finding(
                    name, reason == EACCES ? .warning : .failed, String(cString: strerror(reason)),
                    reason == EACCES ? words("请以 root 运行本命令", "run this as root") : words("补上这个文件", "put the file there"))
            ]
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return [Finding(name, .failed, words("不是普通文件", "is not a regular file"), words("换成普通文件", "put a regular file there"))]
        }
        let mode = String(status.st_mode & 0o777, radix: 8)
        guard status.st_mode & 0o077 == 0 else {
            return [
                Finding(
                    name, .failed, words("权限 0\(mode)，别人能读", "mode 0\(mode): others can read it"),
                    words("chmod 600 \(path)；若可能已被读走，换密钥：watchpost keys rotate", "chmod 600 \(path); if it may have been read, make a new one: watchpost keys rotate"))
            ]
        }
        return [Finding(name, .ok, words("权限 0\(mode)", "mode 0\(mode)"))]
    }

    func disk(_ folder: String) async -> [Finding] {
        var findings: [Finding] = []
        if let space = DiskSpace(at: folder) {
            let tight = space.free < 200 << 20
            let low = space.free < 1 << 30 || space.free < space.size / 10
            findings.append(
                Finding(
                    "space:" + folder, tight ? .failed : low ? .warning : .ok,
                    words("可用 \(TopText.bytes(space.free))", "\(TopText.bytes(space.free)) are free"),
                    tight || low ? words("腾出空间：写满后不再受理线索", "make room: on a full disk no tip is taken") : nil))
        }
        // On a thread of its own: a disk that hangs would hold one of Swift's pool.
        let measured = (try? await offPool("fsync") { FsyncProbe.measure(folder) }) ?? .failure(FsyncProbe.Failure(reason: "no thread"))
        switch measured {
        case .failure(let failure):
            findings.append(
                Finding(
                    "fsync:" + folder, .warning, words("无法测量：", "cannot be measured: ") + failure.reason,
                    words("数据目录还没有，或须以其用户运行本命令", "the folder is not there yet, or this must run as its user")))
        case .success(let probe): findings.append(fsync(folder, probe))
        }
        return findings
    }

    /// A tip that comes alone waits for one commit; one that comes while a commit is under way for what is left of that and its
    /// own, so for two at most.
    func fsync(_ folder: String, _ probe: FsyncProbe) -> Finding {
        let (median, worst) = (TopText.number(probe.medianMs), TopText.number(probe.worstMs))
        let (alone, busy) = (TopText.number(probe.medianMs + 1), TopText.number(probe.worstMs * 2 + 1))
        let verdict: Finding.Verdict = probe.medianMs > 100 ? .failed : probe.medianMs > 20 || probe.worstMs > 250 ? .warning : .ok
        let advice: String? =
            if verdict != .ok {
                words("换 SSD，或把数据目录移到单独的磁盘", "use an SSD, or give the data directory a disk of its own")
            } else if probe.medianMs < 0.02 {
                words("快得可疑：虚拟机或硬盘可能没有真正落盘，断电会丢数据", "suspiciously fast: the virtual machine or the disk may not really sync, and a power cut would lose data")
            } else {
                nil
            }
        return Finding(
            "fsync:" + folder, verdict == .ok && advice != nil ? .warning : verdict,
            words(
                "落盘中位 \(median) ms，最慢 \(worst) ms；回执预计 \(alone) ms，繁忙时至多约 \(busy) ms，另加网络往返",
                "median \(median) ms, worst \(worst) ms; expect a receipt after \(alone) ms, when busy after at most about \(busy) ms, and the network's round trip"),
            advice)
    }

    // MARK: Running programs

    func daemon(_ status: StatusReport) -> [Finding] {
        var findings = [Finding("daemon", .ok, "watchpostd \(status.version)")]
        if let health = status.health {
            findings.append(descriptors(health.descriptorLimit, name: "daemon.descriptors", open: health.openDescriptors))
            if health.failing {
                findings.append(
                    Finding(
                        "daemon.commits", .failed, words("最近一次提交失败", "the newest commit failed"),
                        words("看日志里的 commit failed；检查磁盘", "see \"commit failed\" in its log, and look at the disk")))
            } else if let most = health.commitP99Ms {
                findings.append(
                    Finding("daemon.commits", most > 250 ? .warning : .ok, words("提交 p99 ", "commit p99 ") + TopText.number(most) + " ms"))
            }
        }
        let skewed = status.posts.filter { ($0.skewMs?.magnitude ?? 0) > 30_000 && $0.state == "online" }
        findings.append(
            Finding(
                "daemon.posts_clocks", skewed.isEmpty ? .ok : .warning,
                skewed.isEmpty
                    ? words("各哨点时钟与本机相差不到 30 秒", "no post's clock is off by more than 30 s")
                    : skewed.map { "\($0.id) \(TopText.number(Double($0.skewMs ?? 0) / 1_000)) s" }.joined(separator: ", "),
                skewed.isEmpty ? nil : words("多数哨点都偏：是本机时钟不准；个别偏：到该哨点校时", "most of them: this machine's clock is wrong; a few: set theirs")))
        return findings
    }

    /// - Parameter status: nil when the agent does not answer.
    func agent(_ status: AgentStatus?) -> [Finding] {
        guard let status else {
            return [Finding("agent", .warning, words("哨点服务没有应答", "the agent does not answer"), "systemctl start watchpost-agent")]
        }
        var findings = [
            Finding(
                "agent.link", status.link == "connected" ? .ok : .warning, clean(status.linkText),
                status.link == "connected" ? nil : words("线索存在本机，恢复后自动上报", "tips are kept here and go by themselves"))
        ]
        if let skew = status.skewMs {
            let isOff = skew.magnitude > 30_000
            findings.append(
                Finding(
                    "agent.clock", isOff ? .failed : .ok,
                    words("与守护进程相差 ", "off the daemon's by ") + TopText.number(Double(skew) / 1_000) + " s",
                    isOff ? words("校时：timedatectl set-ntp true", "set it: timedatectl set-ntp true") : nil))
        }
        if status.deadLetters > 0 {
            findings.append(
                Finding(
                    "agent.dead_letters", .warning, words("\(status.deadLetters) 条线索被拒", "\(status.deadLetters) tips were refused"),
                    "watchpost spool dead-letters list"))
        }
        return findings
    }
}

/// How long the disk takes to make a small write durable.
struct FsyncProbe: Sendable, Hashable {
    struct Failure: Error { var reason: String }

    static let rounds = 50
    /// A disk that hangs is measured no longer than this.
    static let patience = Duration.seconds(10)

    var medianMs: Double
    var worstMs: Double

    /// Writes and syncs in a file of its own, which is gone afterwards.
    static func measure(_ folder: String) -> Result<FsyncProbe, Failure> {
        func failed(_ what: String) -> Result<FsyncProbe, Failure> { .failure(Failure(reason: "\(what): \(String(cString: strerror(errno)))")) }
        let path = folder + "/.doctor-\(getpid())"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return failed(folder) }
        defer { close(descriptor) }
        // No name, no trace: not even of a measurement that is killed.
        unlink(path)
        let page = [UInt8](repeating: 0x5A, count: 4_096)
        var taken: [Double] = []
        let begun = ContinuousClock.now
        for round in 0..<rounds where ContinuousClock.now - begun < patience {
            let start = ContinuousClock.now
            guard pwrite(descriptor, page, page.count, off_t(round * page.count)) == page.count else { return failed("write") }
            guard Glibc.fdatasync(descriptor) == 0 else { return failed("fsync") }
            taken.append((ContinuousClock.now - start) / .milliseconds(1))
        }
        taken.sort()
        guard let worst = taken.last else { return .failure(Failure(reason: "no time")) }
        return .success(FsyncProbe(medianMs: taken[taken.count / 2], worstMs: worst))
    }
}
