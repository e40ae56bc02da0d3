public import Diagnostics

/// What can be wrong with the data of a drawing, or with writing a report.
public enum ChartError: Diagnostic {
  /// There is nothing to draw.
  case noData(chart: String)
  /// The rows of a map have different lengths.
  case ragged(chart: String, row: Int, expected: Int, got: Int)
  /// A highlighted cell is not on the map.
  case cellOutside(chart: String, row: Int, column: Int, rows: Int, columns: Int)
  /// A report could not be written.
  case unwritable(path: String, reason: String)

  public var problem: String {
    switch self {
    case .noData: "there is nothing to draw"
    case .ragged(_, let row, let expected, let got): "row \(row) has \(got) values, expected \(expected) as in row 0"
    case .cellOutside(_, let row, let column, let rows, let columns):
      "the highlighted cell (\(row), \(column)) is not on a map of \(rows) rows and \(columns) columns"
    case .unwritable(_, let reason): "cannot write: \(reason)"
    }
  }

  public var location: String {
    switch self {
    case .noData(let chart), .ragged(let chart, _, _, _), .cellOutside(let chart, _, _, _, _): "chart '\(chart)'"
    case .unwritable(let path, _): path
    }
  }

  public var remedy: String? {
    switch self {
    case .noData, .ragged: nil
    case .cellOutside: "rows and columns are counted from 0"
    case .unwritable: "check that the folder exists, that you may write there, and that the disk has room"
    }
  }
}
