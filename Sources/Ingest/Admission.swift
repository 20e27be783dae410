internal import Access
internal import TipModel
internal import TipWire

/// What a message from a post comes to.
enum Admission {
    case tips(ordinary: [AdmittedTip], express: [AdmittedTip], refused: [TipRejection])
    case heartbeat(PostID, PostHeartbeat)
    case handled(PostID, Handled)
    case photo(PostID, PhotoPart)
    /// The whole message is refused.
    case refused(Rejection)
}

/// Stages 1 and 2 of a tip's path, without I/O: who says this, and can it be read within the limits?
struct Admitter {
    var isExpress: (String) -> Bool

    /// - Parameters:
    ///   - principal: whom the User-Id of this very message names; nil when its key was revoked meanwhile.
    ///   - body: the second frame; nil where there was none or too many.
    func admit(
        _ header: Header, body: [UInt8]?, principal: Principal?, route: [UInt8], now: Timestamp
    ) -> Admission {
        guard let principal else {
            return .refused(Rejection(.revoked, "this key was revoked; ask the station to enrol the post again"))
        }
        guard case .post(let post) = principal.subject else {
            return .refused(Rejection(.forbidden, "\(principal.id) is not a post; the feed has an endpoint of its own"))
        }
        guard let body else {
            return .refused(Rejection(.malformed, field: "frames", "a message has two frames: header and body"))
        }
        do throws(Rejection) {
            switch header.verb {
            case .submit: return admit(try Submit(body), header, post, principal.generation, route, now)
            case .postHeartbeat: return .heartbeat(post.id, try PostHeartbeat(body))
            case .handled: return .handled(post.id, try Handled(body))
            case .photo: return .photo(post.id, try PhotoPart(body))
            default:
                return .refused(
                    Rejection(.unsupported, field: "header.verb", "\(header.verb) is not spoken at this endpoint"))
            }
        } catch {
            return .refused(error)
        }
    }

    private func admit(
        _ submit: Submit, _ header: Header, _ post: Post, _ enrolment: SequenceNumber, _ route: [UInt8], _ now: Timestamp
    ) -> Admission {
        let skew = submit.sentAt.map { now.milliseconds(since: $0) } ?? 0
        var ordinary: [AdmittedTip] = []
        var express: [AdmittedTip] = []
        var refused: [TipRejection] = []
        ordinary.reserveCapacity(submit.tips.count)
        for (index, encoded) in submit.tips.enumerated() {
            do throws(Rejection) {
                let tip = AdmittedTip(
                    route: route, request: header.request, index: UInt32(index), post: post, enrolment: enrolment,
                    tip: try TipCodec.decode(encoded), encoded: encoded, skewMilliseconds: skew)
                if tip.tip.panic || isExpress(tip.tip.category) { express.append(tip) } else { ordinary.append(tip) }
            } catch {
                refused.append(TipRejection(tip: TipCodec.id(of: encoded), index: UInt32(index), error))
            }
        }
        return .tips(ordinary: ordinary, express: express, refused: refused)
    }
}
