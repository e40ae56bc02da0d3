import Checkpoints
import JSON

/// The classes of pyreft, and the methods they are.
///
/// pyreft's `DireftIntervention` keeps R orthonormal and is the paper's ablation; the paper's DiReFT is `NodireftIntervention`.
enum PyreftKind: String, CaseIterable {
  case loreft = "LoreftIntervention"
  case noreft = "NoreftIntervention"
  case consreft = "ConsreftIntervention"
  case lobireft = "LobireftIntervention"
  case direft = "DireftIntervention"
  case nodireft = "NodireftIntervention"

  var method: String {
    switch self {
    case .loreft: "loreft"
    case .noreft: "noreft"
    case .consreft: "consreft"
    case .lobireft: "lobireft"
    case .direft: "direft_orthonormal"
    case .nodireft: "direft"
    }
  }

  var hasActivation: Bool { self != .consreft && self != .lobireft }
  var hasDropout: Bool { self != .consreft }
  private var isOrthonormal: Bool { self == .consreft || self == .lobireft || self == .direft }

  private static let original = "rotate_layer.parametrizations.weight.original"
  private static let base = "rotate_layer.parametrizations.weight.0.base"

  /// The class that a state dictionary without a configuration shows; several where it could be either.
  static func shown(by names: Set<String>) -> [PyreftKind] {
    if names.contains("rotate_layer") { return [.loreft] }
    if names.contains("proj_layer.weight") { return [.noreft, .nodireft] }
    if names.contains("learned_source") { return [.consreft, .lobireft] }
    return names.contains(original) ? [.direft] : []
  }

  // MARK: Reading

  /// Our tensors out of a state dictionary.
  func tensors(of state: inout PyreftState, width: Int) throws -> [PlainTensor] {
    let result: [PlainTensor]
    switch self {
    case .loreft:
      let rotation = try state.take("rotate_layer", rank: 2, as: "rotation").transposed
      result = [rotation, try state.take("weight", rank: 2, as: "weight"), try state.take("bias", rank: 1, as: "bias")]
    case .noreft, .nodireft:
      var tensors = [try state.take("proj_layer.weight", rank: 2, as: "projection")]
      if self == .noreft, state.has("proj_layer.bias") {
        tensors.append(try state.take("proj_layer.bias", rank: 1, as: "projection_bias"))
      } else {
        state.drop("proj_layer.bias", because: "pyreft adds it nowhere")
      }
      result = tensors + (try source(&state))
    case .consreft, .lobireft:
      let rotation = try rotation(&state)
      result = [rotation, try state.take("learned_source", rank: 1, as: "bias")]
    case .direft:
      let rotation = try rotation(&state)
      result = [rotation] + (try source(&state))
    }
    try state.check("embed_dim", is: width)
    try state.check("interchange_dim", is: width)
    return result
  }

  private func source(_ state: inout PyreftState) throws -> [PlainTensor] {
    [
      try state.take("learned_source.weight", rank: 2, as: "weight"),
      try state.take("learned_source.bias", rank: 1, as: "bias"),
    ]
  }

  /// R `[r, d]` of torch's orthogonal parametrisation.
  private func rotation(_ state: inout PyreftState) throws -> PlainTensor {
    if state.has("rotate_layer.weight") {
      return try state.take("rotate_layer.weight", rank: 2, as: "rotation").transposed
    }
    let original = try state.take(Self.original, rank: 2, as: "rotation")
    let base = try state.take(Self.base, rank: 2, as: "rotation")
    let (d, r) = (original.shape[0], original.shape[1])
    guard base.shape == [d, d] else {
      throw ConversionError.tensorShape(name: Self.base, expected: "[\(d), \(d)]", got: base.shape, file: state.file)
    }
    guard r < d else {
      throw ConversionError.unsupported(
        key: Self.original, value: "a square matrix", reason: "torch parametrises it by the matrix exponential",
        file: state.file)
    }
    return OrthogonalParametrisation.matrix(original: original, base: base).transposed.named("rotation")
  }

  /// The settings that the shapes of our tensors tell.
  func settings(of tensors: [PlainTensor]) throws -> JSONObject {
    guard let matrix = tensors.first else { return [:] }
    var settings: JSONObject = ["rank": .integer(matrix.shape[0])]
    if self == .noreft { settings["projection_bias"] = .bool(tensors.contains { $0.name == "projection_bias" }) }
    return settings
  }

  // MARK: Writing

  /// The rank of an adapter's parts.
  func rank(of parts: [PortableAdapter.Part]) -> Int {
    parts.first?.tensors.first { $0.shape.count == 2 }?.shape[0] ?? 0
  }

  /// The state dictionary of a part, and which of our tensors went where.
  func state(of part: PortableAdapter.Part) throws -> (tensors: [WritableTensor], names: [(from: String, to: String)]) {
    var tensors: [WritableTensor] = []
    var names: [(String, String)] = []
    func take(_ name: String) throws -> PlainTensor {
      guard let tensor = part[name] else {
        throw ConversionError.missingTensor(name: "\(part.key).\(name)", file: "the adapter")
      }
      return tensor
    }
    func add(_ tensor: PlainTensor, from name: String) {
      tensors.append(tensor.writable)
      names.append((name, tensor.name))
    }
    let width = part.tensors.first { $0.shape.count == 2 }?.shape[1] ?? 0
    if self != .loreft {
      for name in ["embed_dim", "interchange_dim"] {
        tensors.append(WritableTensor(name: name, shape: [], integers: [Int64(width)]))
      }
    }
    switch self {
    case .loreft:
      add(try take("weight"), from: "weight")
      add(try take("bias"), from: "bias")
      add(try take("rotation").transposed.named("rotate_layer"), from: "rotation")
      return (tensors, names)
    case .noreft, .nodireft:
      add(try take("projection").named("proj_layer.weight"), from: "projection")
      if let bias = part["projection_bias"] { add(bias.named("proj_layer.bias"), from: "projection_bias") }
    case .consreft, .lobireft, .direft:
      let columns = try take("rotation").transposed
      let (original, base) = OrthogonalParametrisation.coordinates(of: columns)
      add(original.named(Self.original), from: "rotation")
      add(base.named(Self.base), from: "rotation")
    }
    if self == .consreft || self == .lobireft {
      add(try take("bias").named("learned_source"), from: "bias")
    } else {
      add(try take("weight").named("learned_source.weight"), from: "weight")
      add(try take("bias").named("learned_source.bias"), from: "bias")
    }
    return (tensors, names)
  }
}
