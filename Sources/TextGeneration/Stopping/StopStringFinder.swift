/// Finds stop strings in a text that comes in pieces, and passes on what certainly stands before the first one.
///
/// What is found does not depend on where the pieces are cut: the stop string that ends first counts, the longest of those that
/// end at the same byte.
public struct StopStringFinder: Sendable {
  private let strings: [[UInt8]]
  private var pending: [UInt8] = []
  /// Whether a stop string was found; the text is at its end then.
  public private(set) var isFound = false

  /// A finder at the beginning of a text.
  ///
  /// - Parameter strings: empty ones are left out.
  public init(_ strings: [String]) {
    self.strings = strings.map { Array($0.utf8) }.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
  }

  /// Takes the next piece, of whole characters, and gives the text that is certain by now.
  ///
  /// An end of the text that could be the beginning of a stop string is held back.
  public mutating func push(_ piece: String) -> String {
    guard !isFound else { return "" }
    guard !strings.isEmpty else { return piece }
    var certain: [UInt8] = []
    for byte in piece.utf8 {
      pending.append(byte)
      if let found = strings.first(where: { pending.ends(with: $0) }) {
        certain += pending.dropLast(found.count)
        pending = []
        isFound = true
        break
      }
      let held = heldCount
      certain += pending.dropLast(held)
      pending.removeFirst(pending.count - held)
    }
    return String(decoding: certain, as: UTF8.self)
  }

  /// Gives what was held back, for the text ends here.
  public mutating func finish() -> String {
    defer { pending = [] }
    return String(decoding: pending, as: UTF8.self)
  }

  /// The length of the longest end of `pending` that begins a stop string.
  private var heldCount: Int {
    strings.lazy.map { string in
      (1..<max(1, min(string.count, pending.count + 1))).last { pending.ends(with: string.prefix($0)) } ?? 0
    }.max() ?? 0
  }
}

extension [UInt8] {
  fileprivate func ends(with other: some BidirectionalCollection<UInt8>) -> Bool {
    reversed().starts(with: other.reversed())
  }
}
