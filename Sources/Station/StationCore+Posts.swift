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
    func news(of drafts: [Draft]) -> [(post: PostID, news: PostProgress)] {
        let before = state.sequence - SequenceNumber(drafts.count)
        var posts: Set<PostID> = []
        for draft in drafts {
            for event in draft.events {
                switch event {
                // Only its own post can hear anything new of it.
                case .tipCorrelated, .incidentOpened: if let tip = draft.tip { posts.insert(tip.post) }
                default: for incident in event.incidents { posts.formUnion(state.shares.posts(in: incident)) }
                }
            }
        }
        return posts.compactMap { post in state.news(for: post, after: before).map { (post, $0) } }
    }
}
