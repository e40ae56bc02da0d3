import Checkpoints
import Interventions
public import LanguageModels
import Tensors

/// The part of a model that lies below everything that is trained: its activations are the same in every epoch.
///
/// Kept activations equal computed ones up to the rounding of matrix products, which depends on how many rows a batch has: they are
/// computed once, in an order of their own. With the same batch it is the same bit for bit.
public final class Trunk {
  /// Where the trunk ends: the highest place on the residual stream that is not above the lowest edit.
  public let site: Site
  /// All blocks of the model.
  public var blockCount: Int { model.shape.layers }
  private let model: any LanguageModel
  private let adapters: TrainedAdapters
  private var store: TrunkStore?

  /// The trunk below an adapter, frozen adapters in it.
  ///
  /// - Parameter below: a site that something else reads.
  /// - Returns: `nil` where no block lies below, and where rows stand before the texts.
  public init?(of model: any LanguageModel, _ adapters: TrainedAdapters, below other: Site? = nil) {
    guard let lowest = adapters.lowestSite else { return nil }
    let site = min(lowest, other ?? lowest).streamBelow
    guard site.blocksBelow > 0 else { return nil }
    self.site = site
    self.model = model
    self.adapters = adapters
  }

  /// What is kept of a batch, whose sequences are parts of these texts; `nil` where that is not all of it.
  func stream(of batch: TokenBatch, in texts: [TokenBatch.Sequence]) throws(TensorError) -> ResidualStream? {
    guard let rows = try store?.rows(of: batch, in: texts) else { return nil }
    return ResidualStream(at: site, rows: rows)
  }

  /// Keeps the activations of texts from now on.
  ///
  /// - Parameters:
  ///   - room: makes as many bytes as are needed.
  ///   - budget: rows that are computed at once.
  ///   - progress: told after each pass how many rows are done; false ends it, and nothing is kept.
  /// - Returns: whether it came to its end.
  func keep(
    _ groups: [[TokenBatch.Sequence]], in room: (_ bytes: Int) throws -> ScratchBytes, budget: Int,
    progress: (_ rows: Int) throws -> Bool
  ) throws -> Bool {
    let texts = Self.distinct(groups)
    let rows = texts.joined().reduce(0) { $0 + $1.tokens.count }
    var (made, done): (TrunkStore?, Int) = (nil, 0)
    for group in texts {
      for piece in MicroBatch.split(group, budget: budget, tokens: { $0.tokens.count }) {
        guard try progress(done) else { return false }
        let batch = TokenBatch(piece)
        let stream = try withoutGradients { () throws(TensorError) in
          try model.stream(batch, at: site, tap: adapters.tapBeneath(batch)).rows
        }
        let store = try made ?? TrunkStore(in: room(rows * stream.size(1) * stream.dtype.byteCount), for: stream)
        try store.keep(stream, of: batch)
        (made, done) = (store, done + batch.rowCount)
      }
    }
    store = made
    return true
  }

  /// Each text once, where it comes first.
  static func distinct(_ groups: [[TokenBatch.Sequence]]) -> [[TokenBatch.Sequence]] {
    var seen: Set<TrunkStore.Text> = []
    return groups.map { $0.filter { seen.insert(TrunkStore.Text($0)).inserted } }
  }
}

extension LanguageModel {
  /// The final hidden states of a batch, whose sequences are parts of these texts, from what a trunk keeps where it keeps something.
  func hidden(
    _ batch: TokenBatch, of texts: [TokenBatch.Sequence], from trunk: Trunk?, tap: Tap
  ) throws(TensorError) -> Tensor {
    guard let stream = try trunk?.stream(of: batch, in: texts) else { return try hidden(batch, cache: nil, tap: tap) }
    return try hidden(batch, from: stream, tap: tap)
  }
}
