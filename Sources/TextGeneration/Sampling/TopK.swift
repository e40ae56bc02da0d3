/// Keeps the k tokens with the highest scores (arXiv 1805.04833, section 5.4); of equals, the first.
public struct TopK: LogitStage {
  /// At least 1.
  public let k: Int

  /// A stage that keeps this many tokens; all where the vocabulary has no more.
  public init(_ k: Int) {
    self.k = k
  }

  public func apply(to logits: inout [Float], seen: Set<Int32>) {
    guard k < logits.count else { return }
    let threshold = Self.largest(k, of: logits)
    var equalsLeft = k - logits.count { $0 > threshold }
    for i in logits.indices where logits[i] <= threshold {
      if logits[i] == threshold, equalsLeft > 0 { equalsLeft -= 1 } else { logits[i] = -.infinity }
    }
  }

  /// The k-th largest of some numbers, by Hoare's quickselect with the median of three as pivot.
  private static func largest(_ k: Int, of values: [Float]) -> Float {
    var values = values
    var (low, high) = (0, values.count - 1)
    while low < high {
      let (a, b, c) = (values[low], values[(low + high) / 2], values[high])
      let pivot = max(min(a, b), min(max(a, b), c))
      var (i, j) = (low, high)
      while i <= j {
        while values[i] > pivot { i += 1 }
        while values[j] < pivot { j -= 1 }
        if i <= j {
          values.swapAt(i, j)
          (i, j) = (i + 1, j - 1)
        }
      }
      if k - 1 <= j { high = j } else if k - 1 >= i { low = i } else { break }
    }
    return values[k - 1]
  }
}
