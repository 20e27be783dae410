import FoundationEssentials
import Glibc
import Synchronization
import TestSupport
import Testing
import TipModel

@testable import Accounts

@Suite("Accounts")
struct AccountsTests {
    @Test("who signs in gets a session, and it is theirs")
    func signIn() async throws {
        let desk = try Desk()
        let accounts = try desk.open()
        try await accounts.addDesk()
        let opened = try await accounts.signIn()
        let live = try #require(accounts.session(opened.token))
        #expect(live.account.name == "duty" && live.account.role == .desk)
        #expect(live.csrfToken == opened.csrfToken && opened.csrfToken.utf8.count == 64)
        #expect(accounts.list().map(\.sessions) == [1])
        try await accounts.signOut(opened.token)
        #expect(accounts.session(opened.token) == nil)
    }

    @Test("a wrong password, an unknown name and a disabled account get one and the same answer")
    func oneAnswer() async throws {
        let desk = try Desk()
        let accounts = try desk.open()
        try await accounts.addDesk()
        try await accounts.addDesk("old")
        try await accounts.setDisabled("old", true, by: "root")
        var words: Set<AccountError> = []
        for (name, secret) in [("duty", "wrong password"), ("nobody", password), ("old", password)] {
            do { _ = try await accounts.signIn(name, secret) } catch let error as AccountError { words.insert(error) }
        }
        #expect(words == [AccountError(.wrongCredentials, "the name or the password is wrong")])
    }

    @Test("failed tries lock a name out for a while, whether it exists or not, and the wait ends")
    func lockedOut() async throws {
        let desk = try Desk()
        let accounts = try desk.open()
        try await accounts.addDesk()
        for name in ["duty", "nobody"] {
            #expect(await refusal { try await accounts.signIn(name, "wrong password") } == .wrongCredentials)
            #expect(await refusal { try await accounts.signIn(name) } == .lockedOut)
            desk.time.advance(milliseconds: 1_000)
            #expect(await refusal { try await accounts.signIn(name, "wrong password") } == .wrongCredentials)
            desk.time.advance(milliseconds: 1_999)
            #expect(await refusal { try await accounts.signIn(name) } == .lockedOut)
            desk.time.advance(milliseconds: 1)
        }
        _ = try await accounts.signIn()
        // And then nothing is held against them.
        _ = try await accounts.signIn()
    }

