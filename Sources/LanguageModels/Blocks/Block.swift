import Layers
import Tensors

/// One block of a transformer: where attention, feed-forward network and norms stand in the residual stream.
protocol Block {
  /// `x [rows, d]` to `[rows, d]`.
  func callAsFunction(_ x: Tensor, _ pass: LayerPass) throws(TensorError) -> Tensor

  var attention: SelfAttention { get set }
  var feedForward: any FeedForward { get set }
  /// The component whose projection adds to the residual stream as it is, last in the block; `nil` behind a norm.
  var lastAddition: Component? { get }
}

/// Projections with the one tensor that some of them are parts of.
typealias StoredProjections = (maps: [(component: Component, map: StoredLinear)], fused: FusedLinear?)

extension Block {
  var attentionProjections: StoredProjections { (attention.projections, attention.fused) }
  var networkProjections: StoredProjections { (feedForward.projections, feedForward.fused) }

  /// The projection whose output is this component.
  func projection(writing component: Component) -> StoredLinear? {
    (attention.projections + feedForward.projections).first { $0.component == component }?.map
  }

  /// The same block with another projection there.
  func replacing(_ component: Component, by map: StoredLinear) -> Self {
    var copy = self
    if attention.projections.contains(where: { $0.component == component }) {
      copy.attention = attention.replacing(component, by: map)
    } else {
      copy.feedForward = feedForward.replacing(component, by: map)
    }
    return copy
  }
}

/// What all blocks share in one forward pass.
final class Pass {
  /// The sequences behind what stands before them, and then the soft prompts as sequences of their own.
  let batch: TokenBatch
  let device: Device
  /// Rows of tokens, which come first.
  let tokenRows: Int
  private let cache: KVCache?
  private let path: TextPath?
  fileprivate let step: DecodingSlots.Step?
  private let tap: Tap
  private let virtual: [(prefix: VirtualPrefix, rows: Range<Int>)]
  private var angles: [ObjectIdentifier: RotaryEmbedding.Angles] = [:]

  /// The sequences as parts of a tree of texts, where they are such.
  fileprivate let branches: [PackedAttention.Branch]?

  init(
    _ batch: TokenBatch, cache: KVCache? = nil, path: TextPath? = nil, step: DecodingSlots.Step? = nil, tap: Tap,
    on device: Device
  ) {
    virtual = tap.virtualSequences(of: batch)
    tokenRows = batch.rowCount
    var sequences = batch.sequences
    for (i, prefix) in tap.prefixes {
      sequences[i].start += prefix.length
      sequences[i].promptLength += prefix.length
    }
    sequences += virtual.map { .init(tokens: [Int32](repeating: 0, count: $0.prefix.length)) }
    self.batch = tap.prefixes.isEmpty ? batch : TokenBatch(sequences, asking: batch.asked)
    let parents = self.batch.sequences.map(\.parent)
    self.parents = parents.allSatisfy { $0 == nil } ? [] : parents
    branches = path == nil ? nil : Self.branches(of: self.batch, given: batch)
    self.cache = cache
    self.path = path
    self.step = step
    self.tap = tap
    self.device = device
  }

  /// The sequences that others of the batch go on from; empty where none does.
  fileprivate let parents: [Int?]

  /// The sequences of the pass as parts of a tree; a soft prompt begins a text of its own.
  private static func branches(of batch: TokenBatch, given: TokenBatch) -> [PackedAttention.Branch] {
    batch.rows.enumerated().map { i, rows in
      let sequence = i < given.sequences.count ? given.sequences[i] : nil
      return .init(rows: rows, start: sequence?.start ?? 0, parent: sequence?.parent)
    }
  }

  /// The embeddings of the soft prompts, in their order.
  var virtualEmbeddings: [Tensor] {
    virtual.compactMap { if case .embeddings(let rows) = $0.prefix.content { rows } else { nil } }
  }

  /// What each sequence sees before its own rows in one layer, whose turned keys and values these are.
  fileprivate func prefixes(
    layer: Int, keys: Tensor, values: Tensor
  ) throws(TensorError) -> [PackedAttention.Prefix?] {
    if tap.prefixes.isEmpty { return [] }
    var found: [PackedAttention.Prefix?] = []
    for (i, sequence) in batch.sequences.enumerated() {
      guard let prefix = tap.prefixes[i] else {
        found.append(nil)
        continue
      }
      var rows: (keys: Tensor, values: Tensor)?
      switch prefix.content {
      case .embeddings:
        if let own = virtual.first(where: { $0.prefix === prefix })?.rows, sequence.start == prefix.length {
          rows = (try keys.narrowed(0, own), try values.narrowed(0, own))
        }
      case .keyValues(let layers):
        guard let own = layers[layer] else {
          found.append(nil)
          continue
        }
        if sequence.start == prefix.length {
          let shape = [prefix.length, keys.size(1), keys.size(2)]
          rows = (
            try own.keys.reshaped(shape).converted(to: keys.dtype),
            try own.values.reshaped(shape).converted(to: values.dtype)
          )
        }
      }
      found.append(.init(length: prefix.length, strength: prefix.strength, rows: rows))
    }
    return found
  }

