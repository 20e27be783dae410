import Accounts
import Hummingbird
import LocalHTTP
import Localization
import TipModel

/// The accounts, for an admin: who may sign in, and who is signed in.
struct UsersPage {
    struct User {
        let name: String
        let roleName: String
        let reach: String
        let isDisabled: Bool
        let sessions: String
        let hasSessions: Bool
        let lastUsed: String
        let created: String
        /// Nobody shuts themselves out by a slip.
        let isSelf: Bool
    }

    let accounts: [User]

    init(_ scope: PageScope, accounts: [(account: Account, sessions: Int)], sessions: [SessionSummary]) {
        self.accounts = accounts.map { account, count in
            let used = sessions.filter { $0.account == account.name }.map(\.usedAt).max()
            let zones = account.zones.map { scope.names[$0] }.joined(separator: scope.words.language == .zh ? "、" : ", ")
            return User(
                name: account.name, roleName: scope.words(account.role), reach: account.unit.map { scope.names[$0] } ?? zones,
                isDisabled: account.isDisabled, sessions: "\(count)", hasSessions: count > 0,
                lastUsed: used.map { scope.clock.text($0) } ?? "", created: scope.clock.text(account.createdAt),
                isSelf: account.name == scope.user.name)
        }
    }
}

extension Board {
    func addUserPages(to group: RouterGroup<BoardContext>) {
        group.get("/users") { request, context in
            let user = try context.requireAdmin()
            return try await still(request, user, title: .users, template: "users", path: "/users") { scope in
                UsersPage(scope, accounts: accounts.list(), sessions: accounts.sessions())
            }
        }
        group.post("/users/{name}/{action}") { request, context in
            let user = try context.requireAdmin()
            let (name, action) = (context.parameters.get("name") ?? "", context.parameters.get("action") ?? "")
            let words = Words(Preferences(request).language)
            do throws(AccountError) {
                switch action {
                case "disable": try await accounts.setDisabled(name, true, by: user.name)
                case "enable": try await accounts.setDisabled(name, false, by: user.name)
                case "end-sessions": _ = try await accounts.endSessions(of: name, by: user.name)
                default: throw AccountError(.notFound, "there is no action of that name")
                }
                return seeOther("/users")
            } catch {
                return problem(
                    request, user, words, heading: .refusedTitle, Self.words(error, words.language), back: "/users",
                    status: JSONRefusal(error).status)
            }
        }
    }
}
