import Layers
import Tensors

/// Attention and network side by side on the same input: GPT-NeoX.
struct ParallelBlock: Block {
  let attentionNorm: any Norm
  let attention: SelfAttention
  let feedForwardNorm: any Norm
  let feedForward: any FeedForward

  func callAsFunction(_ input: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let x = try pass.tap(input, at: .blockInput)
    let a = try attention(attentionNorm(x), pass)
    let m = try feedForward(feedForwardNorm(x), pass)
    return try pass.tap(m + a + x, at: .blockOutput)
  }
}
