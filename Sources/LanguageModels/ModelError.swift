public import Diagnostics
public import Tensors

/// Why a model cannot be built from a checkpoint.
public enum ModelError: Diagnostic {
  /// No architecture reads this `model_type`.
  ///
  /// - Parameter kind: what it stands for, where that is no kind of model that is computed here.
  case unknownArchitecture(name: String, kind: String? = nil, source: String, known: [String])
  /// The weights are packed by a quantisation that is not read.
  ///
  /// - Parameter sign: what tells so: a key, a tensor.
  case quantized(method: String, sign: String, source: String)
  /// A configuration value that this architecture does not implement.
  case unsupported(key: String, value: String, source: String, supported: String)
  /// A tensor that the architecture needs is not in the checkpoint.
  case missingTensor(name: String, shape: [Int], source: String, nearest: String?)
  /// A tensor does not have the shape that the configuration implies.
  case tensorShape(name: String, expected: [Int], got: [Int], source: String)
  /// A weight is stored as something else than real numbers.
  case tensorKind(name: String, got: String, source: String)
  /// The checkpoint holds tensors that the architecture does not have.
  case unusedTensors(names: [String], source: String)
  /// An encoder was asked to continue texts.
  case readsOnly
  /// There is no such form of matrices, or not on this device in this type.
  case weightForm(requested: String, device: Device, dtype: DType)
  /// No checkpoint of this architecture that other libraries read has a bias there.
  case carriesNoBias(component: String)
  /// Two configuration values contradict each other.
  case inconsistent(problem: String, source: String)

  public var problem: String {
    switch self {
    case .unknownArchitecture(let name, let kind, _, _):
      "no architecture reads model_type '\(name)'" + (kind.map { ", \($0)" } ?? "")
    case .quantized(let method, let sign, _):
      "the weights are quantised (\(method)), as \(sign) says, which is not supported in safetensors"
    case .unsupported(let key, let value, _, _): "'\(key)' is \(value), which is not supported"
    case .missingTensor(let name, let shape, _, _): "the tensor '\(name)' \(shape) is missing"
    case .tensorShape(let name, let expected, let got, _): "the tensor '\(name)' must be \(expected), got \(got)"
    case .tensorKind(let name, let got, _): "the tensor '\(name)' must hold real numbers, got \(got)"
    case .unusedTensors(let names, _):
      "\(names.count) tensors of the checkpoint belong to no part of the model: "
        + names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
    case .readsOnly: "this model is an encoder: it reads whole texts and cannot continue them"
    case .weightForm(let requested, let device, let dtype):
      WeightForm(rawValue: requested) == nil
        ? "there are no '\(requested)' weights"
        : "'\(requested)' weights are for the CPU in float32, not for \(device) in \(dtype.rawValue)"
    case .carriesNoBias(let component):
      "no checkpoint of this architecture can carry a bias of the projection at \(component)"
    case .inconsistent(let problem, _): problem
    }
  }

  public var location: String {
    switch self {
    case .unknownArchitecture(_, _, let source, _), .quantized(_, _, let source), .unsupported(_, _, let source, _),
      .missingTensor(_, _, let source, _), .tensorShape(_, _, _, let source), .unusedTensors(_, let source),
      .tensorKind(_, _, let source),
      .inconsistent(_, let source):
      source
    case .readsOnly, .carriesNoBias: "model"
    case .weightForm: "weights"
    }
  }

  public var remedy: String? {
    switch self {
    case .unknownArchitecture(_, .some, _, let known): "use a model of one of: \(known.joined(separator: ", "))"
    case .unknownArchitecture(let name, nil, _, let known): NearestName.remedy(for: name, among: known)
    case .quantized:
      "use the model's original weights (F32, F16 or BF16), or a GGUF file of it, whose quantised types are read"
    case .unsupported(_, _, _, let supported): "supported: \(supported)"
    case .missingTensor(_, _, _, let nearest): nearest.map { "the nearest name in the file is '\($0)'" }
    case .tensorKind:
      "use a checkpoint in F32, F16 or BF16, or a GGUF file: other packings of 4 and 8 bits are not read"
    case .unusedTensors: "check that config.json says all that these weights need, biases for one"
    case .weightForm(let requested, _, _):
      if WeightForm(rawValue: requested) == nil {
        "expected auto, \(WeightForm.allCases.map(\.rawValue).joined(separator: ", "))"
          + (NearestName.closest(to: requested, in: ["auto"] + WeightForm.allCases.map(\.rawValue))
            .map { "; did you mean '\($0)'?" } ?? "")
      } else {
        "leave --weights out, or run with --device cpu --dtype float32"
      }
    case .readsOnly: "use a decoder (GPT, Llama, Qwen, ...); reft embed turns texts into vectors with an encoder"
    case .carriesNoBias: "keep the adapter beside the model: `reft generate --adapter` applies it at run time"
    case .tensorShape, .inconsistent: "check that config.json belongs to these weights"
    }
  }
}
