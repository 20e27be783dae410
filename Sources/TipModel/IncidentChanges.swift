extension Incident {
    /// Takes a tip in. Its words become the headline when it is more urgent than all before it.
    mutating func attach(_ accepted: TipAccepted, urgency tipUrgency: Urgency, sequence: SequenceNumber) {
        let tip = accepted.tip
        version &+= 1
        lastSequence = sequence
        lastTipAt = accepted.receivedAt
        tipCount &+= 1
        if posts.count < Limits.posts, !posts.contains(accepted.post) { posts.append(accepted.post) }
        if witnesses.count < Limits.witnesses, !witnesses.contains(accepted.witness) { witnesses.append(accepted.witness) }
        if evidence.count == Limits.evidence { evidence.remove(at: 1) }
        evidence.append(Evidence(accepted))
        if (tipUrgency.level, tipUrgency.score) > (leadLevel, leadScore) {
            leadLevel = tipUrgency.level
            leadScore = tipUrgency.score
            category = tip.category
            headline = clipped(tip.text, bytes: Self.headlineBytes)
        }
        if place.isEmpty { place = tip.place }
        if position == nil { position = accepted.position }
    }

    /// What the tips make of it, whether a regrade stands or not: what further tips are combined with.
    @inlinable public var computedUrgency: Urgency { computed ?? urgency }

    mutating func rescore(_ change: UrgencyChanged, at time: Timestamp, sequence: SequenceNumber) {
        let before = urgency.level
        if change.overrules { regrade?.isOverruled = true }
        setUrgency(change.urgency)
        restartLadder(from: before, at: time)
        // With a tip or a step in the same record it is one change.
        if lastSequence != sequence { version &+= 1 }
        lastSequence = sequence
    }
}

/// A stable hash of who witnessed: another reporter at a post is another witness, the same one again is not. A tip
/// without a reporter stands for its post.
public func witnessHash(post: PostID, reporter: String) -> UInt64 {
    var hash = StableHash()
    hash.add(post.rawValue)
    hash.add("/")
    hash.add(reporter)
    return hash.value
}

/// The hash of `text` alone.
public func stableHash(_ text: String) -> UInt64 {
    var hash = StableHash()
    hash.add(text)
    return hash.value
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo), of a text that is told in pieces: snapshots keep it, so it never changes.
struct StableHash {
    private(set) var value: UInt64 = 14_695_981_039_346_656_037

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { for byte in $0 { add(byte) } }
    }

    /// As its decimal digits.
    mutating func add(_ number: Int) {
        if number < 0 { add(UInt8(ascii: "-")) }
        let magnitude = number.magnitude
        var unit: UInt = 1
        while magnitude / unit >= 10 { unit *= 10 }
        while unit > 0 {
            add(UInt8(ascii: "0") + UInt8(magnitude / unit % 10))
            unit /= 10
        }
    }

    private mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 1_099_511_628_211 }
}
