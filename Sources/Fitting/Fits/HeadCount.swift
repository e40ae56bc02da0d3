/// How many heads are chosen: a number, or a share of all.
public enum HeadCount: Sendable, Equatable, CustomStringConvertible {
  /// So many heads.
  case number(Int)
  /// A share of all heads, above 0 and at most 1.
  case share(Double)

  /// Reads `48`, `0.1` or `10%`.
  ///
  /// - Throws: ``FittingError/setting(key:expected:got:)``.
  public init(_ text: String, key: String = "heads") throws(FittingError) {
    let percent = text.hasSuffix("%")
    if let number = Int(text), number >= 1 {
      self = .number(number)
    } else if let value = Double(percent ? String(text.dropLast()) : text),
      percent || text.contains(where: { ".eE".contains($0) }), case let share = percent ? value / 100 : value,
      share > 0, share <= 1
    {
      self = .share(share)
    } else {
      throw .setting(key: key, expected: "a number of heads, or a share such as 0.1 or 10%", got: text)
    }
  }

  public var description: String {
    switch self {
    case .number(let number): "\(number)"
    case .share(let share): "\(share)"
    }
  }

  /// The number among `all` heads; a share is rounded, to one head at least.
  ///
  /// - Throws: ``FittingError/setting(key:expected:got:)`` where there are not so many.
  public func number(of all: Int, key: String = "heads") throws(FittingError) -> Int {
    switch self {
    case .share(let share): return max(1, Int((share * Double(all)).rounded()))
    case .number(let number):
      guard (1...max(1, all)).contains(number) else {
        throw .setting(key: key, expected: "between 1 and the model's \(all) heads", got: "\(number)")
      }
      return number
    }
  }
}
