import Localization
import TipModel

/// The page's words, both languages of a text side by side, so that none is forgotten.
enum PageLanguage: String, Sendable, CaseIterable {
    case zh, en

    /// From a cookie or link; nil for anything else.
    init?(_ text: String?) {
        guard let text, let language = Self(rawValue: text) else { return nil }
        self = language
    }

    /// By what the browser asks for first.
    init(accepted: String?) {
        let first = accepted?.split(separator: ",").first?.lowercased() ?? ""
        self = first.hasPrefix("zh") || first.isEmpty || first.hasPrefix("*") ? .zh : .en
    }

    var tag: String { self == .zh ? "zh-CN" : "en" }
    var other: PageLanguage { self == .zh ? .en : .zh }

    func callAsFunction(_ zh: String, _ en: String) -> String { self == .zh ? zh : en }
}

/// What stands on the page, by the names that the templates use.
enum PageTexts {
    static func all(_ say: PageLanguage, telephone: String) -> [String: String] {
        [
            "title": say("哨点上报", "Post report"), "skip": say("跳到上报", "Skip to the report"),
            "otherLanguage": say("English", "中文"), "panic": say("一键报警", "PANIC"),
            "panicHow": say("按住 1.5 秒", "hold for 1.5 s"), "panicNow": say("继续按住…", "keep holding…"),
            "panicEarly": say("松手太早，没有报警。请按住 1.5 秒。", "Released too early: nothing was sent. Hold for 1.5 s."),
            "panicSure": say("确定要报警吗？", "Send an emergency now?"),
            "panicSend": say("确定报警", "Yes, send it"), "panicBack": say("返回，不报警", "Back, send nothing"),
            "what": say("看到了什么？", "What do you see?"), "more": say("更多类别", "More categories"),
            "chosen": say("已选", "Chosen"), "change": say("重选", "Change"),
            "phrases": say("点一下加上", "Tap to add"), "text": say("补充说明（可不填）", "More words (optional)"),
            "textHint": say("人数、衣着、工具、方向…", "How many, clothes, tools, direction…"),
            "place": say("地点（可不填）", "Where (optional)"), "placeHint": say("如：3号楼东墙外", "e.g. outside block 3"),
            "locate": say("加上我的位置", "Add my position"), "locating": say("正在定位…", "locating…"),
            "located": say("已加上位置，误差约 {0} 米", "Position added, about {0} m"),
            "locateFailed": say("定位失败，请填写地点", "No position; say where in words"),
            "photo": say("加照片", "Add a photo"), "photoBusy": say("正在处理照片…", "Preparing the photo…"),
            "photoReady": say("照片已加上", "Photo added"), "photoRemove": say("去掉照片", "Remove the photo"),
            "photoFailed": say("照片没有加上：{0}", "The photo was not added: {0}"),
            "photoKind": say("只能用 JPEG 或 PNG 照片", "only JPEG or PNG"), "send": say("发送", "Send"),
            "sending": say("正在发送…", "Sending…"), "cancel": say("取消", "Cancel"),
            "unsent": say(
                "没有发出：连不上本哨点的电脑。请再按一次发送；紧急请打 \(telephone)。",
                "Not sent: this post's computer cannot be reached. Press Send again; if it is urgent, dial \(telephone)."),
            "reports": say("本哨点最近上报", "Latest reports of this post"), "earlier": say("更早的上报", "Earlier reports"),
            "none": say("还没有上报。看到情况，点上面的类别。", "No report yet. Tap a category above when you see something."),
            "drill": say("演练", "DRILL"), "drillOn": say("进入演练", "Start a drill"), "drillOff": say("结束演练", "End the drill"),
            "drillBanner": say(
                "演练中：现在上报的都是演练，不会当作真警情。{0} 自动结束。",
                "Drill: what you report now is an exercise, not a real event. Ends by itself at {0}."),
            "handled": say("自行处置…", "We dealt with it…"),
            "handledSure": say("确认：已处理好，不用来人", "Yes: it is dealt with, nobody need come"), "photosNote": say("有照片", "with a photo"),
            "openTitle": say("打开哨点页面", "Open the post's page"), "pin": say("请输入哨点 PIN", "Enter the post's PIN"),
            "pinHint": say("6–12 位数字，问哨点负责人", "6 to 12 digits; ask whoever runs this post"), "open": say("打开", "Open"),
            "code": say("这台电脑上的页面要用一次性链接打开", "On this machine the page opens by a one-time link"),
            "codeHint": say(
                "在这台电脑的终端运行 watchpost agent-page，再打开它给出的链接。",
                "Run watchpost agent-page in a terminal of this machine and open the link that it prints."),
            "live": say("自动更新", "live"), "stale": say("页面断开，显示的可能是旧情况", "Page disconnected: this may be out of date"),
            "call": say("紧急请拨打 \(telephone)", "In an emergency dial \(telephone)"),
            "close": say("退出", "Sign out"), "dismiss": say("知道了", "OK"),
        ]
    }

