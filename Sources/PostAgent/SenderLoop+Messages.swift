import Access
import Logging
import Settings
import TipModel
import TipWire
import ZeroMQ

// What is sent and what comes back.
extension SenderLoop {
    /// Sends all that the window lets go, express tips first.
    /// - Returns: false when the socket's queue is full.
    mutating func sendAll(_ link: borrowing ClientLink) throws(ZeroMQError) -> Bool {
        guard try sendHeartbeat(link) else { return false }
        guard barred == nil else { return true }
        try sendQuestions(link)
        while true {
            loadPages()
            guard let batch = outbox.next(at: now) else { return true }
            let submit = Submit(tips: batch.tips.map(\.bytes), sentAt: parts.clock.time.now())
            let frames = [Header(.submit, request: batch.request).encoded, submit.encoded]
            guard try link.socket.trySend(frames: frames) == .sent else {
                outbox.unsent(batch.request)
                return false
            }
        }
    }

    /// Puts all that was submitted into the spool with one sync: on a slow disk neither the link nor the next submission waits for many.
    /// Those who wait for the disk are told before anything is sent.
    mutating func takeSubmissions() {
        let submissions = signals.submissions.take()
        guard !submissions.isEmpty else { return }
        let answers: [Submission.Answer]
        do throws(SpoolError) {
            answers = try parts.spool.placeAndWait(submissions.map { ($0.draft, $0.at) })
        } catch {
            answers = submissions.map { _ in .failure(error) }
        }
        for (submission, answer) in zip(submissions, answers) {
            if case .success(let placement) = answer, let tip = placement.tip {
                outbox.spooled(tip)
                parts.board.bell.ring()
            }
            submission.placed(answer)
        }
    }

    private mutating func sendHeartbeat(_ link: borrowing ClientLink) throws(ZeroMQError) -> Bool {
        guard now >= nextHeartbeat else { return true }
        let counts = parts.spool.counts
        let request = outbox.nextRequest()
        let beat = PostHeartbeat(
            sentAt: parts.clock.time.now(), series: counts.series, nextNumber: counts.nextNumber,
            lowestUnsent: counts.lowest ?? counts.nextNumber, spoolDepth: UInt64(max(0, counts.depth)),
            spoolOldest: counts.oldest, deadLetters: UInt64(max(0, counts.deadLetters)), software: parts.software,
            progressAfter: counts.progressAfter)
        guard try link.socket.trySend(frames: [Header(.postHeartbeat, request: request).encoded, beat.encoded]) == .sent else {
            return false
        }
        heartbeat = (request: request, at: now, progressAfter: counts.progressAfter)
        nextHeartbeat = now &+ parts.settings.heartbeatInterval.milliseconds
        return true
    }

    private mutating func sendQuestions(_ link: borrowing ClientLink) throws(ZeroMQError) {
        for question in signals.takeQuestions() {
            let request = outbox.nextRequest()
            let frames = [Header(.handled, request: request).encoded, question.handled.encoded]
            guard questions.count < PostQuestion.bound, try link.socket.trySend(frames: frames) == .sent else {
                question.answer.resolve(nil)
                continue
            }
            questions[request] = question
        }
    }

    private mutating func loadPages() {
        let spool = parts.spool
        while let page = outbox.wantedPage() {
            let tips = spoolStep { () throws(SpoolError) in
                try spool.page(isExpress: page.isExpress, after: page.after, limit: page.limit)
            }
            guard let tips else { return }
            outbox.loaded(tips, isExpress: page.isExpress, limit: page.limit)
        }
    }

    /// Reads a round of messages.
    mutating func receive(_ link: borrowing ClientLink, _ message: inout Multipart) throws(ZeroMQError) {
        var count = 0
        while count < Self.messagesPerRound, try link.socket.tryReceive(into: &message) {
            count += 1
            do throws(Rejection) {
                try take(message, link)
            } catch {
                parts.logger.warning("a message from the daemon was not understood", metadata: ["error": "\(error)"])
            }
        }
    }

    private mutating func take(_ message: borrowing Multipart, _ link: borrowing ClientLink) throws(Rejection) {
        let header: Header
        do throws(HeaderError) {
            header = try message.withFrame(0) { (frame) throws(HeaderError) in try Header(frame) }
        } catch {
            throw error.rejection
        }
        plan.heard(at: now)
        let wall = parts.clock.time.now()
        parts.board.change { $0.lastHeard = wall }
        switch header.verb {
        case .receipts:
            hear(try ReceiptCodec.decode(message.bytes(1)))
            heardWell(link)
        case .progress:
            keep(try ProgressCodec.decode(message.bytes(1)), request: header.request)
            heardWell(link)
        case .actionResult:
            let result = try ActionResult(message.bytes(1))
            questions.removeValue(forKey: header.request)?.answer.resolve(.success(result))
            heardWell(link)
        case .photoState:
            photoAnswered(try PhotoState(message.bytes(1)), request: header.request)
            heardWell(link)
        case .rejections where photos.isAwaiting(header.request):
            if let rejection = try RejectionCodec.decode(message.bytes(1)).first?.rejection { photoRefused(rejection) }
        case .rejections where questions[header.request] != nil:
            let rejection = try RejectionCodec.decode(message.bytes(1)).first?.rejection
            questions.removeValue(forKey: header.request)?.answer.resolve(rejection.map { .failure($0) })
        case .rejections:
            refused(try RejectionCodec.decode(message.bytes(1)), request: header.request, link)
        case .heartbeatReply:
            let reply = try HeartbeatReply(message.bytes(1))
            if let heartbeat, heartbeat.request == header.request { learn(reply, sent: heartbeat.at) }
            heardWell(link)
        default:
            // A newer daemon may say more than this version knows.
            parts.logger.debug("an unknown message from the daemon", metadata: ["verb": "\(header.verb)"])
        }
    }

