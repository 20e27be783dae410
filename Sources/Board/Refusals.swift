import Accounts
import Hummingbird
import LocalHTTP
import TipModel

extension JSONRefusal {
    /// What the station refused, as HTTP.
    init(_ rejection: Rejection) {
        let status: HTTPResponse.Status =
            switch rejection.code {
            case .notFound: .notFound
            case .conflict, .illegalStep, .heldByOther: .conflict
            case .forbidden, .revoked: .forbidden
            case .busy, .unavailable: .serviceUnavailable
            default: .unprocessableContent
            }
        let field = rejection.field.split(separator: ".").last.map(String.init)
        self.init(status, code: rejection.code.name, message: rejection.message, field: field)
        if rejection.code.isRetriable { retryAfterSeconds = max(1, Int(rejection.retryAfterMilliseconds / 1_000)) }
    }

    /// What the accounts refused, as HTTP.
    init(_ error: AccountError) {
        let status: HTTPResponse.Status =
            switch error.code {
            case .invalidField: .unprocessableContent
            case .conflict, .lastAdmin: .conflict
            case .notFound: .notFound
            case .wrongCredentials: .unauthorized
            case .lockedOut: .tooManyRequests
            case .linkInvalid: .gone
            case .busy, .inputOutput: .serviceUnavailable
            }
        // What SQLite says may name files.
        let message = error.code == .inputOutput ? "the accounts cannot be read or written; ask whoever runs the daemon" : error.message
        self.init(status, code: error.code.rawValue, message: message, field: error.field)
        if status == .tooManyRequests || status == .serviceUnavailable {
            retryAfterSeconds = max(1, Int(clamping: (error.retryAfterMilliseconds + 999) / 1_000))
        }
    }
}

/// Calls a port, and turns its refusal into the answer.
func answered<Value>(_ body: () async throws(Rejection) -> Value) async throws -> Value {
    do throws(Rejection) { return try await body() } catch { throw JSONRefusal(error) }
}

/// The same of the accounts.
func answered<Value>(_ body: () async throws(AccountError) -> Value) async throws -> Value {
    do throws(AccountError) { return try await body() } catch { throw JSONRefusal(error) }
}
