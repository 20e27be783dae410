import Accounts
import Localization
import Mustache

/// A text of the pages. Templates name it as `{{t.board}}`; both languages stand side by side in ``PageText/texts``.
enum PageText: String, CaseIterable, Sendable {
    // The frame.
    case appName, skipToContent, navigation, board, patrol, statistics, handover, users, signOut, signedInAs, otherLanguage
    case toDark, toLight, linkLive, linkPlain, linkStale, linkLost, newIncident, newIncidents
    case soundOn, soundOff, soundNeeded, back, close

    // The board.
    case openIncidents, unclaimed, tipsCount, postsCount, onlineCount, filters, zone, category, level, phase, any
    case apply, clearFilters, anyOpen, waited, nobodyYet, unseen, seenBy, overdue, escalated, drill
    case suggested, moreUnits, nothingOpen, nothingMatches, moreRows, firstRows, silentPosts, silentSince, neverHeard
    case limitWord, limitComma, incidentWord
    case mapTitle, mapDescription, mapPost, mapSilent, sinceTime, tips, notPlaced

    // An incident.
    case reasons, score, place, posts, firstTip, lastTip, coordinates, crew, lead, noCrew, actions, timeline
    case timelineCut, reporter, unnamedReporter, reveal, revealReason, revealHint, revealed, photoAlt, joinedBecause
    case openedBecause, ownUrgency, observedAt, regradeOverruled, mergedAway, followsUp, perhapsSame
    case disposition, takenApart, acknowledged, notAcknowledged, grantedUnits, panicTip, correlationScore

    // Actions.
    case claim, join, enRoute, divert, onScene, clear, release, acknowledge, assign, recall, recallStep, handOver, reopen, merge, split, detach
    case regrade, liftRegrade, unit, toUnit, fromUnit, reason, intoIncident, chooseTips
    case more, done, doneNothing, refusedTitle, offline, noAnswer

    // The timeline.
    case stepMergedInto, stepTookIn, stepTipsLeft, stepSplitOff, stepRegradeLifted, stepUrgency, stepRevealed, reminder, granted

    // The patrol.
    case mine, near, new, noneMine, noneNear, noneNew, distance, alarmOne, alarmMany, noUnit

    // Statistics and hand-over.
    case period, today, sevenDays, thirtyDays, thisYear, comparedWith, incidents, responseHalf, responseNine, withinPromise, answered
    case byHour, byCategory, byZone, hour, noneInPeriod, dayShift, nightShift, from, until, show, printPage, openByLevel
    case whoHasWhat, clearedInShift, escalationsInShift, silentNow, nothingToTell, drillsExcluded, promiseKept, promiseMissed, dataTable, statisticsCut

    // Users and entry.
    case role, lastSeen, sessions, disable, enable, endSessions, disabled, active, addUserHint, userName
    case zonesOrUnit
    case created, actionsShort

    /// Both languages.
    var texts: (zh: String, en: String) { frameTexts ?? boardTexts ?? incidentTexts ?? actionTexts ?? otherTexts }
}

/// The texts in one language, for templates and for view models.
struct Words: MustacheParent, Sendable {
    let catalogue: Catalogue

    init(_ language: Language) { catalogue = Catalogue(language) }

    var language: Language { catalogue.language }

    /// The text with `{0}`, `{1}` replaced. What is filled in is not searched for marks again.
    func callAsFunction(_ text: PageText, _ arguments: String...) -> String {
        let whole = language == .zh ? text.texts.zh : text.texts.en
        guard !arguments.isEmpty else { return whole }
        var filled = ""
        var rest = whole[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            filled += rest[..<open]
            if let number = Int(rest[rest.index(after: open)..<close]), arguments.indices.contains(number) { filled += arguments[number] }
            rest = rest[rest.index(after: close)...]
        }
        return filled + rest
    }

    func child(named name: String) -> Any? { PageText(rawValue: name).map { self($0) } }
}

extension Words {
    func callAsFunction(_ role: Role) -> String {
        switch role {
        case .desk: language == .zh ? "值班台" : "desk"
        case .officer: language == .zh ? "社区民警" : "community officer"
        case .patrol: language == .zh ? "巡组" : "patrol"
        case .admin: language == .zh ? "管理员" : "administrator"
        }
    }
}
