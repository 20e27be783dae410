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
            phrase += reason.code.hasPrefix("words.") ? pick(("「\(detail)」", " \"\(detail)\"")) : " " + detail
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
        switch reason.code {
        case "category", "same_category": category(reason.detail)
        case "distance.unknown":
            switch reason.detail {
            case "tip": pick(("（线索）", "(tip)"))
            case "incident": pick(("（警情）", "(incident)"))
            default: reason.detail
            }
        case "category.compatible", "veto.category":
            reason.detail.split(separator: " ").map { category(String($0)) }.joined(separator: " ")
        case "floor": label(reason.detail)
        case "corroboration": pick(("\(reason.detail) 个来源", "\(reason.detail) witnesses"))
        case "time", "veto.window": unit(reason.detail, "min", pick(("分钟", "min")))
        case "distance", "veto.distance": unit(reason.detail, "m", pick(("米", "m")))
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
        "corroboration": ("相互印证", "corroboration"),
        "earlier": ("先前线索", "an earlier tip"),
        "regrade": ("值班台定级", "level set by the desk"),
        "regrade.overruled": ("危及生命的新线索高于值班台定级", "a life-threat tip overrules the desk's level"),
        "regrade.lifted": ("值班台撤销定级", "the desk lifted its level"),
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
        "same_category": ("同类", "same category"),
        "category.compatible": ("相近类别", "compatible category"),
        "veto.cleared": ("该警情已处置完毕", "already cleared"),
        "veto.zone": ("责任区不同", "another zone"),
        "veto.drill": ("演练与实情不并", "drill and real"),
        "veto.window": ("时间相隔过久", "too long apart"),
        "veto.category": ("类别不符", "categories do not fit"),
        "veto.distance": ("距离过远", "too far"),
    ]
}
