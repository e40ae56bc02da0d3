public import Tensors

/// A function on activations: what an intervention does to the rows it is given, or a recorder that returns its input.
public protocol ActivationEdit: AnyObject {
  /// The rows as they go on through the model, in the shape they came in.
  ///
  /// - Parameters:
  ///   - activation: the rows in question, shaped as ``Component`` says.
  ///   - input: the same rows of what the activation was computed from, where the site has one input (LoRA needs it).
  func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor
}

/// The edits of one forward pass, by site; passed down the model like any argument.
///
/// The model stays frozen and immutable: which adapter acts, on which rows, is decided by the caller for each call.
/// ``none`` leaves every activation as it is, bit for bit.
public struct Tap {
  /// Which packed rows an edit is given.
  public enum Rows {
    /// Every row of the batch, without a gather.
    case all
    /// int64 row indices, ascending, without repeats.
    case some(Tensor)
  }

  /// An edit and the rows it acts on.
  public struct Placed {
    /// What is done to the rows.
    public let edit: any ActivationEdit
    /// The packed rows that the edit sees and replaces; it never sees the others.
    public let rows: Rows

    /// An edit at the rows it is meant for.
    public init(_ edit: any ActivationEdit, on rows: Rows) {
      self.edit = edit
      self.rows = rows
    }
  }

  private var edits: [Site: [Placed]]

  /// No edit anywhere.
  public static var none: Tap { Tap([:]) }

  /// Edits of one site act in their order, each on the result of the one before.
  public init(_ edits: [Site: [Placed]]) {
    self.edits = edits
  }

  /// Adds an edit behind those that its site already has.
  public mutating func place(_ edit: any ActivationEdit, at site: Site, on rows: Rows) {
    edits[site, default: []].append(Placed(edit, on: rows))
  }

  /// All edits of this tap, then all of another.
  public func followed(by other: Tap) -> Tap {
    Tap(edits.merging(other.edits) { $0 + $1 })
  }

  /// The lowest layer that has an edit; nothing below it needs a graph.
  public var lowestLayer: Int? { edits.keys.map(\.layer).min() }

  /// What one block needs of the tap.
  public func layer(_ index: Int) -> LayerTap { LayerTap(tap: self, layer: index) }

  fileprivate func apply(_ activation: Tensor, at site: Site, from input: Tensor?) throws(TensorError) -> Tensor {
    guard let placed = edits[site] else { return activation }
    var value = activation
    for entry in placed {
      switch entry.rows {
      case .all:
        value = try entry.edit(value, from: input)
      case .some(let index):
        let edited = try entry.edit(value.selected(index), from: input?.selected(index))
        value = try value.replacing(index, with: edited)
      }
    }
    return value
  }
}

/// The tap of one block: `try tap(h, at: .blockOutput)`.
public struct LayerTap {
  fileprivate let tap: Tap
  fileprivate let layer: Int

  /// The activation as the edits of this site leave it; the same object where there is none.
  public func callAsFunction(
    _ activation: Tensor, at component: Component, from input: Tensor? = nil
  ) throws(TensorError) -> Tensor {
    try tap.apply(activation, at: Site(layer: layer, component: component), from: input)
  }
}