    /// Why something was refused, for a guard; nil where the refusal's own words have to do.
    static func refusal(_ code: String, telephone: String, _ say: PageLanguage) -> String? {
        switch code {
        case "spool_full", "disk_full", "spool_failed":
            say("本机存不下，没有上报。请打 \(telephone)。", "This machine has no room: nothing was reported. Dial \(telephone).")
        case "too_large": say("内容太长，请缩短后再发。没有上报。", "Too long: shorten it and send again. Nothing was reported.")
        case "drill_over":
            say(
                "演练已自动结束，这条没有发出。如果是真实情况，请再点一次发送。",
                "The drill had ended by itself, so this was not sent. If it is real, press Send again.")
        case "form_expired": say("页面放得太久，请再点一次。没有上报。", "The page was open for too long: press again. Nothing was reported.")
        case "wrong_pin": say("PIN 不对。", "Wrong PIN.")
        case "wait": say("试得太多，请过一会儿再试。", "Too many tries: wait a little.")
        case "wrong_code": say("链接已用过或已过期，请再要一个。", "The link was used or has expired: ask for another.")
        case "photo_unknown": say("照片已经失效，请重新加。没有上报。", "The photo is gone: add it again. Nothing was reported.")
        case "photo_too_large": say("照片太大（最多 2 MiB）。", "The photo is too large (2 MiB at most).")
        case "photo_type": say("只能用 JPEG 或 PNG 照片。", "Only JPEG or PNG photos.")
        case "photo_store_full": say("照片存不下了；文字仍可上报。", "No room for photos; words can still be reported.")
        case "not_connected", "no_answer", "unavailable", "busy":
            say("值班台没有回应，请打 \(telephone)。", "The station does not answer: dial \(telephone).")
        case "held_by_other", "illegal_step": say("已经有人在处理，不能改为自行处置。", "Somebody has it already.")
        default: nil
        }
    }

    static func phase(_ progress: ProgressItem, _ say: PageLanguage) -> String {
        let name = localName(progress.unitName, say == .zh ? .zh : .en)
        let unit = name.isEmpty ? say("巡组", "A patrol") : name
        return switch progress.progress.phase {
        case .open:
            if let rung = progress.progress.escalated {
                escalated(rung, say)
            } else if progress.progress.acknowledgedAt != nil {
                say("值班台已看到，正在安排", "Seen; somebody is being sent")
            } else {
                say("等待接单", "Waiting for a patrol")
            }
        case .claimed: say("\(unit) 已接单", "\(unit) has it")
        case .enRoute: say("\(unit) 正在路上", "\(unit) is on the way")
        case .onScene: say("\(unit) 已到场", "\(unit) is on scene")
        case .cleared: disposition(progress.progress.disposition, say)
        }
    }

    private static func escalated(_ rung: EscalationRung, _ say: PageLanguage) -> String {
        switch rung {
        case .officer: say("已通知社区民警", "The community officer has been told")
        case .neighbours: say("已呼叫邻区巡组", "Patrols of neighbouring zones were called")
        default: say("已催值班台", "The station desk has been reminded")
        }
    }

    private static func disposition(_ disposition: Disposition?, _ say: PageLanguage) -> String {
        switch disposition {
        case .resolved, nil: say("处置完毕", "Dealt with")
        case .handledByPost: say("哨点自行处置", "Handled by the post")
        case .falseAlarm: say("误报", "False alarm")
        case .handedOver: say("已移交", "Handed over")
        case .duplicate: say("重复上报", "A duplicate")
        }
    }

    static func level(_ name: String, _ say: PageLanguage) -> String {
        switch name {
        case "emergency": say("特急", "Emergency")
        case "urgent": say("紧急", "Urgent")
        case "priority": say("优先", "Priority")
        default: say("一般", "Routine")
        }
    }

    static func link(_ condition: LinkCondition, _ say: PageLanguage) -> String {
        switch condition {
        case .connected: say("已连接值班台", "Connected to the station")
        case .connecting: say("正在连接值班台", "Connecting to the station")
        case .unreachable, .silent: say("连不上值班台，上报先存在本机", "Station out of reach: reports are kept here")
        case .refused, .wrongDaemon, .barred: say("值班台不接收本哨点，请打电话", "The station does not accept this post: telephone")
        }
    }

    static func waiting(_ count: Int, oldest: Int64?, _ say: PageLanguage) -> String {
        guard count > 0 else { return "" }
        let age = oldest.map { duration($0, say) } ?? ""
        return say("\(count) 条待送" + (age.isEmpty ? "" : "，最久 \(age)"), "\(count) waiting" + (age.isEmpty ? "" : ", the oldest \(age)"))
    }

    static func duration(_ milliseconds: Int64, _ say: PageLanguage) -> String {
        let seconds = max(0, milliseconds / 1_000)
        return switch seconds {
        case ..<60: say("\(seconds) 秒", "\(seconds) s")
        case ..<3_600: say("\(seconds / 60) 分钟", "\(seconds / 60) min")
        default: say("\(seconds / 3_600) 小时", "\(seconds / 3_600) h")
        }
    }
}
