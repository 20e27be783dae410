// swift-tools-version: 6.2
import PackageDescription

// Warnings stop the build wherever WATCHPOST_STRICT is set (make test and CI set it); a newer compiler's
// new warning must not stop somebody who only wants to run the daemon.
let strict = Context.environment["WATCHPOST_STRICT"] != nil

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (strict ? [.treatAllWarnings(as: .error)] : [])

/// A target of ours: every one has the same settings, so none can quietly relax them.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func executable(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude, resources: resources, swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let lifecycleTestKit = Target.Dependency.product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "watchpost",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "watchpostd", targets: ["watchpostd"]),
        .executable(name: "watchpost", targets: ["watchpost"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // A target imports only targets above it; siblings never import each other (docs/design.md).
        .target(
            name: "CZeroMQ",
            linkerSettings: [.linkedLibrary("zmq")]),
        module("ZeroMQ", ["CZeroMQ"]),

        module("TipModel"),
        module("WatchpostProtobuf", [protobuf]),
        module("TipWire", ["TipModel", "WatchpostProtobuf", protobuf]),
        module("Settings", ["TipModel", yams]),
        module("Journal", ["TipModel", "TipWire", "WatchpostProtobuf", protobuf, crypto, grdb, sqlite]),
        module("Triage", ["TipModel"]),
        .systemLibrary(name: "CZlib"),
        module("Evaluation", ["TipModel", "Triage", "CZlib"]),
        module("Access", ["TipModel", "ZeroMQ", "Settings"]),
        module("LocalHTTP", [hummingbird, hummingbirdCore, hummingbirdTLS, lifecycle, logging, nio, nioHTTP1, nioPosix, nioSSL]),
        module("Supervision", [logging]),
        .systemLibrary(name: "CTimex"),
        module("Measurement", ["CTimex"]),
        module("Localization", ["TipModel"]),
        module("Administration", ["TipModel"]),
        module("Accounts", ["TipModel", crypto, cryptoExtras, grdb]),

        module("Ingest", ["TipModel", "TipWire", "Access", "ZeroMQ", crypto, logging]),
        module("Feed", ["TipModel", "TipWire", "Journal", "Access", "ZeroMQ", logging, deque]),
        // Not named Dispatch: a module of that name hides the system's, which NIO and swift-metrics import.
        .target(
            name: "DispatchDesk", dependencies: ["TipModel"], path: "Sources/Dispatch", swiftSettings: settings),
        module("Station", ["TipModel", "TipWire", "Journal", "Triage", "DispatchDesk", "Measurement", "ZeroMQ", logging]),

        module(
            "Board",
            [
                "Accounts", "Administration", "DispatchDesk", "LocalHTTP", "Localization", "TipModel", "TipWire", deque, hummingbird, logging,
                mustache, nio,
            ],
            resources: [.embedInCode("Web")]),

        module(
            "PostAgent",
            ["TipModel", "TipWire", "ZeroMQ", "Access", "Settings", "LocalHTTP", "Localization", "Measurement", "Supervision", crypto, grdb, hummingbird, lifecycle, logging, mustache, nio],
            resources: [.embedInCode("Web")]),
        module("Patrol", ["TipModel", "TipWire", "ZeroMQ", "Access", "Settings", "Localization", logging]),

        module(
            "WatchpostDaemon",
            [
                "Ingest", "Feed", "Station", "DispatchDesk", "Board", "Accounts", "Journal", "Triage", "Access", "Settings", "LocalHTTP",
                "Supervision", "Administration", "Measurement", "TipModel", "TipWire", "ZeroMQ", hummingbird, lifecycle, logging, unixSignals,
            ]),
        executable("watchpostd", ["WatchpostDaemon", "Settings", "Supervision", "TipModel", argumentParser, lifecycle, logging, unixSignals]),
        module(
            "Workbench",
            ["Administration", "TipModel", "TipWire", "ZeroMQ", "Access", "Settings", "LocalHTTP", "Journal", "Patrol", histogram, logging]),
        module(
            "WatchpostCLI",
            [
                "Administration", "PostAgent", "Patrol", "Workbench", "Journal", "Access", "Settings", "LocalHTTP", "Localization",
                "Evaluation", "Measurement", "Supervision", "TipModel", "TipWire", "ZeroMQ", argumentParser, lifecycle, logging, unixSignals,
            ]),
        executable("watchpost", ["WatchpostCLI"]),

        // Test doubles are a target of their own, so that a suite can only use what every suite can.
        .target(
            name: "TestSupport", dependencies: ["TipModel", "TipWire", "Journal"], path: "Tests/TestSupport", swiftSettings: settings),
        .target(
            name: "CPowerLoss", path: "Tests/CPowerLoss", linkerSettings: [.linkedLibrary("sqlite3")]),
        tests("ZeroMQTests", ["ZeroMQ"]),
        tests("TipModelTests", ["TipModel"]),
        tests(
            "TipWireTests", ["TipWire", "TipModel", "WatchpostProtobuf", protobuf], resources: [.copy("golden.txt")]),
        tests("SettingsTests", ["Settings", "TipModel"]),
        tests(
            "JournalTests", ["Journal", "TipModel", "TipWire", "CPowerLoss", "WatchpostProtobuf", grdb, protobuf],
            resources: [.copy("golden.txt")]),
        tests("TriageTests", ["Triage", "TipModel", "Settings"], exclude: ["Data"]),
        tests("EvaluationTests", ["Evaluation", "Triage", "TipModel", "Settings"], resources: []),
        tests("AccessTests", ["Access", "Settings", "ZeroMQ", "TipModel"]),
        tests("AccountsTests", ["Accounts", "TipModel"]),
        tests(
            "BoardTests",
            [
                "Board", "Accounts", "Administration", "LocalHTTP", "Localization", "Settings", "TipModel", "TipWire", "Workbench", "watchpostd",
                hummingbird, lifecycle, logging,
            ],
            resources: [.copy("cap-1.2.xsd")]),
        tests("LocalHTTPTests", ["LocalHTTP", logging, hummingbird, lifecycle]),
        tests("FeedTests", ["Feed", "Journal", "Access", "TipModel", "TipWire", "ZeroMQ"]),
        tests("DispatchTests", ["DispatchDesk", "TipModel"]),
        tests("PagesTests", ["Accounts", "Administration", "Board", "DispatchDesk", "LocalHTTP", "Localization", "Settings", "TipModel", mustache]),
        tests("IngestTests", ["Ingest", "Access", "TipModel", "TipWire", "ZeroMQ", crypto, logging]),
        tests("StationTests", ["Station", "DispatchDesk", "Journal", "Supervision", "Triage", "TipModel", "TipWire", "ZeroMQ", logging]),
        tests(
            "RuleReplayTests",
            [
                "Evaluation", "Triage", "Station", "DispatchDesk", "Journal", "Settings", "TipModel", "TipWire", "Workbench", "watchpost",
            ]),
        tests("PostAgentTests", ["PostAgent", "TipModel", "TipWire", "Access", "LocalHTTP", "Settings", "ZeroMQ", crypto, grdb]),
        tests(
            "PatrolTests",
            ["Patrol", "TipModel", "TipWire", "ZeroMQ", "Access", "Settings", "Localization", "Workbench", "watchpost"]),
        tests(
            "CLITests",
            [
                "WatchpostCLI", "Administration", "Journal", "LocalHTTP", "Localization", "Measurement", "Patrol", "PostAgent", "Settings", "Supervision", "TipModel", "Workbench",
                "watchpost", argumentParser, hummingbird, lifecycle, logging,
            ]),
        tests("MeasurementTests", ["Measurement"]),
        tests("WorkbenchTests", ["Workbench", "TipModel", "TipWire", "watchpostd", "watchpost", histogram]),
        tests(
            "AcceptanceTests",
            [
                "Workbench", "Administration", "Patrol", "Journal", "Access", "Settings", "LocalHTTP", "TipModel", "TipWire", "ZeroMQ", "watchpostd",
                "watchpost", grdb,
            ]),
    ]
)
