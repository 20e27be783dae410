import Synchronization
public import TipModel
public import ZeroMQ

/// Who a connection speaks for, once its key was recognised.
public struct Principal: Hashable, Sendable {
    public var subject: Enrolment.Subject
    /// The enrolment it was recognised by.
    public var generation: SequenceNumber

    public init(subject: Enrolment.Subject, generation: SequenceNumber) {
        self.subject = subject
        self.generation = generation
    }

    /// The user id that ZAP attaches to each of its messages. It carries the generation, so that a connection made
    /// with a key that was since replaced is not taken for the new holder of the name.
    public var userID: String {
        switch subject {
        case .post(let post): "post:\(post.id)#\(generation)"
        case .unit(let unit): "unit:\(unit.id)#\(generation)"
        }
    }

    public var id: PrincipalID {
        switch subject {
        case .post(let post): .post(post.id)
        case .unit(let unit): .unit(unit.id)
        }
    }
}

/// Which keys may connect and which user ids may speak now.
///
/// ZAP is asked once, at the handshake, so a connection outlives a revocation: every message is checked against this
/// table too. Written by the core when an enrolment changes, read by the ZAP thread and the socket threads.
public final class AccessTable: Sendable {
    private struct Contents {
        var userIDs: [CurveKey: String] = [:]
        var principals: [String: Principal] = [:]
        /// Of replaced keys that are still let in: when that ends.
        var ends: [(key: CurveKey, userID: String, until: Timestamp)] = []
        /// Counts changes, so that a socket thread can notice one with a single comparison.
        var version = 0

        /// Takes out what a rotation no longer lets in. Mostly there is nothing to look at.
        mutating func expire(_ time: any TimeSource) {
            guard !ends.isEmpty else { return }
            let now = time.now()
            for end in ends where end.until <= now {
                // The key may stand for somebody else by now.
                if userIDs[end.key] == end.userID { userIDs[end.key] = nil }
                principals[end.userID] = nil
                version += 1
            }
            ends.removeAll { $0.until <= now }
        }
    }

    private let contents = Mutex(Contents())
    private let time: any TimeSource

    public init(time: any TimeSource = SystemTime()) { self.time = time }

    /// Replaces the table by what the state has on record.
    public func replace(with enrolments: some Sequence<Enrolment>) {
        var next = Contents()
        // The newest enrolment of a key wins, so that the order of the sequence decides nothing.
        for enrolment in enrolments.sorted(by: { $0.generation < $1.generation }) where !enrolment.isRevoked {
            if let previous = enrolment.previous, let key = CurveKey(bytes: previous.publicKey) {
                let principal = Principal(subject: enrolment.subject, generation: previous.generation)
                next.userIDs[key] = principal.userID
                next.principals[principal.userID] = principal
                next.ends.append((key, principal.userID, previous.until))
            }
            guard let key = CurveKey(bytes: enrolment.publicKey) else { continue }
            let principal = Principal(subject: enrolment.subject, generation: enrolment.generation)
            next.userIDs[key] = principal.userID
            next.principals[principal.userID] = principal
        }
        contents.withLock { contents in
            next.version = contents.version + 1
            contents = next
            contents.expire(time)
        }
    }

    /// The user id for a key; nil for one that is unknown or revoked.
    public func userID(for key: CurveKey) -> String? {
        contents.withLock { contents in
            contents.expire(time)
            return contents.userIDs[key]
        }
    }

    /// Who a user id is; nil once revoked or enrolled again under another key.
    public func principal(userID: String) -> Principal? {
        contents.withLock { contents in
            contents.expire(time)
            return contents.principals[userID]
        }
    }

    /// Changes whenever the table does.
    public var version: Int {
        contents.withLock { contents in
            contents.expire(time)
            return contents.version
        }
    }
}
