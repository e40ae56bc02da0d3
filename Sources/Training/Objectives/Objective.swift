public import Interventions
public import LanguageModels
public import Tensors

/// What is made small in training.
public protocol Objective {
  /// The loss summed over the terms of all examples, a scalar.
  func lossSum(_ examples: [TrainingExample], mode: EditMode) throws(TensorError) -> Tensor
  /// How many terms an example adds: the loss of a batch is the mean over all terms of its examples.
  func terms(of example: TrainingExample) -> Int
  /// What its passes compute below everything that is trained, which may be kept from epoch to epoch; `nil` where there is nothing.
  var trunk: Trunk? { get }
  /// The texts that its passes read of an example.
  func sequences(of example: TrainingExample) -> [TokenBatch.Sequence]
}

extension Objective {
  /// Nothing is kept.
  public var trunk: Trunk? { nil }
  /// Nobody asks where nothing is kept.
  public func sequences(of example: TrainingExample) -> [TokenBatch.Sequence] { [] }
}

/// The adapters that act in training: some that stay as they are, then the one that is trained.
public struct TrainedAdapters {
  /// What is trained.
  public let adapter: Adapter
  private let beneath: [AdapterUse]

  /// An adapter on top of others.
  public init(_ adapter: Adapter, on beneath: [AdapterUse] = []) {
    self.adapter = adapter
    self.beneath = beneath
  }

  /// A batch of sequences and the tap that makes each example train the subspaces it names.
  func tapped(
    _ sequences: [TokenBatch.Sequence], of examples: [TrainingExample], mode: EditMode
  ) throws(TensorError) -> (batch: TokenBatch, tap: Tap) {
    var (sequences, routes): ([TokenBatch.Sequence], [Set<String>?]) = (sequences, [])
    for (i, example) in examples.enumerated() {
      sequences[i].route = routes.firstIndex(of: example.subspaces) ?? routes.count
      if sequences[i].route == routes.count { routes.append(example.subspaces) }
    }
    let batch = TokenBatch(sequences)
    var tap = try AdapterRoutes(adapter, subspaces: routes, on: beneath).tap(for: batch, mode: mode)
    if let pass = mode.training, pass.recomputes { tap.recomputation = Recomputation(drawing: pass.random) }
    return (batch, tap)
  }

  /// The lowest activation that depends on what is trained; `nil` where rows stand before the texts, which is below all.
  var lowestSite: Site? {
    if adapter.prepends || beneath.contains(where: \.adapter.prepends) { return nil }
    return adapter.parts.map(\.target.site).min()
  }

  /// The tap of a batch as the model is without what is trained.
  func tapBeneath(_ batch: TokenBatch) throws(TensorError) -> Tap {
    try AdapterRoutes(trusting: [beneath]).tap(for: batch)
  }
}
