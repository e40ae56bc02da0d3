/// What regular expressions and pre-tokenizers see in a Unicode scalar: its general category, split where they need more.
///
/// The classes are those of the Unicode versions that Hugging Face `tokenizers` is built with, not those of the running
/// system, so that a text has the same ids everywhere and for ever. Every scalar has exactly one.
enum ScalarClass: UInt8, CaseIterable {
  case Lu = 0
  case Ll, Lt, Lm, Lo, Mn, Mc, Me, Nd, Nl, No, Pc, Pd, Ps, Pe, Pi, Pf, Po, Sm, Sc, Sk, So, Zs, Zl, Zp, Cc, Cf, Cs, Co,
    Cn
  /// White space among the control characters (Cc): tab, newline and their like.
  case whiteControl
  /// A digit to `Digits` (Rust's `char::is_numeric`) that the regular expressions' older Unicode has not assigned (Cn).
  case lateNumber

  /// The class of every scalar as a raw value: a flat table, for it is read once a character.
  static let table: [UInt8] = {
    var table = [UInt8](repeating: ScalarClass.Cn.rawValue, count: 0x110000)
    let runs = ScalarClassRuns.runs
    table.withUnsafeMutableBufferPointer { table in
      for i in runs.indices {
        let end = i + 1 < runs.count ? Int(runs[i + 1] >> 5) : table.count
        table[Int(runs[i] >> 5)..<end].update(repeating: UInt8(runs[i] & 31))
      }
    }
    return table
  }()
}

/// Some of the classes: a bit for each.
struct ScalarClasses: OptionSet, Sendable, Hashable {
  var rawValue: UInt32

  init(rawValue: UInt32) { self.rawValue = rawValue }

  init(_ first: ScalarClass, through last: ScalarClass) {
    rawValue = (first.rawValue...last.rawValue).reduce(0) { $0 | 1 << UInt32($1) }
  }

  @inline(__always)
  func contains(_ rawClass: UInt8) -> Bool { rawValue >> UInt32(rawClass) & 1 != 0 }

  var inverted: ScalarClasses { ScalarClasses(rawValue: ~rawValue) }

  /// `\p{L}`
  static let letters = ScalarClasses(.Lu, through: .Lo)
  /// `\p{N}`
  static let numbers = ScalarClasses(.Nd, through: .No)
  /// `\s`
  static let spaces: ScalarClasses = [ScalarClasses(.Zs, through: .Zp), ScalarClasses(.whiteControl)]
  /// What `Digits` isolates, ½ and ² among them.
  static let digits: ScalarClasses = [.numbers, ScalarClasses(.lateNumber)]

  init(_ one: ScalarClass) { self.init(one, through: one) }

  /// The classes of a property as regular expressions name it: `L`, `Lu`.
  init?(property name: String) {
    switch name {
    case "L": self = .letters
    case "M": self.init(.Mn, through: .Me)
    case "N": self = .numbers
    case "P": self.init(.Pc, through: .Po)
    case "S": self.init(.Sm, through: .So)
    case "Z": self.init(.Zs, through: .Zp)
    case "C": self.init(.Cc, through: .lateNumber)
    case "Cc": self = [ScalarClasses(.Cc), ScalarClasses(.whiteControl)]
    case "Cn": self = [ScalarClasses(.Cn), ScalarClasses(.lateNumber)]
    case "whiteControl", "lateNumber": return nil
    default:
      guard let one = ScalarClass.allCases.first(where: { "\($0)" == name }) else { return nil }
      self.init(one)
    }
  }

  /// The names that ``init(property:)`` knows.
  static let properties = ["L", "M", "N", "P", "S", "Z", "C"] + ScalarClass.allCases.dropLast(2).map { "\($0)" }
}

/// Walks over the scalars of valid UTF-8 and tells the class of each.
struct ScalarCursor {
  let bytes: UnsafeBufferPointer<UInt8>
  let classes: UnsafeBufferPointer<UInt8>
  let end: Int

  /// The class of the scalar at `position` and where the next one begins.
  @inline(__always)
  func scalar(at position: Int) -> (class: UInt8, next: Int) {
    var next = position
    let scalar = UTF8Text.next(in: bytes, &next)
    return (scalar < 0x110000 ? classes[Int(scalar)] : ScalarClass.Cn.rawValue, next)
  }

  /// Where the run of scalars of some classes, from `position` on, ends.
  func run(from position: Int, of wanted: ScalarClasses) -> Int {
    var position = position
    while position < end {
      let (scalarClass, next) = scalar(at: position)
      guard wanted.contains(scalarClass) else { break }
      position = next
    }
    return position
  }
}

extension ScalarCursor {
  /// Calls `body` with a cursor over a part of a text.
  static func with<Result>(_ bytes: [UInt8], _ range: Range<Int>, _ body: (ScalarCursor) -> Result) -> Result {
    bytes.withUnsafeBufferPointer { bytes in
      ScalarClass.table.withUnsafeBufferPointer { classes in
        body(ScalarCursor(bytes: bytes, classes: classes, end: range.upperBound))
      }
    }
  }
}
