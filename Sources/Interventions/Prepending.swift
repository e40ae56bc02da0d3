public import LanguageModels
public import Tensors

/// A method that puts rows before a sequence instead of editing the sequence's own.
///
/// At `0.block_input` the rows are a soft prompt, which goes through all layers; at `key` and `value` of a layer they are keys
/// and values of that layer. Positions do not apply: what stands before a sequence is before all of it.
public protocol Prepending: Intervention {
  /// The rows, `[n, width]`.
  func rows(_ mode: EditMode) throws(TensorError) -> Tensor
}

extension Prepending {
  /// Nothing of the sequence itself changes.
  public func edit(_ mode: EditMode) throws(TensorError) -> any ActivationEdit { Untouched() }
}

private final class Untouched: ActivationEdit {
  func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor { activation }
}

extension Adapter {
  /// Whether the adapter puts rows before a sequence.
  public var prepends: Bool { parts.contains { $0.intervention is any Prepending } }

  /// What the adapter puts before a sequence; `nil` where it does not.
  func prefix(_ mode: EditMode, strength: Double) throws(TensorError) -> VirtualPrefix? {
    var keyValues: [Int: (keys: Tensor?, values: Tensor?)] = [:]
    var length = 0
    for part in parts {
      guard let prepending = part.intervention as? any Prepending else { continue }
      let rows = try prepending.rows(mode)
      length = rows.size(0)
      switch part.target.site.component {
      case .key: keyValues[part.target.site.layer, default: (nil, nil)].keys = rows
      case .value: keyValues[part.target.site.layer, default: (nil, nil)].values = rows
      default: return VirtualPrefix(length: length, .embeddings(rows), strength: strength)
      }
    }
    let both = keyValues.compactMapValues { keys, values in keys.flatMap { k in values.map { (keys: k, values: $0) } } }
    return both.isEmpty ? nil : VirtualPrefix(length: length, .keyValues(both), strength: strength)
  }
}
