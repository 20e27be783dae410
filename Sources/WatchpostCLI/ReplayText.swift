import Evaluation
import Localization
import Patrol
import TipModel

/// A line of `watchpost triage replay --json`.
enum ReplayLine {
    /// The change's own keys, and `type`.
    struct Change: Encodable {
        let change: ReplayChange

        init(_ change: ReplayChange) { self.change = change }

        func encode(to encoder: any Encoder) throws {
            try change.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode("change", forKey: .type)
        }
    }

    /// Everything but the changes.
    struct Summary: Encodable {
        var report: RuleReplayReport
        let rules: String
        let journal: String

        init(_ report: RuleReplayReport, rules: String, journal: String) {
            self.report = report
            self.rules = rules
            self.journal = journal
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode("summary", forKey: .type)
            try container.encode(rules, forKey: .rules)
            try container.encode(journal, forKey: .journal)
            try container.encode(report.isUnchanged, forKey: .unchanged)
            try container.encode(report.changes.count, forKey: .listed)
            try container.encode(report.changesNotListed, forKey: .notListed)
            try container.encode(report.records, forKey: .records)
            try container.encode(report.firstAtMs, forKey: .firstAt)
            try container.encode(report.lastAtMs, forKey: .lastAt)
            try container.encode(report.real, forKey: .real)
            try container.encode(report.drills, forKey: .drills)
            try container.encode(report.alerts, forKey: .alerts)
            try container.encode(report.desk, forKey: .desk)
        }
    }

    enum Key: String, CodingKey {
        case type, rules, journal, unchanged, records, real, drills, alerts, desk
        case listed = "changes_listed"
        case notListed = "changes_not_listed"
        case firstAt = "first_at_ms"
        case lastAt = "last_at_ms"
    }
}

/// What a replay found, for people.
struct ReplayText {
    let words: Words

    init(_ words: Words) { self.words = words }

    private var catalogue: Catalogue { words.catalogue }

    func lines(_ report: RuleReplayReport, rules: String, journal: String) -> [String] {
        var lines = [words("规则 \(clean(rules))，日志 \(clean(journal))", "rules \(clean(rules)), journal \(clean(journal))") + span(report)]
        guard report.real.tips + report.drills.tips > 0 else {
            return lines + [words("这段时间没有线索。", "There is no tip in that time.")]
        }
        lines += totals(report)
        lines += drills(report.drills)
        lines += desk(report.desk)
        if report.isUnchanged { return lines + ["", words("没有变化。", "Nothing changes.")] }
        lines += alerts(report)
        lines += changes(report)
        return lines
    }

    private func span(_ report: RuleReplayReport) -> String {
        guard let first = report.firstAtMs, let last = report.lastAtMs else { return "" }
        return words("，", ", ") + Clock.text(first) + " – " + Clock.text(last)
    }

    private func totals(_ report: RuleReplayReport) -> [String] {
        let tally = report.real
        var table = Table([
            .init("", most: 60), .init(words("日志", "JOURNAL"), .right), .init(words("新规则", "NEW RULES"), .right),
            .init(words("不同", "DIFFERENCE"), most: 60),
        ])
        func add(_ name: String, _ pair: ReplayPair, _ note: [(UInt64, String)] = []) {
            let notes = note.filter { $0.0 > 0 }.map(\.1)
            table.add(name, "\(pair.recorded)", "\(pair.replayed)", notes.joined(separator: words("，", ", ")))
        }
        let kept = ReplayPair(recorded: tally.tips, replayed: tally.tips - tally.refused)
        add(
            words("线索", "tips"), kept,
            [(tally.refused, words("\(tally.refused) 条因类别不存在会被拒收", "\(tally.refused) would be refused: no such category"))])
        add(
            words("开立警情", "open an incident"), tally.opened,
            [(tally.wouldAttach, words("\(tally.wouldAttach) 条会并入", "\(tally.wouldAttach) would join one"))])
        add(
            words("并入警情", "join an incident"), tally.attached,
            [
                (tally.wouldOpen, words("\(tally.wouldOpen) 条会另立", "\(tally.wouldOpen) would open one")),
                (tally.elsewhere, words("\(tally.elsewhere) 条会并入别处", "\(tally.elsewhere) would join another")),
            ])
        add(words("请值班台看是否同一", "ask the desk whether two are one"), tally.suggested)
        for level in UrgencyLevel.allCases.reversed() {
            let pair = tally.levels[level.name] ?? ReplayPair()
            add(words("警情：", "incidents: ") + catalogue.name(level), pair)
        }
        add(
            words("进警报通道的线索", "tips in the alert lane"), tally.alerts,
            [
                (tally.alertsGained, words("多 \(tally.alertsGained) 条", "\(tally.alertsGained) enter")),
                (tally.alertsLost, words("少 \(tally.alertsLost) 条", "\(tally.alertsLost) leave")),
            ])
        return table.lines
    }

