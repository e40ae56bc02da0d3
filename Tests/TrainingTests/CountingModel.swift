import LanguageModels
import Tensors

/// A model that counts the rows of its passes.
final class CountingModel: LanguageModel {
  let model: any LanguageModel
  /// Rows that went through all blocks, up to a place, and from a place on.
  private(set) var whole = 0
  private(set) var below = 0
  private(set) var above = 0

  let takesBranches: Bool

  init(_ model: any LanguageModel, takesBranches: Bool = false) {
    self.model = model
    self.takesBranches = takesBranches
  }

  func hidden(_ batch: TokenBatch, cache: KVCache?, tap: Tap) throws(TensorError) -> Tensor {
    whole += batch.rowCount
    return try model.hidden(batch, cache: cache, tap: tap)
  }
  func stream(_ batch: TokenBatch, at site: Site, tap: Tap) throws(TensorError) -> ResidualStream {
    below += batch.rowCount
    return try model.stream(batch, at: site, tap: tap)
  }
  func hidden(_ batch: TokenBatch, from stream: ResidualStream, tap: Tap) throws(TensorError) -> Tensor {
    above += batch.rowCount
    return try model.hidden(batch, from: stream, tap: tap)
  }

  func hidden(_ batch: TokenBatch, along path: TextPath, tap: Tap) throws(TensorError) -> Tensor {
    whole += batch.rowCount
    return try model.hidden(batch, along: path, tap: tap)
  }

  var shape: ModelShape { model.shape }
  var components: Set<Component> { model.components }
  var parameterCount: Int { model.parameterCount }
  var device: Device { model.device }
  var isCausal: Bool { model.isCausal }
  var scoresVocabulary: Bool { model.scoresVocabulary }
  var embeddingTable: WeightMatrix { model.embeddingTable }
  func logits(_ hidden: Tensor) throws(TensorError) -> Tensor { try model.logits(hidden) }
  func projection(reading component: Component, layer: Int) -> Projection? {
    model.projection(reading: component, layer: layer)
  }
  func projection(writing component: Component, layer: Int) -> Projection? {
    model.projection(writing: component, layer: layer)
  }
  func offsetCarrier(of site: Site) -> Site? { model.offsetCarrier(of: site) }
  func replacing(_ projections: [Site: Projection]) -> any LanguageModel { model.replacing(projections) }
  func checkpoint(changing projections: [Site: Projection]) throws -> CheckpointChanges {
    try model.checkpoint(changing: projections)
  }
  func biasCompanions(reading component: Component) throws(TensorError) -> BiasCompanions? {
    try model.biasCompanions(reading: component)
  }
}
