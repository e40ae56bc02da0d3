#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
public import Tensors

/// Logistic regression with an L2 penalty, at its only optimum.
///
/// `min over w, b of sum_i log(1 + exp(-y_i (w.x_i + b))) + |w|^2 / (2 C)`, y = +-1, no penalty on b: what scikit-learn's
/// `LogisticRegression` has with its default settings (C = 1, lbfgs), apart from where that stops early. Solved by Newton's
/// method in double precision, in the space of the samples where there are fewer of them than numbers in a row.
public struct LogisticRegression {
  /// w.
  public let weight: [Double]
  /// b.
  public let intercept: Double

  /// Fits rows `[samples, d]` of float64.
  ///
  /// - Parameter strength: C, the inverse of the penalty.
  /// - Throws: ``FittingError/oneClass(label:count:)``.
  public init(_ rows: Tensor, _ labels: [Bool], strength: Double = 1) throws {
    guard let first = labels.first, labels.contains(!first) else {
      throw FittingError.oneClass(label: labels.first ?? false, count: labels.count)
    }
    let (samples, width) = (rows.size(0), rows.size(1))
    guard samples < width else {
      (weight, intercept) = try Self.newton(rows, labels, strength)
      return
    }
    // The optimum lies in the span of the rows: X^T = Q R, w = Q u, X w = R^T u and |w| = |u|.
    let (q, r) = try rows.transposed().contiguous().qr()
    let (u, intercept) = try Self.newton(r.transposed().contiguous(), labels, strength)
    weight = try q.matmul(Tensor(u, shape: [samples, 1])).values()
    self.intercept = intercept
  }

  /// w and b for rows that are no wider than they are many.
  private static func newton(_ rows: Tensor, _ labels: [Bool], _ strength: Double) throws -> ([Double], Double) {
    let (samples, width) = (rows.size(0), rows.size(1))
    let ones = try Tensor.full([samples, 1], value: 1, dtype: .float64)
    let x = try Tensor.concatenated([rows, ones], along: 1)
    let transposed = try x.transposed().contiguous()
    var penalty = [Double](repeating: 1 / strength, count: width + 1)
    penalty[width] = 0
    let ridge = try Tensor(penalty).asDiagonalMatrix()
    var solution = [Double](repeating: 0, count: width + 1)
    var scores = [Double](repeating: 0, count: samples)

    func loss(_ w: [Double], _ z: [Double]) -> Double {
      var sum = 0.0
      for (score, label) in zip(z, labels) {
        let margin = label ? score : -score
        sum += max(0, -margin) + log1p(exp(-abs(margin)))
      }
      return zip(w, penalty).reduce(sum) { $0 + 0.5 * $1.1 * $1.0 * $1.0 }
    }

    var value = loss(solution, scores)
    for _ in 0..<100 {
      let p = scores.map { 1 / (1 + exp(-$0)) }
      let residuals = zip(p, labels).map { $0 - ($1 ? 1 : 0) }
      let gradient = try zip(
        transposed.matmul(Tensor(residuals, shape: [samples, 1])).values(as: Double.self), zip(penalty, solution)
      ).map { $0 + $1.0 * $1.1 }
      let curvature = try Tensor(p.map { max($0 * (1 - $0), 1e-300) }, shape: [samples, 1])
      let hessian = try transposed.matmul(x * curvature) + ridge
      let (q, r) = try hessian.qr()
      let right = try q.transposed().contiguous().matmul(Tensor(gradient, shape: [width + 1, 1]))
      let step = try r.solveTriangular(right, upper: true).values(as: Double.self)
      let decrement = zip(step, gradient).reduce(0) { $0 + $1.0 * $1.1 }
      guard decrement.isFinite else { throw FittingError.notFinite(what: "logistic regression") }
      // Newton's quadratic end: what is left to gain is below the rounding of the loss.
      if decrement <= 1e-26 * max(1, value) { break }
      var size = 1.0
      var moved = (w: solution, z: scores, value: value)
      repeat {
        let w = zip(solution, step).map { $0 - size * $1 }
        let z = try x.matmul(Tensor(w, shape: [width + 1, 1])).values(as: Double.self)
        moved = (w, z, loss(w, z))
        size /= 2
      } while moved.value > value && size > 1e-10
      guard moved.value <= value else { break }
      (solution, scores, value) = (moved.w, moved.z, moved.value)
    }
    return (Array(solution.prefix(width)), solution[width])
  }

  /// `w.x + b` of every row; a sample is taken for true where it is above zero.
  public func scores(_ rows: Tensor) throws(TensorError) -> [Double] {
    let z = try rows.matmul(Tensor(weight, shape: [weight.count, 1])).values(as: Double.self)
    return z.map { $0 + intercept }
  }

  /// The share of rows whose label is told right.
  public func accuracy(_ rows: Tensor, _ labels: [Bool]) throws(TensorError) -> Double {
    let right = try zip(scores(rows), labels).reduce(0) { $0 + (($1.0 > 0) == $1.1 ? 1 : 0) }
    return Double(right) / Double(max(1, labels.count))
  }
}
