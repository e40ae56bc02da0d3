import Layers
import Tensors

/// Norms on the residual stream itself, after each addition: BERT and RoBERTa.
struct PostNormBlock: Block {
  let attention: SelfAttention
  let attentionNorm: any Norm
  let feedForward: any FeedForward
  let feedForwardNorm: any Norm

  func callAsFunction(_ input: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let x = try pass.tap(input, at: .blockInput)
    let h = try attentionNorm(x + attention(x, pass))
    return try pass.tap(feedForwardNorm(h + feedForward(h, pass)), at: .blockOutput)
  }
}
