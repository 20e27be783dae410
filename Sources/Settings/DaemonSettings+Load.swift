import TipModel

extension DaemonSettings {
    /// Reads `path` and the files that it names.
    /// - Throws: everything that is wrong in all of them together.
    public static func load(path: String) throws(SettingsError) -> DaemonSettings {
        try loading { issues in
            guard var settings = SettingsReader.read(path, issues: &issues, body: settings) else { return nil }
            // Read them even after mistakes in the first file, so that one run shows all; but not from a path that
            // is itself the mistake.
            if !settings.triageFile.isEmpty, let rules = TriageFile.read(settings.triageFile, issues: &issues) {
                settings.triage = rules
            }
            if !settings.zonesFile.isEmpty, let zones = ZonesFile.read(settings.zonesFile, issues: &issues) {
                settings.zones = zones
            }
            if !settings.dispatchFile.isEmpty {
                let zones = settings.zones.isEmpty ? nil : Set(settings.zones.map(\.id))
                if let rules = DispatchFile.read(settings.dispatchFile, zones: zones, issues: &issues) { settings.dispatch = rules }
            }
            settings.dispatch.neighbours = neighbours(settings.zones)
            return settings
        }
    }

    /// The main file's own keys; triage and zones stay empty.
    static func settings(_ root: SettingsSection) -> DaemonSettings {
        let folder = folderOf(root.reader.file)
        func beside(_ name: String) -> String { joinPath(folder == "." ? "" : folder, name) }
        var settings = DaemonSettings(
            dataDirectory: root.path("data_directory", default: "/var/lib/watchpost"), zones: [], triage: .empty)
        settings.tipsEndpoint = root.endpoint("tips_endpoint", default: settings.tipsEndpoint)
        settings.feedEndpoint = root.endpoint("feed_endpoint", default: settings.feedEndpoint)
        if settings.tipsEndpoint == settings.feedEndpoint, !settings.tipsEndpoint.hasSuffix(":*") {
            root.issue("feed_endpoint", "must differ from tips_endpoint")
        }
        settings.adminSocket = root.socketPath("admin_socket", default: settings.adminSocket)
        settings.secretKeyFile = root.path("secret_key_file", default: settings.secretKeyFile)
        settings.triageFile = root.path("triage_file", default: beside("triage.yaml"))
        settings.dispatchFile = root.path("dispatch_file", default: settings.dispatchFile)
        settings.zonesFile = root.path("zones_file", default: beside("district/zones.yaml"))
        settings.logLevel = root.logLevel("log_level", default: settings.logLevel)
        settings.ingest = root.section("ingest", ingest)
        settings.feed = root.section("feed", feed)
        settings.journal = root.section("journal", journal)
        if let age = settings.journal.retainFor, age < settings.ingest.idWindow + .seconds(86_400) {
            root.issue("journal", "retain_for must be a day longer than ingest.id_window: a tip sent again would be accepted twice")
        }
        settings.disk = root.section("disk") { part in
            var value = Disk()
            value.reserve = part.size("reserve", default: value.reserve, in: 0...(1 << 40))
            value.lowWater = part.size("low_water", default: value.lowWater, in: (1 << 20)...(1 << 40))
            return value
        }
        settings.attachments = root.section("attachments") { part in
            var value = Attachments()
            value.maxBytes = part.size("max_bytes", default: value.maxBytes, in: (1 << 20)...(1 << 44))
            return value
        }
        settings.presence = root.section("presence") { part in
            var value = Presence()
            value.silentAfter = part.duration(
                "silent_after", default: value.silentAfter, in: .seconds(10)...Duration.seconds(86_400))
            return value
        }
        settings.board = root.section("board", board)
        settings.metrics = root.section("metrics") { part in
            var value = Metrics()
            value.listen = part.loopbackListen(default: value.listen)
            return value
        }
        return settings
    }

    private static func board(_ part: SettingsSection) -> Board {
        var value = Board()
        value.listen = boardListen(part, default: value.listen)
        value.tlsCertificate = part.optionalPath("tls_certificate")
        value.tlsKey = part.optionalPath("tls_key")
        if (value.tlsCertificate == nil) != (value.tlsKey == nil) {
            part.issue(value.tlsKey == nil ? "tls_key" : "tls_certificate", "is missing: certificate and key belong together")
        }
        if let listen = value.listen, !Endpoint.isLoopback(listen.host), value.tlsCertificate == nil {
            part.issue(
                "listen",
                "\(listen) is beyond this machine, where passwords and reports would travel in the clear: name tls_certificate and "
                    + "tls_key, or listen at 127.0.0.1")
        }
        value.sessionIdle = part.duration("session_idle", default: value.sessionIdle, in: .seconds(60)...Duration.seconds(30 * 86_400))
        value.sessionMax = part.duration("session_max", default: value.sessionMax, in: .seconds(300)...Duration.seconds(90 * 86_400))
        value.maxConnections = part.int("max_connections", default: value.maxConnections, in: 8...16_384, unit: "connections")
        value.maxStreams = part.int("max_streams", default: value.maxStreams, in: 1...8_192, unit: "streams")
        return value
    }

