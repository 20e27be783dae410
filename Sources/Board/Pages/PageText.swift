import Localization
import Mustache

/// A text of the pages. Templates name it as `{{t.board}}`; both languages stand side by side in ``PageText/texts``.
enum PageText: String, CaseIterable, Sendable {
    // The frame.
    case appName, skipToContent, navigation, board, patrol, statistics, handover, users, signOut, signedInAs, otherLanguage
    case themeDark, themeLight, themeLabel, linkLive, linkPlain, linkStale, linkLost, newIncident, newIncidents
    case soundOn, soundOff, soundTest, soundNeeded, refresh, back, station, close

    // The board.
    case openIncidents, unclaimed, overdueCount, tipsCount, postsCount, onlineCount, filters, zone, category, level, phase, any
    case apply, clearFilters, anyOpen, whoHasIt, waiting, waitedOf, waited, nobodyYet, unseen, seenBy, overdue, escalated, drill
    case suggested, moreUnits, nothingOpen, nothingMatches, moreRows, firstRows, silentPosts, silentSince, neverHeard, allHeard
    case mapTitle, mapDescription, mapPost, mapSilent, mapNever, sinceTime, openedAt, incident, tips, notPlaced

    // An incident.
    case reasons, score, facts, place, posts, firstTip, lastTip, coordinates, crew, lead, noCrew, actions, nothingPossible, timeline
    case timelineCut, reporter, unnamedReporter, reveal, revealReason, revealHint, revealed, photo, photoAlt, joinedBecause
    case openedBecause, ownUrgency, observedAt, regraded, regradeOverruled, mergedAway, followsUp, perhapsSame, showOther, points
    case disposition, takenApart, acknowledged, notAcknowledged, grantedUnits, levelOf, tipAttached, panicTip, correlationScore

    // Actions.
    case claim, join, enRoute, divert, onScene, clear, release, acknowledge, assign, recall, handOver, reopen, merge, split, detach
    case regrade, liftRegrade, unit, toUnit, fromUnit, reason, note, optional, intoIncident, chooseTips, chooseUnit, howEnded
    case desk, more, done, doneNothing, refused, refusedTitle, offline, noAnswer, tryAgain

    // The timeline.
    case stepMergedInto, stepTookIn, stepTipsLeft, stepSplitOff, stepRegradeLifted, stepUrgency, stepRevealed, reminder, granted

    // The patrol.
    case mine, near, new, noneMine, noneNear, noneNew, distance, alarmOne, alarmMany, wakeOn, wakeOff, noUnit, open

    // Statistics and hand-over.
    case period, today, sevenDays, thirtyDays, thisYear, comparedWith, incidents, responseHalf, responseNine, withinPromise, answered
    case byHour, byCategory, byZone, hour, share, noneInPeriod, dayShift, nightShift, from, until, show, printPage, openByLevel
    case whoHasWhat, clearedInShift, escalationsInShift, silentNow, nothingToTell, change, drillsExcluded, promise

    // Users and entry.
    case role, lastSeen, sessions, disable, enable, endSessions, disabled, active, addUserHint, signIn, userName, password
    case newPassword, repeatPassword, passwordRule, choosePassword, firstLinkTitle, firstLinkHint, zonesOrUnit, backToBoard
    case created, changePassword, oldPassword

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
