import Layers
import Tensors

/// One block of a transformer: where attention, feed-forward network and norms stand in the residual stream.
protocol Block {
  /// `x [rows, d]` to `[rows, d]`.
  func callAsFunction(_ x: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor

  var attention: SelfAttention { get }
  var feedForward: any FeedForward { get }
}

/// What all blocks share in one forward pass.
final class Pass {
  let batch: TokenBatch
  let device: Device
  private let cache: KVCache?
  private let tap: Tap
  private var angles: [ObjectIdentifier: RotaryEmbedding.Angles] = [:]

  init(_ batch: TokenBatch, cache: KVCache?, tap: Tap, on device: Device) {
    self.batch = batch
    self.cache = cache
    self.tap = tap
    self.device = device
  }

  func layer(_ index: Int) -> LayerPass {
    LayerPass(pass: self, tap: tap.layer(index), stores: cache?.layer(index))
  }

  /// The angles of the rows, made once for all layers that turn by this embedding.
  fileprivate func angles(of rotary: RotaryEmbedding) throws(TensorError) -> RotaryEmbedding.Angles {
    if let known = angles[ObjectIdentifier(rotary)] { return known }
    let made = try rotary.angles(of: batch.runs, on: device)
    angles[ObjectIdentifier(rotary)] = made
    return made
  }
}

/// What one block is given of the pass.
struct LayerPass {
  fileprivate let pass: Pass
  let tap: LayerTap
  let stores: [KeyValueStore]?

  /// The packed rows of each sequence.
  var sequences: [Range<Int>] { pass.batch.rows }

  /// Turns queries or keys `[rows, heads, headDim]` as their positions say.
  func turn(_ x: Tensor, _ rotary: RotaryEmbedding?) throws(TensorError) -> Tensor {
    guard let rotary else { return x }
    return try rotary(x, pass.angles(of: rotary))
  }
}

extension TokenBatch {
  /// The rows of each sequence by their absolute positions.
  fileprivate var runs: [RotaryEmbedding.Run] {
    sequences.map { sequence in
      let end = sequence.start + sequence.tokens.count
      return .init(positions: sequence.start..<end, sequenceLength: max(end, sequence.promptLength))
    }
  }
}
