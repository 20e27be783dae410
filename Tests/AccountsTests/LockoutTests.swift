import Testing

@testable import Accounts

@Suite("Lockout")
struct LockoutTests {
    @Test("each failure doubles the wait, up to a quarter of an hour and never beyond")
    func doubles() {
        let waits = (0...13).map { Lockout.wait(after: $0) / 1_000 }
        #expect(waits == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
        #expect(Lockout.wait(after: .max) == 900_000)
    }

    @Test("a wait ends by itself, and a success ends all of it")
    func ends() {
        var lockout = Lockout(bound: 8)
        lockout.fail("duty", now: 0)
        lockout.fail("duty", now: 1_000)
        #expect(lockout.wait("duty", now: 1_000) == 2_000)
        #expect(lockout.wait("duty", now: 3_000) == 0)
        #expect(lockout.wait("other", now: 1_000) == 0)
        lockout.succeed("duty")
        lockout.fail("duty", now: 3_000)
        #expect(lockout.wait("duty", now: 3_000) == 1_000)
    }

    @Test("an hour after the last wait all is forgotten")
    func forgets() {
        var lockout = Lockout(bound: 8)
        for _ in 0..<5 { lockout.fail("duty", now: 0) }
        lockout.fail("duty", now: 16_000 + Lockout.memory + 1)
        #expect(lockout.wait("duty", now: 16_000 + Lockout.memory + 1) == 1_000)
    }

    @Test("the first mistakes of many behind one address cost nothing")
    func free() {
        var lockout = Lockout(bound: 8, free: 2)
        for _ in 0..<2 { lockout.fail("10.0.0.1", now: 0) }
        #expect(lockout.wait("10.0.0.1", now: 0) == 0)
        lockout.fail("10.0.0.1", now: 0)
        #expect(lockout.wait("10.0.0.1", now: 0) == 1_000)
    }

    @Test("the table is bounded, and names that are made up do not push out one that is attacked")
    func bounded() {
        var lockout = Lockout(bound: 16)
        for _ in 0..<6 { lockout.fail("duty", now: 0) }
        for index in 0..<1_000 { lockout.fail("made-up-\(index)", now: 0) }
        #expect(lockout.count <= 16)
        #expect(lockout.wait("duty", now: 0) == 32_000)
    }
}
