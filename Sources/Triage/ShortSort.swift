extension Array where Element: Comparable {
    /// As `sort()`, quicker for the few elements that a text gives; the order of equal ones is not kept.
    @inline(__always)
    mutating func sortBriefly() {
        guard count > 1 else { return }
        if count > 32 { return sort() }
        // The indices are within 0..<count by the loops.
        withUnsafeMutableBufferPointer { elements in
            for index in 1..<elements.count {
                let element = elements[index]
                var place = index
                while place > 0, element < elements[place - 1] {
                    elements[place] = elements[place - 1]
                    place -= 1
                }
                elements[place] = element
            }
        }
    }
}
