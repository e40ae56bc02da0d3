import Foundation

/// How the numbers of a chart are written.
public enum NumberForm: Sendable, Equatable {
  /// As many decimals as told.
  case decimals(Int)
  /// A share as a percentage, with as many decimals as told: 0.567 is `56.7%`.
  case percent(Int)
  /// Three significant digits, for numbers of any size.
  case short

  /// The number as text; `–` for one that is not finite.
  public func text(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    return switch self {
    case .decimals(let count): Self.fixed(value, count)
    case .percent(let count): Self.fixed(value * 100, count) + "%"
    case .short: Self.short(value)
    }
  }

  private static func fixed(_ value: Double, _ decimals: Int) -> String {
    let text = String(format: "%.\(max(0, min(decimals, 12)))f", value)
    // A rounded negative number may become "-0.0".
    return text.hasPrefix("-") && text.dropFirst().allSatisfy({ $0 == "0" || $0 == "." })
      ? String(text.dropFirst()) : text
  }

  private static func short(_ value: Double) -> String {
    let text = String(format: "%.3g", value)
    return text == "-0" ? "0" : text
  }
}

/// Round numbers along an axis.
struct AxisTicks: Equatable {
  let values: [Double]
  let step: Double

  /// About `count` ticks that are multiples of 1, 2, 2.5 or 5 times a power of ten and span `low...high`.
  ///
  /// - Parameter whole: whether only whole numbers mean something, as for epochs and steps.
  /// - Precondition: both are finite and `low <= high`.
  init(spanning low: Double, _ high: Double, about count: Int = 5, whole: Bool = false) {
    var (low, high) = (low, high)
    if high - low <= max(abs(low), abs(high)) * 1e-9 || high - low < 1e-300 {
      // A single value, or values that doubles hardly tell apart, get an axis around them.
      let room = abs(low) < 1e-300 ? 1 : abs(low) * 0.5
      (low, high) = (low - room, high + room)
    }
    let raw = max((high - low) / Double(max(1, count)), whole ? 1 : 0)
    let power = pow(10, floor(log10(raw)))
    let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= raw * 0.999 && !(whole && $0 == 2.5) } ?? raw
    let first = (low / step + 1e-9).rounded(.down)
    let last = (high / step - 1e-9).rounded(.up)
    self.step = step
    values = stride(from: first, through: last, by: 1).map { $0 * step }
  }

  var low: Double { values.first ?? 0 }
  var high: Double { values.last ?? 1 }

  /// The ticks with just the decimals that tell them apart.
  var labels: [String] {
    let largest = max(abs(low), abs(high))
    guard largest < 1e6, step >= 1e-6 else { return values.map { NumberForm.short.text($0) } }
    var decimals = 0
    while decimals < 9, abs((step * pow(10, Double(decimals))).rounded() - step * pow(10, Double(decimals))) > 1e-6 {
      decimals += 1
    }
    return values.map { NumberForm.decimals(decimals).text($0) }
  }
}
