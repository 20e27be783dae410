import Measurement
import Testing

@Suite struct ExpositionTests {
    @Test func aHistogramIsCumulativeAndEndsWithAll() {
        var histogram = Histogram(bounds: [0.5, 1, 2])
        for value in [0.5, 0.75, 2, 9] { histogram.observe(value) }
        var out = Exposition()
        out.histogram("x_seconds", "Help.", histogram)
        #expect(
            out.text == """
                # HELP x_seconds Help.
                # TYPE x_seconds histogram
                x_seconds_bucket{le="0.5"} 1
                x_seconds_bucket{le="1"} 2
                x_seconds_bucket{le="2"} 3
                x_seconds_bucket{le="+Inf"} 4
                x_seconds_sum 12.25
                x_seconds_count 4

                """)
    }

    @Test func whatIsNoNumberIsLeftOut() {
        var histogram = Histogram(bounds: [2, 1, .infinity, 3])
        #expect(histogram.bounds == [2, 3])
        for value in [Double.nan, .infinity, -.infinity] { histogram.observe(value) }
        #expect(histogram.count == 0 && histogram.sum == 0)
    }

    @Test func labelsCannotBreakALine() {
        var out = Exposition()
        out.gauge("g", "Help.", [([("a", "x\"} 1\ng 2 \\")], 0.5)])
        #expect(out.text.hasSuffix("g{a=\"x\\\"} 1\\ng 2 \\\\\"} 0.5\n"))
        #expect(out.text.split(separator: "\n").count == 3)
    }

    @Test func aFamilyIsBounded() {
        var out = Exposition()
        out.counter("c_total", "Help.", (0..<Exposition.samplesBound + 5).map { ([("n", "\($0)")], UInt64($0)) })
        #expect(out.text.split(separator: "\n").count == Exposition.samplesBound + 2)
    }

    @Test func theProcessKnowsItself() throws {
        let figures = ProcessFigures()
        #expect(figures.residentBytes > 1 << 20 && figures.openDescriptors > 2 && figures.descriptorLimit > 2)
        let disk = try #require(DiskSpace(at: "/"))
        #expect(disk.size >= disk.free && disk.size > 0)
        #expect(DiskSpace(at: "/nothing/of/the/kind") == nil)
    }
}

@Suite struct QuantileTests {
    @Test func itIsWithinTheBucketThatHoldsIt() throws {
        var histogram = Histogram(bounds: [1, 2, 4])
        #expect(histogram.quantile(0.5) == nil)
        for _ in 0..<10 { histogram.observe(1.5) }
        #expect(histogram.quantile(0.5) == 1.5)
        #expect(histogram.quantile(1) == 2)
        histogram.observe(99)
        // Beyond the last bound nothing is known but that it is beyond.
        #expect(histogram.quantile(1) == 4)
        #expect(try #require(histogram.quantile(-1)) >= 0)
    }
}
