public import Tensors

/// A frozen transformer: a decoder that continues texts, or an encoder that reads them whole.
///
/// ``Transformer`` is the one of this package; an ``Architecture`` builds it from a checkpoint.
public protocol LanguageModel: AnyObject {
  /// The sizes of the model, as its configuration gives them.
  var shape: ModelShape { get }
  /// The activations at which the tap is called, once a layer each.
  var components: Set<Component> { get }
  /// Number of weights, each counted once.
  var parameterCount: Int { get }
  /// Where the weights lie and every pass runs.
  var device: Device { get }
  /// Whether a row sees only what comes before it, so that texts can be continued; encoders see everything.
  var isCausal: Bool { get }
  /// Whether there is a projection to the vocabulary; some published encoders come without.
  var scoresVocabulary: Bool { get }

  /// The length up to which what a cache holds of a growing sequence stays right; a longer one must be read anew, once.
  var cacheLimit: Int? { get }

  /// Whether sequences of a batch may go on from others of it (``TokenBatch/Sequence/parent``) in ``hidden(_:cache:tap:)``, so
  /// that what texts have in common is computed once.
  var takesBranches: Bool { get }

  /// The final hidden states of the packed rows, `[rows, d]`, final norm applied.
  ///
  /// - Parameters:
  ///   - cache: holds what came before `start` of each sequence, and takes in the new rows; `nil` for whole sequences,
  ///     and always for encoders.
  ///   - tap: the edits of this pass.
  func hidden(_ batch: TokenBatch, cache: KVCache?, tap: Tap) throws(TensorError) -> Tensor

  /// The residual stream of whole sequences at a place, with the edits below it and without those at it.
  ///
  /// - Precondition: the site is on the residual stream.
  func stream(_ batch: TokenBatch, at site: Site, tap: Tap) throws(TensorError) -> ResidualStream

  /// The final hidden states of whole sequences, as ``hidden(_:cache:tap:)`` gives them, from a place on the residual stream on.
  ///
  /// With the same batch and what ``stream(_:at:tap:)`` gave for the same tap it is the same, bit for bit.
  ///
  /// - Precondition: no soft prompt is in the tap.
  func hidden(_ batch: TokenBatch, from stream: ResidualStream, tap: Tap) throws(TensorError) -> Tensor

  /// The final hidden states of packed rows that are part of a tree of texts, `[rows, d]`, final norm applied.
  ///
  /// - Parameters:
  ///   - path: what the sequences without a parent go on from, as far as each one's `start`.
  ///   - tap: the edits of this pass.
  func hidden(_ batch: TokenBatch, along path: TextPath, tap: Tap) throws(TensorError) -> Tensor

  /// Whether sequences can grow in memory of a fixed shape (``hidden(_:in:columns:tap:)``).
  var takesSlots: Bool { get }

  /// The final hidden states `[slots, d]` of a step over all slots, final norm applied: each reads the token that
  /// ``DecodingSlots/read(tokens:positions:)`` said. No number goes from the host to the device, so that the step can be recorded.
  ///
  /// - Precondition: ``takesSlots``; no soft prompt is in the tap.
  /// - Parameters:
  ///   - batch: one row a slot, as the tap was made for; its tokens and positions are not read.
  ///   - columns: how much of the slots is looked at; more than every position.
  ///   - tap: the edits of this pass.
  func hidden(_ batch: TokenBatch, in slots: DecodingSlots, columns: Int, tap: Tap) throws(TensorError) -> Tensor

  /// Vocabulary scores `[rows, vocabulary]` of hidden states `[rows, d]`; call it on the rows somebody needs.
  ///
  /// - Precondition: ``scoresVocabulary``.
  func logits(_ hidden: Tensor) throws(TensorError) -> Tensor

  /// The sum of `-log p(label)` over hidden states `[rows, d]`, one label a row: a scalar.
  ///
  /// Scores exist for a few rows at a time, in the backward pass too.
  ///
  /// - Precondition: ``scoresVocabulary``.
  func lossSum(_ hidden: Tensor, labels: [Int32]) throws(TensorError) -> Tensor

  /// The embedding table `[vocabulary, d]`.
  var embeddingTable: WeightMatrix { get }

  /// The projection that reads this component and nothing else; `nil` where there is none.
  func projection(reading component: Component, layer: Int) -> Projection?

  /// The projection whose output this component is; `nil` where there is none.
  func projection(writing component: Component, layer: Int) -> Projection?

  /// The component with a projection whose bias adds to this site as it is; `nil` where there is none.
  func offsetCarrier(of site: Site) -> Site?

  /// This model with other projections at these components, which ``projection(writing:layer:)`` names; all else is shared.
  func replacing(_ projections: [Site: Projection]) -> any LanguageModel

  /// What a checkpoint must change to have other projections at these components, which ``projection(writing:layer:)`` names.
  ///
  /// - Throws: ``ModelError/carriesNoBias(component:)`` where a projection has a bias that no checkpoint that other libraries
  ///   read can carry.
  func checkpoint(changing projections: [Site: Projection]) throws -> CheckpointChanges

  /// What must stand beside biases of the projections that read this component; `nil` where no checkpoint that other
  /// libraries read can carry such a bias.
  func biasCompanions(reading component: Component) throws(TensorError) -> BiasCompanions?
}

extension LanguageModel {
  /// None: what was read stays right.
  public var cacheLimit: Int? { nil }
  public var takesBranches: Bool { false }
  public var takesSlots: Bool { false }
  public func hidden(
    _ batch: TokenBatch, in slots: DecodingSlots, columns: Int, tap: Tap
  ) throws(TensorError) -> Tensor {
    preconditionFailure("this model's sequences do not grow in slots: ask takesSlots first")
  }

  /// Refuses encoders where texts are to be continued or scored from left to right.
  ///
  /// - Throws: ``ModelError/readsOnly``.
  public func checkContinuesTexts() throws(ModelError) {
    guard isCausal, scoresVocabulary else { throw .readsOnly }
  }
}
