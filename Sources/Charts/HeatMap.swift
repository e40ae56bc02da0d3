/// A map of one number for each head of each layer: layers from left to right, heads from top to bottom.
public struct HeatMap: Chart, Equatable {
  /// A cell of the map: `row` counts layers, `column` heads.
  public struct Cell: Sendable, Hashable {
    /// The layer, counted from 0.
    public let row: Int
    /// The head, counted from 0.
    public let column: Int

    /// The cell of a layer and a head.
    public init(row: Int, column: Int) {
      self.row = row
      self.column = column
    }
  }

  /// The heading of the drawing.
  public let title: String
  /// What is shown, beside the scale, such as "norm of the scales".
  public let measure: String
  /// What a row of `values` is, written below the map.
  public let rowLabel: String
  /// What a column of `values` is, written beside the map.
  public let columnLabel: String
  /// `values[row][column]`; one that is not finite is drawn as an empty cell.
  public let values: [[Double]]
  /// The cells that are outlined.
  public let highlighted: Set<Cell>
  /// What the outlined cells are, in the legend.
  public let highlightLabel: String
  /// The lowest and the highest finite value; nil where there is none.
  private let range: ClosedRange<Double>?

  /// A map of rows of one length, with some cells outlined.
  ///
  /// - Throws: `ChartError.noData`, `.ragged`, `.cellOutside`.
  public init(
    title: String, measure: String, values: [[Double]], highlighted: Set<Cell> = [], rowLabel: String = "layer",
    columnLabel: String = "head", highlightLabel: String = "selected"
  ) throws(ChartError) {
    guard let first = values.first, !first.isEmpty else { throw .noData(chart: title) }
    for (i, row) in values.enumerated() where row.count != first.count {
      throw .ragged(chart: title, row: i, expected: first.count, got: row.count)
    }
    let outside = highlighted.filter { !values.indices.contains($0.row) || !first.indices.contains($0.column) }
    if let cell = outside.min(by: { ($0.row, $0.column) < ($1.row, $1.column) }) {
      throw .cellOutside(
        chart: title, row: cell.row, column: cell.column, rows: values.count, columns: first.count)
    }
    self.title = title
    self.measure = measure
    self.values = values
    self.highlighted = highlighted
    self.rowLabel = rowLabel
    self.columnLabel = columnLabel
    self.highlightLabel = highlightLabel
    let finite = values.joined().filter(\.isFinite)
    range = finite.min().flatMap { low in finite.max().map { low...$0 } }
  }

  private var rows: Int { values.count }
  private var columns: Int { values[0].count }

  /// The side of a cell: 30 layers fill a page's width, few cells stay squares of a readable size.
  private var side: Double { max(12, min(26, (680 / Double(max(rows, columns))).rounded(.down))) }

  public var svg: String {
    let (left, top, bottom) = (52.0, 78.0, 46.0)
    let mapWidth = side * Double(rows)
    let mapHeight = side * Double(columns)
    let titleWidth = ChartStyle.width(of: title) * 1.35 + left
    let width = max(left + mapWidth + 16, titleWidth, left + legendWidth + 16)
    var svg = SVG(
      width: width, height: top + mapHeight + bottom, title: title, style: SequentialScale.rules)
    svg.text(title, x: left, y: 24, style: "chart-title")
    drawLegend(&svg, x: left, y: 40)
    for (row, line) in values.enumerated() {
      for (column, value) in line.enumerated() {
        drawCell(&svg, Cell(row: row, column: column), value, left: left, top: top)
      }
    }
    // Outlines last, so that no neighbour covers one.
    for cell in highlighted.sorted(by: { ($0.row, $0.column) < ($1.row, $1.column) }) {
      svg.rectangle(
        x: left + side * Double(cell.row) + 1, y: top + side * Double(cell.column) + 1, width: side - 2,
        height: side - 2, radius: 2, style: "chart-pick")
    }
    drawLabels(&svg, left: left, top: top, mapWidth: mapWidth, mapHeight: mapHeight)
    return svg.text
  }

