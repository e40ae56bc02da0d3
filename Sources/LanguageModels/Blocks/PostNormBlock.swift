import Layers
import Tensors

/// Norms on the residual stream itself, after each addition: BERT and RoBERTa.
struct PostNormBlock: Block {
  var attention: SelfAttention
  let attentionNorm: any Norm
  var feedForward: any FeedForward
  let feedForwardNorm: any Norm

  var lastAddition: Component? { nil }

  func callAsFunction(_ input: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let x = try pass.tap(input, at: .blockInput)
    let a = try attention(pass.tap(x, at: .attentionInput), pass)
    let h = try pass.tap(attentionNorm(pass.needed(x) + a), at: .mlpInput)
    return try pass.tap(feedForwardNorm(h + feedForward(h, pass)), at: .blockOutput)
  }
}
