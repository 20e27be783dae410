import Synchronization
import TestSupport
import TipModel

@testable import Accounts

/// Accounts on a folder and a clock of the test's own, with a cheap scrypt.
final class Desk: Sendable {
    let folder: TemporaryDirectory
    let time = ManualTime()
    let changes = Mutex<[AccountChanged]>([])

    init() throws { folder = try TemporaryDirectory() }

    func open(limits: AccountLimits = AccountLimits()) throws -> Accounts {
        try Accounts(directory: folder.path, limits: limits, time: time, rounds: 16) { [self] change async throws(AccountError) in
            changes.withLock { $0.append(change) }
        }
    }
}

let password = "correct horse"

extension Accounts {
    func addDesk(_ name: String = "duty") async throws {
        _ = try await add(NewAccount(name: name, role: .desk, password: password), by: "root")
    }

    func signIn(_ name: String = "duty", _ secret: String = password, from address: String = "10.0.0.1") async throws -> OpenedSession {
        try await signIn(name: name, password: secret, address: address)
    }
}

/// The code of the error that `body` throws; nil when it throws none.
func refusal<Value>(_ body: () async throws -> Value) async -> AccountError.Code? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? AccountError)?.code
    }
}