  /// The layer behind which the pass ends.
  var lastLayer: Int? { tap.lastLayer }

  /// How blocks are run again; nothing is where a cache takes in rows.
  var recomputation: Recomputation? { cache == nil ? tap.recomputation : nil }

  /// The rows of tokens among those of the residual stream, which come before those of soft prompts.
  func tokens(of stream: Tensor) throws(TensorError) -> Tensor {
    stream.size(0) > tokenRows ? try stream.narrowed(0, 0..<tokenRows) : stream
  }

  /// The rows that are asked for, of the stream that left the last block.
  func asked(of stream: Tensor) throws(TensorError) -> Tensor {
    if isNarrowed { return stream }
    let rows = try tokens(of: stream)
    guard let asked = batch.asked else { return rows }
    return try rows.selected(Tensor(asked.map(Int64.init), on: device))
  }

  /// Whether the last block has left out the rows that nobody asks for.
  private var isNarrowed = false

  /// - Parameter isLast: whether no block comes behind this one, so that it needs no rows but those that are asked for.
  func layer(_ index: Int, isLast: Bool = false) throws(TensorError) -> LayerPass {
    if isLast, let asked = batch.asked, asked.count < batch.rowCount, tap.lastLayer == nil,
      let narrowed = tap.narrowed(to: asked, in: index)
    {
      isNarrowed = true
      return LayerPass(
        pass: self, tap: narrowed.layer(index), stores: cache?.layer(index), path: path?.layer(index),
        layer: index,
        rows: try Tensor(asked.map(Int64.init), on: device))
    }
    return LayerPass(
      pass: self, tap: tap.layer(index), stores: cache?.layer(index), path: path?.layer(index), layer: index, rows: nil)
  }

  /// The angles of the rows, made once for all layers that turn by this embedding.
  fileprivate func angles(
    of rotary: RotaryEmbedding, as dtype: DType
  ) throws(TensorError) -> RotaryEmbedding.Angles {
    if let known = angles[ObjectIdentifier(rotary)] { return known }
    let made =
      if let step { try step.angles(of: rotary, as: dtype) } else {
        try rotary.angles(of: batch.runs, on: device, as: dtype)
      }
    angles[ObjectIdentifier(rotary)] = made
    return made
  }
}

/// What one block is given of the pass.
struct LayerPass {
  fileprivate let pass: Pass
  let tap: LayerTap
  private let stores: [KeyValueStore]?
  private let path: PathStore?
  private let layer: Int
  /// The rows that are needed behind the attention heads; `nil` for all.
  private let rows: Tensor?

  /// The rows of an activation, or of a residual stream, that are needed behind the attention heads.
  func needed(_ x: Tensor) throws(TensorError) -> Tensor {
    try rows.map { rows throws(TensorError) in try x.selected(rows) } ?? x
  }

  fileprivate init(
    pass: Pass, tap: LayerTap, stores: [KeyValueStore]?, path: PathStore?, layer: Int, rows: Tensor?
  ) {
    self.pass = pass
    self.tap = tap
    self.stores = stores
    self.path = path
    self.layer = layer
    self.rows = rows
  }

  /// Attends; `q` `[rows, heads, headDim]`, `k` and `v` `[rows, kvHeads, headDim]` are the layer's, turned.
  func attend(
    _ attention: PackedAttention, _ q: Tensor, _ k: Tensor, _ v: Tensor
  ) throws(TensorError) -> Tensor {
    if let step = pass.step { return try step.attend(attention, q, k, v, layer: layer) }
    let prefixes = try pass.prefixes(layer: layer, keys: k, values: v)
    guard let path, let branches = pass.branches else {
      return try attention(
        q, k, v, sequences: pass.batch.rows, parents: pass.parents, stores: stores, prefixes: prefixes)
    }
    return try attention(q, k, v, branches: branches, path: path, prefixes: prefixes)
  }

  /// Turns queries or keys `[rows, heads, headDim]` as their positions say.
  func turn(_ x: Tensor, _ rotary: RotaryEmbedding?) throws(TensorError) -> Tensor {
    guard let rotary else { return x }
    return try rotary(x, pass.angles(of: rotary, as: x.dtype))
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
