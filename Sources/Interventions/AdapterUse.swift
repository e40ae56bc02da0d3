import LanguageModels
import Tensors

/// An adapter and how it is used in a run.
public struct AdapterUse {
  /// What acts.
  public let adapter: Adapter
  /// s: the edit becomes `h + s (Phi(h) - h)`; 0 leaves the model as it is, 1 is the adapter as it was trained, more
  /// goes beyond it, less than zero the other way.
  public let strength: Double
  /// The named parts of the rank that act, where the method has such; `nil` for all.
  public let subspaces: Set<String>?

  /// A use of an adapter.
  ///
  /// - Throws: ``AdapterError/setting(key:expected:got:method:)`` for a strength that the method has no meaning for,
  ///   ``AdapterError/unknownSubspaces(names:known:)``.
  public init(_ adapter: Adapter, strength: Double = 1, subspaces: Set<String>? = nil) throws(AdapterError) {
    guard strength.isFinite, strength >= 0 || !adapter.prepends else {
      throw .setting(
        key: "strength", expected: adapter.prepends ? "a number, zero or more" : "a number", got: "\(strength)",
        method: adapter.plan.method)
    }
    if let subspaces { try adapter.check(subspaces: subspaces) }
    self.adapter = adapter
    self.strength = strength
    self.subspaces = subspaces
  }

  /// The adapter as it was trained.
  init(whole adapter: Adapter, subspaces: Set<String>? = nil) {
    self.adapter = adapter
    strength = 1
    self.subspaces = subspaces
  }
}

/// `h + s (Phi(h) - h)`.
final class Strengthened: ActivationEdit {
  var isRowwise: Bool { edit.isRowwise }
  private let edit: any ActivationEdit
  private let strength: Double

  init(_ edit: any ActivationEdit, _ strength: Double) {
    self.edit = edit
    self.strength = strength
  }

  var isRepeatable: Bool { edit.isRepeatable }

  func callAsFunction(_ h: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
    try h + (edit(h, from: input) - h) * strength
  }
}
