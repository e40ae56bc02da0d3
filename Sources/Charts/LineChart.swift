/// Lines over a common axis, such as losses over steps.
public struct LineChart: Chart, Equatable {
  /// A value at a place.
  public struct Point: Sendable, Equatable {
    /// The place, such as a step.
    public let x: Double
    /// The value, such as a loss.
    public let y: Double

    /// The value `y` at the place `x`.
    public init(x: Double, y: Double) {
      self.x = x
      self.y = y
    }
  }

  /// One line and its name in the legend.
  public struct Series: Sendable, Equatable {
    /// The name in the legend.
    public let name: String
    /// In the order of drawing; a point that is not finite leaves a gap.
    public let points: [Point]

    /// A line through points.
    public init(_ name: String, _ points: [Point]) {
      self.name = name
      self.points = points
    }

    /// Values at 1, 2, 3 and so on.
    public init(_ name: String, _ values: [Double]) {
      self.init(name, values.enumerated().map { Point(x: Double($0 + 1), y: $1) })
    }
  }

  /// The heading of the drawing.
  public let title: String
  /// What the places are.
  public let xLabel: String
  /// What the values are.
  public let yLabel: String
  /// The lines, in the order of their hues.
  public let series: [Series]

  /// A chart of these lines on common axes.
  ///
  /// - Throws: `ChartError.noData` where no point is finite.
  public init(title: String, xLabel: String, yLabel: String, series: [Series]) throws(ChartError) {
    guard series.contains(where: { $0.points.contains(where: \.isFinite) }) else { throw .noData(chart: title) }
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
  }

  private static let size = (width: 720.0, height: 360.0)

  public var svg: String {
    let points = series.flatMap { $0.points.filter(\.isFinite) }
    let xs = points.map(\.x)
    let ys = points.map(\.y)
    let yTicks = AxisTicks(spanning: min(0, ys.min() ?? 0), ys.max() ?? 1)
    let xTicks = AxisTicks(
      spanning: xs.min() ?? 0, xs.max() ?? 1, about: 8, whole: xs.allSatisfy { $0 == $0.rounded() })
    let frame = Frame(
      left: 30 + (yTicks.labels.map(ChartStyle.width).max() ?? 0) + 10, right: Self.size.width - 24,
      top: series.count > 1 ? 70 : 46, bottom: Self.size.height - 50, x: (xs.min() ?? 0, xs.max() ?? 1),
      y: (yTicks.low, yTicks.high))
    var svg = SVG(width: Self.size.width, height: Self.size.height, title: title)
    svg.text(title, x: frame.left, y: 24, style: "chart-title")
    drawAxes(&svg, frame, xTicks, yTicks)
    for (i, one) in series.enumerated() { draw(&svg, frame, one, i) }
    if series.count > 1 { drawLegend(&svg, x: frame.left, y: 46) }
    return svg.text
  }

  private func drawAxes(_ svg: inout SVG, _ frame: Frame, _ xTicks: AxisTicks, _ yTicks: AxisTicks) {
    for (value, label) in zip(yTicks.values, yTicks.labels) {
      let y = frame.y(value)
      svg.line((frame.left, y), (frame.right, y), style: value == yTicks.low ? "chart-axis" : "chart-grid")
      svg.text(label, x: frame.left - 8, y: y + 4, anchor: .end, style: "chart-label")
    }
    for (value, label) in zip(xTicks.values, xTicks.labels) where frame.holds(x: value) {
      svg.text(label, x: frame.x(value), y: frame.bottom + 18, anchor: .middle, style: "chart-label")
    }
    svg.text(xLabel, x: (frame.left + frame.right) / 2, y: frame.bottom + 38, anchor: .middle, style: "chart-label")
    svg.text(
      yLabel, x: 18, y: (frame.top + frame.bottom) / 2, anchor: .middle, style: "chart-label", rotated: true)
  }

  private func draw(_ svg: inout SVG, _ frame: Frame, _ series: Series, _ index: Int) {
    let style = Self.style(index)
    for run in series.points.split(whereSeparator: { !$0.isFinite }) where run.count > 1 {
      svg.polyline(run.map { (frame.x($0.x), frame.y($0.y)) }, style: "chart-line \(style.stroke)")
    }
    // Few points are marked, many would be a string of beads.
    let finite = series.points.filter(\.isFinite)
    for point in finite where finite.count <= 24 {
      svg.circle(
        x: frame.x(point.x), y: frame.y(point.y), radius: 4, style: "chart-dot \(style.fill)",
        tip: "\(series.name), \(xLabel) \(NumberForm.short.text(point.x)): \(NumberForm.short.text(point.y))")
    }
  }

  private func drawLegend(_ svg: inout SVG, x: Double, y: Double) {
    var x = x
    for (i, one) in series.enumerated() {
      svg.line((x, y), (x + 18, y), style: "chart-line \(Self.style(i).stroke)")
      svg.text(one.name, x: x + 25, y: y + 4, style: "chart-label")
      x += 25 + ChartStyle.width(of: one.name) + 20
    }
  }

  /// The hue of a series; when all are used they come again, dashed.
  private static func style(_ index: Int) -> (stroke: String, fill: String) {
    let hue = index % ChartStyle.series.count
    return ("chart-stroke-\(hue)" + (index >= ChartStyle.series.count ? " chart-dash" : ""), "chart-fill-\(hue)")
  }
}

extension LineChart.Point {
  fileprivate var isFinite: Bool { x.isFinite && y.isFinite }
}

/// Where values lie on the drawing.
private struct Frame {
  let left, right, top, bottom: Double
  let x: (low: Double, high: Double)
  let y: (low: Double, high: Double)

  func x(_ value: Double) -> Double {
    x.high > x.low ? left + (value - x.low) / (x.high - x.low) * (right - left) : (left + right) / 2
  }
  func y(_ value: Double) -> Double { bottom - (value - y.low) / (y.high - y.low) * (bottom - top) }
  func holds(x value: Double) -> Bool { (left - 0.5...right + 0.5).contains(x(value)) }
}
