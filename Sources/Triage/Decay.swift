#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

func logarithm(_ value: Double) -> Double { log(value) }

/// Points that fall with a measure, steeply at first and ever more slowly: points × (1 − ln(1 + x/scale) / ln(1 + end/scale)),
/// 0 from `end` on. A scale far beyond the end makes it a straight line.
///
/// Two reports of one thing are usually close together, and those that are not are spread far: the densities of
/// distance and time between true duplicates fall like powers, so their logarithms, which add up, fall like this.
struct Decay: Sendable {
    private let points: Double
    private let inverseScale: Double
    private let end: Double
    private let factor: Double

    /// `scale` and `end` are in the measure's unit and taken as at least a thousandth.
    init(points: Int32, scale: Double, end: Double) {
        self.points = Double(points)
        let scale = max(0.001, scale)
        self.end = max(0.001, end)
        inverseScale = 1 / scale
        factor = 1 / max(1e-9, log1p(self.end / scale))
    }

    func callAsFunction(_ measure: Double) -> Int32 {
        guard measure < end else { return 0 }
        return Int32((points * (1 - log1p(max(0, measure) * inverseScale) * factor)).rounded())
    }
}
