public import TipModel

// Words for codes that configuration and triage choose. An unknown code reads as itself.

extension Catalogue {
    /// A category's name for the codes of the shipped configuration; another code as it is.
    public func category(_ code: String) -> String {
        guard let texts = Self.categories[code] else { return code }
        return pick(texts)
    }

    /// One reason as a short phrase: what, the detail, and the points where there are any ("夜间 02:10 +10").
    public func reason(_ reason: Reason) -> String {
        var phrase = label(reason.code)
        let detail = self.detail(reason)
        if !detail.isEmpty {
            phrase += reason.code.hasPrefix("words.") || reason.code.hasPrefix("context.") || reason.code == "denied" ? pick(("「\(detail)」", " \"\(detail)\"")) : " " + detail
        }
        if reason.points != 0 { phrase += reason.points > 0 ? " +\(reason.points)" : " \(reason.points)" }
        return phrase
    }

    /// Several reasons in one line.
    public func reasons(_ reasons: [Reason]) -> String {
        reasons.map { reason($0) }.joined(separator: pick(("，", ", ")))
    }

    /// What a reason code means, without its detail.
    public func label(_ code: String) -> String {
        if let texts = Self.codes[code] { return pick(texts) }
        if code.hasPrefix("words.") { return pick(("用词", "words")) }
        return code
    }

    private func detail(_ reason: Reason) -> String {
        if reason.code.hasPrefix("floor.") || reason.code.hasPrefix("cap.") { return label(reason.detail) }
        return switch reason.code {
        case "category": category(reason.detail)
        case "distance.unknown":
            switch reason.detail {
            case "tip": pick(("（线索）", "(tip)"))
            case "incident": pick(("（警情）", "(incident)"))
            default: reason.detail
            }
        case "category.kin", "veto.category":
            reason.detail.split(separator: " ").map { category(String($0)) }.joined(separator: " ")
        case "floor": label(reason.detail)
        case "record":
            reason.detail.split(separator: "/").enumerated().map { index, count in
                index == 0 ? pick(("属实 \(count)", "\(count) real")) : pick(("误报 \(count)", "\(count) false"))
            }.joined(separator: pick(("，", ", ")))
        case "place": pick(("\(reason.detail) 起", "\(reason.detail) earlier"))
        case "corroboration": pick(("\(reason.detail) 个来源", "\(reason.detail) witnesses"))
        case "time", "veto.window": unit(reason.detail, "min", pick(("分钟", "min")))
        case "distance", "veto.distance": unit(reason.detail, "m", pick(("米", "m")))
        case "escalation.unclaimed", "escalation.claimed", "escalation.en_route", "escalation.on_scene":
            unit(reason.detail, "s", pick(("秒", "s")))
        default: reason.detail
        }
    }

    private func unit(_ measure: String, _ suffix: String, _ name: String) -> String {
        measure.hasSuffix(" " + suffix) ? measure.dropLast(suffix.count) + name : measure
    }

    static let categories: [String: (zh: String, en: String)] = [
        "suspicious_person": ("可疑人员", "suspicious person"),
        "theft": ("盗窃", "theft"),
        "burglary": ("入室", "burglary"),
        "assault": ("伤害", "assault"),
        "weapon": ("持械", "weapon"),
        "fire": ("火情", "fire"),
        "medical": ("急救", "medical"),
        "missing_person": ("走失", "missing person"),
        "traffic": ("交通", "traffic"),
        "disturbance": ("扰民斗殴", "disturbance"),
        "dispute": ("纠纷", "dispute"),
        "fraud": ("诈骗", "fraud"),
        "hazard": ("安全隐患", "hazard"),
        "vehicle": ("可疑车辆", "vehicle"),
        "service_request": ("点单", "service request"),
        "other": ("其他", "other"),
    ]

