/// A table of comma-separated values with a header, as RFC 4180 has it: quoted fields hold commas, line breaks and doubled
/// quotes.
enum CSVFile {
  /// One line of the table by the names of its columns.
  struct Record: Sendable {
    let fields: [String: String]
    /// `table.csv, line 7`; the line on which the record begins.
    let source: String
  }

  /// Every record of a file.
  static func records(at path: String) throws(TaskError) -> [Record] {
    var lines = try lines(of: String(decoding: DatasetFile.text(at: path), as: UTF8.self), path)
    guard !lines.isEmpty else { throw .emptyDataset(path: path) }
    let header = lines.removeFirst().fields
    var records: [Record] = []
    for (fields, line) in lines {
      let source = "\(path), line \(line)"
      guard fields.count == header.count else {
        throw .malformedField(
          field: "(record)", expected: "\(header.count) fields, as the header has", got: "\(fields.count)",
          source: source)
      }
      records.append(Record(fields: Dictionary(zip(header, fields)) { first, _ in first }, source: source))
    }
    guard !records.isEmpty else { throw .emptyDataset(path: path) }
    return records
  }

  private static func lines(of text: String, _ path: String) throws(TaskError) -> [(fields: [String], line: Int)] {
    var lines: [(fields: [String], line: Int)] = []
    var fields: [String] = []
    var field = String.UnicodeScalarView()
    var (line, start) = (1, 1)
    var isQuoted = false
    var wasQuoted = false
    let scalars = Array(text.unicodeScalars)
    func endField() {
      fields.append(String(field))
      field = String.UnicodeScalarView()
      wasQuoted = false
    }
    func endLine() {
      let isBlank = fields.isEmpty && field.isEmpty && !wasQuoted
      endField()
      if !isBlank { lines.append((fields, start)) }
      fields = []
    }
    var i = 0
    while i < scalars.count {
      let scalar = scalars[i]
      if scalar == "\n" { line += 1 }
      switch (scalar, isQuoted) {
      case ("\"", true) where i + 1 < scalars.count && scalars[i + 1] == "\"":
        field.append(scalar)
        i += 1
      case ("\"", true): isQuoted = false
      case ("\"", false) where field.isEmpty && !wasQuoted: (isQuoted, wasQuoted) = (true, true)
      case (",", false): endField()
      case ("\n", false):
        endLine()
        start = line
      case ("\r", false) where i + 1 < scalars.count && scalars[i + 1] == "\n": break
      default: field.append(scalar)
      }
      i += 1
    }
    guard !isQuoted else {
      throw .malformedField(
        field: "(record)", expected: "a closing quote for each opening one", got: "the end of the file",
        source: "\(path), line \(start)")
    }
    if !fields.isEmpty || !field.isEmpty || wasQuoted { endLine() }
    return lines
  }
}
