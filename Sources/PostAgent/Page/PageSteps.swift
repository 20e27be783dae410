import Glibc
import TipModel

/// A report's way as the page draws it: from this post's disk to the result, each step done, under way or to come.
struct PageStep: Hashable, Sendable {
    enum State: String, Sendable {
        case done, now, todo, failed
    }

    var name: String
    var state: State
    var time: String

    static func line(_ tip: RecentTip, _ say: PageLanguage) -> [PageStep] {
        let names = [
            say("存下", "Kept"), say("收到", "Received"), say("已阅", "Seen"), say("接单", "Claimed"), say("出发", "On the way"),
            say("到场", "On scene"), say("结果", "Result"),
        ]
        var reached: [Timestamp?] = [tip.at, nil, nil, nil, nil, nil, nil]
        var furthest = 0
        if case .accepted(_, _, let at) = tip.record {
            reached[1] = at
            furthest = 1
        }
        if let progress = tip.progress?.progress {
            let phase = progress.phase
            reached[2] = progress.acknowledgedAt
            reached[3] = progress.claimedAt
            reached[4] = progress.enRouteAt
            reached[5] = progress.onSceneAt
            reached[6] = progress.clearedAt
            let steps: [Phase: Int] = [.open: progress.acknowledgedAt == nil ? 1 : 2, .claimed: 3, .enRoute: 4, .onScene: 5, .cleared: 6]
            furthest = steps[phase] ?? furthest
        }
        var isDead = false
        if case .dead = tip.record { isDead = true }
        return names.enumerated().map { index, name in
            // A step that was left out, such as one cleared without an arrival, is not said to have been.
            let isPassed = index <= furthest && (reached[index] != nil || index == furthest)
            let state: State =
                isDead && index == 1
                ? .failed : index == furthest && furthest < 6 ? .now : isPassed ? .done : .todo
            return PageStep(name: name, state: state, time: reached[index].map { PageClock.text($0) } ?? "")
        }
    }
}

/// Times as a guard reads them, in this machine's time zone.
enum PageClock {
    static func text(_ time: Timestamp) -> String {
        let parts = split(time)
        return "\(two(parts.tm_hour)):\(two(parts.tm_min))"
    }

    /// With the date where it is not today.
    static func text(_ time: Timestamp, now: Timestamp) -> String {
        let (moment, today) = (split(time), split(now))
        guard moment.tm_yday != today.tm_yday || moment.tm_year != today.tm_year else { return text(time) }
        return "\(two(moment.tm_mon + 1))-\(two(moment.tm_mday)) \(text(time))"
    }

    private static func split(_ time: Timestamp) -> tm {
        var seconds = time_t(time.milliseconds / 1_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return parts
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
