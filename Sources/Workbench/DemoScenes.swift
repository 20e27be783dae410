import Administration
import FoundationEssentials
import Journal
import Patrol
import Settings
import TipModel
import TipWire

// The scenes of the story, in order.
extension Demo {
    /// The park's agent has no network: its tip is kept, and survives the power cut of the post's machine.
    func reportWithoutNetwork(_ cast: Cast) async throws -> Told {
        let texts = options.texts
        let seen = SystemTime().now()
        let started = ContinuousClock.now
        let reply = try await cast.lake.tip(
            ["--category", "hazard", "--place", texts.placeHazard, "--reporter", "park-3", texts.hazard], wait: 1)
        let tip = Told(
            post: "park-nanhu", text: texts.hazard, seen: cast.night.clock(seen), zone: Cast.nanhu, id: reply.tip, startedAt: started)
        remember(tip)
        say(.spooled) { event in
            event.post = tip.post
            event.text = tip.text
            event.seen = tip.seen
            event.detail = reply.link
        }
        check("offline-tip-is-spooled", reply.state, is: "spooled")
        await cast.lake.kill()
        say(.postDown) { $0.post = tip.post }
        return tip
    }

    /// Three posts see the same man; the third one's receipt is lost.
    /// - Returns: the incident.
    func threePostsOneMan(_ cast: Cast) async throws -> IncidentID {
        let texts = options.texts
        let first = try await report(
            cast, cast.gate, "gate-dongyuan-01", "suspicious_person", texts.lurkerGate, texts.placeGate, minutesAgo: 4)
        check("first-tip-opens-an-incident", first.verdict, is: "new")
        let second = try await report(
            cast, cast.shop, "shop-dongyuan-01", "suspicious_person", texts.lurkerShop, texts.placeShop, minutesAgo: 2)
        check("second-tip-joins-it", [second.verdict, "\(second.incident)"], is: ["correlated", "\(first.incident)"])

        let seen = SystemTime().now()
        let tip = DirectPost.tip(
            category: "suspicious_person", text: texts.lurkerClinic, observedAt: seen,
            position: SampleDistrict.position(north: -40, east: 30), place: texts.placeClinic, reporter: "clinic-1")
        let told = Told(
            post: "clinic-dongyuan", text: texts.lurkerClinic, seen: cast.night.clock(seen), zone: Cast.dongyuan,
            id: "\(tip.id)", startedAt: .now)
        remember(told)
        try await cast.clinic.submitAndDrop([tip.bytes])
        say(.receiptLost) { event in
            event.post = told.post
            event.text = told.text
            event.seen = told.seen
        }
        let original = try await patrolsAreTold(cast, told)
        let answer = try await cast.clinic.submit([tip.bytes])[tip.id]
        let again = answer?.receipt
        if let again {
            count { $0.repeats += again.verdict == .repeat ? 1 : 0 }
            say(.repeated) { event in
                event.post = told.post
                event.incident = again.incident.rawValue
                event.sequence = again.sequence
                event.verdict = again.verdict.name
                event.level = again.level.name
                event.score = Int(again.score)
            }
        }
        check("repeat-is-recognised", again?.verdict.name ?? "\(String(describing: answer))", is: "repeat")
        check("repeat-has-the-first-sequence", again?.sequence ?? 0, is: original.sequence)
        check("three-tips-are-one-incident", again?.incident.rawValue ?? 0, is: first.incident)
        check("witnesses-raise-the-urgency", (again.map { Int($0.score) } ?? 0) > first.score, is: true)
        return IncidentID(first.incident)
    }

    /// A fire in another zone: its own patrol is told at once, the other one nothing.
    func fireElsewhere(_ cast: Cast) async throws -> IncidentID {
        let receipt = try await report(
            cast, cast.lakeGate, "gate-nanhu-01", "fire", options.texts.fire, options.texts.placeFire, minutesAgo: 0)
        let id = IncidentID(receipt.incident)
        check("fire-is-an-emergency", receipt.level, is: UrgencyLevel.emergency.name)
        let event = try await cast.nanhuPatrol.wait(for: .opened, of: id)
        check("fire-takes-the-alert-lane", event.lane.name, is: Lane.alert.name)
        check("other-zone-does-not-see-it", cast.dongyuanPatrol.seen.incidents[id] == nil, is: true)
        return id
    }

