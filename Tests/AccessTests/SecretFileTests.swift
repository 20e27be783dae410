import Glibc
import TestSupport
import Testing

@testable import Access

/// What may hold a secret and what may not.
struct SecretFileTests {
    private let folder: TemporaryDirectory
    private let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.file("secret")
    }

    @Test func aNewFileIsPrivateAndWhole() throws {
        let bytes = [UInt8](0...255)
        try SecretFile.create(path, bytes)
        #expect(try mode(of: path) == 0o600)
        #expect(try SecretFile.read(path) == bytes)
    }

    @Test func nothingIsReplaced() throws {
        try SecretFile.create(path, Array("first".utf8))
        let error = #expect(throws: SecretFile.Failure.self) { try SecretFile.create(path, Array("second".utf8)) }
        #expect(error?.description.contains("exists already") == true && error?.path == path)
        #expect(try SecretFile.read(path) == Array("first".utf8))
    }

    @Test func anotherFileIsNotWrittenThroughALink() throws {
        let target = folder.file("elsewhere")
        try #require(symlink(target, path) == 0)
        #expect(throws: SecretFile.Failure.self) { try SecretFile.create(path, [1]) }
        #expect(access(target, F_OK) != 0)
    }

    @Test func aFolderThatIsNotThereIsToldWithItsReason() {
        let error = #expect(throws: SecretFile.Failure.self) { try SecretFile.create(folder.file("no/secret"), [1]) }
        #expect(error?.message == "cannot be created: No such file or directory")
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777] as [mode_t])
    func whatOthersMayTouchIsRefusedAndSaysWhatToDo(mode: mode_t) throws {
        try SecretFile.create(path, [1])
        try #require(chmod(path, mode) == 0)
        let error = #expect(throws: SecretFile.Failure.self) { try SecretFile.read(path) }
        let octal = String(mode, radix: 8)
        #expect(error?.message == "has mode 0\(octal), must be 0600: chmod 600 \(path)")
        // It is then as good as new.
        try #require(chmod(path, 0o600) == 0)
        #expect(try SecretFile.read(path) == [1])
    }

    @Test func aCredentialHasTheModeThatSystemdGaveIt() throws {
        try SecretFile.create(path, [1])
        try #require(chmod(path, 0o440) == 0)
        #expect(try SecretFile.read(path, requirePrivate: false) == [1])
    }

    @Test func aLinkIsRefusedHoweverPrivateItsTarget() throws {
        let target = folder.file("real")
        try SecretFile.create(target, [1])
        try #require(symlink(target, path) == 0)
        let error = #expect(throws: SecretFile.Failure.self) { try SecretFile.read(path) }
        #expect(error?.message.hasPrefix("cannot be opened") == true)
    }

    /// Opened as a file is, a pipe without a writer would hold up the start for ever.
    @Test(.timeLimit(.minutes(1))) func aPipeIsRefusedAndNotWaitedFor() throws {
        try #require(mkfifo(path, 0o600) == 0)
        let error = #expect(throws: SecretFile.Failure.self) { try SecretFile.read(path) }
        #expect(error?.message == "is not a regular file")
    }

    @Test func aFolderIsRefused() {
        let error = #expect(throws: SecretFile.Failure.self) { try SecretFile.read(folder.path) }
        #expect(error?.message == "is not a regular file")
    }

    @Test func whatIsMissingIsNotAnEmptySecret() {
        let error = #expect(throws: SecretFile.Failure.self) { try SecretFile.read(path) }
        #expect(error?.message == "cannot be opened: No such file or directory")
    }

    @Test func theBoundIsABound() throws {
        try SecretFile.create(path, [UInt8](repeating: 7, count: SecretFile.bound))
        #expect(try SecretFile.read(path).count == SecretFile.bound)
        let larger = folder.file("larger")
        try SecretFile.create(larger, [UInt8](repeating: 7, count: SecretFile.bound + 1))
        let error = #expect(throws: SecretFile.Failure.self) { try SecretFile.read(larger) }
        #expect(error?.message == "has 65537 bytes, at most 65536")
    }
}

func mode(of path: String) throws -> mode_t {
    var status = stat()
    try #require(lstat(path, &status) == 0)
    return status.st_mode & 0o7777
}
