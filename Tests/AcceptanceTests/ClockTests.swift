import Administration
import FoundationEssentials
import Glibc
import Journal
import Patrol
import TestSupport
import Testing
import TipModel
import Workbench

/// The wall clock of a program, moved by the seconds in a file. Debian's faketime does more, and hides the arguments from a Swift
/// program.
private let shim = """
    #include <fcntl.h>
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <time.h>
    #include <unistd.h>
    int clock_gettime(clockid_t id, struct timespec *time) {
        long result = syscall(SYS_clock_gettime, id, time);
        if (result != 0 || id != CLOCK_REALTIME) return (int)result;
        char text[32] = {0};
        int file = open(getenv("WATCHPOST_TEST_CLOCK"), O_RDONLY | O_CLOEXEC);
        if (file >= 0) {
            if (read(file, text, sizeof text - 1) > 0) time->tv_sec += atol(text);
            close(file);
        }
        return 0;
    }
    """

extension Acceptance {
    /// The built daemon under a clock that is set by ten years; its monotonic clock runs on.
    @Suite(.enabled(if: access("/usr/bin/cc", X_OK) == 0, "a C compiler makes the other clock")) struct ClockTests {
        @Test(arguments: ["315619200", "-315619200"])
        func aClockThatLeapsByTenYearsLosesNothing(seconds leap: String) async throws {
            let station = try await Station(start: false) { plan in
                try FileManager.default.createDirectory(atPath: plan.directory, withIntermediateDirectories: true)
                let script = plan.directory + "/watchpostd-with-another-clock"
                try write(plan.directory + "/clock", "0")
                try write(plan.directory + "/clock.c", shim)
                try write(
                    script,
                    """
                    #!/bin/sh
                    cd \(plan.directory) && { [ -e clock.so ] || /usr/bin/cc -shared -fPIC -D_GNU_SOURCE -o clock.so clock.c; } || exit 1
                    export LD_PRELOAD=\(plan.directory)/clock.so WATCHPOST_TEST_CLOCK=\(plan.directory)/clock
                    exec \(plan.binaries.daemon) "$@"
                    """)
                chmod(script, 0o700)
                plan.binaries.daemon = script
            }
            func set(_ offset: String) async throws {
                try write(station.file("clock"), offset)
                let away = offset != "0"
                let seen = try await station.status { status in
                    ((status.nowMs - SystemTime().now().milliseconds).magnitude > 86_400_000 * 300) == away
                }
                try #require(seen != nil, "the daemon's clock does not follow")
            }
            try await station.daemon.start()
            let post = try DirectPost(try await station.enrolPost("gate"))
            let patrol = try DirectPatrol(try await station.enrolUnit("unit"))
            let before = DirectPost.tip(category: "theft", text: "before")
            let receipt = try await post.receipt(for: before)
            _ = try await patrol.wait(for: .opened, of: receipt.incident)

            try await set(leap)
            let waiting = DirectPost.tip(category: "theft", text: "meanwhile")
            for restarts in [false, true] {
                if restarts {
                    await station.daemon.kill()
                    try await station.daemon.start()
                }
                let refused = try await post.rejection(of: waiting)
                #expect(refused.code == .unavailable && refused.message.contains("clock leapt"), "\(refused)")
                #expect(try await post.answer(to: before).receipt?.verdict == .repeat)
            }
            let claimed = try await eventually(within: .seconds(20)) {
                if case .done = try await patrol.perform(PatrolCommand(.claim, receipt.incident)) { true } else { nil }
            }
            #expect(claimed == true)

            try await set("0")
            #expect(try await post.receipt(for: waiting).verdict != .repeat)
            let journal = try station.journal()
            #expect(journal.faults == [] && journal.accepted == 2)
            #expect(try station.verify() == .sound(records: journal.last))
            #expect(patrol.seen.faults == [])
            await patrol.stop()
            #expect(await station.daemon.stop() == .code(0))
        }
    }
}
