/// One bar for each of a few things, with its value at its end: accuracies by method.
public struct BarChart: Chart, Equatable {
  /// One thing and its value.
  public struct Bar: Sendable, Equatable {
    /// What the bar stands for.
    public let label: String
    /// One that is not finite is drawn as a dash.
    public let value: Double
    /// Drawn in grey: what the others are compared with.
    public let isBaseline: Bool

    /// A bar; one of a baseline is grey.
    public init(_ label: String, _ value: Double, isBaseline: Bool = false) {
      self.label = label
      self.value = value
      self.isBaseline = isBaseline
    }
  }

  /// The heading of the drawing.
  public let title: String
  /// The bars from top to bottom.
  public let bars: [Bar]
  /// How the values are written.
  public let form: NumberForm

  /// A chart of these bars; a value that is not finite has a label and no bar.
  ///
  /// - Throws: `ChartError.noData` without bars.
  public init(title: String, bars: [Bar], form: NumberForm = .percent(1)) throws(ChartError) {
    guard !bars.isEmpty else { throw .noData(chart: title) }
    self.title = title
    self.bars = bars
    self.form = form
  }

  private static let width = 720.0
  private static let pitch = 34.0
  private static let thickness = 20.0

  public var svg: String {
    let finite = bars.map(\.value).filter(\.isFinite)
    let (low, high) = (min(0, finite.min() ?? 0), max(0, finite.max() ?? 0))
    let ticks = AxisTicks(spanning: low, high > low ? high : low + 1)
    let labelWidth = min(260, bars.map { ChartStyle.width(of: $0.label) }.max() ?? 0)
    let left = 16 + labelWidth + 10
    let right = Self.width - 24 - (bars.map { ChartStyle.width(of: form.text($0.value)) }.max() ?? 0) - 8
    let top = 48.0
    let bottom = top + Self.pitch * Double(bars.count)
    func x(_ value: Double) -> Double { left + (value - ticks.low) / (ticks.high - ticks.low) * (right - left) }

    var svg = SVG(width: Self.width, height: bottom + 34, title: title)
    svg.text(title, x: 16, y: 24, style: "chart-title")
    for value in ticks.values {
      svg.line((x(value), top), (x(value), bottom), style: "chart-grid")
      svg.text(tickText(value, ticks), x: x(value), y: bottom + 18, anchor: .middle, style: "chart-label")
    }
    for (i, bar) in bars.enumerated() {
      let middle = top + Self.pitch * (Double(i) + 0.5)
      let value = form.text(bar.value)
      svg.text(bar.label, x: left - 10, y: middle + 4, anchor: .end, style: "chart-label")
      if bar.value.isFinite, bar.value != 0 {
        let fill = bar.isBaseline ? "chart-quiet" : "chart-fill-0"
        svg.path(Self.outline(x(0), x(bar.value), middle), style: fill, tip: "\(bar.label): \(value)")
      }
      let end = bar.value.isFinite ? max(x(0), x(bar.value)) : x(0)
      svg.text(value, x: end + 8, y: middle + 4, style: "chart-value")
    }
    svg.line((x(0), top - 4), (x(0), bottom), style: "chart-axis")
    return svg.text
  }

  private func tickText(_ value: Double, _ ticks: AxisTicks) -> String {
    guard case .percent = form else {
      return ticks.labels[ticks.values.firstIndex(of: value) ?? 0]
    }
    return NumberForm.percent(ticks.step * 100 == (ticks.step * 100).rounded() ? 0 : 1).text(value)
  }

  /// A bar from the axis to its value, square at the axis and round at its end.
  private static func outline(_ zero: Double, _ end: Double, _ middle: Double) -> String {
    let radius = min(4, abs(end - zero))
    let towards = end >= zero ? 1.0 : -1.0
    let (upper, lower) = (middle - thickness / 2, middle + thickness / 2)
    let straight = end - towards * radius
    func p(_ value: Double) -> String { NumberForm.decimals(2).text(value) }
    return "M\(p(zero)) \(p(upper))H\(p(straight))Q\(p(end)) \(p(upper)) \(p(end)) \(p(upper + radius))"
      + "V\(p(lower - radius))Q\(p(end)) \(p(lower)) \(p(straight)) \(p(lower))H\(p(zero))Z"
  }
}
