import CTorchShim

/// Runs a body without recording a graph, on this thread.
///
/// The mode belongs to the thread, so the body is synchronous: an `await` in it could go on elsewhere.
public func withoutGradients<Result, Failure: Error>(
  _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  let before = reft_grad_enabled()
  reft_set_grad_enabled(false)
  defer { reft_set_grad_enabled(before) }
  return try body()
}

extension Tensor {
  /// Whether results computed from this tensor carry a graph back to it.
  public var requiresGradient: Bool { reft_requires_grad(handle) }

  /// The same elements, outside of any graph.
  public func detached() throws(TensorError) -> Tensor { try perform("detached", [self]) { reft_detach(handle, $0) } }

  /// Accumulates d self / d leaf into the gradient of every trainable leaf; `self` must be a scalar.
  public func backward() throws(TensorError) { try perform("backward", [self]) { reft_backward(handle) } }

  /// The gradient accumulated so far, if any.
  public func gradient() throws(TensorError) -> Tensor? {
    var out: OpaquePointer?
    guard reft_gradient(handle, &out) == REFT_OK else { throw failure("gradient", [self]) }
    return out.map(Tensor.init(owning:))
  }

  /// Makes a leaf trainable, or stops training it.
  public func setRequiresGradient(_ required: Bool) throws(TensorError) {
    try perform("setRequiresGradient", [self]) { reft_set_requires_grad(handle, required) }
  }

  /// Forgets the accumulated gradient.
  public func clearGradient() throws(TensorError) {
    try perform("clearGradient", [self]) { reft_clear_gradient(handle) }
  }

  /// The norm of all gradients together, a scalar, before they are scaled, in place, to at most `clip`.
  ///
  /// As `torch.nn.utils.clip_grad_norm_`, but gradients whose norm is not finite stay as they are.
  ///
  /// - Precondition: there is one.
  public static func clip(_ gradients: [Tensor], to clip: Double?) throws(TensorError) -> Tensor {
    try perform("clip", gradients) {
      reft_clip_gradients(gradients.map(\.handle), Int32(gradients.count), clip ?? 0, $0)
    }
  }

  /// Overwrites the elements in place, outside of any graph. For parameters and caches only.
  public func assign(_ source: Tensor) throws(TensorError) {
    try perform("assign", [self, source]) { reft_copy_into(handle, source.handle) }
  }

  /// Scales the elements in place, outside of any graph. For gradients only.
  public func scale(by factor: Double) throws(TensorError) {
    try perform("scale", [self]) { reft_multiply_in_place(handle, factor) }
  }
}
