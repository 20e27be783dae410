import TipModel

extension AgentSettings {
    /// Longest `spool.max_age`. The daemon remembers tip ids for longer than this, so a late repeat is recognised.
    public static let longestSpoolAge = Duration.seconds(14 * 86_400)

    /// Reads `path`. The bundle it names is read by ``KeyBundle/load(path:)``.
    /// - Throws: everything that is wrong in it.
    public static func load(path: String) throws(SettingsError) -> AgentSettings {
        try loading { issues in SettingsReader.read(path, issues: &issues, body: settings) }
    }

    static func settings(_ root: SettingsSection) -> AgentSettings {
        var settings = AgentSettings(
            bundleFile: root.path("bundle_file", default: nil),
            dataDirectory: root.path("data_directory", default: "/var/lib/watchpost-agent"))
        settings.endpoints = root.endpoints("endpoints")
        settings.socketPath = root.socketPath("socket_path", default: settings.socketPath)
        settings.httpListen = httpListen(root, default: settings.httpListen)
        settings.tokenFile = root.path("token_file", default: settings.tokenFile)
        settings.metricsListen = root.section("metrics") { $0.loopbackListen(default: settings.metricsListen) }
        settings.page = root.section("page") { page($0, default: settings.page) }
        settings.spool = root.section("spool", spool)
        settings.deadLetterMax = root.int(
            "dead_letter_max", default: settings.deadLetterMax, in: 1...1_000_000, unit: "tips")
        settings.sending = root.section("sending", sending)
        if let codes = root.codes("express_categories", count: 0...64) {
            settings.expressCategories = codes.map(\.text)
        }
        settings.logLevel = root.logLevel("log_level", default: settings.logLevel)
        return settings
    }

    private static func httpListen(_ root: SettingsSection, default value: ListenAddress?) -> ListenAddress? {
        guard let text = root.scalar("http_listen", required: false) else { return value }
        if text == "off" { return nil }
        guard let (host, port) = Endpoint.split(text), Endpoint.isPort(port, least: 0), let number = Int(port) else {
            root.issue("http_listen", "must be address:port or off, is \(SettingsSection.quoted(text))")
            return value
        }
        guard Endpoint.isLoopback(host) else {
            root.issue(
                "http_listen",
                "must be a loopback address such as 127.0.0.1, is \(SettingsSection.quoted(host)): "
                    + "the token travels in clear and must not leave this machine")
            return value
        }
        return ListenAddress(host: host, port: number)
    }

    private static func spool(_ part: SettingsSection) -> Spool {
        var value = Spool()
        value.maxTips = part.int("max_tips", default: value.maxTips, in: 100...10_000_000, unit: "tips")
        value.maxBytes = part.size("max_bytes", default: value.maxBytes, in: (1 << 20)...(64 << 30))
        value.emergencyReserve = part.int(
            "emergency_reserve", default: value.emergencyReserve, in: 1...1_000_000, unit: "tips")
        if value.emergencyReserve >= value.maxTips {
            part.issue("emergency_reserve", "must be below max_tips (\(value.maxTips)), is \(value.emergencyReserve)")
        }
        value.maxAge = part.duration(
            "max_age", default: value.maxAge, in: .seconds(3_600)...AgentSettings.longestSpoolAge)
        return value
    }

    private static func sending(_ part: SettingsSection) -> Sending {
        var value = Sending()
        value.window = part.int("window", default: value.window, in: 1...8_192, unit: "tips")
        value.batchTips = part.int("batch_tips", default: value.batchTips, in: 1...1_024, unit: "tips")
        value.batchBytes = part.size("batch_bytes", default: value.batchBytes, in: (64 << 10)...(1 << 20))
        value.receiptTimeout = part.duration(
            "receipt_timeout", default: value.receiptTimeout, in: .seconds(1)...Duration.seconds(600))
        let pause = Duration.milliseconds(10)...Duration.seconds(600)
        value.reconnectMin = part.duration("reconnect_min", default: value.reconnectMin, in: pause)
        value.reconnectMax = part.duration("reconnect_max", default: value.reconnectMax, in: pause)
        if value.reconnectMax < value.reconnectMin { part.issue("reconnect_max", "must not be below reconnect_min") }
        value.heartbeatInterval = part.duration(
            "heartbeat_interval", default: value.heartbeatInterval, in: .milliseconds(500)...Duration.seconds(60))
        value.failoverAfter = part.duration(
            "failover_after", default: value.failoverAfter, in: .seconds(1)...Duration.seconds(3_600))
        if value.failoverAfter < value.heartbeatInterval * 2 {
            part.issue("failover_after", "must be at least two heartbeat_interval, or a live daemon is given up")
        }
        return value
    }
}

extension PatrolSettings {
    /// Reads `path`. The bundle it names is read by ``KeyBundle/load(path:)``.
    /// - Throws: everything that is wrong in it.
    public static func load(path: String) throws(SettingsError) -> PatrolSettings {
        try loading { issues in SettingsReader.read(path, issues: &issues, body: settings) }
    }

    static func settings(_ root: SettingsSection) -> PatrolSettings {
        var settings = PatrolSettings(
            bundleFile: root.path("bundle_file", default: nil),
            stateDirectory: root.path("state_directory", default: "/var/lib/watchpost-patrol"))
        settings.endpoints = root.endpoints("endpoints")
        settings.zones = root.names("zones", count: 0...64)
        settings.leastLevel = root.level("least_level", default: settings.leastLevel)
        settings.alertCredit = root.section("alert_credit", credit)
        settings.mainCredit = root.section("main_credit", credit)
        settings.language = root.choice(
            "language", default: settings.language, from: LanguageChoice.allCases.map { ($0.rawValue, $0) })
        settings.bell = root.flag("bell", default: settings.bell)
        settings.logLevel = root.logLevel("log_level", default: settings.logLevel)
        return settings
    }

    private static func credit(_ part: SettingsSection) -> Credit {
        var value = Credit()
        value.events = part.int("events", default: value.events, in: 1...4_096, unit: "events")
        value.bytes = part.size("bytes", default: value.bytes, in: (64 << 10)...(16 << 20))
        return value
    }
}