  private func drawCell(_ svg: inout SVG, _ cell: Cell, _ value: Double, left: Double, top: Double) {
    let share = scaled(value)
    let pick = highlighted.contains(cell) ? ", \(highlightLabel)" : ""
    svg.rectangle(
      x: left + side * Double(cell.row) + 0.5, y: top + side * Double(cell.column) + 0.5, width: side - 1,
      height: side - 1, radius: 2, style: share.map(SequentialScale.style) ?? "chart-none",
      tip: "\(rowLabel) \(cell.row), \(columnLabel) \(cell.column): \(NumberForm.short.text(value))\(pick)")
  }

  /// Where a value lies between the lowest and the highest; nil for one that is not finite.
  private func scaled(_ value: Double) -> Double? {
    guard value.isFinite, let range else { return nil }
    // Halved, so that not even the difference of the two largest doubles overflows.
    let span = range.upperBound / 2 - range.lowerBound / 2
    return span > 0 ? (value / 2 - range.lowerBound / 2) / span : 0.5
  }

  // MARK: Legend and labels

  private static let barWidth = 160.0
  private var legendTexts: [String] {
    [range?.lowerBound, range?.upperBound].map { NumberForm.short.text($0 ?? .nan) }
  }
  private var legendWidth: Double {
    let texts = [measure] + legendTexts + (highlighted.isEmpty ? [] : [highlightLabel])
    return Self.barWidth + texts.reduce(0) { $0 + ChartStyle.width(of: $1) } + 90
  }

  /// The measure, its lowest value, the scale, its highest value, and what an outline means.
  private func drawLegend(_ svg: inout SVG, x: Double, y: Double) {
    var x = x
    func put(_ text: String, after: Double, style: String = "chart-label") {
      svg.text(text, x: x, y: y + 11, style: style)
      x += ChartStyle.width(of: text) + after
    }
    put(measure, after: 16)
    put(legendTexts[0], after: 6)
    let step = Self.barWidth / Double(SequentialScale.steps)
    for i in 0..<SequentialScale.steps {
      // Half a point more, so that no gap shows between the steps.
      svg.rectangle(x: x + step * Double(i), y: y + 1, width: step + 0.5, height: 12, style: "chart-heat-\(i)")
    }
    x += Self.barWidth + 6
    put(legendTexts[1], after: 24)
    guard !highlighted.isEmpty else { return }
    svg.rectangle(x: x, y: y + 1, width: 12, height: 12, radius: 2, style: "chart-pick")
    x += 18
    put(highlightLabel, after: 0)
  }

  private func drawLabels(_ svg: inout SVG, left: Double, top: Double, mapWidth: Double, mapHeight: Double) {
    for row in stride(from: 0, to: rows, by: stepOfLabels(rows)) {
      svg.text(
        "\(row)", x: left + side * (Double(row) + 0.5), y: top + mapHeight + 16, anchor: .middle, style: "chart-label")
    }
    for column in stride(from: 0, to: columns, by: stepOfLabels(columns)) {
      svg.text(
        "\(column)", x: left - 7, y: top + side * (Double(column) + 0.5) + 4, anchor: .end, style: "chart-label")
    }
    svg.text(rowLabel, x: left + mapWidth / 2, y: top + mapHeight + 36, anchor: .middle, style: "chart-label")
    svg.text(
      columnLabel, x: 18, y: top + mapHeight / 2, anchor: .middle, style: "chart-label", rotated: true)
  }

  /// Every cell is numbered where the numbers have room, else every second, fourth and so on.
  private func stepOfLabels(_ count: Int) -> Int {
    let room = ChartStyle.width(of: "\(count - 1)") + 6
    var step = 1
    while side * Double(step) < room { step *= 2 }
    return step
  }
}
