import Layers
import Tensors

/// Norms before and after attention and network: Gemma 2 and 3.
///
/// The sites ``Component/attentionOutput`` and ``Component/mlpOutput`` lie before the second norm, at the projections.
struct SandwichNormBlock: Block {
  let attentionNorm: any Norm
  var attention: SelfAttention
  let afterAttention: any Norm
  let feedForwardNorm: any Norm
  var feedForward: any FeedForward
  let afterFeedForward: any Norm

  var lastAddition: Component? { nil }

  func callAsFunction(_ input: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let x = try pass.tap(input, at: .blockInput)
    let a = try attention(pass.tap(attentionNorm(x), at: .attentionInput), pass)
    let h = try pass.needed(x) + afterAttention(a)
    let m = try feedForward(pass.tap(feedForwardNorm(h), at: .mlpInput), pass)
    return try pass.tap(h + afterFeedForward(m), at: .blockOutput)
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