    /// Two patrols claim the same incident at once.
    /// - Returns: the one that has it.
    func race(_ cast: Cast, _ incident: IncidentID) async throws -> DirectPatrol {
        async let one = cast.dongyuanPatrol.perform(PatrolCommand(.claim, incident))
        async let two = cast.nightPatrol.perform(PatrolCommand(.claim, incident))
        let results = try await [(cast.dongyuanPatrol, one), (cast.nightPatrol, two)]
        let winners = results.filter { if case .done = $0.1 { true } else { false } }
        guard let winner = winners.first?.0, let loser = results.first(where: { $0.0 !== winner }) else {
            throw WorkbenchError("no claim was won: \(results.map { "\($0.1)" })")
        }
        say(.claimWon) { event in
            event.unit = winner.unit.rawValue
            event.incident = incident.rawValue
        }
        var holder = ""
        var code = "\(loser.1)"
        if case .refused(let rejection, let now) = loser.1 {
            holder = now?.holder?.rawValue ?? ""
            code = rejection.code.name
        }
        say(.claimLost) { event in
            event.unit = loser.0.unit.rawValue
            event.incident = incident.rawValue
            event.holder = holder
        }
        check("exactly-one-claim-wins", winners.count, is: 1)
        check("other-claim-is-refused", code, is: RejectionCode.heldByOther.name)
        check("loser-is-told-who-has-it", holder, is: winner.unit.rawValue)
        for patrol in [cast.dongyuanPatrol, cast.nightPatrol] {
            let event = try await patrol.wait(for: .claimed, of: incident)
            check("feed-tells-who-has-it", event.unit ?? UnitID(unchecked: ""), is: winner.unit)
        }
        return winner
    }

    /// kill -9 and a restart: what was acknowledged is there, and the patrols go on without a gap.
    func daemonDiesAndReturns(_ cast: Cast) async throws {
        let before = try await cast.daemon.admin.incidents()
        await cast.daemon.kill()
        say(.daemonKilled)
        try await cast.daemon.start()
        let after = try await cast.daemon.admin.incidents()
        say(.daemonBack) { $0.count = after.total }
        check("restart-keeps-every-incident", kept(after.incidents), is: kept(before.incidents))
        let linked = try await eventually(within: .seconds(20)) {
            try await cast.daemon.admin.status().patrols.count == cast.patrols.count ? true : nil
        }
        check("patrols-come-back", linked ?? false, is: true)
    }

    /// The park's machine has power and network again: the tip goes by itself.
    func networkReturns(_ cast: Cast, _ tip: Told) async throws {
        cast.lake.useEndpoints(nil)
        try await cast.lake.start()
        say(.postUp) { $0.post = tip.post }
        let state = try await eventually(within: .seconds(20)) {
            let state = try await cast.lake.state(of: tip.id)
            return state.state == "accepted" ? state : nil
        }
        guard let receipt = state?.receipt else { throw WorkbenchError("the spooled tip did not arrive within 20 seconds") }
        say(.drained) { event in
            event.post = tip.post
            event.text = tip.text
            event.seen = tip.seen
            event.incident = receipt.incident
            event.sequence = receipt.sequence
            event.verdict = receipt.verdict
            event.level = receipt.level
            event.score = receipt.score
        }
        check("spooled-tip-arrives-by-itself", state?.state ?? "", is: "accepted")
        let event = try await patrolsAreTold(cast, tip)
        check("hazard-takes-the-main-lane", event.lane.name, is: Lane.main.name)
    }

    /// Both incidents are dealt with.
    func bringToAnEnd(_ cast: Cast, lurker: IncidentID, winner: DirectPatrol, fire: IncidentID) async throws {
        try await step(winner, .enRoute, lurker)
        try await step(winner, .onScene, lurker)
        try await step(winner, .clear, lurker, .resolved)
        for patrol in [cast.dongyuanPatrol, cast.nightPatrol] {
            let event = try await patrol.wait(for: .cleared, of: lurker)
            check("both-patrols-see-the-end", event.incident.disposition?.name ?? "", is: Disposition.resolved.name)
        }
        try await step(cast.nanhuPatrol, .claim, fire)
        try await step(cast.nanhuPatrol, .clear, fire, .handedOver)
    }

    /// The daemon's own numbers, and what each patrol saw.
    func countUp(_ cast: Cast) async throws {
        let status = try await cast.daemon.admin.status()
        count { $0.incidents = Int(status.totals.incidents) }
        check("three-incidents", status.totals.incidents, is: 3)
        check("two-tips-were-joined", status.totals.correlated, is: 2)
        check("two-incidents-are-cleared", status.totals.cleared, is: 2)
        check("no-number-is-missing", status.posts.map(\.missing).reduce(0, +), is: 0)
        var delivered = 0
        for tip in told {
            let reached = cast.patrols(of: tip.zone).allSatisfy { patrol in
                patrol.seen.events.count { $0.tip.map { "\($0.id)" } == tip.id } == 1
            }
            delivered += reached ? 1 : 0
        }
        count { $0.delivered = delivered }
        check("each-tip-reached-its-patrols-once", delivered, is: told.count)
        check("no-gap-in-any-feed", cast.patrols.flatMap { $0.seen.faults.map(\.name) }, is: [])
    }

