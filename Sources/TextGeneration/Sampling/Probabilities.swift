#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A softmax without its division: weights `exp(l - max l)` and their sum.
struct Probabilities {
  let weights: [Float]
  let total: Double

  init(of logits: [Float]) {
    let largest = logits.max() ?? 0
    weights = logits.map { exp($0 - largest) }
    total = weights.reduce(0) { $0 + Double($1) }
  }

  /// The token at which the running sum passes `fraction` of the total.
  ///
  /// - Parameter fraction: from 0 up to but not including 1.
  func token(at fraction: Double) -> Int32 {
    let target = fraction * total
    var sum = 0.0
    var last = 0
    for (i, weight) in weights.enumerated() where weight > 0 {
      sum += Double(weight)
      last = i
      if sum > target { break }
    }
    return Int32(last)
  }
}
