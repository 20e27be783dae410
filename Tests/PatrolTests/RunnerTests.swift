import Foundation
import Glibc
import Settings
import TestSupport
import Testing
import TipModel
import TipWire
import Workbench

@testable import Patrol

/// `watchpost patrol` as its user has it: the real program on a pipe or a terminal, against a real ROUTER with CURVE.
@Suite struct RunnerTests {
    /// A folder with a bundle and a configuration for the station.
    private struct Desk {
        let folder: TemporaryDirectory
        let station: FeedStation
        let program: String

        init(_ station: FeedStation, endpoints: [String]? = nil) throws {
            folder = try TemporaryDirectory()
            self.station = station
            program = try Binaries().tool
            let bundle = folder.file("unit.yaml")
            try station.bundle(endpoints: endpoints).render().write(toFile: bundle, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: bundle)
            try "bundle_file: unit.yaml\nstate_directory: state\n".write(toFile: config, atomically: false, encoding: .utf8)
        }

        var config: String { folder.file("patrol.yaml") }
        var lines: [String] { text("out").split(separator: "\n").map(String.init) }
        func text(_ name: String) -> String { (try? String(contentsOfFile: folder.file(name), encoding: .utf8)) ?? "" }

        func start(_ arguments: String...) throws -> ChildProcess {
            try ChildProcess(
                program, ["patrol", "--config", config] + arguments, environment: ["PATH=/usr/bin:/bin", "TZ=Asia/Shanghai"],
                output: folder.file("out"), errors: folder.file("err"))
        }

        func screen(columns: UInt16 = 80, rows: UInt16 = 24, _ arguments: String...) throws -> PseudoTerminal {
            try PseudoTerminal(
                program, ["patrol", "--config", config] + arguments, environment: ["PATH=/usr/bin:/bin", "TERM=xterm", "TZ=Asia/Shanghai"],
                columns: columns, rows: rows)
        }
    }

    private let first = event(5, incident(7, level: .emergency, headline: "东门有人持刀", sequence: 5), tip: tip(1, text: "东门有人持刀\u{1B}]0;owned\u{7}\u{1B}[2J"))

    // MARK: Lines

    @Test func linesIntoAPipeAndTheCursorOnDisk() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let desk = try Desk(station)
        let child = try desk.start("--lang", "zh-CN")
        #expect(await soon { station.subscriptions.count >= 1 })
        station.push(first, after: 0)
        #expect(await soon { station.acknowledged == cursor(5, 0) })
        #expect(desk.lines == ["2026-01-01 02:10:00  !!! 特急  #7  新警情  可疑人员  east  gate-1  东门有人持刀]0;owned[2J"])
        #expect(desk.text("err").contains("已订阅，责任区 east"))
        #expect(await child.stop() == .code(0))

