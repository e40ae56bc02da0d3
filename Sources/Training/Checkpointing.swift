import Interventions
import LanguageModels
import Tensors

/// Whether the backward pass runs blocks again instead of keeping their activations (gradient checkpointing, arXiv 1604.06174).
///
/// Gradients are the same, bit for bit where blocks share no parameter and compute alike with and without a graph, else up to
/// rounding. The price is one more forward pass of the blocks.
public enum Checkpointing: String, Sendable, CaseIterable {
  /// Where the activations of what is computed at once would take more than half of the memory that was free when the run began.
  case auto
  case on
  case off

  /// Which passes of a run do it, by their rows.
  func rule(_ model: any LanguageModel, _ adapter: Adapter) -> (_ rows: Int) -> Bool {
    switch self {
    case .on: return { _ in true }
    case .off: return { _ in false }
    case .auto:
      guard let budget = FreeRoom.memory(of: model.device).map({ $0 / 2 }) else { return { _ in false } }
      let lowest = adapter.prepends ? 0 : adapter.parts.map(\.target.site.layer).min() ?? 0
      let (blocks, shape) = (model.shape.layers - lowest, model.shape)
      let bytes = model.embeddingTable.dtype.byteCount
      return { Self.keptBytes(rows: $0, blocks: blocks, shape: shape, elementBytes: bytes) > budget }
    }
  }

  /// Bytes that the backward pass needs of the blocks behind the lowest edit.
  ///
  /// A row keeps, in each block: what two norms read and give, queries, keys and values before and after they turn, the heads'
  /// outputs, and the network's four activations.
  static func keptBytes(rows: Int, blocks: Int, shape: ModelShape, elementBytes: Int) -> Int {
    let heads = (3 * shape.heads + 4 * shape.kvHeads) * shape.headDim
    return rows * blocks * (4 * shape.hidden + heads + 4 * shape.intermediate) * elementBytes
  }
}
