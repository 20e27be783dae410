import Access
import Glibc
public import Localization
public import Logging
public import Settings
import TipModel
import TipWire
import ZeroMQ

/// What the command line says, beyond the settings file.
public struct PatrolOptions: Sendable {
    /// One JSON object a line instead of a screen or sentences.
    public var json = false
    /// Nil: where standard output is a terminal and `NO_COLOR` is not set.
    public var colour: Bool?
    public var language = Language.en
    /// Print what there is and exit once caught up; never draws a screen.
    public var once = false
    /// Longest wait for that, milliseconds.
    public var onceWithin: Int64 = 60_000
    /// Skip history when no place in the feed is kept yet. Open incidents of before are not shown then.
    public var fromNow = false
    public var environment: [String: String] = [:]

    public init() {}
}

/// Why a patrol could not start, in words for its user.
public struct PatrolFailure: Error, Sendable, CustomStringConvertible {
    public var message: String
    /// As in sysexits.h.
    public var exitCode: Int32
    public var description: String { message }
}

/// `watchpost patrol`: follows the feed until the user or a signal ends it.
///
/// Draws a screen where standard input and output are a terminal, else prints lines; the cursor is kept in
/// `settings.stateDirectory`. All of it runs on threads of its own.
/// - Returns: the exit code. 0: ended by the user, a signal, the reader of the lines, or `once` was reached. 69:
///   `once` was not reached in time. 77: `once`, and the key or subscription was refused. 71: the system failed.
/// - Throws: ``PatrolFailure``, `SettingsError` for the key bundle.
public func runPatrol(settings: PatrolSettings, options: PatrolOptions, logger: Logger) async throws -> Int32 {
    let words = Catalogue(options.language)
    let bundle = try KeyBundle.load(path: settings.bundleFile)
    guard case .unit(let unit, _) = bundle.holder else {
        throw PatrolFailure(message: words.text(.errorNotAUnit, settings.bundleFile), exitCode: 78)
    }
    let keys: ClientKeys
    do {
        keys = try ClientKeys(bundle)
    } catch {
        throw PatrolFailure(message: words.text(.errorKeys, settings.bundleFile, "\(error)"), exitCode: 78)
    }
    let endpoints = settings.endpoints ?? bundle.endpoints
    logger.debug("patrol", metadata: ["unit": "\(unit)", "endpoints": "\(endpoints)"])
    let result: Result<Int32, any Error> = await withCheckedContinuation { continuation in
        // The thread does everything that waits: the store's lock and files, the terminal, the client.
        do {
            _ = try spawnThread(name: "patrol") {
                continuation.resume(
                    returning: Result {
                        try follow(
                            unit: unit, keys: keys, daemonKey: bundle.daemonPublicKey, endpoints: endpoints,
                            settings: settings, options: options, words: words)
                    })
            }
        } catch {
            continuation.resume(returning: .failure(error))
        }
    }
    return try result.get()
}

private func follow(
    unit: UnitID, keys: ClientKeys, daemonKey: String, endpoints: [String], settings: PatrolSettings,
    options: PatrolOptions, words: Catalogue
) throws -> Int32 {
    let store = try openStore(settings.stateDirectory, unit, daemonKey, words)
    let signals = try SignalPipe()
    let context = try Context()
    let client = try PatrolClient(context, keys: keys, endpoints: endpoints, plan: SessionPlan(settings))
    let environment = options.environment
    let sink: PatrolSink =
        options.json ? .json : (!options.once && RawTerminal.canDraw(environment: environment) ? .screen : .plain)
    let usesColour = options.colour ?? (isatty(STDOUT_FILENO) == 1 && (environment["NO_COLOR"] ?? "").isEmpty)
    var screen = FeedScreen(unit: unit)
    screen.usesColour = usesColour
    for incident in store.restored.incidents { screen.board.apply(incident) }
    if let warning = words.describe(store.found) {
        if sink == .screen {
            screen.notice = FeedScreen.Notice(warning, store.found == .fresh ? .plain : .bad)
        } else {
            PatrolRunner.warn(words.text(.warningPrefix, warning))
        }
    }
    let cursor = store.restored.cursor
    try client.start(cursor: cursor, fromNow: options.fromNow && store.found == .fresh)
    var runner = PatrolRunner(
        client: client, store: store, options: options, sink: sink, bell: settings.bell, words: words,
        usesColour: usesColour, screen: screen, shown: cursor)
    let code = runner.run(signals)
    client.stop(deadline: .seconds(2))
    context.shutdown()
    context.terminate(within: .seconds(2))
    return code
}

private func openStore(
    _ folder: String, _ unit: UnitID, _ daemonKey: String, _ words: Catalogue
) throws(PatrolFailure) -> CursorStore {
    do throws(CursorStore.OpenError) {
        return try CursorStore(folder: folder, unit: unit, daemonKey: daemonKey)
    } catch {
        switch error {
        case .locked(let path):
            throw PatrolFailure(message: words.text(.cursorLocked, path), exitCode: 75)
        case .folder(let path, let failure):
            throw PatrolFailure(message: words.text(.cursorFolder, path, words.describe(failure)), exitCode: 73)
        }
    }
}

extension SessionPlan {
    /// The plan that a settings file asks for.
    public init(_ settings: PatrolSettings) {
        self.init()
        zones = settings.zones
        leastLevel = settings.leastLevel
        alertCredit = Credit(
            events: UInt32(clamping: settings.alertCredit.events), bytes: UInt32(clamping: settings.alertCredit.bytes))
        mainCredit = Credit(
            events: UInt32(clamping: settings.mainCredit.events), bytes: UInt32(clamping: settings.mainCredit.bytes))
    }
}

extension Catalogue {
    /// What was found of an earlier run, where its user should know.
    func describe(_ found: CursorStore.Found) -> String? {
        switch found {
        case .resumed: nil
        case .fresh: text(.cursorFresh)
        case .corrupt(.noStateFile): text(.cursorCorrupt, text(.damageNoStateFile))
        case .corrupt(.version(let version)): text(.cursorCorrupt, text(.damageVersion, "\(version)"))
        case .corrupt(.incident): text(.cursorCorrupt, text(.damageIncident))
        case .unreadable(let failure): text(.cursorUnreadable, describe(failure))
        case .other: text(.cursorOther)
        }
    }
}
