/// torch's orthogonal parametrisation of a `d x r` matrix with r < d, evaluated in double precision.
///
///     R^T = base Q(A) S,   Q(A) = H_1 ... H_r [:, :r],   H_k = I - tau_k v_k v_k^T,   v_k = e_k + A_k,   tau_k = 2 / |v_k|^2
///
/// A is the strictly lower part of `original`, S its diagonal as whole numbers (-1 as torch begins), `base [d, d]` orthogonal.
/// Source: torch/nn/utils/parametrizations.py, `_Orthogonal.forward`, its "householder" map with trivialisation.
enum OrthogonalParametrisation {
  /// R^T `[d, r]`.
  static func matrix(original: PlainTensor, base: PlainTensor) -> PlainTensor {
    let (d, r) = (original.shape[0], original.shape[1])
    // Q = H_1 ... H_r applied to the first r columns of the identity, from the right: columns of [d, r].
    var q = [Double](repeating: 0, count: d * r)
    for k in 0..<r { q[k * r + k] = 1 }
    for k in (0..<r).reversed() {
      var v = [Double](repeating: 0, count: d)
      v[k] = 1
      for i in k + 1..<d { v[i] = Double(original.values[i * r + k]) }
      reflect(&q, columns: r, by: v, from: k)
    }
    var result = [Float](repeating: 0, count: d * r)
    for i in 0..<d {
      var row = [Double](repeating: 0, count: r)
      for j in 0..<d {
        let factor = Double(base.values[i * d + j])
        if factor == 0 { continue }
        for k in 0..<r { row[k] += factor * q[j * r + k] }
      }
      for k in 0..<r { result[i * r + k] = Float(row[k] * Double(original.values[k * r + k]).rounded(.towardZero)) }
    }
    return PlainTensor("matrix", [d, r], result)
  }

  /// The coordinates of a matrix with orthonormal columns as torch begins: the matrix is the beginning of the base.
  static func coordinates(of columns: PlainTensor) -> (original: PlainTensor, base: PlainTensor) {
    let (d, r) = (columns.shape[0], columns.shape[1])
    var original = [Float](repeating: 0, count: d * r)
    for k in 0..<r { original[k * r + k] = -1 }
    // The reflections that turn the columns into those of the identity, up to signs.
    var rest = columns.values.map(Double.init)
    var reflectors: [[Double]] = []
    for k in 0..<r {
      var v = [Double](repeating: 0, count: d)
      var norm = 0.0
      for i in k..<d {
        v[i] = rest[i * r + k]
        norm += v[i] * v[i]
      }
      v[k] += v[k] < 0 ? -norm.squareRoot() : norm.squareRoot()
      reflect(&rest, columns: r, by: v, from: k)
      reflectors.append(v)
    }
    // Their product has the span of the columns first and its orthogonal complement behind.
    var q = [Double](repeating: 0, count: d * d)
    for i in 0..<d { q[i * d + i] = 1 }
    for k in (0..<r).reversed() { reflect(&q, columns: d, by: reflectors[k], from: k) }
    var base = q.map(Float.init)
    for i in 0..<d { for k in 0..<r { base[i * d + k] = columns.values[i * r + k] } }
    return (PlainTensor("original", [d, r], original), PlainTensor("base", [d, d], base))
  }

  /// `M - 2 v v^T M / |v|^2` for `M [d, columns]`, with v zero before `from`.
  private static func reflect(_ matrix: inout [Double], columns: Int, by v: [Double], from: Int) {
    let norm = v[from...].reduce(0) { $0 + $1 * $1 }
    if norm == 0 { return }
    var products = [Double](repeating: 0, count: columns)
    for i in from..<v.count where v[i] != 0 {
      for j in 0..<columns { products[j] += v[i] * matrix[i * columns + j] }
    }
    for i in from..<v.count where v[i] != 0 {
      let factor = 2 * v[i] / norm
      for j in 0..<columns { matrix[i * columns + j] -= factor * products[j] }
    }
  }
}