    @Test("an address that tries many names is slowed down too")
    func address() async throws {
        let desk = try Desk()
        let accounts = try desk.open()
        try await accounts.addDesk()
        for index in 0..<11 { #expect(await refusal { try await accounts.signIn("name-\(index)", "wrong password") } == .wrongCredentials) }
        #expect(await refusal { try await accounts.signIn() } == .lockedOut)
        _ = try await accounts.signIn("duty", from: "10.0.0.2")
    }

    @Test("a session ends when it is not used, and after its longest time in any case")
    func expiry() async throws {
        let desk = try Desk()
        var limits = AccountLimits()
        limits.idleMilliseconds = 60_000
        limits.sessionMilliseconds = 150_000
        let accounts = try desk.open(limits: limits)
        try await accounts.addDesk()
        let idle = try await accounts.signIn()
        desk.time.advance(milliseconds: 60_000)
        #expect(accounts.session(idle.token) == nil)
        let used = try await accounts.signIn()
        for _ in 0..<2 {
            desk.time.advance(milliseconds: 59_999)
            #expect(accounts.session(used.token) != nil)
        }
        desk.time.advance(milliseconds: 30_002)
        #expect(accounts.session(used.token) == nil)
        #expect(accounts.list().map(\.sessions) == [0])
    }

    @Test("accounts and sessions outlive a restart, and the file holds neither token nor password")
    func restart() async throws {
        let desk = try Desk()
        let before = try desk.open()
        try await before.addDesk()
        _ = try await before.add(
            NewAccount(name: "wang", role: .officer, zones: [ZoneID(unchecked: "dongyuan"), ZoneID(unchecked: "xuefu")], password: password), by: "root")
        _ = try await before.add(NewAccount(name: "east", role: .patrol, unit: UnitID(unchecked: "night-east"), password: password), by: "root")
        let opened = try await before.signIn()
        let pseudonym = before.pseudonym(post: PostID(unchecked: "gate-1"), reporter: "张三")
        before.close()
        let after = try desk.open()
        #expect(after.list().map(\.account) == before.list().map(\.account))
        #expect(after.session(opened.token)?.csrfToken == opened.csrfToken)
        #expect(after.pseudonym(post: PostID(unchecked: "gate-1"), reporter: "张三") == pseudonym)
        _ = try await after.signIn("wang")
        after.close()
        let path = desk.folder.file("accounts.sqlite")
        let bytes = try #require(FileManager.default.contents(atPath: path))
        for secret in [opened.token.text, password] {
            #expect(bytes.firstRange(of: Data(secret.utf8)) == nil)
        }
        let raw = try #require(Accounts.raw(opened.token))
        #expect(bytes.firstRange(of: Data(raw)) == nil)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test("sessions are bounded for each account and in all: the one that was used least recently goes")
    func bounded() async throws {
        let desk = try Desk()
        var limits = AccountLimits()
        (limits.sessionsPerAccount, limits.sessions) = (2, 3)
        let accounts = try desk.open(limits: limits)
        try await accounts.addDesk()
        try await accounts.addDesk("night")
        var tokens: [SessionToken] = []
        for name in ["duty", "duty", "duty", "night", "night"] {
            tokens.append(try await accounts.signIn(name).token)
            desk.time.advance(milliseconds: 1_000)
        }
        #expect(tokens.map { accounts.session($0) != nil } == [false, false, true, true, true])
        accounts.close()
        #expect(try desk.open(limits: limits).sessions().count == 3)
    }

    @Test("a new password ends the other sessions; disabling ends all")
    func endings() async throws {
        let desk = try Desk()
        let accounts = try desk.open()
        try await accounts.addDesk()
        let (mine, other) = (try await accounts.signIn(), try await accounts.signIn())
        #expect(await refusal { try await accounts.changePassword("duty", from: "wrong password", to: "another one", address: "", keeping: nil) } == .wrongCredentials)
        desk.time.advance(milliseconds: 1_000)
        #expect(await refusal { try await accounts.changePassword("duty", from: password, to: "short", address: "", keeping: nil) } == .invalidField)
        try await accounts.changePassword("duty", from: password, to: "another one", address: "", keeping: mine.token)
        #expect(accounts.session(mine.token) != nil && accounts.session(other.token) == nil)
        #expect(await refusal { try await accounts.signIn() } == .wrongCredentials)
        desk.time.advance(milliseconds: 1_000)
        _ = try await accounts.signIn("duty", "another one")
        #expect(try await accounts.endSessions(of: "duty", by: "root") == 2)
        let third = try await accounts.signIn("duty", "another one")
        try await accounts.setDisabled("duty", true, by: "root")
        #expect(accounts.session(third.token) == nil)
        try await accounts.setDisabled("duty", false, by: "root")
        #expect(accounts.session(third.token) == nil)
        let actions = desk.changes.withLock { $0.map(\.action) }
        #expect(actions == [.added, .passwordChanged, .sessionsEnded, .disabled, .enabled])
    }

    @Test(
        "an account that cannot be is refused with the field",
        arguments: [
            (NewAccount(name: "No Spaces", role: .desk, password: password), "name"), (NewAccount(name: "", role: .desk, password: password), "name"),
            (NewAccount(name: "a", role: .desk, password: "short"), "password"), (NewAccount(name: "a", role: .officer, password: password), "zones"),
            (NewAccount(name: "a", role: .desk, zones: [ZoneID(unchecked: "z")], password: password), "zones"),
            (NewAccount(name: "a", role: .patrol, password: password), "unit"),
            (NewAccount(name: "a", role: .admin, unit: UnitID(unchecked: "u"), password: password), "unit"),
        ])
    func impossible(new: NewAccount, field: String) async throws {
        let accounts = try Desk().open()
        let error = await #expect(throws: AccountError.self) { try await accounts.add(new, by: "root") }
        #expect(error?.code == .invalidField && error?.field == field)
        #expect(accounts.isEmpty)
    }

    @Test("a name is given once, and the last admin stays")
    func conflicts() async throws {
        let accounts = try Desk().open()
        _ = try await accounts.add(NewAccount(name: "boss", role: .admin, password: password), by: "root")
        #expect(await refusal { try await accounts.add(NewAccount(name: "boss", role: .desk, password: password), by: "root") } == .conflict)
        #expect(await refusal { try await accounts.setDisabled("boss", true, by: "boss") } == .lastAdmin)
        #expect(await refusal { try await accounts.setPassword("nobody", password, by: "root") } == .notFound)
        _ = try await accounts.add(NewAccount(name: "vice", role: .admin, password: password), by: "boss")
        try await accounts.setDisabled("boss", true, by: "vice")
    }

    @Test("of two admins who disable each other at once, one stays")
    func twoAdmins() async throws {
        let accounts = try Desk().open()
        for name in ["boss", "vice"] { _ = try await accounts.add(NewAccount(name: name, role: .admin, password: password), by: "root") }
        for _ in 0..<20 {
            async let one = refusal { try await accounts.setDisabled("boss", true, by: "vice") }
            async let other = refusal { try await accounts.setDisabled("vice", true, by: "boss") }
            let refusals = await [one, other].compactMap(\.self)
            #expect(refusals == [.lastAdmin])
            #expect(accounts.list().filter { !$0.account.isDisabled }.count == 1)
            for name in ["boss", "vice"] { try await accounts.setDisabled(name, false, by: "root") }
        }
    }

    @Test("the first link makes one admin, once, within a day, and only while there is nobody")
    func firstLink() async throws {
        let desk = try Desk()
        let accounts = try desk.open()
        let old = try accounts.firstLink()
        let link = try accounts.firstLink()
        #expect(try await accounts.isFirstLink(old) == false)
        #expect(try await accounts.isFirstLink(link))
        #expect(try await accounts.isFirstLink("x") == false)
        desk.time.advance(milliseconds: 24 * 3_600_000)
        #expect(await refusal { try await accounts.redeem(link, name: "boss", password: password, address: "") } == .linkInvalid)
        let fresh = try accounts.firstLink()
        // A password that is too short does not use it up.
        #expect(await refusal { try await accounts.redeem(fresh, name: "boss", password: "short", address: "") } == .invalidField)
        async let one = accounts.redeem(fresh, name: "boss", password: password, address: "")
        async let other = accounts.redeem(fresh, name: "thief", password: password, address: "")
        var made: [Account] = []
        for attempt in [try? await one, try? await other] { if let attempt { made.append(attempt.account) } }
        #expect(made.count == 1 && made.first?.role == .admin)
        #expect(throws: AccountError.self) { try accounts.firstLink() }
        #expect(desk.changes.withLock { $0.count } == 1)
    }

    @Test("a pseudonym tells people apart and is nobody's name")
    func pseudonyms() throws {
        let accounts = try Desk().open()
        let gate = PostID(unchecked: "gate-1")
        let one = accounts.pseudonym(post: gate, reporter: "张三")
        #expect(one.hasPrefix("R-") && one.utf8.count == 10)
        #expect(one == accounts.pseudonym(post: gate, reporter: "张三"))
        #expect(one != accounts.pseudonym(post: gate, reporter: "李四"))
        #expect(one != accounts.pseudonym(post: PostID(unchecked: "gate-2"), reporter: "张三"))
        #expect(accounts.pseudonym(post: gate, reporter: "") == "")
        // Another station calls him something else.
        #expect(try Desk().open().pseudonym(post: gate, reporter: "张三") != one)
    }

    @Test("a damaged or foreign file is refused and left alone")
    func foreignFile() throws {
        let desk = try Desk()
        try Data("this is no database, and it is long enough to be looked at".utf8).write(to: URL(filePath: desk.folder.file("accounts.sqlite")))
        #expect(throws: AccountError.self) { try desk.open() }
    }
}

extension Accounts {
    /// The bytes of a token.
    static func raw(_ token: SessionToken) -> [UInt8]? { bytes(hex: token.text) }
}
