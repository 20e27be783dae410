import Synchronization
public import TipModel

/// 账户: who may sign in at the board, and who is signed in. The disk has all of it; memory has a copy, bounded by
/// ``AccountLimits``, so that a request is recognised without one.
public final class Accounts: Sendable {
    private struct State {
        var accounts: [String: Account]
        var hashes: [String: PasswordHash]
        var sessions: SessionTable
        /// By name and address: whoever guesses keeps nobody else waiting.
        var byAccount = Lockout(bound: 4_096)
        /// By name alone, for guesses from many addresses: a wait that its owner hardly notices.
        var byName = Lockout(bound: 4_096, free: 10, longest: 4_000)
        // Some people share an address, so the first mistakes of one cost nobody a wait.
        var byAddress = Lockout(bound: 4_096, free: 10)

        private static func pair(_ name: String, _ address: String) -> String { name + "\0" + address }

        /// Milliseconds until the next try.
        func wait(_ name: String, _ address: String, now: Int64) -> Int64 {
            max(
                byAccount.wait(Self.pair(name, address), now: now), byName.wait(name, now: now),
                byAddress.wait(address, now: now))
        }

        mutating func fail(_ name: String, _ address: String, now: Int64) {
            byAccount.fail(Self.pair(name, address), now: now)
            byName.fail(name, now: now)
            byAddress.fail(address, now: now)
        }

        mutating func undo(_ name: String, _ address: String, now: Int64) {
            byAccount.undo(Self.pair(name, address), now: now)
            byName.undo(name, now: now)
            byAddress.undo(address, now: now)
        }

        mutating func succeed(_ name: String, _ address: String) {
            byAccount.succeed(Self.pair(name, address))
            byName.succeed(name)
            byAddress.succeed(address)
        }

        /// Disables an account, unless nobody would be left to enable it again.
        /// - Returns: false where it is so already.
        mutating func noteDisabled(_ name: String) throws(AccountError) -> Bool {
            guard let account = accounts[name], !account.isDisabled else { return false }
            let isLast = !accounts.values.contains { $0.role == .admin && !$0.isDisabled && $0.name != name }
            guard account.role != .admin || !isLast else {
                throw AccountError(.lastAdmin, "\(name) is the last admin; add another one first")
            }
            accounts[name]?.isDisabled = true
            return true
        }
    }

    let limits: AccountLimits
    private let store: AccountStore
    private let time: any TimeSource
    private let hasher: PasswordHasher
    private let rounds: Int
    private let audit: @Sendable (AccountChanged) async throws(AccountError) -> Void
    private let pseudonymKey: [UInt8]
    private let state: Mutex<State>

