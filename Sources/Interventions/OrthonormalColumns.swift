import Tensors

/// A `d x r` matrix whose columns stay orthonormal while it is trained without constraint, in `d x r` storage.
///
/// Householder coordinates around a base point, as `torch.nn.utils.parametrizations.orthogonal` has them (its "householder"
/// map with trivialisation), which pyreft trains:
///
///     R^T = Q0 Q(A) S,   Q(A) = H_1 ... H_r [:, :r],   H_k = I - 2 v_k v_k^T / |v_k|^2,   v_k = e_k + A_k
///
/// A is strictly lower triangular and zero at first; S = -1 undoes the reflections at A = 0, where R^T is the base.
/// `Q0` is the orthogonal completion of the base. torch keeps it as a `d x d` buffer (67 MB a layer at d = 4096); here it is
/// the product of the r reflections of the base's own QR factorisation. Both products are evaluated in compact WY form,
/// `H_1 ... H_r = I - V T V^T` with `T^-1 = triu(V^T V, 1) + diag(|v_k|^2 / 2)`, so nothing larger than `d x r` ever exists.
///
/// Deviation: torch completes the base with random columns, we with the QR factorisation's. Any completion describes the
/// same matrices; Adam's path depends on it, and is torch's own when torch is given this completion. On SmolLM2 this one learns
/// faster than a random one (README, CLUTRR); a likely reason is that its coordinates stay near the axes of the residual stream.
final class OrthonormalColumns {
  /// The point where the coordinates are zero, `[d, r]`.
  let base: Tensor
  /// The trainable coordinates A, `[d, r]`; only what lies below the diagonal counts.
  let coordinates: Tensor

  private let reflectors: Tensor  // V of Q0, [d, r]
  private let spread: Tensor  // V T of Q0, [d, r]
  private let signs: Tensor  // [r, 1]: the completion is Q0 but for the signs of its first r columns
  private let below, above: Tensor  // ones below the diagonal [d, r] and above it [r, r]

  /// - Parameters:
  ///   - base: `[d, r]` with orthonormal columns, r <= d.
  ///   - coordinates: where to go on; zero for a new start at the base.
  init(base: Tensor, coordinates: Tensor? = nil) throws(TensorError) {
    let (d, r) = (base.size(0), base.size(1))
    self.base = base
    self.coordinates = if let coordinates { coordinates } else { try Tensor.zeros([d, r], on: base.device) }
    let factored = try base.householderQR()
    let unit = try Tensor.identity(rows: d, columns: r, on: base.device)
    reflectors = try factored.factors.lowerTriangle(diagonal: -1) + unit
    // tau = 2 / |v|^2, so its inverse is the diagonal that the WY form wants; a zero tau is no reflection at all.
    let triangle = try Self.triangle(of: reflectors, tau: factored.tau)
    spread = try triangle.transposed().solveTriangular(reflectors.transposed(), upper: false).transposed().contiguous()
    let diagonal = try factored.factors.diagonal()  // of R, which for orthonormal columns is +-1 up to rounding
    signs = try (diagonal / diagonal.abs()).unsqueezed(1)
    below = try Tensor.full([d, r], value: 1, on: base.device).lowerTriangle(diagonal: -1)
    above = try Tensor.full([r, r], value: 1, on: base.device).upperTriangle(diagonal: 1)
    try self.coordinates.setRequiresGradient(true)
  }

  /// A random point: QR of a normal matrix with the signs of R's diagonal, as `torch.nn.init.orthogonal_`.
  static func random(rows d: Int, columns r: Int, using random: RandomSource) throws(TensorError) -> Tensor {
    let (q, triangular) = try random.normal([d, r]).qr()
    let diagonal = try triangular.diagonal()
    return try q * (diagonal / diagonal.abs())
  }

  /// The matrix at the present coordinates, `[d, r]`, with a graph back to them.
  func matrix() throws(TensorError) -> Tensor {
    try coordinates.reflected(from: (spread, reflectors), signs: signs, below: below, above: above)
  }

  /// `T^-1` for reflections `I - tau v v^T`. LAPACK's tau is 0 where no reflection is needed: an infinite inverse that
  /// takes that reflection out of the product; a huge number does the same in finite arithmetic.
  private static func triangle(of v: Tensor, tau: Tensor) throws(TensorError) -> Tensor {
    let inverses = try tau.values(as: Double.self).map { $0 == 0 ? Float(1e30) : Float(1 / $0) }
    let gram = try v.transposed().matmul(v)
    return try gram.upperTriangle(diagonal: 1) + Tensor(inverses, on: v.device).asDiagonalMatrix()
  }
}
