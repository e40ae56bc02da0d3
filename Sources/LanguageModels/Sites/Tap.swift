public import Tensors

/// A function on activations: what an intervention does to the rows it is given, or a recorder that returns its input.
public protocol ActivationEdit: AnyObject {
  /// The rows as they go on through the model, in the shape they came in.
  ///
  /// - Parameters:
  ///   - activation: the rows in question, shaped as ``Component`` says.
  ///   - input: the same rows of what the activation was computed from, where the site has one input (LoRA needs it).
  func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor

  /// Whether each row's result follows from that row alone, so that rows nobody asks for can be left out: no chance, no look
  /// at other rows, nothing remembered. False where an edit does not say.
  var isRowwise: Bool { get }

  /// Whether a second call with the same rows does the same and leaves nothing behind that the first has not; a block whose edits
  /// do not is never run again.
  var isRepeatable: Bool { get }
}

extension ActivationEdit {
  public var isRowwise: Bool { false }
  /// A function of what it is given, and of the numbers it draws.
  public var isRepeatable: Bool { true }
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
    /// These rows.
    case some(RowIndex)
  }

  /// An edit and the rows it acts on.
  public struct Placed {
    /// What is done to the rows.
    public let edit: any ActivationEdit
    /// The packed rows that the edit sees; it never sees the others.
    public let rows: Rows
    /// Which of the rows it sees the edit replaces, as numbers among them; `nil` for all.
    ///
    /// A matrix product depends on how many rows it has. So where sequences of one batch have different edits, each edit sees the
    /// rows it would see if it were everybody's, and a sequence's numbers do not depend on its neighbours' edits.
    public let kept: RowIndex?

    /// An edit at the rows it is meant for.
    public init(_ edit: any ActivationEdit, on rows: Rows, keeping kept: RowIndex? = nil) {
      self.edit = edit
      self.rows = rows
      self.kept = kept
    }

    fileprivate func callAsFunction(_ value: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      switch (rows, kept) {
      case (.all, nil): return try applied(value, from: input)
      case (.all, let kept?):
        let kept = try kept.tensor()
        return try value.replacing(kept, with: applied(value, from: input).selected(kept))
      case (.some(let rows), let kept):
        let index = try rows.tensor()
        let input = try input?.selected(index)
        guard let kept = try kept?.tensor() else {
          return try value.changing(rows: index) { rows throws(TensorError) in try applied(rows, from: input) }
        }
        let edited = try applied(value.selected(index), from: input)
        return try value.replacing(index.selected(kept), with: edited.selected(kept))
      }
    }

    /// The edit computes in float32, as what is trained is, and the model goes on in its own type.
    private func applied(_ value: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      guard value.dtype.isReduced else { return try edit(value, from: input) }
      let whole = try input.map { input throws(TensorError) in try input.converted(to: .float32) }
      return try edit(value.converted(to: .float32), from: whole).converted(to: value.dtype)
    }
  }

  fileprivate(set) var edits: [Site: [Placed]]
  /// The layer behind which the pass ends, for those who read activations alone: what it gives is then no final state.
  public var lastLayer: Int?
  /// Whether blocks are run again in the backward pass instead of keeping their activations.
  public var recomputation: Recomputation?
  /// What stands before the sequences of the batch, by their index; see ``VirtualPrefix``.
  public private(set) var prefixes: [Int: VirtualPrefix] = [:]

  /// No edit anywhere.
  public static var none: Tap { Tap([:]) }

  /// Edits of one site act in their order, each on the result of the one before.
  public init(_ edits: [Site: [Placed]]) {
    self.edits = edits
  }

  /// Adds an edit behind those that its site already has.
  public mutating func place(_ edit: any ActivationEdit, at site: Site, on rows: Rows, keeping kept: RowIndex? = nil) {
    edits[site, default: []].append(Placed(edit, on: rows, keeping: kept))
  }

  /// Puts virtual rows before a sequence of the batch.
  public mutating func put(_ prefix: VirtualPrefix, before sequence: Int) { prefixes[sequence] = prefix }

  /// All edits of this tap, then all of another.
  ///
  /// - Precondition: not both put rows before one sequence.
  public func followed(by other: Tap) -> Tap {
    var both = Tap(edits.merging(other.edits) { $0 + $1 })
    both.prefixes = prefixes.merging(other.prefixes) { _, _ in preconditionFailure("two prefixes of one sequence") }
    return both
  }

  /// The edits below a site, and what stands before the sequences.
  public func below(_ site: Site) -> Tap {
    var lower = self
    lower.edits = edits.filter { $0.key < site }
    return lower
  }

  /// Whether no edit looks beyond its row, and nothing stands before a sequence.
  public var isRowwise: Bool { prefixes.isEmpty && placedEdits.allSatisfy(\.edit.isRowwise) }

  /// The edits of all sites.
  var placedEdits: [Placed] { edits.values.flatMap { $0 } }

  /// The lowest layer that has an edit; nothing below it needs a graph. Virtual rows enter at layer 0.
  public var lowestLayer: Int? { prefixes.isEmpty ? edits.keys.map(\.layer).min() : 0 }

  /// This tap with other edits at some sites.
  func replacing(_ sites: [Site: [Placed]]) -> Tap {
    var tap = self
    tap.edits.merge(sites) { $1 }
    return tap
  }

  /// What one block needs of the tap.
  public func layer(_ index: Int) -> LayerTap { LayerTap(tap: self, layer: index) }

  fileprivate func isRepeatable(_ layer: Int) -> Bool {
    edits.allSatisfy { site, placed in site.layer != layer || placed.allSatisfy { $0.edit.isRepeatable } }
  }

  fileprivate func apply(_ activation: Tensor, at site: Site, from input: Tensor?) throws(TensorError) -> Tensor {
    guard let placed = edits[site] else { return activation }
    var value = activation
    for entry in placed { value = try entry(value, from: input) }
    return value
  }
}

extension Tap {
  /// Soft prompts that must go through the layers in this pass, each once, and the rows they get behind those of the batch.
  public func virtualSequences(of batch: TokenBatch) -> [(prefix: VirtualPrefix, rows: Range<Int>)] {
    var found: [(prefix: VirtualPrefix, rows: Range<Int>)] = []
    var next = batch.rowCount
    for (i, sequence) in batch.sequences.enumerated() where sequence.start == 0 {
      guard let prefix = prefixes[i], case .embeddings = prefix.content,
        !found.contains(where: { $0.prefix === prefix })
      else { continue }
      found.append((prefix, next..<next + prefix.length))
      next += prefix.length
    }
    return found
  }
}

/// The tap of one block: `try tap(h, at: .blockOutput)`.
public struct LayerTap {
  fileprivate let tap: Tap
  fileprivate let layer: Int

  /// Whether all edits of the layer may be called again.
  var isRepeatable: Bool { tap.isRepeatable(layer) }

  /// The activation as the edits of this site leave it; the same object where there is none.
  public func callAsFunction(
    _ activation: Tensor, at component: Component, from input: Tensor? = nil
  ) throws(TensorError) -> Tensor {
    try tap.apply(activation, at: Site(layer: layer, component: component), from: input)
  }
}
