/// Every fixed text that people read. `{0}`, `{1}`, … are filled in by ``Catalogue/text(_:_:)``.
public enum Message: String, CaseIterable, Sendable {
    // The connection.
    case linkConnecting, linkConnected, linkRefused, linkWrongDaemon, linkUnreachable, linkSilent, linkStale, linkUpToDate
    case linkCatchingUp, linkEndpoint, feedStopped

    // The patrol's terminal.
    case unit, zones, allZones, countMine, countNew, countWaiting, countDrills, boardFull, nothing, nothingKnown, more
    case moreLines, drill, panic, holder, mineMark, reasonsLabel, noReasons, inBrackets, keysList, keysListMiddle, keysListShort, keysDetail
    case keysDetailShort, keysBack, dispositionPrompt, dispositionCancel, windowTooSmall, helpTitle, helpMove, helpClaim
    case helpParts, helpJoin, helpDivert, helpSeen, partShown, partAll, partMine, partNear, partNew, nothingHere
    case detailSeen, detailEscalation, detailGrant, escalatedMark, seenMark, distanceMetres, distanceKilometres
    case helpEnRoute, helpOnScene, helpClear, helpRelease, helpDetail, helpQuit, helpLevels, helpMarks, detailLevel
    case detailPhase, detailPlace, detailPosition, detailPosts, detailTips, detailOpened, detailLastTip, detailReasons
    case detailCorrelation, detailHistory, detailDisposition, earlierNotShown
    case mergedInto, tookIn, tipsLeft, splitOff, detailFollows, goneInto

    // Actions.
    case actionClaim, actionEnRoute, actionOnScene, actionClear, actionRelease, actionSending, actionDone
    case actionJoin, actionHandOver, actionSeen
    case actionRefused, actionTimedOut, actionNotSent, actionTooMany, actionNoIncident

    // The feed as lines.
    case lineBy, lineFrom, gapFound, undecodable, daemonSays, overrun, rewound, subscribedTo, caughtUp, subscriptionRefused
    case onceTimedOut

    // The patrol's state on disk.
    case cursorFresh, cursorCorrupt, cursorUnreadable, cursorOther, cursorSaveFailed, cursorLocked, cursorFolder
    case damageNoStateFile, damageVersion, damageIncident

    // Why something on disk failed.
    case causeMissing, causeForbidden, causeDiskFull, causeReadOnly, causeTooLarge, causeDiskFault, causeTooManyFiles
    case causeLink

    // Tips.
    case tipRefused

    // Status.
    case headingPost, headingUnit, headingZone, headingState, headingReceived, headingSpool, headingMissing
    case headingIncident, headingLevel, headingCategory, headingOpened, headingTips, headingText, stateHeard, stateSilent
    case stateRevoked, asOf

    // Errors.
    case errorPrefix, warningPrefix, errorDaemonUnreachable, errorAgentUnreachable, errorKeys, errorNotAUnit
    case errorSystem
}
