import Diagnostics
import JSON

/// What a value must be, in words and in code.
struct ValueKind<T> {
  enum Outcome {
    case value(T)
    case wrongKind
    case outOfRange(suggestion: String?)
  }

  let expected: String
  let convert: (JSONValue) -> Outcome

  fileprivate init(_ expected: String, _ read: @escaping (JSONValue) -> T?, where holds: @escaping (T) -> Bool) {
    self.expected = expected
    convert = { value in
      guard let converted = read(value) else { return .wrongKind }
      return holds(converted) ? .value(converted) : .outOfRange(suggestion: nil)
    }
  }

  fileprivate init(_ expected: String, convert: @escaping (JSONValue) -> Outcome) {
    self.expected = expected
    self.convert = convert
  }
}

extension ValueKind<String> {
  static var text: Self { Self("text", \.string, where: { _ in true }) }
  static var nonEmptyText: Self { Self("text that is not empty", \.string, where: { !$0.isEmpty }) }
}

extension ValueKind<Int> {
  static func wholeNumber(from least: Int) -> Self {
    Self(least == .min ? "a whole number" : "a whole number, at least \(least)", \.int, where: { $0 >= least })
  }
}

extension ValueKind<[String]> {
  /// One text stands for a list of one.
  static var texts: Self {
    Self(
      "a list of texts that are not empty",
      { value in
        if let text = value.string { return [text] }
        guard let texts = value.array?.compactMap(\.string), texts.count == value.array?.count else { return nil }
        return texts
      },
      where: { $0.allSatisfy { !$0.isEmpty } })
  }
}

extension ValueKind<Double> {
  static var positive: Self { Self("a number above 0", \.double, where: { $0 > 0 }) }
  static var notNegative: Self { Self("a number, at least 0", \.double, where: { $0 >= 0 }) }
  static var share: Self { Self("a number from 0 to 1", \.double, where: { (0...1).contains($0) }) }
}

extension ValueKind<[Double]> {
  static var decayRates: Self {
    Self(
      "a list of two numbers, each at least 0 and below 1",
      { value in
        guard let numbers = value.array?.compactMap(\.double), numbers.count == value.array?.count else { return nil }
        return numbers
      },
      where: { $0.count == 2 && $0.allSatisfy { (0..<1).contains($0) } })
  }
}

extension ValueKind where T: CaseIterable & RawRepresentable<String> {
  static var choice: Self {
    let names = T.allCases.map(\.rawValue)
    return Self("one of \(names.joined(separator: ", "))") { value in
      guard let name = value.string else { return .wrongKind }
      guard let choice = T(rawValue: name) else {
        return .outOfRange(suggestion: NearestName.closest(to: name, in: names))
      }
      return .value(choice)
    }
  }
}
