import Layers
import Tensors

/// Attention and network side by side on the same input: GPT-NeoX.
struct ParallelBlock: Block {
  let attentionNorm: any Norm
  var attention: SelfAttention
  let feedForwardNorm: any Norm
  var feedForward: any FeedForward

  var lastAddition: Component? { .mlpOutput }

  func callAsFunction(_ input: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor {
    let x = try pass.tap(input, at: .blockInput)
    let a = try attention(pass.tap(attentionNorm(x), at: .attentionInput), pass)
    let rest = try pass.needed(x)
    let m = try feedForward(pass.tap(feedForwardNorm(rest), at: .mlpInput), pass)
    return try pass.tap(m + a + rest, at: .blockOutput)
  }
}
