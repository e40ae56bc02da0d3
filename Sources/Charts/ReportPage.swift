import Foundation

/// A report as one HTML file that needs nothing else: no script, no font, no picture from outside.
public struct ReportPage: Sendable {
  /// A part of the page.
  public enum Block: Sendable {
    case heading(String)
    case paragraph(String)
    case table(TextTable, caption: String? = nil)
    case figure(any Chart, caption: String? = nil)
    case keyValues([(key: String, value: String)])
    /// Text as it is, such as a recipe or a model's answer.
    case verbatim(String)
  }

  /// The title of the page and of its browser tab.
  public let title: String
  /// A line below the title.
  public let subtitle: String?
  /// The parts from top to bottom.
  public private(set) var blocks: [Block]

  /// A page of these parts.
  public init(title: String, subtitle: String? = nil, blocks: [Block] = []) {
    self.title = title
    self.subtitle = subtitle
    self.blocks = blocks
  }

  /// Adds a part at the end.
  public mutating func add(_ block: Block) { blocks.append(block) }

  /// The page as HTML; all text in it is escaped.
  public var html: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>\(Markup.escaped(title))</title>
    <style>
    \(Self.style)
    </style>
    </head>
    <body>
    <main>
    <header>
    <h1>\(Markup.escaped(title))</h1>
    \(subtitle.map { "<p class=\"subtitle\">\(Markup.escaped($0))</p>\n" } ?? "")</header>
    \(blocks.map(Self.html).joined())</main>
    </body>
    </html>

    """
  }

  /// Writes the page, replacing a file of that name as a whole or not at all.
  public func write(to path: String) throws(ChartError) {
    do {
      try Data(html.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .unwritable(path: path, reason: error.localizedDescription)
    }
  }

  private static func html(_ block: Block) -> String {
    switch block {
    case .heading(let text): return "<h2>\(Markup.escaped(text))</h2>\n"
    case .paragraph(let text): return "<p>\(Markup.escaped(text))</p>\n"
    case .verbatim(let text): return "<pre>\(Markup.escaped(text))</pre>\n"
    case .table(let table, let caption): return html(table, caption)
    case .figure(let chart, let caption):
      let line = caption.map { "<figcaption>\(Markup.escaped($0))</figcaption>\n" } ?? ""
      return "<figure>\n<div class=\"scroll\">\n\(chart.svg)</div>\n\(line)</figure>\n"
    case .keyValues(let pairs):
      let lines = pairs.map { "<dt>\(Markup.escaped($0.key))</dt><dd>\(Markup.escaped($0.value))</dd>\n" }
      return "<dl>\n\(lines.joined())</dl>\n"
    }
  }

  private static func html(_ table: TextTable, _ caption: String?) -> String {
    func row(_ cells: [String], _ tag: String) -> String {
      let cells = zip(table.columns, cells).map { column, cell in
        let side = column.alignment == .right ? " class=\"number\"" : ""
        let scope = tag == "th" ? " scope=\"col\"" : ""
        return "<\(tag)\(scope)\(side)>\(Markup.escaped(cell))</\(tag)>"
      }
      return "<tr>\(cells.joined())</tr>\n"
    }
    let line = caption.map { "<caption>\(Markup.escaped($0))</caption>\n" } ?? ""
    return
      "<div class=\"scroll\">\n<table>\n\(line)<thead>\n\(row(table.columns.map(\.title), "th"))</thead>\n<tbody>\n"
      + table.rows.map { row($0, "td") }.joined() + "</tbody>\n</table>\n</div>\n"
  }

  private static let style = """
    :root{--ground:#ffffff;--ink:#17181a;--muted:#5d6066;--line:#e4e5e8;--panel:#f6f7f8}
    @media (prefers-color-scheme:dark){:root{--ground:#17181a;--ink:#f1f2f4;--muted:#a9acb2;--line:#2e3034;--panel:#202226}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--ground);color:var(--ink);
    font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
    main{max-width:60rem;margin:0 auto;padding:3rem 1.25rem 5rem}
    h1{font-size:2rem;line-height:1.2;letter-spacing:-.015em;margin:0}
    h2{font-size:1.25rem;line-height:1.3;margin:3rem 0 .75rem}
    p{max-width:42rem;margin:.75rem 0}
    .subtitle{color:var(--muted);font-size:1.1rem;margin-top:.4rem}
    .scroll{overflow-x:auto}
    table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}
    caption,figcaption{color:var(--muted);font-size:.875rem;text-align:left}
    caption{caption-side:bottom;padding-top:.5rem}
    th,td{padding:.45rem 1.25rem .45rem 0;text-align:left;border-bottom:1px solid var(--line);white-space:nowrap}
    th{color:var(--muted);font-size:.875rem;font-weight:600}
    .number{text-align:right}
    th:last-child,td:last-child{padding-right:0}
    figure{margin:1.25rem 0}
    svg.chart{display:block;max-width:100%;height:auto}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.5rem;margin:1rem 0}
    dt{color:var(--muted)}
    dd{margin:0;overflow-wrap:anywhere}
    pre{background:var(--panel);border-radius:6px;padding:.9rem 1rem;overflow-x:auto;
    font:.875rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap}
    """
}