    /// Opens the accounts in a folder, or makes an empty file.
    /// - Parameters:
    ///   - audit: journals what was done to an account.
    ///   - rounds: scrypt's N for new passwords; tests take a small one.
    public init(
        directory: String, limits: AccountLimits = AccountLimits(), time: any TimeSource, rounds: Int = 1 << 15,
        audit: @escaping @Sendable (AccountChanged) async throws(AccountError) -> Void
    ) throws(AccountError) {
        store = try AccountStore(path: directory + "/" + AccountStore.fileName)
        let contents = try store.load()
        self.limits = limits
        self.time = time
        self.rounds = rounds
        self.audit = audit
        hasher = PasswordHasher()
        pseudonymKey = contents.pseudonymKey
        var sessions = SessionTable(limits: limits)
        sessions.load(contents.sessions)
        state = Mutex(
            State(
                accounts: Dictionary(contents.accounts.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
                hashes: contents.hashes.compactMapValues { PasswordHash($0) }, sessions: sessions))
    }

    public func close() { store.close() }

    /// How long a session lasts at most.
    public var sessionSeconds: Int64 { limits.sessionMilliseconds / 1_000 }

    // MARK: Looking

    /// All accounts by name, each with how many sessions it has.
    public func list() -> [(account: Account, sessions: Int)] {
        let now = time.now()
        return state.withLock { state in
            let counts = Dictionary(grouping: state.sessions.live(of: nil, now: now), by: \.account).mapValues(\.count)
            return state.accounts.values.sorted { $0.name < $1.name }.map { ($0, counts[$0.name] ?? 0) }
        }
    }

    public var isEmpty: Bool { state.withLock { $0.accounts.isEmpty } }

    /// Sessions, of one account or of all, the last used first.
    public func sessions(of name: String? = nil) -> [SessionSummary] {
        let now = time.now()
        return state.withLock { $0.sessions.live(of: name, now: now) }.sorted { $0.usedAt > $1.usedAt }.map {
            SessionSummary(account: $0.account, openedAt: $0.openedAt, usedAt: $0.usedAt, address: $0.address)
        }
    }

    /// Stands for a reporter where their name is not told: the same at every look, and of no use without the key.
    public func pseudonym(post: PostID, reporter: String) -> String {
        guard !reporter.isEmpty else { return "" }
        return "R-" + hexadecimal(sha256(pseudonymKey + Array("\(post)/\(reporter)".utf8)).prefix(4)).uppercased()
    }

    // MARK: Sessions

    /// Opens a session for a name and its password.
    /// - Throws: `wrongCredentials`, `lockedOut`, `busy`, `inputOutput`.
    public func signIn(name: String, password: String, address: String) async throws(AccountError) -> OpenedSession {
        let tick = time.monotonicMilliseconds()
        let key = clipped(name, bytes: 64)
        let (wait, known) = state.withLock { state -> (Int64, PasswordHash?) in
            let wait = state.wait(key, address, now: tick)
            guard wait == 0 else { return (wait, nil) }
            state.fail(key, address, now: tick)
            return (0, state.hashes[name])
        }
        guard wait == 0 else { throw Self.mustWait(wait) }
        // A name that nobody has costs what a wrong password costs.
        let hash = known ?? .unmatched(rounds: rounds)
        let isRight = password.utf8.count <= PasswordRules.mostBytes ? try await compare(password, with: hash, key, address) : false
        guard isRight, let known else { throw Self.wrong() }
        let opened = try await open(name, known, address: address)
        state.withLock { $0.succeed(key, address) }
        return opened
    }

    private static func wrong() -> AccountError { AccountError(.wrongCredentials, "the name or the password is wrong") }

    private static func mustWait(_ wait: Int64) -> AccountError {
        AccountError(.lockedOut, "too many failed tries; wait \((wait + 999) / 1_000) s", retryAfterMilliseconds: wait)
    }

    /// Whether the password is right. Where nobody had time to look, the try does not count.
    private func compare(_ password: String, with hash: PasswordHash, _ key: String, _ address: String) async throws(AccountError) -> Bool {
        do throws(AccountError) {
            return try await hasher.run { hash.matches(password) }
        } catch {
            let tick = time.monotonicMilliseconds()
            state.withLock { $0.undo(key, address, now: tick) }
            throw error
        }
    }

    /// The session of a token; nil where it has ended or its account is disabled.
    public func session(_ token: SessionToken) -> LiveSession? {
        let now = time.now()
        let found = state.withLock { state -> (live: LiveSession, write: Bool)? in
            guard let (session, write) = state.sessions.use(token.hash, now: now), let account = state.accounts[session.account],
                !account.isDisabled
            else { return nil }
            return (LiveSession(account: account, csrfToken: session.csrf), write)
        }
        if found?.write == true {
            // Not waited for: losing it costs a minute of the idle time, no more.
            Task { [store] in try? await store.noteUse(token.hash, at: now) }
        }
        return found?.live
    }

    /// Ends one session.
    public func signOut(_ token: SessionToken) async throws(AccountError) {
        guard state.withLock({ $0.sessions.end(token.hash) }) else { return }
        try await store.endSession(token.hash)
    }

    /// - Parameter known: the hash that the password was compared with; a session is opened only while that is the account's, so
    ///   that none outlives a change of password that came in between.
    private func open(_ name: String, _ known: PasswordHash, address: String) async throws(AccountError) -> OpenedSession {
        var random = SystemRandomNumberGenerator()
        let token = SessionToken(random: &random)
        let now = time.now()
        let record = SessionRecord(
            hash: token.hash, account: name, csrf: hexadecimal(randomBytes(32, &random)), openedAt: now, usedAt: now, writtenAt: now,
            address: clipped(address, bytes: 64))
        let added = state.withLock { state -> (account: Account, gone: [[UInt8]])? in
            guard state.hashes[name] == known, let account = state.accounts[name], !account.isDisabled else { return nil }
            return (account, state.sessions.add(record, now: now))
        }
        guard let (account, gone) = added else { throw Self.wrong() }
        do {
            try await store.add(record, removing: gone)
        } catch {
            _ = state.withLock { $0.sessions.end(token.hash) }
            throw error
        }
        // Ended while it was written: its row came after the deletion.
        guard state.withLock({ $0.sessions.has(token.hash) }) else {
            try await store.endSession(token.hash)
            throw Self.wrong()
        }
        return OpenedSession(
            token: token, account: account, csrfToken: record.csrf, expiresAt: now.advanced(byMilliseconds: limits.sessionMilliseconds))
    }

    // MARK: Administration

    /// Adds an account. Names are never used again for somebody else's: there is no deletion, only disabling.
    public func add(_ new: NewAccount, by: String) async throws(AccountError) -> Account {
        try await add(new, by: by, link: nil)
    }

    private func add(_ new: NewAccount, by: String, link: [UInt8]?) async throws(AccountError) -> Account {
        let account = try new.checked(at: time.now())
        try PasswordRules.check(new.password)
        let refusal = state.withLock { state -> AccountError? in
            if state.accounts[account.name] != nil {
                return AccountError(.conflict, field: "name", "there is an account \(account.name) already")
            }
            return state.accounts.count < limits.accounts
                ? nil : AccountError(.busy, "there are \(limits.accounts) accounts, the most that are possible")
        }
        if let refusal { throw refusal }
        let hash = try await hash(new.password)
        let isAdded = try await store.add(account, password: hash.text, link: link.map { ($0, account.createdAt) })
        guard isAdded else { throw Self.linkIsOver }
        state.withLock { state in
            state.accounts[account.name] = account
            state.hashes[account.name] = hash
        }
        try await audit(AccountChanged(name: account.name, action: .added, role: account.role.rawValue, by: by))
        return account
    }

    /// Sets a password. The sessions of the account end, but for the one named.
    public func setPassword(_ name: String, _ password: String, by: String, keeping session: SessionToken? = nil) async throws(AccountError) {
        let account = try find(name)
        try PasswordRules.check(password)
        let hash = try await hash(password)
        try await store.setPassword(name, hash.text, keeping: session?.hash)
        state.withLock { state in
            state.hashes[name] = hash
            state.byName.succeed(name)
            _ = state.sessions.endAll(of: name, except: session?.hash)
        }
        try await audit(AccountChanged(name: name, action: .passwordChanged, role: account.role.rawValue, by: by))
    }

    /// A person changes their own password, with the old one once more.
    public func changePassword(
        _ name: String, from old: String, to new: String, address: String, keeping session: SessionToken?
    ) async throws(AccountError) {
        let tick = time.monotonicMilliseconds()
        let (wait, known) = state.withLock { state -> (Int64, PasswordHash?) in
            let wait = state.wait(name, address, now: tick)
            if wait == 0 { state.fail(name, address, now: tick) }
            return (wait, state.hashes[name])
        }
        guard wait == 0 else { throw Self.mustWait(wait) }
        guard old.utf8.count <= PasswordRules.mostBytes, let known, try await compare(old, with: known, name, address) else {
            throw AccountError(.wrongCredentials, field: "old_password", "the old password is wrong")
        }
        state.withLock { $0.succeed(name, address) }
        try await setPassword(name, new, by: name, keeping: session)
    }

    /// Disables an account, whose sessions end, or enables it.
    public func setDisabled(_ name: String, _ isDisabled: Bool, by: String) async throws(AccountError) {
        let account = try find(name)
        guard account.isDisabled != isDisabled else { return }
        if isDisabled {
            // Asked and noted in one step: two admins who disable each other at once would else leave none. It is noted before it is
            // stored, as who is to be shut out may be so a moment early.
            let isNoted = try state.withLock { (state) throws(AccountError) in try state.noteDisabled(name) }
            guard isNoted else { return }
        }
        do throws(AccountError) {
            try await store.setDisabled(name, isDisabled)
        } catch {
            if isDisabled { state.withLock { $0.accounts[name]?.isDisabled = false } }
            throw error
        }
        state.withLock { state in
            state.accounts[name]?.isDisabled = isDisabled
            if isDisabled { _ = state.sessions.endAll(of: name) }
        }
        try await audit(AccountChanged(name: name, action: isDisabled ? .disabled : .enabled, role: account.role.rawValue, by: by))
    }

    /// Ends all sessions of an account.
    /// - Returns: how many there were.
    public func endSessions(of name: String, by: String) async throws(AccountError) -> Int {
        let account = try find(name)
        try await store.endSessions(of: name)
        let count = state.withLock { $0.sessions.endAll(of: name) }
        try await audit(AccountChanged(name: name, action: .sessionsEnded, role: account.role.rawValue, by: by))
        return count
    }

    // MARK: The first account

    /// A new one-time link's token to make the first admin with; earlier ones hold no more. Called at start and by a command.
    /// - Throws: `linkInvalid` where there are accounts.
    public func firstLink() throws(AccountError) -> String {
        guard isEmpty else { throw AccountError(.linkInvalid, "there are accounts already; an admin adds further ones") }
        var random = SystemRandomNumberGenerator()
        let token = SessionToken(random: &random)
        try store.setLink(token.hash, expiresAt: time.now().advanced(byMilliseconds: limits.linkMilliseconds))
        return token.text
    }

    /// Whether a link still holds, for the page behind it.
    public func isFirstLink(_ token: String) async throws(AccountError) -> Bool {
        guard isEmpty, let token = SessionToken(token) else { return false }
        return try await store.hasLink(token.hash, now: time.now())
    }

    /// Makes the first admin, once, and signs them in.
    public func redeem(_ token: String, name: String, password: String, address: String) async throws(AccountError) -> OpenedSession {
        guard isEmpty, let token = SessionToken(token) else { throw Self.linkIsOver }
        let account = try await add(NewAccount(name: name, role: .admin, password: password), by: "first-link", link: token.hash)
        guard let known = state.withLock({ $0.hashes[account.name] }) else { throw Self.linkIsOver }
        return try await open(account.name, known, address: address)
    }

    private static let linkIsOver = AccountError(.linkInvalid, "this link was used or has expired; `watchpost user first-link` makes another")

    private func find(_ name: String) throws(AccountError) -> Account {
        guard let account = state.withLock({ $0.accounts[name] }) else {
            throw AccountError(.notFound, field: "name", "there is no account '\(clipped(name, bytes: 40))'")
        }
        return account
    }

    private func hash(_ password: String) async throws(AccountError) -> PasswordHash {
        let rounds = rounds
        guard let hash = try await hasher.run({ try? PasswordHash(hashing: password, rounds: rounds) }) else {
            throw AccountError(.inputOutput, "the password cannot be hashed")
        }
        return hash
    }
}

/// An account to add.
public struct NewAccount: Sendable {
    public var name: String
    public var role: Role
    public var zones: [ZoneID]
    public var unit: UnitID?
    public var password: String

    public init(name: String, role: Role, zones: [ZoneID] = [], unit: UnitID? = nil, password: String) {
        self.name = name
        self.role = role
        self.zones = zones
        self.unit = unit
        self.password = password
    }

    /// Zones of an officer in one account.
    static let mostZones = 64

    func checked(at now: Timestamp) throws(AccountError) -> Account {
        guard isValidName(name) else {
            throw AccountError(.invalidField, field: "name", "a name is 1–32 characters of a–z, 0–9 and '-', not beginning or ending with '-'")
        }
        guard (role == .officer) == !zones.isEmpty, zones.count <= Self.mostZones else {
            throw AccountError(
                .invalidField, field: "zones", role == .officer ? "an officer has 1–\(Self.mostZones) zones" : "only an officer has zones")
        }
        guard (role == .patrol) == (unit != nil) else {
            throw AccountError(.invalidField, field: "unit", role == .patrol ? "a patrol's account names its unit" : "only a patrol has a unit")
        }
        return Account(name: name, role: role, zones: zones, unit: unit, createdAt: now)
    }
}
