public import TipModel

// The words for the model's own values. Each switch is exhaustive: a new case without both languages does not compile.

extension Catalogue {
    /// 紧急程度.
    public func name(_ level: UrgencyLevel) -> String {
        switch level {
        case .emergency: pick(("特急", "EMERGENCY"))
        case .urgent: pick(("紧急", "URGENT"))
        case .priority: pick(("优先", "PRIORITY"))
        case .routine: pick(("一般", "ROUTINE"))
        }
    }

    /// Where an incident stands.
    public func name(_ phase: Phase) -> String {
        switch phase {
        case .open: pick(("待接单", "waiting"))
        case .claimed: pick(("接单", "claimed"))
        case .enRoute: pick(("出发", "en route"))
        case .onScene: pick(("到场", "on scene"))
        case .cleared: pick(("处置完毕", "cleared"))
        }
    }

    /// What a feed event tells.
    public func name(_ kind: EventKind) -> String {
        switch kind {
        case .opened: pick(("新警情", "new incident"))
        case .correlated: pick(("并案", "another tip"))
        case .claimed: pick(("接单", "claimed"))
        case .enRoute: pick(("出发", "en route"))
        case .onScene: pick(("到场", "on scene"))
        case .cleared: pick(("处置完毕", "cleared"))
        case .released: pick(("退单", "released"))
        case .merged: pick(("合并", "merged"))
        case .split: pick(("拆分", "split"))
        case .regraded: pick(("改级", "regraded"))
        case .joined: pick(("支援", "joined"))
        case .left: pick(("退出", "left"))
        case .recalled: pick(("召回", "recalled"))
        case .assigned: pick(("指派", "assigned"))
        case .handedOver: pick(("移交", "handed over"))
        case .diverted: pick(("改派", "diverted"))
        case .acknowledged: pick(("已阅", "acknowledged"))
        case .escalated: pick(("上报升级", "escalated"))
        case .reopened: pick(("重新打开", "reopened"))
        case .changed: pick(("有变化", "changed"))
        }
    }

    /// What a feed event tells, with the other incident where there is one: which of two is gone must be plain.
    /// - Parameter about: the incident that the event is about.
    public func name(_ kind: EventKind, about: IncidentID, mergedInto: IncidentID?, other: IncidentID?) -> String {
        guard let other else { return name(kind) }
        switch kind {
        case .merged: return text(mergedInto == other ? .mergedInto : .tookIn, "\(other)")
        case .split: return text(other > about ? .tipsLeft : .splitOff, "\(other)")
        default: return name(kind)
        }
    }

    /// 处置结果.
    public func name(_ disposition: Disposition) -> String {
        switch disposition {
        case .resolved: pick(("已处置", "resolved"))
        case .handledByPost: pick(("哨点自行处置", "handled by the post"))
        case .falseAlarm: pick(("误报", "false alarm"))
        case .handedOver: pick(("移交", "handed over"))
        case .duplicate: pick(("重复", "duplicate"))
        }
    }

    /// 上报升级: who is told, and why.
    public func name(_ rung: EscalationRung) -> String {
        switch rung {
        case .officer: pick(("无人接单，已报社区民警", "unclaimed: community officer told"))
        case .desk: pick(("无人接单，已报值班台", "unclaimed: station desk told"))
        case .neighbours: pick(("无人接单，已请邻区巡组", "unclaimed: neighbouring patrols told"))
        case .unitIdle: pick(("接单未出发，已提醒巡组", "claimed, not under way: unit reminded"))
        case .unitIdleDesk: pick(("接单未出发，已报值班台", "claimed, not under way: desk told"))
        case .enRouteLong: pick(("出发过久未到，已报值班台", "under way too long: desk told"))
        case .onSceneLong: pick(("到场过久未结，已报值班台", "on scene too long: desk told"))
        }
    }

    /// Who does something.
    public func name(_ role: Operator.Role) -> String {
        switch role {
        case .unit: pick(("巡组", "unit"))
        case .desk: pick(("值班台", "desk"))
        case .officer: pick(("社区民警", "officer"))
        case .post: pick(("哨点", "post"))
        }
    }

    /// What became of an accepted tip.
    public func name(_ verdict: Verdict) -> String {
        switch verdict {
        case .new: pick(("新警情", "new incident"))
        case .correlated: pick(("已并案", "joined an incident"))
        case .repeat: pick(("重复上报", "sent before"))
        }
    }

    /// The lane of a feed.
    public func name(_ lane: Lane) -> String {
        switch lane {
        case .alert: pick(("警报通道", "alert lane"))
        case .main: pick(("普通通道", "main lane"))
        }
    }

    /// Why something was refused, and what to do about it.
    public func name(_ code: RejectionCode) -> String {
        switch code {
        case .malformed: pick(("报文无法识别，请升级本软件", "the message could not be read: update this software"))
        case .tooLarge: pick(("内容过长", "too large"))
        case .invalidField: pick(("内容有误", "a field is missing or out of range"))
        case .unknownCategory: pick(("没有这个类别", "no such category"))
        case .conflict: pick(("同一编号已有不同内容", "the same id was accepted with another content"))
        case .tooOld: pick(("线索太旧，请重新上报", "too old to be told from a repeat: report it anew"))
        case .inFuture: pick(("本机时钟偏快，请校时", "made in the future: set this machine's clock"))
        case .forbidden: pick(("本密钥无此权限", "this key may not do that"))
        case .revoked: pick(("密钥已吊销，请联系值班台重新登记", "the key was revoked: ask the station desk to enrol it again"))
        case .unsupported: pick(("值班台尚不支持", "the station does not do this yet"))
        case .version: pick(("协议版本不一致，请升级", "another protocol version: update the older side"))
        case .busy: pick(("值班台繁忙，稍后自动重试", "the station is busy: it will be tried again"))
        case .unavailable: pick(("值班台暂时无法保存，稍后自动重试", "the station cannot store now: it will be tried again"))
        case .notFound: pick(("没有这个警情，或不在本组责任区", "no such incident, or not in your zones"))
        case .illegalStep: pick(("当前状态不能这样操作", "not possible in the incident's state"))
        case .heldByOther: pick(("已由其他巡组接单", "another unit has it"))
        }
    }

    /// A whole refusal: its code's words, the field where one is at fault, and the daemon's own words for detail.
    public func describe(_ rejection: Rejection) -> String {
        var text = name(rejection.code)
        if !rejection.field.isEmpty { text += pick(("（", " (")) + rejection.field + pick(("）", ")")) }
        if !rejection.message.isEmpty { text += pick(("：", ": ")) + rejection.message }
        return text
    }
}
