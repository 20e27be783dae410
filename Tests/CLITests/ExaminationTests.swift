import Administration
import Foundation
import Glibc
import Localization
import Measurement
import Settings
import TipModel
import Testing

@testable import WatchpostCLI

@Suite struct ExaminationTests {
    private let examination = Examination(Words(.en))

    private func folder() throws -> String {
        let path = NSTemporaryDirectory() + "doctor-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    @Test func whatADiskMeans() {
        func judge(_ median: Double, _ worst: Double) -> Finding { examination.fsync("/d", FsyncProbe(medianMs: median, worstMs: worst)) }
        let good = judge(0.8, 4)
        #expect(good.verdict == .ok && good.advice == nil)
        #expect(good.detail.contains("expect a receipt after 1.8 ms, when busy after at most about 9 ms"))
        #expect(judge(30, 60).verdict == .warning && judge(1, 300).verdict == .warning && judge(150, 200).verdict == .failed)
        // A disk that answers at once does not sync.
        #expect(judge(0.001, 0.002).verdict == .warning && judge(0.001, 0.002).advice?.contains("power cut") == true)
    }

    @Test func aDiskIsMeasuredAndNothingStays() async throws {
        let path = try folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let findings = await examination.disk(path)
        #expect(findings.map(\.check) == ["space:" + path, "fsync:" + path])
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
        let nowhere = await examination.disk(path + "/none")
        #expect(nowhere.map(\.verdict) == [.warning])
    }

    @Test func secrets() throws {
        let path = try folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let key = path + "/k"
        #expect(examination.secret(key, isMade: true).isEmpty)
        #expect(examination.secret(key, isMade: false).map(\.verdict) == [.failed])
        try Data("x".utf8).write(to: URL(filePath: key))
        for (mode, verdict) in [(0o600, Finding.Verdict.ok), (0o400, .ok), (0o640, .failed), (0o604, .failed)] {
            #expect(chmod(key, mode_t(mode)) == 0)
            #expect(examination.secret(key, isMade: true).map(\.verdict) == [verdict], "\(mode)")
        }
        // A link may point anywhere.
        #expect(symlink(key, path + "/l") == 0)
        #expect(examination.secret(path + "/l", isMade: true).map(\.verdict) == [.failed])
    }

    /// Whoever keeps the clock, chrony or systemd-timesyncd, tells the kernel.
    @Test func theClockIsWhatTheKernelKnows() {
        let good = examination.clock(KernelClock(maximumError: 12_300))
        #expect(good == Finding("clock", .ok, "synchronised, off by at most 12.3 ms"))
        for (error, verdict) in [(0, Finding.Verdict.ok), (15_999_999, .ok), (16_000_000, .warning), (.max, .warning), (-1, .warning)] {
            #expect(examination.clock(KernelClock(maximumError: error)).verdict == verdict, "\(error)")
        }
        let bad = examination.clock(KernelClock(maximumError: 16_000_000))
        #expect(bad.detail.contains("no time service") && bad.advice?.contains("chronyc") == true)
        #expect(examination.clock(nil).verdict == .warning)
        #expect(Examination(Words(.zh)).clock(nil).detail == "无法询问内核")
    }

    @Test func descriptors() {
        #expect(examination.descriptors(65_536, name: "d").verdict == .ok)
        #expect(examination.descriptors(1_024, name: "d").verdict == .warning)
        #expect(examination.descriptors(1_024, name: "d", open: 900).verdict == .failed)
    }
}

@Suite struct TrustTests {
    private let bundle = KeyBundle(
        holder: .post(PostID(unchecked: "gate"), zone: ZoneID(unchecked: "dongyuan")), endpoints: ["tcp://127.0.0.1:7401"], daemonPublicKey: "A",
        publicKey: "P", secretKey: SecretText("S"))

    @Test func aBundleAcceptsTwoKeysAndNeverDropsTheOneInUse() throws {
        let both = try #require(KeyTrust.trusting("B", bundle, only: false))
        #expect(both.daemonPublicKey == "A" && both.nextDaemonPublicKey == "B")
        #expect(KeyTrust.trusting("B", both, only: false) == both)
        #expect(KeyTrust.trusting("A", bundle, only: false) == bundle)
        // Whether the daemon has A or B by now is not known.
        #expect(KeyTrust.trusting("C", both, only: false) == nil)
        let only = try #require(KeyTrust.trusting("B", both, only: true))
        #expect(only.daemonPublicKey == "B" && only.nextDaemonPublicKey == nil)
        #expect(only.secretKey == bundle.secretKey && only.holder == bundle.holder)
    }
}
