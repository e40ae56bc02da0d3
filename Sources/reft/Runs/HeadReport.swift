import Charts
import Fitting
import Foundation
import Interventions
import JSON
import LanguageModels

/// A head ranking as people look at it: a table, and a map of layers and heads.
struct HeadReport {
  let ranking: HeadRanking
  let shape: ModelShape
  /// How many heads are chosen.
  let top: Int

  /// What the scores are.
  var measure = "‖A‖"
  /// What the map is called.
  var title = "Heads by the norm of their learned scale"

  /// - Parameter top: a number or a share; `nil` for a tenth of all heads, as the LoFiT paper's PEFT comparison has it.
  /// - Throws: ``FittingError/setting(key:expected:got:)`` when there are not so many heads.
  static func top(_ top: String?, of shape: ModelShape) throws -> Int {
    let all = shape.layers * shape.heads
    return try (top.map { try HeadCount($0, key: "--top") } ?? .number(max(1, all / 10))).number(of: all, key: "--top")
  }

  var table: String {
    var table = TextTable([
      .init("rank", .right), .init("layer", .right), .init("head", .right), .init("score", .right),
    ])
    for (i, entry) in ranking.heads.prefix(top).enumerated() {
      table.add(["\(i + 1)", "\(entry.layer)", "\(entry.head)", String(format: "%.4f", entry.score)])
    }
    return table.render(.plain)
  }

  var map: HeatMap {
    get throws {
      var values = [[Double]](repeating: [Double](repeating: .nan, count: shape.heads), count: shape.layers)
      for entry in ranking.heads { values[entry.layer][entry.head] = entry.score }
      return try HeatMap(
        title: title, measure: measure, values: values,
        highlighted: Set(ranking.heads.prefix(top).map { HeatMap.Cell(row: $0.layer, column: $0.head) }),
        highlightLabel: "top \(top)")
    }
  }

  /// The files that go beside the adapter of stage 1.
  func files() throws -> [(name: String, text: String)] {
    [("heads.json", ranking.json.prettyText), ("heads.svg", try map.svg)]
  }
}