    static let codes: [String: (zh: String, en: String)] = [
        // Urgency.
        "category": ("类别", "category"),
        "night": ("夜间", "night"),
        "panic": ("一键报警", "panic button"),
        "floor": ("定级下限", "minimum level set by"),
        "floor.priority": ("至少为优先，因", "at least priority, set by"),
        "floor.urgent": ("至少为紧急，因", "at least urgent, set by"),
        "floor.emergency": ("至少为特急，因", "at least emergency, set by"),
        "cap.routine": ("至多为一般，因", "at most routine, set by"),
        "cap.priority": ("至多为优先，因", "at most priority, set by"),
        "cap.urgent": ("至多为紧急，因", "at most urgent, set by"),
        "record": ("上报人以往", "reporter's record"),
        "place": ("同一地点", "same place"),
        "denied": ("否认", "denied"),
        "regrade": ("值班台定级", "regraded by the desk"),
        "regrade.overruled": ("值班台定级被新线索推翻", "the desk's grade, overruled by a later tip"),
        "context.supposed": ("假设", "supposed"),
        "context.feared": ("担心", "feared"),
        "context.asked": ("询问", "asked"),
        "context.staged": ("演练或玩笑", "a drill or a joke"),
        "context.settled": ("已了结", "settled"),
        "context.past": ("以前的事", "long past"),
        "context.over": ("刚结束", "just over"),
        "corroboration": ("相互印证", "corroboration"),
        "earlier": ("先前线索", "an earlier tip"),
        "regrade.lifted": ("值班台撤销定级", "the desk lifted its level"),
        "assign": ("指派说明", "sent because"),
        "recall": ("召回原因", "taken off because"),
        "hand_over": ("移交说明", "handed over because"),
        "clear": ("结案说明", "cleared because"),
        "reopen": ("重新打开的原因", "opened again because"),
        "escalation.unclaimed": ("无人接单", "unclaimed for"),
        "escalation.claimed": ("接单未出发", "claimed and not under way for"),
        "escalation.en_route": ("出发未到", "under way for"),
        "escalation.on_scene": ("到场未结", "on scene for"),
        // The desk's reason for what it did, in its own words.
        "merge": ("合并原因", "merged because"),
        "split": ("拆分原因", "split because"),
        "detach": ("移出原因", "taken out because"),
        // Correlation.
        "alone": ("附近无未结警情", "nothing open nearby"),
        "below": ("与最近警情关联不足", "too little in common with"),
        "vetoed": ("不能并入", "ruled out"),
        "distance": ("距离", "distance"),
        "distance.unknown": ("位置不明", "position unknown"),
        "time": ("相隔", "apart"),
        "text": ("文字相似", "text overlap"),
        "category.kin": ("相近类别", "kindred categories"),
        "veto.zone": ("责任区不同", "another zone"),
        "veto.drill": ("演练与实情不并", "drill and real"),
        "veto.window": ("时间相隔过久", "too long apart"),
        "veto.category": ("类别不符", "categories do not fit"),
        "veto.distance": ("距离过远", "too far"),
        "veto.span": ("离首条线索过远或过久", "too far from the first tip, or too long after it"),
        "veto.plate": ("车牌不同", "another number plate"),
        "veto.phone": ("电话号码不同", "another telephone number"),
        "veto.building": ("楼号不同", "another building"),
        "veto.unit": ("单元不同", "another unit"),
        "veto.room": ("房号不同", "another room"),
        "veto.bay": ("区位不同", "another part of the place"),
        "veto.floor": ("楼层不同", "another floor"),
        "suggested": ("可能同一警情，请值班台定", "perhaps the same, for the desk to say"),
        "follows": ("同类警情先前已处置完毕", "one like it is over"),
        "cleared.grace": ("刚处置完毕，补报并入", "a late report of one just cleared"),
        "text.unknown": ("文字无法比较", "texts cannot be compared"),
        "same.place": ("地点同名", "same place in words"),
        "where.cap": ("地点合计上限", "limit of what the place counts"),
        "agreement": ("另一线索也吻合", "a second tip agrees"),
        "same.plate": ("车牌相同", "same number plate"),
        "same.phone": ("电话相同", "same telephone number"),
        "same.building": ("同一栋楼", "same building"),
        "same.unit": ("同一单元", "same unit"),
        "same.room": ("同一房号", "same room"),
        "same.bay": ("同一区位", "same part of the place"),
        "same.floor": ("同一楼层", "same floor"),
        "same.upper": ("上衣颜色相同", "same colour of top"),
        "same.lower": ("下装颜色相同", "same colour of trousers"),
        "same.head": ("帽子颜色相同", "same colour of hat"),
        "same.bag": ("包的颜色相同", "same colour of bag"),
        "same.vehicle": ("车辆颜色相同", "same colour of vehicle"),
        "against.gate": ("门不同", "another gate"),
        "against.side": ("方位不同", "another side"),
        "against.street": ("路口不同", "another crossing"),
        "against.upper": ("上衣颜色不同", "another colour of top"),
        "against.lower": ("下装颜色不同", "another colour of trousers"),
        "against.head": ("帽子颜色不同", "another colour of hat"),
        "against.bag": ("包的颜色不同", "another colour of bag"),
        "against.vehicle": ("车辆颜色不同", "another colour of vehicle"),
        "against.sex": ("性别不同", "man or woman differs"),
        "against.age": ("年龄不同", "age differs"),
        "against.venue": ("场所不同", "another kind of place"),
        "against.past": ("一个说的是以前", "one is about a day before"),
    ]
}