    private static func boardListen(_ part: SettingsSection, default value: ListenAddress?) -> ListenAddress? {
        guard let text = part.scalar("listen", required: false) else { return value }
        if text == "off" { return nil }
        guard let (host, port) = Endpoint.split(text), Endpoint.isAddress(host) || host == "localhost",
            port == "*" || Endpoint.isPort(port, least: 1), let number = port == "*" ? 0 : Int(port)
        else {
            part.issue("listen", "must be address:port such as 127.0.0.1:7420, or off; is \(SettingsSection.quoted(text))")
            return value
        }
        return ListenAddress(host: host, port: number)
    }

    private static func ingest(_ part: SettingsSection) -> Ingest {
        var value = Ingest()
        value.queueTips = part.int("queue_tips", default: value.queueTips, in: 16...65_536, unit: "tips")
        value.batchTips = part.int("batch_tips", default: value.batchTips, in: 1...4_096, unit: "tips")
        // The lower bound keeps a day's margin over the longest age that an agent's spool may have.
        value.idWindow = part.duration(
            "id_window", default: value.idWindow,
            in: (AgentSettings.longestSpoolAge + .seconds(86_400))...Duration.seconds(365 * 86_400))
        value.maxPosts = part.int("max_posts", default: value.maxPosts, in: 1...10_000, unit: "posts")
        return value
    }

    private static func feed(_ part: SettingsSection) -> Feed {
        var value = Feed()
        value.ringEvents = part.int("ring_events", default: value.ringEvents, in: 64...1_000_000, unit: "events")
        value.ringBytes = part.size("ring_bytes", default: value.ringBytes, in: (64 << 10)...(1 << 30))
        value.pageEvents = part.int("page_events", default: value.pageEvents, in: 16...4_096, unit: "events")
        value.maxSubscriptions = part.int(
            "max_subscriptions", default: value.maxSubscriptions, in: 1...16_384, unit: "subscriptions")
        value.perUnitSubscriptions = part.int(
            "per_unit_subscriptions", default: value.perUnitSubscriptions, in: 1...64, unit: "subscriptions")
        value.heartbeatTimeout = part.duration(
            "heartbeat_timeout", default: value.heartbeatTimeout, in: .seconds(2)...Duration.seconds(600))
        return value
    }

    private static func journal(_ part: SettingsSection) -> JournalPart {
        var value = JournalPart()
        value.snapshotEvery = part.int(
            "snapshot_every", default: value.snapshotEvery, in: 100...10_000_000, unit: "records")
        // The core waits all this time, and is taken for hung after ten seconds.
        value.busy = part.duration("busy", default: value.busy, in: .milliseconds(100)...Duration.seconds(8))
        if part.scalar("retain_for", required: false) ?? "off" != "off" {
            value.retainFor = part.duration("retain_for", default: nil, in: .seconds(86_400)...Duration.seconds(36_600 * 86_400))
        }
        if part.scalar("retain_bytes", required: false) ?? "off" != "off" {
            value.retainBytes = part.size("retain_bytes", default: 0, in: (16 << 20)...(1 << 50))
        }
        return value
    }
}

extension TriageRules {
    /// Stands in until the triage file is read; matches nothing.
    static var empty: TriageRules {
        TriageRules(
            categories: [:],
            correlation: .none,
            urgency: .none)
    }
}

extension SettingsSection {
    /// `listen` of a service that speaks to programs on this machine only; `off` is nil.
    func loopbackListen(default value: ListenAddress?) -> ListenAddress? {
        guard let text = scalar("listen", required: false) else { return value }
        if text == "off" { return nil }
        guard let (host, port) = Endpoint.split(text), Endpoint.isLoopback(host),
            port == "*" || Endpoint.isPort(port, least: 1), let number = port == "*" ? 0 : Int(port)
        else {
            issue("listen", "must be a loopback address and port such as 127.0.0.1:9465, or off; is \(Self.quoted(text))")
            return value
        }
        return ListenAddress(host: host, port: number)
    }

    /// A Unix socket's path; also the default is checked, because the data directory decides its length.
    func socketPath(_ key: String, default value: String) -> String {
        let path = path(key, default: value)
        if path.utf8.count > maximumSocketPathBytes {
            issue(
                key,
                "the socket's path has \(path.utf8.count) bytes, at most \(maximumSocketPathBytes) are possible: "
                    + Self.quoted(path))
        }
        return path
    }
}
