public import JSON
public import LanguageModels
public import Tensors

/// A learned edit of one activation in one layer.
///
/// A method is one file in `Methods/` and one line in ``InterventionRegistry``; training, saving, the command and the law
/// suites work from what is declared here.
public protocol Intervention: AnyObject, SendableMetatype {
  /// The settings of the method, as a recipe and adapter.json have them.
  associatedtype Configuration: MethodConfiguration

  /// What the method is called everywhere: `loreft`.
  static var method: String { get }
  /// One sentence, with the formula.
  static var summary: String { get }
  /// Paper and section.
  static var reference: String { get }
  /// Where the method acts when the user does not say.
  static var defaultLocations: String { get }

  /// A new intervention with the method's own initialisation.
  init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws

  /// An intervention with saved tensors: those of ``saved()``, or those of ``trainingState()`` to go on training.
  init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws

  /// The trainable leaves, in a fixed order; all float32.
  var parameters: [NamedTensor] { get }
  /// The number of trainable numbers as the papers count them.
  var parameterCount: Int { get }

  /// The tensors of the adapter file: what inference needs, and nothing more.
  func saved() throws(TensorError) -> [NamedTensor]
  /// Everything needed to go on training exactly here, optimiser aside.
  func trainingState() throws(TensorError) -> [NamedTensor]

  /// The edit of one forward pass.
  func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit

  /// Whether a new intervention changes nothing: `Phi(h) = h`, bit for bit.
  static var startsAsIdentity: Bool { get }
  /// Why the method has no exact fold, where it has none.
  static var whyNotFoldable: String { get }
  /// A term of the loss that depends on the parameters alone, added once an update as it is; `nil` for none.
  func penalty(_ pass: TrainingPass) throws(TensorError) -> Tensor?
  /// Called with the gradients of an update, clipped, before the optimiser takes them.
  func beforeStep() throws(TensorError)
  /// Called after the optimiser has changed the parameters.
  func afterStep() throws(TensorError)
}

extension Intervention {
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.elementCount } }
  public func saved() throws(TensorError) -> [NamedTensor] {
    var detached: [NamedTensor] = []
    for parameter in parameters { detached.append(NamedTensor(parameter.name, try parameter.tensor.detached())) }
    return detached
  }
  public func trainingState() throws(TensorError) -> [NamedTensor] { try saved() }
  public static var startsAsIdentity: Bool { false }
  public static var whyNotFoldable: String { "its edit depends on the input and equals no change of one weight" }
  public func penalty(_ pass: TrainingPass) throws(TensorError) -> Tensor? { nil }
  public func beforeStep() throws(TensorError) {}
  public func afterStep() throws(TensorError) {}
}

/// The activation that an intervention edits.
public struct Target {
  /// The activation and its layer.
  public let site: Site
  /// The heads in question, ascending; `nil` for all, or where the component has none.
  public let heads: [Int]?
  /// The sizes of the model.
  public let shape: ModelShape
  /// Where the model computes, and where trained tensors belong.
  public let device: Device
  /// The frozen map that writes the activation, `[out, in]`; `nil` where none does.
  public let projection: Projection?
  /// The sites of all interventions of the adapter, this one's included.
  public let peers: [Site]
  /// What these interventions hold together.
  public let shared: SharedTensors
  /// Whether a row of the model sees only what comes before it.
  public let isCausal: Bool
  /// The model's embedding table `[vocabulary, d]`, for methods that begin at tokens.
  public let embedding: WeightMatrix?

  /// A target; ``Adapter`` makes it from a location that was checked against the model.
  public init(
    site: Site, heads: [Int]? = nil, shape: ModelShape, device: Device = .cpu, projection: Projection? = nil,
    peers: [Site]? = nil, shared: SharedTensors = SharedTensors(), isCausal: Bool = true, embedding: WeightMatrix? = nil
  ) {
    self.site = site
    self.heads = heads
    self.shape = shape
    self.device = device
    self.projection = projection
    self.peers = peers ?? [site]
    self.shared = shared
    self.isCausal = isCausal
    self.embedding = embedding
  }

  /// Width of one row of the activation, d.
  public var width: Int { shape.width(of: site.component) }
  /// Width of one row of what the activation was computed from, where that is one activation.
  public var inputWidth: Int? { shape.inputWidth(of: site.component) }
}

/// The settings of a method, read strictly from JSON or YAML and written back whole.
public protocol MethodConfiguration: Sendable, Equatable {
  /// Reads the settings; absent ones take the method's defaults, unknown ones are errors.
  init(_ json: JSONReader) throws
  /// All settings, defaults included.
  var json: JSONObject { get }
}

/// A method that scores the units (heads) it was given, to choose the ones that matter.
public protocol UnitSelecting: Intervention {
  /// Head and score, for each head of the target.
  func unitScores() throws(TensorError) -> [(head: Int, score: Double)]
}

/// Which linear map an edit folds into.
public enum FoldSide: Sendable {
  /// The one that reads the activation: `W e(z)`.
  case reader
  /// The one that writes it: `e(W x)`.
  case writer
  /// The bias that adds to it: `e(h) = h + c`.
  case offset
}

/// A method whose edit is exactly a change of the weights of one projection.
public protocol Mergeable: Intervention {
  /// Which projection that is.
  var foldsInto: FoldSide { get }
  /// The projection's weight `[out, in]` and bias `[out]` with the edit folded in.
  func folded(into projection: Projection) throws -> (weight: Tensor, bias: Tensor?)
}
