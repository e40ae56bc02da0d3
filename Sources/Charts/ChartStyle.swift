/// The colours and letters of every chart, on light ground and on dark.
enum ChartStyle {
  static let fontSize = 12.0
  /// An estimate of a letter's width, for margins.
  static func width(of text: String) -> Double { Double(text.displayWidth) * fontSize * 0.56 }

  /// Hues of series in a fixed order, told apart also by readers with deuteranopia or protanopia when next to each other.
  static let series: [(light: String, dark: String)] = [
    ("#2a78d6", "#3987e5"), ("#d95926", "#eb6834"), ("#199e70", "#1baf7a"), ("#c98500", "#eda100"),
    ("#4a3aa7", "#9085e9"),
    ("#e34948", "#e66767"), ("#008300", "#00a300"), ("#d55181", "#e87ba4"),
  ]

  static let rules: String = {
    let light = colours(\.light, ground: "#ffffff", ink: "#17181a", muted: "#5d6066", grid: "#e4e5e8", axis: "#a9acb2")
    let dark = colours(\.dark, ground: "#17181a", ink: "#f1f2f4", muted: "#a9acb2", grid: "#2e3034", axis: "#5d6066")
    return """
      .chart text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-size:12px}
      .chart text.chart-title{font-size:15px;font-weight:600}
      .chart text.chart-value{font-weight:600}
      .chart-grid{stroke-width:1;shape-rendering:crispEdges}.chart-axis{stroke-width:1;shape-rendering:crispEdges}
      .chart-line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
      .chart-dash{stroke-dasharray:6 5}.chart-dot{stroke-width:2}
      \(light)@media (prefers-color-scheme:dark){\(dark)}

      """
  }()

  private static func colours(
    _ shade: KeyPath<(light: String, dark: String), String>, ground: String, ink: String, muted: String, grid: String,
    axis: String
  ) -> String {
    let series = series.enumerated().map { i, colours in
      let colour = colours[keyPath: shade]
      return ".chart-fill-\(i){fill:\(colour)}.chart-stroke-\(i){stroke:\(colour)}"
    }
    return
      ".chart-ground{fill:\(ground)}.chart-title,.chart-value{fill:\(ink)}.chart-label{fill:\(muted)}"
      + ".chart-grid{stroke:\(grid)}.chart-axis{stroke:\(axis)}.chart-dot{stroke:\(ground)}.chart-quiet{fill:\(axis)}"
      + series.joined()
  }
}
