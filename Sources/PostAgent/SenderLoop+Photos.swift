import Access
import Logging
import TipModel
import TipWire
import ZeroMQ

// Photos go after tips: a part is sent only while no tip waits and none is under way.
extension SenderLoop {
    mutating func sendPhoto(_ link: borrowing ClientLink) throws(ZeroMQError) {
        photos.recallOverdue(at: now)
        guard isHeard, outbox.waiting == 0, outbox.inFlight == 0 else { return }
        if photos.wantsPhoto(at: now) {
            let spool = parts.spool
            guard let found = spoolStep({ () throws(SpoolError) in try spool.nextPhoto() }) else { return }
            guard let photo = found else { return photos.nothingWaits(at: now) }
            photos.begin(photo)
        }
        guard let (photo, offset, isQuestion) = photos.part() else { return }
        guard let data = isQuestion ? [] : parts.spool.photoPart(photo, offset: offset) else {
            parts.logger.error("a photo cannot be read", metadata: ["photo": "\(hexadecimal(photo.sha256))"])
            return photos.unreadable(at: now)
        }
        let request = outbox.nextRequest()
        let part = PhotoPart(tip: photo.tip, sha256: photo.sha256, total: photo.size, offset: offset, data: data)
        guard try link.socket.trySend(frames: [Header(.photo, request: request).encoded, part.encoded]) == .sent else { return }
        photos.sent(request, at: now)
    }

    mutating func photoAnswered(_ state: PhotoState, request: UInt32) { finish(photos.answered(state, request: request, at: now)) }

    mutating func photoRefused(_ rejection: Rejection) { finish(photos.refused(rejection, at: now)) }

    private mutating func finish(_ answer: PhotoSending.Answer) {
        let spool = parts.spool
        switch answer {
        case .next, .ignored: break
        case .done(let photo):
            spoolStep { () throws(SpoolError) in try spool.finishPhoto(photo, refusal: nil) }
            parts.logger.info("a photo is at the station", metadata: ["photo": "\(hexadecimal(photo.sha256))", "bytes": "\(photo.size)"])
        case .refused(let photo, let rejection):
            spoolStep { () throws(SpoolError) in try spool.finishPhoto(photo, refusal: "\(rejection)") }
            parts.logger.error("a photo was refused", metadata: ["photo": "\(hexadecimal(photo.sha256))", "reason": "\(rejection)"])
        }
    }
}
