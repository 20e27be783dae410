internal import Journal
internal import TipModel

// What posts hear of the incidents that hold their tips.
extension StationCore {
    mutating func tell(_ query: ProgressQuery) {
        guard let news = state.news(for: query.post, after: query.after) else { return }
        batch.replies.append { failure in
            if failure == nil { query.reply(news) }
        }
    }

    mutating func find(_ key: TipKey, _ reply: @escaping @Sendable (StoredTip?) -> Void) {
        let found = try? journal.find([key])[key]
        batch.replies.append { _ in reply(found) }
    }

    /// What a group changed for posts, as the state is right after it. Asks only for those with tips in an incident that it touched.
    func news(of group: borrowing Group) -> [(post: PostID, news: PostProgress)] {
        let before = group.first - 1
        var posts: Set<PostID> = []
        var changed: Set<IncidentID> = []
        for draft in group.drafts {
            if let tip = draft.tip { posts.insert(tip.post) }
            for event in draft.events {
                switch event {
                // Only its own post can hear anything new of it.
                case .tipAccepted, .tipCorrelated, .incidentOpened: break
                case .urgencyChanged(let change): changed.insert(change.incident)
                default: changed.formUnion(event.incidents)
                }
            }
        }
        for incident in changed { posts.formUnion(state.shares.posts(in: incident)) }
        return posts.compactMap { post in state.news(for: post, after: before).map { (post, $0) } }
    }
}
