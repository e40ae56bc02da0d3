import LanguageModels
public import Tensors

/// A vector at one site, with what is known of the samples it was found in.
public final class SteeringVector {
  /// The vector over the whole row of the activation, `[width]`; zero at heads that were not chosen.
  public let row: Tensor
  /// Deviation of the samples along the vector; 1 where it is not known.
  public let sigma: Double
  /// Mean of the samples along the vector made a unit vector: what readings are counted from; 0 where it is not known.
  public let centre: Double
  private let target: Target
  private let stored: Tensor  // over the chosen heads, [chosen * headDim]
  private let heads: Tensor?  // the chosen heads, int64; nil for all

  /// A random unit vector.
  convenience init(on target: Target, using random: RandomSource) throws {
    let noise = try random.normal([Self.width(of: target)])
    try self.init(target, noise / noise.norm(), sigma: 1, centre: 0)
  }

  /// A saved vector; `sigma` and `centre` may be absent, as vectors of other tools have none.
  convenience init(on target: Target, restoring tensors: SavedTensors) throws {
    let vector = try tensors.take("vector", [Self.width(of: target)])
    let sigma = tensors.has("sigma") ? try tensors.take("sigma", [1]).item() : 1
    let centre = tensors.has("centre") ? try tensors.take("centre", [1]).item() : 0
    try self.init(target, vector, sigma: sigma, centre: centre)
  }

  private init(_ target: Target, _ vector: Tensor, sigma: Double, centre: Double) throws {
    self.target = target
    self.sigma = sigma
    self.centre = centre
    stored = try vector.moved(to: target.device)
    if let heads = target.heads, heads.count < target.shape.heads {
      let none = try Tensor.zeros([target.shape.heads, target.shape.headDim], on: target.device)
      let index = try Tensor(heads.map(Int64.init), on: target.device)
      row = try none.replacing(index, with: stored.reshaped([heads.count, target.shape.headDim])).reshaped([-1])
      self.heads = index
    } else {
      row = stored
      heads = nil
    }
  }

  private static func width(of target: Target) -> Int {
    target.heads.map { $0.count * target.shape.headDim } ?? target.width
  }

  /// The tensors of the adapter file.
  var saved: [NamedTensor] {
    get throws(TensorError) {
      [
        NamedTensor("vector", stored), NamedTensor("sigma", try Tensor([Float(sigma)])),
        NamedTensor("centre", try Tensor([Float(centre)])),
      ]
    }
  }

  /// The map that a constant at this site folds into.
  var foldsInto: FoldSide {
    switch target.site.component {
    case .headOutput, .mlpActivation: .reader
    default: .offset
    }
  }

  func edit(_ configuration: Steering.Configuration) throws(TensorError) -> any ActivationEdit {
    if configuration.operator == .add, !configuration.normalise {
      let shape = target.site.component.isPerHead ? [target.shape.heads, target.shape.headDim] : [target.width]
      return ConstantOffset(try (row * configuration.coefficient).reshaped(shape))
    }
    return SteeringEdit(configuration, stored, heads: heads, length: try stored.norm().item())
  }
}

/// The operators that depend on the row.
private final class SteeringEdit: ActivationEdit {
  var isRowwise: Bool { true }
  private let configuration: Steering.Configuration
  private let vector: Tensor  // c over the chosen heads or the whole row
  private let heads: Tensor?
  private let length: Double

  /// Added to lengths and products before they divide, far below any that matters: a row of zeros stays one.
  private static let nothing = 1e-30

  init(_ configuration: Steering.Configuration, _ vector: Tensor, heads: Tensor?, length: Double) {
    self.configuration = configuration
    self.vector = vector
    self.heads = heads
    self.length = length
  }

  func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
    guard let heads else { return try edited(activation) }
    return try activation.replacing(heads, along: 1, with: edited(activation.selected(heads, along: 1)))
  }

  private func edited(_ activation: Tensor) throws(TensorError) -> Tensor {
    let h = try activation.reshaped([activation.size(0), -1])
    let scaled = try vector * configuration.coefficient
    var y: Tensor
    switch configuration.operator {
    case .add: y = try h + scaled
    case .piecewise:
      let product = try h.matmul(scaled.unsqueezed(1))  // [rows, 1]
      y = try h + product / (product.abs() + Self.nothing) * scaled
    case .projection:
      let unit = try vector / max(length, Self.nothing)
      y = try h - h.matmul(unit.unsqueezed(1)) * unit * configuration.coefficient
    }
    if configuration.normalise {
      y = try y * (h.norm(along: 1) / (y.norm(along: 1) + Self.nothing)).unsqueezed(1)
    }
    return try y.reshaped(activation.shape)
  }
}
