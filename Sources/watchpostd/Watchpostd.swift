internal import ArgumentParser
internal import Foundation
internal import Logging
internal import ServiceLifecycle
internal import Settings
internal import Supervision
internal import TipModel
internal import UnixSignals
internal import WatchpostDaemon

@main
struct Watchpostd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watchpostd",
        abstract: "Takes tips from posts, makes them durable, merges them into incidents and feeds patrols.",
        discussion: """
            Runs in the foreground and logs to standard error; systemd/watchpostd.service runs it in production.

            SIGHUP reads the configuration again (categories, weights, zones, log level); a bad file is refused
            and the daemon runs on. SIGTERM commits what was taken and exits 0.

            Exit codes: 0 stopped on request, 69 an address is taken, 70 a defect, 74 a file or disk fails,
            75 another daemon has the data directory, 78 the configuration is wrong.

            Example: watchpostd --config config/watchpostd.yaml
            """,
        version: watchpostVersion)

    @Option(help: ArgumentHelp("The configuration file; every key is explained in it.", valueName: "file"))
    var config = "/etc/watchpost/watchpostd.yaml"

    @Flag(help: "Only check the configuration: prints every error with its line, exits 0 or 78.")
    var checkConfig = false

    func run() async throws {
        // A reload that comes before anybody listens for it must not end the daemon; the files are read now anyway.
        signal(SIGHUP, SIG_IGN)
        let settings: DaemonSettings
        do {
            settings = try DaemonSettings.load(path: config)
        } catch {
            fail("\(error)", .configuration)
        }
        if checkConfig {
            do { try checkFiles(settings) } catch { fail("\(error)", error.code) }
            print("\(config): good: \(settings.zones.count) zones, \(settings.triage.categories.count) categories")
            return
        }
        // Whatever the daemon creates is its own user's: journal, sockets, keys.
        umask(0o077)
        let environment = ProcessInfo.processInfo.environment
        JournaldStderrHandler.bootstrap(level: Logger.Level(settings.logLevel), environment: environment)
        let logger = Logger(label: "watchpostd")
        let daemon: Daemon
        do {
            daemon = try makeDaemon(settings, configPath: config, environment: environment, logger: logger)
        } catch {
            fail("\(error)", error.code)
        }
        var group = ServiceGroupConfiguration(
            services: daemon.services.map {
                .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup, failureTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // Within systemd's TimeoutStopSec: whatever still hangs then must not keep the process.
        group.maximumGracefulShutdownDuration = .seconds(5)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            let failure = DaemonError(endedBy: error)
            fail("\(failure)", failure.code)
        }
        logger.notice("stopped; everything acknowledged is on disk")
    }

    /// One line to standard error, and out. Not through the log, which may not exist yet.
    private func fail(_ message: String, _ code: DaemonError.Code) -> Never {
        FileHandle.standardError.write(Data("watchpostd: \(message)\n".utf8))
        Foundation.exit(code.rawValue)
    }
}
