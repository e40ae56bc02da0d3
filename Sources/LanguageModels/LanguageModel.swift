public import JSON
public import Tensors

/// A frozen decoder-only transformer.
///
/// One architecture is one file in `Architectures/` and one line in ``ModelRegistry``.
public protocol LanguageModel: AnyObject, SendableMetatype {
  /// The `model_type` values of config.json (and GGUF's `general.architecture`) that this architecture reads.
  static var modelTypes: [String] { get }

  /// Builds the model; every missing or misshapen weight is reported at once.
  init(configuration: JSONReader, weights: WeightLoader) throws

  /// The sizes of the model, as its configuration gives them.
  var shape: ModelShape { get }
  /// The activations at which the tap is called, once a layer each.
  var components: Set<Component> { get }
  /// Number of weights, each counted once.
  var parameterCount: Int { get }
  /// Where the weights lie and every pass runs.
  var device: Device { get }

  /// The final hidden states of the packed rows, `[rows, d]`, final norm applied.
  ///
  /// - Parameters:
  ///   - cache: holds what came before `start` of each sequence, and takes in the new rows; `nil` for whole sequences.
  ///   - tap: the edits of this pass.
  func hidden(_ batch: TokenBatch, cache: KVCache?, tap: Tap) throws(TensorError) -> Tensor

  /// Vocabulary scores `[rows, vocabulary]` of hidden states `[rows, d]`; call it on the rows somebody needs.
  func logits(_ hidden: Tensor) throws(TensorError) -> Tensor

  /// The projection that reads this component and nothing else; `nil` where there is none.
  func projection(reading component: Component, layer: Int) -> Projection?

  /// What must stand beside biases of the projections that read this component.
  func biasCompanions(reading component: Component) -> BiasCompanions
}
