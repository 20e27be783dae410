internal import Journal
internal import TipModel

/// Tells of some tips without a look into the journal that it cannot have them: those with a higher id than any that was accepted
/// of their post since the start, or than any at all before. Posts make ids in the order of time, so these are nearly all, but for the
/// time after a start for which some post's clock was ahead.
///
/// One entry a post that sent something since the start. `ingest.max_posts` bounds how many there are at a time; those of revoked
/// ones stay.
struct NewestTips {
    /// No tip that was in the journal at the start has a higher id.
    private let atStart: TipID
    private var newest: [PostID: TipID] = [:]

    /// - Parameter journal: that nobody else appends to. Where it cannot be asked, every tip is looked up.
    init(_ journal: any Journal) {
        do throws(JournalError) {
            atStart = try journal.newestTip() ?? TipID(high: 0, low: 0)
        } catch {
            atStart = TipID(high: .max, low: .max)
        }
    }

    func mayHave(_ key: TipKey) -> Bool { key.tip <= newest[key.post] ?? atStart }

    /// To be told of every tip that is accepted, before anything else is asked about.
    mutating func accept(_ key: TipKey) {
        if key.tip > newest[key.post] ?? atStart { newest[key.post] = key.tip }
    }
}
