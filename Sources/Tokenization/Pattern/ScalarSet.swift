/// A set of Unicode scalars: what one character of a pattern may be.
///
/// The scalars of some classes and some given ranges, or all scalars but those.
struct ScalarSet: Sendable, Hashable {
  var classes: ScalarClasses = []
  var ranges: [ClosedRange<UInt32>] = []
  var isInverted = false

  init(classes: ScalarClasses) { self.classes = classes }

  init(_ scalars: UInt32...) { ranges = scalars.map { $0...$0 } }

  init() {}

  /// Whether one of the ranges has a scalar.
  func names(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } }

  /// Whether a scalar of a class is in the set.
  ///
  /// - Parameter isNamed: what ``names(_:)`` says of the scalar.
  func contains(scalarOf scalarClass: UInt8, isNamed: Bool) -> Bool {
    (isNamed || classes.contains(scalarClass)) != isInverted
  }

  var inverted: ScalarSet {
    var set = self
    set.isInverted.toggle()
    return set
  }

  /// Adds what another set has; `false` where this form cannot say it (an inverted set of ranges among others).
  mutating func formUnion(_ other: ScalarSet) -> Bool {
    var other = other
    if other.isInverted, other.ranges.isEmpty { other = ScalarSet(classes: other.classes.inverted) }
    if isInverted, ranges.isEmpty { self = ScalarSet(classes: classes.inverted) }
    guard !isInverted, !other.isInverted else { return false }
    classes.formUnion(other.classes)
    ranges += other.ranges
    return true
  }

  /// With every ASCII letter also its other case, and the two characters beyond ASCII that fold to one: `ſ` to s, `K` (Kelvin) to k.
  ///
  /// `nil` where other letters would have to be folded.
  var caseFolded: ScalarSet? {
    guard ranges.allSatisfy({ $0.upperBound < 0x80 }), classes.isEmpty || classes == .spaces || classes == .numbers
    else { return nil }
    var set = self
    for range in ranges {
      for scalar in range {
        let lower = scalar | 0x20
        guard (0x61...0x7A).contains(lower) else { continue }
        set.ranges += [lower...lower, lower - 0x20...lower - 0x20]
        if lower == 0x73 { set.ranges.append(0x17F...0x17F) }
        if lower == 0x6B { set.ranges.append(0x212A...0x212A) }
      }
    }
    return set
  }
}
