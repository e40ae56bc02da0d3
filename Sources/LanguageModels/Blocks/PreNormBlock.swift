import Layers
import Tensors

/// Norms before attention and network, one after the other: Llama and most that came after it, GPT-2.
struct PreNormBlock: Block {
  let attentionNorm: any Norm
  var attention: SelfAttention
  let feedForwardNorm: any Norm
  var feedForward: any FeedForward

  var lastAddition: Component? { .mlpOutput }

  func callAsFunction(_ input: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let x = try pass.tap(input, at: .blockInput)
    let a = try attention(pass.tap(attentionNorm(x), at: .attentionInput), pass)
    let (h, m) = try feedForwardNorm.ofSum(pass.needed(x), a)
    return try pass.tap(h + feedForward(pass.tap(m, at: .mlpInput), pass), at: .blockOutput)
  }
}

extension PreNormBlock {
  /// Root mean square norms and a gated network under the names of Llama.
  ///
  /// - Parameter offset: added to the norms' weights (Gemma).
  init(
    _ weights: WeightScope, _ c: DecoderConfiguration, attention: SelfAttention, mlpBias: Bool = false,
    plus offset: Double = 0
  ) throws {
    self.init(
      attentionNorm: try weights.rmsNorm("input_layernorm", c.shape.hidden, epsilon: c.normEpsilon, plus: offset),
      attention: attention,
      feedForwardNorm: try weights.rmsNorm(
        "post_attention_layernorm", c.shape.hidden, epsilon: c.normEpsilon, plus: offset),
      feedForward: GatedMLP(weights("mlp."), c.shape, bias: mlpBias, activation: c.activation))
  }
}
