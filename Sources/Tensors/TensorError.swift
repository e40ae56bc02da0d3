import CTorchShim
public import Diagnostics

/// What can go wrong in an operation on tensors.
public enum TensorError: Diagnostic {
  /// The engine refused: the operation's name, its operands as `float32[2, 3]`, and the engine's reason.
  case operation(op: String, operands: [String], message: String)
  /// A tensor does not have the shape that a caller needs.
  case shape(what: String, expected: String, got: [Int])
  /// A device that was asked for is not there.
  case device(requested: String, reason: String)
  /// Models do not compute in this type.
  case computeType(requested: String)

  public var problem: String {
    switch self {
    case .operation(let op, _, let message): "\(op) failed: \(message)"
    case .shape(let what, let expected, let got): "\(what) must have shape \(expected), got \(got)"
    case .computeType(let requested): "models do not compute in '\(requested)'"
    case .device(let requested, let reason): "device '\(requested)' is not available: \(reason)"
    }
  }

  public var location: String {
    switch self {
    case .operation(_, let operands, _): operands.isEmpty ? "" : "operands " + operands.joined(separator: ", ")
    case .shape: ""
    case .device: "--device"
    case .computeType: "--dtype"
    }
  }

  public var remedy: String? {
    switch self {
    case .operation, .shape: nil
    case .device: "use --device cpu, or --device auto, which takes a GPU only where there is one"
    case .computeType: "use float32, bfloat16 or auto, which is bfloat16 on a GPU and float32 on the CPU"
    }
  }

  /// The engine's own words for the last failure on this thread.
  static var lastMessage: String {
    let full = String(cString: reft_last_error())
    // The engine appends its C++ stack to some messages; the first lines are for people.
    return full.split(separator: "\n").prefix { !$0.hasPrefix("Exception raised from") }.joined(separator: " ")
  }
}
