import Layers
import Tensors

/// Hidden states to vocabulary scores, which are float32 whatever the model computes in: losses and probabilities follow.
struct VocabularyHead {
  /// `[vocabulary, d]`; the embedding table itself when tied.
  let projection: Linear
  /// c: scores become `c tanh(score / c)` (Gemma 2).
  var softcap: Double?
  /// What comes before the projection (the masked-language heads of BERT and RoBERTa).
  var transform: (dense: Linear, activation: Activation, norm: LayerNorm)?

  func callAsFunction(_ hidden: Tensor) throws(TensorError) -> Tensor {
    var x = hidden
    if let transform { x = try transform.norm(transform.activation(transform.dense(x))) }
    let scores = try projection(x).widened()
    guard let softcap else { return scores }
    return try (scores / softcap).tanh() * softcap
  }

  /// The sum of `-log p(label)` at once with its gradient; `nil` where scores are more than a product.
  func lossSum(_ hidden: Tensor, labels: Tensor, chunk: Int) throws(TensorError) -> Tensor? {
    guard softcap == nil, transform == nil, case .plain(let weight) = projection.matrix else { return nil }
    return try hidden.vocabularyLoss(
      weight: weight, bias: projection.bias, labels: labels, chunk: chunk)
  }
}
