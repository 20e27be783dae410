internal import Access
internal import Administration
internal import FoundationEssentials
internal import Settings
internal import TipModel
internal import ZeroMQ

/// The daemon of a benchmark: the built `watchpostd` as a process of its own, with the shipped rules, and posts and patrols
/// enrolled.
final class BenchStation: Sendable {
    let daemon: DaemonProcess
    let options: BenchOptions
    let zones: [ZoneID]
    private let folder: TemporaryFolder?

    /// - Parameter more: further lines of watchpostd.yaml.
    init(_ options: BenchOptions, directory: String? = nil, more: String = "") throws {
        self.options = options
        let path = directory ?? options.directory
        folder = try path == nil ? TemporaryFolder() : nil
        // The shipped rules, not a smaller set: what they cost is part of the figure.
        var plan = try DaemonProcess.Plan(
            binaries: Binaries(folder: options.binaries), directory: path ?? folder?.path ?? ".",
            zones: readBenchFile(options.configuration + "/district/zones.yaml"),
            triage: readBenchFile(options.configuration + "/triage.yaml"))
        plan.files["urgency-words.tsv"] = try readBenchFile(options.configuration + "/urgency-words.tsv")
        plan.more = more
        daemon = try DaemonProcess(plan)
        zones = try ZonesFile.load(path: options.configuration + "/district/zones.yaml").map(\.id)
    }

    /// The folder of the journal.
    var dataDirectory: String { daemon.dataDirectory }

    /// Enrols posts, many at a time.
    func enrol(_ posts: [Post]) async throws -> [ClientKeys] {
        try await enrol(posts.map { .post($0) })
    }

    /// Enrols patrol units that may see every zone.
    func enrolUnits(_ count: Int, from first: Int = 1) async throws -> [ClientKeys] {
        try await enrol(
            (first..<first + count).map { .unit(PatrolUnit(id: UnitID(unchecked: "bench-patrol-\($0)"), name: "", zones: zones)) })
    }

    private func enrol(_ subjects: [EnrolmentSubject]) async throws -> [ClientKeys] {
        var keys: [ClientKeys?] = Array(repeating: nil, count: subjects.count)
        let daemon = daemon
        try await withThrowingTaskGroup(of: (Int, ClientKeys).self) { group in
            for (place, subject) in subjects.enumerated() {
                // Fewer than the connections that the admin socket takes.
                if place >= 32, let (done, key) = try await group.next() { keys[done] = key }
                group.addTask { (place, try ClientKeys(await daemon.enrol(subject))) }
            }
            for try await (done, key) in group { keys[done] = key }
        }
        return keys.compactMap { $0 }
    }

    /// Connects every post and patrol.
    func connect(_ clients: BenchClients, posts: [ClientKeys], patrols: [ClientKeys]) async throws {
        let (tips, feed) = (daemon.tipsEndpoint, daemon.feedEndpoint)
        try await offPool("bench") {
            try clients.connectPatrols(patrols, endpoint: feed)
            try clients.connectPosts(posts, endpoint: tips)
            try clients.awaitPosts()
            clients.detach()
        }
    }
}

/// Posts of the sample district, at least two of each zone that takes part, and further ones beside them where more are wanted.
func benchPosts(_ count: Int, configuration: String) throws -> [Post] {
    let district = try PostsFile.load(path: configuration + "/district/posts.yaml")
    var zones: [ZoneID] = []
    for post in district where !zones.contains(post.zone) { zones.append(post.zone) }
    zones = Array(zones.prefix(max(1, count / 2)))
    let groups = zones.map { zone in district.filter { $0.zone == zone } }
    guard groups.allSatisfy({ !$0.isEmpty }), !groups.isEmpty else { throw WorkbenchError("district/posts.yaml names no post") }
    var posts: [Post] = []
    var round = 0
    while posts.count < count {
        for group in groups where posts.count < count {
            if count <= district.count, round >= group.count { continue }
            var post = group[round % group.count]
            if round >= group.count { post.id = PostID(unchecked: "\(post.zone)-\(round)") }
            posts.append(post)
        }
        round += 1
    }
    return posts
}

func readBenchFile(_ path: String) throws -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw WorkbenchError("\(path) cannot be read; run in the project's folder or name one with --configuration")
    }
    return text
}
