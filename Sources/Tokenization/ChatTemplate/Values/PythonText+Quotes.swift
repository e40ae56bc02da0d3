extension PythonText {
  /// Python's `repr` of a string: in single quotes, unless it holds those and no double ones.
  static func quoted(_ text: String) -> String {
    let quote: Unicode.Scalar = text.utf8.contains(0x27) && !text.utf8.contains(0x22) ? "\"" : "'"
    var out = String.UnicodeScalarView([quote])
    for scalar in text.unicodeScalars {
      switch scalar {
      case quote, "\\": out += ["\\", scalar]
      case "\n": out += ["\\", "n"]
      case "\r": out += ["\\", "r"]
      case "\t": out += ["\\", "t"]
      case _ where isPrintable(scalar): out.append(scalar)
      case _ where scalar.value < 0x100: out += ("\\x" + hex(scalar.value, 2)).unicodeScalars
      case _ where scalar.value < 0x1_0000: out += ("\\u" + hex(scalar.value, 4)).unicodeScalars
      default: out += ("\\U" + hex(scalar.value, 8)).unicodeScalars
      }
    }
    out.append(quote)
    return String(out)
  }

  /// A string as Python's `json.dumps` writes it.
  ///
  /// - Parameter isASCII: `ensure_ascii`: whether all other characters are written as escapes.
  static func quotedJSON(_ text: String, isASCII: Bool) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case "\u{8}": out += "\\b"
      case "\u{c}": out += "\\f"
      case "\0"..<" ": out += "\\u" + hex(scalar.value, 4)
      case _ where isASCII && scalar.value > 0x7E:
        for unit in String(scalar).utf16 { out += "\\u" + hex(UInt32(unit), 4) }
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }

  private static func hex(_ value: UInt32, _ digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// `str.isprintable`
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    case .spaceSeparator: scalar == " "
    default: true
    }
  }
}
