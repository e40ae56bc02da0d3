import Charts
import JSON

/// Draws lines as an SVG.
///
/// A round gets `title`, `x`, `y` and `series`, each with `name` and `points` (pairs), and answers with the `svg`.
struct ChartWork: Workload {
  let ready: JSONObject = [:]

  mutating func round(_ request: JSONReader) throws -> JSONObject {
    let series = try request.readers("series").map { line in
      LineChart.Series(
        try line.string("name"),
        try line.array("points").compactMap { pair in
          guard let x = pair.array?.first?.double, let y = pair.array?.last?.double else { return nil }
          return LineChart.Point(x: x, y: y)
        })
    }
    let chart = try LineChart(
      title: request.string("title"), xLabel: request.string("x"), yLabel: request.string("y"), series: series)
    return ["svg": .string(chart.svg)]
  }
}
