// The rest of the texts: timeline, patrol, statistics, hand-over, users and entry.

extension PageText {
    var otherTexts: (zh: String, en: String) { eventTexts ?? reportTexts ?? entryTexts ?? ("", "") }

    private var eventTexts: (zh: String, en: String)? {
        switch self {
        case .stepMergedInto: ("并入 #{0}", "merged into #{0}")
        case .stepTookIn: ("并入了 #{0}", "took in #{0}")
        case .stepTipsLeft: ("线索拆往 #{0}", "tips left for #{0}")
        case .stepSplitOff: ("拆分自 #{0}", "split off #{0}")
        case .stepRegradeLifted: ("撤销改级", "regrade lifted")
        case .stepUrgency: ("紧急程度变为 {0}", "level became {0}")
        case .stepRevealed: ("查看了上报人", "looked at the reporter")
        case .reminder: ("第 {0} 次提醒", "reminder {0}")
        case .granted: ("授权：{0}", "granted to {0}")
        case .mine: ("我的", "Mine")
        case .near: ("附近", "Near")
        case .new: ("新警情", "New")
        case .noneMine: ("手上没有警情", "Nothing is yours")
        case .noneNear: ("附近没有其他警情", "Nothing else nearby")
        case .noneNew: ("没有新警情", "Nothing new")
        case .distance: ("距 #{1} {0}", "{0} from #{1}")
        case .alarmOne: ("新警情未阅：{0}", "Not acknowledged: {0}")
        case .alarmMany: ("{0} 条警情未阅，最紧急：{1}", "{0} not acknowledged, most urgent: {1}")
        case .noUnit: ("本用户不属于任何巡组，只能查看。", "You act for no unit: this page only shows.")
        default: nil
        }
    }

    private var reportTexts: (zh: String, en: String)? {
        switch self {
        case .period: ("时段", "Period")
        case .today: ("今天", "Today")
        case .sevenDays: ("近 7 天", "7 days")
        case .thirtyDays: ("近 30 天", "30 days")
        case .thisYear: ("今年（与去年同期比）", "This year (against the same days last year)")
        case .comparedWith: ("去年同期 {0}", "{0} in the same days last year")
        case .incidents: ("警情", "Incidents")
        case .responseHalf: ("半数在此时间内到场（p50）", "Half were reached within (p50)")
        case .responseNine: ("九成在此时间内到场（p90）", "Nine in ten within (p90)")
        case .withinPromise: ("20 分钟内到场", "Reached within 20 minutes")
        case .answered: ("{0} 条已到场", "{0} were reached")
        case .byHour: ("按小时", "By hour")
        case .byCategory: ("按类别", "By category")
        case .byZone: ("按责任区", "By zone")
        case .hour: ("时", "Hour")
        case .noneInPeriod: ("这段时间没有警情", "No incidents in this period")
        case .dayShift: ("白班 08–20", "Day 08–20")
        case .nightShift: ("夜班 20–08", "Night 20–08")
        case .from: ("从", "From")
        case .until: ("到", "Until")
        case .show: ("显示", "Show")
        case .printPage: ("打印", "Print")
        case .openByLevel: ("未结警情", "Open now")
        case .whoHasWhat: ("谁在办什么", "Who has what")
        case .clearedInShift: ("本班处置完毕", "Cleared in this shift")
        case .escalationsInShift: ("本班上报升级", "Escalations in this shift")
        case .silentNow: ("失联哨点", "Silent posts")
        case .nothingToTell: ("无", "None")
        case .promiseKept: ("达到 20 分钟承诺", "within the promise of 20 min")
        case .promiseMissed: ("超过 20 分钟承诺", "over the promise of 20 min")
        case .dataTable: ("数据表", "Data table")
        case .statisticsCut: ("记录过多，只统计了这段时间的前一部分", "There are too many records: only the first part of the period is counted")
        case .drillsExcluded: ("不含演练", "Drills are not counted")
        default: nil
        }
    }

    private var entryTexts: (zh: String, en: String)? {
        switch self {
        case .role: ("角色", "Role")
        case .lastSeen: ("最近登录", "Last seen")
        case .sessions: ("会话", "Sessions")
        case .disable: ("停用", "Disable")
        case .enable: ("启用", "Enable")
        case .endSessions: ("结束全部会话", "End all sessions")
        case .disabled: ("已停用", "disabled")
        case .active: ("正常", "active")
        case .addUserHint: ("新增用户：在服务器上运行 watchpost user add", "To add a user, run on the server: watchpost user add")
        case .userName: ("用户名", "User name")
        case .zonesOrUnit: ("责任区或巡组", "Zones or unit")
        case .created: ("建立于", "Created")
        case .actionsShort: ("操作", "Actions")
        default: nil
        }
    }
}
