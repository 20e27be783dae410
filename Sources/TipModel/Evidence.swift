/// What correlation remembers of one member tip: the facts alone. What they mean is worked out by the rules of the day.
///
/// Shared by reference: an incident keeps several, correlation looks at them too, and each would else be copied part by part whenever the
/// incident changes. It never changes itself.
public struct Evidence: Hashable, Sendable {
    /// UTF-8 bytes of ``text`` and ``place`` that are kept: what a tip says beyond that does not correlate it.
    public static let textBytes = 300
    public static let placeBytes = 90

    @usableFromInline
    struct Parts: Hashable, Sendable {
        @usableFromInline var post: PostID
        @usableFromInline var observedAt: Timestamp
        @usableFromInline var category: String
        @usableFromInline var position: Position?
        @usableFromInline var text: String
        @usableFromInline var place: String
    }

    @usableFromInline
    final class Box: Sendable {
        @usableFromInline let parts: Parts

        init(_ parts: Parts) { self.parts = parts }
    }

    @usableFromInline let box: Box

    @inlinable public var post: PostID { box.parts.post }
    @inlinable public var observedAt: Timestamp { box.parts.observedAt }
    @inlinable public var category: String { box.parts.category }
    @inlinable public var position: Position? { box.parts.position }
    @inlinable public var text: String { box.parts.text }
    @inlinable public var place: String { box.parts.place }

    /// Cuts `text` and `place` to what is kept.
    public init(post: PostID, observedAt: Timestamp, category: String, position: Position?, text: String, place: String) {
        box = Box(
            Parts(
                post: post, observedAt: observedAt, category: category, position: position, text: clipped(text, bytes: Self.textBytes),
                place: clipped(place, bytes: Self.placeBytes)))
    }

    public init(_ accepted: TipAccepted) {
        self.init(
            post: accepted.post, observedAt: accepted.tip.observedAt, category: accepted.tip.category,
            position: accepted.position, text: accepted.tip.text, place: accepted.tip.place)
    }

    @inlinable
    public static func == (left: Evidence, right: Evidence) -> Bool { left.box === right.box || left.box.parts == right.box.parts }

    public func hash(into hasher: inout Hasher) { hasher.combine(box.parts) }
}
