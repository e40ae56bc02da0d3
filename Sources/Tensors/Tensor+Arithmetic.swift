import CTorchShim

extension Tensor {
  /// Elementwise sum; shapes broadcast.
  public static func + (a: Tensor, b: Tensor) throws(TensorError) -> Tensor {
    try perform("+", [a, b]) { reft_add(a.handle, b.handle, $0) }
  }
  /// Elementwise difference; shapes broadcast.
  public static func - (a: Tensor, b: Tensor) throws(TensorError) -> Tensor {
    try perform("-", [a, b]) { reft_subtract(a.handle, b.handle, $0) }
  }
  /// Elementwise product; shapes broadcast.
  public static func * (a: Tensor, b: Tensor) throws(TensorError) -> Tensor {
    try perform("*", [a, b]) { reft_multiply(a.handle, b.handle, $0) }
  }
  /// Elementwise quotient; shapes broadcast.
  public static func / (a: Tensor, b: Tensor) throws(TensorError) -> Tensor {
    try perform("/", [a, b]) { reft_divide(a.handle, b.handle, $0) }
  }
  /// `b` added to every element.
  public static func + (a: Tensor, b: Double) throws(TensorError) -> Tensor {
    try perform("+", [a]) { reft_add_scalar(a.handle, b, $0) }
  }
  /// `a` added to every element.
  public static func + (a: Double, b: Tensor) throws(TensorError) -> Tensor { try b + a }
  /// Every element times `b`.
  public static func * (a: Tensor, b: Double) throws(TensorError) -> Tensor {
    try perform("*", [a]) { reft_multiply_scalar(a.handle, b, $0) }
  }
  /// Every element times `a`.
  public static func * (a: Double, b: Tensor) throws(TensorError) -> Tensor { try b * a }
  /// Every element times `1 / b`; can differ from the quotient in the last bit.
  public static func / (a: Tensor, b: Double) throws(TensorError) -> Tensor { try a * (1 / b) }
  /// Every element with its sign turned.
  public static prefix func - (a: Tensor) throws(TensorError) -> Tensor {
    try perform("-", [a]) { reft_negate(a.handle, $0) }
  }

  /// `|x|` of every element.
  public func abs() throws(TensorError) -> Tensor { try perform("abs", [self]) { reft_abs(handle, $0) } }
  /// The natural logarithm of each element.
  public func log() throws(TensorError) -> Tensor { try perform("log", [self]) { reft_log(handle, $0) } }
  /// Cosine of every element, in radians.
  public func cos() throws(TensorError) -> Tensor { try perform("cos", [self]) { reft_cos(handle, $0) } }
  /// Sine of every element, in radians.
  public func sin() throws(TensorError) -> Tensor { try perform("sin", [self]) { reft_sin(handle, $0) } }
  /// Hyperbolic tangent of every element, in (-1, 1).
  public func tanh() throws(TensorError) -> Tensor { try perform("tanh", [self]) { reft_tanh(handle, $0) } }
  /// `1 / (1 + e^-x)` of every element, in (0, 1).
  public func sigmoid() throws(TensorError) -> Tensor { try perform("sigmoid", [self]) { reft_sigmoid(handle, $0) } }
  /// `max(x, 0)` of every element.
  public func relu() throws(TensorError) -> Tensor { try perform("relu", [self]) { reft_relu(handle, $0) } }
  /// True where an element is false or zero (bool).
  public func negated() throws(TensorError) -> Tensor {
    try perform("negated", [self]) { reft_logical_not(handle, $0) }
  }
  /// `x * sigmoid(x)`.
  public func silu() throws(TensorError) -> Tensor { try perform("silu", [self]) { reft_silu(handle, $0) } }
  /// Gaussian error linear unit, exact or with the tanh approximation.
  public func gelu(approximate: Bool = false) throws(TensorError) -> Tensor {
    try perform("gelu", [self]) { reft_gelu(handle, approximate, $0) }
  }

  /// Matrix product; leading dimensions broadcast.
  public func matmul(_ other: Tensor) throws(TensorError) -> Tensor {
    try perform("matmul", [self, other]) { reft_matmul(handle, other.handle, $0) }
  }

  /// Solves `self X = other` for a triangular `self`.
  public func solveTriangular(_ other: Tensor, upper: Bool) throws(TensorError) -> Tensor {
    try perform("solveTriangular", [self, other]) { reft_solve_triangular(handle, other.handle, upper, $0) }
  }

  private func factorised(
    _ op: String, _ call: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<OpaquePointer?>) -> ReftStatus
  ) throws(TensorError) -> (Tensor, Tensor) {
    var first: OpaquePointer?
    var second: OpaquePointer?
    guard call(&first, &second) == REFT_OK, let first, let second else { throw failure(op, [self]) }
    return (Tensor(owning: first), Tensor(owning: second))
  }

  /// The reduced QR factorisation: `q [m, k]` with orthonormal columns, `r [k, n]` upper triangular.
  public func qr() throws(TensorError) -> (q: Tensor, r: Tensor) {
    try factorised("qr") { reft_qr(handle, $0, $1) }
  }

  /// QR in compact form (LAPACK `geqrf`): Householder vectors below the diagonal of `factors`, R on and above it, and `tau`.
  public func householderQR() throws(TensorError) -> (factors: Tensor, tau: Tensor) {
    try factorised("householderQR") { reft_geqrf(handle, $0, $1) }
  }
}
