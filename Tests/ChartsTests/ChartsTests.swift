import Foundation
import Testing

@testable import Charts

@Suite struct ChartsTests {
  /// How often a piece of text stands in the drawing.
  private func count(_ piece: String, in svg: String) -> Int { svg.components(separatedBy: piece).count - 1 }

  private func map(_ rows: Int, _ columns: Int, highlighted: Set<HeatMap.Cell> = []) throws -> HeatMap {
    let values = (0..<rows).map { i in (0..<columns).map { j in Double(i * columns + j) } }
    return try HeatMap(title: "heads", measure: "norm", values: values, highlighted: highlighted)
  }

  @Test(arguments: [(1, 1), (30, 9), (32, 32), (48, 64)])
  func `a map has one cell a head, an outline a selected head, and is well-formed`(rows: Int, columns: Int) throws {
    let svg = try map(rows, columns, highlighted: [.init(row: rows - 1, column: 0)]).svg
    #expect(count("<title>layer ", in: svg) == rows * columns)
    #expect(count("class=\"chart-pick\"", in: svg) == 2)  // the cell and the legend
    #expect(svg.contains("<title>layer \(rows - 1), head 0: "))
    #expect(svg.contains(", selected</title>"))
    #expect(isWellFormed(svg))
  }

  @Test func `the lowest value is faintest and the highest strongest`() throws {
    let svg = try map(3, 4).svg
    let cells = svg.split(separator: "\n").filter { $0.contains("<title>layer") }
    #expect(cells.first?.contains("chart-heat-0\"") == true)
    #expect(cells.last?.contains("chart-heat-31\"") == true)
    #expect(cells.last?.contains("layer 2, head 3: 11<") == true)
  }

  @Test func `a map of equal or missing values is drawn`() throws {
    let svg = try HeatMap(title: "t", measure: "m", values: [[1, 1], [.nan, .infinity]]).svg
    #expect(count("chart-none\"", in: svg) == 2)
    #expect(svg.contains("layer 1, head 0: –"))
    #expect(isWellFormed(svg))
    #expect(try isWellFormed(HeatMap(title: "t", measure: "m", values: [[.nan]]).svg))
  }

