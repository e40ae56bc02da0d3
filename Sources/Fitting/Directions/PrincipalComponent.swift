import Tensors

/// The direction along which rows vary most: the first right singular vector of the centred rows.
enum PrincipalComponent {
  /// A unit vector of d numbers for rows `[samples, d]`; `nil` where no row differs from another. Its sign is arbitrary.
  ///
  /// The smaller Gram matrix is squared until it is a projection, `P <- P^2 / tr(P^2)`: each squaring doubles the number of
  /// steps that power iteration would have taken, so that a narrow gap costs a few products more.
  static func first(of rows: Tensor) throws(TensorError) -> [Double]? {
    let samples = Double(rows.size(0))
    let centred = try rows - rows.sum(along: 0, keep: true) / samples
    let transposed = try centred.transposed().contiguous()
    let wide = rows.size(1) > rows.size(0)
    let gram = wide ? try centred.matmul(transposed) : try transposed.matmul(centred)
    let total = try gram.diagonal().sum().item()
    let scale = try rows.norm().item()
    guard total > 1e-28 * scale * scale, total > 0 else { return nil }
    var projection = try gram / total
    for _ in 0..<64 {
      let squared = try projection.matmul(projection)
      let trace = try squared.diagonal().sum().item()
      projection = try squared / trace
      if trace > 1 - 1e-15 { break }
    }
    // Any column of a projection on one direction has it; the longest is the most exact.
    let column = try projection.norm(along: 0).argmax(along: 0).values(as: Int64.self)[0]
    var vector = try projection.narrowed(1, Int(column)..<Int(column) + 1).contiguous()
    // One step on the Gram matrix itself takes away what rounding in the squares has left.
    vector = try gram.matmul(vector)
    if wide { vector = try transposed.matmul(vector) }
    return try (vector / vector.norm()).values(as: Double.self)
  }
}