    private func drills(_ tally: ReplayTally) -> [String] {
        guard tally.tips > 0 else { return [] }
        let changed = tally.changed.values.reduce(0, +)
        return [
            words(
                "演练另计：\(tally.tips) 条线索，\(changed) 处变化，警报多 \(tally.alertsGained) 条、少 \(tally.alertsLost) 条",
                "drills apart: \(tally.tips) tips, \(changed) changes, \(tally.alertsGained) alerts enter and \(tally.alertsLost) leave")
        ]
    }

    private func desk(_ desk: ReplayDesk) -> [String] {
        guard desk.merges + desk.splits > 0 else { return [] }
        return [
            words(
                "值班台合并 \(desk.merges) 次（新规则下 \(desk.mergesNeedless) 次无须合并），拆分 \(desk.splits) 次（\(desk.splitsNeedless) 次无须拆分）",
                "the desk merged \(desk.merges) times (\(desk.mergesNeedless) needless under the new rules) and split \(desk.splits) times (\(desk.splitsNeedless) needless)")
        ]
    }

    private func alerts(_ report: RuleReplayReport) -> [String] {
        let rows = report.alerts.filter { $0.gained + $0.lost > 0 }
        guard !rows.isEmpty else { return ["", words("警报没有变化。", "No alert changes.")] }
        var table = Table([
            .init(words("责任区", "ZONE")), .init(words("巡组", "UNIT")), .init(words("警报", "ALERTS"), .right),
            .init(words("新规则", "NEW RULES"), .right), .init(words("多", "GAINED"), .right), .init(words("少", "LOST"), .right),
        ])
        for row in rows {
            table.add(
                row.zone, row.unit ?? words("（没有巡组）", "(no unit)"), "\(row.count.recorded)", "\(row.count.replayed)",
                row.gained > 0 ? "+\(row.gained)" : "", row.lost > 0 ? "-\(row.lost)" : "")
        }
        return ["", words("谁会收到警报：", "Who would be alerted:")] + table.lines
    }

    private func changes(_ report: RuleReplayReport) -> [String] {
        guard !report.changes.isEmpty || report.changesNotListed > 0 else { return [] }
        var lines = ["", words("变化的警情：", "Incidents that change:")]
        for change in report.changes { lines += self.change(change) }
        if report.changesNotListed > 0 {
            lines.append(words("还有 \(report.changesNotListed) 处未列出（--limit）", "and \(report.changesNotListed) more (--limit)"))
        }
        return lines
    }

    private func change(_ change: ReplayChange) -> [String] {
        let alert: String =
            switch change.alert {
            case .gained: words("【新增警报】", " [alert gained]")
            case .lost: words("【不再警报】", " [alert lost]")
            case nil: ""
            }
        var lines = [
            name(change.kind) + alert + " " + sides(change.recorded) + " → "
                + (change.replayed.isEmpty ? words("不收", "none") : sides(change.replayed)),
            "    " + clean(change.zone) + " " + Clock.text(change.openedAtMs) + " " + catalogue.category(clean(change.category)) + " "
                + (change.drill ? catalogue.text(.drill) : "") + TerminalText.fit(clean(change.headline), 60),
        ]
        func add(_ label: String, _ reasons: [ReplayChange.Line]) {
            if !reasons.isEmpty { lines.append("    " + label + clean(catalogue.reasons(reasons.map(\.reason)))) }
        }
        add(words("去掉：", "without: "), change.reasonsLost)
        add(words("加上：", "with: "), change.reasonsGained)
        add(words("并案：", "correlation: "), change.why)
        return lines
    }

    private func sides(_ sides: [ReplayChange.Side]) -> String {
        let shown = sides.prefix(4).map { side in
            let level = UrgencyLevel(name: side.level).map { catalogue.name($0) } ?? side.level
            return "\(side.incident) \(level) \(side.score)" + words("（\(side.tips) 条）", " (\(side.tips) \(side.tips == 1 ? "tip" : "tips"))")
        }
        let rest = sides.count - shown.count
        return shown.joined(separator: " + ") + (rest > 0 ? words(" + 另 \(rest) 条", " + \(rest) more") : "")
    }

    private func name(_ kind: ReplayChange.Kind) -> String {
        switch kind {
        case .joined: words("合为一起", "joined")
        case .parted: words("分开", "parted")
        case .regrouped: words("重新分合", "regrouped")
        case .refused: words("拒收", "refused")
        case .level: words("改级", "level")
        case .score: words("改分", "score")
        }
    }
}