  @Test func `a map of no or ragged values, or with a cell outside, is an error`() {
    #expect(throws: ChartError.noData(chart: "t")) { try HeatMap(title: "t", measure: "m", values: []) }
    #expect(throws: ChartError.noData(chart: "t")) { try HeatMap(title: "t", measure: "m", values: [[]]) }
    #expect(throws: ChartError.ragged(chart: "t", row: 1, expected: 2, got: 1)) {
      try HeatMap(title: "t", measure: "m", values: [[1, 2], [3]])
    }
    #expect(throws: ChartError.cellOutside(chart: "t", row: 0, column: 2, rows: 1, columns: 2)) {
      try HeatMap(title: "t", measure: "m", values: [[1, 2]], highlighted: [.init(row: 0, column: 2)])
    }
  }

  @Test func `the scale runs evenly from light to dark on light ground`() {
    let greens = (0...31).map { i -> Int in
      let hex = SequentialScale.colour(["#f0f6fe", "#3987e5", "#0a2f5f"], Double(i) / 31)
      return Int(hex.dropFirst(3).prefix(2), radix: 16) ?? -1
    }
    #expect(greens.first == 0xF6 && greens.last == 0x2F)
    #expect(zip(greens, greens.dropFirst()).allSatisfy { $0 > $1 })
    #expect(SequentialScale.colour(["#2a78d6", "#0a2f5f"], 0) == "#2a78d6")
  }

  @Test func `a line chart draws each series, with gaps where a value is missing`() throws {
    let chart = try LineChart(
      title: "loss", xLabel: "epoch", yLabel: "loss",
      series: [.init("train", [2.73, 1.27, .nan, 0.69, 0.48]), .init("validation", [2.5, 1.4, 1.2, 1.1, 1.15])])
    let svg = chart.svg
    #expect(count("<polyline", in: svg) == 3)
    #expect(count("<circle", in: svg) == 9)
    #expect(svg.contains("train, epoch 1: 2.73"))
    #expect(svg.contains(">validation</text>"))
    #expect(isWellFormed(svg))
  }

  @Test func `one point, many points and many series are drawn`() throws {
    let one = try LineChart(title: "t", xLabel: "x", yLabel: "y", series: [.init("a", [3])]).svg
    #expect(isWellFormed(one) && count("<circle", in: one) == 1)
    let many = try LineChart(
      title: "t", xLabel: "x", yLabel: "y",
      series: (0..<10).map { k in .init("s\(k)", (0..<500).map { Double($0 * k) }) }
    ).svg
    #expect(isWellFormed(many))
    #expect(count("<circle", in: many) == 0)
    #expect(count("chart-dash\"", in: many) == 4)  // two lines and their legend
    #expect(throws: ChartError.noData(chart: "t")) {
      try LineChart(title: "t", xLabel: "x", yLabel: "y", series: [.init("a", [.nan])])
    }
  }

  @Test func `a longer bar for a larger value, and every value in figures`() throws {
    let svg = try BarChart(
      title: "accuracy",
      bars: [.init("base", 0, isBaseline: true), .init("LoReFT", 0.567), .init("LoFiT", 0.36), .init("?", .nan)]
    ).svg
    for text in [">0.0%<", ">56.7%<", ">36.0%<", ">–<", ">LoReFT<", "<title>LoReFT: 56.7%</title>"] {
      #expect(svg.contains(text), "\(text)")
    }
    // The end of a bar is the first number after H, less its rounding.
    let ends = svg.split(separator: "\n").filter { $0.hasPrefix("<path") }
      .compactMap { $0.split(separator: "H").dropFirst().first?.prefix { $0 != "Q" } }.compactMap { Double($0) }
    #expect(ends.count == 2 && ends[0] > ends[1])
    #expect(isWellFormed(svg))
    #expect(try isWellFormed(BarChart(title: "t", bars: [.init("a", -2), .init("b", 3)], form: .decimals(2)).svg))
    #expect(throws: ChartError.noData(chart: "t")) { try BarChart(title: "t", bars: []) }
  }

  @Test func `text from outside cannot become markup`() throws {
    let evil = "</text><script>alert('1')</script>\u{0}\"&"
    let charts: [any Chart] = [
      try HeatMap(
        title: evil, measure: evil, values: [[1, 2]], highlighted: [.init(row: 0, column: 0)], rowLabel: evil,
        columnLabel: evil, highlightLabel: evil),
      try LineChart(title: evil, xLabel: evil, yLabel: evil, series: [.init(evil, [1, 2]), .init(evil, [2, 1])]),
      try BarChart(title: evil, bars: [.init(evil, 0.5)]),
    ]
    for chart in charts {
      #expect(!chart.svg.contains("<script"))
      #expect(isWellFormed(chart.svg))
    }
    let page = ReportPage(
      title: evil, subtitle: evil,
      blocks: [
        .heading(evil), .paragraph(evil), .verbatim(evil), .keyValues([(evil, evil)]),
        .table(TextTable([.init(evil)], rows: [[evil]]), caption: evil), .figure(charts[0], caption: evil),
      ])
    #expect(!page.html.contains("<script"))
    #expect(count("&lt;script&gt;", in: page.html) >= 9)
  }

  @Test func `a page stands alone and holds its parts in order`() throws {
    var page = ReportPage(title: "Report", subtitle: "of a run")
    page.add(.heading("Results"))
    page.add(.table(TextTable([.init("method"), .init("accuracy", .right)], rows: [["LoReFT", "56.7%"]])))
    page.add(.figure(try BarChart(title: "accuracy", bars: [.init("LoReFT", 0.567)]), caption: "by method"))
    page.add(.keyValues([("seed", "42"), ("rank", "8")]))
    let html = page.html
    for pair in zip(["<h1>", "<h2>", "<table>", "<svg ", "<dl>"], ["<h2>", "<table>", "<svg ", "<dl>", "</main>"]) {
      let first = try #require(html.range(of: pair.0))
      let second = try #require(html.range(of: pair.1))
      #expect(first.lowerBound < second.lowerBound)
    }
    #expect(html.contains("<th scope=\"col\" class=\"number\">accuracy</th>"))
    #expect(html.contains("<dt>seed</dt><dd>42</dd>"))
    for outside in ["<link", "<script", "@import", "url(", "src="] { #expect(!html.contains(outside), "\(outside)") }
    #expect(html.contains("prefers-color-scheme:dark"))
    #expect(html.replacing("http://www.w3.org/2000/svg", with: "").contains("http") == false)
  }

  @Test func `a page is written whole, and a folder that is not there is an error`() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).html").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let page = ReportPage(title: "Report")
    try page.write(to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == page.html)
    #expect(throws: ChartError.self) { try page.write(to: path + "/below/report.html") }
  }

  /// Whether tags and quotes are balanced: a small reader of the XML that the charts write.
  private func isWellFormed(_ xml: String) -> Bool {
    var open: [Substring] = []
    var rest = xml[...]
    while let start = rest.firstIndex(of: "<") {
      if rest[..<start].contains(">") { return false }
      rest = rest[rest.index(after: start)...]
      guard let end = rest.firstIndex(of: ">") else { return false }
      let tag = rest[..<end]
      rest = rest[rest.index(after: end)...]
      if tag.filter({ $0 == "\"" }).count % 2 != 0 || tag.contains("<") { return false }
      let name = tag.drop { $0 == "/" }.prefix { $0 != " " && $0 != "/" }
      if tag.hasPrefix("/") {
        guard open.popLast() == name else { return false }
      } else if !tag.hasSuffix("/") {
        open.append(name)
      }
    }
    return open.isEmpty
  }
}
