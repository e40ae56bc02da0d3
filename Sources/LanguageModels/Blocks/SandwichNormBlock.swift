import Layers
import Tensors

/// Norms before and after attention and network: Gemma 2 and 3.
///
/// The sites ``Component/attentionOutput`` and ``Component/mlpOutput`` lie before the second norm, at the projections.
struct SandwichNormBlock: Block {
  let attentionNorm: any Norm
  let attention: SelfAttention
  let afterAttention: any Norm
  let feedForwardNorm: any Norm
  let feedForward: any FeedForward
  let afterFeedForward: any Norm

  func callAsFunction(_ input: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let x = try pass.tap(input, at: .blockInput)
    let h = try x + afterAttention(attention(attentionNorm(x), pass))
    return try pass.tap(h + afterFeedForward(feedForward(feedForwardNorm(h), pass)), at: .blockOutput)
  }
}

extension SandwichNormBlock {
  /// Norms and a gated network under the names of Gemma 2 and 3, whose norms multiply by `1 + weight`.
  init(_ weights: WeightScope, _ c: DecoderConfiguration, attention: SelfAttention) throws {
    func norm(_ name: String) throws -> any Norm {
      try weights.rmsNorm(name, c.shape.hidden, epsilon: c.normEpsilon, plus: 1)
    }
    self.init(
      attentionNorm: try norm("input_layernorm"), attention: attention,
      afterAttention: try norm("post_attention_layernorm"),
      feedForwardNorm: try norm("pre_feedforward_layernorm"),
      feedForward: GatedMLP(weights("mlp."), c.shape, bias: false, activation: c.activation),
      afterFeedForward: try norm("post_feedforward_layernorm"))
  }
}
