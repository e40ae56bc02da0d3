import CTorchShim

extension Tensor {
  /// The sum of all elements, a scalar.
  public func sum() throws(TensorError) -> Tensor { try perform("sum", [self]) { reft_sum(handle, $0) } }
  /// Sums along one dimension; `keep` leaves it with size one, else it goes away.
  public func sum(along dimension: Int, keep: Bool = false) throws(TensorError) -> Tensor {
    try perform("sum", [self]) { reft_sum_along(handle, Int64(dimension), keep, $0) }
  }
  /// The largest element, a scalar; NaN if any element is.
  public func max() throws(TensorError) -> Tensor { try perform("max", [self]) { reft_max(handle, $0) } }
  /// Index of the largest element along a dimension, int64; the first of equals.
  public func argmax(along dimension: Int) throws(TensorError) -> Tensor {
    try perform("argmax", [self]) { reft_argmax(handle, Int64(dimension), $0) }
  }
  /// Euclidean norm of all elements.
  public func norm() throws(TensorError) -> Tensor { try perform("norm", [self]) { reft_norm(handle, $0) } }
  /// Euclidean norm along a dimension.
  public func norm(along dimension: Int) throws(TensorError) -> Tensor {
    try perform("norm", [self]) { reft_norm_along(handle, Int64(dimension), $0) }
  }
  /// `e^x / sum e^x` along one dimension; a row whose elements all are minus infinity becomes NaN.
  public func softmax(along dimension: Int) throws(TensorError) -> Tensor {
    try perform("softmax", [self]) { reft_softmax(handle, Int64(dimension), $0) }
  }
  /// `x - log sum e^x` along one dimension, in nats.
  public func logSoftmax(along dimension: Int) throws(TensorError) -> Tensor {
    try perform("logSoftmax", [self]) { reft_log_softmax(handle, Int64(dimension), $0) }
  }
  /// Whether no element is infinite or NaN.
  public func isFinite() throws(TensorError) -> Bool {
    try perform("isFinite", [self]) { reft_is_finite(handle, $0) }.values(as: Bool.self)[0]
  }
  /// Whether no element of a row is, for each row of `[rows, n]`: bool, on the device.
  public func rowsFinite() throws(TensorError) -> Tensor {
    try perform("rowsFinite", [self]) { reft_rows_finite(handle, $0) }
  }
}
