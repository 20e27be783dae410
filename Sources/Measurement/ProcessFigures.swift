import Glibc

/// Space on the disk that holds a folder.
public struct DiskSpace: Hashable, Sendable {
    /// Bytes that this user may still write.
    public var free: UInt64
    public var size: UInt64

    /// Nil where the folder cannot be examined.
    public init?(at path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        let block = UInt64(status.f_frsize)
        free = UInt64(status.f_bavail).multipliedReportingOverflow(by: block).partialValue
        size = UInt64(status.f_blocks).multipliedReportingOverflow(by: block).partialValue
    }
}

/// What the kernel tells of this process.
public struct ProcessFigures: Hashable, Sendable {
    /// Bytes now; 0 where /proc cannot be read.
    public var residentBytes: UInt64 = 0
    public var openDescriptors = 0
    public var descriptorLimit: UInt64 = 0

    public init() {
        if let file = fopen("/proc/self/statm", "re") {
            defer { fclose(file) }
            var line = [UInt8](repeating: 0, count: 256)
            let count = fread(&line, 1, line.count, file)
            let fields = String(decoding: line.prefix(count), as: UTF8.self).split(separator: " ")
            if fields.count > 1, let pages = UInt64(fields[1]) { residentBytes = pages &* UInt64(sysconf(Int32(_SC_PAGESIZE))) }
        }
        if let folder = opendir("/proc/self/fd") {
            defer { closedir(folder) }
            while readdir(folder) != nil { openDescriptors += 1 }
            // Without ".", ".." and the folder that was just opened.
            openDescriptors = max(0, openDescriptors - 3)
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 { descriptorLimit = UInt64(limit.rlim_cur) }
    }

    /// Under the names that every Prometheus client library uses.
    /// - Parameter startedAt: milliseconds since 1970.
    public func write(into exposition: inout Exposition, startedAt: Int64) {
        exposition.gauge("process_resident_memory_bytes", "Resident memory.", Double(residentBytes))
        exposition.gauge("process_open_fds", "Open file descriptors.", Double(openDescriptors))
        exposition.gauge("process_max_fds", "Most file descriptors that may be open.", Double(descriptorLimit))
        exposition.gauge("process_start_time_seconds", "Start of the process, seconds since 1970.", Double(startedAt) / 1_000)
    }
}
