import Hummingbird

extension Board {
    /// The pages of the people who are signed in. The session is checked before a handler runs, and so is the CSRF token of
    /// every POST.
    func addPages(to group: RouterGroup<BoardContext>) {
        group.get("/") { _, _ in pageResponse(.ok, "<!doctype html><title>Watchpost</title>") }
    }
}
