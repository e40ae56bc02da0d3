import Foundation

/// Shows how far a long step is, its rate, and the time left: a line that moves on a terminal, a line now and then elsewhere.
///
/// Nothing is shown of steps that end within two seconds.
final class ProgressMeter {
  private let title: String
  private let total: Double
  private let unit: String
  private let start = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  private var wasShown = false

  /// - Parameters:
  ///   - total: how much there is to do, in `unit`s.
  ///   - unit: what is counted; empty where only the share is known, and a rate would say nothing.
  init(_ title: String, total: Double, unit: String) {
    self.title = title
    self.total = total
    self.unit = unit
  }

  /// - Parameters:
  ///   - done: how much is done.
  ///   - detail: a few words, such as the loss.
  func update(_ done: Double, detail: String = "") {
    let now = ContinuousClock.now
    let elapsed = (now - start) / .seconds(1)
    let pause = Console.errorIsTerminal ? 0.2 : 5.0
    guard elapsed > (Console.errorIsTerminal ? 0.5 : 2), !wasShown || (now - lastShown) / .seconds(1) >= pause else {
      return
    }
    lastShown = now
    wasShown = true
    let rate = done / max(elapsed, 1e-9)
    let left = rate > 0 ? (total - done) / rate : 0
    let share = min(1, done / max(total, 1e-9))
    let words = [
      "\(Int(share * 100))%", unit.isEmpty ? "" : "\(Self.short(rate)) \(unit)/s", "\(Self.time(left)) left", detail,
    ].filter { !$0.isEmpty }.joined(separator: "  ")
    if Console.errorIsTerminal {
      let filled = Int(share * 24)
      let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
      Console.writeError("\r\u{1B}[K\(title)  \(bar)  \(words)")
    } else {
      Console.note("\(title)  \(words)")
    }
  }

  /// Ends the line; says how long it took when it was shown at all.
  func finish(_ detail: String = "") {
    guard wasShown else { return }
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let words = ["\(title)  done in \(Self.time(elapsed))", detail].filter { !$0.isEmpty }.joined(separator: "  ")
    Console.writeError(Console.errorIsTerminal ? "\r\u{1B}[K\(words)\n" : words + "\n")
  }

  /// Ends the line of a step that failed, so that the error gets one of its own.
  func endLine() {
    if wasShown, Console.errorIsTerminal { Console.writeError("\n") }
  }

  static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }

  static func short(_ number: Double) -> String {
    switch abs(number) {
    case 1_000_000...: String(format: "%.1f M", number / 1_000_000)
    case 10_000...: String(format: "%.0f k", number / 1000)
    case 100...: String(format: "%.0f", number)
    case 1...: String(format: "%.1f", number)
    default: String(format: "%.2f", number)
    }
  }
}
