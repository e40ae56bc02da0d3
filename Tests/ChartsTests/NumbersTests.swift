import Testing

@testable import Charts

@Suite struct NumbersTests {
  @Test func `numbers are written in their form`() {
    #expect(NumberForm.percent(1).text(0.567) == "56.7%")
    #expect(NumberForm.percent(0).text(1) == "100%")
    #expect(NumberForm.decimals(2).text(-0.001) == "0.00")
    #expect(NumberForm.decimals(2).text(-0.01) == "-0.01")
    #expect(NumberForm.short.text(0.000123456) == "0.000123")
    #expect(NumberForm.short.text(-0.0) == "0")
    #expect(NumberForm.short.text(.nan) == "–")
    #expect(NumberForm.percent(1).text(.infinity) == "–")
  }

  @Test func `ticks are round and span the values`() {
    #expect(AxisTicks(spanning: 0, 2.73).values == [0, 1, 2, 3])
    #expect(AxisTicks(spanning: 0, 0.76).labels == ["0.0", "0.2", "0.4", "0.6", "0.8"])
    #expect(AxisTicks(spanning: 0, 1).labels == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(AxisTicks(spanning: 1, 5, about: 8, whole: true).labels == ["1", "2", "3", "4", "5"])
    #expect(AxisTicks(spanning: 1, 5, about: 8).labels.count > 5)
    #expect(AxisTicks(spanning: 3, 3).low < 3 && AxisTicks(spanning: 3, 3).high > 3)
    #expect(AxisTicks(spanning: 0, 0).values.count > 1)
    #expect(AxisTicks(spanning: -5, 1234567).labels.count == AxisTicks(spanning: -5, 1234567).values.count)
  }

  @Test(arguments: [(0.0, 1e-9), (-1e12, 1e12), (0.1, 0.3), (-3, -2.5), (5, 5.0000001), (0, .leastNonzeroMagnitude)])
  func `ticks stay few for any span`(low: Double, high: Double) {
    let ticks = AxisTicks(spanning: low, high)
    #expect((2...12).contains(ticks.values.count), "\(ticks)")
    #expect(ticks.low <= low + abs(low) * 1e-6 && ticks.high >= high - abs(high) * 1e-6, "\(ticks)")
  }
}
