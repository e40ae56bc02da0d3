/// A table of text: aligned columns for a terminal, or Markdown as GitHub renders it.
public struct TextTable: Sendable, Equatable {
  /// To which side the cells of a column are pushed; numbers stand right.
  public enum Alignment: Sendable { case left, right }

  /// A column's title and side.
  public struct Column: Sendable, Equatable {
    /// The text above the column.
    public let title: String
    /// The side of the title and of every cell.
    public let alignment: Alignment

    /// A column, left-aligned unless told.
    public init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  /// For what the table is written.
  public enum Form: Sendable { case plain, markdown }

  /// The columns from left to right.
  public let columns: [Column]
  /// The rows from top to bottom, each with one text for each column.
  public private(set) var rows: [[String]] = []

  /// A table, empty unless rows are given.
  ///
  /// - Parameter rows: one text for each column.
  public init(_ columns: [Column], rows: [[String]] = []) {
    self.columns = columns
    for row in rows { add(row) }
  }

  /// Adds a row at the end; cells that are missing are empty.
  /// - Precondition: there are no more cells than columns.
  public mutating func add(_ row: [String]) {
    precondition(row.count <= columns.count, "a row of \(row.count) cells in a table of \(columns.count) columns")
    rows.append(row + Array(repeating: "", count: columns.count - row.count))
  }

  /// The table as lines of text, each ended by a newline.
  public func render(_ form: Form) -> String {
    func clean(_ text: String) -> String { form == .plain ? Self.plain(text) : Self.markdown(text) }
    let titles = columns.map { clean($0.title) }
    let cells = rows.map { $0.map(clean) }
    let widths = columns.indices.map { i in ([titles] + cells).map { $0[i].displayWidth }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = columns.indices.map { i in
        let space = String(repeating: " ", count: widths[i] - cells[i].displayWidth)
        return columns[i].alignment == .left ? cells[i] + space : space + cells[i]
      }
      guard form == .plain else { return "| " + padded.joined(separator: " | ") + " |\n" }
      return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed()) + "\n"
    }
    return line(titles) + rule(widths, form) + cells.map(line).joined()
  }

  private func rule(_ widths: [Int], _ form: Form) -> String {
    switch form {
    case .plain: return widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ") + "\n"
    case .markdown:
      let rules = columns.indices.map { i in
        let dashes = String(repeating: "-", count: widths[i] + 1)
        return columns[i].alignment == .left ? dashes + "-" : dashes + ":"
      }
      return "|" + rules.joined(separator: "|") + "|\n"
    }
  }

  /// One line without control characters: a name from a file must not move a terminal's cursor.
  private static func plain(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.compactMap { scalar in
          if scalar == "\n" || scalar == "\t" { return " " }
          return scalar.properties.generalCategory == .control ? nil : scalar
        }))
  }

  /// What Markdown and the HTML in it would take for more than text is written so that it shows as itself.
  private static func markdown(_ text: String) -> String {
    var out = ""
    for character in plain(text) {
      switch character {
      case "|", "\\", "`", "*", "_", "[", "]", "~": out += "\\" + String(character)
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      default: out.append(character)
      }
    }
    return out
  }
}
