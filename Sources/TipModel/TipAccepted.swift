/// A tip that was taken, and what the daemon knows of it beside what it says.
///
/// Shared by reference: it has a dozen parts that would each be counted anew wherever it goes, and a tip on its way goes through the
/// decision, the fold and the journal. It keeps the meaning of a value.
public struct TipAccepted: Hashable, Sendable {
    @usableFromInline
    struct Parts: Hashable, Sendable {
        @usableFromInline var post: PostID
        @usableFromInline var zone: ZoneID
        @usableFromInline var tip: Tip
        @usableFromInline var encoded: [UInt8]
        @usableFromInline var position: Position?
        @usableFromInline var receivedAt: Timestamp
        @usableFromInline var skewMilliseconds: Int64

        @usableFromInline
        init(
            post: PostID, zone: ZoneID, tip: Tip, encoded: [UInt8], position: Position?, receivedAt: Timestamp, skewMilliseconds: Int64
        ) {
            self.post = post
            self.zone = zone
            self.tip = tip
            self.encoded = encoded
            self.position = position
            self.receivedAt = receivedAt
            self.skewMilliseconds = skewMilliseconds
        }
    }

    @usableFromInline
    final class Box: Sendable {
        @usableFromInline let parts: Parts
        /// Asked for by the score, the decision and the fold.
        @usableFromInline let witness: UInt64

        @usableFromInline
        init(_ parts: Parts) {
            self.parts = parts
            witness = witnessHash(post: parts.post, reporter: parts.tip.reporter)
        }
    }

    @usableFromInline var box: Box

    public init(
        post: PostID, zone: ZoneID, tip: Tip, encoded: [UInt8], position: Position?, receivedAt: Timestamp,
        skewMilliseconds: Int64
    ) {
        box = Box(
            Parts(
                post: post, zone: zone, tip: tip, encoded: encoded, position: position, receivedAt: receivedAt,
                skewMilliseconds: skewMilliseconds))
    }

    @usableFromInline
    mutating func change(_ body: (inout Parts) -> Void) {
        var parts = box.parts
        body(&parts)
        box = Box(parts)
    }

    @inlinable public var post: PostID {
        get { box.parts.post }
        set { change { $0.post = newValue } }
    }

    @inlinable public var zone: ZoneID {
        get { box.parts.zone }
        set { change { $0.zone = newValue } }
    }

    @inlinable public var tip: Tip {
        get { box.parts.tip }
        set { change { $0.tip = newValue } }
    }

    /// The tip as it was sent: kept verbatim, since identity is over these bytes.
    @inlinable public var encoded: [UInt8] {
        get { box.parts.encoded }
        set { change { $0.encoded = newValue } }
    }

    /// Where it is taken to be: the tip's own position, else its post's.
    @inlinable public var position: Position? {
        get { box.parts.position }
        set { change { $0.position = newValue } }
    }

    @inlinable public var receivedAt: Timestamp {
        get { box.parts.receivedAt }
        set { change { $0.receivedAt = newValue } }
    }

    /// The daemon's clock minus the post's when the tip was sent, in milliseconds; 0 where the post did not say.
    @inlinable public var skewMilliseconds: Int64 {
        get { box.parts.skewMilliseconds }
        set { change { $0.skewMilliseconds = newValue } }
    }

    /// By ``witnessHash(post:reporter:)``.
    @inlinable public var witness: UInt64 { box.witness }

    public static func == (left: TipAccepted, right: TipAccepted) -> Bool {
        left.box === right.box || left.box.parts == right.box.parts
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(box.parts) }
}
