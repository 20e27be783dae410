import Testing
import TipModel

@testable import Triage

@Suite("Entities")
struct EntitiesTests {
    private func entities(_ text: String, place: String = "") -> Entities { Entities(text: text, place: place) }

    private func named(_ text: String) -> [String] { entities(text).all.map { "\($0.kind):\($0.value)" } }

    @Test("numbers of dwellings, in either language", arguments: [
        ("3号楼2单元501室", ["building:3", "unit:2", "room:501"]), ("十二号楼二单元", ["building:12", "unit:2"]),
        ("5栋", ["building:5"]), ("A座", ["building:1000097"]), ("3-2-501", ["building:3", "unit:2", "room:501"]),
        ("第3单元", ["unit:3"]), ("甲单元", ["unit:1"]), ("五楼冒烟", ["floor:5"]), ("12层", ["floor:12"]), ("5F", ["floor:5"]),
        ("1201的老人", ["room:1201", "age:2"]), ("Building 3, unit 2, flat 501", ["building:3", "unit:2", "room:501"]),
        ("block C", ["building:1000099"]), ("on the 3rd floor", ["floor:3"]), ("sixth floor", ["floor:6"]), ("floor 12", ["floor:12"]),
        ("car park B2", ["bay:6422530"]), ("４号楼", ["building:4"]),
    ] as [(String, [String])])
    func dwellings(text: String, expected: [String]) { #expect(named(text) == expected) }

    @Test("what is no dwelling", arguments: ["花了1200元", "等了30分钟", "2026年3月", "下楼", "the wolf of fire", "a building", "3人"])
    func nothing(text: String) { #expect(named(text) == []) }

    @Test("the same plate however it is written, and another one", arguments: [
        ("京A12345", "京A·12345", true), ("粤B D1234F", "粤BD1234F", true), ("京A12345", "京A12346", false),
        ("plate AB12 CDE", "AB12CDE parked", true), ("licence plate number KLM 482", "plate klm-482", true),
        ("LM55 QRT", "BN21 HGX", false),
    ])
    func plates(one: String, other: String, same: Bool) {
        let comparison = entities(one).compare(entities(other))
        #expect(comparison.same.contains(.plate) == same)
        #expect((comparison.veto == .plate) == !same)
    }

    @Test("telephone numbers, but not the reporter's own")
    func phones() {
        #expect(entities("13812345678来电").compare(entities("138 1234 5678 又打来")).same == [.phone])
        #expect(entities("13812345678来电").compare(entities("17700001111来电")).veto == .phone)
        #expect(named("有人打架，联系电话13812345678") == [])
    }

    @Test("both must name something, and nothing in common, to contradict")
    func contradiction() {
        #expect(entities("3号楼").compare(entities("有人翻墙")).veto == nil)
        #expect(entities("3号楼看到5号楼冒烟").compare(entities("5号楼冒烟")).veto == nil)
        #expect(entities("3号楼").compare(entities("5号楼")).veto == .building)
        #expect(entities("11楼冒烟").compare(entities("12楼冒烟")).veto == nil)
        #expect(entities("3楼冒烟").compare(entities("12楼冒烟")).veto == .floor)
        // The place counts as the text does.
        #expect(entities("冒烟", place: "3号楼").compare(entities("5号楼冒烟")).veto == .building)
    }

    @Test("colours, by what wears them; those that look alike at night do not contradict", arguments: [
        ("穿红色上衣的男子", "红外套男的", ["upper"], []), ("穿红衣服", "穿绿衣服", [], ["upper"]), ("黑衣男子", "深蓝外套男子", [], []),
        ("红上衣黑裤子", "红上衣白裤子", ["upper"], ["lower"]), ("red jacket", "man in a green hoodie", [], ["upper"]),
        ("白色面包车", "黑色轿车", [], ["vehicle"]), ("white van", "白色面包车", ["vehicle"], []),
    ] as [(String, String, [String], [String])])
    func colours(one: String, other: String, same: [String], against: [String]) {
        let comparison = entities(one).compare(entities(other))
        #expect(comparison.same.filter(\.isAppearance).map { "\($0)" } == same)
        #expect(comparison.against.filter(\.isAppearance).map { "\($0)" } == against)
    }

    @Test("gates, sides, streets, shops and sex speak against", arguments: [
        ("东门有人", "西门有人", "gate"), ("2号门有人", "4号门有人", "gate"), ("north fence", "east fence", "side"),
        ("人民路建设路口", "人民路青年路口", "street"), ("奶茶店打架", "理发店打架", "venue"), ("一个男的", "一个女的", "sex"),
    ])
    func against(one: String, other: String, kind: String) {
        #expect(entities(one).compare(entities(other)).against.map { "\($0)" } == [kind])
    }

    @Test("a drill, unless it is denied; a day before")
    func flags() {
        #expect(entities("消防演练").namesDrill)
        #expect(!entities("真着火了，不是演练").namesDrill)
        #expect(!entities("this is not a drill").namesDrill)
        #expect(entities("消防演练").compare(entities("着火了")).drillDiffers)
        #expect(entities("昨晚电瓶被偷").compare(entities("有人在偷电瓶")).pastDiffers)
    }

    @Test("any text is only read")
    func anything() {
        var random = SeededGenerator(state: 11)
        let pieces = ["3", "号楼", "京A", "·", "-", " ", "plate", "building", "f", "第", "十", "东", "门", "红", "衣", "1", "99999999999999", "路", "B", "é", "🚒"]
        for _ in 0..<5_000 {
            let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            #expect(entities(text).all.count <= Entities.bound)
        }
    }
}
