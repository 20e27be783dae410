import Testing

@testable import Measurement

@Suite struct KernelClockTests {
    /// The kernel answers without a privilege, and what it says is what timedatectl judges by.
    @Test func theKernelAnswers() throws {
        let clock = try #require(KernelClock())
        #expect(clock.maximumError >= 0 && clock.maximumError <= KernelClock.unknown)
        #expect(clock.isSynchronized == (clock.maximumError < KernelClock.unknown))
    }
}
