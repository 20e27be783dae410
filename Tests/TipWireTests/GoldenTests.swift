import Foundation
import TestSupport
import Testing

/// golden.txt holds every message as it travels today. Posts and patrols are updated later than the daemon, or never: a
/// difference here is a change of the protocol. How to write the file anew is told in Tests/TestSupport/GoldenFile.swift.
@Suite("Messages as bytes") struct GoldenTests {
    @Test func everyMessageIsAsItWasWrittenDown() throws {
        if GoldenFile.isRewriting {
            try GoldenFile.rewrite(
                beside: #filePath, comment: "Messages of docs/protocol.md as they travel: see GoldenTests.swift.",
                WireCase.all.map { ($0.name, $0.encoded) })
            return
        }
        let golden = GoldenFile(try Data(contentsOf: try #require(Bundle.module.url(forResource: "golden", withExtension: "txt"))))
        #expect(golden.names == WireCase.all.map(\.name))
        for one in WireCase.all {
            let bytes = try #require(golden[one.name], "\(one.name)")
            #expect(one.encoded == bytes, "\(one.name)")
            #expect(try one.isSame(bytes), "\(one.name)")
            #expect(try one.again(bytes) == bytes, "\(one.name)")
        }
    }
}
