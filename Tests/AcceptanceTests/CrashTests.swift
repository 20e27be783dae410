import Testing

extension Acceptance {
    /// kill -9 of the daemon at random moments under load.
    @Suite struct CrashTests {
        @Test func nothingReceiptedIsLostOrDoubledAndEveryFeedIsWhole() async throws {
            let kills = isLong ? 200 : 20
            let story = try await CrashStory(random: seeded("CrashTests"))
            for number in 1...kills {
                try await story.crash()
                try story.check("after kill \(number)")
            }
            try await story.finish()
            print("CrashTests: \(story.summary)\(ofBuild)")
            await story.leave()
        }
    }
}
