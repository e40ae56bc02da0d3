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