        // The next one goes on where this one was.
        let next = try desk.start("--json")
        #expect(await soon { station.subscriptions.count >= 2 })
        #expect(station.subscriptions.last?.resume == cursor(5, 0))
        #expect(await next.stop() == .code(0))
    }

    @Test func onceCatchesUpAndExits() async throws {
        let station = try FeedStation(heads: cursor(5, 0))
        defer { station.stop() }
        let desk = try Desk(station)
        let child = try desk.start("--once", "--json")
        #expect(await soon { station.subscriptions.count >= 1 })
        station.push(first, after: 0)
        #expect(await child.waitForExit(within: .seconds(30)) == .code(0))
        let events = try desk.lines.map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])["event"] as? String }
        #expect(events.contains("feed") && events.last == "caught_up")
    }

    @Test func aRefusedKeyEndsOnceWithItsOwnCode() async throws {
        let station = try FeedStation(knowsUnit: false)
        defer { station.stop() }
        let desk = try Desk(station)
        let child = try desk.start("--once", "--lang", "zh-CN")
        #expect(await child.waitForExit(within: .seconds(30)) == .code(77))
        #expect(desk.text("err").contains("密钥未登记或已吊销，请联系值班台"))
    }

    @Test func twoWithOneFolderAreTold() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let desk = try Desk(station)
        let child = try desk.start()
        #expect(await soon { station.subscriptions.count >= 1 })
        let other = try desk.start("--lang", "zh-CN")
        #expect(await other.waitForExit(within: .seconds(30)) == .code(75))
        #expect(desk.text("err").contains("另一个 watchpost patrol 正在使用"))
        #expect(await child.stop() == .code(0))
    }

    @Test func aReaderThatGoesAwayEndsIt() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let desk = try Desk(station)
        let shell = try ChildProcess(
            "/bin/bash", ["-c", "set -o pipefail; '\(desk.program)' patrol --config '\(desk.config)' | head -n 1"],
            environment: ["PATH=/usr/bin:/bin"], output: desk.folder.file("out"), errors: desk.folder.file("err"))
        #expect(await soon { station.subscriptions.count >= 1 })
        station.push(first, after: 0)
        #expect(await soon { station.acknowledged == cursor(5, 0) })
        station.push(event(6, incident(8, level: .emergency), tip: tip(2)), after: 5)
        #expect(await shell.waitForExit(within: .seconds(30)) == .code(0))
        #expect(desk.lines.count == 1)
    }

    /// A pager that does not read on: a window that changes its size meanwhile is no reason to end, a signal to end is.
    @Test func whileNobodyReadsOnlyASignalToEndEndsIt() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let desk = try Desk(station)
        #expect(mkfifo(desk.folder.file("out"), 0o600) == 0)
        let pipe = open(desk.folder.file("out"), O_RDWR | O_NONBLOCK | O_CLOEXEC)
        defer { close(pipe) }
        func waiting() -> Int32 {
            var count: Int32 = 0
            _ = ioctl(pipe, UInt(FIONREAD), &count)
            return count
        }
        func push(_ sequences: ClosedRange<UInt64>) {
            for sequence in sequences {
                station.push(event(sequence, incident(sequence, level: .urgent, headline: String(repeating: "x", count: 200)), tip: tip(sequence)), after: sequence - 1)
            }
        }
        let child = try desk.start("--json")
        #expect(await soon { station.subscriptions.count >= 1 })
        push(1...150)
        #expect(await soon { waiting() > 40_000 })
        child.signal(SIGWINCH)
        child.signal(SIGCONT)
        var text: [UInt8] = []
        let isThrough = await soon {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = read(pipe, &buffer, buffer.count)
            if count > 0 { text += buffer[..<count] }
            return String(decoding: text, as: UTF8.self).contains("\"sequence\":150,")
        }
        #expect(isThrough && child.exit == nil)
        // What was written gave its credit back, or the daemon would have had to stop.
        #expect(station.received(.credit).count > 0 && !String(decoding: text, as: UTF8.self).contains("\"event\":\"fault\""))

        push(151...300)
        #expect(await soon { waiting() > 40_000 })
        #expect(await child.stop() == .code(0))
    }

    // MARK: The screen

    @Test func theScreenShowsClaimsAndGivesTheTerminalBack() async throws {
        let station = try FeedStation(answer: granting)
        defer { station.stop() }
        let desk = try Desk(station)
        let terminal = try desk.screen("--lang", "zh-CN")
        func shown() -> ScreenReader { ScreenReader(columns: 80, rows: 24, terminal.output) }
        #expect(await soon { shown().line(0) == "巡组 patrol-east  已是最新  责任区 east" })
        #expect(terminal.isRaw && shown().isAlternate)
        station.push(first, after: 0)
        #expect(await soon { shown().line(2).hasPrefix(">1 !!! 特急  #7  待接单  可疑人员") })
        #expect(shown().line(3) == "     gate-1  东门有人持刀")
        // Three for an emergency.
        #expect(shown().bells == 3)
        terminal.press("c")
        #expect(await soon { shown().line(22) == "接单 #7 已完成" })
        #expect(station.received(.claim).count == 1)
        #expect(shown().line(2).contains("接单 · 本组"))
        terminal.press("\r")
        #expect(await soon { shown().lines.contains { $0.hasPrefix("    东门有人持刀]0;owned") } })
        // Through the question: the number answers it.
        terminal.press("x")
        #expect(await soon { shown().lines.contains("  3 误报") })
        terminal.press("3")
        #expect(await soon { station.received(.clear).count == 1 })
        #expect(try Action(try #require(station.received(.clear).first).body).disposition == .falseAlarm)
        #expect(shown().unknown.isEmpty, "\(shown().unknown)")
        terminal.press("\u{1B}")
        terminal.press("q")
        #expect(await terminal.waitForExit() == 0)
        #expect(!shown().isAlternate && terminal.output.hasSuffix(RawTerminal.leave) && !terminal.isRaw)
        #expect(station.acknowledged == cursor(5, 0))
    }

    @Test func aFullLineKeepsItsEndAndAnotherSizeIsDrawnAnew() async throws {
        let station = try FeedStation()
        defer { station.stop() }
        let desk = try Desk(station)
        let terminal = try desk.screen(columns: 40, rows: 12, "--lang", "en")
        #expect(await soon { station.subscriptions.count >= 1 })
        station.push(event(5, incident(7, level: .emergency, headline: String(repeating: "long ", count: 30)), tip: tip(1)), after: 0)
        #expect(await soon { ScreenReader(columns: 40, rows: 12, terminal.output).line(3).hasSuffix("…") })
        let before = terminal.output.count
        terminal.resize(columns: 120, rows: 30)
        #expect(
            await soon {
                ScreenReader(columns: 120, rows: 30, String(terminal.output.dropFirst(before))).line(29).contains("? help")
            })
        // The hang-up of the terminal ends it.
        #expect(kill(terminal.processID, SIGHUP) == 0)
        #expect(await terminal.waitForExit() == 0)
        #expect(!terminal.isRaw)
    }
}
