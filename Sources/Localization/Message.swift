/// Every fixed text that people read. `{0}`, `{1}`, … are filled in by ``Catalogue/text(_:_:)``.
public enum Message: String, CaseIterable, Sendable {
    // The connection.
    case linkConnecting, linkConnected, linkRefused, linkWrongDaemon, linkUnreachable, linkStale, linkUpToDate
    case linkCatchingUp, linkEndpoint

    // The patrol's terminal.
    case unit, zones, allZones, countMine, countNew, countWaiting, nothing, more, drill, panic, holder, mineMark
    case reasonsLabel, noReasons, keysList, keysListShort, keysBack, keysBackShort, dispositionPrompt
    case dispositionCancel, windowTooSmall, helpTitle, helpMove, helpClaim, helpEnRoute, helpOnScene, helpClear
    case helpRelease, helpDetail, helpQuit, helpLevels, detailLevel, detailPhase, detailPlace, detailPosition
    case detailPosts, detailTips, detailOpened, detailLastTip, detailReasons, detailCorrelation, detailHistory
    case detailDisposition

    // Actions.
    case actionClaim, actionEnRoute, actionOnScene, actionClear, actionRelease, actionSending, actionDone
    case actionRefused, actionTimedOut, actionNotSent, actionTooMany, actionNoIncident

    // The feed as lines.
    case lineBy, gapFound, undecodable, daemonSays, overrun, rewound, subscribedTo, caughtUp, subscriptionRefused
    case onceTimedOut

    // The patrol's state on disk.
    case cursorFresh, cursorCorrupt, cursorUnreadable, cursorOther, cursorSaveFailed, cursorLocked, cursorFolder

    // Receipts and the spool.
    case receiptNew, receiptCorrelated, receiptRepeat, spooled, tipRefused

    // Status.
    case headingPost, headingUnit, headingZone, headingState, headingLastHeard, headingReceived, headingSpool
    case headingMissing, headingBehind, headingIncident, headingLevel, headingCategory, headingOpened, headingTips
    case headingHolder, headingText, stateHeard, stateSilent, stateRevoked, never

    // Errors.
    case errorPrefix, warningPrefix, errorDaemonUnreachable, errorAgentUnreachable, errorKeys, errorNotAUnit
    case errorSystem
}
