/// One side of a name in two languages, `东苑片区 (Dongyuan)`: the part in brackets is the English one if it alone is plain
/// ASCII. Any other name stays whole.
public func localName(_ name: String, _ language: Language) -> String {
    guard name.hasSuffix(")"), let open = name.firstIndex(of: "("), open > name.startIndex else { return name }
    let before = name[..<open].reversed().drop { $0 == " " }.reversed()
    let inside = name[name.index(after: open)...].dropLast()
    guard !inside.isEmpty, inside.allSatisfy(\.isASCII), !before.allSatisfy(\.isASCII) else { return name }
    return language == .zh ? String(before) : String(inside)
}