    /// SIGTERM for all, and a look at the journal on disk.
    func stop(_ cast: Cast) async throws {
        for patrol in cast.patrols { await patrol.stop() }
        for (name, agent) in cast.agents {
            check("agent-stops-in-order (\(name))", await agent.stop()?.description ?? "", is: "exit code 0")
        }
        let exit = await cast.daemon.stop()
        say(.daemonStopped) { $0.detail = exit?.description }
        check("daemon-stops-in-order", exit?.description ?? "", is: "exit code 0")

        let path = cast.daemon.dataDirectory + "/" + SQLiteJournal.fileName
        let (verification, ids) = try await offPool("verify") { () -> (Verification, [String]) in
            let reader = try SQLiteJournalReader(path: path)
            defer { reader.close() }
            var ids: [String] = []
            for stored in try reader.records(after: 0, limit: 10_000, bytes: 64 << 20) {
                for case .tipAccepted(let accepted) in stored.record.events { ids.append("\(accepted.tip.id)") }
            }
            return (try reader.verify { _, _ in true }, ids)
        }
        if case .sound(let records) = verification { say(.journalSound) { $0.count = Int(records) } }
        let submitted = Set(told.map(\.id))
        count { summary in
            summary.accepted = ids.count
            summary.lost = submitted.subtracting(ids).count
        }
        check("journal-is-sound", verification.isSound, is: true)
        check("each-tip-is-in-the-journal-once", ids.sorted(), is: submitted.sorted())
        check("nothing-is-lost", summary.lost, is: 0)
    }

    // MARK: - Parts of scenes

    /// A guard reports with `watchpost tip`; the patrols of the zone must be told.
    private func report(
        _ cast: Cast, _ agent: AgentProcess, _ post: String, _ category: String, _ text: String, _ place: String,
        minutesAgo: Int64
    ) async throws -> SubmittedTip.Receipt {
        let seen = SystemTime().now().advanced(byMilliseconds: -minutesAgo * 60_000)
        let moment = Date(timeIntervalSince1970: Double(seen.milliseconds / 1_000)).ISO8601Format()
        let started = ContinuousClock.now
        let reply = try await agent.tip(
            ["--category", category, "--place", place, "--reporter", "guard-1", "--observed-at", moment, text], wait: 10)
        let tip = Told(
            post: post, text: text, seen: cast.night.clock(seen),
            zone: agent === cast.lakeGate ? Cast.nanhu : Cast.dongyuan, id: reply.tip, startedAt: started)
        remember(tip)
        guard let receipt = reply.receipt else { throw WorkbenchError("\(post) has no receipt: the tip is \(reply.state)") }
        say(.receipt) { event in
            event.post = post
            event.text = text
            event.seen = tip.seen
            event.incident = receipt.incident
            event.sequence = receipt.sequence
            event.verdict = receipt.verdict
            event.level = receipt.level
            event.score = receipt.score
        }
        _ = try await patrolsAreTold(cast, tip)
        return receipt
    }

    /// Waits until every patrol of the zone was told of a tip.
    /// - Returns: the event, as the first of them saw it.
    private func patrolsAreTold(_ cast: Cast, _ tip: Told) async throws -> FeedEvent {
        var first: FeedEvent?
        for patrol in cast.patrols(of: tip.zone) {
            let event = try await patrol.wait(for: "the tip of \(tip.post)", within: .seconds(20)) { log in
                log.events.first { $0.tip.map { "\($0.id)" } == tip.id }
            }
            let elapsed = ContinuousClock.now - tip.startedAt
            say(.patrolTold) { line in
                line.unit = patrol.unit.rawValue
                line.post = tip.post
                line.incident = event.incident.id.rawValue
                line.sequence = event.sequence
                line.level = event.incident.urgency.level.name
                line.score = Int(event.incident.urgency.score)
                line.lane = event.lane.name
                line.verdict = event.kind.name
                line.milliseconds = Int(elapsed.milliseconds)
            }
            first = first ?? event
        }
        guard let first else { throw WorkbenchError("no patrol has the zone \(tip.zone)") }
        return first
    }

    private func step(
        _ patrol: DirectPatrol, _ verb: PatrolVerb, _ incident: IncidentID, _ disposition: Disposition? = nil
    ) async throws {
        let result = try await patrol.perform(PatrolCommand(verb, incident, disposition: disposition))
        guard case .done = result else { throw WorkbenchError("\(patrol.unit) could not \(verb.name) \(incident): \(result)") }
        say(.step) { event in
            event.unit = patrol.unit.rawValue
            event.incident = incident.rawValue
            event.detail = verb.name
            event.disposition = disposition?.name
        }
    }
}

extension Verification {
    var isSound: Bool { if case .sound = self { true } else { false } }
}

/// Incidents without how long they have waited, which is the clock's and no part of what is kept.
private func kept(_ incidents: [IncidentReport]) -> [IncidentReport] {
    incidents.map { incident in
        var incident = incident
        incident.standing = nil
        return incident
    }
}
