/// What the people of the demo say, in one language.
public struct DemoTexts: Hashable, Sendable {
    public var lurkerGate: String
    public var lurkerShop: String
    public var lurkerClinic: String
    public var fire: String
    public var hazard: String
    public var placeGate: String
    public var placeShop: String
    public var placeClinic: String
    public var placeFire: String
    public var placeHazard: String

    public static let chinese = DemoTexts(
        lurkerGate: "监控里一名男子在东墙外徘徊，还在", lurkerShop: "有人在围墙外鬼鬼祟祟，正在往小区里看",
        lurkerClinic: "墙外那个男的还在，手里拿着工具", fire: "配电房冒烟，看得见火光", hazard: "湖边步道井盖缺失，已用锥桶围住",
        placeGate: "东苑一区东墙外", placeShop: "便民超市对面", placeClinic: "卫生站后门", placeFire: "南湖小区配电房", placeHazard: "湖边步道")

    public static let english = DemoTexts(
        lurkerGate: "on CCTV a man is loitering outside the east wall, still there",
        lurkerShop: "somebody is lurking at the wall, now looking into the compound",
        lurkerClinic: "the man at the wall is still there, he has tools in his hand",
        fire: "smoke from the switch room, flames can be seen", hazard: "a manhole cover is gone on the lake path, cones put around it",
        placeGate: "outside the east wall", placeShop: "across from the shop", placeClinic: "behind the clinic",
        placeFire: "switch room, Nanhu court", placeHazard: "lake path")
}
