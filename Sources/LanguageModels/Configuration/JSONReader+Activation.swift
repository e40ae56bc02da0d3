import JSON
import Layers

extension JSONReader {
  /// An activation by the name that transformers has for it; `nil` where the key is absent.
  func activation(_ key: String) throws -> Activation? {
    guard let name = try string(ifPresent: key) else { return nil }
    switch name {
    // transformers writes one formula under several names.
    case "gelu_new", "gelu_fast": return .geluTanh
    case "swish": return .silu
    default:
      guard let activation = Activation(rawValue: name) else {
        let known = Activation.allCases.map(\.rawValue) + ["gelu_new", "gelu_fast", "swish"]
        throw ModelError.unsupported(
          key: key, value: "'\(name)'", source: source, supported: known.joined(separator: ", "))
      }
      return activation
    }
  }
}
