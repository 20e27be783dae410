internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import TipModel
internal import TipWire

/// Photos on the daemon's disk, named by their hashes: `<first two digits>/<sha256>`, mode 0600. Used by one thread.
///
/// What has come of a photo lies in `partial/<post>`, one for each post; its length is where the next part begins, also
/// after a restart. Only a whole photo whose hash holds gets its name, after an fsync.
struct AttachmentStore {
    private let directory: String
    private let maxBytes: Int
    private let hasRoom: () -> Bool
    /// Of all photos; counted when the first part comes.
    private var bytes: Int?

    init(directory: String, maxBytes: Int, hasRoom: @escaping () -> Bool = { true }) {
        self.directory = directory
        self.maxBytes = maxBytes
        self.hasRoom = hasRoom
    }

    /// Where a photo lies.
    static func path(of sha256: [UInt8], in directory: String) -> String {
        let name = hexadecimal(sha256)
        return "\(directory)/\(name.prefix(2))/\(name)"
    }

    /// Takes a part in, or tells how much is there.
    mutating func take(_ part: PhotoPart, from post: PostID) -> PhotoState {
        do throws(Rejection) {
            return try store(part, from: post)
        } catch {
            return PhotoState(sha256: part.sha256, nextOffset: 0, refusal: error)
        }
    }

    private mutating func store(_ part: PhotoPart, from post: PostID) throws(Rejection) -> PhotoState {
        let final = Self.path(of: part.sha256, in: directory)
        let whole = PhotoState(sha256: part.sha256, nextOffset: part.total, isComplete: true)
        if Self.size(final) == part.total { return whole }
        try makeFolder(directory)
        try makeFolder(directory + "/partial")
        let partial = "\(directory)/partial/\(post.rawValue).\(hexadecimal(part.sha256))"
        var have = Self.size(partial) ?? 0
        if have > part.total {
            unlink(partial)
            have = 0
        }
        if have == 0 {
            try checkRoom(part.total)
            dropOthers(of: post)
        }
        if !part.data.isEmpty, part.offset == have {
            try append(part.data, to: partial)
            have += part.data.count
        }
        guard have == part.total else { return PhotoState(sha256: part.sha256, nextOffset: have) }
        try finish(partial, part, final)
        // Not counted yet where the first photo after a start was one that had begun before it; this one is among them by now.
        bytes = bytes.map { $0 + part.total } ?? count()
        return whole
    }

    private func finish(_ partial: String, _ part: PhotoPart, _ final: String) throws(Rejection) {
        guard let content = FileManager.default.contents(atPath: partial) else { throw Self.failure("cannot read \(partial)") }
        guard Array(SHA256.hash(data: content)) == part.sha256 else {
            unlink(partial)
            throw Rejection(.invalidField, field: "photo.sha256", "is not the hash of what was sent")
        }
        guard Self.isPhoto(content) else {
            unlink(partial)
            throw Rejection(.invalidField, field: "photo.data", "is neither JPEG nor PNG")
        }
        let folder = String(final[..<(final.lastIndex(of: "/") ?? final.endIndex)])
        try makeFolder(folder)
        try sync(partial)
        guard rename(partial, final) == 0 else { throw Self.failure("cannot keep \(final)") }
        try sync(folder)
        try sync(directory)
    }

    static func isPhoto(_ content: Data) -> Bool {
        content.starts(with: [0xFF, 0xD8, 0xFF]) || content.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    }

    // MARK: - Bounds

    private mutating func checkRoom(_ size: Int) throws(Rejection) {
        guard hasRoom() else {
            throw Rejection(.unavailable, "the station's disk is nearly full", retryAfterMilliseconds: 60_000)
        }
        let held = bytes ?? count()
        bytes = held
        guard held + size <= maxBytes else {
            throw Rejection(
                .unavailable, "\(held) bytes of photos are kept and \(maxBytes) is the limit (attachments.max_bytes)",
                retryAfterMilliseconds: 3_600_000)
        }
    }

    private func count() -> Int {
        var sum = 0
        for folder in Self.names(directory) where folder.utf8.count == 2 {
            for name in Self.names("\(directory)/\(folder)") { sum += Self.size("\(directory)/\(folder)/\(name)") ?? 0 }
        }
        return sum
    }

    /// A post sends one photo at a time: what it left unfinished of another is given up.
    private func dropOthers(of post: PostID) {
        for name in Self.names(directory + "/partial") where name.hasPrefix(post.rawValue + ".") {
            unlink("\(directory)/partial/\(name)")
        }
    }

    // MARK: - Files

    private static func names(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    private static func size(_ path: String) -> Int? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    private func makeFolder(_ path: String) throws(Rejection) {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw Self.failure("cannot make \(path)") }
    }

    private func append(_ data: [UInt8], to path: String) throws(Rejection) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("cannot open \(path)") }
        defer { close(descriptor) }
        var written = 0
        while written < data.count {
            let count = data[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("cannot write \(path)") }
            written += count
        }
    }

    private func sync(_ path: String) throws(Rejection) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw Self.failure("cannot open \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure("cannot sync \(path)") }
    }

    /// The post keeps the photo and tries again.
    private static func failure(_ what: String) -> Rejection {
        Rejection(.unavailable, "\(what): \(String(cString: strerror(errno)))", retryAfterMilliseconds: 60_000)
    }
}
