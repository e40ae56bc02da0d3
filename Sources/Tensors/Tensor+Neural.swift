import CTorchShim

extension Tensor {
  /// `x W^T + b`; `weight [out, in]`, `bias [out]`.
  public func linear(_ weight: Tensor, bias: Tensor? = nil) throws(TensorError) -> Tensor {
    let operands = bias.map { [self, weight, $0] } ?? [self, weight]
    return try perform("linear", operands) { reft_linear(handle, weight.handle, bias?.handle, $0) }
  }

  /// Rows of this table `[vocabulary, d]` for int64 ids.
  public func embedding(of ids: Tensor) throws(TensorError) -> Tensor {
    try perform("embedding", [self, ids]) { reft_embedding(handle, ids.handle, $0) }
  }

  /// `x / sqrt(mean(x^2) + epsilon) * weight` over the last dimension.
  public func rmsNormalised(weight: Tensor, epsilon: Double) throws(TensorError) -> Tensor {
    try perform("rmsNormalised", [self, weight]) { reft_rms_norm(handle, weight.handle, epsilon, $0) }
  }

  /// `(x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias` over the last dimension.
  public func layerNormalised(weight: Tensor, bias: Tensor?, epsilon: Double) throws(TensorError) -> Tensor {
    let operands = bias.map { [self, weight, $0] } ?? [self, weight]
    return try perform("layerNormalised", operands) {
      reft_layer_norm(handle, weight.handle, bias?.handle, epsilon, $0)
    }
  }

  /// `softmax(Q K^T scale + mask) V`.
  ///
  /// - Parameters:
  ///   - query: `[batch, heads, queries, headDim]`; `key`, `value`: `[batch, kvHeads, keys, headDim]`.
  ///   - mask: bool `[queries, keys]`, true where a query may look; excludes `causal`.
  public static func attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor? = nil, causal: Bool, scale: Double
  ) throws(TensorError) -> Tensor {
    try perform("attention", [query, key, value] + (mask.map { [$0] } ?? [])) {
      reft_attention(
        query.handle, key.handle, value.handle, mask?.handle, causal, scale, $0)
    }
  }

  /// The sum over rows of `-log softmax(x W^T + b)[label]`, a scalar, for rows x `[n, d]` and a frozen projection.
  ///
  /// The scores of `chunk` rows at most exist at one time: the gradient of the rows is computed with them, and kept in their place.
  ///
  /// - Parameters:
  ///   - weight: `[vocabulary, d]`; `bias`: `[vocabulary]`. They get no gradient.
  ///   - labels: int64 `[n]`.
  public func vocabularyLoss(
    weight: Tensor, bias: Tensor?, labels: Tensor, chunk: Int
  ) throws(TensorError) -> Tensor {
    try perform("vocabularyLoss", [self, weight, labels]) {
      reft_vocabulary_loss(handle, weight.handle, bias?.handle, labels.handle, Int64(chunk), $0)
    }
  }

  /// Negative log-likelihood of each row: `-log softmax(logits)[target]`.
  ///
  /// - Parameter targets: int64 `[rows]`, for logits `[rows, vocabulary]`.
  public func crossEntropy(_ targets: Tensor) throws(TensorError) -> Tensor {
    try perform("crossEntropy", [self, targets]) { reft_cross_entropy(handle, targets.handle, $0) }
  }
}
