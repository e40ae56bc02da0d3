extension StringProtocol {
  /// Without white space at either end, scalar by scalar as Python's `str.strip()`, which also takes the four separators
  /// U+001C to U+001F for white space.
  func trimmingSpace() -> String {
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.isWhitespace || ("\u{1C}"..."\u{1F}").contains(scalar)
    }
    let body = unicodeScalars.drop(while: isSpace)
    guard let last = body.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(String.UnicodeScalarView(body[...last]))
  }

  /// What stands before the first such scalar; everything where there is none.
  ///
  /// A full stop before a combining mark is a full stop for Python, but part of a longer `Character` for Swift.
  func before(_ scalar: Unicode.Scalar) -> String {
    String(String.UnicodeScalarView(unicodeScalars.prefix { $0 != scalar }))
  }

  /// Without any of the scalars.
  func removing(_ unwanted: Unicode.Scalar...) -> String {
    String(String.UnicodeScalarView(unicodeScalars.filter { !unwanted.contains($0) }))
  }
}
