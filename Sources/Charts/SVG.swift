import Foundation

/// A drawing that can stand alone in a file or inside a page.
public protocol Chart: Sendable {
  /// The drawing as one `<svg>` element, legible on light and dark ground by the reader's preference.
  var svg: String { get }
}

/// Writes the elements of an SVG drawing; colours come from the classes of `ChartStyle`.
struct SVG {
  enum Anchor: String { case start, middle, end }

  let width: Double
  let height: Double
  private let title: String
  private let style: String
  private var body = ""

  /// - Parameters:
  ///   - title: the drawing's name for readers who cannot see it.
  ///   - style: rules beside those of every chart.
  init(width: Double, height: Double, title: String, style: String = "") {
    self.width = width
    self.height = height
    self.title = title
    self.style = style
  }

  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, radius: Double = 0, style: String, tip: String? = nil
  ) {
    let corner = radius > 0 ? " rx=\"\(n(radius))\"" : ""
    element(
      "rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(max(0, width)))\" height=\"\(n(max(0, height)))\"\(corner)", style,
      tip)
  }

  mutating func line(_ a: (x: Double, y: Double), _ b: (x: Double, y: Double), style: String) {
    element("line x1=\"\(n(a.x))\" y1=\"\(n(a.y))\" x2=\"\(n(b.x))\" y2=\"\(n(b.y))\"", style, nil)
  }

  mutating func circle(x: Double, y: Double, radius: Double, style: String, tip: String? = nil) {
    element("circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\"", style, tip)
  }

  mutating func polyline(_ points: [(x: Double, y: Double)], style: String) {
    element("polyline points=\"\(points.map { "\(n($0.x)),\(n($0.y))" }.joined(separator: " "))\"", style, nil)
  }

  /// - Parameter path: SVG path data.
  mutating func path(_ path: String, style: String, tip: String? = nil) { element("path d=\"\(path)\"", style, tip) }

  mutating func text(
    _ text: String, x: Double, y: Double, anchor: Anchor = .start, style: String, rotated: Bool = false
  ) {
    let turn = rotated ? " transform=\"rotate(-90 \(n(x)) \(n(y)))\"" : ""
    body += "<text x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor.rawValue)\" class=\"\(style)\"\(turn)>"
    body += Markup.escaped(text) + "</text>\n"
  }

  private mutating func element(_ head: String, _ style: String, _ tip: String?) {
    let name = head.prefix { $0 != " " }
    body += "<\(head) class=\"\(style)\""
    body += tip.map { "><title>\(Markup.escaped($0))</title></\(name)>\n" } ?? "/>\n"
  }

  var text: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 \(n(width)) \(n(height))" width="\(n(width))" \
    height="\(n(height))" role="img" aria-label="\(Markup.escaped(title))">
    <style>\(ChartStyle.rules)\(style)</style>
    <rect width="100%" height="100%" class="chart-ground"/>
    \(body)</svg>

    """
  }

  /// A coordinate with at most two decimals and no trailing zeros.
  func n(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
  }
}
