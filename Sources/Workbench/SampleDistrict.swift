public import TipModel

/// A small invented district, written out for the demo, tests and the bench, so that they need no file of an installation.
/// Its centre lies in the open sea: no real street is meant.
public enum SampleDistrict {
    /// `dispatch.yaml`: nobody is told that nobody comes, so that what is fed does not depend on how long a run takes.
    public static let noEscalation =
        "levels:\n"
        + UrgencyLevel.allCases.map { level in
            "  \(level.name):\n"
                + [
                    "officer_after", "desk_after", "neighbours_after", "unit_idle_after", "unit_idle_desk_after", "en_route_long_after",
                    "on_scene_long_after",
                ].map { "    \($0): never\n" }.joined()
        }.joined()

    /// `zones.yaml`: two zones side by side.
    public static let zones = """
        zones:
          - id: dongyuan
            name: 东苑片区 (Dongyuan)
            party_cell: 东苑党支部 (Dongyuan party cell)
            police_grid: 警务网格 01 (police grid 01)
            community_grid: 东苑社区 1–3 网格 (Dongyuan community grids 1–3)
            officer_role: 东苑社区民警 (community officer, Dongyuan)
            neighbours: [nanhu]
          - id: nanhu
            name: 南湖片区 (Nanhu lake)
            party_cell: 南湖党支部 (Nanhu party cell)
            police_grid: 警务网格 04 (police grid 04)
            community_grid: 南湖社区 1–3 网格 (Nanhu community grids 1–3)
            officer_role: 南湖社区民警 (community officer, Nanhu)
            neighbours: [dongyuan]

        """

    /// `triage.yaml`: some of the shipped categories and words, with the shipped numbers.
    /// - Parameter utcOffsetMinutes: of the district's local time, which decides what is night; −899…899.
    public static func triage(utcOffsetMinutes: Int = 480) -> String {
        let minutes = abs(utcOffsetMinutes)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let offset = (utcOffsetMinutes < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
        return """
            categories:
              - { code: suspicious_person, zh: 可疑人员, en: Suspicious person, base: 30, floor: priority }
              - { code: theft, zh: 盗窃, en: Theft, base: 35, floor: priority }
              - { code: burglary, zh: 入室, en: Burglary, base: 45, floor: urgent }
              - { code: vehicle, zh: 可疑车辆, en: Suspicious vehicle, base: 25, floor: routine }
              - { code: fire, zh: 火情, en: Fire, base: 70, floor: emergency }
              - { code: medical, zh: 急救, en: Medical, base: 55, floor: urgent }
              - { code: hazard, zh: 安全隐患, en: Hazard, base: 35, floor: priority }
              - { code: disturbance, zh: 扰民斗殴, en: Disturbance, base: 30, floor: routine }
              - { code: service_request, zh: 点单, en: Service request, base: 5, floor: routine }
              - { code: other, zh: 其他, en: Other, base: 15, floor: routine }
            urgency:
              words:
                - { code: fire, phrases: [着火, 起火, 冒烟, 浓烟, 火光, smoke, flames], points: 35, floor: emergency }
                - { code: stealth, phrases: [徘徊, 翻墙, 撬锁, 工具, 鬼鬼祟祟, lurking, loitering, tools, over the wall], points: 15 }
                - { code: ongoing, phrases: [正在, 还在, now, still], points: 10 }
              night: { from: 22, until: 6, points: 10, utc_offset: '\(offset)' }

            """
    }

    /// Where the district's zero is, for tips around it. `north` and `east` in metres.
    public static func position(north: Double, east: Double) -> Position {
        Position(latitude: 30 + north / 111_195, longitude: 125 + east / 96_300, accuracy: 15)
    }
}
