/// Walks a text once and notes the entities in it, in memory that is lent. Whatever the text, it only reads.
struct EntityScanner {
    private(set) var namesDrill = false
    private(set) var namesPast = false

    /// ``Entities/bound`` each: further colours could not be noted.
    private let entities: UnsafeMutableBufferPointer<Entities.Entity>
    private var entityCount = 0
    private let colours: UnsafeMutableBufferPointer<Colour>
    /// Colours read since the last thing, and where the newest ended: "红白上衣" names two.
    private var colourCount = 0
    private var colourEnd = 0
    private var text = UnsafeBufferPointer<UInt32>(start: nil, count: 0)
    /// The direction last read and where it ended.
    private var direction: (value: UInt32, end: Int)?
    /// Where the last denial, and the last word for the reporter's own telephone, ended; −100 for none.
    private var denialEnd = -100
    private var ownPhoneEnd = -100

    private init(_ entities: UnsafeMutableBufferPointer<Entities.Entity>, _ colours: UnsafeMutableBufferPointer<Colour>) {
        (self.entities, self.colours) = (entities, colours)
    }

    static func with<Result>(_ body: (inout EntityScanner) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: Entities.Entity.self, capacity: Entities.bound) { entities in
            withUnsafeTemporaryAllocation(of: Colour.self, capacity: Entities.bound) { colours in
                var scanner = EntityScanner(entities, colours)
                return body(&scanner)
            }
        }
    }

    /// In the order of the texts, as long as the memory is lent.
    var found: UnsafeMutableBufferPointer<Entities.Entity> { UnsafeMutableBufferPointer(rebasing: entities[..<entityCount]) }

    mutating func scan(_ source: String) {
        guard !source.isEmpty else { return }
        var source = source
        source.withUTF8 { bytes in
            // A scalar takes a byte at least.
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: bytes.count) { scalars in
                var (index, count) = (0, 0)
                while index < bytes.count {
                    scalars.initializeElement(at: count, to: Self.folded(nextScalar(bytes, &index)))
                    count += 1
                }
                text = UnsafeBufferPointer(rebasing: scalars[..<count])
                walk()
                text = UnsafeBufferPointer(start: nil, count: 0)
            }
        }
    }

    private mutating func walk() {
        direction = nil
        colourCount = 0
        (denialEnd, ownPhoneEnd) = (-100, -100)
        EntityStarts.table.withLookup { starts in
            var index = 0
            var before: EntityStarts = []
            while index < text.count {
                let here = EntityStarts(starts[text[index]])
                // Digits and Latin words begin where none is before them. Most characters begin nothing.
                let start = before.isDisjoint(with: .alphanumeric) ? here : here.subtracting(.onlyFirst)
                if start.isEmpty {
                    index += 1
                    before = here
                } else {
                    index += step(at: index, start)
                    before = EntityStarts(starts[text[index - 1]])
                }
            }
        }
    }

    /// Notes what begins at `index`; gives back how far to go on.
    private mutating func step(at index: Int, _ start: EntityStarts) -> Int {
        if start.contains(.digit) { return numberRun(at: index) }
        // A letter's next tells most often that it begins neither.
        if start.contains(.letter), index + 1 < text.count {
            if Self.isDigit(text[index + 1]), let length = bay(at: index) { return length }
            if index + 2 < text.count, Self.isDigit(text[index + 2]), let length = britishPlate(at: index) { return length }
        }
        if start.contains(.chinese), let entry = EntityLexicon.chinese.match(text, at: index, isSingle: start.contains(.single)) {
            for meaning in entry.meanings { note(EntityLexicon.chinese.meanings[meaning], from: index, to: index + entry.count) }
            return entry.count
        }
        if start.contains(.english), let entry = EntityLexicon.english.match(text, at: index, isSingle: false) {
            for meaning in entry.meanings { note(EntityLexicon.english.meanings[meaning], from: index, to: index + entry.count) }
            return entry.count
        }
        return start.contains(.province) ? chinesePlate(at: index) ?? 1 : 1
    }

    private mutating func add(_ kind: Entities.Kind, _ value: UInt32) {
        guard entityCount < entities.count else { return }
        entities.initializeElement(at: entityCount, to: Entities.Entity(kind: kind, value: value))
        entityCount += 1
    }

    private mutating func note(_ meaning: EntityWords.Meaning, from start: Int, to end: Int) {
        switch meaning {
        case .numberBefore(let kind):
            let takesLetters = kind == .building || kind == .unit
            if let number = number(before: start, letters: takesLetters) { add(kind, kind == .gate ? number + 100 : number) }
        case .numberAfter(let kind):
            if let number = label(after: end) { add(kind, kind == .gate ? number + 100 : number) }
        case .direction(let value): direction = (value, end)
        case .gate:
            // "东门", "东大门", "east side gate".
            if let direction, start - direction.end <= 6 { add(.gate, direction.value) }
        case .side:
            if let direction, start - direction.end <= 1 { add(.side, direction.value) }
        case .street:
            if start >= 2, text[start - 1] >= 0x4E00, text[start - 2] >= 0x4E00 {
                add(.street, TermHash.mix(TermHash.mix(TermHash.basis, text[start - 2]), text[start - 1]))
            }
        case .nothing: break
        case .colour(let colour):
            if start - colourEnd > 3 { colourCount = 0 }
            if colourCount < colours.count {
                colours.initializeElement(at: colourCount, to: colour)
                colourCount += 1
            }
            colourEnd = end
        case .thing(let kind):
            // "黑色上衣", "dark blue hooded jacket".
            if start - colourEnd <= (text[start] < 0x80 ? 12 : 4) {
                for index in 0..<colourCount { add(kind, colours[index].rawValue) }
            }
            colourCount = 0
        case .sex(let value): add(.sex, value)
        case .age(let value): add(.age, value)
        case .plateBefore: latinPlate(after: end)
        // "不是演练", "this is not a drill".
        case .drill: if start - denialEnd > (text[start] < 0x80 ? 10 : 4) { namesDrill = true }
        case .denial: denialEnd = end
        case .past: namesPast = true
        case .ownPhone: ownPhoneEnd = end
        case .venue(let value): add(.venue, value)
        }
    }

    // MARK: - Numbers

    /// A run of digits that means something by itself: a telephone number, or "3-2-501". Returns its length.
    private mutating func numberRun(at start: Int) -> Int {
        // The first three groups are looked at: value and digits of each.
        var values: (UInt64, UInt64, UInt64) = (0, 0, 0)
        var lengths = (0, 0, 0)
        var (groups, digits) = (0, 0)
        var index = start
        while index < text.count, Self.isDigit(text[index]) {
            var value: UInt64 = 0
            let begin = index
            while index < text.count, Self.isDigit(text[index]) {
                value = value &* 10 &+ UInt64(text[index] - 0x30)
                index += 1
            }
            switch groups {
            case 0: (values.0, lengths.0) = (value, index - begin)
            case 1: (values.1, lengths.1) = (value, index - begin)
            default: (values.2, lengths.2) = (value, index - begin)
            }
            groups += 1
            digits += index - begin
            guard index + 1 < text.count, text[index] == 0x2D || text[index] == 0x20, Self.isDigit(text[index + 1]) else { break }
            index += 1
        }
        if digits >= 7, digits <= 13 {
            var hash = TermHash.basis
            for position in start..<index where Self.isDigit(text[position]) { hash = TermHash.mix(hash, text[position]) }
            // "联系电话13…", "call me on …": it says who reports and not what happened.
            if start - ownPhoneEnd > 8 { add(.phone, hash) }
            return index - start
        }
        if groups == 3, lengths.0 <= 2, lengths.1 == 1, lengths.2 <= 4 {
            add(.building, UInt32(truncatingIfNeeded: values.0))
            add(.unit, UInt32(truncatingIfNeeded: values.1))
            add(.room, UInt32(truncatingIfNeeded: values.2))
            return index - start
        }
        // The first group alone: what follows it says what it is ("3号楼", "5F"); three or four digits that nothing follows are a
        // room ("1201的老太太").
        let end = start + lengths.0
        let next = end < text.count ? text[end] : 0x20
        if next == 0x66, end + 1 == text.count || !Self.isAlphanumeric(text[end + 1]) {
            add(.floor, UInt32(truncatingIfNeeded: values.0))
        } else if (3...4).contains(lengths.0), isRoom(from: start, to: end) {
            add(.room, UInt32(truncatingIfNeeded: values.0))
        }
        return lengths.0
    }

    /// Whether bare digits are a room: followed by a Chinese word that is no unit, or by the text's end, and no part of a time or sum.
    private func isRoom(from start: Int, to end: Int) -> Bool {
        if start > 0 {
            switch text[start - 1] {
            case 0x2E, 0x3A, 0x2D, 0x24, 0xA5, 0x23: return false
            default: break
            }
        }
        guard end < text.count else { return start > 0 && text[start - 1] >= 0x4E00 }
        return text[end] >= 0x4E00 && Self.units[text[end]] == 0
    }

    private static let units = ScalarTable(ones: "元块万千百米公里斤年月日点分秒人个次号路线度名辆栋幢座楼层室房岁平台部条只家户口国省")

    /// The number or letter that ends right before `end`: "12", "十二", "a".
    private func number(before end: Int, letters: Bool) -> UInt32? {
        var index = end
        while index > 0, text[index - 1] == 0x20 { index -= 1 }
        if index > 1, text[index - 1] == Self.ordinal { index -= 1 }
        // "3rd floor".
        if index >= 3, Self.isLetter(text[index - 1]), Self.isLetter(text[index - 2]), Self.isDigit(text[index - 3]) { index -= 2 }
        guard index > 0 else { return nil }
        if let ordinal = ordinal(before: index) { return ordinal }
        var start = index
        while start > 0, Self.isDigit(text[start - 1]), index - start < 6 { start -= 1 }
        if start < index { return text[start..<index].reduce(0) { $0 &* 10 &+ ($1 - 0x30) } }
        if letters, Self.isLetter(text[index - 1]), index < 2 || !Self.isAlphanumeric(text[index - 2]) { return Self.letterBase + text[index - 1] }
        while start > 0, Self.chineseDigit(text[start - 1]) != nil, index - start < 4 { start -= 1 }
        return start < index ? Self.chineseNumber(text[start..<index]) : nil
    }

    /// "first" … "tenth", "ground", right before `end`.
    private func ordinal(before end: Int) -> UInt32? {
        guard Self.isLetter(text[end - 1]) else { return nil }
        for (value, word) in Self.ordinals.enumerated() where end >= word.count {
            let start = end - word.count
            if text[start..<end].elementsEqual(word), start == 0 || !Self.isLetter(text[start - 1]) { return UInt32(value) }
        }
        return nil
    }

    private static let ordinals = ["ground", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
        .map { $0.unicodeScalars.map(\.value) }

    /// The number or single letter after `start`: "building 3", "block b", "no. 7".
    private func label(after start: Int) -> UInt32? {
        var index = start
        while index < text.count, text[index] == 0x20 || text[index] == 0x23 || text[index] == 0x2E { index += 1 }
        if index + 2 < text.count, text[index] == 0x6E, text[index + 1] == 0x6F {
            index += 2
            while index < text.count, text[index] == 0x20 || text[index] == 0x2E { index += 1 }
        }
        var end = index
        while end < text.count, Self.isDigit(text[end]), end - index < 6 { end += 1 }
        if end > index { return text[index..<end].reduce(0) { $0 &* 10 &+ ($1 - 0x30) } }
        guard index < text.count, Self.isLetter(text[index]), index + 1 == text.count || !Self.isAlphanumeric(text[index + 1]) else {
            return nil
        }
        // "a" is more often the article.
        return text[index] == 0x61 && index + 1 < text.count ? nil : Self.letterBase + text[index]
    }

    // MARK: - Plates

    /// 京A12345, 粤B·D12345: a province (which stands at `start`), a letter, five or six letters and digits.
    private mutating func chinesePlate(at start: Int) -> Int? {
        guard start + 6 < text.count, Self.isLetter(text[start + 1]) else { return nil }
        var hash = TermHash.mix(TermHash.basis, text[start + 1])
        var index = start + 2
        if text[index] == 0xB7 || text[index] == 0x20 || text[index] == 0x2022 { index += 1 }
        let body = index
        while index < text.count, Self.isAlphanumeric(text[index]), index - body < 6 {
            hash = TermHash.mix(hash, text[index])
            index += 1
        }
        guard index - body >= 5 else { return nil }
        add(.plate, hash)
        return index - start
    }

    /// B2, P3, A12: one letter and one or two digits by themselves are a part of a place.
    private mutating func bay(at start: Int) -> Int? {
        guard Self.isLetter(text[start]), start == 0 || !Self.isAlphanumeric(text[start - 1]) else { return nil }
        var index = start + 1
        var number: UInt32 = 0
        while index < text.count, Self.isDigit(text[index]), index - start < 4 {
            number = number * 10 + (text[index] - 0x30)
            index += 1
        }
        guard index > start + 1, index - start <= 3, index == text.count || !Self.isAlphanumeric(text[index]) else { return nil }
        add(.bay, text[start] << 16 | number)
        return index - start
    }

    /// LM55 QRT: two letters, two digits, three letters.
    private mutating func britishPlate(at start: Int) -> Int? {
        guard start + 6 < text.count, Self.isLetter(text[start]), Self.isLetter(text[start + 1]), Self.isDigit(text[start + 2]),
            Self.isDigit(text[start + 3]), start == 0 || !Self.isAlphanumeric(text[start - 1])
        else { return nil }
        var hash = TermHash.basis
        for index in start..<start + 4 { hash = TermHash.mix(hash, text[index]) }
        var index = start + 4
        if text[index] == 0x20 { index += 1 }
        let end = index + 3
        while index < end {
            guard index < text.count, Self.isLetter(text[index]) else { return nil }
            hash = TermHash.mix(hash, text[index])
            index += 1
        }
        guard index == text.count || !Self.isAlphanumeric(text[index]) else { return nil }
        add(.plate, hash)
        return index - start
    }

    /// After "plate": up to two groups with a digit among them, four to eight characters in all.
    private mutating func latinPlate(after start: Int) {
        var index = start
        // "plate number is", "plate no."
        for _ in 0..<3 {
            while index < text.count, !Self.isAlphanumeric(text[index]), text[index] < 0x80 { index += 1 }
            var end = index
            while end < text.count, Self.isLetter(text[end]) { end += 1 }
            let word = String(String.UnicodeScalarView(text[index..<end].compactMap(Unicode.Scalar.init)))
            guard ["number", "no", "is", "plate", "ending", "reads", "starting"].contains(word) else { break }
            index = end
        }
        if index < text.count, EntityStarts(EntityStarts.table[text[index]]).contains(.province) { return }
        var characters: [UInt32] = []
        var groups = 0
        while index < text.count, groups < 2, characters.count < 8 {
            var end = index
            while end < text.count, Self.isAlphanumeric(text[end]) { end += 1 }
            guard end > index, end - index <= 8 else { break }
            let group = text[index..<end]
            // A word without digits is a plate's only beside a group that has some.
            if groups == 1, !group.contains(where: Self.isDigit) { break }
            characters += group
            groups += 1
            guard end < text.count, text[end] == 0x20 || text[end] == 0x2D else { break }
            index = end + 1
        }
        guard (4...8).contains(characters.count), characters.contains(where: Self.isDigit) else { return }
        add(.plate, characters.reduce(TermHash.basis) { TermHash.mix($0, $1) })
    }

    // MARK: - Characters

    private static let letterBase: UInt32 = 1_000_000
    /// 第
    private static let ordinal: UInt32 = 0x7B2C

    static func isDigit(_ value: UInt32) -> Bool { value >= 0x30 && value <= 0x39 }
    static func isLetter(_ value: UInt32) -> Bool { value >= 0x61 && value <= 0x7A }
    static func isAlphanumeric(_ value: UInt32) -> Bool { isDigit(value) || isLetter(value) }

    /// Lower case, and full-width forms as the ASCII that they are.
    private static func folded(_ value: UInt32) -> UInt32 {
        let narrow = (0xFF01...0xFF5E).contains(value) ? value - 0xFEE0 : value
        return narrow >= 0x41 && narrow <= 0x5A ? narrow + 0x20 : narrow
    }

    private static func chineseDigit(_ value: UInt32) -> UInt32? {
        switch Unicode.Scalar(value) {
        // 甲…丁 number units and buildings as 1…4 do.
        case "一", "甲": 1
        case "二", "两", "乙": 2
        case "三", "丙": 3
        case "四", "丁": 4
        case "五": 5
        case "六": 6
        case "七": 7
        case "八": 8
        case "九": 9
        case "十": 10
        default: nil
        }
    }

    /// 一…九十九.
    private static func chineseNumber(_ digits: some Sequence<UInt32>) -> UInt32? {
        var (tens, ones, sawTen): (UInt32, UInt32, Bool) = (0, 0, false)
        for value in digits {
            guard let digit = chineseDigit(value) else { return nil }
            if digit == 10 {
                tens = sawTen ? tens : max(1, ones)
                ones = 0
                sawTen = true
            } else {
                ones = digit
            }
        }
        return tens * 10 + ones
    }
}
