public import TipModel

/// `dispatch.yaml`: when somebody is told that nobody comes. config/dispatch.yaml documents every key; what a file does
/// not say is as in ``DispatchRules/standard``.
public enum DispatchFile {
    /// Reads and checks the file. Neighbours are not in it: they are the zones'.
    /// - Throws: everything that is wrong in it.
    public static func load(path: String) throws(SettingsError) -> DispatchRules {
        try loading { issues in read(path, zones: nil, issues: &issues) }
    }

    /// - Parameter zones: the zones that exist; nil leaves that check out.
    static func read(_ path: String, zones: Set<ZoneID>?, issues: inout [SettingsIssue]) -> DispatchRules? {
        SettingsReader.read(path, issues: &issues) { rules($0, zones: zones) }
    }

    static func rules(_ root: SettingsSection, zones known: Set<ZoneID>?) -> DispatchRules {
        var rules = DispatchRules.standard
        rules.quietHours = quietHours(root)
        root.section("levels") { part in
            for level in UrgencyLevel.allCases {
                if let base = rules.levels[level] { rules.levels[level] = part.section(level.name) { ladder($0, base, level) } }
            }
        }
        _ = root.items("zones", required: false, count: 0...512) { item in
            let zone: ZoneID = item.name("id")
            if let known, !zone.rawValue.isEmpty, !known.contains(zone) {
                item.issue("id", ZonesFile.unknownZone(zone, among: known.map(\.rawValue)))
            }
            let levels = item.section("levels") { part in
                UrgencyLevel.allCases.reduce(into: [UrgencyLevel: DispatchRules.Ladder]()) { levels, level in
                    guard let base = rules.levels[level] else { return }
                    let isGiven = part.isGiven(level.name)
                    let own = part.section(level.name) { ladder($0, base, level) }
                    if isGiven { levels[level] = own }
                }
            }
            if rules.zones.updateValue(levels, forKey: zone) != nil { item.issue("id", "zone \(zone) is given twice") }
        }
        return rules
    }

    private static let waits: ClosedRange<Duration> = .seconds(1)...Duration.seconds(30 * 86_400)

    private static func ladder(
        _ part: SettingsSection, _ base: DispatchRules.Ladder, _ level: UrgencyLevel
    ) -> DispatchRules.Ladder {
        var ladder = base
        ladder.officerAfter = part.wait("officer_after", default: base.officerAfter, in: waits)
        ladder.deskAfter = part.wait("desk_after", default: base.deskAfter, in: waits)
        ladder.neighboursAfter = part.wait("neighbours_after", default: base.neighboursAfter, in: waits)
        let steps = [
            ("officer_after", ladder.officerAfter), ("desk_after", ladder.deskAfter), ("neighbours_after", ladder.neighboursAfter),
        ].filter { $0.1 != nil }
        for (earlier, later) in zip(steps, steps.dropFirst()) where (earlier.1 ?? 0) > (later.1 ?? 0) {
            part.issue(later.0, "must not be before \(earlier.0)")
        }
        ladder.grantFor = part.milliseconds("grant_for", default: base.grantFor, in: .seconds(60)...Duration.seconds(7 * 86_400))
        ladder.remindEvery = part.wait("remind_every", default: base.remindEvery, in: .seconds(5)...Duration.seconds(86_400))
        ladder.remindersAtMost = UInt32(
            clamping: part.int("reminders_at_most", default: Int(base.remindersAtMost), in: 0...1_000, unit: "reminders"))
        ladder.acknowledgedRest = part.milliseconds("acknowledged_rest", default: base.acknowledgedRest, in: waits)
        ladder.unitIdleAfter = part.wait("unit_idle_after", default: base.unitIdleAfter, in: waits)
        ladder.unitIdleDeskAfter = part.wait("unit_idle_desk_after", default: base.unitIdleDeskAfter, in: waits)
        if let unit = ladder.unitIdleAfter, let desk = ladder.unitIdleDeskAfter, unit > desk {
            part.issue("unit_idle_desk_after", "must not be before unit_idle_after")
        }
        ladder.enRouteLongAfter = part.wait("en_route_long_after", default: base.enRouteLongAfter, in: waits)
        ladder.onSceneLongAfter = part.wait("on_scene_long_after", default: base.onSceneLongAfter, in: waits)
        ladder.isHeldInQuietHours = part.flag("held_in_quiet_hours", default: base.isHeldInQuietHours)
        if level == .emergency, ladder.isHeldInQuietHours {
            part.issue("held_in_quiet_hours", "an emergency passes the quiet hours, whatever stands here")
        }
        return ladder
    }

    /// Nil where none are given.
    private static func quietHours(_ root: SettingsSection) -> DispatchRules.QuietHours? {
        let isGiven = root.isGiven("quiet_hours")
        let hours = root.section("quiet_hours") { part in
            DispatchRules.QuietHours(
                from: part.timeOfDay("from", default: 22 * 60 + 30), until: part.timeOfDay("until", default: 6 * 60 + 30),
                utcOffsetMinutes: Int32(part.utcOffset()))
        }
        return isGiven ? hours : nil
    }
}

extension SettingsSection {
    /// A duration, or `never`.
    fileprivate func wait(_ key: String, default value: Int64?, in range: ClosedRange<Duration>) -> Int64? {
        guard isGiven(key) else {
            _ = entry(key, required: false)
            return value
        }
        if scalar(key, required: false) == "never" { return nil }
        return milliseconds(key, default: value, in: range)
    }

    fileprivate func milliseconds(_ key: String, default value: Int64?, in range: ClosedRange<Duration>) -> Int64 {
        duration(key, default: value.map { .milliseconds($0) } ?? range.lowerBound, in: range).wholeMilliseconds
    }

    /// `22:30` in minutes of the day.
    fileprivate func timeOfDay(_ key: String, default value: Int32) -> Int32 {
        guard let text = scalar(key, required: false) else { return value }
        let bytes = Array(text.utf8)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"), [0, 1, 3, 4].allSatisfy({ digits.contains(bytes[$0]) }) else {
            issue(key, "must be like '22:30' (in quotes), is \(Self.quoted(text))")
            return value
        }
        func digit(_ index: Int) -> Int32 { Int32(bytes[index]) - 48 }
        let (hours, minutes) = (digit(0) * 10 + digit(1), digit(3) * 10 + digit(4))
        guard hours < 24, minutes < 60 else {
            issue(key, "must be 00:00…23:59, is \(Self.quoted(text))")
            return value
        }
        return hours * 60 + minutes
    }
}
