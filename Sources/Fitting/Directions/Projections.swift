public import Tensors

/// Rows seen along one direction: `h.v / |v|`.
public struct Projections: Sendable {
  /// One number a row.
  public let values: [Double]

  /// Projects rows `[samples, d]` of float64.
  public init(of rows: Tensor, on direction: [Double]) throws(TensorError) {
    let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let column = try Tensor(direction.map { $0 / norm }, shape: [direction.count, 1])
    values = try rows.matmul(column).values()
  }

  /// The mean of the projections.
  public var mean: Double { values.reduce(0, +) / Double(max(1, values.count)) }

  /// Population standard deviation (numpy's `std`): ITI's sigma.
  public var deviation: Double {
    let mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(max(1, values.count))).squareRoot()
  }

  /// -1 where the direction points away from the true samples, else 1.
  ///
  /// With pairs: -1 when the true one of a pair is the lower one more often than the higher one (RepE, repeng); equal
  /// projections count for neither side. Without pairs, and where the pairs are divided evenly, by the means of the two labels:
  /// the references keep the arbitrary sign of the decomposition then, which another library or processor gives otherwise.
  public func sign(_ labels: [Bool], _ pairs: [(positive: Int, negative: Int)] = []) -> Double {
    let lower = pairs.count { values[$0.positive] < values[$0.negative] }
    let higher = pairs.count { values[$0.positive] > values[$0.negative] }
    if lower != higher { return lower > higher ? -1 : 1 }
    func mean(_ label: Bool) -> Double {
      let chosen = zip(values, labels).filter { $0.1 == label }.map(\.0)
      return chosen.reduce(0, +) / Double(max(1, chosen.count))
    }
    return mean(true) < mean(false) ? -1 : 1
  }
}