    /// An answer to a heartbeat that tells less than the post had comes from another journal than its progress did.
    private mutating func keep(_ news: PostProgress, request: UInt32) {
        var startsAnew = false
        if let heartbeat, request != 0, heartbeat.request == request { startsAnew = news.through < heartbeat.progressAfter }
        unkept.append((news, startsAnew))
        if unkept.count >= Self.unsettledBound { settle() }
    }

    /// Writes down the progress that came; where the disk refuses, the next heartbeat asks for it again.
    private mutating func settleProgress() {
        guard !unkept.isEmpty else { return }
        let all = unkept
        unkept = []
        let spool = parts.spool
        guard spoolStep({ () throws(SpoolError) in try spool.keep(all) }) != nil else { return }
        parts.board.bell.ring()
    }

    /// The daemon serves this post: an earlier complaint is over.
    private mutating func heardWell(_ link: borrowing ClientLink) {
        plan.served()
        guard !isHeard, barred == nil else { return }
        isHeard = true
        say(.connected, at: link.endpoint)
    }

    private mutating func learn(_ reply: HeartbeatReply, sent: Int64) {
        let before = parts.clock.skew
        let skew = parts.clock.learn(daemonTime: reply.daemonTime, sent: sent)
        parts.board.change { $0.skew = skew }
        let isOff = abs(skew) > PostClock.tolerance
        if isOff, abs(before ?? 0) <= PostClock.tolerance {
            parts.logger.warning(
                "this post's clock is wrong: set it; until then tip ids are made by the daemon's time",
                metadata: ["daemon_ahead_ms": "\(skew)"])
        } else if !isOff, let before, abs(before) > PostClock.tolerance {
            parts.logger.notice("this post's clock is right again")
        }
    }

    // MARK: - Answers

    /// Deletes receipted tips from the spool, then from memory. Where the disk refuses, they stay in the window, are sent
    /// again later and receipted again.
    /// Who waits is told first: the daemon has it on its disk, whatever becomes of the copy here.
    private mutating func hear(_ receipts: [Receipt]) {
        guard !receipts.isEmpty else { return }
        let wall = parts.clock.time.now()
        var ordinary = false
        for receipt in receipts {
            guard let tip = outbox.sent(receipt.tip) else { continue }
            ordinary = ordinary || !tip.isExpress
            parts.waiters.tell(receipt.tip, .accepted(number: tip.number, receipt, at: wall))
        }
        // Now and not when they are put down: a refusal may come in between, and is the newer word. An emergency is taken where others
        // are not, and says nothing of those.
        parts.board.change { link in
            link.lastReceipt = wall
            if ordinary { link.deferred = nil }
        }
        unsettled += receipts
        if unsettled.count >= min(Self.unsettledBound, max(1, outbox.limits.window / 4)) { settle() }
    }

    /// Takes the tips that have receipts out of the spool, and puts progress in.
    mutating func settle() {
        settleReceipts()
        settleProgress()
    }

    private mutating func settleReceipts() {
        guard !unsettled.isEmpty else { return }
        let receipts = unsettled
        unsettled = []
        let (spool, wall) = (parts.spool, parts.clock.time.now())
        let accepted = spoolStep { () throws(SpoolError) in try spool.accept(receipts, at: wall) }
        guard let accepted, !accepted.isEmpty else { return }
        for (receipt, number) in accepted {
            outbox.settle(receipt.tip, number: number)
            parts.waiters.tell(receipt.tip, .accepted(number: number, receipt, at: wall))
        }
        photos.wake(at: now)
        // Only now does the spool say so, which is what the pages show.
        parts.board.bell.ring()
        if spool.counts.depth == 0 { parts.board.change { $0.deferred = nil } }
    }

    private mutating func refused(_ items: [TipRejection], request: UInt32, _ link: borrowing ClientLink) {
        let refusals = outbox.refused(request, items, at: now, jitter: Int64.random(in: 0...25, using: &random))
        if let reason = refusals.deferred {
            // The same reason comes with every try.
            let isNews = parts.board.link.deferred?.message != reason.message
            parts.logger.log(
                level: isNews ? .warning : .debug, "the daemon cannot take tips now; they are kept",
                metadata: ["tips": "\(refusals.kept)", "reason": "\(reason)"])
            parts.board.change { $0.deferred = reason }
        } else if refusals.kept > 0 {
            parts.logger.info("the daemon cannot take tips now; they are kept", metadata: ["tips": "\(refusals.kept)"])
        }
        if !refusals.dead.isEmpty {
            let (spool, wall) = (parts.spool, parts.clock.time.now())
            let dead = refusals.dead.map { (id: $0.tip.id, rejection: $0.rejection) }
            bury(spoolStep { () throws(SpoolError) in try spool.bury(dead, at: wall) } ?? [])
        }
        if let rejection = refusals.barred {
            barred = rejection
            say(.barred(rejection), at: link.endpoint)
        }
    }

    /// Tells of tips that are dead letters now.
    mutating func bury(_ letters: [DeadLetter]) {
        if !letters.isEmpty { parts.board.bell.ring() }
        for letter in letters {
            outbox.settle(letter.id, number: letter.number)
            parts.waiters.tell(letter.id, .dead(letter))
            parts.logger.error(
                "a tip will not be sent; see the dead letters",
                metadata: [
                    "tip": "\(letter.id)", "number": "\(letter.number)", "code": "\(letter.code)", "field": "\(letter.field)",
                    "message": "\(letter.message)",
                ])
        }
    }
}
