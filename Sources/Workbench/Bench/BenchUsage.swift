internal import FoundationEssentials
internal import Glibc

/// What a process has used, by /proc.
struct BenchUsage {
    /// Processor time in user and kernel mode, all threads, in steps of 10 ms.
    var cpuMicroseconds: Double
    var residentKib: Int
    var peakKib: Int

    init(_ process: Int32) throws {
        let stat = try Self.read("/proc/\(process)/stat")
        // After the name in parentheses, which may hold spaces: utime and stime are the 12th and 13th.
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let kernel = Double(fields[13]) else {
            throw WorkbenchError("/proc/\(process)/stat cannot be read")
        }
        cpuMicroseconds = (user + kernel) * 1_000_000 / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let status = try Self.read("/proc/\(process)/status")
        func kib(_ name: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line.flatMap { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first }.flatMap { Int($0) } ?? 0
        }
        residentKib = kib("VmRSS")
        peakKib = kib("VmHWM")
    }

    private static func read(_ path: String) throws -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw WorkbenchError("\(path) cannot be read") }
        return text
    }

    /// Processor time of this process, microseconds.
    static var own: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000 + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    }
}

/// Times fdatasync of 4 KiB in a folder: the measure for what waits for the disk. Asked in between what is measured, because a
/// disk is not as fast at every moment. Once behind the end of a file, as a log grows and `watchpost doctor` measures, once over
/// what is there, which is the least that the disk can do.
final class SyncProbe {
    private let file: Int32
    private let path: String
    private let page = [UInt8](repeating: 0x57, count: 4_096)
    private var end = 1
    private var appended: [UInt64] = []
    private var replaced: [UInt64] = []

    init(folder: String) throws {
        path = folder + "/fsync-probe"
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw WorkbenchError("\(path) cannot be made: \(String(cString: strerror(errno)))") }
        unlink(path)
        _ = try time(place: 0)
    }

    deinit { close(file) }

    private func time(place: Int) throws -> UInt64 {
        let begun = nanoseconds()
        guard pwrite(file, page, page.count, off_t(place * page.count)) == page.count, fdatasync(file) == 0 else {
            throw WorkbenchError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        return nanoseconds() - begun
    }

    func sample(_ count: Int) throws {
        for _ in 0..<count {
            appended.append(try time(place: end))
            end += 1
            replaced.append(try time(place: 0))
        }
    }

    /// Milliseconds at a percentile; 0 before the first sample.
    func percentile(_ percentile: Int, replacing: Bool = false) -> Double {
        let times = (replacing ? replaced : appended).sorted()
        return times.isEmpty ? 0 : Double(times[min(times.count - 1, times.count * percentile / 100)]) / 1e6
    }
}

/// Lets this process and its children open as many files as the system allows.
/// - Throws: ``WorkbenchError`` when that is less than `needed`.
func raiseDescriptors(to needed: Int) throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    guard limit.rlim_cur >= UInt(needed) else {
        throw WorkbenchError("\(needed) open files are needed and \(limit.rlim_cur) allowed: raise the limit (ulimit -Hn), or ask for less")
    }
}

extension Double {
    /// Rounded to so many places.
    func rounded(places: Int) -> Double {
        var factor = 1.0
        for _ in 0..<places { factor *= 10 }
        return (self * factor).rounded() / factor
    }
}

#if DEBUG
    let benchBuild = "debug"
#else
    let benchBuild = "release"
#endif
