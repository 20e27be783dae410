// The catalogue itself: both languages of a text side by side. The switch is exhaustive, so a message without both
// does not compile.

extension Message {
    var texts: (zh: String, en: String) {
        switch self {
        // The connection.
        case .linkConnecting: ("正在连接", "connecting")
        case .linkConnected: ("已连接", "connected")
        case .linkRefused: ("密钥未登记或已吊销，请联系值班台", "key not enrolled or revoked: ask the station desk")
        case .linkWrongDaemon: ("对方不是本站值班台：核对地址和密钥包", "not our station: check the address and the key bundle")
        case .linkUnreachable: ("连接不上：检查网络和地址", "nobody answers: check the network and the address")
        case .linkSilent: ("已连接，但值班台没有回应", "connected, but the station does not answer")
        case .linkStale:
            (
                "信息停在 {0}，可能有新警情未显示：用电台或电话问值班台",
                "stale since {0}: newer incidents may be missing, ask the desk by radio"
            )
        case .linkUpToDate: ("已是最新", "up to date")
        case .linkCatchingUp: ("正在补收", "catching up")
        case .linkEndpoint: ("地址 {0}", "address {0}")
        case .feedStopped:
            ("收不到推送，下面可能不是最新：用电台或电话问值班台", "no feed: what is shown may be out of date, ask the desk by radio")
        // The patrol's terminal.
        case .unit: ("巡组", "unit")
        case .zones: ("责任区", "zones")
        case .allZones: ("全部", "all")
        case .countMine: ("我的", "mine")
        case .countNew: ("未看", "unseen")
        case .countWaiting: ("待接单", "waiting")
        case .countDrills: ("演练", "drills")
        case .boardFull: ("警情过多，未全部显示", "too many incidents: not all are shown")
        case .nothing: ("没有未结警情", "no open incidents")
        case .nothingKnown: ("还不知道有没有警情", "not known yet whether there are incidents")
        case .more: ("还有 {0} 条", "{0} more")
        case .moreLines: ("还有 {0} 行（PgUp、PgDn 翻页）", "{0} more lines (PgUp, PgDn)")
        case .drill: ("【演练】", "[DRILL]")
        case .panic: ("【一键报警】", "[PANIC]")
        case .holder: ("{0} · {1}", "{0} by {1}")
        case .mineMark: ("本组", "you")
        case .reasonsLabel: ("理由：{0}", "why: {0}")
        case .noReasons: ("未说明", "none given")
        case .inBrackets: ("（{0}）", " ({0})")
        case .keysList:
            (
                "↑↓ 选择  c 接单  h 支援  e 出发  s 到场  x 处置完毕  r 退单  v 已阅  m/n/w/a 我的/附近/未看/全部  Enter 详情  ? 帮助  q 退出",
                "↑↓ select  c claim  h join  e en route  s on scene  x clear  r release  v seen  m/n/w/a mine/near/unseen/all  Enter details  ? help  q quit"
            )
        case .keysListMiddle:
            (
                "c 接单  h 支援  e 出发  s 到场  x 处置完毕  v 已阅  Enter 详情  ? 帮助",
                "c claim  e en route  s on scene  x clear  v seen  Enter details  ? help  q quit"
            )
        case .keysListShort: ("c 接单  x 处置完毕  ? 帮助  q 退出", "c claim  x clear  ? help  q quit")
        case .keysDetail:
            (
                "Esc 返回  c 接单  e 出发  s 到场  x 处置完毕  r 退单  ↑↓ 换一条",
                "Esc back  c claim  e en route  s on scene  x clear  r release  ↑↓ another"
            )
        case .keysDetailShort: ("Esc 返回  c 接单  x 处置完毕", "Esc back  c claim  x clear")
        case .keysBack: ("Esc 返回", "Esc back")
        case .dispositionPrompt: ("{0} 处置结果：按数字键", "{0}: how did it end? Press a number")
        case .dispositionCancel: ("Esc 取消", "Esc cancels")
        case .windowTooSmall: ("窗口太小", "window too small")
        case .helpTitle: ("帮助", "Help")
        case .helpMove:
            (
                "↑ ↓ 或 k j：选择；1–9：选屏上第几条；Home：最紧急的一条",
                "↑ ↓ or k j: select; 1–9: the nth on screen; Home: the most urgent"
            )
        case .helpParts:
            ("m：我的；n：附近；w：未看；a：全部", "m: mine; n: near; w: not looked at yet; a: all")
        case .helpJoin: ("h：支援，与其他巡组一起处置", "h: join, to help the unit that has it")
        case .helpDivert: ("d：改派出发，先放下正在处置的一条", "d: en route by setting aside the one you are active on")
        case .helpSeen: ("v：已阅，警报暂停", "v: seen, the alarm rests")
        case .helpClaim: ("c：接单", "c: claim the selected incident")
        case .helpEnRoute: ("e：出发", "e: en route")
        case .helpOnScene: ("s：到场", "s: on scene")
        case .helpClear: ("x：处置完毕，再按一键选处置结果", "x: clear it; one more key says how it ended")
        case .helpRelease: ("r：退单，交回其他巡组", "r: release it for another unit")
        case .helpDetail: ("Enter：详情，PgUp PgDn 翻页", "Enter: details; PgUp, PgDn: more of them")
        case .helpQuit:
            (
                "q 或 Ctrl-C：退出，断点已存盘，下次接着收；Ctrl-L：重画屏幕",
                "q or Ctrl-C: quit, the place in the feed is kept; Ctrl-L: draw the screen again"
            )
        case .helpLevels: ("级别：!!! 特急  !! 紧急  ! 优先  . 一般", "levels: !!! emergency  !! urgent  ! priority  . routine")
        case .helpMarks: ("标记：> 选中  * 未看", "marks: > selected  * not looked at yet")
        case .detailLevel: ("紧急程度", "urgency")
        case .detailPhase: ("状态", "state")
        case .detailPlace: ("地点", "place")
        case .detailPosition: ("位置", "position")
        case .detailPosts: ("哨点", "posts")
        case .detailTips: ("线索", "tips")
        case .detailOpened: ("首报", "first tip")
        case .detailLastTip: ("末报", "last tip")
        case .detailReasons: ("理由", "why")
        case .detailCorrelation: ("并案依据", "joined because")
        case .detailHistory: ("经过", "history")
        case .detailDisposition: ("处置结果", "disposition")
        case .earlierNotShown: ("较早的没有存在本机，此处不显示", "earlier ones are not kept here")
        case .mergedInto: ("已并入 {0}", "merged into {0}")
        case .tookIn: ("并入了 {0}", "took in {0}")
        case .tipsLeft: ("拆出 {0}", "split, tips left for {0}")
        case .splitOff: ("拆分自 {0}", "split off {0}")
        case .detailFollows: ("前次", "again after")
        case .goneInto: ("本组的 {0} 已由值班台并入 {1}", "the desk merged your {0} into {1}")
        // Actions.
        case .actionClaim: ("接单", "claim")
        case .actionEnRoute: ("出发", "en route")
        case .actionOnScene: ("到场", "on scene")
        case .actionClear: ("处置完毕", "clear")
        case .actionRelease: ("退单", "release")
        case .actionJoin: ("支援", "join")
        case .actionHandOver: ("移交", "hand over")
        case .actionSeen: ("已阅", "seen")
        case .partShown: ("只看{0}", "showing {0}")
        case .partAll: ("全部", "all")
        case .partMine: ("我的", "mine")
        case .partNear: ("附近", "near")
        case .partNew: ("未看", "unseen")
        case .nothingHere: ("这里没有；按 a 看全部", "none here; press a for all")
        case .escalatedMark: ("【已升级】", "[ESCALATED]")
        case .seenMark: ("已阅", "seen")
        case .detailSeen: ("已阅", "seen by")
        case .detailEscalation: ("升级", "escalated")
        case .detailGrant: ("可见至", "yours to see until")
        case .lineFrom: ("由 {0} 移交", "from {0}")
        case .distanceMetres: ("{0} 米", "{0} m")
        case .distanceKilometres: ("{0} 公里", "{0} km")
        case .actionSending: ("{0} {1} …", "{0} {1} …")
        case .actionDone: ("{0} {1} 已完成", "{0} {1}: done")
        case .actionRefused: ("{0} {1} 未成：{2}", "{0} {1} refused: {2}")
        case .actionTimedOut:
            ("{0} {1} 无回音：请看状态后再试", "{0} {1}: no answer; look at its state before you try again")
        case .actionNotSent: ("{0} {1} 未发出：没有连接", "{0} {1}: not sent, there is no connection")
        case .actionTooMany: ("操作太快，请稍候", "too many actions at once: wait a moment")
        case .actionNoIncident: ("没有选中警情", "no incident is selected")
        // The feed as lines.
        case .lineBy: ("{0}：{1}", "{1} by {0}")
        case .gapFound:
            ("{0} 有缺口（应接 {1}，收到接 {2}），重新订阅", "gap in the {0} (expected after {1}, got after {2}): subscribing again")
        case .undecodable: ("收到无法识别的推送，重新订阅", "a feed message could not be read: subscribing again")
        case .daemonSays: ("值班台：{0}", "the station says: {0}")
        case .overrun: ("值班台发来的超出额度，重新订阅", "the station sent more than it was given credit for: subscribing again")
        case .rewound:
            (
                "{0}：值班台的记录退回到 {1}（本机已收到 {2}），重新接收",
                "{0}: the station's record went back to {1} (we were at {2}), receiving again"
            )
        case .subscribedTo: ("已订阅，责任区 {0}", "subscribed, zones {0}")
        case .caughtUp: ("已补收完毕", "caught up")
        case .subscriptionRefused: ("订阅未成：{0}", "the subscription was refused: {0}")
        case .onceTimedOut: ("{0} 内未补收完毕", "not caught up within {0}")
        // The patrol's state on disk.
        case .cursorFresh: ("没有断点记录，从头接收", "no place in the feed is kept yet: starting from the beginning")
        case .cursorCorrupt:
            (
                "断点文件损坏（{0}），从头接收：旧警情会再显示一次",
                "the state file is damaged ({0}): starting from the beginning, old incidents show again"
            )
        case .cursorUnreadable:
            ("断点文件读不出（{0}），从头接收", "the state file cannot be read ({0}): starting from the beginning")
        case .cursorOther:
            ("断点文件属于另一个值班台或巡组，从头接收", "the state file belongs to another station or unit: starting from the beginning")
        case .cursorSaveFailed:
            (
                "断点存盘失败（{0}）：重启后会重复显示",
                "the place in the feed cannot be kept ({0}): events will show again after a restart"
            )
        case .cursorLocked:
            (
                "另一个 watchpost patrol 正在使用 {0}：先退出它，或另设 state_directory",
                "another watchpost patrol uses {0}: end it, or set another state_directory"
            )
        case .cursorFolder: ("无法使用目录 {0}：{1}", "the folder {0} cannot be used: {1}")
        case .damageNoStateFile: ("内容无法识别", "it is no state file")
        case .damageVersion: ("版本 {0}", "version {0}")
        case .damageIncident: ("其中有警情读不出", "an incident in it cannot be read")
        // Why something on disk failed.
        case .causeMissing: ("不存在", "it does not exist")
        case .causeForbidden: ("没有权限", "permission denied")
        case .causeDiskFull: ("磁盘已满", "the disk is full")
        case .causeReadOnly: ("文件系统只读", "the file system is read-only")
        case .causeTooLarge: ("文件过大", "the file is too large")
        case .causeDiskFault: ("磁盘读写出错", "the disk failed")
        case .causeTooManyFiles: ("打开的文件过多", "too many open files")
        case .causeLink: ("是符号链接，不予跟随", "it is a symbolic link")
        // Tips.
        case .tipRefused: ("未被接受：{0}", "refused: {0}")
        // Status.
        case .headingPost: ("哨点", "POST")
        case .headingUnit: ("巡组", "UNIT")
        case .headingZone: ("责任区", "ZONE")
        case .headingState: ("状态", "STATE")
        case .headingReceived: ("已收线索", "RECEIVED")
        case .headingSpool: ("待送", "SPOOLED")
        case .headingMissing: ("缺失", "MISSING")
        case .headingIncident: ("警情", "INCIDENT")
        case .headingLevel: ("紧急程度", "LEVEL")
        case .headingCategory: ("类别", "CATEGORY")
        case .headingOpened: ("首报", "OPENED")
        case .headingTips: ("线索", "TIPS")
        case .headingText: ("内容", "TEXT")
        case .stateHeard: ("在线", "heard")
        case .stateSilent: ("失联", "silent")
        case .stateRevoked: ("已吊销", "revoked")
        case .asOf: ("数据截至 {0}：", "as of {0}:")
        // Errors.
        case .errorPrefix: ("错误：{0}", "error: {0}")
        case .warningPrefix: ("注意：{0}", "warning: {0}")
        case .errorDaemonUnreachable: ("连接不上守护进程 {0}", "the daemon at {0} does not answer")
        case .errorAgentUnreachable: ("本机哨点服务没有运行：{0}", "the agent on this machine is not running: {0}")
        case .errorKeys: ("密钥包 {0} 不可用：{1}", "the key bundle {0} cannot be used: {1}")
        case .errorNotAUnit:
            ("密钥包 {0} 属于哨点，不属于巡组", "the key bundle {0} belongs to a post, not to a patrol unit")
        case .errorSystem: ("系统拒绝：{0}", "the system refused: {0}")
        }
    }
}
