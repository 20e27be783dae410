/// How many tips the next group may have: as many as are decided in about ``milliseconds``, and never more than are configured.
///
/// An emergency waits behind the group that is being decided, and one of 512 tips takes three times as long on a processor that is
/// slow or shared. A group of few tips costs more for each, so there are at least ``least``.
struct GroupBound {
    /// What deciding a group may take. Where a tip takes 20 µs, 512 stay within it.
    static let milliseconds: Int64 = 12
    static let least = 64

    private let most: Int
    private(set) var tips: Int

    init(most: Int) {
        self.most = most
        tips = most
    }

    /// Takes a group into account that was decided. One that was held up by chance counts half; a small one says too little.
    mutating func note(tips decided: Int, milliseconds: Int64) {
        guard decided >= min(Self.least, most) else { return }
        let fitting = milliseconds <= 0 ? most : Int(clamping: Int64(decided) * Self.milliseconds / milliseconds)
        tips = min(most, max(min(Self.least, most), (tips + min(most, fitting) + 1) / 2))
    }
}
