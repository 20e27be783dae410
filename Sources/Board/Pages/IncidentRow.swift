import Localization
import TipModel

/// What a page needs to tell incidents: words, names, the clock and the rules, gathered once for a request.
struct PageScope {
    let user: BoardUser
    let words: Words
    let names: DistrictNames
    let clock: LocalClock
    let overview: BoardOverview

    init(_ overview: BoardOverview, user: BoardUser, words: Words) {
        self.user = user
        self.words = words
        self.overview = overview
        names = DistrictNames(overview, language: words.language)
        clock = LocalClock(now: overview.now, utcOffsetMinutes: overview.utcOffsetMinutes)
    }

    var now: Timestamp { overview.now }

    func span(since moment: Timestamp) -> String { words.catalogue.span(max(0, now.milliseconds(since: moment)) / 1_000) }

    func level(_ level: UrgencyLevel) -> LevelView { LevelView(level, words) }

    /// The text of a tip; a panic button and a short report may have none, and then the category tells.
    func title(_ incident: Incident) -> String {
        guard incident.headline.isEmpty else { return incident.headline }
        let isPanic = incident.urgency.reasons.contains { $0.code == "panic" }
        return isPanic ? words(.panicTip) : words.catalogue.category(incident.category)
    }

    func age(_ incident: Incident) -> IncidentAge? {
        IncidentAge(
            level: incident.urgency.level, phase: incident.phase, openedAt: incident.openedAt, phaseSince: incident.phaseSince,
            now: now, rules: overview.waiting)
    }
}

/// One incident in a list.
struct IncidentRow {
    /// How long nobody has come, against what the level allows.
    struct Wait {
        let text: String
        let limit: String?
        let isOver: Bool
    }

    let number: String
    let key: String
    let level: LevelView
    let title: String
    let categoryName: String
    let zoneName: String
    let placeName: String?
    let opened: String
    let tipCount: String
    let postCount: String
    let holder: String?
    let otherUnits: String?
    let phaseName: String
    let phaseSince: String
    let wait: Wait?
    let isDrill: Bool
    let isCleared: Bool
    let disposition: String?
    /// Nobody has it and nobody has acknowledged it.
    let isUnseen: Bool
    let seen: String?
    let escalation: String?
    let suggestion: String?
    /// What is said of it when it is new: the level's word first.
    let spoken: String
    /// The level whose alarm rings for it; nil where it rests.
    let alarm: String?

    init(_ incident: Incident, _ scope: PageScope) {
        let (words, names) = (scope.words, scope.names)
        number = "\(incident.id.rawValue)"
        key = "i\(incident.id.rawValue)"
        level = scope.level(incident.urgency.level)
        title = scope.title(incident)
        categoryName = words.catalogue.category(incident.category)
        zoneName = names[incident.zone]
        placeName = incident.place.isEmpty ? nil : incident.place
        opened = scope.clock.text(incident.openedAt)
        tipCount = words(.tipsCount, "\(incident.tipCount)")
        postCount = words(.postsCount, "\(incident.posts.count)")
        holder = incident.holder.map { names[$0] }
        otherUnits = incident.crew.count > 1 ? words(.moreUnits, "\(incident.crew.count - 1)") : nil
        phaseName = words.catalogue.name(incident.phase)
        phaseSince = scope.span(since: incident.phaseSince)
        isDrill = incident.drill
        isCleared = incident.phase == .cleared
        disposition = incident.disposition.map { words.catalogue.name($0) }
        wait = scope.age(incident).map { age in
            Wait(
                text: words(.waited, words.catalogue.span(age.waitingMilliseconds / 1_000)),
                limit: age.limitMilliseconds.map { words.catalogue.span($0 / 1_000) }, isOver: age.isOverdue)
        }
        isUnseen = Self.isUnseen(incident)
        seen =
            incident.phase == .open
            ? incident.acknowledgement.map { words(.seenBy, names.name($0.by, words), scope.clock.text($0.at)) } : nil
        escalation =
            incident.phase == .cleared
            ? nil
            : incident.escalation.rung.map {
                words(.escalated, scope.clock.text(incident.escalation.toldAt ?? incident.escalation.since), words.catalogue.name($0))
            }
        suggestion = incident.suggestion.map { words(.suggested, "\($0.rawValue)") }
        spoken = "\(level.word) #\(incident.id.rawValue) \(title)"
        alarm = Self.rings(incident, now: scope.now) ? incident.urgency.level.name : nil
    }

    static func isUnseen(_ incident: Incident) -> Bool { incident.phase == .open && incident.acknowledgement == nil }

    /// Whether the alarm rings: nobody has it, and no acknowledgement lets it rest. Told by the state and not by the event, so
    /// that an acknowledgement anywhere stops it everywhere, and a page that was away rings for what it missed.
    static func rings(_ incident: Incident, now: Timestamp) -> Bool {
        guard incident.phase == .open, incident.urgency.level > .routine else { return false }
        if let rest = incident.escalation.restUntil { return now >= rest }
        return incident.acknowledgement == nil
    }
}

extension [Incident] {
    /// Most urgent first; at the same level real before drill, nobody's before somebody's, then the oldest.
    func inBoardOrder() -> [Incident] {
        sorted { left, right in
            if left.urgency.level != right.urgency.level { return left.urgency.level > right.urgency.level }
            if left.drill != right.drill { return right.drill }
            let (leftWaits, rightWaits) = (left.phase == .open, right.phase == .open)
            if leftWaits != rightWaits { return leftWaits }
            return left.openedAt == right.openedAt ? left.id < right.id : left.openedAt < right.openedAt
        }
    }
}
