extension Array where Element: Comparable {
    /// As `sort()`, quicker for the few elements that a text gives; the order of equal ones is not kept.
    @inline(__always)
    mutating func sortBriefly() {
        guard count > 1 else { return }
        if count > 32 { return sort() }
        withUnsafeMutableBufferPointer { $0.sortBriefly() }
    }
}

extension UnsafeMutableBufferPointer where Element: Comparable {
    /// Sorts few elements: it takes the square of their count. The order of equal ones is not kept.
    @inline(__always)
    func sortBriefly() {
        // The indices are within 0..<count by the loops.
        for index in 1..<Swift.max(1, count) {
            let element = self[index]
            var place = index
            while place > 0, element < self[place - 1] {
                self[place] = self[place - 1]
                place -= 1
            }
            self[place] = element
        }
    }
}
